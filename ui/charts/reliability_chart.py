"""Whether bands hold what they promise: the share of hours inside against the share promised."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from ui import format as fmt
from ui.theme import MIN_FONT_PX, Theme, figure_font
from workstation.risk.heatmap_scorecard import Reliability

_SIZE: Final = QSize(300, 260)
_LEFT_PX: Final = 52
_BELOW_PX: Final = 40
_MARGIN_PX: Final = 26
_TICKS: Final = (0.4, 0.6, 0.8, 1.0)
_LOWEST: Final = 0.3  # of both axes
_DOT_PX: Final = 3.5


class ReliabilityChart(QWidget):
    """Longs and shorts as lines beside the diagonal, on which every band holds just enough."""

    def __init__(
        self, theme: Theme, points: Sequence[Reliability], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._theme, self._points = theme, tuple(points)
        self.setMinimumSize(_SIZE)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setToolTip(
            "Of bands that should hold the hourly amount so often: how often they did.\n"
            "Below the diagonal they were too narrow, above it too wide.\n"
            "An hour in which nothing was expected and nothing happened is not counted."
        )

    def sizeHint(self) -> QSize:
        return _SIZE

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(figure_font(MIN_FONT_PX))
        self._draw_axes(painter)
        painter.setPen(QPen(self._theme.colour("dim"), 1, Qt.PenStyle.DashLine))
        painter.drawLine(self._at(_LOWEST, _LOWEST), self._at(1.0, 1.0))
        for token, shares in (
            ("long", [point.long for point in self._points]),
            ("short", [point.short for point in self._points]),
        ):
            self._draw_side(painter, token, shares)
        painter.end()

    def _draw_axes(self, painter: QPainter) -> None:
        align = Qt.AlignmentFlag.AlignCenter
        for tick in _TICKS:
            painter.setPen(QPen(self._theme.colour("line"), 1))
            painter.drawLine(self._at(_LOWEST, tick), self._at(1.0, tick))
            painter.drawLine(self._at(tick, _LOWEST), self._at(tick, 1.0))
            painter.setPen(self._theme.colour("dim"))
            left, below = self._at(_LOWEST, tick), self._at(tick, _LOWEST)
            text = fmt.percent(tick, 0)
            painter.drawText(QRectF(0, left.y() - 9, _LEFT_PX - 4, 18), align, text)
            painter.drawText(QRectF(below.x() - 30, below.y() + 2, 60, 18), align, text)
        bottom = QRectF(_LEFT_PX, self.height() - 18, self.width() - _LEFT_PX, 18)
        painter.drawText(bottom, align, "promised")
        painter.drawText(QRectF(0, 0, _LEFT_PX - 4, 18), align, "held")

    def _draw_side(self, painter: QPainter, token: str, shares: Sequence[float]) -> None:
        painter.setPen(QPen(self._theme.colour(token), 1.5))
        painter.setBrush(self._theme.colour(token))
        known = [
            self._at(point.nominal, share)
            for point, share in zip(self._points, shares, strict=True)
            if math.isfinite(share)
        ]
        painter.drawPolyline(known)
        for place in known:
            painter.drawEllipse(place, _DOT_PX, _DOT_PX)

    def _at(self, nominal: float, share: float) -> QPointF:
        width = self.width() - _LEFT_PX - _MARGIN_PX
        height = self.height() - _BELOW_PX - _MARGIN_PX
        x, y = ((max(each, _LOWEST) - _LOWEST) / (1.0 - _LOWEST) for each in (nominal, share))
        return QPointF(_LEFT_PX + x * width, _MARGIN_PX + (1.0 - y) * height)
