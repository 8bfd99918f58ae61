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

    def set_columns(self, columns: HeatmapColumns | None, top_usd: float | None) -> None:
        """Show the newest bar of a map, on the map's scale."""
        if columns is None or top_usd is None:
            self._sides, self._bars = (), []
            self.setToolTip("")
            return
        band = band_usd_per_unit(columns)
        self.setToolTip(
            "Estimated liquidations waiting now, in USD per 0.1 % of price: "
            f"longs below the price, shorts above it.\nA full bar is {fmt.usd_short(top_usd)}, "
            f"the end of the map's scale.{'' if band is None else _BAND_TEXT}"
        )
        self._edges, self._top_usd = columns.edges(), top_usd
        self._sides = (
            ("long", usd_per_unit(columns, MapSide.LONG, _NEWEST)[0]),
            ("short", usd_per_unit(columns, MapSide.SHORT, _NEWEST)[0]),
        )
        self._bars = [(side, _SOLID, usd) for side, usd in self._sides]
        if band is not None:
            lows, highs = band
            self._bars = [
                (side, strength, usd)
                for i, (side, likely) in enumerate(self._sides)
                for strength, usd in ((_PALEST, highs[i]), (_PALE, likely), (_SOLID, lows[i]))
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
        painter.drawText(place, Qt.AlignmentFlag.AlignCenter, "book now, long / short")


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
