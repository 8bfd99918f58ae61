"""The cells of a table of declared columns, painted all at once."""

from __future__ import annotations

from typing import Any, Final

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QFontMetrics, QPainter

from ui.models.rows import Column, RowsModel, alignment

PADDING_PX: Final = 3  # on both sides of a text
ROW_PX: Final = 25


class CellPainter:
    """Paints the texts of a ``RowsModel`` and the ground of what is selected."""

    def __init__(self, model: RowsModel[Any]) -> None:
        self._model = model
        self._faces = [(font, QFontMetrics(font)) for font in (model.figures, model.bold)]

    def paint_row(
        self,
        painter: QPainter,
        at: int,
        top: int,
        places: list[tuple[Column[Any], int, int]],
        *,
        selected: bool,
    ) -> None:
        """Paint a row at a height; ``places`` are columns with their left edge and width, px."""
        model, row = self._model, self._model.row(at)
        font, metrics = self._faces[model.is_total(row)]
        painter.setFont(font)
        for column, left, width in places:
            if selected:
                painter.fillRect(left, top, width, ROW_PX, model.theme.colour("line"))
            text, room = column.text(row), width - 2 * PADDING_PX
            if metrics.horizontalAdvance(text) > room:
                text = metrics.elidedText(text, Qt.TextElideMode.ElideRight, room)
            painter.setPen(model.colour(row, column) or model.theme.colour("text"))
            place = QRect(left + PADDING_PX, top, room, ROW_PX)
            painter.drawText(place, alignment(column), text)
