"""Funding per 8 h by venue, and its mean by open interest."""

from __future__ import annotations

import math
from typing import Final

from ui import format as fmt
from ui.charts.chart import Extent
from ui.charts.steps_item import Curve, CurvesItem
from ui.panels.base import PanelContext
from ui.panels.venue_chart import VenueChartPanel, VenueSeries
from workstation.market.facts import FundingHistory, FundingRate, OpenInterest
from workstation.market.instrument import MarketKey
from workstation.market.steps import RunningMean, StepSeries, funding_steps, open_interest_steps

_UNIT: Final = " %"


class FundingPanel(VenueChartPanel):
    """One curve a venue, the mean in the colour of text."""

    def __init__(self, context: PanelContext) -> None:
        super().__init__(context, text=axis_text, with_time=False)
        self._curves = CurvesItem(self.chart.view)
        self._make_mean = RunningMean()
        self.mean: StepSeries | None = None

    def fit(self, start_ms: float, end_ms: float) -> Extent | None:
        extent = self._curves.extent(start_ms, end_ms)
        return None if extent is None else (min(extent[0], 0.0), max(extent[1], 0.0))

    def read(self, key: MarketKey) -> tuple[FundingHistory | None, FundingRate | None]:
        store = self.bridge.desk.store
        return store.funding_history(key), store.newest(FundingRate, key)

    def steps(self, key: MarketKey) -> StepSeries:
        return funding_steps(*self.read(key), self.bridge.desk.store.now_ms)

    def show_series(self) -> None:
        weights = [self._weight(item.key) for item in self.series]
        self.mean = self._make_mean([item.series for item in self.series], weights)
        curves = [Curve(series=item.series, colour=item.colour) for item in self.series]
        curves.append(Curve(series=self.mean, colour=self.theme.colour("text"), width=2))
        self._curves.curves = curves

    def _weight(self, key: MarketKey) -> StepSeries:
        store = self.bridge.desk.store
        newest = store.newest(OpenInterest, key)
        return open_interest_steps(store.open_interest_history(key), newest, store.now_ms)

    def value_text(self, value: float) -> str:
        return fmt.funding(value).removesuffix(_UNIT)

    def tooltip(self, item: VenueSeries) -> str:
        newest = item.newest
        if not isinstance(newest, FundingRate):
            return f"{item.name}: {self.age_text(item)}"
        own = f"{fmt.funding(newest.funding_rate)} per {newest.interval_h:g} h"
        yearly = fmt.percent(newest.rate_yearly, 1, sign=True)
        return f"{item.name}: {own}, {yearly} a year, {self.age_text(item)}. {newest.note}".strip()

    def show_header(self) -> None:
        super().show_header()
        words = f"{self.bridge.desk.view.coin}, % per 8 h by venue"
        if self.mean:
            words += "; thick: weighted by open interest"
        elif self.series:
            words += "; no mean: open interest is not known"
        self.header.show_text("Funding", words, fmt.funding(self._mean_value()))

    def _mean_value(self) -> float | None:
        if not self.mean:
            return None
        cursor_ms, overview = self.group.cursor_ms, self.bridge.desk.overview
        if cursor_ms is None:
            return overview.funding_rate_8h if overview else None
        return float(self.mean.at(cursor_ms))

    def empty_text(self) -> str:
        return self.waiting_text("funding", "funding")


def axis_text(rate: float, step: float | None) -> str:
    """Return a funding rate in percent, as fine as the distance of ticks needs."""
    if step is None:
        return fmt.funding(rate)
    return fmt.percent(rate, max(0, -math.floor(math.log10(step * 100) + 1e-9)), sign=True)
