"""Where a pool is liquidated by its venue's convention: the walk from tier to tier.

See ``workstation.risk.surplus`` for the theory; the scalar engine is the oracle of the tests.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numba import njit

from workstation.market.facts import FloatArray
from workstation.risk.kernels.margin_arrays import (
    KIND_NONE,
    KIND_PRICE,
    KIND_UNKNOWN,
    BoolArray,
    IntArray,
    Room,
    View,
)
from workstation.risk.surplus import FAR

_EDGE: Final = 1e-12


@njit(cache=True, nogil=True)
def row_of(floor: FloatArray, first: int, last: int, size: float) -> int:
    row = first
    while row < last and floor[row + 1] <= size:
        row += 1
    return row


@njit(cache=True, nogil=True)
def required_at(view: View, i: int, value: float) -> float:
    tiers = view.tiers
    row = row_of(tiers.floor, view.first_tier[i], view.last_tier[i], value)
    rate = tiers.rate[row] + view.added[i] + view.square[i] * value
    required: float = view.fixed[i] - tiers.amount[row] + rate * value
    return required


@njit(cache=True, nogil=True)
def _first_between(c0: float, c1: float, c2: float, entered: float, left: float) -> float:
    """Return the root met first on a stretch from ``entered`` to ``left``; NaN for none."""
    low, high = min(entered, left), max(entered, left)
    best, candidates = np.nan, (np.nan, np.nan)
    if c2 == 0.0:
        if c1 != 0.0:
            candidates = (-c0 / c1, np.nan)
    else:
        discriminant = c1 * c1 - 4.0 * c2 * c0
        if discriminant >= 0.0:
            half = -0.5 * (c1 + np.copysign(np.sqrt(discriminant), c1))
            candidates = (half / c2, c0 / half if half != 0.0 else np.nan)
    for root in candidates:
        inside = low < root < high or (root == left and left != 0.0)
        if inside and (np.isnan(best) or abs(root - entered) < abs(best - entered)):
            best = root
    return best


@njit(cache=True, nogil=True)
def _walk(view: View, room: Room, count: int, constant: float, slope: float, up: bool) -> float:
    """Return the factor at which the surplus is zero, walking tier by tier; NaN for none.

    ``constant + slope k`` is the margin balance less what does not move; the first ``count``
    members of ``room`` are the legs that do.
    """
    tiers, rows, members = view.tiers, room.rows[0], room.members
    for m in range(count):
        i = members[m]
        rows[m] = row_of(tiers.floor, view.first_tier[i], view.last_tier[i], view.value[i])
        at_floor = not up and rows[m] > view.first_tier[i]
        if at_floor and tiers.floor[rows[m]] / view.value[i] >= 1.0:
            rows[m] -= 1
    entered = 1.0
    while True:
        left = np.inf if up else 0.0
        c0, c1, c2 = constant, slope, 0.0
        if not view.frozen:
            for m in range(count):
                i, row = members[m], rows[m]
                value = view.value[i]
                c0 -= view.fixed[i] - tiers.amount[row]
                c1 -= (tiers.rate[row] + view.added[i]) * value
                c2 -= view.square[i] * value * value
                if up and row < view.last_tier[i]:
                    left = min(left, tiers.floor[row + 1] / value)
                elif not up and row > view.first_tier[i]:
                    left = max(left, tiers.floor[row] / value)
        if entered != 1.0 and c0 + entered * (c1 + entered * c2) <= 0.0:
            return entered  # a jump of a flat tier
        found = _first_between(c0, c1, c2, entered, left)
        if not np.isnan(found):
            return found
        if left == 0.0 or np.isinf(left):
            return np.nan
        entered = left
        for m in range(count):
            i, row = members[m], rows[m]
            if up and row < view.last_tier[i] and tiers.floor[row + 1] / view.value[i] <= left:
                rows[m] += 1
            elif not up and row > view.first_tier[i] and tiers.floor[row] / view.value[i] >= left:
                rows[m] -= 1


@njit(cache=True, nogil=True)
def moving(
    view: View, room: Room, leg: int, coin: int, held_coin: IntArray, stable: BoolArray, all_: bool
) -> tuple[int, float, float]:
    """Return how many legs move with one, what they and their coins are worth, and what stands.

    The second is the slope of the margin balance in the factor, the third the requirement that
    does not move. ``all_``: everything moves that is no dollar.
    """
    count, slope, still = 0, 0.0, 0.0
    for j in range(len(view.value)):
        moves = all_ or view.symbol[j] == view.symbol[leg]
        if moves:
            room.members[count] = j
            count += 1
            slope += view.direction[j] * view.value[j]
        if view.frozen or not moves:
            still += view.required[j]
    for h in range(len(held_coin)):
        if (not stable[held_coin[h]]) if all_ else held_coin[h] == coin:
            slope += view.held_value[h]
    return count, slope, still


@njit(cache=True, nogil=True)
def _knows(view: View, room: Room, count: int, last_cap: FloatArray, factor: float) -> bool:
    """Tell whether the tiers of all moving legs are known at a factor."""
    if view.frozen or np.isnan(factor):
        return True
    for m in range(count):
        i = room.members[m]
        if not view.value[i] * factor <= last_cap[i] * (1.0 + _EDGE):
            return False
    return True


@njit(cache=True, nogil=True)
def nearest_factors(
    view: View, room: Room, count: int, fixed: float, slope: float, last_cap: FloatArray
) -> tuple[int, float, float]:
    """Return the kind, the factor nearest to the present at which the pool dies, and the other."""
    low = _walk(view, room, count, fixed, slope, False)
    high = _walk(view, room, count, fixed, slope, True)
    low = low if low > 1.0 / FAR else np.nan
    high = high if high < FAR else np.nan
    if np.isnan(low) or (not np.isnan(high) and np.log(high) < -np.log(low)):
        low, high = high, low
    if np.isnan(low):
        return KIND_NONE, np.nan, np.nan
    if not _knows(view, room, count, last_cap, low):
        return KIND_UNKNOWN, np.nan, np.nan
    return KIND_PRICE, low, high if _knows(view, room, count, last_cap, high) else np.nan
