"""A move of the whole market on one clock, and where on its way a pool is liquidated.

On the path every coin moves linearly in the logarithm: at clock ``t`` its price is
``P0 exp(rate t)``. A scenario runs ``t`` from 0 to 1 with ``rate = ln(end / start)``; a common
shock runs it from 0 outwards with the betas as rates, so that ``t`` is bitcoin's log return.

Coins that move at different rates make the surplus of a pool a smooth curve between tier
boundaries, and no polynomial. Its first zero is bracketed on a grid that holds every boundary, and
the bracket is then narrowed to the precision of a float.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import numpy as np

from workstation.market.facts import FloatArray
from workstation.risk.kernels.way_arrays import LegArrays
from workstation.risk.legs import Leg
from workstation.risk.pool_arrays import floats, joined
from workstation.risk.pools import Pool

_GRID: Final = 129  # points of the first bracket: dips narrower than 1/128 of the way are not seen
_NARROWING: Final = 33  # points of each further one; six of them leave 1e-9 of a cell
_ROUNDS: Final = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketPath:
    """Log returns of coins per unit of the clock; a coin that is not named stays.

    ``funding`` are fractions per unit of the clock that a long pays, by (account id, symbol). The
    pools that were asked about are kept as arrays: a walk asks about each many times.
    """

    rates: Mapping[str, float]
    funding: Mapping[tuple[str, str], float]
    _ways: dict[int, _Way] = field(default_factory=dict, init=False, repr=False, compare=False)

    def rate(self, coin: str) -> float:
        return self.rates.get(coin, 0.0)

    def scaled(self, times: float) -> MarketPath:
        """Return the same way, so many times as long at the same pace."""
        return MarketPath(
            rates={coin: times * rate for coin, rate in self.rates.items()},
            funding={key: times * rate for key, rate in self.funding.items()},
        )

    def leg_rate(self, leg: Leg) -> float:
        """Return the log return of a leg's value; an inverse contract's falls with the price."""
        rate = self.rate(leg.coin) - self.rate(leg.quote)
        return rate if leg.linear else -rate

    def leg_factor(self, leg: Leg, clock: float) -> float:
        return math.exp(self.leg_rate(leg) * clock)

    def legs(self, pool: Pool, clock: FloatArray) -> FloatArray:
        """Return the (legs, n) factors of the legs' values at (n,) times."""
        rates = np.array([self.leg_rate(leg) for leg in pool.legs])
        factors: FloatArray = np.exp(np.outer(rates, clock))
        return factors

    def coins(self, pool: Pool, clock: FloatArray) -> FloatArray:
        """Return the (coins, n) factors of the collateral's prices."""
        rates = np.array([self.rate(coin.coin) for coin in pool.coins])
        factors: FloatArray = np.exp(np.outer(rates, clock))
        return factors

    def usd_price(self, pool: Pool, clock: FloatArray) -> FloatArray:
        """Return the USD price of the pool's currency, (n,)."""
        price: FloatArray = (pool.usd_price or 0.0) * np.exp(self.rate(pool.currency) * clock)
        return price

    def leg_funding(self, pool: Pool, leg: Leg, clock: FloatArray, since: float) -> FloatArray:
        """Return what one leg paid from ``since`` on, in the pool's currency; negative: received.

        The rate accrues evenly on the position's value of the moment, so the integral over an
        exponential path is in closed form.
        """
        per_clock = self.funding.get((pool.account.id, leg.position.symbol), 0.0)
        if not per_clock:
            return np.zeros_like(clock)
        rate = self.leg_rate(leg)
        start, span = np.exp(rate * since), clock - since
        # expm1(x) / x tends to 1: a leg that stands still pays on its constant value
        grown = np.where(np.abs(rate * span) < 1e-12, span, np.expm1(rate * span) / (rate or 1.0))
        paid: FloatArray = leg.position.side.sign * per_clock * leg.value * start * grown
        return paid

    def surplus(
        self, pool: Pool, clock: FloatArray, since: float = 0.0, buffer: float = 0.0
    ) -> FloatArray:
        """Return margin balance minus (1 + buffer) maintenance margins, (n,)."""
        return self._way(pool).surplus(clock, since, 1.0 + buffer)

    def maintenance(self, pool: Pool, clock: FloatArray, since: float = 0.0) -> FloatArray:
        """Return the maintenance margin in the pool's currency, (n,)."""
        way = self._way(pool)
        return way.surplus(clock, since, 0.0) - way.surplus(clock, since, 1.0)

    def value_usd(self, pool: Pool, clock: FloatArray, since: float = 0.0) -> FloatArray:
        """Return what the pool is worth at market value, without haircut, in USD, (n,)."""
        return self.value(pool, clock, since) * self.usd_price(pool, clock)

    def value(self, pool: Pool, clock: FloatArray, since: float = 0.0) -> FloatArray:
        """Return the same in the pool's currency, (n,)."""
        return self._way(pool).value(clock, since)

    def grid(self, pool: Pool, start: float, end: float) -> FloatArray:
        """Return times from ``start`` to ``end`` that hold every tier boundary on the way."""
        return self._way(pool).grid(start, end)

    def first_breach(
        self, pool: Pool, start: float, end: float, since: float = 0.0
    ) -> float | None:
        """Return the first time from ``start`` to ``end`` at which the surplus is not positive.

        ``end`` may lie before ``start``: the way is walked from ``start`` outwards. ``since`` is
        the time up to which funding is paid.
        """
        return self._way(pool).first_breach(start, end, since)

    def _way(self, pool: Pool) -> _Way:
        way = self._ways.get(id(pool))
        if way is None or way.pool is not pool:
            way = self._ways[id(pool)] = _Way(self, pool)
        return way


class _Way:
    """One pool on one path as arrays, for as many times as are asked for."""

    def __init__(self, path: MarketPath, pool: Pool) -> None:
        self.pool = pool  # kept alive, so that its identity stays its own
        known, account, paid = pool.arrays, pool.account.id, path.funding
        rates = floats(path.leg_rate(leg) for leg in pool.legs)
        funding = floats(
            leg.position.side.sign * paid.get((account, leg.position.symbol), 0.0)
            for leg in pool.legs
        )
        self._legs = LegArrays._make([*known.columns, rates, funding, known.first_row])
        self._tiers = known.tiers
        self._counted = floats(coin.value for coin in pool.coins)
        self._market = floats(coin.market_value for coin in pool.coins)
        self._coin_rate = floats(path.rate(coin.coin) for coin in pool.coins)
        kinks = zip(known.log_kinks, rates, strict=bool(known.log_kinks))
        self._kinks = joined([each / rate for each, rate in kinks if rate])

    def surplus(self, clock: FloatArray, since: float, required: float) -> FloatArray:
        """Return margin balance minus ``required`` maintenance margins at (n,) times."""
        return self._along(clock, self._counted, since, required)

    def value(self, clock: FloatArray, since: float) -> FloatArray:
        """Return what the pool is worth, collateral at market value, at (n,) times."""
        return self._along(clock, self._market, since, 0.0)

    def grid(self, start: float, end: float) -> FloatArray:
        """Return times from ``start`` to ``end`` that hold every tier boundary on the way."""
        from workstation.risk.kernels.way import grid  # numba: not before the first paint

        clock: FloatArray = grid(self._kinks, start, end, _GRID)
        return clock

    def first_breach(self, start: float, end: float, since: float) -> float | None:
        """Return the first time at which nothing is left over."""
        from workstation.risk.kernels.way import first_below  # numba, as above

        when = first_below(
            self.grid(start, end), self._legs, self._tiers, self._counted, self._coin_rate,
            self.pool.wallet, since, self.pool.maintenance_stands, _NARROWING, _ROUNDS,
        )  # fmt: skip
        return None if math.isnan(when) else when

    def _along(
        self, clock: FloatArray, coins: FloatArray, since: float, required: float
    ) -> FloatArray:
        from workstation.risk.kernels.way import surplus_along  # numba: not before the first paint

        pool = self.pool
        left: FloatArray = surplus_along(
            clock, self._legs, self._tiers, coins, self._coin_rate, pool.wallet, since, required,
            pool.maintenance_stands,
        )  # fmt: skip
        return left


class Lowest(NamedTuple):
    """The smallest surplus of a pool on a way, in its currency, and the time at which it is met."""

    surplus: float
    clock: float


def lowest_surplus(
    pool: Pool,
    path: MarketPath,
    start: float,
    end: float,
    *,
    since: float = 0.0,
    buffer: float = 0.0,
) -> Lowest:
    """Return the smallest surplus on the way and when it is met.

    ``buffer`` is a share of maintenance margin that has to be left over.
    """
    clock = path.grid(pool, start, end)
    left = path.surplus(pool, clock, since, buffer)
    for _ in range(_ROUNDS):
        lowest = int(np.argmin(left))
        if lowest in (0, len(clock) - 1):
            break
        clock = np.linspace(clock[lowest - 1], clock[lowest + 1], _NARROWING)
        left = path.surplus(pool, clock, since, buffer)
    lowest = int(np.argmin(left))
    return Lowest(surplus=float(left[lowest]), clock=float(clock[lowest]))
