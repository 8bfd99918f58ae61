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
    LegFigures,
    PoolFigures,
    Rates,
    Room,
    View,
)
from workstation.risk.kernels.margin_shock import common_shock, main_coin, set_rates
from workstation.risk.kernels.margin_walk import moving, nearest_factors, required_at


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
            required[a + i] = required_at(view, i, value[a + i])
        needed = required[a:b].sum()
        needs[p] = needed
        if a == b and not pools.owes[p]:
            continue
        held_coin, dead = held.coin[c:d], balance <= needed
        driver = book.driver
        if driver < 0:
            driver = main_coin(view, legs.coin[a:b], held_coin, held_market[c:d], book.stable)
        if driver >= 0 and coin_price[driver] > 0.0 and book.beta[driver] != 0.0:
            drivers[p], clocks[p] = driver, 0.0
            rates = Rates(leg_rates[a:b], held_rates[c:d])
            set_rates(
                rates, book.beta, driver, legs.coin[a:b], legs.quote[a:b], legs.linear[a:b],
                held_coin,
            )  # fmt: skip
            if not dead:
                constant = pools.wallet[p] - (legs.direction[a:b] * legs.cost[a:b]).sum()
                constant -= needed if pools.frozen[p] else 0.0
                clocks[p] = common_shock(view, rates, room, legs.flat[a:b], constant)
        for i in range(a, b):
            coin, linear, rounding = legs.coin[i], legs.linear[i], pools.rounding[p]
            sign, tick, isolated = legs.sign[i], legs.tick[i], pools.isolated[p]
            count, slope, still = moving(view, room, i - a, coin, held_coin, book.stable, False)
            empty = -(balance - slope) / slope if slope != 0.0 else 0.0
            if empty > 0.0:
                how = ROUND_NONE if rounding == ROUND_PLUS_SIDE else rounding
                price = _price(linear, mark[i], empty)
                bankrupt[i] = _rounded(price, mark[i], sign, tick, how, isolated)
            if dead:
                kind[i], first[i], common[i] = KIND_PRICE, mark[i], mark[i]
                continue
            if pools.common[p]:
                count, slope, still = moving(view, room, i - a, coin, held_coin, book.stable, True)
            kind[i], near, far = nearest_factors(
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
