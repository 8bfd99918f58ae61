"""The histories a venue is asked for: which rows are missing, and how rows become a series.

A history starts as one missing range, from its depth to now, and is asked for in pages, newest
first, so that a chart fills from its right edge. Afterwards only what came since is missing. A hole
between two rows is asked for once more; if the venue has nothing there, it stays a hole.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from typing import Any, Final

import numpy as np

from workstation.exchanges.base import ExchangeAdapter, Market
from workstation.market.facts import (
    CandlePrice,
    Candles,
    FloatArray,
    FundingHistory,
    OpenInterestHistory,
    TimeArray,
)
from workstation.units import DAY_MS, HOUR_MS, SECOND_MS

CANDLES: Final = 1_000
DAY_HOURS: Final = 26  # the moment a day ago lies within them, whatever the minute is
YEAR_HOURS: Final = 8_760
FUNDING_DAYS: Final = 90
_INTERVALS_H: Final = (1.0, 2.0, 4.0, 8.0)
_AHEAD_MS: Final = HOUR_MS  # a row further in the future than a wrong clock explains is rubbish

Range = tuple[int, int]


class Series(ABC):
    """One history of one market: what is known of it by time, and what is still to be asked for.

    ``step_ms`` is the time between two rows, ``page_ms`` what one call covers.
    """

    kind: str  # the argument of ``Outbox.put``
    refresh_s: float
    regular = True  # whether two rows are always a step apart, so that a hole can be told

    def __init__(self, market: Market, *, step_ms: int, page_rows: int, depth_ms: int) -> None:
        self.market = market
        self.step_ms = step_ms
        self.page_ms = step_ms * page_rows
        self.depth_ms = depth_ms
        self.times: TimeArray = np.empty(0, dtype=np.int64)
        self._missing: list[Range] = []
        self._asked_again: set[Range] = set()
        self._asked_to_ms: int | None = None

    @property
    def identity(self) -> tuple[Any, ...]:
        return (type(self).__name__, self.market.key)

    @property
    def complete(self) -> bool:
        """Whether nothing is left to ask for until the next refresh."""
        return not self._missing

    def refresh(self, now_ms: int) -> None:
        """Add what came since the last time to what is missing."""
        since_ms = now_ms - self.depth_ms
        if self._asked_to_ms is not None:
            newest_ms = int(self.times[-1]) if len(self.times) else since_ms
            since_ms = max(since_ms, min(newest_ms, self._asked_to_ms))
        self._missing += pages(since_ms, now_ms, self.page_ms)
        self._asked_to_ms = now_ms

    def next_page(self) -> Range:
        return self._missing[-1]

    def take(self, rows: FloatArray, now_ms: int) -> FloatArray:
        """Note the answer to ``next_page``; return its good rows, sorted and unique."""
        self._missing.pop()
        rows = clean(rows, now_ms + _AHEAD_MS)
        self.times = np.union1d(self.times, rows[:, 0].astype(np.int64))
        if not self._missing and self.regular:
            holes = gaps(self.times, self.step_ms, self.page_ms)
            again = [hole for hole in holes if hole not in self._asked_again]
            self._asked_again.update(again)
            self._missing = again
        return rows

    @abstractmethod
    async def ask(self, adapter: ExchangeAdapter, page: Range) -> FloatArray:
        """Return the rows of a page, the time in the first column."""

    @abstractmethod
    def facts(self, rows: FloatArray) -> Any:
        """Return rows as the frozen series that leaves the feed."""


class CandleSeries(Series):
    """Candles of one interval."""

    kind = "candles"

    def __init__(
        self,
        market: Market,
        interval_s: int,
        price: CandlePrice,
        rows: int,
        refresh_s: float,
        *,
        depth: int = CANDLES,
    ) -> None:
        step_ms = interval_s * SECOND_MS
        super().__init__(
            market,
            step_ms=step_ms,
            page_rows=min(rows, CANDLES) - 1,  # a page that begins inside a candle has one more
            depth_ms=(depth - 1) * step_ms,
        )
        self.interval_s = interval_s
        self.price = price
        self.refresh_s = refresh_s

    @property
    def identity(self) -> tuple[Any, ...]:
        return (*super().identity, self.interval_s, self.price, self.depth_ms)

    async def ask(self, adapter: ExchangeAdapter, page: Range) -> FloatArray:
        first_ms = page[0] // self.step_ms * self.step_ms
        rows = (page[1] - first_ms) // self.step_ms + 1
        table = await adapter.candles(self.market, self.interval_s, self.price, first_ms, rows)
        aligned: FloatArray = table[table[:, 0] % self.step_ms == 0]
        return aligned

    def facts(self, rows: FloatArray) -> Candles:
        opened, high, low, close, volume = (np.ascontiguousarray(c) for c in rows[:, 1:].T)
        return Candles(
            key=self.market.key,
            interval_s=self.interval_s,
            price=self.price,
            time_ms=rows[:, 0].astype(np.int64),
            open=opened,
            high=high,
            low=low,
            close=close,
            volume_base=volume,
        )


class FundingSeries(Series):
    """Settled funding."""

    kind = "funding"
    refresh_s = 600.0
    regular = False  # venues change a market's interval

    def __init__(self, market: Market, step_h: Callable[[Market], float], rows: int) -> None:
        super().__init__(market, step_ms=HOUR_MS, page_rows=rows, depth_ms=FUNDING_DAYS * DAY_MS)
        self._step_h = step_h
        self._rows = rows

    def refresh(self, now_ms: int) -> None:
        """Add what came; the interval is known by now, since the present was asked first."""
        self.step_ms = round(self._step_h(self.market) * HOUR_MS)
        self.page_ms = self._rows * self.step_ms
        super().refresh(now_ms)

    async def ask(self, adapter: ExchangeAdapter, page: Range) -> FloatArray:
        return await adapter.funding_history(self.market, *page)

    def facts(self, rows: FloatArray) -> FundingHistory:
        time_ms = rows[:, 0].astype(np.int64)
        return FundingHistory(
            key=self.market.key,
            time_ms=time_ms,
            funding_rate=np.ascontiguousarray(rows[:, 1]),
            interval_h=intervals_h(time_ms, self.step_ms / HOUR_MS),
        )


class OpenInterestSeries(Series):
    """One-sided open interest, hourly."""

    kind = "open_interest"
    refresh_s = 300.0

    def __init__(self, market: Market, days: int, rows: int) -> None:
        super().__init__(market, step_ms=HOUR_MS, page_rows=rows, depth_ms=days * DAY_MS)

    async def ask(self, adapter: ExchangeAdapter, page: Range) -> FloatArray:
        return await adapter.open_interest_history(self.market, *page)

    def facts(self, rows: FloatArray) -> OpenInterestHistory:
        return OpenInterestHistory(
            key=self.market.key,
            time_ms=rows[:, 0].astype(np.int64),
            open_interest_base=np.ascontiguousarray(rows[:, 1]),
            open_interest_usd=np.ascontiguousarray(rows[:, 2]),
        )


def pages(since_ms: int, until_ms: int, page_ms: int) -> Iterator[Range]:
    """Yield ranges that cover ``since_ms`` to ``until_ms``, the newest last."""
    first_ms = until_ms - max(1, -(-(until_ms - since_ms) // page_ms)) * page_ms
    for start_ms in range(first_ms, until_ms, page_ms):
        yield max(start_ms, since_ms), start_ms + page_ms


def gaps(times: TimeArray, step_ms: int, page_ms: int) -> list[Range]:
    """Return ranges, no longer than a page, that hold all missing rows between two known ones.

    Holes that fit one page share it: a venue with many small ones is not asked for each.
    """
    found: list[Range] = []
    for i in np.flatnonzero(np.diff(times) > step_ms):
        hole = int(times[i]) + step_ms, int(times[i + 1]) - 1
        if found and hole[1] - found[-1][0] <= page_ms:
            found[-1] = found[-1][0], hole[1]
        else:
            found += pages(*hole, page_ms)
    return found


def clean(rows: FloatArray, latest_ms: int) -> FloatArray:
    """Return rows sorted by time and unique, the later of two alike; none after ``latest_ms``."""
    rows = rows[rows[:, 0] <= latest_ms]
    newest_first = rows[::-1]
    _, index = np.unique(newest_first[:, 0], return_index=True)
    return newest_first[index]


def intervals_h(time_ms: TimeArray, running_h: float) -> FloatArray:
    """Return the interval that each settlement closed, in hours.

    It is the distance to the settlement before, where that is an interval that venues use; next to
    a hole, and for the first row, it is the running one.
    """
    found = np.round(np.diff(time_ms, prepend=time_ms[:1]) / HOUR_MS)
    return np.where(np.isin(found, _INTERVALS_H), found, running_h)
