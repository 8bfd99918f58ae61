"""What stands above the price chart: coin, interval, the map's side, scale and menu."""

from __future__ import annotations

import dataclasses
from typing import Final

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtWidgets import QButtonGroup, QComboBox, QHBoxLayout, QMenu, QToolButton, QWidget

from ui.bridge import Bridge
from ui.charts.map_levels import MapSide
from ui.charts.scale_legend import ScaleLegend
from ui.map_commands import map_commands
from ui.panels.coin_picker import CoinPicker
from ui.theme import Theme
from workstation.market.feed import INTERVALS_S
from workstation.services.desk_news import View

INTERVAL_PX: Final = 44
MAP_OFF: Final = "Off"


class PriceTools(QObject):
    """The tools; what is chosen goes to the desk, or, where it is only of the drawing, is said.

    Signals
    -------
    side_chosen : str, a side of the map, or ``MAP_OFF``
    scores_wanted : nothing
    """

    side_chosen = Signal(str)
    scores_wanted = Signal()

    def __init__(self, bridge: Bridge, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self.coin = CoinPicker(lambda: bridge.desk.store)
        self.coin.coin_chosen.connect(self._ask_coin)
        self.intervals = QButtonGroup(self)
        self.intervals.idClicked.connect(self._ask_interval)
        self.map_side = QComboBox()
        self.map_side.addItems([*MapSide, MAP_OFF])
        self.map_side.setToolTip("Which side of the liquidation map to draw")
        if not bridge.desk.settings.window.show_heatmap:
            self.map_side.setCurrentText(MAP_OFF)
        self.map_side.currentTextChanged.connect(self.side_chosen)
        self.legend = ScaleLegend(theme)
        self.map_menu = QMenu(parent)
        self.map_menu.setToolTipsVisible(True)
        self.map_menu.aboutToShow.connect(self.fill_map_menu)

    def add_to(self, row: QHBoxLayout) -> None:
        """Add the tools to a row, the map's at its right end."""
        pickers = QHBoxLayout()
        pickers.setSpacing(2)
        for name in INTERVALS_S:
            pickers.addWidget(self._interval_button(name))
        more = QToolButton()
        more.setText("Map")
        more.setToolTip("Unit, venues, today's fit and scores of the liquidation map")
        more.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        more.setMenu(self.map_menu)
        row.addWidget(self.coin)
        row.addLayout(pickers)
        row.addStretch(1)
        for widget in (self.legend, self.map_side, more):
            row.addWidget(widget)

    def _interval_button(self, name: str) -> QToolButton:
        button = QToolButton()
        button.setText(name)
        button.setCheckable(True)
        button.setFixedWidth(INTERVAL_PX)
        button.setToolTip(f"Candles of {name}")
        self.intervals.addButton(button, INTERVALS_S[name])
        return button

    def show_view(self, view: View) -> None:
        """Show which coin and interval are watched."""
        button = self.intervals.button(view.interval_s)
        if button is not None:
            button.setChecked(True)
        if not self.coin.hasFocus():
            self.coin.setCurrentText(view.coin)

    @Slot()
    def fill_map_menu(self) -> None:
        """List what can be chosen now; the venues are those of the watched coin."""
        self.map_menu.clear()
        group = None
        for command in map_commands(self._bridge, self.scores_wanted.emit):
            if command.group != group:
                self.map_menu.addSeparator()
                group = command.group
            action = self.map_menu.addAction(command.text)
            action.setToolTip(command.lacking or command.help)
            action.setCheckable(command.checked is not None)
            action.setChecked(bool(command.checked))
            action.setEnabled(command.enabled)
            action.triggered.connect(command.run)

    @Slot(str)
    def _ask_coin(self, coin: str) -> None:
        desk = self._bridge.desk
        if coin in self.coin.coins():
            desk.set_view(dataclasses.replace(desk.view, coin=coin))
            return
        self.coin.setCurrentText(desk.view.coin)
        where = f"the {desk.store.mode.lower()} market"
        self._bridge.noticed.emit(
            f"There is no market of {coin or 'a coin without a name'} in "
            f"{where}; {desk.view.coin} stays."
        )

    @Slot(int)
    def _ask_interval(self, interval_s: int) -> None:
        desk = self._bridge.desk
        desk.set_view(dataclasses.replace(desk.view, interval_s=interval_s))
