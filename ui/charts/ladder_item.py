"""The ladder: the newest column of the liquidation map as bars, beside the view it belongs to."""

from __future__ import annotations

from typing import Final

import numpy as np
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QGraphicsWidget, QStyleOptionGraphicsItem, QWidget

from ui import format as fmt
from ui.charts.map_levels import MapSide, UsdArray, band_usd_per_unit, usd_per_unit
from ui.charts.pixels import PixelMap
from ui.charts.plotting import ViewBox, fill_rects
from ui.theme import MIN_FONT_PX, Theme
from workstation.market.facts import FloatArray
from workstation.risk.report import HeatmapColumns

ROW_PX: Final = 4.0  # least height of a bar; bins are averaged until they reach it
TEXT_PX: Final = 18
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


class LadderItem(QGraphicsWidget):
    """Longs below the price and shorts above it, now, in USD per 0.1 % of price.

    It has the price axis of its view, the array of the map, and the scale of the map: a full bar
    is the scale's top. Where a band is known, a bar is solid up to its low end, paler up to the
    estimate, and palest up to its high end.
    """

    def __init__(self, view: ViewBox, theme: Theme) -> None:
        super().__init__()
        self._view, self._theme = view, theme
        self._edges: FloatArray = np.empty(0)
        self._sides: tuple[tuple[str, UsdArray], ...] = ()
        self._bars: list[tuple[str, float, UsdArray]] = []  # colour, its strength, length in USD
        self._top_usd = 1.0
        self._caption = ""

    def set_columns(
        self,
        columns: HeatmapColumns | None,
        top_usd: float | None,
        side: MapSide = MapSide.BOTH,
    ) -> None:
        """Show the newest bar of a map, on the map's scale and of the same side."""
        if columns is None or top_usd is None:
            self._sides, self._bars = (), []
            self.setToolTip("")
            return
        band = None if side is MapSide.NET else band_usd_per_unit(columns)
        self._caption = f"book now, {_CAPTIONS[side]}"
        self.setToolTip(
            "Estimated liquidations waiting now, in USD per 0.1 % of price: "
            f"{_WORDS[side]}.\nA full bar is {fmt.usd_short(top_usd)}, "
            f"the end of the map's scale.{'' if band is None else _BAND_TEXT}"
        )
        self._edges, self._top_usd = columns.edges(), top_usd
        self._sides = _sides(columns, side)
        self._bars = [(token, _SOLID, usd) for token, usd in self._sides]
        if band is not None:
            ends = dict(zip(("long", "short"), zip(*band, strict=True), strict=True))
            self._bars = [
                (token, strength, usd)
                for token, likely in self._sides
                for strength, usd in (
                    (_PALEST, ends[token][1]),
                    (_PALE, likely),
                    (_SOLID, ends[token][0]),
                )
            ]

    def paint(
        self, painter: QPainter, _option: QStyleOptionGraphicsItem, _widget: QWidget | None = None
    ) -> None:
        if not self._sides:
            return
        painter.setClipRect(self.rect())
        pixels = PixelMap.of(self._view)
        for side, strength, usd in self._bars:
            rects = bar_rects(self._edges, usd / self._top_usd, pixels, self.rect().width())
            fill_rects(painter, rects, self._theme.colour(side, strength))
        self._draw_text(painter)

    def _draw_text(self, painter: QPainter) -> None:
        font = painter.font()
        font.setPixelSize(MIN_FONT_PX)
        painter.setFont(font)
        place = QRectF(0, self.rect().height() - TEXT_PX, self.rect().width(), TEXT_PX)
        painter.fillRect(place, self._theme.colour("background", 0.8))
        painter.setPen(self._theme.colour("dim"))
        painter.drawText(place, Qt.AlignmentFlag.AlignCenter, self._caption)


def _sides(columns: HeatmapColumns, side: MapSide) -> tuple[tuple[str, UsdArray], ...]:
    """Return the colour of each row of bars, and their lengths in USD."""
    if side is MapSide.NET:
        net = usd_per_unit(columns, side, _NEWEST)[0]
        return ("long", np.maximum(net, 0)), ("short", np.maximum(-net, 0))
    return tuple(
        (token, usd_per_unit(columns, one, _NEWEST)[0])
        for token, one in (("long", MapSide.LONG), ("short", MapSide.SHORT))
        if side in (one, MapSide.BOTH)
    )


def bar_rects(edges: FloatArray, share: UsdArray, pixels: PixelMap, full_px: float) -> FloatArray:
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
