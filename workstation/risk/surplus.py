"""Equity minus maintenance of a pool: at any prices, and the exact factor at which it is zero.

Theory of operation. While one price is tried, values of the moving legs scale by a factor ``k``
(see ``pools``). Between two tier boundaries the surplus is then a polynomial in ``k``: of first
degree under tiers, of second under a rate that is linear in size. So the walk goes from the present
(``k = 1``) outwards, boundary by boundary, and solves each stretch in closed form: exact, without
iteration. A flat tier that jumps through zero at its boundary liquidates there.

The surplus of marginal tiers is concave, so there is at most one root each way. When coins move by
different betas the surplus is no polynomial; ``workstation.risk.path`` brackets its root instead.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from workstation.market.facts import FloatArray
from workstation.risk.legs import Leg
from workstation.risk.pools import CoinCollateral, Pool
from workstation.risk.tiers import TierMode

FAR: Final = 1e9  # factors beyond it, or below its inverse (what rounding leaves), are no prices


@dataclass(frozen=True, slots=True)
class Root:
    """Where the surplus reaches zero: a factor, or ``None``; ``known`` unless tiers end before."""

    factor: float | None
    known: bool = True


def equity(pool: Pool, leg_factors: FloatArray, coin_factors: FloatArray) -> FloatArray:
    """Return the margin balance in the pool's currency.

    Parameters
    ----------
    leg_factors : (legs, n) factors of the legs' values
    coin_factors : (coins, n) factors of the collateral coins' prices

    Returns
    -------
    (n,)
    """
    total: FloatArray = np.full(leg_factors.shape[1], pool.wallet)
    for leg, factor in zip(pool.legs, leg_factors, strict=True):
        total = total + leg.profit(factor)
    for coin, factor in zip(pool.coins, coin_factors, strict=True):
        total = total + coin.value * factor
    return total


def maintenance(pool: Pool, leg_factors: FloatArray) -> FloatArray:
    """Return the maintenance margin in the pool's currency, (n,), for (legs, n) factors."""
    total = np.zeros(leg_factors.shape[1])
    for leg, factor in zip(pool.legs, leg_factors, strict=True):
        total = total + leg.maintenance(np.ones_like(factor) if pool.maintenance_stands else factor)
    return total


def margin_balance_now(pool: Pool) -> float:
    """Return the margin balance at the present marks, collateral after haircut."""
    return pool.wallet + sum(leg.profit_now for leg in pool.legs) + sum(c.value for c in pool.coins)


def maintenance_now(pool: Pool) -> float:
    """Return the maintenance margin at the present marks."""
    return sum(leg.maintenance_now for leg in pool.legs)


def roots(
    pool: Pool, moves: Callable[[Leg], bool], coin_moves: Callable[[CoinCollateral], bool]
) -> tuple[Root, Root]:
    """Return the roots below and above the present when these legs and coins move together."""
    walk = _Walk(pool, moves, coin_moves)
    return walk.down(), walk.up()


def equity_line(
    pool: Pool, moves: Callable[[Leg], bool], coin_moves: Callable[[CoinCollateral], bool]
) -> tuple[float, float]:
    """Return ``(a, b)`` of the margin balance ``a + b k`` when these legs and coins move."""
    constant, slope = pool.wallet, 0.0
    for leg in pool.legs:
        moving = moves(leg)
        constant -= leg.direction * leg.cost
        constant += 0.0 if moving else leg.direction * leg.value
        slope += leg.direction * leg.value if moving else 0.0
    for coin in pool.coins:
        constant += 0.0 if coin_moves(coin) else coin.value
        slope += coin.value if coin_moves(coin) else 0.0
    return constant, slope


class _Walk:
    def __init__(
        self,
        pool: Pool,
        moves: Callable[[Leg], bool],
        coin_moves: Callable[[CoinCollateral], bool],
    ) -> None:
        self._frozen = pool.maintenance_stands
        self._moving = [leg for leg in pool.legs if moves(leg)]
        constant, self._slope = equity_line(pool, moves, coin_moves)
        still = [leg for leg in pool.legs if not moves(leg)]
        self._constant = constant - sum(leg.maintenance_now for leg in still)

    def down(self) -> Root:
        high = 1.0
        for low in [*reversed([k for k in self._kinks() if k < 1.0]), 0.0]:
            found = self._first_root(entered=high, left=low)
            if found is not None:
                return self._checked(found)
            high = low
        return Root(None)

    def up(self) -> Root:
        low = 1.0
        for high in [*(k for k in self._kinks() if k > 1.0), math.inf]:
            found = self._first_root(entered=low, left=high)
            if found is not None:
                return self._checked(found)
            low = high
        return Root(None)

    def _checked(self, factor: float) -> Root:
        known = self._frozen or all(leg.knows(factor) for leg in self._moving)
        return Root(factor, known) if 1 / FAR < factor < FAR else Root(None, known)

    def _kinks(self) -> list[float]:
        """Return the factors at which a moving leg changes its tier, ascending."""
        moving = [] if self._frozen else self._moving
        return sorted({kink for leg in moving for kink in leg.kinks()})

    def _first_root(self, *, entered: float, left: float) -> float | None:
        """Return the first root met on a stretch, from where it is entered to where it is left."""
        inside = entered * 2 if math.isinf(left) else (entered + left) / 2
        polynomial = self._polynomial(inside)
        c0, c1, c2 = polynomial
        if c0 + entered * (c1 + entered * c2) <= 0 and entered != 1.0:
            return entered  # a jump of a flat tier
        low, high = min(entered, left), max(entered, left)
        inner = [k for k in _real_roots(c0, c1, c2) if low < k < high or k == left != 0.0]
        return min(inner, key=lambda k: abs(k - entered), default=None)

    def _polynomial(self, factor: float) -> tuple[float, float, float]:
        c0, c1, c2 = self._constant, self._slope, 0.0
        for leg in self._moving:
            if self._frozen:
                c0 -= leg.maintenance_now
            elif leg.table.mode is TierMode.LINEAR_IN_SIZE:
                rate, slope = float(leg.table.rate[0]), leg.table.slope
                if leg.coins is None:
                    c1 -= rate * leg.value
                    c2 -= slope * leg.value**2
                else:
                    c1 -= (rate + slope * leg.coins) * leg.value
            else:
                rate, amount = leg.rate_and_amount(factor)
                c0 += amount - leg.fee_fixed
                c1 -= (rate + leg.fee_rate) * leg.value
        return c0, c1, c2


def _real_roots(c0: float, c1: float, c2: float) -> Iterator[float]:
    """Yield the real roots of ``c0 + c1 k + c2 k^2``, without cancellation."""
    if c2 == 0.0:
        if c1 != 0.0:
            yield -c0 / c1
        return
    discriminant = c1 * c1 - 4 * c2 * c0
    if discriminant < 0:
        return
    half = -0.5 * (c1 + math.copysign(math.sqrt(discriminant), c1))
    yield half / c2
    if half != 0.0:
        yield c0 / half
