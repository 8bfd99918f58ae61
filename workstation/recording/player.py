"""What became known between two moments of a recording.

Every series is looked up by time, so playing, stepping and seeking are one operation. A candle is
known at its end, not before; nothing between two recorded moments is invented.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from workstation.market.facts import (
    CandlePrice,
    Candles,
    Fact,
    FundingRate,
    Liquidation,
    MarkPrice,
    OpenInterest,
    OpenInterestHistory,
    Ticker,
    TimeArray,
    VenueHealth,
    VenueState,
)
from workstation.market.feed import Watch
from workstation.market.instrument import MarketKey
from workstation.market.outbox import Outbox
from workstation.market.series import aggregate_candles
from workstation.recording.reader import FundingSeries, MarkSeries, Recording
from workstation.units import HOUR_MS, UnixMs

_HOUR_S: Final = HOUR_MS // 1_000
_STALE_AFTER_ROWS: Final = 3  # recorded intervals without news, as live values allow three polls


class Player:
    """Puts into the outbox what became known between two moments of a recording."""

    def __init__(self, recording: Recording, outbox: Outbox) -> None:
        self._recording = recording
        self._outbox = outbox
        self.start_ms, self.end_ms = recording.span_ms()
        self.first_ms = recording.first_ms()
        self._known_ms = self.start_ms - 1
        self._watch = Watch()
        self._bars: tuple[Candles, ...] = ()
        self._hours: tuple[Candles, ...] = ()  # for the changes over an hour and a day
        self._liquidations_ms = np.array([row.time_ms for row in recording.liquidations], np.int64)
        outbox.put(notices=[f"{recording.folder.name}: {text}" for text in recording.warnings])

    @property
    def interval_ms(self) -> int:
        return self._watch.interval_s * 1_000

    def watch(self, watch: Watch) -> None:
        """Choose the interval of the candles; all of them come again."""
        self._watch = watch
        recorded = self._recording.candles
        self._bars = tuple(_at_interval(recorded, watch.interval_s))
        hours = _at_interval(recorded, _HOUR_S) if watch.interval_s != _HOUR_S else ()
        self._hours = tuple(bars for bars in hours if bars.interval_s == _HOUR_S)
        finest = min((bars.interval_s for bars in self._recording.candles), default=0)
        if finest > watch.interval_s:
            self._outbox.put(
                notices=[f"The recording has no candles shorter than {finest // 60} minutes."]
            )
        self._replay()

    def play_to(self, now_ms: int) -> None:
        if now_ms < self._known_ms:
            self._replay()
        self._publish(self._known_ms, now_ms)
        self._known_ms = now_ms

    def _replay(self) -> None:
        self._outbox.restart()
        self._known_ms = self.start_ms - 1

    def _publish(self, after_ms: int, until_ms: int) -> None:
        recording = self._recording
        facts: list[Fact] = []
        candles = [fresh for bars in self._bars if (fresh := _ended(bars, after_ms, until_ms))]
        facts += [_ticker(bars) for bars in candles if bars.price is CandlePrice.LAST]
        candles += [fresh for bars in self._hours if (fresh := _ended(bars, after_ms, until_ms))]
        for marks in recording.marks:
            facts += _newest_mark(marks, after_ms, until_ms)
        for series in recording.funding:
            facts += _newest_funding(series, after_ms, until_ms)
        for interest in recording.open_interest:
            facts += _newest_open_interest(interest, after_ms, until_ms)
        facts += [book for book in recording.books if after_ms < book.as_of_ms <= until_ms]
        if not (facts or candles) and after_ms >= self.start_ms:
            return
        self._outbox.put(
            facts=facts,
            candles=candles,
            funding=(
                settled
                for series in recording.funding
                if len(settled := _rows_of_funding(series, after_ms, until_ms).history())
            ),
            open_interest=(
                _rows_of_interest(interest, rows)
                for interest in recording.open_interest
                if (rows := _between(interest.time_ms, after_ms, until_ms)) is not None
            ),
            liquidations=self._liquidations(after_ms, until_ms),
            health=self._health(until_ms),
        )

    def _liquidations(self, after_ms: int, until_ms: int) -> tuple[Liquidation, ...]:
        rows = _between(self._liquidations_ms, after_ms, until_ms)
        return self._recording.liquidations[rows] if rows else ()

    def _health(self, now_ms: int) -> list[VenueHealth]:
        return [
            VenueHealth(venue=venue, state=VenueState.LIVE, last_success_ms=UnixMs(now_ms))
            for venue in self._recording.venues()
        ]


def _between(time_ms: TimeArray, after_ms: int, until_ms: int) -> slice | None:
    """Return the rows with ``after < time <= until``, ``None`` when there are none."""
    first, end = np.searchsorted(time_ms, [after_ms, until_ms], side="right")
    return slice(int(first), int(end)) if end > first else None


def _fresh_for_ms(time_ms: TimeArray) -> int:
    """Return how long a recorded value counts as fresh: three of its usual intervals."""
    if len(time_ms) < 2:
        return HOUR_MS
    return int(_STALE_AFTER_ROWS * np.median(np.diff(time_ms[:10_000])))


def _at_interval(recorded: tuple[Candles, ...], interval_s: int) -> Iterator[Candles]:
    """Yield every market's candles at an interval, made from the finest that divide it."""
    by_market: dict[tuple[MarketKey, CandlePrice], list[Candles]] = {}
    for bars in recorded:
        by_market.setdefault((bars.key, bars.price), []).append(bars)
    for choices in by_market.values():
        fitting = [bars for bars in choices if interval_s % bars.interval_s == 0]
        chosen = min(fitting or choices, key=lambda bars: bars.interval_s)
        yield aggregate_candles(chosen, max(interval_s, chosen.interval_s))


def _ended(bars: Candles, after_ms: int, until_ms: int) -> Candles | None:
    step_ms = bars.interval_s * 1_000
    rows = _between(bars.time_ms, after_ms - step_ms, until_ms - step_ms)
    if rows is None:
        return None
    opened, high, low, close, volume = (column[rows] for column in bars.columns())
    return Candles(
        key=bars.key,
        interval_s=bars.interval_s,
        price=bars.price,
        time_ms=bars.time_ms[rows],
        open=opened,
        high=high,
        low=low,
        close=close,
        volume_base=volume,
    )


def _ticker(bars: Candles) -> Ticker:
    step_ms = bars.interval_s * 1_000
    return Ticker(
        key=bars.key,
        as_of_ms=UnixMs(int(bars.time_ms[-1]) + step_ms),
        fresh_for_ms=_STALE_AFTER_ROWS * step_ms,
        last_price=float(bars.close[-1]),
        note="close of the newest finished candle of the recording",
    )


def _newest_mark(marks: MarkSeries, after_ms: int, until_ms: int) -> Iterator[MarkPrice]:
    rows = _between(marks.time_ms, after_ms, until_ms)
    if rows is None:
        return
    row = rows.stop - 1
    index = float(marks.index_price[row])
    yield MarkPrice(
        key=marks.key,
        as_of_ms=UnixMs(int(marks.time_ms[row])),
        fresh_for_ms=_fresh_for_ms(marks.time_ms),
        mark_price=float(marks.mark_price[row]),
        index_price=None if np.isnan(index) else index,
    )


def _newest_funding(series: FundingSeries, after_ms: int, until_ms: int) -> Iterator[FundingRate]:
    rows = _between(series.time_ms, after_ms, until_ms)
    if rows is None:
        return
    row = rows.stop - 1
    interval_h = float(series.interval_h[row])
    interval_ms = interval_h * HOUR_MS
    time_ms = int(series.time_ms[row])
    yield FundingRate(
        key=series.key,
        as_of_ms=UnixMs(time_ms),
        fresh_for_ms=round(_STALE_AFTER_ROWS * interval_ms),
        funding_rate=float(series.funding_rate[row]),
        interval_h=interval_h,
        next_funding_ms=UnixMs(int((time_ms // interval_ms + 1) * interval_ms)),
        note="settled rate" if series.settled[row] else "",
    )


def _rows_of_funding(series: FundingSeries, after_ms: int, until_ms: int) -> FundingSeries:
    rows = _between(series.time_ms, after_ms, until_ms) or slice(0, 0)
    return FundingSeries(
        key=series.key,
        time_ms=series.time_ms[rows],
        funding_rate=series.funding_rate[rows],
        interval_h=series.interval_h[rows],
        settled=series.settled[rows],
    )


def _newest_open_interest(
    interest: OpenInterestHistory, after_ms: int, until_ms: int
) -> Iterator[OpenInterest]:
    rows = _between(interest.time_ms, after_ms, until_ms)
    if rows is None:
        return
    row = rows.stop - 1
    yield OpenInterest(
        key=interest.key,
        as_of_ms=UnixMs(int(interest.time_ms[row])),
        fresh_for_ms=_fresh_for_ms(interest.time_ms),
        open_interest_base=float(interest.open_interest_base[row]),
        open_interest_usd=float(interest.open_interest_usd[row]),
    )


def _rows_of_interest(interest: OpenInterestHistory, rows: slice) -> OpenInterestHistory:
    return OpenInterestHistory(
        key=interest.key,
        time_ms=interest.time_ms[rows],
        open_interest_base=interest.open_interest_base[rows],
        open_interest_usd=interest.open_interest_usd[rows],
    )
