"""The liquidation heatmap as an answer to a question, computed bar by bar on a worker's thread.

``HeatmapAnswer`` keeps the books between two questions and takes in only what is new. Bars that can
still change (the unfinished one; those whose open interest is not in yet) are played on copies of
the books, so that a column is final before it is history. Whenever what was taken in turns out to
be different now, and every ``BLOCK`` bars to make room, all is computed again from the first bar.

Venues publish their history of open interest hourly or not at all, so the readings of the present
are remembered here, one a minute: a venue without a history begins with the first of them.

A venue whose liquidations have been observed for days gets a book whose leverage mix is fitted to
them every night; the others keep the prior, and the answer says so. Once a day the map is graded
against what was liquidated at the largest fitted venue, one question later than its first answer,
because that takes seconds.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from workstation.market.consolidated import perpetuals_of
from workstation.market.facts import (
    Candles,
    FloatArray,
    Liquidation,
    OpenInterest,
    OpenInterestHistory,
)
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
from workstation.risk.heatmap_band import PRIOR_FACTORS
from workstation.risk.heatmap_bars import Bars, Observed, join_bars, observe, open_from_ms
from workstation.risk.heatmap_fitted import (
    LEAST_DAYS,
    LEAST_ORDERS,
    FittedBook,
    Taken,
    column_band,
    join_taken,
)
from workstation.risk.heatmap_grade import THIS, Grades, grade, plan_grading
from workstation.risk.heatmap_score import events_of
from workstation.risk.kernels.book import LONG, SHORT, IntArray, Picture
from workstation.risk.report import HeatmapColumns
from workstation.services.heatmap_orders import OrderLog
from workstation.services.heatmap_scores import ScoreFile, ScoreLine, score_line
from workstation.units import DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS, iso_utc

COLUMNS: Final = 1_000  # bars in the picture
BURN_IN: Final = 10_000  # bars at most that the books see before the picture begins
BLOCK: Final = 256  # bars by which the first bar and the first column move on
_MOST_PIECES: Final = 256  # of what was expected, before they are joined
_LEARN_MS: Final = 30 * DAY_MS  # before the picture, for the rivals to learn from
MAX_OPEN: Final = 96  # newest bars at most that are played again every time


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HeatmapMarket:
    """One market's share in the map; ``newest`` is open interest now, beside its history."""

    candles: Candles
    open_interest: OpenInterestHistory | None
    newest: OpenInterest | None = None
    liquidations: tuple[Liquidation, ...] = ()  # the newest; earlier ones are remembered
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
    forced: dict[MarketKey, list[Liquidation]] = {}
    for row in store.liquidations:
        forced.setdefault(row.key, []).append(row)
    markets = tuple(
        HeatmapMarket(
            candles=candles,
            open_interest=store.open_interest_history(key),
            newest=store.newest(OpenInterest, key),
            liquidations=tuple(forced.get(key, ())),
        )
        for key in perpetuals_of(store, coin)
        if (candles := store.candles(key, interval_s)) is not None and len(candles)
    )
    if not markets:
        return None
    return HeatmapRequest(source=store.mode, coin=coin, interval_s=interval_s, markets=markets)


class HeatmapAnswer:
    """Answers a ``HeatmapRequest``; belongs to one thread, so to one ``LatestWorker``.

    ``scores`` is where scores of the live map are kept; ``None``: nowhere.
    """

    def __init__(self, scores: ScoreFile | None = None) -> None:
        self._source: FeedMode | None = None
        self._scores = scores
        self._forget()

    def _forget(self) -> None:
        self._map: _Map | None = None
        self._heard: dict[MarketKey, OpenInterestHistory] = {}
        self._orders = OrderLog()
        self._score: ScoreLine | None = None
        self._graded: tuple[str, int, int] | None = None  # coin, interval, day

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
        else:
            self._grade(self._map, request)
        columns = self._map.columns(request, inputs)
        score = self._score_of(request)
        if score is None:
            return columns
        return dataclasses.replace(columns, score=score.verdict, coverage=score.hour_coverage)

    def _grade(self, known: _Map, request: HeatmapRequest) -> None:
        graded = (request.coin, request.interval_s, known.settled_day())
        if graded == self._graded:
            return
        self._graded = graded
        found = known.grades(self._orders)
        if found is None:
            return
        key, end_ms, grades = found
        self._score = score_line(request.coin, request.interval_s, key.venue, end_ms, grades)
        if self._scores is not None and request.source is FeedMode.LIVE:
            self._scores.append(self._score, grades)

    def _score_of(self, request: HeatmapRequest) -> ScoreLine | None:
        asked = (request.coin, request.interval_s)
        if self._score is not None and (self._score.coin, self._score.interval_s) == asked:
            return self._score
        if self._scores is not None and request.source is FeedMode.LIVE:
            self._score = self._scores.newest(*asked)
            return self._score
        return None

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
        end_ms = int(bars.time_ms[-1]) + bars.interval_ms
        self._orders.remember(candles.key, market.liquidations, end_ms)
        return _Input(
            key=candles.key,
            maintenance_rate=market.maintenance_rate,
            bars=bars,
            orders=self._orders.of(candles.key),
            begin_ms=begin_ms,
            open_from_ms=open_from_ms(candles, interest),
        )

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
    hours = 24 * math.ceil(LEAST_DAYS + 1)
    price = np.full(hours, 100.0)
    bars = Bars(
        interval_ms=HOUR_MS,
        time_ms=HOUR_MS * np.arange(hours),
        low=price,
        high=price + 1,
        close=price,
        middle=price,
        volume_base=price,
        open_interest_base=price,
    )
    seen = Observed(
        base=np.ones((hours, 2)),
        orders=np.zeros((hours, 2), np.int64),
        bar=np.arange(hours),
    )
    grid = Grid.around(100.0, 101.0, DEFAULT_PARAMETERS.delta)
    row, rows = np.arange(hours), (0, hours)
    HeatmapBook(grid).advance(bars, blank_picture(hours, grid), row=row, rows=rows)
    fitted = FittedBook(grid, "")
    fitted.advance(bars, seen, blank_picture(hours, grid), row=row, rows=rows)
    column_band(fitted.book, fitted.belief)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Input:
    # One market of a question: its bars, and from which time on they can still change.
    key: MarketKey
    maintenance_rate: float
    bars: Bars
    orders: list[Liquidation]
    begin_ms: int  # of the first bar with open interest
    open_from_ms: int

    @property
    def is_observed(self) -> bool:
        """Whether liquidations have been seen for long enough to fit a mix to them."""
        if len(self.orders) < LEAST_ORDERS:
            return False
        return int(self.bars.time_ms[-1]) - self.orders[0].time_ms >= LEAST_DAYS * DAY_MS


@dataclass(frozen=True, slots=True)
class _Frame:
    # Answers with equal frames can share books and columns.
    coin: str
    interval_ms: int
    parameters: HeatmapParameters
    first_ms: int  # of the picture
    # key, maintenance rate, first bar, whether the mix is fitted
    markets: tuple[tuple[MarketKey, float, int, bool], ...]

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
    markets = tuple(
        (item.key, item.maintenance_rate, int(item.bars.time_ms[0]), item.is_observed)
        for item in inputs
    )
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
        self._books = {item.key: self._new_book(item) for item in inputs}
        self._pieces: dict[MarketKey, list[Taken]] = {item.key: [] for item in inputs}
        self._taken = {item.key: item.bars[:0] for item in inputs}
        self._final = 0  # rows of the picture that no later answer changes
        self._picture = blank_picture(COLUMNS + BLOCK, self._grid)

    def _new_book(self, item: _Input) -> HeatmapBook | FittedBook:
        parameters, rate = self._frame.parameters, item.maintenance_rate
        if item.is_observed:
            return FittedBook(self._grid, item.key.venue, parameters, maintenance_rate=rate)
        return HeatmapBook(self._grid, parameters, maintenance_rate=rate)

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
        trials = {item.key: self._play_on(item, picture, first, end) for item in inputs}
        notes = [note for item in inputs for note in self._notes(item, trials[item.key], end)]
        bands = [self._band(key, trial) for key, trial in trials.items()]
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
            band_base=np.sum(bands, axis=0).astype(np.float32),
            mix=tuple(self._mix(item.key) for item in inputs),
        )

    def _settle(self, inputs: tuple[_Input, ...], final: int) -> None:
        before_ms = self._frame.first_ms + final * self._frame.interval_ms
        for item in inputs:
            ready = int(np.searchsorted(item.bars.time_ms, before_ms))
            new = item.bars[len(self._taken[item.key]) : ready]
            book, rows = self._books[item.key], (self._final, final)
            if isinstance(book, FittedBook):
                seen = observe(new, item.orders)
                row = self._frame.rows(new)
                pieces = self._pieces[item.key]
                pieces += book.advance(new, seen, self._picture, row=row, rows=rows)
                if len(pieces) > _MOST_PIECES:
                    pieces[:] = [join_taken(pieces)]
            else:
                book.advance(new, self._picture, row=self._frame.rows(new), rows=rows)
            self._taken[item.key] = item.bars[:ready]
        self._final = final

    def _play_on(self, item: _Input, picture: Picture, first: int, end: int) -> HeatmapBook:
        # Add the bars that can still change to the picture, which begins at row `first`.
        book = self._books[item.key].copy()
        rest = item.bars[len(self._taken[item.key]) :]
        rows = self._final - first, end - first
        book.advance(rest, picture, row=self._frame.rows(rest) - first, rows=rows)
        return book

    def _band(self, key: MarketKey, trial: HeatmapBook) -> FloatArray:
        book = self._books[key]
        if isinstance(book, FittedBook):
            return column_band(trial, book.belief)
        band: FloatArray = np.multiply.outer(np.array(PRIOR_FACTORS), trial.column())
        return band

    def _mix(self, key: MarketKey) -> str:
        book = self._books[key]
        if isinstance(book, FittedBook) and book.belief.fit is not None:
            return f"{key.venue}: leverage fitted to {book.belief.days} days of liquidations"
        return f"{key.venue}: leverage assumed, too few liquidations were observed"

    def settled_day(self) -> int:
        """Return the day of the newest final column."""
        return (self._frame.first_ms + self._final * self._frame.interval_ms) // DAY_MS

    def grades(self, orders: OrderLog) -> tuple[MarketKey, int, Grades] | None:
        """Grade the final columns at the largest fitted venue; ``None``: too early to tell."""
        fitted = [key for key, pieces in self._pieces.items() if pieces]
        if not fitted:
            return None
        key = max(fitted, key=lambda each: self._books[each].open_interest_base or 0.0)
        whole = join_taken(self._pieces[key])
        taken = whole[int(np.searchsorted(whole.bars.time_ms, self._frame.first_ms - _LEARN_MS)) :]
        plan = plan_grading(taken.bars, self._grid)
        if plan is None:
            return None
        row = self._frame.rows(taken.bars)
        from_bar = max(plan.from_bar, int(np.searchsorted(row, 0)))
        at = row[plan.anchors]
        drawn = (at >= 0) & (at < self._final)
        maps = np.zeros((len(at), 2, self._grid.bins), np.float32)
        maps[drawn, LONG] = self._picture.long[at[drawn]]
        maps[drawn, SHORT] = self._picture.short[at[drawn]]
        graded = grade(
            taken.bars,
            self._grid,
            dataclasses.replace(plan, from_bar=from_bar),
            events_of(taken.bars, self._grid, orders.of(key)),
            {THIS: maps},
            taken.expected * taken.reported_share[:, np.newaxis],
            taken.observed.base,
        )
        return (key, int(taken.bars.time_ms[-1]), graded) if graded.days >= 2 else None

    def _notes(self, item: _Input, book: HeatmapBook, end: int) -> Iterator[str]:
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
