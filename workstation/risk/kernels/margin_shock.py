"""Where a pool is liquidated when everything moves with its beta.

See ``workstation.risk.path`` for the theory; the scalar engine is the oracle of the tests.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numba import njit

from workstation.market.facts import FloatArray
from workstation.risk.kernels.margin_arrays import BoolArray, IntArray, Rates, Room, View
from workstation.risk.kernels.margin_walk import required_at, row_of

_REACH: Final = float(np.log(1e3))  # how far a common shock is followed
_STEPS: Final = 128  # of the first bracket
_NARROWINGS: Final = 80
_CLOSE: Final = 1e-13  # of a clock: the bracket is narrow enough


@njit(cache=True, nogil=True)
def main_coin(
    view: View,
    leg_coin: IntArray,
    held_coin: IntArray,
    held_market: FloatArray,
    stable: BoolArray,
) -> int:
    """Return the coin of the largest leg; without legs, of the largest balance that moves."""
    best, coin = -1.0, -1
    for i in range(len(view.value)):
        if view.value[i] > best:
            best, coin = view.value[i], leg_coin[i]
    if coin >= 0:
        return coin
    for h in range(len(held_coin)):
        if not stable[held_coin[h]] and abs(held_market[h]) > best:
            best, coin = abs(held_market[h]), held_coin[h]
    return coin


@njit(cache=True, nogil=True)
def set_rates(
    rates: Rates,
    beta: FloatArray,
    driver: int,
    coin: IntArray,
    quote: IntArray,
    linear: BoolArray,
    held_coin: IntArray,
) -> None:
    """Set the log returns of legs and collateral per one of the driver."""
    for i in range(len(coin)):
        base = 1.0 if coin[i] == driver else beta[coin[i]] / beta[driver]
        against = 1.0 if quote[i] == driver else beta[quote[i]] / beta[driver]
        rates.legs[i] = base - against if linear[i] else against - base
    for h in range(len(held_coin)):
        rates.held[h] = 1.0 if held_coin[h] == driver else beta[held_coin[h]] / beta[driver]


@njit(cache=True, nogil=True)
def _surplus_at(view: View, rates: Rates, constant: float, clock: float) -> float:
    """Return margin balance minus maintenance at a time of the common shock."""
    left = constant
    for i in range(len(view.value)):
        moved = view.value[i] * np.exp(rates.legs[i] * clock)
        left += view.direction[i] * moved
        if not view.frozen:
            left -= required_at(view, i, moved)
    for h in range(len(view.held_value)):
        left += view.held_value[h] * np.exp(rates.held[h] * clock)
    return left


@njit(cache=True, nogil=True)
def _narrowed(view: View, rates: Rates, constant: float, alive: float, dead: float) -> float:
    """Return where the surplus ceases to be positive between two times: a safeguarded secant."""
    at_alive = _surplus_at(view, rates, constant, alive)
    at_dead = _surplus_at(view, rates, constant, dead)
    for turn in range(_NARROWINGS):
        if abs(dead - alive) < _CLOSE:
            break
        share = at_alive / (at_alive - at_dead) if at_alive > at_dead else 0.5
        share = 0.5 if turn % 3 == 2 else min(max(share, 1e-6), 1.0 - 1e-6)
        middle = alive + share * (dead - alive)
        left = _surplus_at(view, rates, constant, middle)
        if left > 0.0:
            alive, at_alive = middle, left
        else:
            dead, at_dead = middle, left
    return dead


@njit(cache=True, nogil=True)
def _start_scan(view: View, rates: Rates, room: Room, step: float) -> None:
    """Set values, their growth a step and their tiers, downwards and upwards."""
    factors = room.factors
    for i in range(len(view.value)):
        grown = np.exp(rates.legs[i] * step)
        factors[0, i], factors[1, i] = view.value[i], view.value[i]
        factors[2, i], factors[3, i] = 1.0 / grown, grown
        row = row_of(view.tiers.floor, view.first_tier[i], view.last_tier[i], view.value[i])
        room.rows[0, i], room.rows[1, i] = row, row
    for h in range(len(view.held_value)):
        grown = np.exp(rates.held[h] * step)
        factors[4, h], factors[5, h] = view.held_value[h], view.held_value[h]
        factors[6, h], factors[7, h] = 1.0 / grown, grown


@njit(cache=True, nogil=True)
def _next_surplus(view: View, room: Room, constant: float, way: int) -> float:
    """Go one step further one way; return the surplus there."""
    factors, rows, tiers, left = room.factors, room.rows[way], view.tiers, constant
    for i in range(len(view.value)):
        moved = factors[way, i] * factors[2 + way, i]
        factors[way, i] = moved
        left += view.direction[i] * moved
        if view.frozen:
            continue
        row = rows[i]
        while row < view.last_tier[i] and tiers.floor[row + 1] <= moved:
            row += 1
        while row > view.first_tier[i] and tiers.floor[row] > moved:
            row -= 1
        rows[i] = row
        rate = tiers.rate[row] + view.added[i] + view.square[i] * moved
        left -= view.fixed[i] - tiers.amount[row] + rate * moved
    for h in range(len(view.held_value)):
        factors[4 + way, h] *= factors[6 + way, h]
        left += factors[4 + way, h]
    return left


@njit(cache=True, nogil=True)
def _first_jump(
    view: View, rates: Rates, flat: BoolArray, constant: float, start: float, end: float
) -> float:
    """Return the first time between two at which a flat tier's jump kills the pool; else NaN."""
    found = np.nan
    for i in range(len(view.value)):
        if not flat[i] or rates.legs[i] == 0.0:
            continue
        for row in range(view.first_tier[i] + 1, view.last_tier[i] + 1):
            kink = np.log(view.tiers.floor[row] / view.value[i]) / rates.legs[i]
            if not min(start, end) < kink < max(start, end):
                continue
            nearer = np.isnan(found) or abs(kink) < abs(found)
            if nearer and _surplus_at(view, rates, constant, kink) <= 0.0:
                found = kink
    return found


@njit(cache=True, nogil=True)
def common_shock(view: View, rates: Rates, room: Room, flat: BoolArray, constant: float) -> float:
    """Return the driver's log return at which a pool dies, the nearer way; NaN for none.

    Both ways are scanned outwards at once, step by step and at the boundaries of flat tiers; the
    values grow by multiplication, so a step costs no exponential.
    """
    step, jumps = _REACH / _STEPS, flat.any() and not view.frozen
    _start_scan(view, rates, room, step)
    for n in range(1, _STEPS + 1):
        nearest = np.nan
        for way in range(2):
            direction = 1.0 if way else -1.0
            start, end = direction * (n - 1) * step, direction * n * step
            left = _next_surplus(view, room, constant, way)
            jump = _first_jump(view, rates, flat, constant, start, end) if jumps else np.nan
            if left > 0.0 and np.isnan(jump):
                continue
            at = _narrowed(view, rates, constant, start, end if np.isnan(jump) else jump)
            if np.isnan(nearest) or abs(at) < abs(nearest):
                nearest = at
        if not np.isnan(nearest):
            return nearest
    return np.nan
