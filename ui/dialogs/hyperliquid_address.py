"""A public Hyperliquid address, whose positions join the book without any key."""

from __future__ import annotations

import re
from typing import Final

from PySide6.QtCore import Qt, QTimer, Slot
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QLineEdit, QVBoxLayout, QWidget

from ui.style import plain_label, tint
from ui.theme import Theme, figure_font
from workstation.exchanges.accounts.hyperliquid import short_name
from workstation.services.desk import Desk
from workstation.services.live_accounts import LiveAccount

_WORDS: Final = (
    "Everybody can see the positions of a Hyperliquid address. They are read every few seconds "
    "and stand beside the portfolio file. Never type a private key anywhere: none is needed to "
    "look."
)
_ADDRESS: Final = re.compile(r"0x[0-9a-fA-F]{40}")
_LOOK_MS: Final = 200
_READING: Final = "Reading its positions…"
_GOES_ON: Final = (
    "It is tried again by itself, also when this window is closed; File > Accounts at exchanges "
    "shows how it goes, and removes it."
)
_REFUSAL: Final = "An address is 0x and 40 hexadecimal digits (0-9, a-f); this one is not."


class HyperliquidAddressDialog(QDialog):
    """Asks for one address, which a desk reads; stays until that has worked, or says why not."""

    def __init__(self, desk: Desk, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Public Hyperliquid address")
        self.setMinimumWidth(480)
        self._desk = desk
        words = plain_label(_WORDS)
        words.setWordWrap(True)
        tint(words, theme, "dim")
        self.address = QLineEdit()
        self.address.setFont(figure_font())
        self.address.setPlaceholderText("0x…")
        self.address.setToolTip("The address whose positions are shown")
        self._problem = plain_label()
        self._problem.setWordWrap(True)
        self._theme = theme
        tint(self._problem, theme, "alarm")
        self._asked = ""  # the name of the account that is waited for
        self._timer = QTimer(self)
        self._timer.setInterval(_LOOK_MS)
        self._timer.timeout.connect(self.look)
        kinds = QDialogButtonBox.StandardButton
        buttons = QDialogButtonBox(kinds.Ok | kinds.Cancel)
        self.leave = buttons.button(kinds.Cancel)
        buttons.button(kinds.Ok).setText("Show its positions")
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setSpacing(10)
        for widget in (words, self.address, self._problem, buttons):
            layout.addWidget(widget)

    def problem(self) -> str:
        return self._problem.text()

    @Slot()
    def accept(self) -> None:
        """Have the address read; say what is wrong with a text that is none."""
        text = self.address.text().strip()
        if not _ADDRESS.fullmatch(text):
            self._say(_REFUSAL, "alarm")
            self.address.setFocus()
            return
        self._asked = short_name(text)
        self._desk.read_address(text)
        self.leave.setText("Close")  # it is read from now on: nothing is left to cancel
        self._say(_READING, "dim")
        self._timer.start()

    @Slot()
    def look(self) -> None:
        """Close when the address has been read; say what is wrong when it could not be."""
        found = next((state for state in self._desk.live if self._is_asked(state)), None)
        if found is None:
            return
        if found.failure is not None:
            self._say(f"{found.failure}. {_GOES_ON}", "alarm")
        elif found.account is not None:
            self._timer.stop()
            super().accept()

    def done(self, result: int) -> None:
        self._timer.stop()
        super().done(result)

    def _is_asked(self, state: LiveAccount) -> bool:
        return state.source.id == self._asked

    def _say(self, sentence: str, token: str) -> None:
        self._problem.setText(sentence)
        tint(self._problem, self._theme, token)
