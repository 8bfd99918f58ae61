"""Bars in prices: candles joined with open interest, put into bins, checked.

Compiled by numba, cached on disk, run without the interpreter lock.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from workstation.market.facts import FloatArray

IntArray = NDArray[np.int64]

ACCEPTED: Final = 0  # reading of open interest that is believed
DOUBTFUL: Final = 1  # one that waits for a second like it


class PriceBars(NamedTuple):
    """Columns of bars, (n,) each, as of ``workstation.risk.heatmap_bars.Bars``."""

    time_ms: IntArray
    low: FloatArray
    high: FloatArray
    close: FloatArray
    middle: FloatArray
    volume_base: FloatArray
    open_interest_base: FloatArray


class CandleArrays(NamedTuple):
    """Columns of candles, (n,) each."""

    time_ms: IntArray
    open: FloatArray
    high: FloatArray
    low: FloatArray
    close: FloatArray
    volume_base: FloatArray


@njit(cache=True, nogil=True)
def join(
    candles: CandleArrays,
    reading_ms: IntArray,
    reading_base: FloatArray,
    interval_ms: int,
    bars: PriceBars,
    known: int,
) -> tuple[int, int]:
    """Give every candle the open interest last known at its end; write what is not there yet.

    Parameters
    ----------
    candles : those without a price are left out
    reading_ms, reading_base : (m,) open interest, by time
    bars : output, with room for all candles; the first ``known`` were written before

    Returns
    -------
    How many bars there are now, and how many of the known ones, from the first on, stayed as they
    were, figure by figure; not known is equal to itself.
    """
    count, stayed = 0, known
    reading = 0
    if len(candles.time_ms):
        reading = np.searchsorted(reading_ms, candles.time_ms[0] + interval_ms, side="right")
    for i in range(len(candles.time_ms)):
        time, low, high = candles.time_ms[i], candles.low[i], candles.high[i]
        opened, close, volume = candles.open[i], candles.close[i], candles.volume_base[i]
        if not (opened > 0.0 and high > 0.0 and low > 0.0 and close > 0.0):
            continue
        while reading < len(reading_ms) and reading_ms[reading] <= time + interval_ms:
            reading += 1
        interest = reading_base[reading - 1] if reading else np.nan
        middle = (opened + close) / 2
        if count < stayed and not (
            bars.time_ms[count] == time
            and bars.low[count] == low
            and bars.high[count] == high
            and bars.close[count] == close
            and bars.middle[count] == middle
            and _same(bars.volume_base[count], volume)
            and _same(bars.open_interest_base[count], interest)
        ):
            stayed = count
        if count >= stayed:
            bars.time_ms[count] = time
            bars.low[count], bars.high[count] = low, high
            bars.close[count], bars.middle[count] = close, middle
            bars.volume_base[count], bars.open_interest_base[count] = volume, interest
        count += 1
    return count, min(stayed, count)


@njit(cache=True, nogil=True)
def _same(one: float, other: float) -> bool:
    return one == other or (np.isnan(one) and np.isnan(other))


@njit(cache=True, nogil=True)
def add_orders(
    time_ms: IntArray, side: IntArray, quantity: FloatArray, bar_ms: IntArray, interval_ms: int
) -> tuple[IntArray, FloatArray]:
    """Add up orders, (m,) each and by time, by the bar that has begun when they happen.

    Returns
    -------
    (m,) the row of each order's bar, -1 for one outside all bars; and (n, 2) sums by bar and side.
    """
    bar, base = np.full(len(time_ms), -1), np.zeros((len(bar_ms), 2))
    row = -1
    for i in range(len(time_ms)):
        while row + 1 < len(bar_ms) and bar_ms[row + 1] <= time_ms[i]:
            row += 1
        if row >= 0 and time_ms[i] < bar_ms[row] + interval_ms:
            bar[i] = row
            base[row, side[i]] += quantity[i]
    return bar, base


@njit(cache=True, nogil=True)
def bins_of(
    low: FloatArray, high: FloatArray, close: FloatArray, delta: float, first_bin: int
) -> tuple[IntArray, IntArray, IntArray]:
    """Return the bins of lows, highs and closes, counted from the grid's first."""
    count = len(low)
    bins = np.empty((3, count), np.int64)
    for i in range(count):
        bins[0, i] = int(np.floor(np.log(low[i]) / delta)) - first_bin
        bins[1, i] = int(np.floor(np.log(high[i]) / delta)) - first_bin
        bins[2, i] = int(np.floor(np.log(close[i]) / delta)) - first_bin
    return bins[0], bins[1], bins[2]


@njit(cache=True, nogil=True)
def missing_bars(time_ms: IntArray, before_ms: int, interval_ms: int) -> int:
    """Return how many bars are missing since ``before_ms``; -1 where time does not go on."""
    missing = 0
    for i in range(len(time_ms)):
        step = time_ms[i] - before_ms
        if step <= 0:
            return -1
        missing += step // interval_ms - 1
        before_ms = time_ms[i]
    return missing


@njit(cache=True, nogil=True)
def triangle_profile(
    low: FloatArray, high: FloatArray, middle: FloatArray, delta: float
) -> tuple[IntArray, FloatArray]:
    """Spread each bar's volume over its bins as a triangle with its peak at ``middle``.

    The stand-in where volume at price is not known. ``low <= middle <= high``, all prices.

    Returns
    -------
    Where every bar's entries start, the first standing for its low's bin, and the entries, summing
    to one a bar.
    """
    bins = np.floor(np.log(low) / delta).astype(np.int64)
    widths = np.floor(np.log(high) / delta).astype(np.int64) - bins + 1
    start = np.zeros(len(low) + 1, np.int64)
    start[1:] = np.cumsum(widths)
    profile = np.empty(start[-1])
    for i in range(len(low)):
        left, right = np.log(low[i]) / delta, np.log(high[i]) / delta
        peak = np.log(middle[i]) / delta
        before = 0.0
        for entry in range(widths[i]):
            edge = min(right, float(bins[i] + entry + 1))
            after = 1.0 if entry == widths[i] - 1 else _triangle_cdf(edge, left, peak, right)
            profile[start[i] + entry] = after - before
            before = after
    return start, profile


@njit(cache=True, nogil=True)
def _triangle_cdf(x: float, left: float, peak: float, right: float) -> float:
    if x >= right:
        return 1.0
    if x <= left:
        return 0.0
    if x < peak:
        return (x - left) ** 2 / ((right - left) * (peak - left))
    return 1.0 - (right - x) ** 2 / ((right - left) * (right - peak))


@njit(cache=True, nogil=True)
def bridge(readings: FloatArray, held: FloatArray, jump: float) -> tuple[FloatArray, int]:
    """Replace glitches of open interest by the last good reading; unknown ones count as glitches.

    A reading that differs from the accepted one by more than the factor ``jump`` is held back until
    the next one agrees with it. ``held`` (2,), the reading accepted and the one held back, carries
    over between calls; NaN at the start.

    Returns
    -------
    The readings to use, and how many were replaced.
    """
    used = np.empty_like(readings)
    glitches = 0
    for i in range(len(readings)):
        reading = readings[i]
        if not (reading > 0.0 and reading < np.inf):
            glitches += 1
        elif (
            np.isnan(held[ACCEPTED])
            or _near(reading, held[ACCEPTED], jump)
            or _near(reading, held[DOUBTFUL], jump)
        ):
            held[ACCEPTED], held[DOUBTFUL] = reading, np.nan
        else:
            held[DOUBTFUL] = reading
            glitches += 1
        used[i] = held[ACCEPTED]
    return used, glitches


@njit(cache=True, nogil=True)
def _near(reading: float, known: float, jump: float) -> bool:
    return known / jump <= reading <= known * jump  # False where `known` is NaN
