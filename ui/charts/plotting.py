"""The typed face of pyqtgraph, which ships no types: the few names that are used, with theirs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyqtgraph as pg
from pyqtgraph.Qt.internals import PrimitiveArray
from PySide6.QtCore import QPointF, QRectF, Qt, SignalInstance
from PySide6.QtGui import QColor, QPainter, QPainterPath
from PySide6.QtWidgets import QGraphicsView, QGraphicsWidget, QWidget

from workstation.market.facts import FloatArray

if TYPE_CHECKING:

    class ViewBox(QGraphicsWidget):
        """What of ``pyqtgraph.ViewBox`` is used here."""

        sigRangeChanged: SignalInstance  # noqa: N815 (pyqtgraph's name)

        def __init__(self, *, enableMenu: bool = True) -> None: ...  # noqa: N803
        def viewRange(self) -> list[list[float]]: ...  # noqa: N802
        def setRange(  # noqa: N802
            self,
            *,
            xRange: tuple[float, float],  # noqa: N803
            yRange: tuple[float, float],  # noqa: N803
            padding: float,
        ) -> None: ...
        def updateMatrix(self) -> None: ...  # noqa: N802

    class GraphicsView(QGraphicsView):
        """What of ``pyqtgraph.GraphicsView`` is used here."""

        def __init__(self, parent: QWidget | None = None, *, background: QColor) -> None: ...
        def setCentralItem(self, item: QGraphicsWidget) -> None: ...  # noqa: N802

    class MouseDragEvent:
        """What of pyqtgraph's drag event is used here; positions are in the item's pixels."""

        def accept(self) -> None: ...
        def ignore(self) -> None: ...
        def button(self) -> Qt.MouseButton: ...
        def isStart(self) -> bool: ...  # noqa: N802
        def isFinish(self) -> bool: ...  # noqa: N802
        def pos(self) -> QPointF: ...
        def lastPos(self) -> QPointF: ...  # noqa: N802
        def buttonDownPos(self) -> QPointF: ...  # noqa: N802

    class MouseClickEvent:
        """What of pyqtgraph's click event is used here."""

        def accept(self) -> None: ...
        def double(self) -> bool: ...

else:
    from pyqtgraph import GraphicsView, ViewBox
    from pyqtgraph.GraphicsScene.mouseEvents import MouseClickEvent, MouseDragEvent

__all__ = [
    "GraphicsView",
    "MouseClickEvent",
    "MouseDragEvent",
    "ViewBox",
    "fill_columns",
    "fill_rects",
    "polyline",
]

# Antialiasing costs a chart several milliseconds a frame and smears what is snapped to pixels.
pg.setConfigOptions(antialias=False)


def fill_rects(painter: QPainter, rects: FloatArray, colour: QColor) -> None:
    """Fill many rectangles in one call: (n, 4) of left, top, width and height in pixels.

    pyqtgraph's array of Qt primitives saves wrapping each rectangle in Python.
    """
    if not len(rects):
        return
    array: Any = PrimitiveArray(QRectF, 4)
    array.resize(len(rects))
    array.ndarray()[:] = rects
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour)
    painter.drawRects(*array.drawargs())


def fill_columns(painter: QPainter, rects: FloatArray, colour: QColor) -> None:
    """Fill rectangles that stand in order from the left; neighbours of one height are joined.

    A rectangle costs the painter the same however wide it is, and where a curve hardly moves many
    pixel columns look alike.
    """
    if len(rects) > 1:
        left, top, width, height = rects.T
        parts = (np.diff(left) > width[:-1]) | (np.diff(top) != 0) | (np.diff(height) != 0)
        first = np.flatnonzero(np.append(True, parts))
        last = np.append(first[1:], len(rects)) - 1
        joined = rects[first]
        joined[:, 2] = left[last] + width[last] - left[first]
        rects = joined
    fill_rects(painter, rects, colour)


def polyline(x: FloatArray, y: FloatArray) -> QPainterPath:
    """Return the path through (n,) points, broken where one is not finite; built in one call."""
    path: QPainterPath = pg.arrayToQPath(x, y, connect="finite")
    return path
