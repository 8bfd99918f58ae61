"""The books of one coin's markets on one grid, and the columns that they have given.

A bar that can still change is played on copies of the books, so that a column is final before it is
history. What a band and a leverage mix say of a column is noted a few times a day as it was known
then; between two notes the older one holds.
"""

from __future__ import annotations

import bisect
import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from workstation.market.facts import Liquidation
from workstation.market.instrument import MarketKey
from workstation.risk.heatmap import Grid, HeatmapBook, HeatmapParameters, blank_picture
from workstation.risk.heatmap_bars import Bars, Observed, observe
from workstation.risk.heatmap_fitted import (
    LEAST_DAYS,
    LEAST_ORDERS,
    Belief,
    FittedBook,
    Taken,
    join_taken,
)
from workstation.risk.heatmap_grade import grade, plan_grading
from workstation.risk.heatmap_score import events_of
from workstation.risk.heatmap_scorecard import THIS, Grades
from workstation.risk.kernels.book import LONG, SHORT, IntArray, Picture, PictureArray
from workstation.risk.map_rows import MapRows
from workstation.risk.report import HeatmapColumns
from workstation.services.heatmap_notes import Note, Stand, note_of, stand_of
from workstation.services.heatmap_orders import OrderLog
from workstation.services.heatmap_request import HeatmapRequest
from workstation.units import DAY_MS, SECOND_MS, iso_utc

COLUMNS: Final = 1_000  # bars in the picture
BLOCK: Final = 256  # bars by which the first bar and the first column move on
MAX_OPEN: Final = 96  # newest bars at most that are played again every time
NOTE_EVERY: Final = 32  # bars between two notes of the band; a new day begins another
_MOST_PIECES: Final = 256  # of what was expected, before they are joined
# in ln(price), beyond all bars: 10 October 2025 fell by 15 %, and a map anew takes a moment
_ROOM: Final = 0.2
_LEARN_MS: Final = 30 * DAY_MS  # before the picture, for the rivals to learn from


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MapInput:
    """One market of a question: its bars, and from which time on they can still change."""

    key: MarketKey
    maintenance_rate: float
    bars: Bars
    stayed: int  # how many of them are those of the question before, figure by figure
    orders: list[Liquidation]
    begin_ms: int  # of the first bar with open interest
    open_from_ms: int
    refits_ms: Sequence[int] = ()  # when the user asked for a fit

    @property
    def is_observed(self) -> bool:
        """Whether liquidations have been seen for long enough to fit a mix to them."""
        if len(self.orders) < LEAST_ORDERS:
            return False
        return int(self.bars.time_ms[-1]) - self.orders[0].time_ms >= LEAST_DAYS * DAY_MS


@dataclass(frozen=True, slots=True)
class Frame:
    """Answers with equal frames can share books and columns."""

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


def frame_of(request: HeatmapRequest, inputs: Sequence[MapInput]) -> Frame:
    """Return the frame of an answer: blocks of bars are kept, so that it seldom changes."""
    interval_ms = request.interval_s * SECOND_MS
    newest_ms = max(int(item.bars.time_ms[-1]) for item in inputs)
    block_ms = BLOCK * interval_ms
    first_ms = newest_ms // block_ms * block_ms - COLUMNS * interval_ms
    begin_ms = min(item.begin_ms for item in inputs)
    markets = tuple(
        (item.key, item.maintenance_rate, int(item.bars.time_ms[0]), item.is_observed)
        for item in inputs
    )
    return Frame(request.coin, interval_ms, request.parameters, max(first_ms, begin_ms), markets)


class HeatmapMap:
    """The books of some markets, and the columns that are final.

    Parameters
    ----------
    beliefs : mixes that are taken for granted from the first bar on, as if they had been known
        then; without them every book fits its own, night by night
    """

    def __init__(
        self,
        frame: Frame,
        inputs: Sequence[MapInput],
        beliefs: Mapping[MarketKey, Belief] | None = None,
    ) -> None:
        self._frame = frame
        self._given = beliefs
        self._grid = Grid.around(
            min(float(item.bars.low.min()) for item in inputs),
            max(float(item.bars.high.max()) for item in inputs),
            frame.parameters.delta,
            margin=_ROOM,
        )
        self._books = {item.key: self._new_book(item) for item in inputs}
        self._pieces: dict[MarketKey, list[Taken]] = {item.key: [] for item in inputs}
        self._taken = {item.key: 0 for item in inputs}  # bars
        self._final = 0  # rows of the picture that no later answer changes
        self._picture = blank_picture(COLUMNS + BLOCK, self._grid)
        self._trials: dict[MarketKey, HeatmapBook] = {}  # of the last answer; memory to use again
        self._noted: list[Note] = []

    def _new_book(self, item: MapInput) -> HeatmapBook | FittedBook:
        parameters, rate = self._frame.parameters, item.maintenance_rate
        belief = None if self._given is None else self._given.get(item.key)
        if belief is not None:
            book = HeatmapBook(
                self._grid, belief.parameters, maintenance_rate=rate, separate_hats=True
            )
            book.set_shares(belief.shares)
            return book
        if item.is_observed and self._given is None:
            return FittedBook(
                self._grid,
                item.key.venue,
                parameters,
                maintenance_rate=rate,
                refits_ms=item.refits_ms,
            )
        return HeatmapBook(self._grid, parameters, maintenance_rate=rate, separate_hats=True)

    def continues(
        self,
        frame: Frame,
        inputs: Sequence[MapInput],
        beliefs: Mapping[MarketKey, Belief] | None = None,
    ) -> bool:
        """Tell whether the answer to a question is this map, grown, if what it took in stays."""
        same = frame == self._frame and _are_same(beliefs, self._given)
        return same and all(self._holds(item) for item in inputs)

    def _holds(self, item: MapInput) -> bool:
        new = slice(self._taken[item.key], None)
        low, high = item.bars.low[new], item.bars.high[new]
        return not len(low) or self._grid.holds(float(low.min()), float(high.max()))

    def stays(self, inputs: Sequence[MapInput]) -> bool:
        """Tell whether what was taken in is still what the markets say; asked at every question."""
        return all(item.stayed >= self._taken.get(item.key, 0) for item in inputs)

    @property
    def beliefs(self) -> dict[MarketKey, Belief]:
        """The newest beliefs of the books that fit their own."""
        return {
            key: book.belief for key, book in self._books.items() if isinstance(book, FittedBook)
        }

    def refit(self) -> dict[MarketKey, int]:
        """Fit every mix anew to what was taken in; return when each book that could was fitted."""
        times = {
            key: book.refit() for key, book in self._books.items() if isinstance(book, FittedBook)
        }
        return {key: time_ms for key, time_ms in times.items() if time_ms is not None}

    # --- columns ------------------------------------------------------------------------------

    def columns(self, request: HeatmapRequest, inputs: Sequence[MapInput]) -> HeatmapColumns:
        """Take in what is new, and return the newest columns."""
        frame = self._frame
        end = 1 + max(frame.row(int(item.bars.time_ms[-1])) for item in inputs)
        # a row is final when every market's bar is, or when it has waited long enough
        final = min(1 + frame.row(item.open_from_ms - 1) for item in inputs)
        self._settle(inputs, max(final, end - MAX_OPEN, self._final))
        first = max(0, end - COLUMNS)
        open_rows = blank_picture(end - self._final, self._grid)
        trials = {item.key: self._play_on(item, open_rows) for item in inputs}
        notes = [note for item in inputs for note in self._notes(item, trials[item.key], end)]
        counted = tuple(dict.fromkeys(item.key.venue for item in inputs))
        asked = dict.fromkeys(market.candles.key.venue for market in request.markets)
        stand, noted = self._stand(trials), self._noted_since(first)
        return HeatmapColumns(
            coin=frame.coin,
            interval_s=request.interval_s,
            time_ms=frame.first_ms + frame.interval_ms * np.arange(first, end),
            first_bin=self._grid.first_bin,
            delta=self._grid.delta,
            long_base=self._rows(self._picture.long, open_rows.long, first),
            short_base=self._rows(self._picture.short, open_rows.short, first),
            open_interest_base=np.concatenate(
                [self._picture.open_interest[first : self._final], open_rows.open_interest]
            ),
            liquidatable_fraction=frame.parameters.liquidatable_fraction,
            venues=counted,
            missing=tuple(venue for venue in asked if venue not in counted),
            notes=tuple(notes),
            final=max(0, self._final - first),
            band_base=stand.band.astype(np.float32),
            spread=tuple(note.spread for note in noted),
            spread_from=tuple(max(0, note.row - first) for note in noted),
            by_leverage_base=stand.by_leverage,
            by_leverage_noted=tuple(note.by_leverage for note in noted),
            mix=tuple(dict.fromkeys(self._mix(item.key) for item in inputs)),
            fitted=tuple(
                dict.fromkeys(item.key.venue for item in inputs if self._is_fitted(item.key))
            ),
        )

    def _settle(self, inputs: Sequence[MapInput], final: int) -> None:
        if not self._final:
            self._settle_to(inputs, 0)  # what lies before the picture
        while self._final < final:
            row = self._final
            noted = self._is_noted(row)
            self._settle_to(inputs, row + 1 if noted else self._next_noted(row, final))
            if noted:
                books = {key: _speaking(book) for key, book in self._books.items()}
                self._noted.append(note_of(row, self._stand(books)))

    def _next_noted(self, row: int, final: int) -> int:
        return next((later for later in range(row + 1, final) if self._is_noted(later)), final)

    def _is_noted(self, row: int) -> bool:
        opens_ms = self._frame.first_ms + row * self._frame.interval_ms
        return row % NOTE_EVERY == 0 or opens_ms % DAY_MS < self._frame.interval_ms

    def _settle_to(self, inputs: Sequence[MapInput], final: int) -> None:
        before_ms = self._frame.first_ms + final * self._frame.interval_ms
        for item in inputs:
            ready = int(np.searchsorted(item.bars.time_ms, before_ms))
            new = item.bars[self._taken[item.key] : ready]
            book, row, rows = self._books[item.key], self._frame.rows(new), (self._final, final)
            if isinstance(book, FittedBook):
                pieces = self._pieces[item.key]
                pieces += book.advance(new, _seen(new, item), self._picture, row=row, rows=rows)
                if len(pieces) > _MOST_PIECES:
                    pieces[:] = [join_taken(pieces)]
            else:
                book.advance(new, self._picture, row=row, rows=rows)
            self._taken[item.key] = ready
        self._final = final

    def _rows(self, table: PictureArray, open_rows: PictureArray, first: int) -> MapRows:
        return MapRows.of(table[first:], max(0, self._final - first), open_rows)

    def _play_on(self, item: MapInput, picture: Picture) -> HeatmapBook:
        # Add the bars that can still change to the picture, which begins where history ends.
        book = self._books[item.key].copy(self._trials.get(item.key))
        rest = item.bars[self._taken[item.key] :]
        rows = 0, len(picture.open_interest)
        book.advance(rest, picture, row=self._frame.rows(rest) - self._final, rows=rows)
        self._trials[item.key] = book
        return book

    # --- what is said of them -----------------------------------------------------------------

    def _belief(self, key: MarketKey) -> Belief | None:
        book = self._books[key]
        if isinstance(book, FittedBook):
            return book.belief
        return None if self._given is None else self._given.get(key)

    def _stand(self, books: Mapping[MarketKey, HeatmapBook]) -> Stand:
        return stand_of(self._grid, [(book, self._belief(key)) for key, book in books.items()])

    def _noted_since(self, first: int) -> list[Note]:
        # the notes that columns from row `first` on need
        holds = bisect.bisect_right(self._noted, first, key=lambda note: note.row) - 1
        return self._noted[max(0, holds) :]

    def _is_fitted(self, key: MarketKey) -> bool:
        belief = self._belief(key)
        return belief is not None and belief.fit is not None

    def _mix(self, key: MarketKey) -> str:
        belief = self._belief(key)
        if belief is not None and belief.fit is not None:
            return f"{key.venue}: leverage fitted to {belief.days} days of liquidations"
        return f"{key.venue}: leverage assumed, too few liquidations were observed"

    def _notes(self, item: MapInput, book: HeatmapBook, end: int) -> Iterator[str]:
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

    # --- how good they were -------------------------------------------------------------------

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


def _seen(bars: Bars, item: MapInput) -> Observed:
    # what was liquidated in new bars; the log may be long
    orders = item.orders
    if not len(bars):
        return observe(bars, ())
    end_ms = int(bars.time_ms[-1]) + bars.interval_ms
    first, end = (
        bisect.bisect_left(orders, at, key=lambda row: row.time_ms)
        for at in (int(bars.time_ms[0]), end_ms)
    )
    return observe(bars, orders[first:end], orders[0].time_ms if orders else None)


def _speaking(book: HeatmapBook | FittedBook) -> HeatmapBook:
    return book.book if isinstance(book, FittedBook) else book


def _are_same(
    one: Mapping[MarketKey, Belief] | None, other: Mapping[MarketKey, Belief] | None
) -> bool:
    # beliefs are as they were said; two of one content are one object
    if one is None or other is None:
        return one is other
    return one.keys() == other.keys() and all(one[key] is other[key] for key in one)
