"""The line above a chart: what it shows, and its values now or under the crosshair."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QFont, QFontMetricsF, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from ui.theme import MIN_FONT_PX, SPACING, Theme, figure_font

HEIGHT_PX = 22


class HeaderText(QWidget):
    """A title in bold, words in dim, figures in the figures' face; cut with an ellipsis."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._parts: tuple[tuple[str, str, QFont], ...] = ()
        self._title, self._words, self._figures = QFont(), QFont(), figure_font(MIN_FONT_PX + 1)
        self._title.setBold(True)
        for font in (self._title, self._words):
            font.setPixelSize(MIN_FONT_PX + 1)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def text(self) -> str:
        return " ".join(text for text, _, _ in self._parts if text)

    def show_text(self, title: str, words: str, figures: str = "") -> None:
        """Show three parts, one after the other."""
        parts = (
            (title, "text", self._title),
            (words, "dim", self._words),
            (figures, "text", self._figures),
        )
        if parts != self._parts:
            self._parts = parts
            self.update()

    def sizeHint(self) -> QSize:
        return QSize(0, HEIGHT_PX)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        left = 0.0
        for text, token, font in self._parts:
            room = self.width() - left
            metrics = QFontMetricsF(font)
            if not text or room < metrics.averageCharWidth() * 4:
                continue
            painter.setFont(font)
            painter.setPen(self._theme.colour(token))
            shown = metrics.elidedText(text, Qt.TextElideMode.ElideRight, room)
            place = QRectF(left, 0, room, self.height())
            painter.drawText(place, Qt.AlignmentFlag.AlignVCenter, shown)
            left += metrics.horizontalAdvance(shown) + SPACING
        painter.end()
