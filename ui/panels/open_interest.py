"""Open interest in coins, stacked by venue."""

from __future__ import annotations

import numpy as np
from PySide6.QtGui import QColor

from ui import format as fmt
from ui.charts.chart import Extent
from ui.charts.steps_item import Band, StackItem
from ui.charts.values_item import ValueRow
from ui.panels.base import PanelContext
from ui.panels.venue_chart import VenueChartPanel, VenueSeries
from workstation.market.facts import OpenInterest
from workstation.market.instrument import MarketKey
from workstation.market.steps import open_interest_steps

STALE_ALPHA = 0.35


class OpenInterestPanel(VenueChartPanel):
    """One band a market, the venues upon one another."""

    def __init__(self, context: PanelContext) -> None:
        self._stack: StackItem | None = None
        super().__init__(context, text=fmt.abbreviated, with_time=True)
        self._stack = StackItem(self.chart.view)

    def fit(self, start_ms: float, end_ms: float) -> Extent | None:
        return self._stack.extent(start_ms, end_ms) if self._stack else None

    def read(self, key: MarketKey) -> tuple[object, ...]:
        store = self.bridge.desk.store
        return store.open_interest_history(key), store.newest(OpenInterest, key)

    def make(self, key: MarketKey, colour: QColor) -> VenueSeries:
        store = self.bridge.desk.store
        newest = store.newest(OpenInterest, key)
        series = open_interest_steps(store.open_interest_history(key), newest, store.now_ms)
        return VenueSeries(key=key, series=series, newest=newest, colour=colour)

    def show_series(self) -> None:
        if self._stack is None:
            return
        self._stack.bands = [
            Band(series=item.series, colour=item.colour, stale_colour=_faded(item.colour))
            for item in self.series
        ]

    def refresh(self) -> None:
        if self._stack is not None:
            self._stack.edge_ms = float(self.bridge.desk.store.now_ms)
        super().refresh()

    def row(self, item: VenueSeries, value: float) -> ValueRow:
        stale = self.is_stale(item)
        name = fmt.venue_name(item.key.venue)
        if stale and item.newest is not None:
            name += f" {fmt.age(item.newest.age_s(self.bridge.desk.store.now_ms))}"
        return ValueRow(
            name=name,
            value=fmt.abbreviated(value),
            colour=item.colour,
            dim=stale or not np.isfinite(value),
        )

    def show_header(self) -> None:
        super().show_header()
        coin = self.bridge.desk.view.coin
        cursor_ms = self.group.cursor_ms
        at = self.bridge.desk.store.now_ms - 1 if cursor_ms is None else cursor_ms
        values = [self._value(item, at, now=cursor_ms is None) for item in self.series]
        total = sum(values) if values else float("nan")
        self.header.show_text("Open interest", f"{coin}, coins, by venue", fmt.abbreviated(total))

    def empty_text(self) -> str:
        coin = self.bridge.desk.view.coin
        return (
            f"No venue has given open interest of {coin} yet; "
            "the status bar says how each venue does."
        )


def _faded(colour: QColor) -> QColor:
    faded = QColor(colour)
    faded.setAlphaF(STALE_ALPHA)
    return faded
