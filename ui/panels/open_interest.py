"""Open interest in coins, stacked by venue."""

from __future__ import annotations

from typing import Final

from PySide6.QtGui import QColor

from ui import format as fmt
from ui.charts.chart import Extent
from ui.charts.steps_item import Band, StackItem
from ui.panels.base import PanelContext
from ui.panels.venue_chart import VenueChartPanel, VenueSeries
from workstation.market.facts import OpenInterest, OpenInterestHistory
from workstation.market.instrument import MarketKey
from workstation.market.steps import StepSeries, open_interest_steps

STALE_ALPHA: Final = 0.35


class OpenInterestPanel(VenueChartPanel):
    """One band a market, the venues upon one another."""

    def __init__(self, context: PanelContext) -> None:
        super().__init__(context, text=axis_text, with_time=True)
        self._stack = StackItem(self.chart.view)

    def fit(self, start_ms: float, end_ms: float) -> Extent | None:
        return self._stack.extent(start_ms, end_ms)

    def read(self, key: MarketKey) -> tuple[OpenInterestHistory | None, OpenInterest | None]:
        store = self.bridge.desk.store
        return store.open_interest_history(key), store.newest(OpenInterest, key)

    def steps(self, key: MarketKey) -> StepSeries:
        return open_interest_steps(*self.read(key), self.bridge.desk.store.now_ms)

    def show_series(self) -> None:
        self._stack.bands = [
            Band(series=item.series, colour=item.colour, stale_colour=_faded(item.colour))
            for item in self.series
        ]

    def refresh(self) -> None:
        self._stack.edge_ms = float(self.bridge.desk.store.now_ms)
        super().refresh()

    def value_text(self, value: float) -> str:
        return fmt.abbreviated(value)

    def tooltip(self, item: VenueSeries) -> str:
        newest = item.newest
        if not isinstance(newest, OpenInterest):
            return f"{item.name}: {self.age_text(item)}"
        coins = f"{fmt.quantity(newest.open_interest_base)} {self.bridge.desk.view.coin}"
        usd = fmt.usd_short(newest.open_interest_usd)
        return f"{item.name}: {coins}, {usd}, {self.age_text(item)}. {newest.note}".strip()

    def show_header(self) -> None:
        super().show_header()
        counted = [item for item in self.series if not self.is_stale(item)]
        words = f"{self.bridge.desk.view.coin}, coins, by venue"
        if len(counted) < len(self.series):
            words += f"; the sum is of {len(counted)} of {len(self.series)} venues"
        total = sum(map(self.value_of, counted)) if counted else None
        self.header.show_text("Open interest", words, fmt.abbreviated(total))

    def empty_text(self) -> str:
        return self.waiting_text("open interest", "open_interest")


def axis_text(coins: float, step: float | None) -> str:
    """Return open interest in three digits, or in full where ticks lie closer than that."""
    return fmt.number(coins) if step and step * 100 < coins else fmt.abbreviated(coins)


def _faded(colour: QColor) -> QColor:
    faded = QColor(colour)
    faded.setAlphaF(STALE_ALPHA)
    return faded
