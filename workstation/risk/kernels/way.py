"""The surplus of one pool along a path, leg by leg, in one pass: see ``path`` and ``surplus``.

The equations are those of ``pools.Leg``; the arrays are its fields. A tier is found as there: the
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
