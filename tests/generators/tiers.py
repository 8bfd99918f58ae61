"""A market of isolated accounts under a venue's margin tiers, in sessions, with funding.

Price is an Ornstein-Uhlenbeck swing (half-life nine hours) around a trend that rises, falls or lies
flat for days, and jumps on news; forced sales and stops stretch the swing by a linear depth.
Activity follows the hours of weekdays and weekends (``SESSIONS``). An account has a notional
(heavy-tailed), a leverage from a menu, at most what its tier allows (``TIERS``), and the table's
exact isolated liquidation price; a large one is liquidated down to the floor of its tier first,
which needs less margin. Accounts hold for Lomax times; half chase the day, half fade the swing.
Funding is paid out of margin every eight hours, moves with the crowd's lean within the bounds of
.3 %, makes newcomers prefer the side that is paid, and draws arbitrageurs, who are hedged: they are
the rest of open interest. Feeds of odd seeds are throttled, those of even ones complete.

From the recordings of Binance BTCUSDT: margin tiers (August 2026); sessions, the mean of absolute
hourly returns by hour over their overall mean (2023 to 2025); bounds of funding. Aims: as in
``whales``. Nothing of the map was or will be chosen on this market: see ``RESULTS.md``.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from tests.generators.crowd import (
    ABOVE,
    BELOW,
    BLOCK,
    CLOSED,
    DISTANCE,
    ENTRY,
    FIELDS,
    HELD,
    LIQUIDATED,
    LIQUIDATION,
    NEXT,
    OPENED,
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
    take_stock,
    true_book,
)
from tests.generators.markets import (
    BARS_A_DAY,
    BARS_AN_HOUR,
    SLOTS,
    START,
    STEP_S,
    STEPS,
    ledgered_run,
    pick,
)

# fmt: off
TIERS = np.array([  # notional from, maintenance rate, most leverage, maintenance amount; USDT
    (0.0, 0.004, 150.0, 0.0), (3e5, 0.005, 100.0, 300.0), (8e5, 0.0065, 75.0, 1_500.0),
    (3e6, 0.01, 50.0, 12_000.0), (1.2e7, 0.02, 25.0, 132_000.0), (7e7, 0.025, 20.0, 482_000.0),
])
SESSIONS = np.array([  # by hour of the day in UTC; weekdays, weekends
    (1.15, 1.22, 1.07, 0.86, 0.79, 0.85, 0.89, 0.96, 0.96, 0.91, 0.83, 0.88,
     1.04, 1.46, 1.96, 1.74, 1.35, 1.44, 1.31, 1.32, 1.23, 1.09, 1.03, 0.84),
    (0.70, 0.73, 0.66, 0.56, 0.59, 0.53, 0.48, 0.54, 0.58, 0.58, 0.53, 0.56,
     0.59, 0.69, 0.74, 0.73, 0.71, 0.80, 0.68, 0.72, 0.76, 0.79, 1.02, 0.85),
])
# fmt: on
RATE, RATE_MAX, FUNDING_H = 0.0001, 0.003, 8.0
MENU = np.array([2.0, 3.0, 5.0, 10.0, 20.0, 25.0, 50.0, 75.0, 100.0, 125.0])
MENU_STEPS = np.cumsum([0.04, 0.06, 0.11, 0.20, 0.28, 0.15, 0.11, 0.02, 0.02, 0.01])
DRIFTS = np.array([0.006, -0.006, 0.0])  # of the trend, a day
REGIME_DAYS, SWING_H = 3.0, 13.0  # mean life of a regime; time constant of the swing
TREND_SIGMA, SWING_SIGMA, NEWS_A_DAY, NEWS_SD = 0.0105, 0.019, 0.7, 0.014  # a day
DEPTH = 22_000.0  # coins that stretch the swing by 1 %


def generate_tiers(seed, days=60):
    """One run, with its ledger."""
    return ledgered_run(_simulate, seed, days, more=0.25, most=5)


# --- compiled -----------------------------------------------------------------------------------


@njit(cache=True)
def _tier(notional):
    k = 0
    while k + 1 < len(TIERS) and notional > TIERS[k + 1, 0]:
        k += 1
    return k


@njit(cache=True)
def set_tier_liquidation(a):
    # Where margin plus profit is the tier's maintenance; the margin a coin is DISTANCE * ENTRY.
    side, held = (1.0 if a[QUANTITY] > 0 else -1.0), abs(a[QUANTITY])
    _, rate, _, amount = TIERS[_tier(held * a[ENTRY])]
    price = (a[ENTRY] * (1.0 - side * a[DISTANCE]) - side * amount / held) / (1.0 - side * rate)
    a[LIQUIDATION] = max(1e-9, price)


@njit(cache=True)
def _newcomer(price, t_h, chase, fade, rate):
    lean = np.tanh(chase / 0.02) if np.random.random() < 0.5 else -np.tanh(fade / 0.01)
    side = (
        1.0 if np.random.random() < 1.0 / (1.0 + np.exp(-lean + (rate - RATE) / 0.0005)) else -1.0
    )
    notional = min(3e7, 24_000.0 * (np.random.pareto(1.15) + 1.0))
    lev = min(MENU[pick(MENU_STEPS, np.random.random())], TIERS[_tier(notional), 2])
    notional *= (10.0 / lev) ** 0.8
    a = np.zeros(FIELDS)
    a[QUANTITY], a[ENTRY], a[DISTANCE] = side * notional / price, price, 1.0 / lev
    set_tier_liquidation(a)
    a[STOP], a[TARGET] = (0.0, np.inf) if side > 0 else (np.inf, 0.0)
    if np.random.random() < 0.25:
        a[STOP] = price + np.random.uniform(0.25, 0.9) * (a[LIQUIDATION] - price)
    if np.random.random() < 0.3:
        a[TARGET] = price * (1.0 + side * np.random.uniform(0.3, 1.5) / (lev + 3.0))
    a[UNTIL] = t_h + min(2_000.0, 40.0 * (10.0 / lev) ** 0.7 * np.random.pareto(1.2))
    return a


@njit(cache=True)
def _liquidate(a, step, orders, count):
    # Down to the floor of the tier, or all of it; equity is the maintenance margin at that price.
    held, price = abs(a[QUANTITY]), a[LIQUIDATION]
    side = 1.0 if a[QUANTITY] > 0 else -1.0
    floor, rate, _, amount = TIERS[_tier(held * a[ENTRY])]
    equity = rate * held * price - amount
    gone = held - 0.999 * floor / a[ENTRY]
    count = note_order(orders, count, step, a, gone)
    a[QUANTITY] -= side * gone
    if floor > 0:
        a[DISTANCE] = equity / ((held - gone) * a[ENTRY]) + side * (a[ENTRY] - price) / a[ENTRY]
        set_tier_liquidation(a)
    return gone, count


@njit(cache=True)
def _visit(step, t_h, price, accounts, blocks, free, left, orders, count, flows):
    # Returns the net coins that are sold in need, and the number of rows.
    sold = 0.0
    for b in range(len(blocks)):
        if price > blocks[b, BELOW] and price < blocks[b, ABOVE] and t_h < blocks[b, NEXT]:
            continue
        for i in range(b * BLOCK, (b + 1) * BLOCK):
            a = accounts[i]
            if a[QUANTITY] == 0:
                continue
            side, row = (1.0, 0) if a[QUANTITY] > 0 else (-1.0, 1)
            stopped = side * (price - a[STOP]) <= 0
            if side * (price - a[LIQUIDATION]) <= 0 and not stopped:
                if a[TOP_UPS] < 1 and np.random.random() < 0.1:  # margin is added
                    a[TOP_UPS] += 1
                    a[DISTANCE] *= 1.4
                    set_tier_liquidation(a)
                    continue
                gone, count = _liquidate(a, step, orders, count)
                flows[row, LIQUIDATED] += gone
                sold += side * gone
            elif stopped or t_h >= a[UNTIL] or side * (price - a[TARGET]) >= 0:
                flows[row, CLOSED] += abs(a[QUANTITY])
                sold, a[QUANTITY] = sold + (a[QUANTITY] if stopped else 0.0), 0.0
            if abs(a[QUANTITY]) < 1e-9:
                close_account(accounts, free, left, i)
        renew_block(accounts, blocks, b)
    return sold, count


@njit(cache=True)
def _settle(accounts, blocks, rate):
    # Longs pay a positive rate of notional out of margin, shorts receive it.
    for b in range(len(blocks)):
        for i in range(b * BLOCK, (b + 1) * BLOCK):
            if accounts[i, QUANTITY] != 0:
                accounts[i, DISTANCE] -= rate if accounts[i, QUANTITY] > 0 else -rate
                set_tier_liquidation(accounts[i])
        renew_block(accounts, blocks, b)


@njit(cache=True)
def _simulate(seed, table, books, orders, ledger, first_bin, delta):
    np.random.seed(180_000 + seed)
    accounts, blocks, free, left = empty_crowd(SLOTS)
    flows = np.zeros((2, HELD))
    trend = day = np.log(START)
    swing, log_v, rate, arbitrage, base = 0.0, 0.0, RATE, 0.8, 1.0
    regime, traded, count, step = 2, 0.0, 0, 0
    burn, dt = 28 * BARS_A_DAY, STEP_S / 86_400.0
    for bar in range(-burn, len(table)):
        opened = high = low = np.exp(trend + swing)
        days, time = divmod(bar, BARS_A_DAY)
        session = SESSIONS[int(days % 7 >= 5), time // BARS_AN_HOUR]
        if np.random.random() < 1.0 / (REGIME_DAYS * BARS_A_DAY):
            regime = np.random.randint(3)
        log_v += -log_v / (2.0 * BARS_A_DAY) + 0.022 * np.random.normal()
        v = session * np.exp(log_v) * (1.25 if regime < 2 else 0.75)
        for _ in range(STEPS):
            t_h = step * STEP_S / 3_600.0
            shock = np.random.standard_t(3.0) / np.sqrt(3.0)
            trend += DRIFTS[regime] * dt + TREND_SIGMA * v * np.sqrt(dt) * shock
            if np.random.random() < NEWS_A_DAY * dt:
                trend += np.random.normal(0.0, NEWS_SD)
            swing += SWING_SIGMA * v * np.sqrt(dt) * np.random.normal()
            swing -= swing * STEP_S / (3_600.0 * SWING_H)
            day += (trend + swing - day) / 8_640.0
            for _round in range(4):
                price = np.exp(trend + swing)
                high, low = max(high, price), min(low, price)
                sold, count = _visit(
                    step - burn * STEPS, t_h, price, accounts, blocks, free, left, orders,
                    count if bar >= 0 else 0, flows,
                )  # fmt: skip
                if sold == 0.0:
                    break
                swing -= 0.01 * sold / DEPTH * max(1.0, np.sqrt(v))
            for _arrival in range(np.random.poisson(0.65 * (0.3 + 0.7 * min(5.0, v)))):
                row = _newcomer(np.exp(trend + swing), t_h, trend + swing - day, swing, rate)
                if open_account(accounts, blocks, free, left, row):
                    flows[0 if row[QUANTITY] > 0 else 1, OPENED] += abs(row[QUANTITY])
            step += 1
        held = flows[:, OPENED] - flows[:, CLOSED] - flows[:, LIQUIDATED]
        if bar % int(FUNDING_H * BARS_AN_HOUR) == 0:
            _settle(accounts, blocks, rate)
        wanted = RATE + 0.002 * (held[0] - held[1]) / held.sum()
        rate += (min(RATE_MAX, max(-RATE_MAX, wanted)) - rate) / BARS_AN_HOUR
        arbitrage += (0.8 + 300.0 * abs(rate - RATE) - arbitrage) / BARS_A_DAY
        arbitrage += 0.003 * np.random.normal()
        before, traded = traded, flows.sum()
        if bar < 0:
            base, count = held.mean(), 0
            if bar == -1:
                shift = np.log(START) - trend - swing
                trend, day = trend + shift, day + shift
                rebase(accounts, blocks, np.exp(shift))
            continue
        close = np.exp(trend + swing)
        table[bar, 0], table[bar, 1], table[bar, 2], table[bar, 3] = opened, high, low, close
        interest = held.max() + base * max(0.1, arbitrage)
        table[bar, 4] = 1.6 * (traded - before) + 0.006 * interest * v * np.random.exponential()
        table[bar, 5] = interest
        if bar % BARS_AN_HOUR == BARS_AN_HOUR - 1:
            true_book(accounts, first_bin, delta, books[bar // BARS_AN_HOUR])
            take_stock(accounts, flows, ledger[bar // BARS_AN_HOUR])
    return count
