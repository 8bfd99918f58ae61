"""Values that hold for a while: funding between settlements, open interest between readings.

A step series says from when until when each value held. Where nothing is known it has a hole: no
value is carried further than it was true.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from workstation.market.facts import (
    FloatArray,
    FundingHistory,
    FundingRate,
    OpenInterest,
    OpenInterestHistory,
    TimeArray,
)
from workstation.units import HOUR_MS

READING_HOLDS: Final = 3.0  # usual distances of two readings, as facts.py judges freshness
_SETTLEMENT_SLACK_MS: Final = 60_000  # venues stamp a settlement some seconds after the hour


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StepSeries:
    """``value[i]`` held from ``start_ms[i]`` until ``until_ms[i]``; sorted, without overlap."""

    start_ms: TimeArray
    until_ms: TimeArray
    value: FloatArray

    def __len__(self) -> int:
        return len(self.start_ms)

    def at(self, time_ms: ArrayLike) -> FloatArray:
        """Return the values at some times; NaN in a hole."""
        times = np.asarray(time_ms, dtype=np.float64)
        if not len(self):
            return np.full(times.shape, np.nan)
        row = np.searchsorted(self.start_ms, np.floor(times).astype(np.int64), side="right") - 1
        known = (row >= 0) & (times < self.until_ms[row])
        return np.where(known, self.value[row], np.nan)


def funding_steps(
    history: FundingHistory | None, newest: FundingRate | None, now_ms: int
) -> StepSeries:
    """Return funding per 8 h, a fraction: settled rates over their intervals, then the running one.

    That holds from the last settlement (where the history ends further back than one
    interval: from when it was read) until now, or until it went stale.
    """
    if history is None:
        start, until, value = _nothing()
    else:
        interval_ms = history.interval_h * HOUR_MS
        start = (history.time_ms - interval_ms).astype(np.int64)
        until = history.time_ms
        value = history.funding_rate * 8.0 / history.interval_h
        # a stamp a little late makes no hole and no overlap
        near = np.abs(start[1:] - until[:-1]) <= _SETTLEMENT_SLACK_MS
        start[1:] = np.where(near, until[:-1], np.maximum(start[1:], until[:-1]))
    if newest is None:
        return StepSeries(start_ms=start, until_ms=until, value=value)
    settled_ms = int(until[-1]) if len(until) else 0
    interval_ms_now = newest.interval_h * HOUR_MS + _SETTLEMENT_SLACK_MS
    follows = newest.as_of_ms - settled_ms <= interval_ms_now
    begin = settled_ms if follows else newest.as_of_ms
    return _extended(start, until, value, begin, _known_until(newest, now_ms), newest.rate_8h)


def open_interest_steps(
    history: OpenInterestHistory | None, newest: OpenInterest | None, now_ms: int
) -> StepSeries:
    """Return open interest in coins; a reading holds until the next, at most ``READING_HOLDS``."""
    if history is None:
        start, until, value = _nothing()
    else:
        start, value = history.time_ms, history.open_interest_base
        distance = float(np.median(np.diff(start))) if len(start) > 1 else 0.0
        longest = round(READING_HOLDS * distance)
        until = np.minimum(np.append(start[1:], start[-1:] + longest), start + longest)
    if newest is None:
        return StepSeries(start_ms=start, until_ms=until, value=value)
    if len(start) and newest.as_of_ms <= start[-1]:
        until = np.append(until[:-1], max(int(until[-1]), _known_until(newest, now_ms)))
        return StepSeries(start_ms=start, until_ms=until, value=value)
    until = np.minimum(until, newest.as_of_ms)
    begin, end = newest.as_of_ms, _known_until(newest, now_ms)
    return _extended(start, until, value, begin, end, newest.open_interest_base)


def weighted_mean(values: Sequence[StepSeries], weights: Sequence[StepSeries]) -> StepSeries:
    """Return the mean of several series by weight, over those that are known with their weight."""
    edges = [edge for series in (*values, *weights) for edge in (series.start_ms, series.until_ms)]
    times = np.unique(np.concatenate(edges)) if edges else np.empty(0, np.int64)
    if len(times) < 2:
        start, until, mean = _nothing()
        return StepSeries(start_ms=start, until_ms=until, value=mean)
    value = np.stack([series.at(times[:-1]) for series in values])
    weight = np.stack([series.at(times[:-1]) for series in weights])
    counts = np.isfinite(value) & (weight > 0)
    total = np.sum(np.where(counts, weight, 0.0), axis=0)
    summed = np.sum(np.where(counts, value * weight, 0.0), axis=0)
    known = total > 0
    return StepSeries(
        start_ms=times[:-1][known], until_ms=times[1:][known], value=summed[known] / total[known]
    )


def _nothing() -> tuple[TimeArray, TimeArray, FloatArray]:
    return np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0)


def _known_until(newest: FundingRate | OpenInterest, now_ms: int) -> int:
    return max(newest.as_of_ms + 1, min(now_ms, newest.as_of_ms + newest.fresh_for_ms))


def _extended(
    start: TimeArray, until: TimeArray, value: FloatArray, begin: int, end: int, newest: float
) -> StepSeries:
    return StepSeries(
        start_ms=np.append(start, begin),
        until_ms=np.append(until, end),
        value=np.append(value, newest),
    )
