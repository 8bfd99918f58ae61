"""What the map is compared with: simple rivals, each given the same chance as the map.

Every rival is refitted at midnight to the same window and half-life as the map, and judged on what
it said before. *Location*: uniform; distance-only, the volume liquidated at a distance over how
often that distance was reached; the fixed-weight book (five leverages of decreed weight, side by
the candle's colour, levels removed on touch, closing pro rata), the common open-source heatmap.
*Amount*: a constant per bin swept; the fixed-weight book's swept amount times a constant; a
regression on the path alone.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from workstation.market.facts import FloatArray
from workstation.risk.heatmap import Grid
from workstation.risk.heatmap_bars import Bars
from workstation.risk.heatmap_fit import HALF_LIFE_DAYS, WINDOW_DAYS
from workstation.risk.heatmap_score import Events, Windows, found_in
from workstation.risk.kernels.book import LONG, SHORT, IntArray, PictureArray
from workstation.risk.kernels.rivals import fixed_weight_book

# leverages and weights of gptprojectmanager/liquidations, time_evolving_heatmap.py
_LEVERAGES: Final = np.array([5.0, 10.0, 25.0, 50.0, 100.0])
_WEIGHTS: Final = np.array([0.15, 0.30, 0.25, 0.20, 0.10])
_SMOOTH_BINS: Final = 3  # [A] of the distance-only curve, each way
_RIDGE: Final = 1.0  # [A] of the path regression, in standardised features


def fixed_weight(bars: Bars, grid: Grid, anchors: IntArray) -> tuple[PictureArray, FloatArray]:
    """Return the fixed-weight book's (m, 2, bins) columns after bars, and (n, 2) swept coins."""
    columns = np.zeros((len(anchors), 2, grid.bins), np.float32)
    swept = np.zeros((len(bars), 2))
    interest = bars.open_interest_base
    held = np.maximum.accumulate(np.where(np.isnan(interest), -1, np.arange(len(bars))))
    known = np.where(held < 0, 0.0, interest[np.maximum(held, 0)])
    first = int(np.argmax(known > 0))
    known[:first] = known[first]
    opened = 2 * bars.middle - bars.close
    at = bars.close[:, np.newaxis]
    fixed_weight_book(
        grid.index(bars.low),
        grid.index(bars.high),
        (bars.close >= opened).astype(np.int64),
        known,
        grid.index(at * (1 - 1 / _LEVERAGES)),
        grid.index(at * (1 + 1 / _LEVERAGES)),
        _WEIGHTS,
        anchors,
        columns,
        swept,
    )
    return columns, swept


def distance_only(windows: Windows, events: Events, bins: int) -> PictureArray:
    """Return (m, 2, bins) maps: the rate at each distance in the windows that have ended before."""
    volume, exposure = np.zeros((2, bins)), np.zeros((2, bins))
    maps = np.ones((len(windows), 2, bins), np.float32)
    ended = 0
    for m in range(len(windows)):
        while windows.end[ended] <= windows.anchor[m]:  # its own window ends later
            _count(windows, ended, events, volume, exposure)
            ended += 1
        for side in (LONG, SHORT):
            rate = _smooth(volume[side]) / np.maximum(_smooth(exposure[side]), 1e-300)
            close = windows.close[m]
            reach = close if side == LONG else bins - close - 1
            if rate.any() and reach > 0:
                line = rate[1 : reach + 1]
                maps[m, side] = 0.0
                if side == LONG:
                    maps[m, LONG, close - len(line) : close] = line[::-1]
                else:
                    maps[m, SHORT, close + 1 : close + 1 + len(line)] = line
    return maps


def _count(
    windows: Windows, m: int, events: Events, volume: FloatArray, exposure: FloatArray
) -> None:
    for side in (LONG, SHORT):
        first, end = windows.reached(m, side)
        if end <= first:
            continue
        distance = np.abs(np.arange(first, end) - windows.close[m])
        exposure[side, distance] += 1.0
        seen = found_in(windows, m, side, events)
        if seen is not None:
            volume[side, distance] += seen.quantity


def _smooth(line: FloatArray) -> FloatArray:
    kernel = np.ones(2 * _SMOOTH_BINS + 1)
    smooth: FloatArray = np.convolve(line, kernel, mode="same")
    return smooth


def bins_swept(bars: Bars, grid: Grid) -> FloatArray:
    """Return (n, 2): how many bins each bar swept below, and above, the close before it."""
    before = np.concatenate([bars.middle[:1], bars.close[:-1]])
    index = grid.index(before)
    below = np.maximum(0, index - grid.index(bars.low))
    above = np.maximum(0, grid.index(bars.high) - index)
    return np.stack([below, above], axis=1).astype(np.float64)


def scaled_nightly(feature: FloatArray, actual: FloatArray, day: IntArray) -> FloatArray:
    """Return (n, 2) amounts: the feature times its best constant as known at the last midnight."""
    expected = np.full(feature.shape, np.nan)
    for today, rows, past, weight in _nights(day):
        del today
        for side in (LONG, SHORT):
            most = weight @ feature[past, side]
            if most > 0:
                scale = weight @ np.nan_to_num(actual[past, side]) / most
                expected[rows, side] = scale * feature[rows, side]
    return expected


def path_only(
    bars: Bars, grid: Grid, hour: IntArray, actual: FloatArray, day: IntArray
) -> FloatArray:
    """Return (h, 2) hourly amounts of a Poisson regression on the path alone.

    Features, clipped to the range they were fitted on: the log of bins swept, of bins beyond the
    extreme of the 24 hours before, and of volume.
    """
    starts = np.flatnonzero(np.diff(hour, prepend=hour[0] - 1))
    low, high = np.minimum.reduceat(bars.low, starts), np.maximum.reduceat(bars.high, starts)
    volume = np.add.reduceat(np.nan_to_num(bars.volume_base), starts)
    swept = np.add.reduceat(bins_swept(bars, grid), starts, axis=0)
    expected = np.full(actual.shape, np.nan)
    for side in (LONG, SHORT):
        beyond = _beyond(low if side == LONG else high, side) / grid.delta
        features = np.log1p(np.stack([swept[:, side], beyond, volume], axis=1))
        for _, rows, past, weight in _nights(day):
            expected[rows, side] = _regress(
                features[past], actual[past, side], weight, features[rows]
            )
    return expected


def _beyond(extreme: FloatArray, side: int) -> FloatArray:
    # ln(price) by which each hour exceeds the 24 before it
    beyond = np.zeros(len(extreme))
    for hour in range(1, len(extreme)):
        before = extreme[max(0, hour - 24) : hour]
        if side == LONG:
            beyond[hour] = max(0.0, np.log(before.min() / extreme[hour]))
        else:
            beyond[hour] = max(0.0, np.log(extreme[hour] / before.max()))
    return beyond


def _nights(day: IntArray) -> list[tuple[int, IntArray, IntArray, FloatArray]]:
    # each day, its rows, the rows of the days before it, and their weights
    nights = []
    for today in np.unique(day)[1:]:
        past = np.flatnonzero((day < today) & (day >= today - WINDOW_DAYS))
        if len(past):
            weight = 0.5 ** ((today - 1 - day[past]) / HALF_LIFE_DAYS)
            nights.append((int(today), np.flatnonzero(day == today), past, weight))
    return nights


def _regress(
    features: FloatArray, actual: FloatArray, weight: FloatArray, asked: FloatArray
) -> FloatArray:
    mean, spread = features.mean(axis=0), features.std(axis=0) + 1e-9
    clipped = np.clip(asked, features.min(axis=0), features.max(axis=0))
    x = np.column_stack([np.ones(len(features)), (features - mean) / spread])
    y = np.nan_to_num(actual)
    scale = max(float(weight @ y) / float(weight.sum()), 1e-12)
    penalty = np.diag([0.0, *(_RIDGE,) * features.shape[1]])
    slope = np.zeros(x.shape[1])
    for _ in range(30):
        fitted = np.exp(np.clip(x @ slope, -20, 20))
        gradient = x.T @ (weight * (y / scale - fitted)) - penalty @ slope
        curvature = (x * (weight * fitted)[:, np.newaxis]).T @ x + penalty
        step = np.linalg.solve(curvature + 1e-9 * np.eye(len(slope)), gradient)
        slope = slope + step * min(1.0, 2.0 / (np.abs(step).max() + 1e-12))
    predicted: FloatArray = scale * np.exp(
        np.clip(np.column_stack([np.ones(len(asked)), (clipped - mean) / spread]) @ slope, -20, 20)
    )
    return predicted
