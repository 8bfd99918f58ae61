"""A book as arrays: compiled once (``book_compiler``), then valued at any marks without a loop.

For books of thousands of positions, for grids of prices, and for whoever asks the same book again
and again. The scalar engine (``pools``, ``surplus``, ``liquidation``) says what each figure is and
is the oracle of this in the tests.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from workstation.market.facts import FloatArray
from workstation.risk.kernels import margin_arrays as layout
from workstation.risk.legs import Leg
from workstation.risk.liquidation import LiquidationPrices
from workstation.risk.pools import Pool
from workstation.risk.report import LiquidationKind

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
