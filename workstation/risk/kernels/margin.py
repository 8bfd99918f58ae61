"""Every figure of a book at one moment's prices, pool by pool.

The same equations as the scalar engine (``pools``, ``surplus``, ``liquidation``), which is the
oracle of these in the tests. Compiled by numba, cached on disk, run without the interpreter lock.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from workstation.market.facts import FloatArray
from workstation.risk.kernels.margin_arrays import (
    KIND_PRICE,
    KIND_UNKNOWN,
    ROUND_NONE,
    ROUND_PLUS_SIDE,
    Book,
    BoolArray,
    IntArray,
    LegArrays,
    LegFigures,
    PoolArrays,
    PoolFigures,
    Rates,
    Room,
    View,
)
from workstation.risk.kernels.margin_shock import common_shock, main_coin, set_rates
from workstation.risk.kernels.margin_walk import moving, nearest_factors, required_at
from workstation.risk.surplus import FAR


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
def _room(pools: PoolArrays) -> Room:
    widest = 1
    for p in range(len(pools.wallet)):
        count = max(pools.legs[p + 1] - pools.legs[p], pools.held[p + 1] - pools.held[p])
        widest = max(widest, count)
    return Room(np.zeros(widest, np.int64), np.zeros((2, widest), np.int64), np.zeros((8, widest)))


@njit(cache=True, nogil=True)
def _shock(
    book: Book,
    pool: int,
    view: View,
    rates: Rates,
    room: Room,
    coin_price: FloatArray,
    held_market: FloatArray,
    dead: bool,
) -> tuple[int, float]:
    """Return the coin that leads a pool's common shock, and its log return at the death."""
    legs, pools = book.legs, book.pools
    a, b = pools.legs[pool], pools.legs[pool + 1]
    held_coin = book.held.coin[pools.held[pool] : pools.held[pool + 1]]
    coin, driver = legs.coin[a:b], book.driver
    if driver < 0:
        driver = main_coin(view, coin, held_coin, held_market, book.stable)
    if driver < 0 or not coin_price[driver] > 0.0 or book.beta[driver] == 0.0:
        return -1, np.nan
    set_rates(rates, book.beta, driver, coin, legs.quote[a:b], legs.linear[a:b], held_coin)
    if dead:
        return driver, 0.0
    constant = pools.wallet[pool] - (legs.direction[a:b] * legs.cost[a:b]).sum()
    constant -= view.required.sum() if view.frozen else 0.0
    return driver, common_shock(view, rates, room, legs.flat[a:b], constant)


@njit(cache=True, nogil=True)
def _leg_prices(
    legs: LegArrays,
    leg: int,
    view: View,
    room: Room,
    own: int,
    mark: float,
    balance: float,
    dead: bool,
    together: bool,
    isolated: bool,
    rounding: int,
    last_cap: FloatArray,
    held_coin: IntArray,
    stable: BoolArray,
) -> tuple[float, int, float, float]:
    """Return the bankruptcy price, the kind, the nearest liquidation price and the other end.

    ``leg`` counts in the book and ``own`` in the pool; ``together``: the venue moves everything.
    """
    linear, sign, tick, coin = legs.linear[leg], legs.sign[leg], legs.tick[leg], legs.coin[leg]
    count, slope, still = moving(view, room, own, coin, held_coin, stable, False)
    empty, bankrupt = -(balance - slope) / slope if slope != 0.0 else 0.0, np.nan
    if empty > 1.0 / FAR:
        how = ROUND_NONE if rounding == ROUND_PLUS_SIDE else rounding
        bankrupt = _rounded(_price(linear, mark, empty), mark, sign, tick, how, isolated)
    if dead:
        return bankrupt, KIND_PRICE, mark, np.nan
    if together:
        count, slope, still = moving(view, room, own, coin, held_coin, stable, True)
    fixed = balance - slope - still
    kind, near, far = nearest_factors(view, room, count, fixed, slope, last_cap)
    first = _rounded(_price(linear, mark, near), mark, sign, tick, rounding, isolated)
    other = _rounded(_price(linear, mark, far), mark, sign, tick, rounding, isolated)
    return bankrupt, kind, first, other


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
    kind, drivers = np.full(n, KIND_UNKNOWN), np.full(m, -1)
    of_leg, of_pool = np.full((4, n), np.nan), np.full((4, m), np.nan)
    first, other, common, bankrupt = of_leg
    balances, needs, collateral, clocks = of_pool
    market = held.amount * coin_price[held.coin]
    held_value = market * held.weight
    leg_rates, held_rates, room = np.zeros(n), np.zeros(len(market)), _room(pools)
    for p in range(m):
        a, b, c, d = pools.legs[p], pools.legs[p + 1], pools.held[p], pools.held[p + 1]
        view = View(
            value[a:b], legs.direction[a:b], legs.first_tier[a:b], legs.last_tier[a:b],
            legs.fixed[a:b], legs.added[a:b], legs.square[a:b], required[a:b], legs.symbol[a:b],
            held_value[c:d], book.tiers, pools.frozen[p],
        )  # fmt: skip
        balance = pools.wallet[p] + profit[a:b].sum() + held_value[c:d].sum()
        balances[p], collateral[p] = balance, market[c:d].sum()
        if not pools.has_margin[p]:
            continue
        for i in range(b - a):
            required[a + i] = required_at(view, i, value[a + i])
        needs[p] = required[a:b].sum()
        if a == b and not pools.owes[p]:
            continue
        rates, dead = Rates(leg_rates[a:b], held_rates[c:d]), balance <= needs[p]
        drivers[p], clocks[p] = _shock(book, p, view, rates, room, coin_price, market[c:d], dead)
        for i in range(a, b):
            bankrupt[i], kind[i], first[i], other[i] = _leg_prices(
                legs, i, view, room, i - a, mark[i], balance, dead, pools.common[p],
                pools.isolated[p], pools.rounding[p], legs.last_cap[a:b], held.coin[c:d],
                book.stable,
            )  # fmt: skip
            if dead:
                common[i] = mark[i]
            elif kind[i] != KIND_UNKNOWN:
                common[i] = _price(legs.linear[i], mark[i], np.exp(rates.legs[i - a] * clocks[p]))
    return (
        LegFigures(value, profit, initial, required, kind, first, other, common, bankrupt),
        PoolFigures(balances, needs, collateral, drivers, clocks),
    )
