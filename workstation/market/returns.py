"""Log returns of candles over equal steps; across a hole there is none."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import numpy as np

from workstation.market.facts import Candles, FloatArray, TimeArray
from workstation.units import HOUR_MS, SECOND_MS

_HOUR_S: Final = HOUR_MS // SECOND_MS


def step_closes(candles: Candles, step_ms: int) -> tuple[TimeArray, FloatArray]:
    """Return the ends of whole steps and the closes there; the last candle may be unfinished."""
    ends = candles.time_ms[:-1] + candles.interval_s * SECOND_MS
    whole = ends % step_ms == 0
    return ends[whole], candles.close[:-1][whole]


def step_returns(candles: Candles, step_ms: int) -> FloatArray:
    """Return the log returns of consecutive steps, those across a missing candle left out."""
    times, closes = step_closes(candles, step_ms)
    returns: FloatArray = np.diff(np.log(closes))[np.diff(times) == step_ms]
    return returns


def longest_hourly(series: Iterable[Candles]) -> Candles | None:
    """Return the candles with the most hours, of an hour and shorter; ``None`` without any."""
    usable = [candles for candles in series if candles.interval_s <= _HOUR_S and len(candles) > 1]
    return max(usable, key=_span_ms, default=None)


def hourly_table(series: Mapping[str, Candles]) -> dict[str, FloatArray]:
    """Return hourly log returns over the same hours by name; NaN where one is missing."""
    closes = {name: step_closes(candles, HOUR_MS) for name, candles in series.items()}
    ends = [times for times, _ in closes.values() if len(times)]
    if not ends:
        return {}
    first, last = min(int(times[0]) for times in ends), max(int(times[-1]) for times in ends)
    count = (last - first) // HOUR_MS + 1
    table = {}
    for name, (times, prices) in closes.items():
        row = np.full(count, np.nan)
        row[(times - first) // HOUR_MS] = np.log(prices)
        table[name] = np.diff(row)
    return table


def _span_ms(candles: Candles) -> int:
    return int(candles.time_ms[-1] - candles.time_ms[0])
