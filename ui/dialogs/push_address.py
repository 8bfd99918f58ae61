"""Where alerts are pushed to: entered here, kept in the keyring, never shown again."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QPlainTextEdit, QVBoxLayout, QWidget

from ui.dialogs.keyring_note import KeyringNote
from ui.fitting import fit
from ui.style import plain_label, tint
from ui.theme import Theme, figure_font
from workstation.errors import WorkstationError
from workstation.services import push_address

_WORDS: Final = (
    "One address a line. A topic of ntfy, such as https://ntfy.sh/a-topic-that-nobody-guesses, "
    "needs nothing else; addresses of apprise (Telegram, Pushover, Discord, e-mail and others) "
    "need the extra: pip install 'risk-workstation[push]'. Whoever knows an address can read or "
    "write its messages. What you enter takes the place of what was there; nothing entered forgets "
    "it."
)
_INSTEAD: Final = f"; the environment variable {push_address.VARIABLE} keeps them for longer"


class PushAddressDialog(QDialog):
    """Asks for addresses.

    Signals
    -------
    addresses_chosen : tuple of str, checked; empty to forget them
    """

    addresses_chosen = Signal(object)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Push addresses")
        fit(self, 560, 300)
        words = plain_label(_WORDS)
        words.setWordWrap(True)
        tint(words, theme, "dim")
        self.addresses = QPlainTextEdit()
        self.addresses.setFont(figure_font())
        self.addresses.setPlaceholderText("https://ntfy.sh/…")
        self._problem = plain_label()
        self._problem.setWordWrap(True)
        tint(self._problem, theme, "alarm")
        kinds = QDialogButtonBox.StandardButton
        buttons = QDialogButtonBox(kinds.Ok | kinds.Cancel)
        buttons.button(kinds.Ok).setText("Keep")
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setSpacing(10)
        note = KeyringNote("The addresses are", theme, instead=_INSTEAD)
        for widget in (words, note, self.addresses, self._problem, buttons):
            layout.addWidget(widget)

    def problem(self) -> str:
        return self._problem.text()

    @Slot()
    def accept(self) -> None:
        """Say the addresses if all can be used; else say what is wrong."""
        lines = [line for line in self.addresses.toPlainText().splitlines() if line.strip()]
        try:
            chosen = tuple(push_address.check(line) for line in lines)
        except WorkstationError as error:
            self._problem.setText(error.user_message)
            return
        self.addresses_chosen.emit(chosen)
        super().accept()
