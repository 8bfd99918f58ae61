"""Named funds, compiled: each keeps its size, leverage, horizon and manner for a whole run.

A fund looks at the move away from the mean price of its horizon, in units of what such a horizon
usually moves. Beyond its threshold it enters, with the trend or against it; it pyramids what wins,
and leaves or reverses on the opposite signal.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from tests.generators.crowd import (
    BLOCK,
    CLOSED,
    CROSS,
    DISTANCE,
    ENTRY,
    LIQUIDATION,
    OPENED,
    QUANTITY,
    STOP,
    TARGET,
    TOP_UPS,
    UNTIL,
)
from tests.generators.markets import START

FUNDS = 6 * BLOCK  # they own the first slots for good
SIZE, LEVERAGE, HORIZON_H, THRESHOLD, MANNER, MEAN, STOPS, UNITS, LAST = range(9)
DAY_MOVE = 0.024  # sd of daily log closes, Binance BTCUSDT 2023 to 2025
MAINTENANCE_FUND = 0.01  # of 3 to 12 million USDT at Binance, August 2026
MOST_UNITS = 4


@njit(cache=True)
def set_liquidation(a):
    side = 1.0 if a[QUANTITY] > 0 else -1.0
    a[LIQUIDATION] = max(1e-9, a[ENTRY] * (1.0 - side * a[DISTANCE]))


@njit(cache=True)
def take_position(a, side, quantity, price, distance):
    a[QUANTITY], a[ENTRY], a[DISTANCE] = side * quantity, price, distance
    a[TOP_UPS] = 0.0
    a[STOP], a[TARGET] = (0.0, np.inf) if side > 0 else (np.inf, 0.0)
    set_liquidation(a)


@njit(cache=True)
def found_funds(accounts):
    funds = np.zeros((FUNDS, 9))
    for f in range(FUNDS):
        funds[f, SIZE] = min(3_000.0, 40.0 * (np.random.pareto(1.1) + 1.0))
        funds[f, LEVERAGE] = min(40.0, max(2.0, np.exp(np.random.normal(np.log(6.0), 0.6))))
        funds[f, HORIZON_H] = np.exp(np.random.uniform(np.log(6.0), np.log(240.0)))
        funds[f, THRESHOLD] = np.random.uniform(0.4, 1.3)
        funds[f, MANNER] = 1.0 if np.random.random() < 0.65 else -1.0
        funds[f, MEAN] = np.log(START)
        funds[f, STOPS] = np.random.uniform(0.3, 0.9) if np.random.random() < 0.5 else 0.0
        accounts[f, CROSS] = 1.0 if np.random.random() < 0.4 else 0.0  # defends its position
        accounts[f, UNTIL] = np.random.uniform(0.0, 12.0)
    return funds


@njit(cache=True)
def look(fund, a, logp, t_h, flows):
    # A fund's decision: stay, enter, pyramid, leave or reverse. Returns the coins bought.
    a[UNTIL] = t_h + np.random.exponential(min(3.0, 0.06 * fund[HORIZON_H]))
    signal = fund[MANNER] * (logp - fund[MEAN]) / (DAY_MOVE * np.sqrt(fund[HORIZON_H] / 24.0))
    price, before = np.exp(logp), a[QUANTITY]
    side = 1.0 if before > 0 else -1.0
    unit = 0.4 * fund[SIZE]
    distance = 1.0 / fund[LEVERAGE] - MAINTENANCE_FUND
    if before != 0 and side * signal < -0.3 * fund[THRESHOLD]:
        flows[0 if side > 0 else 1, CLOSED] += abs(before)
        a[QUANTITY] = 0.0
    if a[QUANTITY] == 0:
        if abs(signal) > fund[THRESHOLD]:
            side = 1.0 if signal > 0 else -1.0
            take_position(a, side, unit, price, distance)
            if fund[STOPS] > 0:
                a[STOP] = price * (1.0 - side * distance * fund[STOPS])
            fund[UNITS], fund[LAST] = 1.0, logp
            flows[0 if side > 0 else 1, OPENED] += unit
    elif fund[UNITS] < MOST_UNITS and side * (logp - fund[LAST]) > 0.25 * distance:
        unit *= 0.6 ** fund[UNITS]
        a[ENTRY] = (abs(before) * a[ENTRY] + unit * price) / (abs(before) + unit)
        a[QUANTITY] += side * unit
        set_liquidation(a)
        fund[UNITS] += 1.0
        fund[LAST] = logp
        flows[0 if side > 0 else 1, OPENED] += unit
    return a[QUANTITY] - before
