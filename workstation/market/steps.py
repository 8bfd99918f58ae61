"""Values that hold for a while: funding between settlements, open interest between readings.

A step series says from when until when each value held. Where nothing is known it has a hole: no
value is carried further than it was true.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
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
from workstation.units import DAY_MS, HOUR_MS

READING_HOLDS: Final = 3.0  # usual distances of two readings, as facts.py judges freshness
_SETTLEMENT_SLACK_MS: Final = 60_000  # venues stamp a settlement some seconds after the hour
_OPEN_MS: Final = DAY_MS  # how much at the end of a running mean is computed anew at least
_KEPT: Final = 32  # histories whose steps are kept: frozen, so they are known by identity


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

    def since(self, time_ms: int) -> StepSeries:
        """Return what holds from a time on."""
        rows = slice(int(np.searchsorted(self.until_ms, time_ms, side="right")), None)
        start = np.maximum(self.start_ms[rows], time_ms)
        return StepSeries(start_ms=start, until_ms=self.until_ms[rows], value=self.value[rows])

    def before(self, time_ms: int) -> StepSeries:
        """Return what holds up to a time."""
        rows = slice(0, int(np.searchsorted(self.start_ms, time_ms)))
        until = np.minimum(self.until_ms[rows], time_ms)
        return StepSeries(start_ms=self.start_ms[rows], until_ms=until, value=self.value[rows])


_NOTHING: Final = StepSeries(
    start_ms=np.empty(0, np.int64), until_ms=np.empty(0, np.int64), value=np.empty(0)
)


def funding_steps(
    history: FundingHistory | None, newest: FundingRate | None, now_ms: int
) -> StepSeries:
    """Return funding per 8 h, a fraction: settled rates over their intervals, then the running one.

    That holds from the last settlement (where the history ends further back than one
    interval: from when it was read) until now, or until it went stale.
    """
    settled = _NOTHING if history is None else _funding_history_steps(history)
    if newest is None:
        return settled
    until = settled.until_ms
    settled_ms = int(until[-1]) if len(until) else 0
    interval_ms_now = newest.interval_h * HOUR_MS + _SETTLEMENT_SLACK_MS
    follows = newest.as_of_ms - settled_ms <= interval_ms_now
    begin = settled_ms if follows else newest.as_of_ms
    return _extended(settled, begin, _known_until(newest, now_ms), newest.rate_8h)


def open_interest_steps(
    history: OpenInterestHistory | None, newest: OpenInterest | None, now_ms: int
) -> StepSeries:
    """Return open interest in coins; a reading holds until the next, at most ``READING_HOLDS``."""
    read = _NOTHING if history is None else _open_interest_history_steps(history)
    if newest is None:
        return read
    begin, end = newest.as_of_ms, _known_until(newest, now_ms)
    last_ms = int(read.start_ms[-1]) if len(read) else begin - 1
    if begin <= last_ms:
        until = np.append(read.until_ms[:-1], max(int(read.until_ms[-1]), end))
        return StepSeries(start_ms=read.start_ms, until_ms=until, value=read.value)
    return _extended(read.before(begin), begin, end, newest.open_interest_base)


@lru_cache(maxsize=_KEPT)
def _funding_history_steps(history: FundingHistory) -> StepSeries:
    start = (history.time_ms - history.interval_h * HOUR_MS).astype(np.int64)
    until = history.time_ms
    # a stamp a little late makes no hole and no overlap
    near = np.abs(start[1:] - until[:-1]) <= _SETTLEMENT_SLACK_MS
    start[1:] = np.where(near, until[:-1], np.maximum(start[1:], until[:-1]))
    rate_8h = history.funding_rate * 8.0 / history.interval_h
    return StepSeries(start_ms=start, until_ms=until, value=rate_8h)


@lru_cache(maxsize=_KEPT)
def _open_interest_history_steps(history: OpenInterestHistory) -> StepSeries:
    start = history.time_ms
    distance = float(np.median(np.diff(start))) if len(start) > 1 else 0.0
    longest = round(READING_HOLDS * distance)
    until = np.minimum(np.append(start[1:], start[-1:] + longest), start + longest)
    return StepSeries(start_ms=start, until_ms=until, value=history.open_interest_base)


def weighted_mean(values: Sequence[StepSeries], weights: Sequence[StepSeries]) -> StepSeries:
    """Return the mean of several series by weight, over those that are known with their weight."""
    edges = [edge for series in (*values, *weights) for edge in (series.start_ms, series.until_ms)]
    times = np.unique(np.concatenate(edges)) if edges else np.empty(0, np.int64)
    if len(times) < 2:
        return _NOTHING
    value = np.stack([series.at(times[:-1]) for series in values])
    weight = np.stack([series.at(times[:-1]) for series in weights])
    counts = np.isfinite(value) & (weight > 0)
    total = np.sum(np.where(counts, weight, 0.0), axis=0)
    summed = np.sum(np.where(counts, value * weight, 0.0), axis=0)
    known = total > 0
    return StepSeries(
        start_ms=times[:-1][known], until_ms=times[1:][known], value=summed[known] / total[known]
    )


class RunningMean:
    """The weighted mean of series that grow: only their last day or two are computed anew.

    What lies before is kept while the series' rows there stay as many and add up to the same.
    """

    def __init__(self) -> None:
        self._settled = _NOTHING
        self._until_ms = 0
        self._marks: tuple[object, ...] = ()

    def __call__(self, values: Sequence[StepSeries], weights: Sequence[StepSeries]) -> StepSeries:
        """Return ``weighted_mean(values, weights)``."""
        series = (*values, *weights)
        ends = [int(item.until_ms[-1]) for item in series if len(item)]
        if not ends:
            return _NOTHING
        if max(ends) - self._until_ms > 2 * _OPEN_MS or self._marks != self._mark(series):
            self._until_ms = max(ends) - _OPEN_MS
            self._marks = self._mark(series)
            self._settled = weighted_mean(values, weights).before(self._until_ms)
        since = [item.since(self._until_ms) for item in series]
        return _joined(self._settled, weighted_mean(since[: len(values)], since[len(values) :]))

    def _mark(self, series: Sequence[StepSeries]) -> tuple[object, ...]:
        return tuple(_mark(item.before(self._until_ms)) for item in series)


def _mark(series: StepSeries) -> tuple[object, ...]:
    return len(series), int(series.until_ms.sum()), float(series.value.sum())


def _joined(first: StepSeries, second: StepSeries) -> StepSeries:
    return StepSeries(
        start_ms=np.concatenate((first.start_ms, second.start_ms)),
        until_ms=np.concatenate((first.until_ms, second.until_ms)),
        value=np.concatenate((first.value, second.value)),
    )


def _known_until(newest: FundingRate | OpenInterest, now_ms: int) -> int:
    return max(newest.as_of_ms + 1, min(now_ms, newest.as_of_ms + newest.fresh_for_ms))


def _extended(known: StepSeries, begin: int, end: int, newest: float) -> StepSeries:
    return StepSeries(
        start_ms=np.append(known.start_ms, begin),
        until_ms=np.append(known.until_ms, end),
        value=np.append(known.value, newest),
    )
