"""A market of 384 named funds and a retail crowd that runs after moves.

Value is a jump-diffusion with stochastic variance (Bates 1996; variance jumps alongside, as in
Duffie, Pan and Singleton 2000). Orders in need, and part of what funds do, push price by a
square-root law whose depth thins as variance grows; most of the push decays. Its constant is .3 of
a day's move for a day's volume: with 1, the published one, this crowd alone moves days by 10 %.
*Funds* (``funds.py``) exist for the whole run, each with its own size (Pareto: on Hyperliquid, 10
October 2025, the hundred largest BTC accounts hold 88 %, Hill exponent 0.83), leverage, horizon and
threshold. Two in three follow the trend of their horizon, the others fade it: they enter by two
fifths, pyramid what wins, so that entry and liquidation move towards price, stop and reverse on the
opposite signal, defend some positions with margin, and pause after a loss. *Retail* enters with
moves of the last hours. The rest of open interest is a hedged desk that never liquidates. Feeds of
odd seeds show the latest order of each side and second, those of even ones all.

Aims, from Binance BTCUSDT in the recordings: closes of days move 2.4 % (2023 to 2025), the log of
daily volatility deviates by .5 with a half-life of days, turnover is three times open interest a
day, liquidations shown .3 % of it (2.8 times that in truth: models.md 0.4). Nothing of the map was
chosen on this market, and nothing of it will be: see ``RESULTS.md``.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from tests.generators.crowd import (
    ABOVE,
    BELOW,
    BLOCK,
    CLOSED,
    CROSS,
    DISTANCE,
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
from tests.generators.funds import (
    FUNDS,
    HORIZON_H,
    LAST,
    MEAN,
    found_funds,
    look,
    set_liquidation,
    take_position,
)
from tests.generators.markets import (
    BARS_A_DAY,
    BARS_AN_HOUR,
    SLOTS,
    START,
    STEP_S,
    STEPS,
    ledgered_run,
)

STEPS_A_DAY = 86_400 / STEP_S
DAY_SIGMA, JUMPS_A_DAY, JUMP_SD = 0.014, 0.8, 0.015
REVERSION, VOL_OF_VARIANCE, LEVERAGE_EFFECT = 0.23, 0.45, -0.2  # variance a day, mean 1
VARIANCE_JUMP = 0.15
IMPACT, DAY_VOLUME, LASTING = 0.0072, 210_000.0, 0.3
PATIENCE = 0.3  # of a fund's order presses at once, the rest is worked off unseen
MAINTENANCE = 0.004
LARGE = 15.0  # coins from which a liquidation takes several rounds


def generate_whales(seed, days=60):
    """One run, with its ledger."""
    return ledgered_run(_simulate, seed, days, more=0.4, most=6)


# --- compiled -----------------------------------------------------------------------------------


@njit(cache=True)
def _retail(price, t_h, move):
    side = 1.0 if move + np.random.normal(0.0, 0.02) > 0 else -1.0
    lev = min(100.0, 1.5 + np.exp(np.random.normal(np.log(18.0), 0.8)))
    a = np.zeros(FIELDS)
    size = min(150.0, 1.5 * np.exp(np.random.normal(0.0, 1.2)) * (10.0 / lev) ** 0.8)
    distance = max(0.0025, 1.0 / lev - MAINTENANCE)
    take_position(a, side, size, price, distance)
    a[UNTIL] = t_h + min(1_500.0, 24.0 * np.exp(np.random.normal(0.0, 1.5)) * (10.0 / lev) ** 0.4)
    if np.random.random() < 0.3:
        a[STOP] = price * (1.0 - side * distance * np.random.uniform(0.3, 0.9))
    if np.random.random() < 0.35:
        a[TARGET] = price * (1.0 + side * min(0.4, distance) * np.random.uniform(0.5, 2.0))
    return a


@njit(cache=True)
def _liquidate(i, a, step, orders, count):
    # Returns the coins taken and the number of rows; nothing where margin is added instead.
    if (a[CROSS] > 0 or i >= FUNDS) and a[TOP_UPS] < 1 and np.random.random() < 0.25:
        a[TOP_UPS] += 1
        a[DISTANCE] = min(0.95, 1.4 * a[DISTANCE])
        set_liquidation(a)
        return 0.0, count
    held = abs(a[QUANTITY])
    gone = held / 3.0 if held > LARGE else held
    count = note_order(orders, count, step, a, gone)
    a[QUANTITY] *= 1.0 - gone / held
    a[DISTANCE] = min(0.97, a[DISTANCE] + 0.003)
    if a[QUANTITY] != 0:
        set_liquidation(a)
    return gone, count


@njit(cache=True)
def _leave(i, a, t_h, accounts, free, left):
    if i < FUNDS:  # a fund pauses after a loss
        a[QUANTITY], a[UNTIL] = 0.0, t_h + np.random.exponential(48.0)
    else:
        close_account(accounts, free, left, i)


@njit(cache=True)
def _visit(step, t_h, logp, accounts, blocks, free, left, funds, orders, count, flows):
    # Returns the net coins that everyone whose moment has come buys, and the number of rows.
    bought, price = 0.0, np.exp(logp)
    for b in range(len(blocks)):
        if price > blocks[b, BELOW] and price < blocks[b, ABOVE] and t_h < blocks[b, NEXT]:
            continue
        for i in range(b * BLOCK, (b + 1) * BLOCK):
            a = accounts[i]
            side, row = (1.0, 0) if a[QUANTITY] > 0 else (-1.0, 1)
            stopped = a[QUANTITY] != 0 and side * (price - a[STOP]) <= 0
            while a[QUANTITY] != 0 and not stopped and side * (price - a[LIQUIDATION]) <= 0:
                gone, count = _liquidate(i, a, step, orders, count)
                flows[row, LIQUIDATED] += gone
                bought -= side * gone
                if a[QUANTITY] == 0:
                    _leave(i, a, t_h, accounts, free, left)
            if a[QUANTITY] != 0 and (
                stopped or side * (price - a[TARGET]) >= 0 or (i >= FUNDS and t_h >= a[UNTIL])
            ):
                flows[row, CLOSED] += abs(a[QUANTITY])
                bought -= a[QUANTITY] if stopped else 0.0
                _leave(i, a, t_h, accounts, free, left)
            if i < FUNDS and t_h >= a[UNTIL]:
                bought += PATIENCE * look(funds[i], a, logp, t_h, flows)
        renew_block(accounts, blocks, b)
        if b * BLOCK < FUNDS:  # one without a position still looks again
            blocks[b, NEXT] = accounts[b * BLOCK : (b + 1) * BLOCK, UNTIL].min()
    return bought, count


@njit(cache=True)
def _simulate(seed, table, books, orders, ledger, first_bin, delta):
    np.random.seed(150_000 + seed)
    accounts, blocks, free, left = empty_crowd(SLOTS)
    left[0] -= FUNDS
    funds = found_funds(accounts)
    blocks[: FUNDS // BLOCK, NEXT] = 0.0
    flows = np.zeros((2, HELD))
    value = hours = np.log(START)
    push, variance, desk, base, traded, count, step = 0.0, 1.0, 0.0, 1.0, 0.0, 0, 0
    burn, dt = 25 * BARS_A_DAY, 1.0 / STEPS_A_DAY
    for bar in range(-burn, len(table)):
        opened = high = low = np.exp(value + push)
        for _ in range(STEPS):
            t_h = step * STEP_S / 3_600.0
            v = max(0.0, variance)
            shock = np.random.normal()
            own = LEVERAGE_EFFECT * shock + np.sqrt(1 - LEVERAGE_EFFECT**2) * np.random.normal()
            value += DAY_SIGMA * np.sqrt(v * dt) * shock
            variance += REVERSION * (1.0 - v) * dt + VOL_OF_VARIANCE * np.sqrt(v * dt) * own
            if np.random.random() < JUMPS_A_DAY * dt:
                value += np.random.normal(0.0, JUMP_SD)
                variance += np.random.exponential(VARIANCE_JUMP)
            push *= 1.0 - 1.0 / 180.0
            hours += (value + push - hours) / 1_440.0
            impact = IMPACT * (1.0 + 0.8 * max(0.0, v - 1.0)) / np.sqrt(DAY_VOLUME)
            for _round in range(4):
                logp = value + push
                high, low = max(high, np.exp(logp)), min(low, np.exp(logp))
                bought, count = _visit(
                    step - burn * STEPS, t_h, logp, accounts, blocks, free, left, funds, orders,
                    count if bar >= 0 else 0, flows,
                )  # fmt: skip
                if bought == 0.0:
                    break
                move = impact * np.sign(bought) * np.sqrt(abs(bought))
                value += LASTING * move
                push += (1.0 - LASTING) * move
            logp = value + push
            stir = min(4.0, v + abs(logp - hours) / 0.01)
            for _arrival in range(np.random.poisson(0.2 + 0.2 * stir)):
                row = _retail(np.exp(logp), t_h, logp - hours)
                if open_account(accounts, blocks, free, left, row):
                    flows[0 if row[QUANTITY] > 0 else 1, OPENED] += abs(row[QUANTITY])
            step += 1
        logp = value + push
        funds[:, MEAN] += (logp - funds[:, MEAN]) / (BARS_AN_HOUR * funds[:, HORIZON_H])
        desk = 0.9985 * desk + 0.003 * np.random.normal()
        held = flows[:, OPENED] - flows[:, CLOSED] - flows[:, LIQUIDATED]
        before, traded = traded, flows.sum()
        if bar < 0:
            base, count = held.mean(), 0
            if bar == -1:
                shift = np.log(START) - logp
                value, hours = value + shift, hours + shift
                funds[:, MEAN] += shift
                funds[:, LAST] += shift
                rebase(accounts, blocks, np.exp(shift))
                for b in range(FUNDS // BLOCK):
                    blocks[b, NEXT] = accounts[b * BLOCK : (b + 1) * BLOCK, UNTIL].min()
            continue
        table[bar, 0], table[bar, 1], table[bar, 2], table[bar, 3] = opened, high, low, np.exp(logp)
        interest = held.max() + base * np.exp(desk)
        table[bar, 4] = 1.6 * (traded - before) + 0.005 * interest * v * np.random.exponential()
        table[bar, 5] = interest
        if bar % BARS_AN_HOUR == BARS_AN_HOUR - 1:
            true_book(accounts, first_bin, delta, books[bar // BARS_AN_HOUR])
            take_stock(accounts, flows, ledger[bar // BARS_AN_HOUR])
    return count
