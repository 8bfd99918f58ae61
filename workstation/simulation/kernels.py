"""The steps of the simulated market, compiled: price, accounts, hedgers, funding, candles.

Order of one step: the price moves (path, noise, campaigns, jumps), waiting forced orders are
executed and push it, the venues quote, accounts whose stop, target, liquidation price or end was
reached act, new accounts arrive, hedgers adjust, funding is settled, everything is recorded.
All random numbers of a coin come from one generator in that order, so a market advanced in ten
parts equals one advanced at once.

Conservation: whatever an account opens or closes is the makers' on the other side, in the same
quantity. So longs equal shorts at every moment, and a liquidation takes exactly its quantity out of
open interest.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit

from workstation.market.facts import FloatArray
from workstation.simulation.generator import (
    LEVERAGE_WEIGHTS,
    LEVERAGES,
    LIFETIME_WEIGHTS,
    LIFETIMES_H,
    Generator,
)
from workstation.simulation.state import (
    BLOCK,
    FORCED,
    HOURS,
    INTEREST_S,
    INTERESTS,
    MINUTES,
    SETTLEMENTS,
    SLOTS,
    CoinState,
    Records,
)
from workstation.simulation.story import Drive

Record = Any  # one row of a structured array: numba knows its fields, mypy cannot

_LEVERAGES = np.array(LEVERAGES)
_LEVERAGE_STEPS = np.cumsum(LEVERAGE_WEIGHTS)
_LIFETIMES_S = 3_600.0 * np.array(LIFETIMES_H)
_LIFETIME_STEPS = np.cumsum(LIFETIME_WEIGHTS)
_DAY_S = 86_400.0


@njit(cache=True, nogil=True)
def advance(
    state: CoinState,
    drive: Drive,
    dt: int,
    with_accounts: bool,
    p: Generator,
    rng: np.random.Generator,
    path: FloatArray,
) -> None:
    """Advance one coin by ``len(drive.anchor)`` steps of ``dt`` whole seconds.

    Parameters
    ----------
    state : CoinState, changed in place
    drive : Drive, one row a step
    with_accounts : False leaves the crowd out (years before the accounts)
    p : Generator
    rng : numpy Generator, advanced in place
    path : (2, n) output: logarithm of the index, volatility multiplier; what other coins follow
    """
    core = state.core[0]
    for i in range(len(drive.anchor)):
        core.time_s += dt
        before = core.log_price + core.stretch - core.anchor
        _move_price(core, drive, i, dt, p, rng)
        _execute_forced(core, dt, p)
        _grow_nervous(core, before, drive.volatility[i], dt, p)
        _quote(core, state.markets, dt, p, rng)
        if with_accounts:
            _visit_accounts(state, p, rng)
            _open_accounts(state, drive.mood[i], dt, p, rng)
        _hedge(state.markets, dt, p, rng)
        _settle_funding(core, state, dt, p)
        _record(core, state, dt, p, rng)
        path[0, i] = core.log_price + p.index_share * core.stretch
        path[1, i] = core.volatility


@njit(cache=True, nogil=True)
def _move_price(
    core: Record, drive: Drive, i: int, dt: int, p: Generator, rng: np.random.Generator
) -> None:
    hours = dt / 3_600.0
    fade = hours / p.volatility_reversion_h
    core.log_volatility += (
        -fade * core.log_volatility
        + p.volatility_spread * math.sqrt(2.0 * fade) * rng.standard_normal()
    )
    own = math.exp(2.0 * core.log_volatility)
    multiplier = drive.volatility[i] * math.sqrt(0.5 * own + 0.5 * core.nervousness)
    core.volatility = min(p.volatility_cap, max(p.volatility_floor, multiplier))

    core.drift_per_s *= math.exp(-dt / p.campaign_s)
    if rng.random() < p.campaigns_per_day * dt / _DAY_S:
        core.drift_per_s += p.campaign_deviation * rng.standard_normal() / p.campaign_s
    move = drive.anchor[i] - core.anchor + core.drift_per_s * dt
    move += (drive.anchor[i] - core.log_price) * -math.expm1(-drive.pull_per_s[i] * dt)
    move += p.volatility_per_sqrt_h * core.volatility * math.sqrt(hours) * rng.standard_normal()
    if rng.random() < p.jumps_per_day * dt / _DAY_S:
        move += p.jump_mean + p.jump_deviation * rng.standard_normal()
    core.log_price += move
    core.anchor = drive.anchor[i]


@njit(cache=True, nogil=True)
def _execute_forced(core: Record, dt: int, p: Generator) -> None:
    # as much as the engines sell in this step; part of the push stays, the rest comes back
    most = p.execution_usd_per_s * dt / math.exp(core.log_price)
    executed = min(most, max(-most, core.pending_base))
    core.pending_base -= executed
    push = 0.01 * executed * (1.0 + p.depth_collapse * (core.volatility - 1.0)) / p.depth_base
    core.log_price += (1.0 - p.reverting_share) * push
    tension = 1.0 + (core.stretch / p.stretch) ** 2
    core.stretch = core.stretch * math.exp(-dt / p.refill_s * tension) + p.reverting_share * push
    if abs(core.stretch) > p.stretch_cap:
        core.stretch = math.copysign(p.stretch_cap, core.stretch)
        core.absorbed_base += abs(core.pending_base)
        core.pending_base = 0.0


@njit(cache=True, nogil=True)
def _grow_nervous(core: Record, before: float, volatility: float, dt: int, p: Generator) -> None:
    scale = p.volatility_per_sqrt_h * volatility * math.sqrt(dt / 3_600.0)
    move = core.log_price + core.stretch - core.anchor - before  # beside the path
    surprise = min(p.surprise_cap, (move / scale) ** 2)
    keep = math.exp(-dt / p.volatility_memory_s)
    core.nervousness = keep * core.nervousness + (1.0 - keep) * surprise
    core.trend += (core.log_price - core.trend) * -math.expm1(-dt / p.momentum_s)


@njit(cache=True, nogil=True)
def _quote(core: Record, markets: Records, dt: int, p: Generator, rng: np.random.Generator) -> None:
    approach = -math.expm1(-dt / p.premium_reversion_s)
    remember = -math.expm1(-dt / p.premium_memory_s)
    keep = math.exp(-dt / p.premium_noise_s)
    lean_of_all = _lean_of_all(markets)
    stay = math.exp(-dt / p.capital_noise_s)
    shock = p.capital_noise * math.sqrt(1.0 - stay * stay) * rng.standard_normal()
    core.capital = stay * core.capital + shock
    for k in range(len(markets)):
        market = markets[k]
        own = p.own_crowd_weight
        lean = own * _lean(market.long, market.short) + (1.0 - own) * lean_of_all
        market.premium += approach * (p.premium_by_crowd * lean + core.capital - market.premium)
        shock = (
            core.volatility * p.premium_noise * math.sqrt(1.0 - keep * keep) * rng.standard_normal()
        )
        market.noise = keep * market.noise + shock
        level = core.log_price + market.premium
        market.previous_price = market.last_price
        market.last_price = math.exp(level + core.stretch + market.noise)
        market.mark_price = math.exp(level + p.mark_share * core.stretch + 0.3 * market.noise)
        market.index_price = math.exp(core.log_price + p.index_share * core.stretch)
        basis = market.mark_price / market.index_price - 1.0
        market.premium_mean += remember * (basis - market.premium_mean)
        market.traded_base = 0.0


@njit(cache=True, nogil=True)
def _lean(longs: float, shorts: float) -> float:
    crowd = longs + shorts
    return (longs - shorts) / crowd if crowd > 0.0 else 0.0


@njit(cache=True, nogil=True)
def _lean_of_all(markets: Records) -> float:
    longs, shorts = 0.0, 0.0
    for k in range(len(markets)):
        longs += _coins(markets[k], markets[k].long)
        shorts += _coins(markets[k], markets[k].short)
    return _lean(longs, shorts)


@njit(cache=True, nogil=True)
def funding_rate(premium: float, interval_s: int, p: Generator) -> float:
    """Return the rate per interval: premium + clamp(interest - premium), within the cap."""
    correction = min(p.interest_band, max(-p.interest_band, p.interest_rate_8h - premium))
    rate_8h = min(p.funding_cap_8h, max(-p.funding_cap_8h, premium + correction))
    return rate_8h * interval_s / 28_800.0


# --- accounts


@njit(cache=True, nogil=True)
def _visit_accounts(state: CoinState, p: Generator, rng: np.random.Generator) -> None:
    time_s = state.core[0].time_s
    blocks_each = SLOTS // BLOCK
    for b in range(len(state.blocks)):
        mark = state.markets[b // blocks_each].mark_price
        block = state.blocks[b]
        if mark <= block.below or mark >= block.above or time_s >= block.until_s:
            _visit_block(state, b, b // blocks_each, p, rng)


@njit(cache=True, nogil=True)
def _visit_block(state: CoinState, b: int, k: int, p: Generator, rng: np.random.Generator) -> None:
    block = state.blocks[b]
    block.below, block.above, block.until_s = -math.inf, math.inf, math.inf
    time_s, mark = state.core[0].time_s, state.markets[k].mark_price
    for j in range(b * BLOCK, (b + 1) * BLOCK):
        account = state.accounts[j]
        if account.quantity != 0.0 and _is_due(account, mark, time_s):
            _let_act(state, j, k, p, rng)
        if account.quantity != 0.0:
            _watch(block, account)


@njit(cache=True, nogil=True)
def _is_due(account: Record, mark: float, time_s: int) -> bool:
    if account.quantity > 0.0:
        reached = mark <= max(account.liquidation, account.stop) or mark >= account.target
    else:
        reached = mark >= min(account.liquidation, account.stop) or mark <= account.target
    return bool(reached or time_s >= account.until_s)


@njit(cache=True, nogil=True)
def _watch(block: Record, account: Record) -> None:
    # the nearest prices and the earliest time at which this account will act
    if account.quantity > 0.0:
        below, above = max(account.liquidation, account.stop), account.target
    else:
        below, above = account.target, min(account.liquidation, account.stop)
    block.below = max(block.below, below)
    block.above = min(block.above, above)
    block.until_s = min(block.until_s, account.until_s)


@njit(cache=True, nogil=True)
def _let_act(state: CoinState, j: int, k: int, p: Generator, rng: np.random.Generator) -> None:
    account = state.accounts[j]
    core = state.core[0]
    side = 1.0 if account.quantity > 0.0 else -1.0
    mark = side * state.markets[k].mark_price
    if mark <= side * account.stop:  # nearer than the liquidation price, so met first
        core.pending_base -= _coins(state.markets[k], account.quantity)
        _close(state, j, k, account.quantity)
    elif mark <= side * account.liquidation:
        _touch_liquidation(state, j, k, p, rng)
    elif mark >= side * account.target or core.time_s >= account.until_s:
        _close(state, j, k, account.quantity)


@njit(cache=True, nogil=True)
def _touch_liquidation(
    state: CoinState, j: int, k: int, p: Generator, rng: np.random.Generator
) -> None:
    account, market, core = state.accounts[j], state.markets[k], state.core[0]
    distance = account.liquidation - account.entry
    if account.top_ups < p.top_ups and rng.random() < p.top_up_share:
        account.top_ups += 1
        account.liquidation = max(0.0, account.liquidation + p.top_up_distance * distance)
        return
    quantity = account.quantity
    coins = _coins(market, quantity)
    if abs(coins) * market.mark_price > p.partial_from_usd:
        quantity, coins = 0.5 * quantity, 0.5 * coins
        account.liquidation = max(0.0, account.liquidation + p.partial_relief * distance)
    row = state.forced[core.forced % FORCED]
    row.time_ms = 1_000 * core.time_s - 1 - int(999.0 * rng.random())
    row.market = k
    row.quantity = quantity
    row.price = market.last_price
    core.forced += 1
    core.pending_base -= coins
    _close(state, j, k, quantity)


@njit(cache=True, nogil=True)
def _close(state: CoinState, j: int, k: int, quantity: float) -> None:
    account, market = state.accounts[j], state.markets[k]
    account.quantity -= quantity
    _trade(market, -quantity, quantity > 0.0)
    if account.quantity == 0.0:
        state.free[k, market.free] = j
        market.free += 1


@njit(cache=True, nogil=True)
def _trade(market: Record, quantity: float, is_long: bool) -> None:
    # an account's long side changes with the makers' short side, and the other way round
    if is_long:
        market.long += quantity
        market.maker_short += quantity
    else:
        market.short -= quantity
        market.maker_long -= quantity
    market.traded_base += abs(_coins(market, quantity))


@njit(cache=True, nogil=True)
def _coins(market: Record, quantity: float) -> float:
    return quantity / market.mark_price if market.inverse else quantity


@njit(cache=True, nogil=True)
def _open_accounts(
    state: CoinState, mood: float, dt: int, p: Generator, rng: np.random.Generator
) -> None:
    core = state.core[0]
    keep = math.exp(-dt / p.skew_s)
    core.skew = keep * core.skew + math.sqrt(1.0 - keep * keep) * rng.standard_normal()
    trend = math.tanh((core.log_price - core.trend) / p.momentum_scale)
    odds = p.long_bias + mood + p.momentum_bias * trend + p.skew_bias * core.skew
    long_share = 1.0 / (1.0 + math.exp(-odds))
    mean = p.arrivals_per_minute / 60.0 * dt * (0.5 + 0.5 * min(core.volatility, 4.0))
    for _ in range(rng.poisson(mean)):
        side = 1.0 if rng.random() < long_share else -1.0
        k = _choose_market(state.markets, rng.random())
        if state.markets[k].free == 0:
            core.turned_away += 1
        else:
            _open_account(state, k, side, p, rng)


@njit(cache=True, nogil=True)
def _choose_market(markets: Records, draw: float) -> int:
    for k in range(len(markets) - 1):
        draw -= markets[k].share
        if draw < 0.0:
            return k
    return len(markets) - 1


@njit(cache=True, nogil=True)
def _open_account(
    state: CoinState, k: int, side: float, p: Generator, rng: np.random.Generator
) -> None:
    market = state.markets[k]
    market.free -= 1
    j = state.free[k, market.free]
    account = state.accounts[j]
    leverage = _draw(_LEVERAGES, _LEVERAGE_STEPS, rng) * (0.85 + 0.15 * rng.random())
    if side < 0.0:
        leverage *= p.short_leverage
    size = p.size_base * (10.0 / leverage) ** p.size_by_leverage
    size = min(p.size_cap_base, size * (1.0 - rng.random()) ** (-1.0 / p.size_tail))
    lifetime = _draw(_LIFETIMES_S, _LIFETIME_STEPS, rng) * rng.standard_exponential()
    account.entry = market.last_price
    account.quantity = side * size * (account.entry if market.inverse else 1.0)
    account.until_s = state.core[0].time_s + lifetime * (10.0 / leverage) ** p.lifetime_by_leverage
    account.top_ups = 0
    account.liquidation = _liquidation_price(
        account.entry, side, leverage, p.maintenance_rate, market.inverse
    )
    _place_orders(account, side, p, rng)
    _trade(market, account.quantity, side > 0.0)
    _watch(state.blocks[j // BLOCK], account)


@njit(cache=True, nogil=True)
def _draw(values: FloatArray, steps: FloatArray, rng: np.random.Generator) -> float:
    index = int(np.searchsorted(steps, rng.random()))
    return float(values[min(len(values) - 1, index)])


@njit(cache=True, nogil=True)
def _place_orders(account: Record, side: float, p: Generator, rng: np.random.Generator) -> None:
    # a stop and a target as fractions of the way to the liquidation price, on either side
    distance = abs(account.entry - account.liquidation)
    account.stop = 0.0 if side > 0.0 else math.inf
    if rng.random() < p.stop_share:
        way = p.stop_nearest + (p.stop_furthest - p.stop_nearest) * rng.random()
        account.stop = account.entry - side * way * distance
    account.target = math.inf if side > 0.0 else 0.0
    if rng.random() < p.target_share:
        way = p.target_nearest + (p.target_furthest - p.target_nearest) * rng.random()
        account.target = max(0.0, account.entry + side * way * distance)


@njit(cache=True, nogil=True)
def _liquidation_price(
    entry: float, side: float, leverage: float, maintenance_rate: float, inverse: bool
) -> float:
    # isolated margin = maintenance margin; linear in the price, or in its reciprocal
    if inverse:
        return entry * (1.0 + side * maintenance_rate) / (1.0 + side / leverage)
    return entry * (1.0 - side / leverage) / (1.0 - side * maintenance_rate)


# --- hedgers, funding, records


@njit(cache=True, nogil=True)
def _hedge(markets: Records, dt: int, p: Generator, rng: np.random.Generator) -> None:
    approach = -math.expm1(-dt / p.hedged_reversion_s)
    keep = 1.0 - approach
    for k in range(len(markets)):
        market = markets[k]
        shock = p.hedged_noise * math.sqrt(1.0 - keep * keep) * rng.standard_normal()
        market.hedged_noise = keep * market.hedged_noise + shock
        lure = min(1.5, max(-1.5, market.premium_mean / 0.001))
        level = p.hedged_base * market.share * (market.mark_price if market.inverse else 1.0)
        level *= 1.0 + p.hedged_by_basis * lure + market.hedged_noise
        change = approach * (level - (market.maker_short - market.long))
        market.maker_long += change
        market.maker_short += change
        market.traded_base += abs(_coins(market, change))


@njit(cache=True, nogil=True)
def _settle_funding(core: Record, state: CoinState, dt: int, p: Generator) -> None:
    for k in range(len(state.markets)):
        market = state.markets[k]
        number = core.time_s // market.funding_interval_s
        if number != (core.time_s - dt) // market.funding_interval_s:
            row = state.settlements[k, number % SETTLEMENTS]
            row.time_s = number * market.funding_interval_s
            row.rate = funding_rate(market.premium_mean, market.funding_interval_s, p)


@njit(cache=True, nogil=True)
def _record(
    core: Record, state: CoinState, dt: int, p: Generator, rng: np.random.Generator
) -> None:
    flow = p.volume_per_day_base / _DAY_S * dt * core.volatility**1.3
    for k in range(len(state.markets)):
        market = state.markets[k]
        volume = flow * market.share * rng.standard_exponential() + market.traded_base
        minute, hour = core.time_s // 60, core.time_s // 3_600
        _add_to_bar(state.minutes[k, minute % MINUTES], minute, market, volume)
        _add_to_bar(state.hours[k, hour % HOURS], hour, market, volume)
        number = core.time_s // INTEREST_S
        row = state.interest[k, number % INTERESTS]
        if row.bar != number:
            row.bar = number
            row.base = _coins(market, market.long + market.maker_long)
            row.usd = row.base * market.mark_price


@njit(cache=True, nogil=True)
def _add_to_bar(row: Record, bar: int, market: Record, volume: float) -> None:
    price = market.last_price
    if row.bar != bar:
        row.bar = bar
        row.open = market.previous_price
        row.high = row.low = row.open
        row.volume_base = 0.0
    row.high = max(row.high, price)
    row.low = min(row.low, price)
    row.close = price
    row.volume_base += volume
