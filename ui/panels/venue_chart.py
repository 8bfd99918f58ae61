"""What the funding and the open interest panel have in common: one series a venue."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from PySide6.QtGui import QColor

from ui.charts.axes import ValueText
from ui.charts.values_item import ValueRow, ValuesItem
from ui.panels.base import PanelContext
from ui.panels.chart_panel import ChartPanel
from workstation.market.consolidated import perpetuals_of
from workstation.market.facts import FundingRate, OpenInterest
from workstation.market.instrument import MarketKey
from workstation.market.steps import StepSeries
from workstation.units import iso_utc


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class VenueSeries:
    """One market's series; ``newest`` is the fact at its end."""

    key: MarketKey
    series: StepSeries
    newest: FundingRate | OpenInterest | None
    colour: QColor


class VenueChartPanel(ChartPanel):
    """A chart with a series a venue and their values beside it.

    Subclasses say how a series is made and shown; they are asked only when a fact or a history of
    the watched coin is another object than before.
    """

    def __init__(self, context: PanelContext, *, text: ValueText, with_time: bool) -> None:
        super().__init__(context, text=text, with_time=with_time)
        self.values = ValuesItem(self.theme)
        self.chart.set_side(self.values)
        self.series: tuple[VenueSeries, ...] = ()
        self._sources: tuple[object, ...] = ()

    def read(self, key: MarketKey) -> tuple[object, ...]:
        """Return the facts and histories that a market's series is made of."""
        raise NotImplementedError

    def make(self, key: MarketKey, colour: QColor) -> VenueSeries:
        """Return a market's series."""
        raise NotImplementedError

    def show_series(self) -> None:
        """Show ``series``."""
        raise NotImplementedError

    def row(self, item: VenueSeries, value: float) -> ValueRow:
        """Return the text beside the chart for a value of one series; NaN where not known."""
        raise NotImplementedError

    def empty_text(self) -> str:
        """Return what to do while no venue gives a series."""
        raise NotImplementedError

    def refresh(self) -> None:
        keys = list(self._markets())
        sources = tuple(source for key in keys for source in (key, *self.read(key)))
        same = len(sources) == len(self._sources) and all(
            new is old or (isinstance(new, MarketKey) and new == old)
            for new, old in zip(sources, self._sources, strict=True)
        )
        if not same:
            self._sources = sources
            colours = self._colours()
            self.series = tuple(
                item for key in keys if len((item := self.make(key, colours[key.venue])).series)
            )
            self.show_series()
            self.chart.set_message("" if self.series else self.empty_text())
            self.chart.refit()
        self.show_header()

    def _markets(self) -> Iterator[MarketKey]:
        """Yield the watched coin's perpetuals, the venues in the order of their colours."""
        store = self.bridge.desk.store
        order = list(self._colours())
        keys = perpetuals_of(store, self.bridge.desk.view.coin)
        yield from sorted(keys, key=lambda key: order.index(key.venue))

    def _colours(self) -> dict[str, QColor]:
        desk = self.bridge.desk
        venues = [*desk.settings.market.venues, *desk.store.health]
        venues += [key.venue for key in perpetuals_of(desk.store, desk.view.coin)]
        return {
            venue: self.theme.venue_colour(index)
            for index, venue in enumerate(dict.fromkeys(venues))
        }

    def show_header(self) -> None:
        cursor_ms = self.group.cursor_ms
        time_ms = self.bridge.desk.store.now_ms - 1 if cursor_ms is None else cursor_ms
        self.values.rows = [
            self.row(item, self._value(item, time_ms, now=cursor_ms is None))
            for item in self.series
        ]

    @staticmethod
    def _value(item: VenueSeries, time_ms: float, *, now: bool) -> float:
        return float(item.series.value[-1] if now else item.series.at(time_ms))

    def is_stale(self, item: VenueSeries) -> bool:
        """Whether what a row says now is old; under the crosshair it is history."""
        if self.group.cursor_ms is not None or item.newest is None:
            return item.newest is None and self.group.cursor_ms is None
        return item.newest.is_stale(self.bridge.desk.store.now_ms)

    def clear(self) -> None:
        self.series, self._sources = (), ()
        self.show_series()

    def drawn(self) -> dict[str, Any]:
        ends = [int(item.series.until_ms[-1]) for item in self.series]
        return {
            "venues": [item.key.venue for item in self.series],
            "points": sum(len(item.series) for item in self.series),
            "last_time": iso_utc(max(ends)) if ends else None,
            "gaps": sum(_holes(item.series) for item in self.series),
        }


def _holes(series: StepSeries) -> int:
    return int(np.count_nonzero(series.start_ms[1:] > series.until_ms[:-1]))
