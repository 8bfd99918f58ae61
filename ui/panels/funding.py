"""Funding per 8 h by venue, and its mean by open interest."""

from __future__ import annotations

import numpy as np
from PySide6.QtGui import QColor

from ui import format as fmt
from ui.charts.chart import Extent
from ui.charts.steps_item import Curve, CurvesItem
from ui.charts.values_item import ValueRow
from ui.panels.base import PanelContext
from ui.panels.venue_chart import VenueChartPanel, VenueSeries
from workstation.market.facts import FundingRate, OpenInterest
from workstation.market.instrument import MarketKey
from workstation.market.steps import StepSeries, funding_steps, open_interest_steps, weighted_mean


def axis_text(rate: float) -> str:
    return fmt.percent(rate, 3, sign=True)


class FundingPanel(VenueChartPanel):
    """One curve a venue, the mean in the colour of text."""

    def __init__(self, context: PanelContext) -> None:
        self._curves: CurvesItem | None = None
        super().__init__(context, text=axis_text, with_time=False)
        self._curves = CurvesItem(self.chart.view)
        self._mean: StepSeries | None = None

    def fit(self, start_ms: float, end_ms: float) -> Extent | None:
        extent = self._curves.extent(start_ms, end_ms) if self._curves else None
        return None if extent is None else (min(extent[0], 0.0), max(extent[1], 0.0))

    def read(self, key: MarketKey) -> tuple[object, ...]:
        store = self.bridge.desk.store
        return store.funding_history(key), store.newest(FundingRate, key)

    def make(self, key: MarketKey, colour: QColor) -> VenueSeries:
        store = self.bridge.desk.store
        newest = store.newest(FundingRate, key)
        series = funding_steps(store.funding_history(key), newest, store.now_ms)
        return VenueSeries(key=key, series=series, newest=newest, colour=colour)

    def show_series(self) -> None:
        self._mean = weighted_mean(
            [item.series for item in self.series],
            [self._weight(item.key) for item in self.series],
        )
        curves = [Curve(series=item.series, colour=item.colour) for item in self.series]
        curves.append(Curve(series=self._mean, colour=self.theme.colour("text"), width=2))
        if self._curves is not None:
            self._curves.curves = curves

    def _weight(self, key: MarketKey) -> StepSeries:
        store = self.bridge.desk.store
        newest = store.newest(OpenInterest, key)
        return open_interest_steps(store.open_interest_history(key), newest, store.now_ms)

    def row(self, item: VenueSeries, value: float) -> ValueRow:
        return ValueRow(
            name=fmt.venue_name(item.key.venue),
            value=fmt.funding(value),
            colour=item.colour,
            dim=self.is_stale(item) or not np.isfinite(value),
        )

    def show_header(self) -> None:
        super().show_header()
        cursor_ms = self.group.cursor_ms
        mean: float | None = None
        if self._mean is not None and len(self._mean):
            overview = self.bridge.desk.overview
            now = overview.funding_rate_8h if overview else float(self._mean.value[-1])
            mean = float(self._mean.at(cursor_ms)) if cursor_ms is not None else now
        self.header.show_text(
            "Funding", "per 8 h by venue, weighted by open interest in white", fmt.funding(mean)
        )

    def empty_text(self) -> str:
        coin = self.bridge.desk.view.coin
        return f"No venue has given funding of {coin} yet; the status bar says how each venue does."
