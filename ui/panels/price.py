"""Candles over the liquidation map, with the user's own liquidations and the scenario."""

from __future__ import annotations

import dataclasses
import functools
import operator
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import numpy as np
from PySide6.QtCore import Slot
from PySide6.QtWidgets import QHBoxLayout

from ui import format as fmt
from ui.charts.axes import Flag
from ui.charts.candles_item import CandlesItem
from ui.charts.chart import Extent
from ui.charts.hatching import WIDE_RATIO
from ui.charts.heatmap_item import HeatmapItem
from ui.charts.ladder_item import LadderItem
from ui.charts.map_card import MapCard, card_lines
from ui.charts.map_levels import MapSide, MapUnit
from ui.charts.pixels import PixelMap
from ui.charts.price_lines import PriceLine, PriceLinesItem, met_text, own_lines, scenario_line
from ui.charts.ticks import nice_step
from ui.panels.base import PanelContext
from ui.panels.chart_panel import ChartPanel
from ui.panels.price_tools import MAP_OFF, PriceTools
from ui.theme import SPACING
from workstation.market.facts import Candles, MarkPrice
from workstation.market.feed import INTERVALS_S, FeedMode
from workstation.market.instrument import MarketKey
from workstation.market.reference import reference_market
from workstation.risk.heatmap_reading import Way, band_width
from workstation.risk.report import HeatmapColumns
from workstation.services.desk_news import View
from workstation.services.map_choice import MapChoice
from workstation.units import iso_utc

CANDLES_SHARE: Final = 1 / 3  # of the height stays to the candles when lines are brought into view
_INTERVAL_NAMES: Final = {seconds: name for name, seconds in INTERVALS_S.items()}


class PricePanel(ChartPanel):
    """The price chart; see the module's text."""

    def __init__(self, context: PanelContext) -> None:
        super().__init__(context, text=fmt.price)
        view = self.chart.view
        self._map = HeatmapItem(view, self.theme)
        self._candles = CandlesItem(view, self.theme)
        self._lines = PriceLinesItem(view, self.theme)
        self._card = MapCard(view, self.theme)
        self._ladder = LadderItem(view, self.theme)
        self.chart.set_side(self._ladder)
        self._reference: MarketKey | None = None
        self._columns: HeatmapColumns | None = None
        self._way: Way | None = None  # through its newest bar
        self._exact = True  # positions known one by one are marked
        self._own: tuple[PriceLine, ...] = ()
        self._own_of: tuple[object, ...] = (None,) * 6  # what those of the book were made of
        self._mark: MarkPrice | None = None
        self.tools = self._make_tools()
        self._show_map_side(self.tools.map_side.currentText())
        self.bridge.risk_changed.connect(self._show_lines_later)
        self.bridge.view_changed.connect(self._show_lines_later)
        self.bridge.view_changed.connect(self._follow_choices)
        self.bridge.heatmap_changed.connect(self._show_map_later)
        self.chart.line_dragged.connect(self._ask_scenario)

    # --- tools --------------------------------------------------------------------------------

    def _make_tools(self) -> PriceTools:
        """Return the tools in a row; the title stands below: the score in words needs the width."""
        tools = PriceTools(self.bridge, self.theme, self)
        tools.side_chosen.connect(self._show_map_side)
        tools.scores_wanted.connect(self._ask_scores)
        self.header.clicked.connect(self._ask_scores)
        self.tool_row.removeWidget(self.header)
        tools.add_to(self.tool_row)
        row = QHBoxLayout()
        row.setContentsMargins(SPACING, 0, SPACING, 0)
        row.addWidget(self.header)
        self.rows.insertLayout(1, row)
        return tools

    @Slot()
    def _ask_scores(self) -> None:
        self.bridge.command_requested.emit("map.scores")

    @Slot(float)
    def _ask_scenario(self, price: float) -> None:
        low, high = self.chart.view.viewRange()[1]
        step = nice_step((high - low) / max(1, self.chart.height()))
        rounded = round(price / step) * step
        if rounded > 0:
            desk = self.bridge.desk
            desk.set_view(dataclasses.replace(desk.view, scenario_price=rounded))
            self._show_lines()

    # --- showing ------------------------------------------------------------------------------

    def fit(self, start_ms: float, end_ms: float) -> Extent | None:
        extent = self._candles.extent(start_ms, end_ms)
        if extent is None:
            return None
        low, high = extent
        lines = [line.price for line in self._lines.lines]
        for price in sorted(lines, key=lambda price: max(low - price, price - high)):
            wider = min(extent[0], price), max(extent[1], price)
            if high - low >= (wider[1] - wider[0]) * CANDLES_SHARE:
                extent = wider
        return extent

    def refresh(self) -> None:
        desk = self.bridge.desk
        store, view = desk.store, desk.view
        self._show_view(view)
        market = reference_market(store, view.coin, view.interval_s, self._reference)
        candles = mark = None
        if market is not None:
            candles = store.candles(market, view.interval_s)
            mark = store.newest(MarkPrice, market)
        stale = mark is not None and mark.is_stale(store.now_ms)
        if (candles, mark, stale) != (self._candles.candles, self._mark, self._candles.stale):
            self._mark, self._candles.stale = mark, stale
            self._ladder.set_mark(self._mark_price)
            self._show_candles(market, candles)
        self._show_map()
        self.chart.set_message("" if candles else self._empty_text())
        self.show_header()

    def _show_candles(self, market: MarketKey | None, candles: Candles | None) -> None:
        moved, self._reference = market != self._reference, market
        self._candles.candles = candles
        if candles is not None and len(candles):
            self.group.first_ms = float(candles.time_ms[0])
        self._show_flags()
        if moved:
            self.chart.fit_height()  # a scale set by hand was for another market
        else:
            self.chart.refit()

    def _empty_text(self) -> str:
        desk = self.bridge.desk
        if desk.store.mode is FeedMode.REPLAY:
            return (
                f"The recording holds no candles of {desk.view.coin} up to here; another coin or "
                "interval can be chosen above."
            )
        venues = ", ".join(map(fmt.venue_name, desk.settings.market.venues))
        return (
            f"Waiting for candles of {desk.view.coin} from {venues}. "
            "The status bar says how each venue does; "
            "another coin or interval can be chosen above."
        )

    def _show_flags(self) -> None:
        ground = self.theme.colour("background")
        scenario = self.bridge.desk.view.scenario_price
        flags = [Flag(value=scenario, background=self.theme.colour("accent"), text=ground)]
        tooltip = "No mark price is known yet."
        if self._mark is not None:
            token = "warn" if self._candles.stale else "text"
            mark = self._mark.mark_price
            flags.append(Flag(value=mark, background=self.theme.colour(token), text=ground))
            age = fmt.age(self._mark.age_s(self.bridge.desk.store.now_ms))
            venue = fmt.venue_name(self._mark.key.venue)
            tooltip = f"Mark price of {venue}: {fmt.price(mark)}, read {age} ago."
        self.chart.axis.flagged = tuple(flags)
        self.chart.axis.setToolTip(f"{tooltip}\nThe wheel over the axis changes the scale.")

    def _show_view(self, view: View) -> None:
        self.tools.show_view(view)
        self._show_lines()

    @Slot()
    def _show_lines_later(self) -> None:
        if self.isVisible():
            self.bridge.later(self, self._show_lines)

    def _show_lines(self) -> None:
        if not self.isVisible():
            return
        desk = self.bridge.desk
        scenario_price = desk.view.scenario_price
        way, mark = self._way, self._mark_price
        met = functools.partial(met_text, way, mark, unit=self._map.unit, coin=desk.view.coin)
        scenario = scenario_line(scenario_price, met(scenario_price))
        lines = (*self._own_lines(met), scenario)
        if lines != self._lines.lines:
            self._lines.lines = lines
            self.chart.draggable = scenario_price
            self._show_flags()
            self.chart.refit()

    def _own_lines(self, met: Callable[[float], str]) -> tuple[PriceLine, ...]:
        """Return the lines of the book; those of before while only the scenario is dragged."""
        desk = self.bridge.desk
        of = desk.risk, self._way, desk.view.coin, desk.sight.blind, self._mark, self._map.unit
        if not all(map(operator.is_, of, self._own_of)):
            self._own_of, risk = of, desk.risk
            blind = desk.sight.blind
            self._own = own_lines(risk, desk.view.coin, blind=blind, met=met) if risk else ()
        return self._own

    @Slot()
    def _show_map_later(self) -> None:
        if self.isVisible():
            self.bridge.later(self, self._show_map)

    def _show_map(self) -> None:
        """Show the newest map; one of another coin or interval is none."""
        if not self.isVisible():
            return
        columns, view = self.bridge.desk.drawn_map, self.bridge.desk.view
        asked = view.coin, view.interval_s
        if columns is not None and (columns.coin, columns.interval_s) != asked:
            columns = None
        if columns is not self._columns:
            self._take_map(columns)
            self._show_scale()
            self._show_lines()
            self.show_header()

    def _take_map(self, columns: HeatmapColumns | None) -> None:
        self._columns = columns
        self._way = None if columns is None else Way(columns)
        self._map.set_columns(columns)

    @Slot()
    def _follow_choices(self) -> None:
        """Mark positions known one by one or leave them out, and count in USD or in coins."""
        view = self.bridge.desk.view
        unit = MapUnit.COIN if view.map_in_coins else MapUnit.USD
        if (view.known_positions, unit) != (self._exact, self._map.unit):
            self._exact = view.known_positions
            self._map.set_terms(self._map.side, unit)
            self._show_scale()
            self._show_lines()
            self._show_card()

    def _show_scale(self) -> None:
        top, side, unit = self._map.top, self._map.side, self._map.unit
        drawn = self._columns if self._map.isVisible() else None
        side_shown = side if drawn else MapSide.BOTH
        self._ladder.set_columns(self._columns, top, unit, side_shown, exact=self._exact)
        self.tools.legend.show_scale(drawn, top, side, unit)
        self.chart.redraw()

    @property
    def _mark_price(self) -> float | None:
        return None if self._mark is None else self._mark.mark_price

    @Slot(str)
    def _show_map_side(self, name: str) -> None:
        self._map.setVisible(name != MAP_OFF)
        if name != MAP_OFF:
            self._map.set_terms(MapSide(name), self._map.unit)
        self._show_scale()
        self.show_header()

    def show_header(self) -> None:
        view = self.bridge.desk.view
        if self._reference is None:
            self.header.show_text(view.coin, "no candles yet")
            return
        pair = self._reference.symbol.partition(":")[0]
        interval = _INTERVAL_NAMES.get(view.interval_s, f"{view.interval_s} s")
        words = f"{fmt.venue_name(self._reference.venue)} {interval}"
        if self._candles.stale and self._mark is not None:
            words += f", {fmt.age(self._mark.age_s(self.bridge.desk.store.now_ms))} old"
        has_map = self._columns is not None and self._map.isVisible()
        words = f"{words} · {self._map_words()}" if has_map else words
        self.header.show_text(pair, words, self._values_at_cursor())
        self.header.set_link(self._link_words() if has_map else "")
        self._show_card()

    def _map_words(self) -> str:
        columns = self._columns
        if columns is None:
            return ""
        if columns.with_todays_fit and columns.fitted:
            words = "map with today's fit, not scored"
        elif columns.with_todays_fit:
            words = "map of assumed leverage, nothing is fitted yet"
        elif columns.score:
            words = f"map {columns.score.title()}"
        else:
            origin = "estimated" if columns.fitted else "of assumed leverage"
            words = f"map {origin}, not graded yet"
        width = band_width(columns)  # where all of it is wide, hatching does not tell
        return words if width is None or width <= WIDE_RATIO else f"{words}, band ×{width:.3g} wide"

    def _link_words(self) -> str:
        first_ms = int(self._columns.time_ms[0]) if self._columns is not None else None
        return (
            f"The estimated liquidation {self._map_words()}.\nIt is built from the bars of this "
            f"timeframe since {fmt.utc_day(first_ms)}: another one reaches back another way, and "
            "what it finds before a price differs.\nClick for its scores."
        )

    def _values_at_cursor(self) -> str:
        cursor_ms = self.group.cursor_ms
        if cursor_ms is None:
            return ""
        return "  ".join(self._candle_at(cursor_ms))

    def _show_card(self) -> None:
        """Say beside the mouse what the map holds there."""
        cursor_ms, price = self.group.cursor_ms, self.chart.axis.cursor_value
        cell = None
        if cursor_ms is not None and price is not None and self._map.isVisible():
            cell = self._map.cell_at(cursor_ms, price, PixelMap.of(self.chart.view))
        if cell is None or cursor_ms is None or price is None:
            self._card.hide_lines()
            return
        coin = self.bridge.desk.view.coin
        lines = card_lines(cell, coin, self._mark_price, exact=self._exact)
        self._card.show_lines(tuple(lines), cursor_ms, price)

    def _candle_at(self, time_ms: float) -> Iterator[str]:
        candles = self._candles.candles
        if candles is None:
            return
        row = int(np.searchsorted(candles.time_ms, int(time_ms), side="right")) - 1
        if row >= 0 and time_ms < candles.time_ms[row] + candles.interval_s * 1_000:
            for letter, column in zip("OHLC", candles.columns(), strict=False):
                yield f"{letter} {fmt.price(column[row])}"

    def clear(self) -> None:
        self._mark = None
        self._show_candles(None, None)
        self._take_map(None)
        self._show_scale()

    # --- kept ---------------------------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        return {
            "map": self.tools.map_side.currentText(),
            "unit": self._map.unit.value,
            "off": sorted(self.bridge.desk.view.map.off),
            "known": self.bridge.desk.view.known_positions,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        name = state.get("map")
        if isinstance(name, str) and self.tools.map_side.findText(name) >= 0:
            self.tools.map_side.setCurrentText(name)
        off, view = state.get("off"), self.bridge.desk.view
        wanted = view
        if isinstance(off, list):
            names = frozenset(venue for venue in off if isinstance(venue, str))
            choice = MapChoice(off=names, with_todays_fit=view.map.with_todays_fit)
            wanted = dataclasses.replace(wanted, map=choice)
        if state.get("unit") in list(MapUnit):
            wanted = dataclasses.replace(wanted, map_in_coins=state["unit"] == MapUnit.COIN)
        if isinstance(state.get("known"), bool):
            wanted = dataclasses.replace(wanted, known_positions=state["known"])
        if wanted != view:
            self.bridge.desk.set_view(wanted)

    def drawn(self) -> dict[str, Any]:
        candles = self._candles.candles
        if candles is None or not len(candles):
            return {"candles": 0, "last_time": None, "last_close": None, "gaps": 0}
        return {
            "candles": len(candles),
            "last_time": iso_utc(int(candles.time_ms[-1])),
            "last_close": float(candles.close[-1]),
            "gaps": candles.gaps(),
        }
