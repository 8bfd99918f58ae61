"""From time and value to the pixels of a view and back; and the base of everything drawn there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from PySide6.QtCore import QRectF
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from ui.charts.plotting import ViewBox
from workstation.market.facts import FloatArray, TimeArray

FAR_PX = 10.0  # how far outside the view a coordinate may lie before it is clipped


@dataclass(frozen=True, slots=True, kw_only=True)
class PixelMap:
    """What a view shows: a span of time and of value on so many pixels; y grows downwards."""

    start_ms: float
    end_ms: float
    low: float
    high: float
    width: int
    height: int

    @classmethod
    def of(cls, view: ViewBox) -> PixelMap:
        (start_ms, end_ms), (low, high) = view.viewRange()
        size = view.rect()
        return cls(
            start_ms=start_ms,
            end_ms=end_ms,
            low=low,
            high=high,
            width=max(1, round(size.width())),
            height=max(1, round(size.height())),
        )

    @property
    def ms_per_px(self) -> float:
        return (self.end_ms - self.start_ms) / self.width

    @property
    def value_per_px(self) -> float:
        return (self.high - self.low) / self.height

    def x(self, time_ms: ArrayLike) -> FloatArray:
        return (np.asarray(time_ms, dtype=np.float64) - self.start_ms) / self.ms_per_px

    def y(self, value: ArrayLike) -> FloatArray:
        """Return pixels from the top, clipped a little outside the view; NaN stays NaN."""
        y_px = (self.high - np.asarray(value, dtype=np.float64)) / self.value_per_px
        return np.clip(y_px, -FAR_PX, self.height + FAR_PX)

    def x_of(self, time_ms: float) -> float:
        """Return ``x`` of one time, without an array's cost."""
        return (time_ms - self.start_ms) / self.ms_per_px

    def y_of(self, value: float) -> float:
        """Return ``y`` of one value, likewise."""
        y_px = (self.high - value) / self.value_per_px
        return min(max(y_px, -FAR_PX), self.height + FAR_PX)

    def time(self, x_px: ArrayLike) -> FloatArray:
        return self.start_ms + np.asarray(x_px, dtype=np.float64) * self.ms_per_px

    def value(self, y_px: ArrayLike) -> FloatArray:
        return self.high - np.asarray(y_px, dtype=np.float64) * self.value_per_px

    def column_edges(self) -> TimeArray:
        """Return the (width + 1,) times at which pixel columns begin, in whole milliseconds."""
        return np.ceil(self.time(np.arange(self.width + 1.0))).astype(np.int64)

    def column_centres(self, first: int = 0) -> FloatArray:
        return self.time(np.arange(first, self.width) + 0.5)


class Layer(QGraphicsItem):
    """Something drawn over a whole view, in the view's pixels; subclasses implement ``draw``."""

    def __init__(self, view: ViewBox, z: float) -> None:
        super().__init__(view)
        self._view = view
        self.setZValue(z)

    def boundingRect(self) -> QRectF:
        return self._view.rect()

    def paint(
        self, painter: QPainter, _option: QStyleOptionGraphicsItem, _widget: QWidget | None = None
    ) -> None:
        self.draw(painter, PixelMap.of(self._view))

    def draw(self, painter: QPainter, pixels: PixelMap) -> None:
        raise NotImplementedError
