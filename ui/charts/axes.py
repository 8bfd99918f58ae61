"""The axes beside a view, and the grid and crosshair in it.

They draw a dozen texts directly, some tenth of a millisecond; pyqtgraph's own axis records and
replays a picture, a millisecond each, and its grid some ten.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import QLineF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPen
from PySide6.QtWidgets import QGraphicsWidget, QStyleOptionGraphicsItem, QWidget

from ui import format as fmt
from ui.charts.chart_group import ChartGroup
from ui.charts.pixels import Layer, PixelMap
from ui.charts.plotting import ViewBox
from ui.charts.ticks import time_ticks, value_step, value_ticks
from ui.theme import MIN_FONT_PX, Theme, figure_font

VALUE_TICK_PX: Final = 56  # least distance of two ticks
LEAST_TICKS: Final = 4  # on a low chart rather this many, closer to one another
TIME_TICK_PX: Final = 90
VALUE_AXIS_PX: Final = 68
TIME_AXIS_PX: Final = 20
_FLAG_PX: Final = 18

# The text of a value; given the distance of ticks, only as fine as that needs.
ValueText = Callable[[float, float | None], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Flag:
    """A value set off on the axis: the mark, the scenario, the crosshair."""

    value: float
    background: QColor
    text: QColor


class ValueAxis(QGraphicsWidget):
    """The scale at the right of a view, with flags."""

    def __init__(self, view: ViewBox, theme: Theme, text: ValueText) -> None:
        super().__init__()
        self._view, self._theme, self._text = view, theme, text
        self.flagged: tuple[Flag, ...] = ()  # the last one lies on top
        self.cursor_value: float | None = None
        self.setMinimumWidth(VALUE_AXIS_PX)
        self.setMaximumWidth(VALUE_AXIS_PX)

    def paint(
        self, painter: QPainter, _option: QStyleOptionGraphicsItem, _widget: QWidget | None = None
    ) -> None:
        pixels = PixelMap.of(self._view)
        painter.setFont(figure_font(MIN_FONT_PX))
        painter.setPen(self._theme.colour("dim"))
        flags = self._visible_flags(pixels)
        taken = [pixels.y_of(flag.value) for flag in flags]
        most = _most_ticks(pixels)
        step = value_step(pixels.low, pixels.high, most)
        for value in value_ticks(pixels.low, pixels.high, most):
            y = pixels.y_of(value)
            inside = _FLAG_PX / 2 <= y <= pixels.height - _FLAG_PX / 2
            if inside and all(abs(y - other) >= _FLAG_PX for other in taken):
                self._draw_text(painter, self._place(pixels, value), self._text(value, step))
        for flag in flags:
            place = self._place(pixels, flag.value)
            painter.fillRect(place, flag.background)
            painter.setPen(flag.text)
            self._draw_text(painter, place, self._text(flag.value, None))

    def _visible_flags(self, pixels: PixelMap) -> list[Flag]:
        flags = list(self.flagged)
        if self.cursor_value is not None:
            ground, text = self._theme.colour("line"), self._theme.colour("text")
            flags.append(Flag(value=self.cursor_value, background=ground, text=text))
        return [flag for flag in flags if pixels.low <= flag.value <= pixels.high]

    def _place(self, pixels: PixelMap, value: float) -> QRectF:
        top = min(max(pixels.y_of(value) - _FLAG_PX / 2, 0.0), pixels.height - _FLAG_PX)
        return QRectF(0, round(top), VALUE_AXIS_PX, _FLAG_PX)

    @staticmethod
    def _draw_text(painter: QPainter, place: QRectF, text: str) -> None:
        align = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
        painter.drawText(place.adjusted(6, 0, 0, 0), align, text)


class TimeAxis(QGraphicsWidget):
    """UTC times below a view, and the crosshair's."""

    def __init__(self, view: ViewBox, theme: Theme, group: ChartGroup) -> None:
        super().__init__()
        self._view, self._theme, self._group = view, theme, group
        self.setMinimumHeight(TIME_AXIS_PX)
        self.setMaximumHeight(TIME_AXIS_PX)

    def paint(
        self, painter: QPainter, _option: QStyleOptionGraphicsItem, _widget: QWidget | None = None
    ) -> None:
        pixels = PixelMap.of(self._view)
        painter.setFont(figure_font(MIN_FONT_PX))
        metrics = QFontMetricsF(painter.font())
        painter.setPen(self._theme.colour("dim"))
        for time_ms, text in _time_ticks(pixels):
            self._draw_centred(painter, pixels, metrics, time_ms, text)
        cursor_ms = self._group.cursor_ms
        if cursor_ms is not None and pixels.start_ms <= cursor_ms <= pixels.end_ms:
            self._draw_cursor(painter, pixels, metrics, cursor_ms)

    def _draw_cursor(
        self, painter: QPainter, pixels: PixelMap, metrics: QFontMetricsF, cursor_ms: float
    ) -> None:
        text = fmt.utc_time(int(cursor_ms))[:-3]
        place = self._place(pixels, metrics, cursor_ms, text)
        painter.fillRect(place.adjusted(-6, 0, 6, 0), self._theme.colour("line"))
        painter.setPen(self._theme.colour("text"))
        painter.drawText(place, Qt.AlignmentFlag.AlignCenter, text)

    def _draw_centred(
        self, painter: QPainter, pixels: PixelMap, metrics: QFontMetricsF, time_ms: float, text: str
    ) -> None:
        half = metrics.horizontalAdvance(text) / 2
        if half <= pixels.x_of(time_ms) <= pixels.width - half:
            place = self._place(pixels, metrics, time_ms, text)
            painter.drawText(place, Qt.AlignmentFlag.AlignCenter, text)

    @staticmethod
    def _place(pixels: PixelMap, metrics: QFontMetricsF, time_ms: float, text: str) -> QRectF:
        width = metrics.horizontalAdvance(text) + 2
        left = min(max(pixels.x_of(time_ms) - width / 2, 6), pixels.width - width - 6)
        return QRectF(round(left), 0, width, TIME_AXIS_PX)


class GridItem(Layer):
    """Faint lines at the ticks of both axes."""

    def __init__(self, view: ViewBox, theme: Theme) -> None:
        super().__init__(view, z=-20)
        self._pen = QPen(theme.colour("line", 0.55))

    def draw(self, painter: QPainter, pixels: PixelMap) -> None:
        painter.setPen(self._pen)
        for value in value_ticks(pixels.low, pixels.high, _most_ticks(pixels)):
            y = round(pixels.y_of(value)) + 0.5
            painter.drawLine(QLineF(0, y, pixels.width, y))
        for time_ms, _ in _time_ticks(pixels):
            x = round(pixels.x_of(time_ms)) + 0.5
            painter.drawLine(QLineF(x, 0, x, pixels.height))


class CrosshairItem(Layer):
    """The group's time as a line in every chart, the value only under the mouse."""

    def __init__(self, view: ViewBox, theme: Theme, group: ChartGroup) -> None:
        super().__init__(view, z=30)
        self._group = group
        self._pen = QPen(theme.colour("dim", 0.8), 1, Qt.PenStyle.DashLine)
        self.value: float | None = None

    def draw(self, painter: QPainter, pixels: PixelMap) -> None:
        painter.setPen(self._pen)
        if self._group.cursor_ms is not None:
            x = pixels.x_of(self._group.cursor_ms) // 1 + 0.5
            painter.drawLine(QLineF(x, 0, x, pixels.height))
        if self.value is not None:
            y = pixels.y_of(self.value) // 1 + 0.5
            painter.drawLine(QLineF(0, y, pixels.width, y))


class MessageItem(Layer):
    """What to do while there is nothing to draw; it covers a view that shows no data."""

    def __init__(self, view: ViewBox, theme: Theme) -> None:
        super().__init__(view, z=40)
        self._colour, self._ground = theme.colour("dim"), theme.colour("background")
        self.text = ""

    def draw(self, painter: QPainter, pixels: PixelMap) -> None:
        if not self.text:
            return
        painter.fillRect(QRectF(0, 0, pixels.width, pixels.height), self._ground)
        font = painter.font()
        font.setPixelSize(MIN_FONT_PX + 2)
        painter.setFont(font)
        painter.setPen(self._colour)
        place = QRectF(0, 0, pixels.width, pixels.height).adjusted(24, 8, -24, -8)
        align = Qt.AlignmentFlag.AlignCenter.value | Qt.TextFlag.TextWordWrap.value
        painter.drawText(place, align, self.text)


class WatermarkItem(Layer):
    """SIMULATED or REPLAY across the chart; nothing while live."""

    def __init__(self, view: ViewBox, theme: Theme) -> None:
        super().__init__(view, z=5)
        self._colour = theme.colour("text", 0.07)
        self.text = ""

    def draw(self, painter: QPainter, pixels: PixelMap) -> None:
        if not self.text:
            return
        font = painter.font()
        font.setPixelSize(round(min(56, pixels.height * 0.45, pixels.width * 0.09)) or 1)
        font.setBold(True)
        font.setLetterSpacing(font.SpacingType.PercentageSpacing, 118)
        painter.setFont(font)
        painter.setPen(self._colour)
        place = QRectF(0, 0, pixels.width, pixels.height)
        painter.drawText(place, Qt.AlignmentFlag.AlignCenter, self.text)


def _most_ticks(pixels: PixelMap) -> int:
    return max(LEAST_TICKS, pixels.height // VALUE_TICK_PX)


def _time_ticks(pixels: PixelMap) -> tuple[tuple[int, str], ...]:
    return time_ticks(pixels.start_ms, pixels.end_ms, pixels.width // TIME_TICK_PX)
