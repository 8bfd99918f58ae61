"""The legend of the liquidation map: its colours, and what they stand for."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QLinearGradient, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from ui import format as fmt
from ui.charts.hatching import WIDE_RATIO
from ui.charts.heatmap_item import palette
from ui.charts.map_levels import SHADES, MapSide, MapUnit, amount_text
from ui.theme import MIN_FONT_PX, SPACING, Theme
from workstation.risk.heatmap_reading import band_width
from workstation.risk.known_levels import KnownLevels
from workstation.risk.report import HeatmapColumns

BAR_PX: Final = 56
HEIGHT_PX: Final = 18


class ScaleLegend(QWidget):
    """A bar of colours between two amounts; hidden while there is no map."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._low = self._high = ""
        self._gradient = QLinearGradient(0, 0, BAR_PX, 0)
        font = self.font()
        font.setPixelSize(MIN_FONT_PX)
        self.setFont(font)
        self.setVisible(False)

    def show_scale(
        self, columns: HeatmapColumns | None, top: float | None, side: MapSide, unit: MapUnit
    ) -> None:
        """Show the scale's end, an amount per 0.1 % of price; without a map show nothing."""
        self.setVisible(columns is not None and top is not None)
        if columns is None or top is None:
            return
        most = amount_text(top, unit, columns.coin)
        self._low, self._high = "0", f"{most} per 0.1 %"
        if side is MapSide.NET:
            self._low, self._high = f"short {most}", f"long {most} per 0.1 %"
        colours = palette(self._theme, side)
        self._gradient.setStops(
            [(k / (SHADES - 1), QColor.fromRgb(int(colours[k]))) for k in range(0, SHADES, 15)]
        )
        self.setToolTip(
            "Estimated liquidations waiting at each price, per 0.1 % of price.\n"
            "The scale is even; what is above its top stays brightest.\n"
            f"Hatched: the high end of the 80 % band is over {WIDE_RATIO:g} times the low one, and "
            "the band is wider than elsewhere.\n" + _origin(columns)
        )
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        metrics = QFontMetricsF(self.font())
        texts = metrics.horizontalAdvance(self._low) + metrics.horizontalAdvance(self._high)
        return QSize(round(texts) + BAR_PX + 2 * SPACING + 2, HEIGHT_PX)

    def minimumSizeHint(self) -> QSize:
        return QSize(0, HEIGHT_PX)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setPen(self._theme.colour("dim"))
        align = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
        left = QFontMetricsF(self.font()).horizontalAdvance(self._low) + SPACING
        painter.drawText(QRectF(0, 0, left, self.height()), align, self._low)
        painter.translate(left, 0)
        painter.fillRect(QRectF(0, self.height() / 2 - 4, BAR_PX, 8), self._gradient)
        rest = QRectF(BAR_PX + SPACING, 0, self.width(), self.height())
        painter.drawText(rest, align, self._high)
        painter.end()


def _origin(columns: HeatmapColumns) -> str:
    """Return what the map was made of, and what is missing from it."""
    lines = [f"From candles and open interest of {_names(columns.venues)}."]
    if columns.missing:
        lines.append(f"Without {_names(columns.missing)}: no open interest is known there.")
    if columns.off:
        lines.append(f"Switched off: {_names(columns.off)}.")
    width = band_width(columns)
    if width is not None:
        lines.append(f"All in all the high end of its band is {width:.3g} times the low one now.")
    if columns.score is not None:
        lines.append(f"Where it places liquidations is {columns.score.grades.verdict()}.")
        longs, shorts = (fmt.percent(share, 0) for share in columns.score.grades.hour_coverage)
        lines.append(f"Its 80 % band held {longs} of hours for longs, {shorts} for shorts.")
    lines += [_known_words(levels) for levels in columns.known]
    return "\n".join((*lines, *map(fmt.with_venue_name, (*columns.mix, *columns.notes))))


def _known_words(levels: KnownLevels) -> str:
    words = f"Known at {fmt.venue_name(levels.key.venue)}, not added to the estimate: "
    words += levels.holders
    if levels.coverage is None:
        return f"{words}; their share of open interest is not known."
    longs, shorts = (fmt.percent(share, 1) for share in levels.coverage)
    late = " (an old reading)" if levels.is_stale else ""
    return f"{words}, {longs} of open interest as longs and {shorts} as shorts{late}."


def _names(venues: tuple[str, ...]) -> str:
    return ", ".join(fmt.venue_name(venue) for venue in venues)
