"""What compiles a book into arrays (``book_arrays``): numbers for names, tiers laid end to end."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Final

import numpy as np

from workstation.market.catalogue import Catalogue
from workstation.market.facts import FloatArray
from workstation.portfolio.model import MANUAL_VENUE, Account, Portfolio, Position
from workstation.risk.betas import STABLECOINS, beta_of
from workstation.risk.book_arrays import BookArrays
from workstation.risk.inputs import RiskInputs
from workstation.risk.kernels import margin_arrays as layout
from workstation.risk.legs import Leg
from workstation.risk.liquidation import DRIVER
from workstation.risk.path import MarketPath
from workstation.risk.pools import Pool, pools_of
from workstation.risk.profiles import Others, Rounding
from workstation.risk.tiers import TierBook, TierMode, TierTable, TierUnit
from workstation.units import UnixMs

_ROUNDING: Final = {
    Rounding.NONE: layout.ROUND_NONE,
    Rounding.TICK_SAFE: layout.ROUND_TICK_SAFE,
    Rounding.PLUS_SIDE_TICK: layout.ROUND_PLUS_SIDE,
}


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
    arrays = compile_book(Portfolio(accounts=(owner,), as_of_ms=UnixMs(0)), inputs)
    arrays.report()
    arrays.grid({"BTC": np.ones(2)})
    for pool in pools_of(owner, inputs):
        MarketPath(rates={}, funding={}).first_breach(pool, 0.0, 1.0)


def compile_book(portfolio: Portfolio, inputs: RiskInputs) -> BookArrays:
    """Return the pools of a book that have a value here as arrays."""
    inputs = inputs.completed(portfolio)
    pools = [pool for account in portfolio.accounts for pool in pools_of(account, inputs)]
    return compile_pools([pool for pool in pools if pool.unknown is None], inputs)


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
