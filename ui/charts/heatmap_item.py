"""The liquidation map under the candles: a ready picture, sampled to the pixels of the view."""

from __future__ import annotations

import dataclasses
import math
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QColor, QImage, QPainter

from ui.charts.hatching import PERIOD_PX, Hatching
from ui.charts.map_levels import (
    SHADES,
    MapSide,
    MapUnit,
    Sampling,
    bins_per_px,
    sample,
    sample_bars,
    scale_rows,
    scale_top,
    shades,
)
from ui.charts.pixels import Layer, PixelMap
from ui.charts.plotting import ViewBox
from ui.charts.shade_table import ShadeTable
from ui.theme import Theme
from workstation.risk.heatmap_reading import Cell, bin_at, cell_of, row_at
from workstation.risk.report import HeatmapColumns

MAX_OCTAVE: Final = 10
ColourArray = NDArray[np.uint32]  # 0xffRRGGBB, as QImage.Format_RGB32 wants it


def palette(theme: Theme, side: MapSide) -> ColourArray:
    """Return the (256,) colours of the shades."""
    stops = theme.map_stops
    if side is MapSide.NET:
        stops = (theme.short, theme.background, theme.long)
    colours = [QColor(stop) for stop in stops]
    channels = np.array([(c.red(), c.green(), c.blue()) for c in colours], dtype=np.float64)
    places = np.linspace(0, SHADES - 1, len(stops))
    red, green, blue = (
        np.interp(np.arange(SHADES), places, channels[:, k]).round().astype(np.uint32)
        for k in range(3)
    )
    opaque = np.uint32(0xFF000000)
    return np.asarray(opaque | (red << 16) | (green << 8) | blue, dtype=np.uint32)


class _Drawn:
    """The picture of a view; ``image`` shows ``colours``, whose memory it uses."""

    def __init__(self, pixels: PixelMap, taken: Sampling, colours: ColourArray) -> None:
        self.pixels, self.taken, self.colours = pixels, taken, colours
        height, width = colours.shape
        self.image = QImage(colours.data, width, height, 4 * width, QImage.Format.Format_RGB32)


class HeatmapItem(Layer):
    """The map; it is shaded when its data or scale change, sampled and coloured while panning.

    Bars that are new are shaded alone, and where the view stands still they are all that is
    sampled again.
    """

    def __init__(self, view: ViewBox, theme: Theme) -> None:
        super().__init__(view, z=-30)
        self._palettes = {side: palette(theme, side) for side in MapSide}
        self.side, self.unit = MapSide.BOTH, MapUnit.USD
        self.columns: HeatmapColumns | None = None
        self.top: float | None = None  # in ``unit`` per 0.1 % of price
        self._hatching: Hatching | None = None
        self._table: ShadeTable | None = None
        self._drawn: _Drawn | None = None
        self._stale: int | None = None  # the first bar that is not drawn as it is now

    def set_columns(self, columns: HeatmapColumns | None) -> None:
        """Show another map; bars that the last one had as well keep their shades."""
        known, self.columns = self.columns, columns
        if columns is None or not len(columns.time_ms):
            self.columns = self.top = self._hatching = self._table = self._drawn = None
            return
        self._hatching = Hatching.of(columns, self.side, self._hatching)
        kept = _unchanged(known, columns)
        top = self.top
        if kept is None or top is None or _scale_bars(known) != _scale_bars(columns):
            top = scale_top(columns, self.side, self.unit, top)
        if self._table is None or kept is None or top != self.top:
            self.top, self._drawn = top, None
            levels = shades(columns, self.side, self.unit, top)
            self._table = ShadeTable(levels, self._nothing)
            return
        dropped, stay = kept
        fresh = shades(columns, self.side, self.unit, top, stay)
        self._table.follow(dropped, stay, fresh)
        undrawn = stay if self._stale is None else min(stay, self._stale - dropped)
        self._stale = max(0, undrawn)

    def set_terms(self, side: MapSide, unit: MapUnit) -> None:
        """Show longs, shorts, both or their difference, in USD or in coins."""
        if (side, unit) != (self.side, self.unit):
            self.side, self.unit, columns = side, unit, self.columns
            self.columns = self.top = self._hatching = None
            self.set_columns(columns)

    def cell_at(self, time_ms: float, price: float, pixels: PixelMap) -> Cell | None:
        """Return what the map says under a pixel: of as many bins as share the pixel's colour."""
        columns = self.columns
        row = None if columns is None else row_at(columns, time_ms)
        k = None if columns is None else bin_at(columns, price)
        if columns is None or row is None or k is None:
            return None
        together = 1 << _octave(bins_per_px(columns, pixels))
        first = k - k % together
        return cell_of(columns, row, first, min(first + together, columns.long_base.shape[1]))

    def draw(self, painter: QPainter, pixels: PixelMap) -> None:
        columns, table = self.columns, self._table
        if columns is None or table is None:
            return
        if self._drawn is None or self._drawn.pixels != pixels:
            taken = sample(columns, pixels)
            self._drawn = _Drawn(pixels, taken, self._coloured(table, taken))
        elif self._stale is not None:
            self._draw_again(columns, table, self._drawn, self._stale)
        self._stale = None
        painter.drawImage(0, 0, self._drawn.image)

    def _draw_again(
        self, columns: HeatmapColumns, table: ShadeTable, drawn: _Drawn, from_bar: int
    ) -> None:
        # the part of the picture that shows bars from ``from_bar`` on
        pixels = drawn.pixels
        first = 0  # where bars have been dropped on the left of the view
        if pixels.start_ms >= columns.time_ms[0]:
            together = table.first_of(from_bar, _octave(drawn.taken.bars_per_px))
            first = math.floor(pixels.x_of(columns.time_ms[together])) - 1
            if first >= pixels.width:
                return
            first = max(0, first)
        first -= first % PERIOD_PX  # hatching goes on where it was
        bars, has_bar = sample_bars(columns, pixels, first)
        shown = len(bars) - int(np.argmax(has_bar[::-1]))  # what lies ahead stays empty
        part = dataclasses.replace(drawn.taken, bars=bars[:shown], has_bar=has_bar[:shown])
        drawn.colours[:, first : first + shown] = self._coloured(table, part)

    def _sampled(self, columns: HeatmapColumns, pixels: PixelMap) -> ColourArray:
        """Return the (height, width) colours of the view's pixels."""
        assert self._table is not None
        return self._coloured(self._table, sample(columns, pixels))

    def _coloured(self, table: ShadeTable, taken: Sampling) -> ColourArray:
        by_price, by_time = _octave(taken.bins_per_px), _octave(taken.bars_per_px)
        at = table.column(taken.bars, by_time)
        first, end = (int(at[0]), int(at[-1]) + 1) if len(at) else (0, 0)
        shown = table.octave(by_price, by_time)[:, first:end]
        colours = self._palettes[self.side]
        rows = colours[shown[taken.bins >> by_price]]
        picture: ColourArray = np.take(rows, at - first, axis=1, mode="clip")
        nothing = colours[self._nothing]
        picture[~taken.has_bin] = nothing
        picture[:, ~taken.has_bar] = nothing
        if self._hatching is not None:
            self._hatching.draw(picture, taken, nothing)
        return picture

    @property
    def _nothing(self) -> int:
        return 128 if self.side is MapSide.NET else 0


def _octave(per_px: float) -> int:
    return min(MAX_OCTAVE, max(0, math.ceil(math.log2(max(per_px, 1e-9)))))


def _scale_bars(columns: HeatmapColumns | None) -> object:
    # the final bars that the scale is taken of
    if columns is None:
        return None
    bars = columns.time_ms[: max(1, columns.final)][scale_rows(columns)]
    return (int(bars[0]), int(bars[-1]), len(bars)) if len(bars) else None


def _unchanged(known: HeatmapColumns | None, new: HeatmapColumns) -> tuple[int, int] | None:
    """Return how many bars fell off the left, and how many stay as they were; ``None`` if unlike.

    Final columns stay, but new history gives another map; the open interest behind the columns
    tells the two apart.
    """
    if known is None or not len(known.time_ms):
        return None
    if _frame(known) != _frame(new) or new.time_ms[0] < known.time_ms[0]:
        return None
    dropped = int(np.searchsorted(known.time_ms, new.time_ms[0]))
    stay = known.final - dropped
    if stay < 1 or stay > len(new.time_ms):
        return None
    old = slice(dropped, dropped + stay)
    same = np.array_equal(known.time_ms[old], new.time_ms[:stay]) and np.array_equal(
        known.open_interest_base[old], new.open_interest_base[:stay]
    )
    return (dropped, stay) if same else None


def _frame(columns: HeatmapColumns) -> tuple[object, ...]:
    bins = columns.long_base.shape[1]
    identity = (columns.coin, columns.interval_s, columns.venues, columns.with_todays_fit)
    return (*identity, columns.first_bin, columns.delta, bins, columns.liquidatable_fraction)
