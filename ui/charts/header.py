"""The line above a chart: what it shows, and its values now or under the crosshair."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFont, QFontMetricsF, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from ui.theme import MIN_FONT_PX, SPACING, Theme, figure_font

HEIGHT_PX: Final = 22
_BY_IMPORTANCE: Final = (0, 2, 1)  # title, figures, words
_LEAST_CHARACTERS: Final = 6  # with less room a part is left out


class HeaderText(QWidget):
    """A title in bold, words in dim, figures in the figures' face; the words give way.

    Signals
    -------
    clicked : while there is something to open
    """

    clicked = Signal()

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

    def set_link(self, tooltip: str) -> None:
        """Say what a click opens; empty: nothing."""
        if tooltip != self.toolTip():
            self.setToolTip(tooltip)
            shape = Qt.CursorShape.PointingHandCursor if tooltip else Qt.CursorShape.ArrowCursor
            self.setCursor(shape)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        inside = self.rect().contains(event.position().toPoint())
        if inside and self.toolTip() and event.button() is Qt.MouseButton.LeftButton:
            self.clicked.emit()

    def sizeHint(self) -> QSize:
        return QSize(0, HEIGHT_PX)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        left = 0.0
        for (text, token, font), width in zip(self._parts, self._widths(), strict=True):
            painter.setFont(font)
            painter.setPen(self._theme.colour(token))
            shown = QFontMetricsF(font).elidedText(text, Qt.TextElideMode.ElideRight, width)
            place = QRectF(left, 0, width, self.height())
            painter.drawText(place, Qt.AlignmentFlag.AlignVCenter, shown)
            left += width + SPACING if width else 0
        painter.end()

    def _widths(self) -> list[float]:
        """Give each part its room: first the title, then the figures, the words what is left."""
        room = float(self.width())
        widths = [0.0] * len(self._parts)
        for index in _BY_IMPORTANCE if self._parts else ():
            text, _, font = self._parts[index]
            metrics = QFontMetricsF(font)
            wanted = metrics.horizontalAdvance(text) + 1
            if text and room >= min(wanted, metrics.averageCharWidth() * _LEAST_CHARACTERS):
                widths[index] = min(wanted, room)
                room -= widths[index] + SPACING
        return widths
