"""A column of names and values beside a chart: what the curves or bands are, and stand at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import QGraphicsWidget, QStyleOptionGraphicsItem, QWidget

from ui.theme import MIN_FONT_PX, Theme, figure_font

ROW_PX: Final = 16.0
_SWATCH_PX: Final = 8.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueRow:
    """One name, its value as a text and its colour; ``dim`` when it is stale or not known."""

    name: str
    value: str
    colour: QColor
    dim: bool = False


class ValuesItem(QGraphicsWidget):
    """Rows from the top; what does not fit is left out, and counted in the last row."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.rows: Sequence[ValueRow] = ()

    def paint(
        self, painter: QPainter, _option: QStyleOptionGraphicsItem, _widget: QWidget | None = None
    ) -> None:
        room = max(0, int(self.rect().height() // ROW_PX))
        shown = self.rows if len(self.rows) <= room else self.rows[: max(0, room - 1)]
        for index, row in enumerate(shown):
            self._draw_row(painter, row, index * ROW_PX)
        hidden = len(self.rows) - len(shown)
        if hidden and room:
            painter.setPen(self._theme.colour("dim"))
            place = QRectF(18, (room - 1) * ROW_PX, self.rect().width() - 18, ROW_PX)
            painter.drawText(place, Qt.AlignmentFlag.AlignVCenter, f"{hidden} more")

    def _draw_row(self, painter: QPainter, row: ValueRow, top: float) -> None:
        swatch = QRectF(6, top + (ROW_PX - _SWATCH_PX) / 2, _SWATCH_PX, _SWATCH_PX)
        painter.fillRect(swatch, row.colour)
        place = QRectF(18, top, self.rect().width() - 22, ROW_PX)
        figures = figure_font(MIN_FONT_PX)
        words = painter.font()
        words.setPixelSize(MIN_FONT_PX)
        right = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight
        for font, token, align, text in (
            (words, "dim", Qt.AlignmentFlag.AlignVCenter, row.name),
            (figures, "text", right, row.value),
        ):
            painter.setFont(font)
            painter.setPen(self._theme.colour("faint" if row.dim else token))
            painter.drawText(place, align, text)
