"""The heatmap of a recording, written to files and graded: ``risk-workstation heatmap``.

Every venue that has candles and open interest of the symbol gets a fitted book; their columns add
up. A column is written as it was known at the end of its bar, so a longer recording repeats it.
Each venue with observed liquidations is graded by itself, against its own.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from workstation.errors import RecordingError, UsageError
from workstation.market.facts import CandlePrice, Candles, Liquidation, TimeArray
from workstation.market.instrument import MarketKey
from workstation.market.series import aggregate_candles
from workstation.recording.reader import Recording, read_recording
from workstation.risk.heatmap import DEFAULT_PARAMETERS, Grid
from workstation.risk.heatmap_bars import Bars, join_bars, observe
from workstation.risk.heatmap_basis import NODE_LEVERAGES
from workstation.risk.heatmap_fitted import Belief, FittedBook, Taken, column_band, join_taken
from workstation.risk.heatmap_grade import grade, plan_grading
from workstation.risk.heatmap_score import events_of
from workstation.risk.heatmap_scorecard import THIS, Grade, Grades
from workstation.risk.kernels.book import LONG, SHORT, PictureArray
from workstation.services.heatmap_files import HeatmapFiles
from workstation.units import SECOND_MS, iso_utc

DELTA: Final = DEFAULT_PARAMETERS.delta  # 10 bp: price = exp(0.001 k)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class VenueSummary:
    """What was found out about one venue's book."""

    venue: str
    interval_s: int
    bars: int
    missing_bars: int
    glitches: int
    liquidations: int
    belief: Belief
    grades: Grades | None  # None without observed liquidations, or of too short a recording


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HeatmapSummary:
    """What the command says. ``conservation_error`` is the worst of all columns and sides."""

    symbol: str
    columns: int
    first_ms: int
    last_ms: int
    conservation_error: float
    venues: tuple[VenueSummary, ...]
    missing: tuple[str, ...]  # venues with candles and without open interest
    warnings: tuple[str, ...]


def write_heatmap(
    folder: Path, symbol: str, out: Path, *, venue: str | None = None, every: int = 1
) -> HeatmapSummary:
    """Write the book estimate after every ``every``-th bar of a recording to two Parquet files.

    Raises
    ------
    RecordingError
        The recording has no candles of the symbol, or no open interest to go with them.
    UsageError
        The folder of ``out`` does not exist.
    """
    if not out.parent.is_dir():
        raise UsageError(f"--out: {out.parent} is not a folder; make it, or choose another")
    recording = read_recording(folder)
    markets, missing = _markets(recording, symbol, venue)
    grid = Grid.around(
        min(float(market.bars.low.min()) for market in markets),
        max(float(market.bars.high.max()) for market in markets),
        DELTA,
    )
    walks = [_Walk(market, grid) for market in markets]
    ends_ms = np.unique(np.concatenate([market.ends_ms for market in markets]))
    written = set(ends_ms[every - 1 :: every].tolist())
    stops = sorted(written.union(*(walk.anchors_ms for walk in walks), ends_ms[-1:].tolist()))
    error = 0.0
    with HeatmapFiles(out, grid) as files:
        for end_ms in stops:
            for walk in walks:
                walk.advance_to(end_ms)
            if end_ms in written:
                error = max(error, _add(files, end_ms, [walk for walk in walks if walk.has_begun]))
    return HeatmapSummary(
        symbol=symbol,
        columns=files.rows,
        first_ms=int(ends_ms[0]),
        last_ms=int(ends_ms[-1]),
        conservation_error=error,
        venues=tuple(walk.summary() for walk in walks),
        missing=missing,
        warnings=recording.warnings,
    )


def _add(files: HeatmapFiles, end_ms: int, walks: list[_Walk]) -> float:
    # Add the sum of all books to the files; return the worst relative error of conservation.
    if not walks:
        return 0.0
    books = [walk.fitted.book for walk in walks]
    column = np.sum([book.column() for book in books], axis=0)
    outside = np.sum([book.outside_base for book in books], axis=0)
    interest = sum(book.open_interest_base or 0.0 for book in books)
    band = np.sum([column_band(walk.fitted.book, walk.fitted.belief) for walk in walks], axis=0)
    files.add(end_ms, column, band, outside, interest)
    return float(np.abs((column.sum(axis=1) + outside) / interest - 1.0).max())


# --- what a recording has of a symbol -------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Market:
    key: MarketKey
    bars: Bars
    liquidations: tuple[Liquidation, ...]

    @property
    def ends_ms(self) -> TimeArray:
        ends: TimeArray = self.bars.time_ms + self.bars.interval_ms
        return ends


def _markets(
    recording: Recording, symbol: str, venue: str | None
) -> tuple[list[_Market], tuple[str, ...]]:
    candles: dict[MarketKey, list[Candles]] = {}
    for series in recording.candles:
        if series.key.symbol == symbol and venue in (None, series.key.venue):
            candles.setdefault(series.key, []).append(series)
    if not candles:
        there = sorted({f"{each.key.symbol} at {each.key.venue}" for each in recording.candles})
        wanted = symbol if venue is None else f"{symbol} at {venue}"
        raise RecordingError(
            f"{recording.folder} has no candles of {wanted}; it has {', '.join(there) or 'none'}"
        )
    interests = {interest.key: interest for interest in recording.open_interest}
    markets = []
    for key, choices in candles.items():
        interest = interests.get(key)
        bars = None if interest is None else join_bars(_finest(choices), interest)
        if bars is not None and bars.begin_ms() is not None:
            forced = tuple(row for row in recording.liquidations if row.key == key)
            markets.append(_Market(key=key, bars=bars, liquidations=forced))
    if not markets:
        raise RecordingError(
            f"{recording.folder} has no open interest of {symbol}: without open_interest.parquet "
            "nobody knows how much could be liquidated"
        )
    known = {market.key.venue for market in markets}
    return markets, tuple(key.venue for key in candles if key.venue not in known)


def _finest(choices: list[Candles]) -> Candles:
    """Return the finest candles: of the mark, which decides, where it is as fine; with volume."""
    last = [bars for bars in choices if bars.price is CandlePrice.LAST]
    marks = [bars for bars in choices if bars.price is CandlePrice.MARK]
    finest = min(last or marks, key=lambda bars: bars.interval_s)
    for mark in marks:
        fits = mark.interval_s <= finest.interval_s and finest.interval_s % mark.interval_s == 0
        aligned = aggregate_candles(mark, finest.interval_s) if fits else mark
        if fits and np.array_equal(aligned.time_ms, finest.time_ms):
            return dataclasses.replace(aligned, volume_base=finest.volume_base)
    return finest


# --- one venue's book, walked through -------------------------------------------------------------


class _Walk:
    # One market's fitted book on its way, and the maps that are graded afterwards.

    def __init__(self, market: _Market, grid: Grid) -> None:
        self._market, self._grid = market, grid
        self._ends_ms = market.ends_ms
        self._observed = observe(market.bars, market.liquidations)
        self._plan = plan_grading(market.bars, grid) if market.liquidations else None
        self._maps: list[PictureArray] = []
        self._taken: list[Taken] = []
        self._at = 0
        self.fitted = FittedBook(grid, market.key.venue)
        anchors = self._plan.anchors if self._plan else np.empty(0, np.int64)
        self.anchors_ms: set[int] = set(self._ends_ms[anchors].tolist())

    @property
    def has_begun(self) -> bool:
        return self.fitted.book.open_interest_base is not None

    def advance_to(self, end_ms: int) -> None:
        """Take in the bars that have ended by then."""
        end = int(np.searchsorted(self._ends_ms, end_ms, "right"))
        piece = slice(self._at, end)
        self._taken += self.fitted.advance(self._market.bars[piece], self._observed[piece])
        self._at = end
        if end_ms in self.anchors_ms:
            self._maps.append(self.fitted.book.column().astype(np.float32))

    def summary(self) -> VenueSummary:
        bridged = self.fitted.bridged
        return VenueSummary(
            venue=self._market.key.venue,
            interval_s=self._market.bars.interval_ms // SECOND_MS,
            bars=len(self._market.bars),
            missing_bars=bridged.missing_bars,
            glitches=bridged.glitches,
            liquidations=len(self._market.liquidations),
            belief=self.fitted.belief,
            grades=self._grades(),
        )

    def _grades(self) -> Grades | None:
        if self._plan is None or self.fitted.belief.fit is None:
            return None
        taken = join_taken(self._taken)
        reported = taken.reported_share[:, np.newaxis]
        return grade(
            self._market.bars,
            self._grid,
            self._plan,
            events_of(self._market.bars, self._grid, self._market.liquidations),
            {THIS: np.stack(self._maps)},
            taken.expected * reported,
            taken.observed.base,
        )


# --- the summary as JSON --------------------------------------------------------------------------


def document(summary: HeatmapSummary, *, with_rivals: bool) -> dict[str, Any]:
    """Return the summary as JSON values; NaN, what is not known, becomes ``None``."""
    return {
        "schema": 1,
        "symbol": summary.symbol,
        "columns": summary.columns,
        "from": iso_utc(summary.first_ms),
        "to": iso_utc(summary.last_ms),
        "conservation_error": summary.conservation_error,
        "missing": list(summary.missing),
        "warnings": list(summary.warnings),
        "venues": [_venue(venue, with_rivals) for venue in summary.venues],
    }


def _venue(venue: VenueSummary, with_rivals: bool) -> dict[str, Any]:
    belief = venue.belief
    return {
        "venue": venue.venue,
        "interval_s": venue.interval_s,
        "bars": venue.bars,
        "missing_bars": venue.missing_bars,
        "open_interest_glitches": venue.glitches,
        "liquidations": venue.liquidations,
        "mix": {
            "fitted": belief.fit is not None,
            "days": belief.days,
            "leverages": list(NODE_LEVERAGES),
            "long_share": belief.shares[LONG].tolist(),
            "short_share": belief.shares[SHORT].tolist(),
            "reported_share": belief.reported_share,
            "liquidatable_fraction": belief.parameters.liquidatable_fraction,
            "churn": belief.parameters.churn,
            "fast_share": belief.parameters.fast_share,
            "fast_hazard": belief.parameters.fast_hazard,
        },
        "scores": None if venue.grades is None else _scores(venue.grades, with_rivals),
    }


def _scores(grades: Grades, with_rivals: bool) -> dict[str, Any]:
    table = grades.table if with_rivals else grades.table[:1]
    return {
        "days": grades.days,
        "verdict": grades.verdict(),
        "hour_coverage": _known(grades.hour_coverage),
        "day_coverage": _known(grades.day_coverage),
        "models": [_grade(row) for row in table],
    }


def _grade(row: Grade) -> dict[str, Any]:
    return {name: _known(value) for name, value in dataclasses.asdict(row).items()}


def _known(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_known(part) for part in value]
    return None if isinstance(value, float) and not np.isfinite(value) else value
