"""Step curves and stacked bands, reduced to pixel columns: every extreme kept, holes left open."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from PySide6.QtGui import QColor, QPainter

from ui.charts.pixels import Layer, PixelMap
from ui.charts.plotting import ViewBox, fill_columns
from workstation.market.facts import FloatArray
from workstation.market.steps import StepSeries

CURVE_PX: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Curve:
    """One step curve, ``width`` pixels thick."""

    series: StepSeries
    colour: QColor
    width: int = CURVE_PX


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Band:
    """One band of a stack; ``stale_colour`` continues it after its newest value."""

    series: StepSeries
    colour: QColor
    stale_colour: QColor


def column_extremes(series: StepSeries, pixels: PixelMap) -> tuple[FloatArray, FloatArray]:
    """Return (width,) lowest and highest value in each pixel column; NaN where there is none.

    A column includes the value with which it begins, so neighbouring columns touch.
    """
    low = np.full(pixels.width, np.nan)
    high = low.copy()
    if not len(series):
        return low, high
    edges = pixels.column_edges()
    before = np.searchsorted(series.start_ms, edges[:-1], side="right") - 1
    holds = (before >= 0) & (series.until_ms[before] > edges[:-1])
    first = np.where(holds, before, before + 1)
    last = np.searchsorted(series.start_ms, edges[1:]) - 1
    some = np.flatnonzero(last >= first)
    if not len(some):
        return low, high
    bounds = np.column_stack((first[some], last[some] + 1)).ravel()
    values = np.append(series.value, series.value[-1])  # lets the last bound point past the end
    low[some] = np.minimum.reduceat(values, bounds)[::2]
    high[some] = np.maximum.reduceat(values, bounds)[::2]
    return low, high


class CurvesItem(Layer):
    """Several step curves; the last one lies on top."""

    def __init__(self, view: ViewBox) -> None:
        super().__init__(view, z=-10)
        self.curves: Sequence[Curve] = ()

    def extent(self, start_ms: float, end_ms: float) -> tuple[float, float] | None:
        """Return the lowest and highest value between two times."""
        parts = [_between(curve.series, start_ms, end_ms) for curve in self.curves]
        values = np.concatenate([np.empty(0), *parts])
        return (float(values.min()), float(values.max())) if len(values) else None

    def draw(self, painter: QPainter, pixels: PixelMap) -> None:
        columns = np.arange(pixels.width, dtype=np.float64)
        for curve in self.curves:
            low, high = column_extremes(curve.series, pixels)
            known = np.isfinite(low)
            half = (curve.width - 1) / 2
            top = np.floor(pixels.y(high[known]) - half)
            height = np.floor(pixels.y(low[known]) - half) - top + curve.width
            width = np.full(len(top), float(curve.width))
            rects = np.column_stack((columns[known] - np.floor(half), top, width, height))
            fill_columns(painter, rects, curve.colour)


class StackItem(Layer):
    """Bands upon one another.

    A hole in a band between two known values leaves a hole in the whole stack: the sum is not
    known there. After its newest value a band goes on at that value in its stale colour.
    """

    def __init__(self, view: ViewBox) -> None:
        super().__init__(view, z=-10)
        self.bands: Sequence[Band] = ()
        self.edge_ms = 0.0  # nothing is drawn beyond

    def extent(self, start_ms: float, end_ms: float) -> tuple[float, float] | None:
        """Return zero and the highest sum between two times."""
        times = np.linspace(start_ms, min(end_ms, self.edge_ms), 200)
        if not self.bands or end_ms < start_ms:
            return None
        top = float(np.nanmax(self._values(times).sum(axis=0), initial=0.0))
        return (0.0, top) if top > 0 else None

    def _values(self, times: FloatArray) -> FloatArray:
        """Return (bands, times) values: 0 before a band begins, its last value after it ends."""
        rows = []
        for band in self.bands:
            value = band.series.at(times)
            if len(band.series):
                value[times < band.series.start_ms[0]] = 0.0
                value[times >= band.series.until_ms[-1]] = band.series.value[-1]
            else:
                value[:] = 0.0
            rows.append(value)
        return np.array(rows)

    def draw(self, painter: QPainter, pixels: PixelMap) -> None:
        if not self.bands:
            return
        times = pixels.column_centres()
        known = times <= self.edge_ms
        values = np.where(known, self._values(times), np.nan)
        tops = np.cumsum(values, axis=0)
        columns = np.arange(pixels.width, dtype=np.float64)
        bottoms = np.vstack((np.zeros(len(times)), tops[:-1]))
        drawn = np.isfinite(tops[-1])
        for band, bottom, top in zip(self.bands, bottoms, tops, strict=True):
            upper, lower = np.round(pixels.y(top)), np.round(pixels.y(bottom))
            rects = np.column_stack((columns, upper, np.ones(len(columns)), lower - upper))
            seen = drawn & (lower > upper)
            stale = times >= (band.series.until_ms[-1] if len(band.series) else 0)
            fill_columns(painter, rects[seen & ~stale], band.colour)
            fill_columns(painter, rects[seen & stale], band.stale_colour)


def _between(series: StepSeries, start_ms: float, end_ms: float) -> FloatArray:
    first = np.searchsorted(series.until_ms, int(start_ms), side="right")
    last = np.searchsorted(series.start_ms, int(end_ms))
    return series.value[first:last]
