"""The liquidation heatmap as an answer to a question, computed bar by bar on a worker's thread.

``HeatmapAnswer`` keeps the books between two questions and takes in only what is new. Bars that can
still change (the unfinished one; those whose open interest is not in yet) are played on copies of
the books, so that a column is final before it is history. Whenever what was taken in turns out to
be different now, and every ``BLOCK`` bars to make room, all is computed again from the first bar.

Venues publish their history of open interest hourly or not at all, so the readings of the present
are remembered here, one a minute: a venue without a history begins with the first of them.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from workstation.market.consolidated import perpetuals_of
from workstation.market.facts import Candles, OpenInterest, OpenInterestHistory
from workstation.market.feed import FeedMode
from workstation.market.instrument import MarketKey
from workstation.market.series import merge_open_interest
from workstation.market.store import MarketStore
from workstation.risk.heatmap import (
    DEFAULT_MAINTENANCE_RATE,
    DEFAULT_PARAMETERS,
    Grid,
    HeatmapBook,
    HeatmapParameters,
    blank_picture,
)
from workstation.risk.heatmap_bars import Bars, join_bars, open_from_ms
from workstation.risk.kernels.book import IntArray, Picture
from workstation.risk.report import HeatmapColumns
from workstation.units import MINUTE_MS, SECOND_MS, iso_utc

COLUMNS: Final = 1_000  # bars in the picture
BURN_IN: Final = 10_000  # bars at most that the books see before the picture begins
BLOCK: Final = 256  # bars by which the first bar and the first column move on
MAX_OPEN: Final = 96  # newest bars at most that are played again every time


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HeatmapMarket:
    """One market's share in the map; ``newest`` is open interest now, beside its history."""

    candles: Candles
    open_interest: OpenInterestHistory | None
    newest: OpenInterest | None = None
    maintenance_rate: float = DEFAULT_MAINTENANCE_RATE  # fraction, of the venue's first tier


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HeatmapRequest:
    """What the map is made of: candles of one interval, open interest of any resolution.

    Requests of different ``source`` share nothing.
    """

    source: FeedMode
    coin: str
    interval_s: int
    markets: tuple[HeatmapMarket, ...]
    parameters: HeatmapParameters = DEFAULT_PARAMETERS


def heatmap_request(store: MarketStore, coin: str, interval_s: int) -> HeatmapRequest | None:
    """Return the question that the store can answer now; ``None`` without a single candle."""
    markets = tuple(
        HeatmapMarket(
            candles=candles,
            open_interest=store.open_interest_history(key),
            newest=store.newest(OpenInterest, key),
        )
        for key in perpetuals_of(store, coin)
        if (candles := store.candles(key, interval_s)) is not None and len(candles)
    )
    if not markets:
        return None
    return HeatmapRequest(source=store.mode, coin=coin, interval_s=interval_s, markets=markets)


class HeatmapAnswer:
    """Answers a ``HeatmapRequest``; belongs to one thread, so to one ``LatestWorker``."""

    def __init__(self) -> None:
        self._source: FeedMode | None = None
        self._forget()

    def _forget(self) -> None:
        self._map: _Map | None = None
        self._heard: dict[MarketKey, OpenInterestHistory] = {}

    def __call__(self, request: HeatmapRequest) -> HeatmapColumns | None:
        """Return the map up to the newest bar; ``None`` where no market has open interest."""
        if request.source is not self._source:
            self._source = request.source
            self._forget()
        inputs = tuple(
            item for market in request.markets if (item := self._input(market)) is not None
        )
        if not inputs:
            return None
        frame = _frame(request, inputs)
        if self._map is None or not self._map.continues(frame, inputs):
            self._map = _Map(frame, inputs)
        return self._map.columns(request, inputs)

    def _input(self, market: HeatmapMarket) -> _Input | None:
        candles, interest = market.candles, self._open_interest(market)
        if interest is None or not len(interest):
            return None
        block_ms = BLOCK * candles.interval_s * SECOND_MS
        blocks = -(-(COLUMNS + BURN_IN) // BLOCK)
        start_ms = (int(candles.time_ms[-1]) // block_ms - blocks) * block_ms
        bars = join_bars(candles, interest, start_ms)
        begin_ms = bars.begin_ms()
        if begin_ms is None:
            return None
        changing_ms = open_from_ms(candles, interest)
        return _Input(candles.key, market.maintenance_rate, bars, begin_ms, changing_ms)

    def _open_interest(self, market: HeatmapMarket) -> OpenInterestHistory | None:
        key = market.candles.key
        if market.newest is not None:
            self._heard[key] = _remember(self._heard.get(key), market.newest)
        heard, history = self._heard.get(key), market.open_interest
        return history if heard is None else merge_open_interest(history, heard)


def _remember(heard: OpenInterestHistory | None, newest: OpenInterest) -> OpenInterestHistory:
    # the last reading of every minute; what lies ahead is of a tape that was wound back
    minute_ms = (newest.as_of_ms - 1) // MINUTE_MS * MINUTE_MS
    row = OpenInterestHistory(
        key=newest.key,
        time_ms=np.array([newest.as_of_ms], dtype=np.int64),
        open_interest_base=np.array([newest.open_interest_base]),
        open_interest_usd=np.array([newest.open_interest_usd]),
    )
    if heard is None:
        return row
    keep = slice(0, int(np.searchsorted(heard.time_ms, minute_ms, side="right")))
    earlier = dataclasses.replace(
        heard,
        time_ms=heard.time_ms[keep],
        open_interest_base=heard.open_interest_base[keep],
        open_interest_usd=heard.open_interest_usd[keep],
    )
    return merge_open_interest(earlier, row)


def warm_up(progress: Callable[[str], None]) -> None:
    """Compile the heatmap's kernels and keep them on disk, so that later starts find them."""
    progress("Preparing the liquidation heatmap: its kernels are compiled once, in ten seconds.")
    price = np.full(2, 100.0)
    bars = Bars(
        interval_ms=60_000,
        time_ms=np.array([0, 60_000]),
        low=price,
        high=price + 1,
        close=price,
        middle=price,
        volume_base=price,
        open_interest_base=price,
    )
    grid = Grid.around(100.0, 101.0, DEFAULT_PARAMETERS.delta)
    HeatmapBook(grid).advance(bars, blank_picture(2, grid), row=np.arange(2), rows=(0, 2))


@dataclass(frozen=True, slots=True, eq=False)
class _Input:
    # One market of a question: its bars, and from which time on they can still change.
    key: MarketKey
    maintenance_rate: float
    bars: Bars
    begin_ms: int  # of the first bar with open interest
    open_from_ms: int


@dataclass(frozen=True, slots=True)
class _Frame:
    # Answers with equal frames can share books and columns.
    coin: str
    interval_ms: int
    parameters: HeatmapParameters
    first_ms: int  # of the picture
    markets: tuple[tuple[MarketKey, float, int], ...]  # key, maintenance rate, first bar

    def row(self, time_ms: int) -> int:
        return (time_ms - self.first_ms) // self.interval_ms

    def rows(self, bars: Bars) -> IntArray:
        rows: IntArray = (bars.time_ms - self.first_ms) // self.interval_ms
        return rows


def _frame(request: HeatmapRequest, inputs: tuple[_Input, ...]) -> _Frame:
    interval_ms = request.interval_s * SECOND_MS
    newest_ms = max(int(item.bars.time_ms[-1]) for item in inputs)
    block_ms = BLOCK * interval_ms
    first_ms = newest_ms // block_ms * block_ms - COLUMNS * interval_ms
    begin_ms = min(item.begin_ms for item in inputs)
    markets = tuple((item.key, item.maintenance_rate, int(item.bars.time_ms[0])) for item in inputs)
    return _Frame(request.coin, interval_ms, request.parameters, max(first_ms, begin_ms), markets)


class _Map:
    # The books of all markets on one grid, and the columns that are final.

    def __init__(self, frame: _Frame, inputs: tuple[_Input, ...]) -> None:
        self._frame = frame
        self._grid = Grid.around(
            min(float(item.bars.low.min()) for item in inputs),
            max(float(item.bars.high.max()) for item in inputs),
            frame.parameters.delta,
        )
        self._books = {
            item.key: HeatmapBook(
                self._grid, frame.parameters, maintenance_rate=item.maintenance_rate
            )
            for item in inputs
        }
        self._taken = {item.key: item.bars[:0] for item in inputs}
        self._final = 0  # rows of the picture that no later answer changes
        self._picture = blank_picture(COLUMNS + BLOCK, self._grid)

    def continues(self, frame: _Frame, inputs: tuple[_Input, ...]) -> bool:
        return frame == self._frame and all(
            self._taken[item.key].repeats(item.bars)
            and self._grid.holds(item.bars.low.min(), item.bars.high.max())
            for item in inputs
        )

    def columns(self, request: HeatmapRequest, inputs: tuple[_Input, ...]) -> HeatmapColumns:
        frame = self._frame
        end = 1 + max(frame.row(int(item.bars.time_ms[-1])) for item in inputs)
        # a row is final when every market's bar is, or when it has waited long enough
        final = min(1 + frame.row(item.open_from_ms - 1) for item in inputs)
        self._settle(inputs, max(final, end - MAX_OPEN, self._final))
        first = max(0, end - COLUMNS)
        picture = Picture(
            self._picture.long[first:end].copy(),
            self._picture.short[first:end].copy(),
            self._picture.open_interest[first:end].copy(),
        )
        notes = [note for item in inputs for note in self._play_on(item, picture, first, end)]
        counted = tuple(dict.fromkeys(item.key.venue for item in inputs))
        asked = dict.fromkeys(market.candles.key.venue for market in request.markets)
        return HeatmapColumns(
            coin=frame.coin,
            interval_s=request.interval_s,
            time_ms=frame.first_ms + frame.interval_ms * np.arange(first, end),
            first_bin=self._grid.first_bin,
            delta=self._grid.delta,
            long_base=picture.long,
            short_base=picture.short,
            open_interest_base=picture.open_interest,
            liquidatable_fraction=frame.parameters.liquidatable_fraction,
            venues=counted,
            missing=tuple(venue for venue in asked if venue not in counted),
            notes=tuple(notes),
            final=max(0, self._final - first),
        )

    def _settle(self, inputs: tuple[_Input, ...], final: int) -> None:
        before_ms = self._frame.first_ms + final * self._frame.interval_ms
        for item in inputs:
            ready = int(np.searchsorted(item.bars.time_ms, before_ms))
            new = item.bars[len(self._taken[item.key]) : ready]
            self._books[item.key].advance(
                new, self._picture, row=self._frame.rows(new), rows=(self._final, final)
            )
            self._taken[item.key] = item.bars[:ready]
        self._final = final

    def _play_on(self, item: _Input, picture: Picture, first: int, end: int) -> Iterator[str]:
        # Add the bars that can still change to the picture, which begins at row `first`.
        book = self._books[item.key].copy()
        rest = item.bars[len(self._taken[item.key]) :]
        rows = self._final - first, end - first
        book.advance(rest, picture, row=self._frame.rows(rest) - first, rows=rows)
        late = end - 1 - self._frame.row(int(item.bars.time_ms[-1]))
        if late > 1:
            yield f"{item.key.venue} is {late} bars behind; its last known book stands for it"
        if item.begin_ms > self._frame.first_ms:
            yield f"{item.key.venue}: open interest is known from {iso_utc(item.begin_ms)} on"
        if book.bridged.missing_bars:
            yield f"{item.key.venue}: {book.bridged.missing_bars} missing bars bridged"
        if book.bridged.glitches:
            count = book.bridged.glitches
            yield f"{item.key.venue}: {count} readings of open interest not believed"
