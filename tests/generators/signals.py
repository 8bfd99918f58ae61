"""A market whose price nobody moves, and whose crowd comes in droves.

Volatility is a Markov-switching multifractal (Calvet and Fisher) of six speeds, with Laplace jumps;
liquidations do not push price at all. Ten times a day a *signal* makes hundreds of accounts enter
within minutes on one side with nearly one leverage. Of the others two fifths choose the distance of
their liquidation by the last twelve hours' extremes, the rest by a beta law of 1 / leverage; three
in ten are cross margin, far away and drifting. Funding eats the margin of the crowded side every
eight hours, and many close exactly then. Open interest is published a bar late and is sometimes not
known. Feeds of odd seeds are throttled, those of even ones complete. Nothing of the map was chosen
on this market when it was confirmed on it; since then it is a development set: see ``RESULTS.md``.
"""

from __future__ import annotations

import dataclasses

import numpy as np
from numba import njit

from tests.generators.crowd import (
    ABOVE,
    BELOW,
    BLOCK,
    CROSS,
    ENTRY,
    FIELDS,
    LIQUIDATION,
    NEXT,
    QUANTITY,
    STOP,
    TARGET,
    TOP_UPS,
    UNTIL,
    close_account,
    empty_crowd,
    note_order,
    open_account,
    rebase,
    renew_block,
    true_book,
)
from tests.generators.markets import (
    BARS_A_DAY,
    BARS_AN_HOUR,
    DELTA,
    SLOTS,
    START,
    STEP_S,
    STEPS,
    bars_of,
    blank_run,
    observed_market,
    pick,
    published_orders,
)

SPEEDS = 6
HIGH = 1.45  # the multifractal's greater multiplier; the smaller is 2 - HIGH
FASTEST_H, SPEED_RATIO = 2.0, 3.5
SIGNALS_A_DAY = 10.0
SIGNAL_MENU = np.array([3.0, 5.0, 10.0, 25.0])
SIGNAL_STEPS = np.cumsum([0.2, 0.35, 0.3, 0.15])
SWING_BARS = 144
FUNDING_H = 8.0


def generate_signals(seed, days=60):
    """One run."""
    grid, table, books, rows = blank_run(days)
    count = _simulate(seed, table, books, rows, grid.first_bin, DELTA)
    rng = np.random.default_rng([seed, 13])
    truth = published_orders(rows[:count], rng, more=1.2, most=8)
    late = table[:, 5].copy()
    late[1:] = table[:-1, 5]
    late[np.random.default_rng([seed, 17]).random(len(late)) < 0.003] = np.nan
    bars = dataclasses.replace(bars_of(table), open_interest_base=late)
    return observed_market(bars, grid, truth, books, slot_ms=1_000 if seed % 2 else None)


# --- compiled -----------------------------------------------------------------------------------


@njit(cache=True)
def _account(side, distance, price, t_h):
    a = np.zeros(FIELDS)
    size = min(400.0, 0.8 * np.exp(np.random.normal(0.0, 1.2)))
    a[QUANTITY], a[ENTRY] = side * size, price
    a[LIQUIDATION] = max(1e-9, price * (1.0 - side * distance))
    a[STOP] = 0.0 if side > 0 else np.inf
    a[TARGET] = np.inf if side > 0 else 0.0
    if np.random.random() < 0.3:
        a[TARGET] = price * (1.0 + side * min(0.6, distance) * np.random.uniform(1.0, 3.0))
    if np.random.random() < 0.2:
        a[STOP] = price * (1.0 - side * distance * np.random.uniform(0.5, 0.95))
    a[UNTIL] = t_h + min(1_000.0, 2.0 * (np.random.pareto(0.8) + 1.0))
    if np.random.random() < 0.3:
        a[UNTIL] = FUNDING_H * np.ceil(a[UNTIL] / FUNDING_H)
    return a


@njit(cache=True)
def _newcomer(price, t_h, swing_low, swing_high, trend):
    side = 1.0 if np.random.random() < 0.5 + 0.15 * np.tanh(trend / 0.02) else -1.0
    if np.random.random() < 0.4:  # beyond the last extreme of the other side
        extreme = swing_low if side > 0 else swing_high
        distance = abs(price - extreme) / price + np.random.uniform(0.005, 0.05)
    else:
        distance = 0.015 + np.random.beta(1.3, 5.0)
    is_cross = np.random.random() < 0.3
    if is_cross:
        distance *= np.random.uniform(2.0, 6.0)
    a = _account(side, min(0.97, distance), price, t_h)
    a[CROSS] = 1.0 if is_cross else 0.0
    return a


@njit(cache=True)
def _visit(step, t_h, price, accounts, blocks, free, left, orders, count, sums):
    for b in range(len(blocks)):
        if price > blocks[b, BELOW] and price < blocks[b, ABOVE] and t_h < blocks[b, NEXT]:
            continue
        for i in range(b * BLOCK, (b + 1) * BLOCK):
            a = accounts[i]
            if a[QUANTITY] == 0:
                continue
            side, held = (1.0 if a[QUANTITY] > 0 else -1.0), abs(a[QUANTITY])
            stopped = side * (price - a[STOP]) <= 0
            if side * (price - a[LIQUIDATION]) <= 0 and not stopped:
                if a[TOP_UPS] < 1 and np.random.random() < 0.2:
                    a[TOP_UPS] += 1
                    a[LIQUIDATION] += 0.3 * (a[LIQUIDATION] - a[ENTRY])
                    a[LIQUIDATION] = max(1e-9, a[LIQUIDATION])
                    continue
                count = note_order(orders, count, step, a, held)
            elif not (stopped or t_h >= a[UNTIL] or side * (price - a[TARGET]) >= 0):
                continue
            sums[0 if side > 0 else 1] -= held
            sums[2] += held
            close_account(accounts, free, left, i)
        renew_block(accounts, blocks, b)
    return count


@njit(cache=True)
def _drift(accounts, blocks, factor, rate):
    # Cross margin moves with other coins; the crowded side pays ``rate`` of notional.
    for b in range(len(blocks)):
        for i in range(b * BLOCK, (b + 1) * BLOCK):
            a = accounts[i]
            if a[QUANTITY] == 0:
                continue
            side = 1.0 if a[QUANTITY] > 0 else -1.0
            if a[CROSS] > 0:
                a[LIQUIDATION] *= 1.0 - side * 0.6 * factor
            a[LIQUIDATION] += rate * a[ENTRY]  # longs pay a positive rate, shorts receive it
        renew_block(accounts, blocks, b)


@njit(cache=True)
def _simulate(seed, table, books, orders, first_bin, delta):
    np.random.seed(120_000 + seed)
    accounts, blocks, free, left = empty_crowd(SLOTS)
    sums = np.zeros(3)  # longs, shorts, traded in this bar
    multiplier = np.where(np.random.random(SPEEDS) < 0.5, HIGH, 2.0 - HIGH)
    lows, highs = np.full(SWING_BARS, START), np.full(SWING_BARS, START)
    logp = trend = np.log(START)
    hedge, base, count, step = 0.0, 1.0, 0, 0
    signal_left, signal_side, signal_leverage = 0.0, 1.0, 10.0
    burn = 25 * BARS_A_DAY
    for bar in range(-burn, len(table)):
        opened = high = low = np.exp(logp)
        swing_low, swing_high = lows.min(), highs.max()
        sums[2] = 0.0
        for k in range(SPEEDS):
            if np.random.random() < 1.0 / (BARS_AN_HOUR * FASTEST_H * SPEED_RATIO**k):
                multiplier[k] = HIGH if np.random.random() < 0.5 else 2.0 - HIGH
        hour_of_day = (bar % BARS_A_DAY) / BARS_AN_HOUR
        v = np.sqrt(multiplier.prod()) * (1.0 + 0.35 * np.sin(2 * np.pi * hour_of_day / 24.0))
        if np.random.random() < SIGNALS_A_DAY / BARS_A_DAY:
            signal_left = np.random.uniform(80.0, 500.0)
            follow = 0.5 + 0.3 * np.tanh((logp - trend) / 0.02)
            signal_side = 1.0 if np.random.random() < follow else -1.0
            signal_leverage = SIGNAL_MENU[pick(SIGNAL_STEPS, np.random.random())]
        for _ in range(STEPS):
            t_h = step * STEP_S / 3_600.0
            logp += 0.00027 * v * np.random.normal()
            if np.random.random() < 0.5 * STEP_S / 86_400.0:
                logp += np.random.laplace(-0.001, 0.010)
            trend += (logp - trend) / 4_320.0
            price = np.exp(logp)
            high, low = max(high, price), min(low, price)
            count = _visit(
                step - burn * STEPS, t_h, price, accounts, blocks, free, left, orders,
                count if bar >= 0 else 0, sums,
            )  # fmt: skip
            led = np.random.poisson(signal_left / 15.0)
            signal_left = max(0.0, signal_left - led)
            alone = np.random.poisson(1.6 * (0.4 + 0.6 * min(4.0, v)))
            for n in range(led + alone):
                if n < led:
                    lev = signal_leverage * np.exp(np.random.normal(0.0, 0.1))
                    row = _account(signal_side, max(0.003, 1.0 / lev - 0.004), price, t_h)
                else:
                    row = _newcomer(price, t_h, swing_low, swing_high, logp - trend)
                if open_account(accounts, blocks, free, left, row):
                    sums[0 if row[QUANTITY] > 0 else 1] += abs(row[QUANTITY])
                    sums[2] += abs(row[QUANTITY])
            step += 1
        lows[bar % SWING_BARS], highs[bar % SWING_BARS] = low, high
        if bar % BARS_AN_HOUR == 0:
            lean = (sums[0] - sums[1]) / (sums[0] + sums[1] + 1.0)
            settles = hour_of_day % FUNDING_H == 0.0
            rate = (0.0001 + 0.001 * lean) if settles else 0.0
            _drift(accounts, blocks, np.random.normal(0.0, 0.006), rate)
        hedge = 0.9985 * hedge + 0.003 * np.random.normal()
        if bar < 0:
            base, count = 0.5 * (sums[0] + sums[1]), 0
            if bar == -1:  # the history begins at one price, whatever went before
                scale = START / np.exp(logp)
                logp += np.log(scale)
                trend += np.log(scale)
                lows *= scale
                highs *= scale
                rebase(accounts, blocks, scale)
            continue
        weekly = 1.0 + 0.05 * np.sin(2 * np.pi * bar / (7 * BARS_A_DAY))
        interest = max(sums[0], sums[1]) + 1.2 * base * weekly * np.exp(hedge)
        table[bar, 0], table[bar, 1], table[bar, 2] = opened, high, low
        table[bar, 3] = np.exp(logp)
        table[bar, 4] = 1.5 * sums[2] + 0.004 * interest * v * np.random.exponential()
        table[bar, 5] = interest
        if bar % BARS_AN_HOUR == BARS_AN_HOUR - 1:
            true_book(accounts, first_bin, delta, books[bar // BARS_AN_HOUR])
    return count
