"""Series of several venues on one time axis, for charts and gauges.

A reading is held until the next one, but only while it is young: a venue that paused shows a hole
(NaN), never a line drawn through it, and nothing is drawn before its first reading.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from workstation.market.facts import (
    FloatArray,
    FundingHistory,
    FundingRate,
    OpenInterest,
    OpenInterestHistory,
    TimeArray,
)
from workstation.market.instrument import MarketKey
from workstation.market.series import merge_funding, merge_open_interest
from workstation.units import HOUR_MS, MINUTE_MS

OPEN_INTEREST_STEP_MS: Final = 5 * MINUTE_MS  # the finest that venues publish
HELD_STEPS: Final = 3  # how many of its usual steps a reading is held


@dataclass(frozen=True, slots=True, eq=False)
class Stack:
    """Rows of values, one a venue, on one axis; NaN where a venue is not known."""

    time_ms: TimeArray  # (n,)
    values: FloatArray  # (venues, n)
    venues: tuple[str, ...]

    def total(self) -> FloatArray:
        """Return the (n,) sums of what is known; NaN where nothing is."""
        total: FloatArray = np.nansum(self.values, axis=0)
        total[np.isnan(self.values).all(axis=0)] = np.nan
        return total


def open_interest_with_newest(
    history: OpenInterestHistory | None, newest: OpenInterest | None
) -> OpenInterestHistory | None:
    """Return the history with the reading of the present as its last row, where that is newer."""
    if newest is None or _is_older(newest.as_of_ms, history):
        return history
    row = OpenInterestHistory(
        key=newest.key,
        time_ms=np.array([newest.as_of_ms], dtype=np.int64),
        open_interest_base=np.array([newest.open_interest_base]),
        open_interest_usd=np.array([newest.open_interest_usd]),
    )
    return merge_open_interest(history, row)


def funding_with_newest(
    history: FundingHistory | None, newest: FundingRate | None
) -> FundingHistory | None:
    """Return settled funding with the running rate as its last row, where that is newer."""
    if newest is None or _is_older(newest.as_of_ms, history):
        return history
    row = FundingHistory(
        key=newest.key,
        time_ms=np.array([newest.as_of_ms], dtype=np.int64),
        funding_rate=np.array([newest.funding_rate]),
        interval_h=np.array([newest.interval_h]),
    )
    return merge_funding(history, row)


def rate_8h(history: FundingHistory) -> FloatArray:
    """Return the (n,) funding per 8 h, whatever the venue's own interval."""
    rate: FloatArray = history.funding_rate * 8.0 / history.interval_h
    return rate


def stack_open_interest(
    histories: Iterable[OpenInterestHistory],
    *,
    usd: bool = False,
    step_ms: int = OPEN_INTEREST_STEP_MS,
) -> Stack:
    """Return open interest by venue, in coins or USD; the markets of one venue are summed."""
    known = [history for history in histories if len(history)]
    axis = _axis([history.time_ms for history in known], step_ms)
    venues = tuple(dict.fromkeys(history.key.venue for history in known))
    values = np.full((len(venues), len(axis)), np.nan)
    for history in known:
        readings = history.open_interest_usd if usd else history.open_interest_base
        held = hold(history.time_ms, readings, axis, step_ms)
        row = values[venues.index(history.key.venue)]
        row[:] = np.where(np.isnan(row), held, row + np.nan_to_num(held))
    return Stack(axis, values, venues)


def weighted_funding(
    histories: Iterable[FundingHistory],
    open_interest: Mapping[MarketKey, OpenInterestHistory],
    *,
    step_ms: int = HOUR_MS,
) -> tuple[TimeArray, FloatArray]:
    """Return the mean of funding per 8 h, weighted by open interest in coins.

    A weight is the open interest last read; before the first reading, the first. A market of which
    none is known does not count.

    Returns
    -------
    (n,) times and the (n,) mean; NaN where no market's funding is known.
    """
    known = [
        history for history in histories if len(history) and len(open_interest.get(history.key, ()))
    ]
    axis = _axis([history.time_ms for history in known], step_ms)
    weighted, weights = np.zeros(len(axis)), np.zeros(len(axis))
    for history in known:
        rate = hold(history.time_ms, rate_8h(history), axis, step_ms)
        weight = np.where(np.isnan(rate), 0.0, _weight(open_interest[history.key], axis))
        weighted += weight * np.nan_to_num(rate)
        weights += weight
    mean = np.divide(weighted, weights, out=np.full(len(axis), np.nan), where=weights > 0)
    return axis, mean


def hold(time_ms: TimeArray, values: FloatArray, axis: TimeArray, step_ms: int) -> FloatArray:
    """Return the (n,) value last read at each time of ``axis``; NaN where that is too old.

    Too old is ``HELD_STEPS`` of the series' usual step, or of ``step_ms`` if that is longer.
    """
    usual_ms = float(np.median(np.diff(time_ms))) if len(time_ms) > 1 else 0.0
    last = np.searchsorted(time_ms, axis, side="right") - 1
    age_ms = axis - time_ms[np.maximum(last, 0)]
    young = (last >= 0) & (age_ms <= HELD_STEPS * max(usual_ms, step_ms))
    held: FloatArray = np.where(young, values[np.maximum(last, 0)], np.nan)
    return held


def _axis(times: Sequence[TimeArray], step_ms: int) -> TimeArray:
    # regular, and the newest reading as its last point
    if not times:
        return np.empty(0, np.int64)
    first, last = min(int(part[0]) for part in times), max(int(part[-1]) for part in times)
    regular = np.arange(-(-first // step_ms) * step_ms, last, step_ms)
    return np.append(regular, last).astype(np.int64)


def _weight(history: OpenInterestHistory, axis: TimeArray) -> FloatArray:
    last = np.searchsorted(history.time_ms, axis, side="right") - 1
    weight: FloatArray = history.open_interest_base[np.maximum(last, 0)]
    return weight


def _is_older(time_ms: int, history: OpenInterestHistory | FundingHistory | None) -> bool:
    return history is not None and len(history) > 0 and time_ms <= int(history.time_ms[-1])
