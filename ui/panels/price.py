"""Candles over the liquidation map, with the user's own liquidations and the scenario."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from PySide6.QtCore import Slot
from PySide6.QtWidgets import QButtonGroup, QComboBox, QToolButton

from ui import format as fmt
from ui.charts.axes import Flag
from ui.charts.candles_item import CandlesItem
from ui.charts.chart import Extent
from ui.charts.heatmap_item import HeatmapItem
from ui.charts.ladder_item import LadderItem
from ui.charts.map_levels import MapSide
from ui.charts.price_lines import PriceLine, PriceLinesItem, own_lines, scenario_line
from ui.charts.scale_legend import ScaleLegend
from ui.charts.ticks import nice_step
from ui.panels.base import PanelContext
from ui.panels.chart_panel import ChartPanel
from workstation.market.facts import Candles, MarkPrice
from workstation.market.feed import INTERVALS_S
from workstation.market.instrument import MarketKey
from workstation.market.reference import reference_market
from workstation.risk.report import HeatmapColumns, RiskReport
from workstation.services.desk import View
from workstation.units import iso_utc

CANDLES_SHARE: Final = 1 / 3  # of the height stays to the candles when lines are brought into view
MAP_OFF: Final = "Off"
_INTERVAL_NAMES: Final = {seconds: name for name, seconds in INTERVALS_S.items()}


class PricePanel(ChartPanel):
    """The price chart; see the module's text."""

    def __init__(self, context: PanelContext) -> None:
        super().__init__(context, text=fmt.price)
        view = self.chart.view
        self._map = HeatmapItem(view, self.theme)
        self._candles = CandlesItem(view, self.theme)
        self._lines = PriceLinesItem(view, self.theme)
        self._ladder = LadderItem(view, self.theme)
        self.chart.set_side(self._ladder)
        self._own: tuple[PriceLine, ...] = ()
        self._reference: MarketKey | None = None
        self._columns: HeatmapColumns | None = None
        self._mark: MarkPrice | None = None
        self._add_tools()
        self.bridge.risk_changed.connect(self._show_risk)
        self.bridge.heatmap_changed.connect(self._show_heatmap)
        self.chart.line_dragged.connect(self._ask_scenario)
        self._show_risk(self.bridge.desk.risk)
        self._show_heatmap(self.bridge.desk.heatmap)

    # --- tools --------------------------------------------------------------------------------

    def _add_tools(self) -> None:
        self.coin_picker = CoinPicker(self)
        self.coin_picker.textActivated.connect(self._ask_coin)
        self.intervals = QButtonGroup(self)
        buttons = [self._interval_button(name) for name in INTERVALS_S]
        self.intervals.idClicked.connect(self._ask_interval)
        self.map_picker = QComboBox()
        self.map_picker.addItems([*MapSide, MAP_OFF])
        self.map_picker.setToolTip("Which side of the liquidation map to draw")
        if not self.bridge.desk.settings.window.show_heatmap:
            self.map_picker.setCurrentText(MAP_OFF)
        self.map_picker.currentTextChanged.connect(self._show_map_side)
        self.legend = ScaleLegend(self.theme)
        for position, widget in enumerate([self.coin_picker, *buttons]):
            self.tools.insertWidget(position, widget)
        self.tools.addWidget(self.legend)
        self.tools.addWidget(self.map_picker)

    def _interval_button(self, name: str) -> QToolButton:
        button = QToolButton()
        button.setText(name)
        button.setCheckable(True)
        button.setAutoRaise(True)
        button.setToolTip(f"Candles of {name}")
        self.intervals.addButton(button, INTERVALS_S[name])
        return button

    @Slot(str)
    def _ask_coin(self, coin: str) -> None:
        desk = self.bridge.desk
        if coin in self.coin_picker.coins():
            desk.set_view(dataclasses.replace(desk.view, coin=coin))
        else:
            self.coin_picker.setCurrentText(desk.view.coin)

    @Slot(int)
    def _ask_interval(self, interval_s: int) -> None:
        desk = self.bridge.desk
        desk.set_view(dataclasses.replace(desk.view, interval_s=interval_s))

    @Slot(float)
    def _ask_scenario(self, price: float) -> None:
        low, high = self.chart.view.viewRange()[1]
        step = nice_step((high - low) / max(1, self.chart.height()))
        rounded = round(price / step) * step
        if rounded > 0:
            desk = self.bridge.desk
            desk.set_view(dataclasses.replace(desk.view, scenario_price=rounded))
            self._show_lines(rounded)

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
        self._show_view(self.bridge.desk.view)
        store, view = self.bridge.desk.store, self.bridge.desk.view
        self._reference = reference_market(store, view.coin, view.interval_s, self._reference)
        candles = mark = None
        if self._reference is not None:
            candles = store.candles(self._reference, view.interval_s)
            mark = store.newest(MarkPrice, self._reference)
        stale = mark is not None and mark.is_stale(store.now_ms)
        if (candles, mark, stale) != (self._candles.candles, self._mark, self._candles.stale):
            self._mark, self._candles.stale = mark, stale
            self._show_candles(candles)
        self.show_header()

    def _show_candles(self, candles: Candles | None) -> None:
        self._candles.candles = candles
        if candles is not None and len(candles):
            self.group.first_ms = float(candles.time_ms[0])
        coin = self.bridge.desk.view.coin
        self.chart.set_message("" if candles else _no_candles(coin))
        self.chart.axis.flag = self._mark_flag()
        self.chart.refit()

    def _mark_flag(self) -> Flag | None:
        if self._mark is None:
            return None
        token = "warn" if self._candles.stale else "text"
        return Flag(
            value=self._mark.mark_price,
            background=self.theme.colour(token),
            text=self.theme.colour("background"),
        )

    def _show_view(self, view: View) -> None:
        button = self.intervals.button(view.interval_s)
        if button is not None:
            button.setChecked(True)
        if not self.coin_picker.hasFocus():
            self.coin_picker.setCurrentText(view.coin)
        self._show_lines(view.scenario_price)

    def _show_lines(self, scenario_price: float) -> None:
        lines = (*self._own, scenario_line(scenario_price))
        if lines != self._lines.lines:
            self._lines.lines = lines
            self.chart.draggable = scenario_price
            self.chart.refit()

    @Slot(object)
    def _show_risk(self, report: RiskReport | None) -> None:
        self._own = own_lines(report, self.bridge.desk.view.coin) if report else ()
        self._show_lines(self.bridge.desk.view.scenario_price)

    @Slot(object)
    def _show_heatmap(self, columns: HeatmapColumns | None) -> None:
        view = self.bridge.desk.view
        fits = columns is not None and (columns.coin, columns.interval_s) == (
            view.coin,
            view.interval_s,
        )
        self._columns = columns if fits else None
        self._map.set_columns(self._columns)
        self._ladder.set_columns(self._columns, self._map.top_usd)
        self.legend.show_scale(self._map.top_usd if self._map.isVisible() else None, self._map.side)
        self.chart.redraw()

    @Slot(str)
    def _show_map_side(self, name: str) -> None:
        self._map.setVisible(name != MAP_OFF)
        if name != MAP_OFF:
            self._map.set_side(MapSide(name))
        self._show_heatmap(self._columns)

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
        if self._columns is not None and self._map.isVisible():
            words += " over the estimated liquidation map"
        self.header.show_text(pair, words, self._values_at_cursor())

    def _values_at_cursor(self) -> str:
        candles, cursor_ms = self._candles.candles, self.group.cursor_ms
        if candles is None or cursor_ms is None:
            return ""
        row = int(np.searchsorted(candles.time_ms, int(cursor_ms), side="right")) - 1
        if row < 0 or cursor_ms >= candles.time_ms[row] + candles.interval_s * 1_000:
            return ""
        values = zip("OHLC", candles.columns(), strict=False)
        return "  ".join(f"{letter} {fmt.price(column[row])}" for letter, column in values)

    def clear(self) -> None:
        self._reference = self._mark = None
        self._show_candles(None)
        self._show_heatmap(None)

    # --- kept ---------------------------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        return {"map": self.map_picker.currentText()}

    def restore(self, state: Mapping[str, Any]) -> None:
        name = state.get("map")
        if isinstance(name, str) and self.map_picker.findText(name) >= 0:
            self.map_picker.setCurrentText(name)

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


class CoinPicker(QComboBox):
    """The coins that have a market, listed when the list is opened; typing finds one."""

    def __init__(self, panel: PricePanel) -> None:
        super().__init__()
        self._panel = panel
        self.setEditable(True)
        self.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.setToolTip("Coin on the charts")
        self.setFixedWidth(84)

    def coins(self) -> list[str]:
        marks = self._panel.bridge.desk.store.all_of(MarkPrice)
        return sorted({key.symbol.partition("/")[0] for key in marks})

    def showPopup(self) -> None:  # noqa: N802 (Qt's name)
        current = self.currentText()
        self.clear()
        self.addItems(self.coins())
        self.setCurrentText(current)
        super().showPopup()


def _no_candles(coin: str) -> str:
    return (
        f"No candles of {coin} have come yet. If none come, look at the venues in the status bar, "
        "or choose another coin or interval above."
    )
