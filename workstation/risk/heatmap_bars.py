"""What the heatmap's book is fed with: bars of price, volume and one-sided open interest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workstation.market.facts import (
    Candles,
    FloatArray,
    Liquidation,
    OpenInterestHistory,
    TimeArray,
)
from workstation.market.instrument import Side
from workstation.risk.kernels.bars import CandleArrays, IntArray, PriceBars, add_orders, join
from workstation.risk.kernels.book import LONG, SHORT
from workstation.units import SECOND_MS


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
        return Bars.of(self.interval_ms, self.columns(), rows)

    @classmethod
    def of(cls, interval_ms: int, columns: PriceBars, rows: slice = slice(None)) -> Bars:
        """Return rows of columns as bars."""
        return cls(
            interval_ms=interval_ms,
            time_ms=columns.time_ms[rows],
            low=columns.low[rows],
            high=columns.high[rows],
            close=columns.close[rows],
            middle=columns.middle[rows],
            volume_base=columns.volume_base[rows],
            open_interest_base=columns.open_interest_base[rows],
        )

    def columns(self) -> PriceBars:
        """Return the columns as kernels want them."""
        return PriceBars(
            self.time_ms,
            self.low,
            self.high,
            self.close,
            self.middle,
            self.volume_base,
            self.open_interest_base,
        )

    def begin_ms(self) -> int | None:
        """Return the open time of the first bar that ends with a known open interest."""
        if len(self) and self.open_interest_base[0] > 0:
            return int(self.time_ms[0])
        known = self.open_interest_base > 0
        return int(self.time_ms[np.argmax(known)]) if known.any() else None


def join_pieces(pieces: Sequence[Bars]) -> Bars:
    """Return consecutive pieces of one market's bars, at least one, as one."""
    columns = zip(*(bars.columns() for bars in pieces), strict=True)
    return Bars.of(pieces[0].interval_ms, PriceBars(*map(np.concatenate, columns)))


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


def observe(
    bars: Bars, liquidations: Sequence[Liquidation], since_ms: int | None = None
) -> Observed:
    """Add up the liquidations of one market by bar and side.

    A liquidation belongs to the bar that has begun when it happens; one outside all bars is left
    out. The feed counts as running from ``since_ms`` on, or else from the first of them.
    """
    rows = sorted(liquidations, key=lambda row: row.time_ms)
    times = np.array([row.time_ms for row in rows], np.int64)
    side = np.array([LONG if row.side is Side.LONG else SHORT for row in rows], np.int64)
    quantity = np.array([row.quantity_base for row in rows], np.float64)
    bar, base = add_orders(times, side, quantity, bars.time_ms, bars.interval_ms)
    inside = bar >= 0
    if since_ms is None and len(times):
        since_ms = int(times[0])
    if since_ms is not None:
        base[bars.time_ms + bars.interval_ms <= since_ms] = np.nan
    else:
        base[:] = np.nan
    base[np.isnan(bars.open_interest_base)] = np.nan  # nothing can be expected there
    orders = np.stack([times // SECOND_MS, side], axis=1)[inside]
    return Observed(base=base, orders=orders, bar=bar[inside])


class BarLog:
    """The bars of one market, joined again whenever candles or open interest have changed.

    Bars that stayed as they were are not written again, so a new bar costs a look at the others.
    Those that were handed out earlier hold as far as they ``stayed``, and are written over beyond.
    """

    def __init__(self) -> None:
        self.stayed = 0  # how many of the bars before the last joining still are as they were
        self._bars = _room(0)
        self._count = 0
        self._first_ms: int | None = None
        self._interval_ms = 0

    def join(self, candles: Candles, interest: OpenInterestHistory, start_ms: int = 0) -> Bars:
        """Give every candle from ``start_ms`` on the open interest that was last known at its end.

        A candle without a price is a missing one.
        """
        first = int(np.searchsorted(candles.time_ms, start_ms))
        columns = CandleArrays(
            *(_plain(column[first:]) for column in (candles.time_ms, *candles.columns()))
        )
        self._make_room(columns, candles.interval_s * SECOND_MS)
        self._count, self.stayed = join(
            columns,
            _plain(interest.time_ms),
            _plain(interest.open_interest_base),
            self._interval_ms,
            self._bars,
            self._count,
        )
        return Bars.of(self._interval_ms, self._bars, slice(self._count))

    def _make_room(self, candles: CandleArrays, interval_ms: int) -> None:
        first_ms = int(candles.time_ms[0]) if len(candles.time_ms) else None
        if (first_ms, interval_ms) != (self._first_ms, self._interval_ms):
            self._first_ms, self._interval_ms, self._count = first_ms, interval_ms, 0
            self._bars = _room(len(candles.time_ms))
        elif len(candles.time_ms) > len(self._bars.time_ms):
            known, self._bars = self._bars, _room(len(candles.time_ms))
            for old, new in zip(known, self._bars, strict=True):
                new[: self._count] = old[: self._count]


def _room(bars: int) -> PriceBars:
    room = bars + bars // 8 + 64
    return PriceBars(np.empty(room, np.int64), *(np.empty(room) for _ in range(6)))


def _plain(column: NDArray[Any]) -> NDArray[Any]:
    # kernels are compiled anew for arrays that are strided or not to be written
    return column if column.flags.carray else column.copy()


def join_bars(candles: Candles, interest: OpenInterestHistory, start_ms: int = 0) -> Bars:
    """Join the bars of one market once; see ``BarLog``."""
    return BarLog().join(candles, interest, start_ms)


def open_from_ms(candles: Candles, interest: OpenInterestHistory) -> int:
    """Return the time from which on bars can still change.

    That is the last candle, and every candle whose end the open interest has not reached yet.
    """
    reached = int(interest.time_ms[-1]) - candles.interval_s * SECOND_MS + 1
    return min(int(candles.time_ms[-1]), reached)
