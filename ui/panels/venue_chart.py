"""What the funding and the open interest panel have in common: one series a venue."""

from __future__ import annotations

import operator
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from PySide6.QtGui import QColor

from ui import format as fmt
from ui.charts.axes import ValueText
from ui.charts.values_item import ValueRow, ValuesItem
from ui.panels.base import PanelContext
from ui.panels.chart_panel import ChartPanel
from workstation.market.consolidated import perpetuals_of
from workstation.market.facts import FundingRate, OpenInterest
from workstation.market.instrument import MarketKey, split_symbol
from workstation.market.steps import StepSeries
from workstation.units import MINUTE_MS, iso_utc

_LIGHTER_PERCENT: Final = 35


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class VenueSeries:
    """One market's series; ``newest`` is the fact at its end, ``name`` its venue's."""

    key: MarketKey
    series: StepSeries
    newest: FundingRate | OpenInterest | None
    name: str
    colour: QColor


class VenueChartPanel(ChartPanel):
    """A chart with a series a venue and their values beside it.

    Subclasses say how a series is made and shown; they are asked only when a fact or a history of
    the watched coin is another object than before, and once a minute, as time goes on.
    """

    def __init__(self, context: PanelContext, *, text: ValueText, with_time: bool) -> None:
        super().__init__(context, text=text, with_time=with_time)
        self.values = ValuesItem(self.theme)
        self.chart.set_side(self.values)
        self.series: tuple[VenueSeries, ...] = ()
        self._sources: tuple[object, ...] = ()
        self._made_for: tuple[object, ...] = ()

    def read(self, key: MarketKey) -> tuple[object, FundingRate | OpenInterest | None]:
        """Return the history and the newest fact that a market's series is made of."""
        raise NotImplementedError

    def steps(self, key: MarketKey) -> StepSeries:
        """Return a market's series."""
        raise NotImplementedError

    def show_series(self) -> None:
        """Show ``series``."""
        raise NotImplementedError

    def value_text(self, value: float) -> str:
        """Return a value without its unit, which stands in the header."""
        raise NotImplementedError

    def tooltip(self, item: VenueSeries) -> str:
        """Return a line on what the newest value of a series is."""
        raise NotImplementedError

    def empty_text(self) -> str:
        """Return what to do while no venue gives a series."""
        raise NotImplementedError

    def waiting_text(self, what: str, kind: str) -> str:
        """Return why there is no series yet, or that there will be none.

        ``kind`` is the name of a recording's table, ``what`` what people call it.
        """
        store, coin = self.bridge.desk.store, self.bridge.desk.view.coin
        if store.tape is not None and store.tape.first_ms is not None:
            first_ms = store.tape.first_ms.get((kind, coin))
            if first_ms is None:
                return f"This recording has no {what} of {coin}: it is not available here."
            if first_ms > store.now_ms:
                return f"This recording has {what} of {coin} from {fmt.utc_time(first_ms)} UTC on."
        states = store.health.values()
        if states and all(any(never.startswith(what) for never in s.not_available) for s in states):
            return f"None of the venues watched gives {what}: it is not available here."
        return f"Waiting for {what} of {coin}. The status bar says how each venue does."

    def refresh(self) -> None:
        keys = list(self._markets())
        made_for = (self.bridge.desk.store.now_ms // MINUTE_MS, *keys)
        sources = tuple(source for key in keys for source in self.read(key))
        if made_for != self._made_for or not _are_same(sources, self._sources):
            self._made_for, self._sources = made_for, sources
            self.series = tuple(self._all_series(keys))
            self.show_series()
            self.chart.refit()
        self.chart.set_message("" if self.series else self.empty_text())
        self.show_header()

    def _all_series(self, keys: list[MarketKey]) -> Iterator[VenueSeries]:
        colours = self._colours()
        of_venue, seen = Counter(key.venue for key in keys), Counter[str]()
        for key in keys:
            seen[key.venue] += 1
            series = self.steps(key)
            name = fmt.venue_name(key.venue)
            if of_venue[key.venue] > 1:
                name += f" {split_symbol(key.symbol)[1]}"
            if len(series):
                yield VenueSeries(
                    key=key,
                    series=series,
                    newest=self.read(key)[1],
                    name=name,
                    colour=_shade(colours[key.venue], seen[key.venue] - 1),
                )

    def _markets(self) -> Iterator[MarketKey]:
        """Yield the watched coin's perpetuals, the venues in the order of their colours."""
        order = list(self._colours())
        keys = perpetuals_of(self.bridge.desk.store, self.bridge.desk.view.coin)
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
        self.values.show_rows([self._row(item) for item in self.series])
        self.values.setToolTip("\n".join(self.tooltip(item) for item in self.series))

    def _row(self, item: VenueSeries) -> ValueRow:
        value = self.value_of(item)
        stale = self.is_stale(item)
        age = ""
        if stale and item.newest is not None:
            age = fmt.age(item.newest.age_s(self.bridge.desk.store.now_ms))
        return ValueRow(
            name=item.name,
            age=age,
            value=self.value_text(value),
            colour=item.colour,
            dim=stale or not np.isfinite(value),
        )

    def value_of(self, item: VenueSeries) -> float:
        """Return a series' value under the crosshair, NaN in a hole; without one its newest."""
        cursor_ms = self.group.cursor_ms
        return float(item.series.value[-1] if cursor_ms is None else item.series.at(cursor_ms))

    def is_stale(self, item: VenueSeries) -> bool:
        """Whether what a row says now is old; under the crosshair it is history."""
        if self.group.cursor_ms is not None:
            return False
        return item.newest is None or item.newest.is_stale(self.bridge.desk.store.now_ms)

    def age_text(self, item: VenueSeries) -> str:
        """Return how old the newest value is."""
        if item.newest is None:
            return "from the history, not read now"
        return f"read {fmt.age(item.newest.age_s(self.bridge.desk.store.now_ms))} ago"

    def clear(self) -> None:
        self.series, self._made_for = (), ()
        self.show_series()
        self.show_header()

    def drawn(self) -> dict[str, Any]:
        ends = [int(item.series.until_ms[-1]) for item in self.series]
        return {
            "points": sum(len(item.series) for item in self.series),
            "last_time": iso_utc(max(ends)) if ends else None,
            "gaps": sum(_holes(item.series) for item in self.series),
            "series": [_drawn(item) for item in self.series],
        }


def _are_same(new: tuple[object, ...], old: tuple[object, ...]) -> bool:
    # facts and histories by identity: comparing them would cost what making a series costs
    return len(new) == len(old) and all(map(operator.is_, new, old))


def _drawn(item: VenueSeries) -> dict[str, Any]:
    return {
        "venue": item.key.venue,
        "symbol": item.key.symbol,
        "last_time": iso_utc(int(item.series.until_ms[-1])),
        "last_value": float(item.series.value[-1]),
    }


def _holes(series: StepSeries) -> int:
    return int(np.count_nonzero(series.start_ms[1:] > series.until_ms[:-1]))


def _shade(colour: QColor, nth: int) -> QColor:
    """Return the colour of a venue's nth market: its own, and lighter ones for what follows."""
    return colour.lighter(100 + _LIGHTER_PERCENT * nth)
