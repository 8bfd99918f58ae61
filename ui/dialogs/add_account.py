"""A read-only key to an account: entered, checked at the exchange, kept in the keyring."""

from __future__ import annotations

from concurrent.futures import Future
from typing import Final

from PySide6.QtCore import Qt, QTimer, Slot
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QLineEdit,
    QVBoxLayout,
    QWidget,
)

from ui import format as fmt
from ui.dialogs.keyring_note import KeyringNote
from ui.fitting import Scrolled
from ui.style import plain_label, tint
from ui.theme import Theme, figure_font
from workstation.exchanges.accounts.base import AccountSource
from workstation.exchanges.accounts.registry import ACCESS, access_to
from workstation.exchanges.api_key import ApiKey
from workstation.services.desk import Desk
from workstation.services.key_check import KeyCheck

LOOK_MS: Final = 50
_WORDS: Final = (
    "Make a key at the exchange that can only read: no trading, no withdrawals, no transfers. It "
    "is checked before it is taken, and written to no file."
)
_ADDRESS_WORDS: Final = (
    "Everybody can see the positions of a Hyperliquid address. Never type a private key anywhere: "
    "none is needed to look."
)
_FOR_NOW: Final = "Keep the key in memory until the program ends"
_FILL: Final = "Fill in {what}."
_CHECKING: Final = "The exchange is asked what this key may do…"
_TAKEN: Final = "There is an account '{name}' already; choose another name."


class AddAccountDialog(QDialog):
    """Asks for an exchange, a name and a key; the desk checks it and reads the account."""

    def __init__(self, desk: Desk, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Add an account")
        self.setMinimumWidth(500)
        self._desk, self._theme = desk, theme
        self._check: Future[KeyCheck] | None = None
        self._words = plain_label(_WORDS)
        self._words.setWordWrap(True)
        tint(self._words, theme, "dim")
        self._keyring = KeyringNote("The key is", theme)
        self._said = plain_label()
        self._said.setWordWrap(True)
        self.for_now = QCheckBox(_FOR_NOW)
        self.for_now.hide()
        layout = QVBoxLayout(self)
        layout.setSpacing(10)
        layout.addWidget(self._words)
        layout.addWidget(self._keyring)
        layout.addWidget(Scrolled(self._make_form()), 1)
        layout.addWidget(self._said)
        layout.addWidget(self.for_now)
        layout.addWidget(self._make_buttons())
        self._timer = QTimer(self)
        self._timer.setInterval(LOOK_MS)
        self._timer.timeout.connect(self.look)
        self.venue.currentTextChanged.connect(self.follow_venue)
        self.follow_venue()

    def said(self) -> str:
        """Return what the dialog says about the entries or the key."""
        return self._said.text()

    @Slot()
    def follow_venue(self) -> None:
        """Ask for what this exchange wants, and suggest a name."""
        access = access_to(self._venue())
        for entry in (self.key, self.secret):
            self._form.setRowVisible(entry, not access.by_address)
        self._form.setRowVisible(self.passphrase, access.wants_passphrase)
        self._form.setRowVisible(self.address, access.by_address)
        self._keyring.setVisible(not access.by_address)
        self._words.setText(_ADDRESS_WORDS if access.by_address else _WORDS)
        self.label.setPlaceholderText(self._venue())

    @Slot()
    def accept(self) -> None:
        """Have the key checked; what comes of it is said, or closes the dialog."""
        missing = self._missing()
        if missing:
            self._say(missing, "alarm")
            return
        self._timer.start()
        self._buttons.button(QDialogButtonBox.StandardButton.Ok).setEnabled(False)
        self._say(_CHECKING, "dim")
        self._check = self._desk.check_key(self._source(), self._key())

    @Slot()
    def look(self) -> None:
        """Take the answer of the check, once it is there."""
        if self._check is None or not self._check.done():
            return
        check, self._check = self._check.result(), None
        self._timer.stop()
        self._buttons.button(QDialogButtonBox.StandardButton.Ok).setEnabled(True)
        if not check.accepted:
            self._say(check.sentence, "alarm")
            return
        for_now = check.keyring_problem is not None
        if for_now and not self.for_now.isChecked():
            self.for_now.show()
            self._say(f"{check.sentence} {check.keyring_problem}", "warn")
            return
        self._desk.add_account(self._source(), self._key(), keep=not for_now)
        super().accept()

    @Slot(int)
    def done(self, result: int) -> None:
        """Close without keeping a key in an entry."""
        self._timer.stop()
        for entry in (self.key, self.secret, self.passphrase):
            entry.clear()
        super().done(result)

    # --- what was entered ---------------------------------------------------------------------

    def _missing(self) -> str:
        access, wanted = access_to(self._venue()), {"an exchange": self._venue()}
        if access.by_address:
            wanted["the address"] = self.address.text().strip()
        else:
            wanted |= {"the key": self.key.text().strip(), "the secret": self.secret.text().strip()}
        empty = [what for what, text in wanted.items() if not text]
        if empty:
            return _FILL.format(what=" and ".join(empty))
        name = self._name()
        known = {state.source.id for state in self._desk.live}
        return _TAKEN.format(name=name) if name in known else ""

    def _venue(self) -> str:
        known = self.venue.findText(self.venue.currentText())
        return str(self.venue.itemData(known)) if known >= 0 else self.venue.currentText().strip()

    def _name(self) -> str:
        return self.label.text().strip() or self._venue()

    def _source(self) -> AccountSource:
        address = self.address.text().strip() if access_to(self._venue()).by_address else ""
        return AccountSource(id=self._name(), venue=self._venue(), address=address)

    def _key(self) -> ApiKey | None:
        if access_to(self._venue()).by_address:
            return None
        return ApiKey(
            key=self.key.text().strip(),
            secret=self.secret.text().strip(),
            passphrase=self.passphrase.text(),
        )

    def _say(self, text: str, token: str) -> None:
        self._said.setText(text)
        tint(self._said, self._theme, token)

    # --- the form -----------------------------------------------------------------------------

    def _make_form(self) -> QFormLayout:
        self.venue = QComboBox()
        self.venue.setEditable(True)
        for venue in ACCESS:
            self.venue.addItem(fmt.venue_name(venue), venue)
        self.label, self.address = QLineEdit(), QLineEdit()
        self.key, self.secret, self.passphrase = QLineEdit(), QLineEdit(), QLineEdit()
        self.address.setPlaceholderText("0x…")
        for entry in (self.secret, self.passphrase):
            entry.setEchoMode(QLineEdit.EchoMode.Password)
        self._form = QFormLayout()
        self._form.setContentsMargins(0, 0, 0, 0)
        self._form.setVerticalSpacing(6)
        for name, widget, tip in (
            ("Exchange", self.venue, "One of these, or any derivatives exchange by its ccxt id"),
            ("Name", self.label, "What the account is called here"),
            ("Address", self.address, "The public address; never a private key"),
            ("Key", self.key, "The public part of the key"),
            ("Secret", self.secret, "The secret part of the key"),
            ("Passphrase", self.passphrase, "Chosen when the key was made; empty where none was"),
        ):
            widget.setToolTip(tip)
            self._form.addRow(plain_label(name), widget)
        for entry in (self.address, self.key, self.secret, self.passphrase):
            entry.setFont(figure_font())
        return self._form

    def _make_buttons(self) -> QDialogButtonBox:
        kinds = QDialogButtonBox.StandardButton
        self._buttons = QDialogButtonBox(kinds.Ok | kinds.Cancel)
        self._buttons.button(kinds.Ok).setText("Check and add")
        self._buttons.accepted.connect(self.accept)
        self._buttons.rejected.connect(self.reject)
        return self._buttons
