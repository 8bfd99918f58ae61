"""The coin on the charts: chosen from a list or typed."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QComboBox, QLineEdit

from ui.names import coin_of
from workstation.market.facts import MarkPrice
from workstation.market.store import MarketStore


class CoinPicker(QComboBox):
    """The coins that have a market: listed when opened, found by typing.

    Signals
    -------
    coin_chosen : str
    """

    coin_chosen = Signal(str)

    def __init__(self, store: Callable[[], MarketStore]) -> None:
        super().__init__()
        self._store = store
        self._edit = QLineEdit()
        self.setLineEdit(self._edit)
        self.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.setToolTip("Coin on the charts: choose one or type it")
        self.setFixedWidth(80)
        self._edit.returnPressed.connect(self._choose)
        self.activated.connect(self._choose)

    def coins(self) -> list[str]:
        return sorted({coin_of(key.symbol) for key in self._store().all_of(MarkPrice)})

    def showPopup(self) -> None:  # noqa: N802 (Qt's name)
        current = self.currentText()
        self.clear()
        self.addItems(self.coins())
        self.setCurrentText(current)
        super().showPopup()

    @Slot()
    def _choose(self) -> None:
        self.coin_chosen.emit(self.currentText().strip().upper())
