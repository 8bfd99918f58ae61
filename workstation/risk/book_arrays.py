"""A book as arrays: compiled once, then valued at any marks without a loop over its positions.

For books of thousands of positions, for grids of prices, and for whoever asks the same book again
and again. The scalar engine (``pools``, ``surplus``, ``liquidation``) says what each figure is and
is the oracle of this in the tests.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from workstation.market.catalogue import Catalogue
from workstation.market.facts import FloatArray
from workstation.portfolio.model import MANUAL_VENUE, Account, Portfolio, Position
from workstation.risk.betas import STABLECOINS, beta_of
from workstation.risk.inputs import RiskInputs
from workstation.risk.kernels import margin_arrays as layout
from workstation.risk.legs import Leg
from workstation.risk.liquidation import DRIVER, LiquidationPrices
from workstation.risk.path import MarketPath
from workstation.risk.pools import Pool, pools_of
from workstation.risk.profiles import Others, Rounding
from workstation.risk.report import LiquidationKind
from workstation.risk.tiers import TierBook, TierMode, TierTable, TierUnit
from workstation.units import UnixMs

_ROUNDING: Final = {
    Rounding.NONE: layout.ROUND_NONE,
    Rounding.TICK_SAFE: layout.ROUND_TICK_SAFE,
    Rounding.PLUS_SIDE_TICK: layout.ROUND_PLUS_SIDE,
}
KINDS: Final = (LiquidationKind.NONE, LiquidationKind.PRICE, LiquidationKind.UNKNOWN)
"""By the kernels' numbers: ``KIND_NONE``, ``KIND_PRICE``, ``KIND_UNKNOWN``."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ExposureColumns:
    """What the book holds of each coin, (coins,), in the order of the book's ``coins``."""

    by_venue: FloatArray  # (venues, coins) net
    long_base: FloatArray
    short_base: FloatArray
    spot_base: FloatArray
    net_base: FloatArray
    net_usd: FloatArray
    beta_usd: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BookReport:
    """Every figure of a book's risk that depends on prices, in columns.

    ``legs`` and ``pools`` stand in the order of the book's. Prices that do not exist and figures
    that are not known are NaN.
    """

    legs: layout.LegFigures
    pools: layout.PoolFigures
    notional_usd: FloatArray  # (legs,)
    distance: FloatArray  # (legs,) liquidation price / mark - 1
    leg_ratio: FloatArray  # (legs,) maintenance over margin balance of the leg's pool
    pool_ratio: FloatArray  # (pools,)
    profit: FloatArray  # (pools,) unrealised
    backed: layout.BoolArray  # (pools,) there is something to liquidate
    initial: FloatArray  # (pools,)
    free_collateral: FloatArray  # (pools,)
    value_usd: FloatArray  # (pools,) at market, without haircut
    driver_price: FloatArray  # (pools,) at which everything moving by its beta liquidates it


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GridReport:
    """Margin balance and maintenance margin of every pool over prices, (pools, n)."""

    balance: FloatArray
    maintenance: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BookArrays:
    """A compiled book. ``mark`` and ``coin_price`` are those that it was compiled with."""

    pools: tuple[Pool, ...]
    legs: tuple[Leg, ...]
    coins: tuple[str, ...]
    venues: tuple[str, ...]
    book: layout.Book
    mark: FloatArray  # (legs,)
    value: FloatArray  # (legs,) at the marks
    coin_price: FloatArray  # (coins,) USD, NaN where not known
    leg_pool: layout.IntArray  # (legs,)
    pool_venue: layout.IntArray  # (pools,)
    mover: layout.IntArray  # (legs,) which of the grid's factors scales a leg
    pairs: layout.IntArray  # (pairs, 3): coin, quote, 1 if linear: a factor a row

    @staticmethod
    def of(portfolio: Portfolio, inputs: RiskInputs) -> BookArrays:
        """Return the pools of a book that have a value here as arrays."""
        inputs = inputs.completed(portfolio)
        pools = [pool for account in portfolio.accounts for pool in pools_of(account, inputs)]
        return compile_pools([pool for pool in pools if pool.unknown is None], inputs)

    def report(
        self, mark: FloatArray | None = None, coin_price: FloatArray | None = None
    ) -> BookReport:
        """Return how every pool and position stands at (legs,) marks and (coins,) USD prices."""
        from workstation.risk.kernels.margin import (
            evaluate_book,  # numba: not before the first paint
        )

        mark = self.mark if mark is None else mark
        coin_price = self.coin_price if coin_price is None else coin_price
        legs, pools = evaluate_book(self.book, mark, coin_price)
        arrays, ranges = self.book.legs, self.book.pools.legs
        usd = coin_price[self.book.pools.currency]
        notional = np.where(arrays.linear, legs.value * usd[self.leg_pool], arrays.size)
        profit = _summed(self.leg_pool, legs.profit, len(usd))
        initial = _summed(self.leg_pool, legs.initial, len(usd))
        backed = (np.diff(ranges) > 0) | self.book.pools.owes
        alive = backed & (pools.balance > 0)
        ratio = np.where(alive, pools.maintenance / np.where(alive, pools.balance, 1.0), np.nan)
        value_usd = (self.book.pools.wallet + pools.collateral + profit) * usd
        start = np.where(pools.driver >= 0, coin_price[pools.driver], np.nan)
        return BookReport(
            legs=legs,
            pools=pools,
            notional_usd=notional,
            distance=legs.first / mark - 1.0,
            leg_ratio=ratio[self.leg_pool],
            pool_ratio=ratio,
            profit=profit,
            backed=backed,
            initial=initial,
            free_collateral=np.maximum(0.0, pools.balance - initial),
            value_usd=value_usd,
            driver_price=start * np.exp(pools.clock),
        )

    def grid(self, ratios: Mapping[str, FloatArray], out: GridReport | None = None) -> GridReport:
        """Return every pool over a grid of prices, everything moving at once.

        Parameters
        ----------
        ratios : per coin (n,) prices over the present one, each rising or falling throughout;
            a coin that is not named stands still
        out : arrays of an earlier answer of this size, to be written over
        """
        from workstation.risk.kernels.margin_grid import evaluate_grid  # numba, likewise

        n = len(next(iter(ratios.values())))
        factors = self._factors(ratios, n)
        if out is None:
            balance, maintenance = np.empty((2, len(self.pools), n))  # one: few and large pages
            out = GridReport(balance=balance, maintenance=maintenance)
        held = self.book.held
        evaluate_grid(
            self.book,
            self.value,
            held.amount * self.coin_price[held.coin] * held.weight,
            factors,
            self.mover,
            out.balance,
            out.maintenance,
        )
        return out

    def _factors(self, ratios: Mapping[str, FloatArray], n: int) -> FloatArray:
        """Return the (coins + pairs, n) factors: of coins' prices, then of contracts' values."""
        still = np.ones(n)
        coins = np.array([ratios.get(coin, still) for coin in self.coins]).reshape(-1, n)
        moved = coins[self.pairs[:, 0]] / coins[self.pairs[:, 1]]
        values = np.where(self.pairs[:, 2:] == 1, moved, 1.0 / moved)
        return np.concatenate([coins, values])

    def exposures(
        self, found: BookReport, coin_price: FloatArray, counts: layout.BoolArray | None = None
    ) -> ExposureColumns:
        """Return what is held of each coin at (coins,) USD prices, of the (pools,) that count."""
        arrays, held, of_pools = self.book.legs, self.book.held, self.book.pools
        if counts is None:
            counts = np.ones(len(self.pools), np.bool_)
        leg_counts, held_pool = counts[self.leg_pool], np.repeat(self._at, np.diff(of_pools.held))
        shape = (len(self.venues), len(self.coins))

        def summed(coin: layout.IntArray, pool: layout.IntArray, amount: FloatArray) -> FloatArray:
            group = self.pool_venue[pool] * shape[1] + coin
            return _summed(group, amount, shape[0] * shape[1]).reshape(shape)

        base = arrays.sign * np.where(arrays.linear, arrays.size, found.legs.value) * leg_counts
        owed = arrays.linear & ~self.book.stable[arrays.quote] & leg_counts
        paid = np.where(owed, -arrays.sign * found.legs.value, 0.0)
        long, short = (
            summed(arrays.coin, self.leg_pool, np.maximum(way * base, 0.0))
            + summed(arrays.quote, self.leg_pool, np.maximum(way * paid, 0.0))
            for way in (1.0, -1.0)
        )
        spot = summed(of_pools.currency, self._at, np.where(counts, found.pools.balance, 0.0))
        spot += summed(held.coin, held_pool, held.amount * counts[held_pool])
        spot = np.where(self.book.stable, 0.0, spot)
        by_venue = long - short + spot
        net = by_venue.sum(axis=0)
        return ExposureColumns(
            by_venue=by_venue,
            long_base=long.sum(axis=0),
            short_base=short.sum(axis=0),
            spot_base=spot.sum(axis=0),
            net_base=net,
            net_usd=net * coin_price,
            beta_usd=net * coin_price * self.book.beta,
        )

    @property
    def _at(self) -> layout.IntArray:
        return np.arange(len(self.pools))


def warm_up(progress: Callable[[str], None]) -> None:
    """Compile the kernels and keep them on disk, so that later starts find them."""
    progress("Preparing the margin arithmetic of large books: compiled once, in half a minute.")
    held = Position(
        symbol="BTC/USDT:USDT", quantity=1.0, entry_price=1.0, mark_price=1.0, maintenance_rate=0.01
    )
    owner = Account(id="warm-up", venue=MANUAL_VENUE, positions=(held,))
    inputs = RiskInputs(
        now_ms=UnixMs(0),
        marks={},
        coin_prices={},
        tiers=TierBook({}),
        catalogue=Catalogue.embedded(),
    )
    arrays = BookArrays.of(Portfolio(accounts=(owner,), as_of_ms=UnixMs(0)), inputs)
    arrays.report()
    arrays.grid({"BTC": np.ones(2)})
    for pool in pools_of(owner, inputs):
        MarketPath(rates={}, funding={}).first_breach(pool, 0.0, 1.0)


def liquidation_prices_of(
    arrays: BookArrays,
) -> tuple[list[LiquidationPrices], list[float | None]]:
    """Return the prices of every leg at the marks of the book, and every pool's common shock.

    The shock is the log return of the driving coin at the pool's death, ``None`` for none.
    """
    from workstation.risk.kernels.margin import evaluate_book

    legs, pools = evaluate_book(arrays.book, arrays.mark, arrays.coin_price)
    columns = (legs.kind, legs.first, legs.other, legs.common_shock, legs.bankruptcy)
    prices = [
        LiquidationPrices(
            kind=KINDS[kind],
            first=_known(first),
            other=_known(other),
            common_shock=_known(common),
            bankruptcy=_known(bankruptcy),
        )
        for kind, first, other, common, bankruptcy in zip(
            *(column.tolist() for column in columns), strict=True
        )
    ]
    return prices, [_known(clock) for clock in pools.clock.tolist()]


def _known(price: float) -> float | None:
    return None if price != price else price


def _summed(group: layout.IntArray, amount: FloatArray, count: int) -> FloatArray:
    """Return the sums of amounts by group, (count,)."""
    sums: FloatArray = np.bincount(group, weights=amount, minlength=count).astype(np.float64)
    return sums


def compile_pools(pools: Sequence[Pool], inputs: RiskInputs) -> BookArrays:
    """Return pools that have a value as arrays."""
    legs = [leg for pool in pools for leg in pool.legs]
    coins, symbols, pairs, venues = _Index(), _Index(), _Index(), _Index()
    _ = [coins[name] for name in _coin_names(pools)]
    names = [str(name) for name in coins]
    tables = _Tables()
    spans = [tables.span(leg) for leg in legs]
    terms = np.array([_terms(leg) for leg in legs]).reshape(-1, 3)
    initial = np.array([_initial(leg) for leg in legs]).reshape(-1, 3)
    leg_arrays = layout.LegArrays(
        sign=_floats(leg.position.side.sign for leg in legs),
        direction=_floats(leg.direction for leg in legs),
        size=_floats(abs(leg.position.quantity) for leg in legs),
        cost=_floats(leg.cost for leg in legs),
        linear=_flags(leg.linear for leg in legs),
        symbol=_integers(symbols[leg.position.symbol] for leg in legs),
        coin=_integers(coins[leg.coin] for leg in legs),
        quote=_integers(coins[leg.quote] for leg in legs),
        first_tier=_integers(first for first, _ in spans),
        last_tier=_integers(last for _, last in spans),
        last_cap=_floats(_last_cap(leg) for leg in legs),
        flat=_flags(
            first < last and _mode(leg) is TierMode.FLAT
            for leg, (first, last) in zip(legs, spans, strict=True)
        ),
        fixed=terms[:, 0].copy(),
        added=terms[:, 1].copy(),
        square=terms[:, 2].copy(),
        initial_rate=initial[:, 0].copy(),
        initial_slope=initial[:, 1].copy(),
        initial_fixed=initial[:, 2].copy(),
        tick=_floats(_tick(pool, leg, inputs) for pool in pools for leg in pool.legs),
    )
    held = [(coin, pool) for pool in pools for coin in pool.coins]
    driver = coins[DRIVER] if inputs.coin_price(DRIVER) is not None else -1
    movers = [pairs[coins[leg.coin], coins[leg.quote], int(leg.linear)] for leg in legs]
    book = layout.Book(
        legs=leg_arrays,
        pools=_pool_arrays(pools, coins),
        held=layout.HeldArrays(
            coin=_integers(coins[coin.coin] for coin, _ in held),
            amount=_floats(pool.account.balances[coin.coin] for coin, pool in held),
            weight=_floats(coin.weight for coin, _ in held),
        ),
        tiers=tables.arrays(),
        stable=_flags(coin in STABLECOINS for coin in names),
        beta=_floats(beta_of(coin, inputs.betas) for coin in names),
        driver=driver,
    )
    price = [inputs.coin_price(coin) for coin in names]
    return BookArrays(
        pools=tuple(pools),
        legs=tuple(legs),
        coins=tuple(names),
        book=book,
        mark=_floats(leg.mark for leg in legs),
        value=_floats(leg.value for leg in legs),
        coin_price=_floats(np.nan if known is None else known for known in price),
        leg_pool=np.repeat(np.arange(len(pools)), np.diff(book.pools.legs)),
        pool_venue=_integers(venues[pool.account.venue] for pool in pools),
        venues=tuple(str(name) for name in venues),
        mover=_integers(movers) + len(names),
        pairs=np.array(list(pairs), dtype=np.int64).reshape(-1, 3),
    )


class _Index(dict[Hashable, int]):
    """Numbers names in the order in which they are asked for."""

    def __missing__(self, name: Hashable) -> int:
        self[name] = len(self)
        return len(self) - 1


class _Tables:
    """Lays tables end to end, each once."""

    def __init__(self) -> None:
        self._spans: dict[int, tuple[int, int]] = {}
        self._tables: list[TierTable] = []
        self._length = 0

    def span(self, leg: Leg) -> tuple[int, int]:
        """Return the first and the last row that a leg may have; contracts have one."""
        table = leg.tiers
        if table is None:
            return 0, 0
        first, last = self._place(table)
        if table.unit is TierUnit.CONTRACTS:
            row = first + table.row(leg.contracts or 0.0)
            return row, row
        return first, last

    def _place(self, table: TierTable) -> tuple[int, int]:
        if id(table) not in self._spans:
            count = len(table.floor)
            self._spans[id(table)] = (self._length, self._length + count - 1)
            self._tables.append(table)  # held, so that its id stays its own
            self._length += count
        return self._spans[id(table)]

    def arrays(self) -> layout.TierArrays:
        def laid(name: str) -> FloatArray:
            columns = [getattr(table, name) for table in self._tables]
            return np.concatenate(columns) if columns else np.zeros(1)

        return layout.TierArrays(laid("floor"), laid("rate"), laid("amount"))


def _pool_arrays(pools: Sequence[Pool], coins: _Index) -> layout.PoolArrays:
    return layout.PoolArrays(
        legs=_ranges(len(pool.legs) for pool in pools),
        held=_ranges(len(pool.coins) for pool in pools),
        wallet=_floats(pool.wallet for pool in pools),
        currency=_integers(coins[pool.currency] for pool in pools),
        frozen=_flags(pool.maintenance_stands for pool in pools),
        common=_flags(pool.profile.others is Others.COMMON_SHOCK for pool in pools),
        isolated=_flags(pool.isolated for pool in pools),
        has_margin=_flags(pool.has_margin for pool in pools),
        owes=_flags(pool.owes for pool in pools),
        rounding=_integers(_ROUNDING[pool.profile.rounding] for pool in pools),
    )


def _coin_names(pools: Sequence[Pool]) -> Iterable[str]:
    yield DRIVER
    for pool in pools:
        yield pool.currency
        yield from (coin.coin for coin in pool.coins)
        for leg in pool.legs:
            yield leg.coin
            yield leg.quote


def _mode(leg: Leg) -> TierMode | None:
    return leg.tiers.mode if leg.tiers else None


def _last_cap(leg: Leg) -> float:
    """Return the value at which what is known of a leg's tiers ends."""
    by_value = leg.tiers is not None and leg.tiers.unit is TierUnit.VALUE
    return float(leg.table.cap[-1]) if by_value else np.inf


def _terms(leg: Leg) -> tuple[float, float, float]:
    """Return what a leg's requirement has beside its tier: fixed, per value, per value squared."""
    if _mode(leg) is not TierMode.LINEAR_IN_SIZE:
        return leg.fee_fixed, leg.fee_rate, 0.0
    slope = leg.table.slope
    return (0.0, 0.0, slope) if leg.coins is None else (0.0, slope * leg.coins, 0.0)


def _initial(leg: Leg) -> tuple[float, float, float]:
    """Return rate, slope and constant of a leg's initial margin, as ``Leg.initial`` has it."""
    if leg.tiers is not None and leg.tiers.initial is not None:
        return (*leg.tiers.initial, 0.0)
    leverage = leg.position.leverage
    return (1.0 / leverage, 0.0, leg.fee_fixed) if leverage else (np.nan, 0.0, 0.0)


def _tick(pool: Pool, leg: Leg, inputs: RiskInputs) -> float:
    if pool.profile.rounding is Rounding.NONE:
        return np.nan
    listed = inputs.listing(pool.account.key(leg.position.symbol), leg.position)
    return listed.tick if listed and listed.tick is not None else np.nan


def _floats(values: Iterable[float]) -> FloatArray:
    return np.array(list(values), dtype=np.float64)


def _integers(values: Iterable[int]) -> layout.IntArray:
    return np.array(list(values), dtype=np.int64)


def _flags(values: Iterable[bool]) -> layout.BoolArray:
    return np.array(list(values), dtype=np.bool_)


def _ranges(counts: Iterable[int]) -> layout.IntArray:
    return np.concatenate([[0], np.cumsum(_integers(counts))]).astype(np.int64)
