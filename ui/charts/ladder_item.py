"""The ladder: the newest column of the liquidation map as bars, beside the view it belongs to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter, QPainterPath, QPen
from PySide6.QtWidgets import QGraphicsWidget, QStyleOptionGraphicsItem, QWidget

from ui.charts.map_levels import (
    AmountArray,
    MapSide,
    MapUnit,
    amount_text,
    amounts,
    band_amounts,
    known_amounts,
    sold_per_coin,
)
from ui.charts.pixels import PixelMap
from ui.charts.plotting import ViewBox, fill_rects, polyline
from ui.theme import MIN_FONT_PX, Theme
from workstation.market.facts import FloatArray
from workstation.risk.heatmap_reading import cumulative
from workstation.risk.report import HeatmapColumns

ROW_PX: Final = 4.0  # least height of a bar; bins are averaged until they reach it
TEXT_PX: Final = 18
TICK_PX: Final = 2.0  # width of what marks known positions
_NEWEST: Final = slice(-1, None)
_SOLID: Final = 0.85  # strength of a bar's colour
_PALE: Final = 0.45
_PALEST: Final = 0.2
_CAPTIONS: Final = {
    MapSide.BOTH: "long / short",
    MapSide.LONG: "long",
    MapSide.SHORT: "short",
    MapSide.NET: "net",
}
_WORDS: Final = {
    MapSide.BOTH: "longs below the price, shorts above it",
    MapSide.LONG: "longs alone",
    MapSide.SHORT: "shorts alone",
    MapSide.NET: "longs less shorts, in the colour of what is more",
}
_BAND_TEXT: Final = (
    "\nA bar is solid up to the low end of its 80 % band, paler up to the estimate, and palest up "
    "to the high end."
)
_KNOWN_TEXT: Final = (
    "\nTicks are positions known one by one: a part of the open interest that the bars "
    "estimate, not more of it."
)


_Rects = tuple[FloatArray, str, float]  # (n, 4) rectangles, their colour and its strength


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shapes:
    """What a view on so many pixels shows of the ladder."""

    pixels: PixelMap
    width: float
    rects: list[_Rects]
    sums: list[QPainterPath]
    most: float  # in the unit of the map


class LadderItem(QGraphicsWidget):
    """Longs below the price and shorts above it, now, per 0.1 % of price; and their running sum.

    It has the price axis of its view, the array of the map, and the scale of the map: a full bar
    is the scale's top. Where a band is known, a bar is solid up to its low end, paler up to the
    estimate, and palest up to its high end. The line is what is liquidated on the way from the mark
    to each price; it reaches across at the most that is in view.
    """

    def __init__(self, view: ViewBox, theme: Theme) -> None:
        super().__init__()
        self._view, self._theme = view, theme
        self._edges: FloatArray = np.empty(0)
        self._sides: tuple[tuple[str, AmountArray], ...] = ()
        self._bars: list[tuple[str, float, AmountArray]] = []  # colour, its strength, length
        self._sums: tuple[FloatArray, FloatArray] | None = None  # at the edges, down and up
        self._known: AmountArray | None = None
        self._columns: HeatmapColumns | None = None
        self._unit = MapUnit.USD
        self._mark: float | None = None
        self._shapes: _Shapes | None = None  # as they were drawn last, while they still hold
        self._top = 1.0
        self._caption = ""

    def set_columns(
        self,
        columns: HeatmapColumns | None,
        top: float | None,
        unit: MapUnit,
        side: MapSide = MapSide.BOTH,
        *,
        exact: bool = True,
    ) -> None:
        """Show the newest bar of a map, on the map's scale and of the same side.

        ``exact`` marks positions that are known one by one.
        """
        self._columns, self._unit = columns if top is not None else None, unit
        self._sum_up()
        if columns is None or top is None:
            self._sides, self._bars, self._known = (), [], None
            self.setToolTip("")
            return
        band = None if side is MapSide.NET else band_amounts(columns, unit)
        # what is known one by one is not told apart by side
        self._known = known_amounts(columns, unit) if exact and side is MapSide.BOTH else None
        self._caption = f"book now, {_CAPTIONS[side]}"
        self.setToolTip(
            f"Estimated liquidations waiting now, per 0.1 % of price: {_WORDS[side]}.\n"
            f"A full bar is {amount_text(top, unit, columns.coin)}, "
            f"the end of the map's scale.{'' if band is None else _BAND_TEXT}\n"
            "The line is what is liquidated on the way from the mark to each price, in "
            f"{'USD' if unit is MapUnit.USD else columns.coin}."
            f"{'' if self._known is None else _KNOWN_TEXT}"
        )
        self._edges, self._top = columns.edges(), top
        self._sides = _sides(columns, side, unit)
        self._bars = [(token, _SOLID, amount) for token, amount in self._sides]
        if band is not None:
            ends = dict(zip(("long", "short"), zip(*band, strict=True), strict=True))
            self._bars = [
                (token, strength, amount)
                for token, likely in self._sides
                for strength, amount in (
                    (_PALEST, ends[token][1]),
                    (_PALE, likely),
                    (_SOLID, ends[token][0]),
                )
            ]

    def set_mark(self, mark: float | None) -> None:
        """Add up from this price on; without one there is no line."""
        if mark != self._mark:
            self._mark = mark
            self._sum_up()

    def _sum_up(self) -> None:
        columns, mark, self._shapes = self._columns, self._mark, None
        self._sums = None
        if columns is not None and mark:
            self._sums = cumulative(columns, mark, sold_per_coin(columns, self._unit))

    def paint(
        self, painter: QPainter, _option: QStyleOptionGraphicsItem, _widget: QWidget | None = None
    ) -> None:
        if not self._sides:
            return
        painter.setClipRect(self.rect())
        shapes = self._shapes_in(PixelMap.of(self._view), self.rect().width())
        for rects, side, strength in shapes.rects:
            fill_rects(painter, rects, self._theme.colour(side, strength))
        font = painter.font()
        font.setPixelSize(MIN_FONT_PX)
        painter.setFont(font)
        if shapes.sums and self._columns is not None:
            painter.setPen(QPen(self._theme.colour("text", 0.8), 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            for path in shapes.sums:
                painter.drawPath(path)
            most = amount_text(shapes.most, self._unit, self._columns.coin)
            self._draw_text(painter, 0, f"line: sum to {most}")
        self._draw_text(painter, self.rect().height() - TEXT_PX, self._caption)

    def _shapes_in(self, pixels: PixelMap, width: float) -> _Shapes:
        """Return what is drawn; a scenario that is dragged over the chart changes none of it."""
        shapes = self._shapes
        if shapes is None or (shapes.pixels, shapes.width) != (pixels, width):
            sums, most = self._sum_lines(pixels, width)
            shapes = self._shapes = _Shapes(
                pixels=pixels,
                width=width,
                rects=[*self._bar_shapes(pixels, width), *self._known_shapes(pixels, width)],
                sums=sums,
                most=most,
            )
        return shapes

    def _bar_shapes(self, pixels: PixelMap, width: float) -> Iterator[_Rects]:
        for side, strength, amount in self._bars:
            yield bar_rects(self._edges, amount / self._top, pixels, width), side, strength

    def _known_shapes(self, pixels: PixelMap, width: float) -> Iterator[_Rects]:
        if self._known is None:
            return
        rects = bar_rects(self._edges, self._known / self._top, pixels, width)
        rects[:, 0] = np.maximum(0.0, rects[:, 2] - TICK_PX)
        rects[:, 2] = TICK_PX
        yield rects, "text", 1.0

    def _sum_lines(self, pixels: PixelMap, width: float) -> tuple[list[QPainterPath], float]:
        """Return the running sums as lines, and the most of them in view."""
        if self._sums is None or self._mark is None:
            return [], 0.0
        y = np.arange(pixels.height + 1.0)
        down, up = sums_at(self._edges, self._sums, self._mark, pixels.value(y))
        most = max(float(np.nanmax(down, initial=0.0)), float(np.nanmax(up, initial=0.0)))
        if not most > 0:
            return [], 0.0
        return [polyline(sums / most * (width - 1), y) for sums in (down, up)], most

    def _draw_text(self, painter: QPainter, top: float, text: str) -> None:
        place = QRectF(0, top, self.rect().width(), TEXT_PX)
        painter.fillRect(place, self._theme.colour("background", 0.8))
        painter.setPen(self._theme.colour("dim"))
        painter.drawText(place, Qt.AlignmentFlag.AlignCenter, text)


def _sides(
    columns: HeatmapColumns, side: MapSide, unit: MapUnit
) -> tuple[tuple[str, AmountArray], ...]:
    """Return the colour of each row of bars, and their lengths."""
    if side is MapSide.NET:
        net = amounts(columns, side, unit, _NEWEST)[0]
        return ("long", np.maximum(net, 0)), ("short", np.maximum(-net, 0))
    return tuple(
        (token, amounts(columns, one, unit, _NEWEST)[0])
        for token, one in (("long", MapSide.LONG), ("short", MapSide.SHORT))
        if side in (one, MapSide.BOTH)
    )


def sums_at(
    edges: FloatArray, sums: tuple[FloatArray, FloatArray], mark: float, price: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return the running sums at prices, each on its side of the mark and NaN on the other."""
    down, up = (np.interp(price, edges, each) for each in sums)
    return np.where(price <= mark, down, np.nan), np.where(price >= mark, up, np.nan)


def bar_rects(
    edges: FloatArray, share: AmountArray, pixels: PixelMap, full_px: float
) -> FloatArray:
    """Return (n, 4) pixel rectangles of bars; thin bins are averaged, so the unit stays."""
    y = (pixels.high - edges) / pixels.value_per_px
    inside = (y[:-1] > 0) & (y[1:] < pixels.height)
    first, last = np.flatnonzero(inside)[[0, -1]] if inside.any() else (0, -1)
    if last < first:
        return np.empty((0, 4))
    thinnest = float(np.min(y[first : last + 1] - y[first + 1 : last + 2]))
    together = max(1, int(np.ceil(ROW_PX / max(thinnest, 1e-6))))
    first -= first % together  # the same bins join at every pan
    starts = np.arange(first, last + 1, together)
    ends = np.minimum(starts + together, len(share))
    means = np.add.reduceat(share[: ends[-1]], starts) / (ends - starts)
    top, bottom = np.round(y[ends]), np.round(y[starts])
    height = np.maximum(bottom - top - 1, 1)
    width = np.round(np.minimum(means, 1.0) * full_px)
    rects: FloatArray = np.column_stack((np.zeros(len(starts)), top, width, height))
    drawn: FloatArray = rects[width > 0]
    return drawn
