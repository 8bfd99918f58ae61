"""What the heatmap's book is fed with: bars of price, volume and one-sided open interest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from workstation.market.facts import (
    Candles,
    FloatArray,
    Liquidation,
    OpenInterestHistory,
    TimeArray,
)
from workstation.market.instrument import Side
from workstation.risk.kernels.book import LONG, SHORT, IntArray, begins_with
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
        known = self.open_interest_base > 0
        return int(self.time_ms[np.argmax(known)]) if known.any() else None

    def repeats(self, other: Bars) -> bool:
        """Tell whether these bars are, figure by figure, the first bars of ``other``."""
        return len(self) <= len(other) and begins_with(other._bits(), self._bits())

    def _bits(self) -> tuple[IntArray, ...]:
        # what is not known is equal to itself
        return tuple(getattr(self, name).view(np.int64) for name in COLUMNS)


def join_pieces(pieces: Sequence[Bars]) -> Bars:
    """Return consecutive pieces of one market's bars, at least one, as one."""
    columns = {name: np.concatenate([getattr(bars, name) for bars in pieces]) for name in COLUMNS}
    return Bars(interval_ms=pieces[0].interval_ms, **columns)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Observed:
    """What a venue published as liquidated in each of some bars.

    ``base`` is (n, 2) coins of longs and shorts, NaN where the feed or open interest is not known.
    ``orders`` is (m, 2): Unix second and side of every order in these bars; ``bar`` is (m,): the
    row of its bar.
    """

    base: FloatArray
    orders: IntArray
    bar: IntArray

    def __len__(self) -> int:
        return len(self.base)

    def __getitem__(self, rows: slice) -> Observed:
        begin, end, _ = rows.indices(len(self.base))
        first, last = np.searchsorted(self.bar, [begin, end])
        return Observed(
            base=self.base[rows], orders=self.orders[first:last], bar=self.bar[first:last] - begin
        )


def join_observed(pieces: Sequence[Observed]) -> Observed:
    """Return consecutive pieces as one."""
    starts = np.cumsum([0, *(len(piece) for piece in pieces)])
    return Observed(
        base=np.concatenate([np.empty((0, 2)), *(piece.base for piece in pieces)]),
        orders=np.concatenate([np.empty((0, 2), np.int64), *(piece.orders for piece in pieces)]),
        bar=np.concatenate(
            [
                np.empty(0, np.int64),
                *(piece.bar + at for piece, at in zip(pieces, starts[:-1], strict=True)),
            ]
        ),
    )


def observe(bars: Bars, liquidations: Sequence[Liquidation]) -> Observed:
    """Add up the liquidations of one market by bar and side.

    A liquidation belongs to the bar that has begun when it happens. The feed counts as running
    from the first of them on; one outside all bars is left out.
    """
    times = np.array([row.time_ms for row in liquidations], np.int64)
    side = np.array([LONG if row.side is Side.LONG else SHORT for row in liquidations], np.int64)
    quantity = np.array([row.quantity_base for row in liquidations], np.float64)
    order = np.argsort(times, kind="stable")
    times, side, quantity = times[order], side[order], quantity[order]
    bar = np.searchsorted(bars.time_ms, times, "right") - 1
    inside = bar >= 0
    inside[inside] = times[inside] < bars.time_ms[bar[inside]] + bars.interval_ms
    base = np.zeros((len(bars), 2))
    np.add.at(base, (bar[inside], side[inside]), quantity[inside])
    if len(times):
        base[bars.time_ms + bars.interval_ms <= times[0]] = np.nan
    else:
        base[:] = np.nan
    base[np.isnan(bars.open_interest_base)] = np.nan  # nothing can be expected there
    orders = np.stack([times // SECOND_MS, side], axis=1)[inside]
    return Observed(base=base, orders=orders, bar=bar[inside])


def join_bars(candles: Candles, interest: OpenInterestHistory, start_ms: int = 0) -> Bars:
    """Give every candle from ``start_ms`` on the open interest that was last known at its end.

    A candle without a price is a missing one.
    """
    first = int(np.searchsorted(candles.time_ms, start_ms))
    opened, high, low, close, volume = (column[first:] for column in candles.columns())
    priced = (opened > 0) & (high > 0) & (low > 0) & (close > 0)
    rows = slice(None) if priced.all() else priced
    times = candles.time_ms[first:][rows].copy()  # kernels are compiled anew for strided arrays
    opened, high, low, close, volume = (
        column[rows].copy() for column in (opened, high, low, close, volume)
    )
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
