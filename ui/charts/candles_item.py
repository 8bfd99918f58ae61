"""Candles: bodies where there is room, one wick a pixel column where there is not.

Every column shows the highest high and the lowest low of all candles in it, so no wick is lost at
any zoom. The extremes are reduced from the candles themselves in every frame: a million of them
take a third of a millisecond, less than any pyramid costs in upkeep, and a changed last candle is
simply there. A candle belongs to the column of its middle; time is real, so a hole stays a hole.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QColor, QPainter

from ui.charts.pixels import Layer, PixelMap
from ui.charts.plotting import ViewBox, fill_rects
from ui.theme import Theme
from workstation.market.facts import Candles, FloatArray

BODIES_FROM_PX: Final = 3.0  # distance of two candles from which bodies are drawn
BODY_SHARE: Final = 0.8  # of that distance


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WickColumns:
    """The candles of every pixel column that has any: its extremes, and whether it rises."""

    x: FloatArray  # (n,) pixel columns
    high: FloatArray
    low: FloatArray
    rises: NDArray[np.bool_]


def wick_columns(candles: Candles, pixels: PixelMap) -> WickColumns:
    """Return the extremes of the candles in each pixel column; empty columns are left out."""
    middle_ms = candles.interval_s * 500
    rows = np.searchsorted(candles.time_ms, pixels.column_edges() - middle_ms)
    filled = np.flatnonzero(rows[1:] > rows[:-1])
    first, last = rows[filled], rows[filled + 1] - 1
    end = rows[-1]
    return WickColumns(
        x=filled.astype(np.float64),
        high=np.maximum.reduceat(candles.high[:end], first) if len(first) else np.empty(0),
        low=np.minimum.reduceat(candles.low[:end], first) if len(first) else np.empty(0),
        rises=candles.close[last] >= candles.open[first],
    )


class CandlesItem(Layer):
    """The candles of one market; ``stale`` ones are drawn faint."""

    def __init__(self, view: ViewBox, theme: Theme) -> None:
        super().__init__(view, z=-10)
        self._theme = theme
        self.candles: Candles | None = None
        self.stale = False

    def extent(self, start_ms: float, end_ms: float) -> tuple[float, float] | None:
        """Return the lowest low and the highest high between two times."""
        candles = self.candles
        if candles is None:
            return None
        first, last = np.searchsorted(
            candles.time_ms, [int(start_ms) - candles.interval_s * 1_000, int(end_ms)]
        )
        if first == last:
            return None
        return float(np.min(candles.low[first:last])), float(np.max(candles.high[first:last]))

    def draw(self, painter: QPainter, pixels: PixelMap) -> None:
        if self.candles is None or not len(self.candles):
            return
        step_px = self.candles.interval_s * 1_000 / pixels.ms_per_px
        if step_px < BODIES_FROM_PX:
            self._draw_columns(painter, pixels, self.candles)
        else:
            self._draw_bodies(painter, pixels, self.candles, step_px)

    def _colours(self) -> tuple[QColor, QColor]:
        names = ("faint", "faint") if self.stale else ("candle_up", "candle_down")
        return self._theme.colour(names[0]), self._theme.colour(names[1])

    def _draw_columns(self, painter: QPainter, pixels: PixelMap, candles: Candles) -> None:
        columns = wick_columns(candles, pixels)
        rects = _rects(columns.x, 1.0, pixels.y(columns.high), pixels.y(columns.low))
        up, down = self._colours()
        fill_rects(painter, rects[columns.rises], up)
        fill_rects(painter, rects[~columns.rises], down)

    def _draw_bodies(
        self, painter: QPainter, pixels: PixelMap, candles: Candles, step_px: float
    ) -> None:
        step_ms = candles.interval_s * 1_000
        first = np.searchsorted(candles.time_ms, int(pixels.start_ms) - step_ms)
        last = np.searchsorted(candles.time_ms, int(pixels.end_ms))
        rows = slice(int(first), int(last))
        middle = np.floor(pixels.x(candles.time_ms[rows] + step_ms / 2))
        width = _odd(step_px * BODY_SHARE)
        opened, closed = pixels.y(candles.open[rows]), pixels.y(candles.close[rows])
        top, bottom = np.minimum(opened, closed), np.maximum(opened, closed)
        wicks = _rects(middle, 1.0, pixels.y(candles.high[rows]), pixels.y(candles.low[rows]))
        bodies = _rects(middle - (width - 1) / 2, width, top, bottom)
        rises = candles.close[rows] >= candles.open[rows]
        up, down = self._colours()
        for rects in (wicks, bodies):
            fill_rects(painter, rects[rises], up)
            fill_rects(painter, rects[~rises], down)
        hollow = bodies[rises & (bodies[:, 2] > 2) & (bodies[:, 3] > 2)] + (1, 1, -2, -2)
        fill_rects(painter, hollow, self._theme.colour("background"))


def _odd(width: float) -> float:
    whole = max(1, int(width))
    return float(whole - (whole + 1) % 2)


def _rects(left: FloatArray, width: float, top: FloatArray, bottom: FloatArray) -> FloatArray:
    # whole pixels, both ends included
    upper = np.floor(top)
    return np.column_stack((left, upper, np.full(len(left), width), np.floor(bottom) - upper + 1))
