"""The surplus of one pool along a path, leg by leg, in one pass: see ``path`` and ``surplus``.

The equations are those of ``legs.Leg``; the arrays are its fields. A tier is found as there: the
last row whose floor is not above the size.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from workstation.market.facts import FloatArray
from workstation.risk.kernels.way_arrays import LegArrays, TierArrays


@njit(cache=True, nogil=True)
def _maintenance(legs: LegArrays, tiers: TierArrays, leg: int, value: float) -> float:
    row, last = legs.first_row[leg], legs.first_row[leg + 1] - 1
    if not np.isnan(legs.slope[leg]):
        coins = value if np.isnan(legs.coins[leg]) else legs.coins[leg]
        linear: float = value * (tiers.rate[row] + legs.slope[leg] * coins)
        return linear
    size = value if np.isnan(legs.size[leg]) else legs.size[leg]
    while row < last and tiers.floor[row + 1] <= size:
        row += 1
    rate = tiers.rate[row] + legs.fee_rate[leg]
    required: float = value * rate - tiers.amount[row] + legs.fee_fixed[leg]
    return required


@njit(cache=True, nogil=True)
def _funding_paid(value: float, rate: float, since: float, clock: float) -> float:
    """Return the integral of an exponential value from ``since`` to ``clock``."""
    span = clock - since
    grown = span if abs(rate * span) < 1e-12 else np.expm1(rate * span) / rate
    paid: float = value * np.exp(rate * since) * grown
    return paid


@njit(cache=True, nogil=True)
def surplus_along(
    clock: FloatArray,
    legs: LegArrays,
    tiers: TierArrays,
    coin_value: FloatArray,
    coin_rate: FloatArray,
    wallet: float,
    since: float,
    required: float,
    stands: bool,
) -> FloatArray:
    """Return margin balance minus ``required`` maintenance margins at (n,) times.

    ``stands``: maintenance margin stays as it is at the mark.
    """
    left = np.full(len(clock), wallet)
    for i in range(len(legs.value)):
        value, rate = legs.value[i], legs.rate[i]
        at_mark = _maintenance(legs, tiers, i, value) if stands else 0.0
        for k in range(len(clock)):
            moved = value * np.exp(rate * clock[k])
            left[k] += legs.direction[i] * (moved - legs.cost[i])
            if required != 0.0:
                needed = at_mark if stands else _maintenance(legs, tiers, i, moved)
                left[k] -= required * needed
            if legs.funding[i] != 0.0:
                left[k] -= legs.funding[i] * _funding_paid(value, rate, since, clock[k])
    for j in range(len(coin_value)):
        for k in range(len(clock)):
            left[k] += coin_value[j] * np.exp(coin_rate[j] * clock[k])
    return left


@njit(cache=True, nogil=True)
def grid(kinks: FloatArray, start: float, end: float, points: int) -> FloatArray:
    """Return times from ``start`` to ``end``: (points,) even ones, and every kink between."""
    low, high = min(start, end), max(start, end)
    inside = kinks[(kinks > low) & (kinks < high)]
    clock = np.sort(np.concatenate((_even(low, high, points), inside)))
    return clock if end >= start else clock[::-1].copy()


@njit(cache=True, nogil=True)
def _even(start: float, end: float, points: int) -> FloatArray:
    clock = start + (end - start) * np.arange(points) / (points - 1)
    clock[-1] = end
    return clock


@njit(cache=True, nogil=True)
def first_below(
    clock: FloatArray,
    legs: LegArrays,
    tiers: TierArrays,
    coin_value: FloatArray,
    coin_rate: FloatArray,
    wallet: float,
    since: float,
    stands: bool,
    points: int,
    rounds: int,
) -> float:
    """Return the first time at which the surplus is not positive, NaN if there is none.

    It is bracketed on (n,) times in walking order, and each bracket ``rounds`` times on ``points``
    times within.
    """
    first = 0
    for narrowed in range(rounds + 1):
        left = surplus_along(
            clock, legs, tiers, coin_value, coin_rate, wallet, since, 1.0, stands
        )  # fmt: skip
        first = -1
        for k in range(len(clock)):
            if left[k] <= 0.0:
                first = k
                break
        if first < 0 and narrowed == 0:
            return np.nan
        if first < 0:  # met at the bracket's end before: rounding must not bring a pool to life
            first = len(clock) - 1
        if first == 0:
            break
        if narrowed < rounds:
            clock = _even(clock[first - 1], clock[first], points)
    met: float = clock[first]
    return met
