"""A chart: a view over the group's time, a column beside it, axes, crosshair, mouse and keys."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QEvent, QPointF, Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent, QMouseEvent, QResizeEvent, QShowEvent, QWheelEvent
from PySide6.QtWidgets import (
    QGraphicsGridLayout,
    QGraphicsScene,
    QGraphicsView,
    QGraphicsWidget,
    QPushButton,
    QWidget,
)

from ui.charts.axes import (
    CrosshairItem,
    GridItem,
    MessageItem,
    TimeAxis,
    ValueAxis,
    ValueText,
    WatermarkItem,
)
from ui.charts.chart_group import ChartGroup
from ui.charts.pixels import PixelMap
from ui.charts.plotting import GraphicsView, MouseClickEvent, MouseDragEvent, ViewBox
from ui.theme import SPACING, Theme
from workstation.market.feed import FeedMode

SIDE_PX: Final = 160  # the column between view and axis: the ladder, the venues' values
BACK_FROM_PX: Final = 150  # height from which a chart has room for its button
PADDING: Final = 0.06  # share of the height left free above and below
WHEEL_ZOOM: Final = 0.85  # a notch
KEY_ZOOM: Final = 0.75
KEY_PAN: Final = 0.1  # of the span
_LEAST_PX: Final = 40
_GRAB_PX: Final = 5  # how near a line must be to be dragged
_WHEEL_NOTCH: Final = 120  # Qt: eighths of a degree

Extent = tuple[float, float]
Fit = Callable[[float, float], Extent | None]


class TimeView(ViewBox):
    """The view of a chart; what the mouse does to it goes to the chart."""

    def __init__(self, chart: Chart) -> None:
        super().__init__(enableMenu=False)
        self._chart = chart

    def mouseDragEvent(self, event: MouseDragEvent, axis: int | None = None) -> None:  # noqa: ARG002
        self._chart.drag(event)

    def mouseClickEvent(self, event: MouseClickEvent) -> None:
        if event.double():
            self._chart.reset()
            event.accept()

    def wheelEvent(self, event: object, axis: int | None = None) -> None:
        """Leave the wheel to the chart, which knows the group."""


class Chart(GraphicsView):
    """One chart of a group; panels add layers to ``view`` and say how its height is fitted.

    ``fit`` returns the lowest and highest value to show between two times (milliseconds), or
    ``None`` where there is none. Until the user scales the height by hand it decides.

    Signals
    -------
    line_dragged : float, the value to which the user draws the line that ``draggable`` names
    """

    line_dragged = Signal(float)

    def __init__(
        self,
        group: ChartGroup,
        theme: Theme,
        *,
        text: ValueText,
        fit: Fit,
        with_time: bool = True,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent, background=theme.colour("background"))
        self.group = group
        self.view = TimeView(self)
        self.draggable: float | None = None  # the value of the line that may be dragged
        self._fit = fit
        self._fitted = True
        self._shown: Extent | None = None  # the time in view
        self._dragging = False
        self.axis = ValueAxis(self.view, theme, text)
        self._grid = GridItem(self.view, theme)
        self._watermark = WatermarkItem(self.view, theme)
        self._message = MessageItem(self.view, theme)
        self._crosshair = CrosshairItem(self.view, theme, group)
        self._side: QGraphicsWidget | None = None
        self._time_axis = TimeAxis(self.view, theme, group) if with_time else None
        self._layout = self._lay_out()
        self._back = self._make_back_button()
        self.setViewportUpdateMode(QGraphicsView.ViewportUpdateMode.FullViewportUpdate)
        self.scene().setItemIndexMethod(QGraphicsScene.ItemIndexMethod.NoIndex)
        self.setMinimumHeight(_LEAST_PX)
        group.range_changed.connect(self.refit)
        group.cursor_moved.connect(self._move_crosshair)
        group.following_changed.connect(self._show_back_button)

    def _lay_out(self) -> QGraphicsGridLayout:
        central = QGraphicsWidget()
        layout = QGraphicsGridLayout(central)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addItem(self.view, 0, 0)
        layout.addItem(self.axis, 0, 2)
        layout.setColumnFixedWidth(1, SIDE_PX)
        if self._time_axis is not None:
            layout.addItem(self._time_axis, 1, 0)
        self.setCentralItem(central)
        return layout

    def _make_back_button(self) -> QPushButton:
        button = QPushButton("Back to now \N{RIGHTWARDS ARROW}", self)
        button.setToolTip("Show the newest data and follow it (End)")
        button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        button.hide()
        button.clicked.connect(self.group.follow)
        return button

    def set_side(self, side: QGraphicsWidget) -> None:
        """Put something between view and axis; it shares the view's scale."""
        side.setMinimumWidth(SIDE_PX)
        side.setMaximumWidth(SIDE_PX)
        self._layout.addItem(side, 0, 1, 2, 1)  # it reaches down beside the time axis
        self._side = side

    def set_mode(self, mode: FeedMode) -> None:
        """Lay a watermark across whatever is not live."""
        self._watermark.text = "" if mode is FeedMode.LIVE else mode.value
        self.redraw()

    def set_message(self, text: str) -> None:
        """Say what to do while there is nothing to draw; empty takes it away."""
        if text != self._message.text:
            self._message.text = text
            for scale in (self.axis, self._time_axis, self._grid):
                if scale is not None:
                    scale.setVisible(not text)
            self.redraw()

    def redraw(self) -> None:
        self.viewport().update()

    @Slot()
    def refit(self) -> None:
        """Show the group's time, and the values in it; a hidden chart waits until it is shown."""
        if not self.isVisible():
            return
        extent = self._fit(self.group.start_ms, self.group.end_ms) if self._fitted else None
        low, high = _padded(extent) if extent else self.view.viewRange()[1]
        self._show((low, high))

    def follow_group(self) -> None:
        """Show the group's time, if it is another than the one in view."""
        if self._shown != (self.group.start_ms, self.group.end_ms):
            self.refit()

    @Slot()
    def reset(self) -> None:
        """Go back to now, and fit the height again."""
        self.fit_height()
        self.group.follow()

    def fit_height(self) -> None:
        """Let the data decide again which values are shown."""
        self._fitted = True
        self.refit()

    @Slot()
    def _move_crosshair(self) -> None:
        if self.isVisible():
            self.redraw()

    @Slot(bool)
    def _show_back_button(self, following: bool) -> None:
        self._back.setVisible(not following and self.height() >= BACK_FROM_PX)

    def drag(self, event: MouseDragEvent) -> None:
        """Drag the line under the mouse, or else the chart through time."""
        event.accept()
        pixels = PixelMap.of(self.view)
        if event.isStart():
            self._dragging = self._is_on_line(pixels, event.buttonDownPos())
        if not self._dragging:
            self._drag_view(pixels, event.lastPos() - event.pos())
            return
        self.line_dragged.emit(float(pixels.value(event.pos().y())))
        self._dragging = not event.isFinish()

    def _drag_view(self, pixels: PixelMap, moved: QPointF) -> None:
        if not self._fitted:
            by = -moved.y() * pixels.value_per_px
            self._show_values(pixels.low + by, pixels.high + by)
        self.group.pan(moved.x() * pixels.ms_per_px)

    def _show_values(self, low: float, high: float) -> None:
        self._fitted = False
        self._show((low, high))

    def _show(self, values: Extent) -> None:
        self._shown = self.group.start_ms, self.group.end_ms
        self.view.setRange(xRange=self._shown, yRange=values, padding=0)
        self.view.updateMatrix()  # left to the paint, it has Qt paint a second time
        self.redraw()

    def _is_on_line(self, pixels: PixelMap, place: QPointF) -> bool:
        if self.draggable is None:
            return False
        return abs(pixels.y_of(self.draggable) - place.y()) <= _GRAB_PX

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zoom around the cursor; over the value axis the height, sideways it pans."""
        pixels = PixelMap.of(self.view)
        notches = event.angleDelta().y() / _WHEEL_NOTCH
        sideways = event.angleDelta().x() / _WHEEL_NOTCH
        place = self._view_position(event.position())
        if sideways:
            self.group.pan(-sideways * KEY_PAN * self.group.span_ms)
        elif place.x() > pixels.width:
            self._zoom_values(pixels, WHEEL_ZOOM**notches, float(pixels.value(place.y())))
        else:
            self.group.zoom(WHEEL_ZOOM**notches, float(pixels.time(place.x())))
        event.accept()

    def _zoom_values(self, pixels: PixelMap, factor: float, around: float) -> None:
        low = around - (around - pixels.low) * factor
        high = around + (pixels.high - around) * factor
        self._show_values(low, high)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        action = self._keys().get(Qt.Key(event.key()))
        if action is None:
            super().keyPressEvent(event)
            return
        action()
        event.accept()

    def _keys(self) -> dict[Qt.Key, Callable[[], None]]:
        group = self.group
        middle = (group.start_ms + group.end_ms) / 2
        anchor = group.end_ms if group.following else middle
        return {
            Qt.Key.Key_Plus: lambda: group.zoom(KEY_ZOOM, anchor),
            Qt.Key.Key_Equal: lambda: group.zoom(KEY_ZOOM, anchor),
            Qt.Key.Key_Minus: lambda: group.zoom(1 / KEY_ZOOM, anchor),
            Qt.Key.Key_Left: lambda: group.pan(-KEY_PAN * group.span_ms),
            Qt.Key.Key_Right: lambda: group.pan(KEY_PAN * group.span_ms),
            Qt.Key.Key_PageUp: lambda: group.pan(-group.span_ms),
            Qt.Key.Key_PageDown: lambda: group.pan(group.span_ms),
            Qt.Key.Key_Home: group.go_to_start,
            Qt.Key.Key_End: self.reset,
        }

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        super().mouseMoveEvent(event)
        self._place_cursor(event.position())

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self._crosshair.value = self.axis.cursor_value = None
        self.group.move_cursor(None)

    def _place_cursor(self, position: QPointF) -> None:
        pixels = PixelMap.of(self.view)
        place = self._view_position(position)
        inside = 0 <= place.x() < pixels.width and 0 <= place.y() < pixels.height
        value = float(pixels.value(place.y())) if inside else None
        self._crosshair.value = self.axis.cursor_value = value
        on_line = inside and self._is_on_line(pixels, place)
        shape = Qt.CursorShape.SizeVerCursor if on_line else Qt.CursorShape.CrossCursor
        self.viewport().setCursor(shape if inside else Qt.CursorShape.ArrowCursor)
        self.group.move_cursor(float(pixels.time(place.x())) if inside else None)

    def _view_position(self, position: QPointF) -> QPointF:
        return self.view.mapFromScene(self.mapToScene(position.toPoint()))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if hasattr(self, "_back"):  # Qt resizes once while pyqtgraph's constructor runs
            size = self._back.sizeHint()
            left = self.width() - SIDE_PX - self.axis.minimumWidth() - size.width() - SPACING
            below = 0 if self._time_axis is None else self._time_axis.minimumHeight()
            top = self.height() - below - size.height() - SPACING
            self._back.setGeometry(round(left), round(top), size.width(), size.height())
            self._show_back_button(self.group.following)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.refit()


def _padded(extent: Extent) -> Extent:
    low, high = extent
    room = (high - low) * PADDING or abs(high) * 0.001 or 1.0
    return low - room, high + room
