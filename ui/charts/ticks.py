"""Where the ticks of an axis stand, and what they say."""

from __future__ import annotations

import functools
import math
from typing import Final

import numpy as np

from workstation.units import DAY_MS, HOUR_MS, MINUTE_MS, to_datetime

_MONTH_MS: Final = 30 * DAY_MS
_WEEK_MS: Final = 7 * DAY_MS
_MONDAY_MS: Final = 4 * DAY_MS  # 1970-01-05 was one
_TIME_STEPS_MS: Final = (
    *(minutes * MINUTE_MS for minutes in (1, 2, 5, 10, 15, 30)),
    *(hours * HOUR_MS for hours in (1, 2, 3, 6, 12)),
    *(days * DAY_MS for days in (1, 2)),
    _WEEK_MS,
)
_MONTH_STEPS: Final = (1, 3, 6, 12, 24, 60)


def nice_step(least: float) -> float:
    """Return the smallest of 1, 2 and 5 times a power of ten that is not below ``least``."""
    power = 10.0 ** math.floor(math.log10(least))
    return next(power * factor for factor in (1, 2, 5, 10) if power * factor >= least * 0.9999)


def value_step(low: float, high: float, most: int) -> float:
    """Return the distance of at most about ``most`` round values between two values."""
    return nice_step((high - low) / most)


def value_ticks(low: float, high: float, most: int) -> list[float]:
    """Return at most about ``most`` round values between two values."""
    if not high > low or most < 1:
        return []
    step = value_step(low, high, most)
    return [k * step for k in range(math.ceil(low / step), math.floor(high / step) + 1)]


@functools.lru_cache(maxsize=4)  # grids and axes of charts with one time axis ask in turn
def time_ticks(start_ms: float, end_ms: float, most: int) -> tuple[tuple[int, str], ...]:
    """Return at most about ``most`` round UTC times and their labels.

    A label is the time of day, the date where a day begins, the year where a year begins.
    """
    least = (end_ms - start_ms) / max(1, most)
    step = next((step for step in _TIME_STEPS_MS if step >= least), None)
    times = _months(start_ms, end_ms, least) if step is None else _steps(start_ms, end_ms, step)
    return tuple((time_ms, _label(time_ms)) for time_ms in times)


def _steps(start_ms: float, end_ms: float, step: int) -> list[int]:
    origin = _MONDAY_MS if step == _WEEK_MS else 0
    first = math.ceil((start_ms - origin) / step) * step + origin
    return list(range(first, math.floor(end_ms) + 1, step))


def _months(start_ms: float, end_ms: float, least: float) -> list[int]:
    months = next((n for n in _MONTH_STEPS if n * _MONTH_MS >= least), _MONTH_STEPS[-1])
    first = np.datetime64(math.floor(start_ms), "ms").astype("datetime64[M]").astype(int)
    last = np.datetime64(math.floor(end_ms), "ms").astype("datetime64[M]").astype(int)
    numbers = np.arange(-(-first // months) * months, last + 1, months)
    times = numbers.astype("datetime64[M]").astype("datetime64[ms]").astype(np.int64)
    return [int(time_ms) for time_ms in times if time_ms >= start_ms]


def _label(time_ms: int) -> str:
    moment = to_datetime(time_ms)
    if time_ms % DAY_MS:
        return f"{moment:%H:%M}"
    if (moment.month, moment.day) == (1, 1):
        return f"{moment:%Y}"
    return f"{moment.day} {moment:%b}"
