"""Three generated markets with a known book, of different kinds.

``FLOW`` follows the published recipe (Poisson arrivals, a leverage menu, stops, take-profits,
top-ups, hedgers; forced orders push price inside the same step); the model was measured on its like
before, so it is reported and not counted. ``QUEUE``: price comes from an order book whose queues
refill, leverage is log-uniform, a third of the accounts are cross margin with equity in other
coins, the crowd herds by trend and leaves by funding, the venue closes large accounts by halves and
publishes one child order a second. ``HAWKES``: self-exciting jumps, heavy-tailed lifetimes,
trailing stops, leverage that changes its mix on the way, glitches of open interest, missing bars,
and a feed that is complete or throttled. The model was changed after first results on all three.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

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
    TRAIL,
    UNTIL,
    close_account,
    empty_crowd,
    note_order,
    open_account,
    rebase,
    renew_block,
    true_book,
)
from workstation.risk.heatmap import Grid
from workstation.risk.heatmap_bars import Bars

FLOW, QUEUE, HAWKES = range(3)
STEP_S, STEPS = 10, 30  # 30 steps of ten seconds are a bar of five minutes
BAR_MS = 1_000 * STEP_S * STEPS
BARS_A_DAY, BARS_AN_HOUR = 288, 12
SLOTS = 64_000
START = 60_000.0
DELTA = 0.001
MENU = np.array([3.0, 5.0, 10.0, 20.0, 25.0, 50.0, 75.0, 100.0, 125.0])
MENU_STEPS = np.cumsum([0.05, 0.13, 0.22, 0.22, 0.10, 0.14, 0.05, 0.07, 0.02])
LIFE_H = np.array([0.5, 8.0, 96.0, 600.0])
LIFE_STEPS = np.cumsum([0.45, 0.30, 0.18, 0.07])


@dataclass(frozen=True)
class Orders:
    """Liquidations: columns of one length, by time."""

    time_ms: np.ndarray
    side: np.ndarray  # 0 long, 1 short
    price: np.ndarray
    quantity: np.ndarray


@dataclass(frozen=True)
class GeneratedMarket:
    bars: Bars  # as a recording shows them
    grid: Grid
    truth: Orders
    feed: Orders
    books: np.ndarray  # (hours, 2, bins): what truly stood there after every hour
    book_ms: np.ndarray
    venue: str
    ledger: np.ndarray | None = None  # (hours, 2, 4) of ``take_stock``, where one is kept

    @property
    def reported(self):
        return self.feed.quantity.sum() / self.truth.quantity.sum()


def generate(kind, seed, days=60, *, flip_day=-1.0, complete=False):
    """One run. ``flip_day`` is when leverage changes its mix; ``complete`` feeds hide nothing."""
    grid, table, books, rows = blank_run(days)
    flip_step = int(flip_day * 86_400 / STEP_S)
    count = _simulate(kind, seed, flip_step, table, books, rows, grid.first_bin, DELTA)
    truth = published_orders(rows[:count], np.random.default_rng([seed, kind]))
    bars = bars_of(table)
    if kind == HAWKES:
        bars = _damaged(bars, np.random.default_rng([seed, 7]))
    slot_ms = 1_000 * STEP_S if kind == FLOW else 1_000
    return observed_market(bars, grid, truth, books, slot_ms=None if complete else slot_ms)


def ledgered_run(simulate, seed, days, *, more, most):
    """One run of a compiled market that keeps a ledger; feeds of odd seeds are throttled."""
    grid, table, books, rows = blank_run(days)
    ledger = np.zeros((days * 24, 2, 4))
    count = simulate(seed, table, books, rows, ledger, grid.first_bin, DELTA)
    truth = published_orders(rows[:count], np.random.default_rng([seed, 19]), more=more, most=most)
    slot_ms = 1_000 if seed % 2 else None
    market = observed_market(bars_of(table), grid, truth, books, slot_ms=slot_ms)
    return replace(market, ledger=ledger)


def blank_run(days):
    """The grid, and room for a run's bars, hourly books and liquidated rows."""
    reach = int(1.9 / DELTA)
    grid = Grid(int(np.log(START) / DELTA) - reach, 2 * reach, DELTA)
    table = np.empty((days * BARS_A_DAY, 6))
    books = np.zeros((days * 24, 2, grid.bins), np.float32)
    return grid, table, books, np.empty((3_000_000, 4))


def bars_of(table):
    opened, high, low, close, volume, interest = table.T.copy()
    return Bars(
        interval_ms=BAR_MS,
        time_ms=BAR_MS * np.arange(len(table)),
        low=low,
        high=high,
        close=close,
        middle=(opened + close) / 2,
        volume_base=volume,
        open_interest_base=interest,
    )


def observed_market(bars, grid, truth, books, *, slot_ms):
    """What a recording shows of a run; feeds are throttled to slots, or complete (``None``)."""
    return GeneratedMarket(
        bars=bars,
        grid=grid,
        truth=truth,
        feed=truth if slot_ms is None else _throttled(truth, slot_ms),
        books=books,
        book_ms=3_600_000 * (1 + np.arange(len(books))),
        venue="bybit" if slot_ms is None else "binanceusdm",
    )


def published_orders(rows, rng, *, more=0.7, most=5):
    """A venue works a position off in several orders (``more`` than one), most within a second."""
    children = np.minimum(most, 1 + rng.poisson(more + 0.1 * np.sqrt(rows[:, 3])))
    row = np.repeat(np.arange(len(rows)), children)
    share = rng.exponential(size=len(row))
    total = np.bincount(row, share, len(rows))
    begin = 1_000 * STEP_S * rows[:, 0] + rng.integers(0, 1_000 * STEP_S - 1_500, len(rows))
    time_ms = (begin[row] + rng.exponential(300.0, len(row)).clip(0, 1_400)).astype(np.int64)
    order = np.argsort(time_ms, kind="stable")
    return Orders(
        time_ms=time_ms[order],
        side=rows[row, 1][order].astype(np.int64),
        price=rows[row, 2][order],
        quantity=(rows[row, 3] * share / total[row])[order],
    )


def _throttled(truth, slot_ms):
    """The largest order of each side and slot (ten seconds), or the latest (one second)."""
    slot = 2 * (truth.time_ms // slot_ms) + truth.side
    key = truth.quantity if slot_ms > 1_000 else truth.time_ms
    order = np.lexsort((key, slot))
    last = order[np.flatnonzero(np.diff(slot[order], append=-1))]
    last = np.sort(last)
    return Orders(
        *(getattr(truth, name)[last] for name in ("time_ms", "side", "price", "quantity"))
    )


def _damaged(bars, rng):
    # glitches of open interest, and bars that are missing
    interest = bars.open_interest_base.copy()
    wild = rng.random(len(interest)) < 0.002
    interest[wild] *= rng.choice([0.0, 0.2, 3.0], wild.sum())
    keep = rng.random(len(interest)) > 0.004
    columns = {
        name: getattr(bars, name)[keep]
        for name in ("time_ms", "low", "high", "close", "middle", "volume_base")
    }
    return Bars(interval_ms=BAR_MS, open_interest_base=interest[keep], **columns)


# --- compiled -----------------------------------------------------------------------------------


@njit(cache=True)
def pick(steps, u):
    for i in range(len(steps)):
        if u <= steps[i]:
            return i
    return len(steps) - 1


@njit(cache=True)
def _leverage(kind, flipped):
    if kind == FLOW:
        lev = MENU[pick(MENU_STEPS, np.random.random())] * np.random.uniform(0.85, 1.0)
        return lev * 0.75 if flipped else lev
    if kind == QUEUE:
        lev = np.exp(np.random.uniform(np.log(1.5), np.log(50.0)))
        return max(1.6, lev * 0.5) if flipped else lev
    lev = min(120.0, 1.5 + np.exp(np.random.normal(2.1, 0.9)))
    return max(1.6, lev * 0.4) if flipped else lev


@njit(cache=True)
def _life_h(kind, lev):
    if kind == FLOW:
        mean = LIFE_H[pick(LIFE_STEPS, np.random.random())] * (10.0 / lev) ** 0.4
        return np.random.exponential(mean)
    if kind == QUEUE:
        return 6.0 * (10.0 / lev) ** 0.5 * np.exp(np.random.normal(0.0, 2.0))
    return 20.0 * np.random.weibull(0.5)


@njit(cache=True)
def _new_account(kind, price, t_h, p_long, flipped):
    row = np.zeros(FIELDS)
    side = 1.0 if np.random.random() < p_long else -1.0
    lev = _leverage(kind, flipped)
    if kind == FLOW and side < 0:
        lev *= 0.85
    distance = max(0.0025, 1.0 / lev - 0.004)
    if kind == QUEUE and np.random.random() < 0.35:
        row[CROSS] = 1.0
        distance *= np.random.uniform(1.5, 5.0)
    size = min(600.0, np.random.pareto(1.6) + 1.0)
    if kind == FLOW:
        size *= 0.7 * (10.0 / lev) ** 0.6
    elif kind == QUEUE:
        size *= 0.55
    else:
        size = 0.9 * np.exp(np.random.normal(0.0, 1.3)) * (10.0 / lev) ** 0.3
    row[QUANTITY], row[ENTRY] = side * size, price
    row[LIQUIDATION] = price * (1.0 - side * distance)
    if row[LIQUIDATION] <= 0:
        row[LIQUIDATION] = 1e-9
    row[STOP] = 0.0 if side > 0 else np.inf
    row[TARGET] = np.inf if side > 0 else 0.0
    row[UNTIL] = t_h + _life_h(kind, lev)
    if kind == FLOW:
        if np.random.random() < 0.4:
            row[STOP] = price * (1.0 - side * distance * np.random.uniform(0.15, 0.9))
        if np.random.random() < 0.5:
            row[TARGET] = price * (1.0 + side * distance * np.random.uniform(0.3, 1.2))
    elif kind == HAWKES:
        if np.random.random() < 0.25:
            row[TRAIL] = distance * np.random.uniform(0.3, 0.9)
            row[STOP] = price * (1.0 - side * row[TRAIL])
        if np.random.random() < 0.6:
            row[TARGET] = price * (1.0 + side * min(0.5, distance) * np.random.uniform(0.2, 2.0))
    return row


@njit(cache=True)
def _survives(kind, a):
    # touched at its liquidation price, but not closed: topped up
    side = 1.0 if a[QUANTITY] > 0 else -1.0
    if kind == FLOW and a[TOP_UPS] < 2 and np.random.random() < 0.3:
        a[TOP_UPS] += 1
        a[LIQUIDATION] += 0.6 * (a[LIQUIDATION] - a[ENTRY])
        a[LIQUIDATION] = max(1e-9, a[LIQUIDATION])
        return True
    if kind == QUEUE and a[CROSS] > 0 and a[TOP_UPS] < 1 and np.random.random() < 0.4:
        a[TOP_UPS] += 1
        a[LIQUIDATION] *= 1.0 - side * 0.05
        return True
    return False


@njit(cache=True)
def _visit(kind, step, t_h, price, accounts, blocks, free, left, orders, count, sums):
    # everyone whose price or time has come; returns (net forced and stopped coins sold, count)
    sold = 0.0
    for b in range(len(blocks)):
        if price > blocks[b, BELOW] and price < blocks[b, ABOVE] and t_h < blocks[b, NEXT]:
            continue
        for i in range(b * BLOCK, (b + 1) * BLOCK):
            a = accounts[i]
            if a[QUANTITY] == 0:
                continue
            up = a[QUANTITY] > 0
            dead = price <= a[LIQUIDATION] if up else price >= a[LIQUIDATION]
            stopped = price <= a[STOP] if up else price >= a[STOP]
            first = stopped and (
                (up and a[STOP] > a[LIQUIDATION]) or (not up and a[STOP] < a[LIQUIDATION])
            )
            leaves = t_h >= a[UNTIL] or (price >= a[TARGET] if up else price <= a[TARGET])
            if dead and not first:
                if _survives(kind, a):
                    continue
                quantity = abs(a[QUANTITY])
                half = kind == QUEUE and quantity > 4.0 and a[TOP_UPS] < 3
                gone = 0.5 * quantity if half else quantity
                count = note_order(orders, count, step, a, gone)
                sold += gone if up else -gone
                sums[0 if up else 1] -= gone
                sums[2] += gone
                if half:
                    a[TOP_UPS] += 3
                    a[QUANTITY] *= 0.5
                    a[LIQUIDATION] += 0.3 * (a[LIQUIDATION] - a[ENTRY])
                    a[LIQUIDATION] = max(1e-9, a[LIQUIDATION])
                else:
                    close_account(accounts, free, left, i)
            elif stopped or leaves:
                gone = abs(a[QUANTITY])
                sold += (gone if up else -gone) * (1.0 if stopped else 0.2)
                sums[0 if up else 1] -= gone
                sums[2] += gone
                close_account(accounts, free, left, i)
        renew_block(accounts, blocks, b)
    return sold, count


@njit(cache=True)
def _trail_and_cross(kind, price, other, accounts, blocks):
    for b in range(len(blocks)):
        for i in range(b * BLOCK, (b + 1) * BLOCK):
            a = accounts[i]
            if a[QUANTITY] == 0:
                continue
            side = 1.0 if a[QUANTITY] > 0 else -1.0
            if a[TRAIL] > 0:
                level = price * (1.0 - side * a[TRAIL])
                a[STOP] = max(a[STOP], level) if side > 0 else min(a[STOP], level)
            if a[CROSS] > 0:
                a[LIQUIDATION] *= 1.0 - side * 0.5 * other
        renew_block(accounts, blocks, b)


@njit(cache=True)
def _simulate(kind, seed, flip_step, table, books, orders, first_bin, delta):
    np.random.seed(seed * 3 + kind)
    accounts, blocks, free, left = empty_crowd(SLOTS)
    sums = np.zeros(3)  # longs, shorts, traded in this bar
    count, step = 0, 0
    logp, stretch, v, trend, skew, hedge, intensity = (
        np.log(START),
        0.0,
        1.0,
        np.log(START),
        0.0,
        0.0,
        0.0,
    )
    bid, ask, premium, slow = 1.0, 1.0, 0.0, 0.0
    burn = 20 * BARS_A_DAY  # the crowd fills before the history begins
    sigma = 0.00027
    for bar in range(-burn, len(table)):
        opened = np.exp(logp + stretch)
        high, low = opened, opened
        sums[2] = 0.0
        for _ in range(STEPS):
            t_h = step * STEP_S / 3_600.0
            flipped = flip_step >= 0 and bar >= 0 and step - burn * STEPS >= flip_step
            momentum = logp - trend
            trend += (logp - trend) / 180.0
            move = 0.0
            if kind == FLOW:
                v = np.exp(np.log(v) * (1.0 - 1.0 / 2_160.0) + 0.02 * np.random.normal())
                v = min(12.0, max(0.3, v))
                move = sigma * v * np.random.normal()
                if np.random.random() < 0.45 / 8_640.0:
                    move += np.random.normal(-0.004, 0.012)
                    v = min(12.0, v * 2.0)
                skew = 0.9999 * skew + 0.014 * np.random.normal()
                lean = 0.25 + 1.2 * np.tanh(momentum / 0.004) + 0.5 * skew
                arrivals = np.random.poisson(1.2 * (0.5 + 0.5 * v))
            elif kind == QUEUE:
                v = np.exp(np.log(v) * (1.0 - 1.0 / 4_000.0) + 0.01 * np.random.normal())
                premium = 0.999 * premium + 0.001 * (sums[0] - sums[1]) / (sums[0] + sums[1] + 1.0)
                lean = 40.0 * momentum - 2.0 * premium
                arrivals = np.random.poisson(1.5 * v)
                flow = 5.0 * v * np.random.standard_t(3.5)
                if flow > 0:
                    move = 0.00002 * flow / ask
                    ask = max(0.15, ask - 0.004 * flow)
                else:
                    move = 0.00002 * flow / bid
                    bid = max(0.15, bid + 0.004 * flow)
                bid += 0.05 * (1.0 - bid)
                ask += 0.05 * (1.0 - ask)
            else:
                intensity = intensity * np.exp(-STEP_S / 1_500.0)
                day = 1.0 + 0.4 * np.sin(2 * np.pi * t_h / 24.0)
                move = 0.00020 * day * np.random.normal()
                if np.random.random() < STEP_S / 86_400.0 * (20.0 * day + 700.0 * intensity):
                    move += np.random.normal(-0.0002, 0.0035)
                    intensity = min(1.2, intensity + 0.04)
                v = day * (1.0 + 2.0 * intensity)
                slow = 0.99998 * slow + 0.004 * np.random.normal()
                lean = -60.0 * momentum + slow  # they buy what falls
                arrivals = np.random.poisson(1.2 * v)
            logp += move
            depth = 15_000.0 / (1.0 + 0.4 * max(0.0, v - 1.0))
            for _round in range(6):
                price = np.exp(logp + stretch)
                high, low = max(high, price), min(low, price)
                sold, count = _visit(
                    kind, step - burn * STEPS, t_h, price, accounts, blocks, free, left, orders,
                    count if bar >= 0 else 0, sums,
                )  # fmt: skip
                if sold == 0.0:
                    break
                push = -0.01 * sold / depth
                logp += 0.3 * push
                stretch += 0.7 * push
            stretch *= 1.0 - 1.0 / 36.0
            p_long = 1.0 / (1.0 + np.exp(-lean))
            for _arrival in range(arrivals):
                row = _new_account(kind, np.exp(logp + stretch), t_h, p_long, flipped)
                if open_account(accounts, blocks, free, left, row):
                    sums[0 if row[QUANTITY] > 0 else 1] += abs(row[QUANTITY])
                    sums[2] += abs(row[QUANTITY])
            step += 1
        if kind != FLOW and bar % BARS_AN_HOUR == 0:
            other = np.random.normal(0.0, 0.006) if kind == QUEUE else 0.0
            _trail_and_cross(kind, np.exp(logp + stretch), other, accounts, blocks)
        share = 1.5 if kind == FLOW else (2.0 if kind == QUEUE else 1.0)
        hedge = 0.998 * hedge + (0.004 if kind != HAWKES else 0.006) * np.random.normal()
        if bar < 0:
            count = 0
            base = 0.5 * (sums[0] + sums[1])
            if bar == -1:  # the history begins at one price, whatever went before
                scale = START / np.exp(logp + stretch)
                logp += np.log(scale)
                trend += np.log(scale)
                rebase(accounts, blocks, scale)
            continue
        close = np.exp(logp + stretch)
        interest = max(sums[0], sums[1]) + share * base * np.exp(hedge)
        noise = 0.004 * interest * v * np.random.uniform(0.5, 1.5)
        table[bar, 0], table[bar, 1], table[bar, 2], table[bar, 3] = opened, high, low, close
        table[bar, 4], table[bar, 5] = 2.0 * sums[2] + noise, interest
        if bar % BARS_AN_HOUR == BARS_AN_HOUR - 1:
            true_book(accounts, first_bin, delta, books[bar // BARS_AN_HOUR])
    return count
