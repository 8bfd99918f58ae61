"""Margin arithmetic of a whole book at once: see ``pools``, ``surplus``, ``liquidation``, ``path``.

The same equations as the scalar engine, which is the oracle of these in the tests. Compiled by
numba, cached on disk, run without the interpreter lock. Arrays are flat: a pool's legs, a pool's
collateral coins and a leg's tiers are ranges of theirs. NaN means "no such price" and "not known".

Every requirement is one form, ``fixed - amount + (rate + added) v + square v^2`` of the contract's
value ``v``, with the rate and the amount of its tier; a tier by contracts never changes, so such a
leg has one tier here.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from workstation.market.facts import FloatArray

IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

ROUND_NONE: Final = 0
ROUND_TICK_SAFE: Final = 1
ROUND_PLUS_SIDE: Final = 2
KIND_NONE: Final = 0
KIND_PRICE: Final = 1
KIND_UNKNOWN: Final = 2

_FAR: Final = 1e9  # factors beyond it are no prices
_REACH: Final = float(np.log(1e3))  # how far a common shock is followed
_STEPS: Final = 128  # of the first bracket of a common shock
_NARROWINGS: Final = 80
_CLOSE: Final = 1e-13  # of a clock: the bracket is narrow enough
_EDGE: Final = 1e-12


class LegArrays(NamedTuple):
    """(legs,) each; legs of a pool stand together."""

    sign: FloatArray
    direction: FloatArray  # the sign, turned round for inverse contracts
    size: FloatArray  # base coins (linear) or USD face (inverse), positive
    cost: FloatArray  # value at entry
    linear: BoolArray
    symbol: IntArray  # legs of a hedge share one
    coin: IntArray
    quote: IntArray
    first_tier: IntArray
    last_tier: IntArray  # inclusive
    last_cap: FloatArray  # value up to which the tiers are known
    flat: BoolArray  # the requirement jumps from tier to tier
    fixed: FloatArray
    added: FloatArray
    square: FloatArray
    initial_rate: FloatArray  # of the value; NaN where no leverage is known
    initial_slope: FloatArray  # of the rate, per coin
    initial_fixed: FloatArray
    tick: FloatArray  # NaN where not known


class PoolArrays(NamedTuple):
    """(pools,) each, ranges (pools + 1,)."""

    legs: IntArray
    held: IntArray
    wallet: FloatArray
    currency: IntArray
    frozen: BoolArray  # maintenance margin stands while another price is tried
    common: BoolArray  # everything moves by one ratio
    isolated: BoolArray
    has_margin: BoolArray
    owes: BoolArray
    rounding: IntArray


class HeldArrays(NamedTuple):
    """Balances that back multi-asset pools, (held,) each."""

    coin: IntArray
    amount: FloatArray
    weight: FloatArray


class TierArrays(NamedTuple):
    """All tiers of all tables, one after the other."""

    floor: FloatArray
    rate: FloatArray
    amount: FloatArray


class Book(NamedTuple):
    """A book without prices."""

    legs: LegArrays
    pools: PoolArrays
    held: HeldArrays
    tiers: TierArrays
    stable: BoolArray  # (coins,)
    beta: FloatArray  # (coins,)
    driver: int  # the coin that betas refer to, -1 where it has no price


class LegFigures(NamedTuple):
    """(legs,) each; money in the pool's currency."""

    value: FloatArray
    profit: FloatArray
    initial: FloatArray
    maintenance: FloatArray
    kind: IntArray
    first: FloatArray
    other: FloatArray
    common_shock: FloatArray
    bankruptcy: FloatArray


class PoolFigures(NamedTuple):
    """(pools,) each; money in the pool's currency."""

    balance: FloatArray
    maintenance: FloatArray
    collateral: FloatArray  # coins at market value
    driver: IntArray  # the coin that leads the common shock, -1 for none
    clock: FloatArray  # its log return at the death


class View(NamedTuple):
    """One pool at the present prices: (legs,) and (held,) slices, and the tiers."""

    value: FloatArray
    direction: FloatArray
    first_tier: IntArray
    last_tier: IntArray
    fixed: FloatArray
    added: FloatArray
    square: FloatArray
    required: FloatArray
    symbol: IntArray
    held_value: FloatArray  # after haircut
    tiers: TierArrays
    frozen: bool


class Rates(NamedTuple):
    """Log returns per one of the driving coin: of the values of legs, of collateral coins."""

    legs: FloatArray
    held: FloatArray


class Room(NamedTuple):
    """Scratch of the widest pool."""

    members: IntArray
    rows: IntArray  # (2, widest)
    factors: FloatArray  # (8, widest)


@njit(cache=True, nogil=True)
def _row(floor: FloatArray, first: int, last: int, size: float) -> int:
    row = first
    while row < last and floor[row + 1] <= size:
        row += 1
    return row


@njit(cache=True, nogil=True)
def _required(view: View, i: int, value: float) -> float:
    tiers = view.tiers
    row = _row(tiers.floor, view.first_tier[i], view.last_tier[i], value)
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
        rows[m] = _row(tiers.floor, view.first_tier[i], view.last_tier[i], view.value[i])
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
def _price(linear: bool, mark: float, factor: float) -> float:
    return mark * factor if linear else mark / factor


@njit(cache=True, nogil=True)
def _rounded(
    price: float, mark: float, sign: float, tick: float, rounding: int, isolated: bool
) -> float:
    if np.isnan(tick) or rounding == ROUND_NONE or np.isnan(price):
        return price
    if rounding == ROUND_PLUS_SIDE:
        return price + sign * tick if isolated else price
    steps = price / tick
    whole: float = np.ceil(steps - 1e-9) if price < mark else np.floor(steps + 1e-9)
    return tick * whole


@njit(cache=True, nogil=True)
def _surplus_at(view: View, rates: Rates, constant: float, clock: float) -> float:
    """Return margin balance minus maintenance at a time of the common shock."""
    left = constant
    for i in range(len(view.value)):
        moved = view.value[i] * np.exp(rates.legs[i] * clock)
        left += view.direction[i] * moved
        if not view.frozen:
            left -= _required(view, i, moved)
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
        row = _row(view.tiers.floor, view.first_tier[i], view.last_tier[i], view.value[i])
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
def _common_shock(view: View, rates: Rates, room: Room, flat: BoolArray, constant: float) -> float:
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


@njit(cache=True, nogil=True)
def _main_coin(
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
def _set_rates(
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
def _moving(
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
def _factors(
    view: View, room: Room, count: int, fixed: float, slope: float, last_cap: FloatArray
) -> tuple[int, float, float]:
    """Return the kind, the factor nearest to the present at which the pool dies, and the other."""
    low = _walk(view, room, count, fixed, slope, False)
    high = _walk(view, room, count, fixed, slope, True)
    high = high if high < _FAR else np.nan
    if np.isnan(low) or (not np.isnan(high) and np.log(high) < -np.log(low)):
        low, high = high, low
    if np.isnan(low):
        return KIND_NONE, np.nan, np.nan
    if not _knows(view, room, count, last_cap, low):
        return KIND_UNKNOWN, np.nan, np.nan
    return KIND_PRICE, low, high if _knows(view, room, count, last_cap, high) else np.nan


@njit(cache=True, nogil=True)
def evaluate_book(
    book: Book, mark: FloatArray, coin_price: FloatArray
) -> tuple[LegFigures, PoolFigures]:
    """Return every figure of legs and pools at (legs,) marks and (coins,) USD prices."""
    legs, pools, held = book.legs, book.pools, book.held
    n, m = len(mark), len(pools.wallet)
    value = np.where(legs.linear, legs.size * mark, legs.size / mark)
    coins = np.where(legs.linear, legs.size, value)
    initial = value * (legs.initial_rate + legs.initial_slope * coins) + legs.initial_fixed
    profit, required = legs.direction * (value - legs.cost), np.full(n, np.nan)
    first, other = np.full(n, np.nan), np.full(n, np.nan)
    common, bankrupt = np.full(n, np.nan), np.full(n, np.nan)
    kind, drivers = np.full(n, KIND_UNKNOWN), np.full(m, -1)
    balances, needs = np.full(m, np.nan), np.full(m, np.nan)
    collateral, clocks = np.full(m, np.nan), np.full(m, np.nan)
    held_market = held.amount * coin_price[held.coin]
    held_value = held_market * held.weight
    leg_rates, held_rates = np.zeros(n), np.zeros(len(held.coin))
    widest = 1
    for p in range(m):
        count = max(pools.legs[p + 1] - pools.legs[p], pools.held[p + 1] - pools.held[p])
        widest = max(widest, count)
    room = Room(np.zeros(widest, np.int64), np.zeros((2, widest), np.int64), np.zeros((8, widest)))
    for p in range(m):
        a, b, c, d = pools.legs[p], pools.legs[p + 1], pools.held[p], pools.held[p + 1]
        view = View(
            value[a:b], legs.direction[a:b], legs.first_tier[a:b], legs.last_tier[a:b],
            legs.fixed[a:b], legs.added[a:b], legs.square[a:b], required[a:b], legs.symbol[a:b],
            held_value[c:d], book.tiers, pools.frozen[p],
        )  # fmt: skip
        balance = pools.wallet[p] + profit[a:b].sum() + held_value[c:d].sum()
        balances[p], collateral[p] = balance, held_market[c:d].sum()
        if not pools.has_margin[p]:
            continue
        for i in range(b - a):
            required[a + i] = _required(view, i, value[a + i])
        needed = required[a:b].sum()
        needs[p] = needed
        if a == b and not pools.owes[p]:
            continue
        held_coin, dead = held.coin[c:d], balance <= needed
        driver = book.driver
        if driver < 0:
            driver = _main_coin(view, legs.coin[a:b], held_coin, held_market[c:d], book.stable)
        if driver >= 0 and coin_price[driver] > 0.0 and book.beta[driver] != 0.0:
            drivers[p], clocks[p] = driver, 0.0
            rates = Rates(leg_rates[a:b], held_rates[c:d])
            _set_rates(
                rates, book.beta, driver, legs.coin[a:b], legs.quote[a:b], legs.linear[a:b],
                held_coin,
            )  # fmt: skip
            if not dead:
                constant = pools.wallet[p] - (legs.direction[a:b] * legs.cost[a:b]).sum()
                constant -= needed if pools.frozen[p] else 0.0
                clocks[p] = _common_shock(view, rates, room, legs.flat[a:b], constant)
        for i in range(a, b):
            coin, linear, rounding = legs.coin[i], legs.linear[i], pools.rounding[p]
            sign, tick, isolated = legs.sign[i], legs.tick[i], pools.isolated[p]
            count, slope, still = _moving(view, room, i - a, coin, held_coin, book.stable, False)
            empty = -(balance - slope) / slope if slope != 0.0 else 0.0
            if empty > 0.0:
                how = ROUND_NONE if rounding == ROUND_PLUS_SIDE else rounding
                price = _price(linear, mark[i], empty)
                bankrupt[i] = _rounded(price, mark[i], sign, tick, how, isolated)
            if dead:
                kind[i], first[i], common[i] = KIND_PRICE, mark[i], mark[i]
                continue
            if pools.common[p]:
                count, slope, still = _moving(view, room, i - a, coin, held_coin, book.stable, True)
            kind[i], near, far = _factors(
                view, room, count, balance - slope - still, slope, legs.last_cap[a:b]
            )
            price = _price(linear, mark[i], near)
            first[i] = _rounded(price, mark[i], sign, tick, rounding, isolated)
            price = _price(linear, mark[i], far)
            other[i] = _rounded(price, mark[i], sign, tick, rounding, isolated)
            if kind[i] != KIND_UNKNOWN:
                common[i] = _price(linear, mark[i], np.exp(leg_rates[i] * clocks[p]))
    return (
        LegFigures(value, profit, initial, required, kind, first, other, common, bankrupt),
        PoolFigures(balances, needs, collateral, drivers, clocks),
    )


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
            row = _row(tiers.floor, legs.first_tier[i], legs.last_tier[i], at)
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
    row = _row(floor, 0, last, start)
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
