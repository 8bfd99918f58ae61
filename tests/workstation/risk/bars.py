"""Bars for the heatmap's tests: a random walk, and a market that stands still."""

from __future__ import annotations

import dataclasses

import numpy as np

from workstation.risk.heatmap_bars import Bars

MINUTE_MS = 60_000


def flat_bars(open_interest, *, price=100.0, volume=0.0):
    """Bars that trade at one price, with the given readings of open interest."""
    count = len(open_interest)
    column = np.full(count, price)
    return Bars(
        interval_ms=MINUTE_MS,
        time_ms=np.arange(count) * MINUTE_MS,
        low=column,
        high=column,
        close=column,
        middle=column,
        volume_base=np.full(count, volume),
        open_interest_base=np.asarray(open_interest, dtype=float),
    )


def with_price(bars, at, *, low, high, close):
    """The same bars with other prices in bar ``at``."""
    prices = {"low": low, "high": high, "close": close, "middle": (low + high) / 2}
    columns = {name: getattr(bars, name).copy() for name in prices}
    for name, price in prices.items():
        columns[name][at] = price
    return dataclasses.replace(bars, **columns)


def walk_bars(seed, count, *, step=0.003, start=60_000.0, open_interest=100_000.0):
    """A random walk of price and of open interest, with volume, without holes."""
    rng = np.random.default_rng(seed)
    edges = np.log(start) + np.cumsum(rng.normal(0, step, count + 1))
    opened, close = edges[:-1], edges[1:]
    high = np.maximum(opened, close) + np.abs(rng.normal(0, step / 2, count))
    low = np.minimum(opened, close) - np.abs(rng.normal(0, step / 2, count))
    interest = open_interest * np.exp(np.cumsum(rng.normal(0, 0.004, count)))
    return Bars(
        interval_ms=MINUTE_MS,
        time_ms=np.arange(count) * MINUTE_MS,
        low=np.exp(low),
        high=np.exp(high),
        close=np.exp(close),
        middle=np.exp((opened + close) / 2),
        volume_base=rng.gamma(2.0, 0.01 * open_interest, count),
        open_interest_base=interest,
    )
