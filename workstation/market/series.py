"""Bounded series: how new rows join known ones. Sorted, unique, later rows win."""

from __future__ import annotations

import dataclasses
from typing import Final

import numpy as np

from workstation.market.facts import (
    Candles,
    FloatArray,
    FundingHistory,
    OpenInterestHistory,
    TimeArray,
)

MAX_ROWS: Final = 1_200_000  # of one series: two years of minutes; the oldest rows go first


def merge_candles(known: Candles | None, new: Candles) -> Candles:
    """Return ``known`` with the rows of ``new`` added or replaced."""
    if known is None:
        return new
    time_ms, columns = _merge(known.time_ms, known.columns(), new.time_ms, new.columns())
    opened, high, low, close, volume = columns
    return Candles(
        key=known.key,
        interval_s=known.interval_s,
        price=known.price,
        time_ms=time_ms,
        open=opened,
        high=high,
        low=low,
        close=close,
        volume_base=volume,
    )


def aggregate_candles(candles: Candles, interval_s: int) -> Candles:
    """Return candles of a longer interval, a multiple of theirs; bars without rows stay missing.

    Raises
    ------
    ValueError
        ``interval_s`` is not a multiple of the candles' interval.
    """
    if interval_s == candles.interval_s or not len(candles):
        return dataclasses.replace(candles, interval_s=interval_s)
    if interval_s % candles.interval_s:
        raise ValueError(f"{candles.interval_s} s candles do not make {interval_s} s ones")
    step_ms = interval_s * 1_000
    opens = candles.time_ms // step_ms * step_ms
    first = np.flatnonzero(np.diff(opens, prepend=opens[0] - 1))
    last = np.append(first[1:], len(opens)) - 1
    return dataclasses.replace(
        candles,
        interval_s=interval_s,
        time_ms=opens[first],
        open=candles.open[first],
        high=np.maximum.reduceat(candles.high, first),
        low=np.minimum.reduceat(candles.low, first),
        close=candles.close[last],
        volume_base=np.add.reduceat(candles.volume_base, first),
    )


def merge_funding(known: FundingHistory | None, new: FundingHistory) -> FundingHistory:
    """Return ``known`` with the rows of ``new`` added or replaced."""
    if known is None:
        return new
    time_ms, (rate, interval_h) = _merge(
        known.time_ms,
        (known.funding_rate, known.interval_h),
        new.time_ms,
        (new.funding_rate, new.interval_h),
    )
    return FundingHistory(key=known.key, time_ms=time_ms, funding_rate=rate, interval_h=interval_h)


def merge_open_interest(
    known: OpenInterestHistory | None, new: OpenInterestHistory
) -> OpenInterestHistory:
    """Return ``known`` with the rows of ``new`` added or replaced."""
    if known is None:
        return new
    time_ms, (base, usd) = _merge(
        known.time_ms,
        (known.open_interest_base, known.open_interest_usd),
        new.time_ms,
        (new.open_interest_base, new.open_interest_usd),
    )
    return OpenInterestHistory(
        key=known.key, time_ms=time_ms, open_interest_base=base, open_interest_usd=usd
    )


def _merge(
    known_ms: TimeArray,
    known: tuple[FloatArray, ...],
    new_ms: TimeArray,
    new: tuple[FloatArray, ...],
) -> tuple[TimeArray, tuple[FloatArray, ...]]:
    if not len(new_ms):
        return known_ms, known
    if not len(known_ms):
        return new_ms, new
    keep = slice(0, int(np.searchsorted(known_ms, new_ms[0])))
    replaced = known_ms[keep.stop :]
    if not np.array_equal(replaced, new_ms[: len(replaced)]):
        return _interleave(known_ms, known, new_ms, new)
    # the usual case: the newest rows replaced, rows appended
    times = np.concatenate([known_ms[keep], new_ms])
    columns = tuple(np.concatenate([old[keep], add]) for old, add in zip(known, new, strict=True))
    return times[-MAX_ROWS:], tuple(column[-MAX_ROWS:] for column in columns)


def _interleave(
    known_ms: TimeArray,
    known: tuple[FloatArray, ...],
    new_ms: TimeArray,
    new: tuple[FloatArray, ...],
) -> tuple[TimeArray, tuple[FloatArray, ...]]:
    stays = ~np.isin(known_ms, new_ms)
    times = np.concatenate([known_ms[stays], new_ms])
    order = np.argsort(times, kind="stable")[-MAX_ROWS:]
    columns = tuple(
        np.concatenate([old[stays], add])[order] for old, add in zip(known, new, strict=True)
    )
    return times[order], columns
