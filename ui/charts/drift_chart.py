"""The liquidation price of one position over the days to come, and the day it meets the mark."""

from __future__ import annotations

from typing import Final

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from ui import format as fmt
from ui.charts.plotting import polyline
from ui.charts.ticks import time_ticks, value_ticks
from ui.theme import MIN_FONT_PX, Theme, figure_font
from workstation.market.facts import FloatArray
from workstation.risk.funding_path import FundingPath
from workstation.units import DAY_MS

_LEFT, _TOP, _RIGHT, _BOTTOM = 66, 10, 14, 20
_TICK_PX: Final = (80, 34)  # least distance of two ticks, across and up
_MARGIN: Final = 0.08  # of the height, above and below
_DOT_PX: Final = 3.5
_LEAST_SPAN: Final = 0.002  # of the mark: a flatter line is drawn flat
_EMPTY: Final = "No rate is running here; choose one."


class DriftChart(QWidget):
    """The sloping line, the mark, and where the two meet; a ghost is the line at another rate."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.path: FundingPath | None = None
        self.ghost: FundingPath | None = None
        self._now_ms = 0
        self.setMinimumHeight(110)
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def show_path(
        self, path: FundingPath | None, now_ms: int, ghost: FundingPath | None = None
    ) -> None:
        """Draw a path from now on, and another one, dim, beneath it."""
        self.path, self.ghost, self._now_ms = path, ghost, now_ms
        self.update()

    def paintEvent(self, _: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setFont(figure_font(MIN_FONT_PX))
        if self.path is None:
            painter.setPen(self._theme.colour("dim"))
            painter.drawText(self.rect(), int(Qt.AlignmentFlag.AlignCenter), _EMPTY)
            return
        self._draw_axes(painter, self.path)
        self._draw_mark(painter, self.path)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setClipRect(self._plot().adjusted(-_DOT_PX, -_TOP, _DOT_PX, 1))
        if self.ghost is not None:
            self._draw_path(painter, self.ghost, "dim", Qt.PenStyle.DashLine)
        self._draw_path(painter, self.path, "warn", Qt.PenStyle.SolidLine)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        path = self.path
        if path is None:
            return
        share = (event.position().x() - _LEFT) / self._plot().width()
        day = float(np.clip(share, 0.0, 1.0) * path.days[-1])
        price = float(np.interp(day, path.days, path.price))
        QToolTip.showText(
            event.globalPosition().toPoint(),
            f"In {fmt.number(day, 1)} days, {fmt.utc_day(self._now_ms + int(day * DAY_MS))}: "
            f"liquidation price {fmt.price(price)}, if the mark stays at "
            f"{fmt.price(path.mark_price)} and the rate at {fmt.funding(path.rate_8h)} per 8 h",
            self,
        )

    def _plot(self) -> QRectF:
        return QRectF(_LEFT, _TOP, self.width() - _LEFT - _RIGHT, self.height() - _TOP - _BOTTOM)

    def _extent(self, path: FundingPath) -> tuple[float, float]:
        """Return the prices at the bottom and the top: the mark is always in sight."""
        seen = np.append(path.price[np.isfinite(path.price)], path.mark_price)
        low, high = float(seen.min()), float(seen.max())
        spare = max((high - low) * _MARGIN, path.mark_price * _LEAST_SPAN)
        return low - spare, high + spare

    def _x(self, path: FundingPath, days: FloatArray) -> FloatArray:
        plot = self._plot()
        across: FloatArray = plot.left() + days / path.days[-1] * plot.width()
        return across

    def _y(self, price: FloatArray) -> FloatArray:
        assert self.path is not None
        low, high = self._extent(self.path)
        plot = self._plot()
        return plot.bottom() - (price - low) / (high - low) * plot.height()

    def _draw_axes(self, painter: QPainter, path: FundingPath) -> None:
        plot, dim = self._plot(), self._theme.colour("dim")
        low, high = self._extent(path)
        ticks = np.array(value_ticks(low, high, int(plot.height()) // _TICK_PX[1]))
        for value, at in zip(ticks.tolist(), self._y(ticks).tolist(), strict=True):
            y = round(at) + 0.5
            painter.setPen(self._theme.colour("line"))
            painter.drawLine(QPointF(plot.left(), y), QPointF(plot.right(), y))
            painter.setPen(dim)
            side = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
            painter.drawText(QRectF(0, y - 9, _LEFT - 6, 18), int(side), fmt.price(value))
        until_ms = self._now_ms + float(path.days[-1]) * DAY_MS
        for time_ms, words in time_ticks(self._now_ms, until_ms, int(plot.width()) // _TICK_PX[0]):
            days = np.array([(time_ms - self._now_ms) / DAY_MS])
            place = QRectF(float(self._x(path, days)[0]) - 40, plot.bottom() + 2, 80, _BOTTOM - 2)
            painter.drawText(place, int(Qt.AlignmentFlag.AlignCenter), words)

    def _draw_mark(self, painter: QPainter, path: FundingPath) -> None:
        plot, y = self._plot(), float(self._y(np.array([path.mark_price]))[0])
        painter.setPen(QPen(self._theme.colour("text"), 1, Qt.PenStyle.DotLine))
        painter.drawLine(QPointF(plot.left(), y), QPointF(plot.right(), y))
        above = y - 18 > plot.top()
        place = QRectF(plot.left() + 6, y - 18 if above else y + 2, 160, 16)
        side = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        painter.drawText(place, int(side), f"Mark {fmt.price(path.mark_price)}")

    def _draw_path(
        self, painter: QPainter, path: FundingPath, token: str, style: Qt.PenStyle
    ) -> None:
        assert self.path is not None
        colour = self._theme.colour(token)
        painter.setPen(QPen(colour, 1.6, style))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPath(polyline(self._x(self.path, path.days), self._y(path.price)))
        if path.meets_in_days is None:
            return
        x = self._x(self.path, np.array([path.meets_in_days]))[0]
        painter.setBrush(colour)
        painter.drawEllipse(
            QPointF(float(x), float(self._y(np.array([path.mark_price]))[0])), _DOT_PX, _DOT_PX
        )
