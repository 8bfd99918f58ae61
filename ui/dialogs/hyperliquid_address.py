"""A public Hyperliquid address, whose positions join the book without any key."""

from __future__ import annotations

import re
from typing import Final

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QLineEdit, QVBoxLayout, QWidget

from ui.style import plain_label, tint
from ui.theme import Theme, figure_font
from workstation.services.desk import Desk

_WORDS: Final = (
    "Everybody can see the positions of a Hyperliquid address. They are read every few seconds "
    "and stand beside the portfolio file. Never type a private key anywhere: none is needed to "
    "look."
)
_ADDRESS: Final = re.compile(r"0x[0-9a-fA-F]{40}")
_REFUSAL: Final = "An address is 0x and 40 hexadecimal digits (0-9, a-f); this one is not."


class HyperliquidAddressDialog(QDialog):
    """Asks for one address; a desk reads it."""

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
        tint(self._problem, theme, "alarm")
        kinds = QDialogButtonBox.StandardButton
        buttons = QDialogButtonBox(kinds.Ok | kinds.Cancel)
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
            self._problem.setText(_REFUSAL)
            self.address.setFocus()
            return
        self._desk.read_address(text)
        super().accept()
