"""Margin balance and requirement of every pool over a grid of prices.

Within a tier a requirement is a line in the factor, so a leg costs two multiplications a price and
one pass more for each tier that the grid crosses.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from workstation.market.facts import FloatArray
from workstation.risk.kernels.margin_arrays import Book, IntArray
from workstation.risk.kernels.margin_walk import row_of


@njit(cache=True, nogil=True)
def evaluate_grid(
    book: Book,
    value: FloatArray,
    held_value: FloatArray,
    factor: FloatArray,
    mover: IntArray,
    balance: FloatArray,
    maintenance: FloatArray,
) -> None:
    """Fill margin balance and maintenance margin of every pool over a grid of prices.

    Parameters
    ----------
    value, held_value : of legs and (after haircut) of collateral at the present
    factor : (movers, n) of values, each row rising or falling throughout; the rows of coins
        (their prices) come first
    mover : (legs,) the row of ``factor`` that scales a leg's value
    balance, maintenance : (pools, n), written
    """
    legs, pools, tiers = book.legs, book.pools, book.tiers
    nothing = np.zeros(factor.shape[1])
    for p in range(len(pools.wallet)):
        own, needed, moves = balance[p], maintenance[p], not pools.frozen[p]
        a, b = pools.legs[p], pools.legs[p + 1]
        slope, constant = np.zeros(b - a + 3), 0.0  # of the requirement, in the tier at the start
        for i in range(a, b):
            at = value[i] * factor[mover[i], 0] if moves else value[i]
            row = row_of(tiers.floor, legs.first_tier[i], legs.last_tier[i], at)
            constant += legs.fixed[i] - tiers.amount[row]
            if moves:
                slope[i - a] = (tiers.rate[row] + legs.added[i]) * value[i]
            else:
                rate = tiers.rate[row] + legs.added[i] + legs.square[i] * value[i]
                constant += rate * value[i]
        own[:] = pools.wallet[p] - (legs.direction[a:b] * legs.cost[a:b]).sum()
        needed[:] = constant if pools.has_margin[p] else np.nan
        for h in range(pools.held[p], pools.held[p + 1]):
            _add_line(own, factor[book.held.coin[h]], held_value[h], 0.0)
        scale = np.zeros(b - a + 3)
        scale[: b - a] = legs.direction[a:b] * value[a:b]
        for i in range(a, b, 4):
            _add_four(
                own, needed, scale[i - a : i - a + 4], slope[i - a : i - a + 4],
                factor[mover[i]],
                factor[mover[i + 1]] if i + 1 < b else nothing,
                factor[mover[i + 2]] if i + 2 < b else nothing,
                factor[mover[i + 3]] if i + 3 < b else nothing,
            )  # fmt: skip
        for i in range(a, b) if moves else range(0):
            first, last = legs.first_tier[i], legs.last_tier[i] + 1
            if last > first + 1:
                _add_steps(
                    tiers.floor[first:last], tiers.rate[first:last], tiers.amount[first:last],
                    value[i], factor[mover[i]], needed,
                )  # fmt: skip
            if legs.square[i] != 0.0:
                needed += legs.square[i] * (value[i] * factor[mover[i]]) ** 2


@njit(cache=True, nogil=True, fastmath={"contract"})
def _add_four(
    own: FloatArray,
    needed: FloatArray,
    scale: FloatArray,
    rate: FloatArray,
    f0: FloatArray,
    f1: FloatArray,
    f2: FloatArray,
    f3: FloatArray,
) -> None:
    """Add four legs to both sums in one pass, which is bound by memory otherwise."""
    s0, s1, s2, s3 = scale
    r0, r1, r2, r3 = rate
    for k in range(len(own)):
        own[k] += s0 * f0[k] + s1 * f1[k] + s2 * f2[k] + s3 * f3[k]
        needed[k] += r0 * f0[k] + r1 * f1[k] + r2 * f2[k] + r3 * f3[k]


@njit(cache=True, nogil=True, fastmath={"contract"})
def _add_line(total: FloatArray, factor: FloatArray, slope: float, constant: float) -> None:
    for k in range(len(total)):
        total[k] += slope * factor[k] + constant


@njit(cache=True, nogil=True)
def _add_steps(
    floor: FloatArray,
    rate: FloatArray,
    amount: FloatArray,
    value: float,
    factor: FloatArray,
    needed: FloatArray,
) -> None:
    """Add what a requirement has beyond the line of the tier that it starts in, tier by tier."""
    start, end = value * factor[0], value * factor[-1]
    rising, last = end >= start, len(floor) - 1
    row = row_of(floor, 0, last, start)
    while row < last if rising else row > 0:
        bound = floor[row + 1 if rising else row]
        if bound > end if rising else bound <= end:
            return
        following = row + 1 if rising else row - 1
        slope = (rate[following] - rate[row]) * value
        constant = amount[row] - amount[following]
        first = _first_at(factor, bound / value, rising)
        _add_line(needed[first:], factor[first:], slope, constant)
        row = following


@njit(cache=True, nogil=True)
def _first_at(factor: FloatArray, bound: float, rising: bool) -> int:
    """Return the first index at which a monotone row has reached a bound.

    Rising: not below it. Falling: below it.
    """
    low, high = 0, len(factor)
    while low < high:
        middle = (low + high) // 2
        reached = factor[middle] >= bound if rising else factor[middle] < bound
        if reached:
            high = middle
        else:
            low = middle + 1
    return low
