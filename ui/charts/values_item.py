"""A column of names and values beside a chart: what the curves or bands are, and stand at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QFont, QPainter
from PySide6.QtWidgets import (
    QGraphicsItem,
    QGraphicsWidget,
    QStyleOptionGraphicsItem,
    QWidget,
)

from ui.theme import MIN_FONT_PX, Theme, figure_font

ROW_PX: Final = (14.0, 16.0)  # height of a row, at least and at most
_SWATCH_PX: Final = 8.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueRow:
    """One name, its value as a text and its colour; ``dim`` when it is stale or not known.

    ``age`` stands behind the name of what is stale; the name gives way to it.
    """

    name: str
    age: str = ""
    value: str
    colour: QColor
    dim: bool = False


class ValuesItem(QGraphicsWidget):
    """Rows from the top; what does not fit is left out, and counted in the last row.

    Its picture is kept: while the chart beside it moves, the rows seldom change.
    """

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._words = QFont()
        self._words.setPixelSize(MIN_FONT_PX)
        self.rows: Sequence[ValueRow] = ()
        self.setCacheMode(QGraphicsItem.CacheMode.DeviceCoordinateCache)

    def show_rows(self, rows: Sequence[ValueRow]) -> None:
        if rows != self.rows:
            self.rows = rows
            self.update()

    def paint(
        self, painter: QPainter, _option: QStyleOptionGraphicsItem, _widget: QWidget | None = None
    ) -> None:
        height = self.rect().height()
        row_px = min(max(ROW_PX[0], height / max(1, len(self.rows))), ROW_PX[1])
        room = int(height / row_px + 0.01)
        shown = self.rows if len(self.rows) <= room else self.rows[: max(0, room - 1)]
        for index, row in enumerate(shown):
            self._draw_row(painter, row, QRectF(0, index * row_px, self.rect().width(), row_px))
        hidden = len(self.rows) - len(shown)
        if hidden and room:
            painter.setFont(self._words)
            painter.setPen(self._theme.colour("dim"))
            place = QRectF(18, (room - 1) * row_px, self.rect().width() - 18, row_px)
            painter.drawText(place, Qt.AlignmentFlag.AlignVCenter, f"{hidden} more: point here")

    def _draw_row(self, painter: QPainter, row: ValueRow, place: QRectF) -> None:
        middle_px = place.center().y()
        swatch = QRectF(6, middle_px - _SWATCH_PX / 2, _SWATCH_PX, _SWATCH_PX)
        painter.fillRect(swatch, row.colour)
        place = place.adjusted(18, 0, -4, 0)
        middle = Qt.AlignmentFlag.AlignVCenter
        painter.setFont(figure_font(MIN_FONT_PX))
        painter.setPen(self._theme.colour("faint" if row.dim else "text"))
        painter.drawText(place, middle | Qt.AlignmentFlag.AlignRight, row.value)
        place.setWidth(place.width() - painter.fontMetrics().horizontalAdvance(row.value) - 6)
        painter.setFont(self._words)
        painter.setPen(self._theme.colour("faint" if row.dim else "dim"))
        metrics = painter.fontMetrics()
        age = f" {row.age}" if row.age else ""
        room = int(place.width()) - metrics.horizontalAdvance(age)
        name = metrics.elidedText(row.name, Qt.TextElideMode.ElideRight, room)
        painter.drawText(place, middle, name + age)
