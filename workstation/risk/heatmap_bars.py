"""What the heatmap's book is fed with: bars of price, volume and one-sided open interest."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workstation.market.facts import Candles, FloatArray, OpenInterestHistory, TimeArray
from workstation.units import SECOND_MS

COLUMNS = ("time_ms", "low", "high", "close", "middle", "volume_base", "open_interest_base")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Bars:
    """Bars of one market: columns of one length, sorted by open time; a missing bar is missing.

    ``middle`` is where volume at price has its peak; ``open_interest_base`` is what was last known
    when the bar ended, NaN before the first reading.
    """

    interval_ms: int
    time_ms: TimeArray
    low: FloatArray
    high: FloatArray
    close: FloatArray
    middle: FloatArray
    volume_base: FloatArray
    open_interest_base: FloatArray

    def __len__(self) -> int:
        return len(self.time_ms)

    def __getitem__(self, rows: slice) -> Bars:
        columns = {name: getattr(self, name)[rows] for name in COLUMNS}
        return Bars(interval_ms=self.interval_ms, **columns)

    def repeats(self, other: Bars) -> bool:
        """Tell whether these bars are, figure by figure, the first bars of ``other``."""
        return len(self) <= len(other) and all(
            np.array_equal(getattr(self, name), getattr(other, name)[: len(self)], equal_nan=True)
            for name in COLUMNS
        )


def join_bars(candles: Candles, interest: OpenInterestHistory) -> Bars:
    """Give every candle the open interest that was last known when it ended."""
    ends = candles.time_ms + candles.interval_s * SECOND_MS
    last_known = np.searchsorted(interest.time_ms, ends, side="right") - 1
    known = last_known >= 0
    open_interest = np.full(len(candles), np.nan)
    open_interest[known] = interest.open_interest_base[last_known[known]]
    return Bars(
        interval_ms=candles.interval_s * SECOND_MS,
        time_ms=candles.time_ms,
        low=candles.low,
        high=candles.high,
        close=candles.close,
        middle=(candles.open + candles.close) / 2,
        volume_base=candles.volume_base,
        open_interest_base=open_interest,
    )


def settled(candles: Candles, interest: OpenInterestHistory) -> NDArray[np.bool_]:
    """Tell which bars can no longer change: a later one has begun, and so has open interest's.

    A bar whose end no reading of open interest has reached yet may still get a later one.
    """
    ends = candles.time_ms + candles.interval_s * SECOND_MS
    newest = interest.time_ms[-1] if len(interest) else np.iinfo(np.int64).min
    done: NDArray[np.bool_] = ends <= newest
    done[-1:] = False
    return done
