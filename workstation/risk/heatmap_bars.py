"""What the heatmap's book is fed with: bars of price, volume and one-sided open interest."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from workstation.market.facts import (
    Candles,
    FloatArray,
    OpenInterestHistory,
    TimeArray,
)
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

    def begin_ms(self) -> int | None:
        """Return the open time of the first bar that ends with a known open interest."""
        known = np.flatnonzero(self.open_interest_base > 0)
        return int(self.time_ms[known[0]]) if len(known) else None

    def repeats(self, other: Bars) -> bool:
        """Tell whether these bars are, figure by figure, the first bars of ``other``."""
        return len(self) <= len(other) and all(
            np.array_equal(getattr(self, name), getattr(other, name)[: len(self)], equal_nan=True)
            for name in COLUMNS
        )


def join_bars(candles: Candles, interest: OpenInterestHistory, start_ms: int = 0) -> Bars:
    """Give every candle from ``start_ms`` on the open interest that was last known at its end.

    A candle without a price is a missing one.
    """
    priced = np.prod(candles.columns()[:4], axis=0) > 0
    rows = (candles.time_ms >= start_ms) & priced
    times = candles.time_ms[rows]  # copies: kernels are compiled anew for strided arrays
    opened, high, low, close, volume = (column[rows] for column in candles.columns())
    last_known = np.searchsorted(interest.time_ms, times + candles.interval_s * SECOND_MS, "right")
    open_interest = np.append(np.nan, interest.open_interest_base)[last_known]
    return Bars(
        interval_ms=candles.interval_s * SECOND_MS,
        time_ms=times,
        low=low,
        high=high,
        close=close,
        middle=(opened + close) / 2,
        volume_base=volume,
        open_interest_base=open_interest,
    )


def open_from_ms(candles: Candles, interest: OpenInterestHistory) -> int:
    """Return the time from which on bars can still change.

    That is the last candle, and every candle whose end the open interest has not reached yet.
    """
    reached = int(interest.time_ms[-1]) - candles.interval_s * SECOND_MS + 1
    return min(int(candles.time_ms[-1]), reached)
