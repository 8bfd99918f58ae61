"""The accounts that are read from exchanges: how each does, and adding and removing them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import Qt, QTimer, Slot
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from ui import format as fmt
from ui.dialogs.add_account import AddAccountDialog
from ui.dialogs.keyring_note import KeyringNote
from ui.fitting import fit
from ui.models.rows import Column, RowsModel
from ui.models.rows_view import make_table
from ui.style import plain_label, tint
from ui.theme import Theme
from workstation.services.desk import Desk
from workstation.services.live_accounts import LiveAccount
from workstation.units import SECOND_MS, now_ms

LOOK_MS: Final = 500
_WORDS: Final = (
    "These accounts are read every few seconds and stand beside the portfolio file. Nothing but "
    "reads is ever sent."
)
_NONE: Final = "No account is read yet."


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    state: LiveAccount
    age_s: float | None


def _state_text(row: _Row) -> str:
    if row.state.failure is not None:
        return row.state.failure
    return "reading…" if row.age_s is None else f"read {fmt.age(row.age_s)} ago"


def _said(row: _Row) -> str:
    return "\n".join(row.state.problems()) or _state_text(row)


_COLUMNS: Final = (
    Column[_Row](
        heading="Account",
        help="The name that you gave it",
        text=lambda row: row.state.source.id,
        value=lambda row: row.state.source.id,
        is_figure=False,
    ),
    Column[_Row](
        heading="Exchange",
        help="Where it is",
        text=lambda row: fmt.venue_name(row.state.source.venue),
        value=lambda row: row.state.source.venue,
        is_figure=False,
    ),
    Column[_Row](
        heading="State",
        help="When it was read last, or why it is not",
        text=_state_text,
        value=lambda row: row.age_s,
        token=lambda row: "warn" if row.state.failure else "",
        tip=_said,
        is_figure=False,
    ),
)


class AccountsDialog(QDialog):
    """Lists, adds and removes live accounts."""

    def __init__(self, desk: Desk, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Accounts at exchanges")
        fit(self, 640, 320)
        self._desk, self._theme = desk, theme
        words = plain_label(_WORDS)
        words.setWordWrap(True)
        tint(words, theme, "dim")
        self.model = RowsModel[_Row](_COLUMNS, theme, key=lambda row: row.state.source.id)
        self.table = make_table(self.model)
        self._none = plain_label(_NONE)
        self._none.setAlignment(Qt.AlignmentFlag.AlignTop)
        layout = QVBoxLayout(self)
        layout.setSpacing(10)
        layout.addWidget(words)
        layout.addWidget(KeyringNote("Keys are", theme))
        layout.addWidget(self.table, 1)
        layout.addWidget(self._none, 1)
        layout.addLayout(self._make_buttons())
        self._timer = QTimer(self)
        self._timer.setInterval(LOOK_MS)
        self._timer.timeout.connect(self.look)
        self._timer.start()
        self.look()

    @Slot()
    def look(self) -> None:
        """Show how every account does now."""
        now = now_ms()
        rows = [
            _Row(
                state=state,
                age_s=None if state.as_of_ms is None else (now - state.as_of_ms) / SECOND_MS,
            )
            for state in self._desk.live
        ]
        self.model.replace_rows(rows)
        self.table.setVisible(bool(rows))
        self._none.setVisible(not rows)
        self.remove.setEnabled(bool(rows))

    @Slot()
    def add_account(self) -> None:
        AddAccountDialog(self._desk, self._theme, self).open()

    @Slot()
    def remove_chosen(self) -> None:
        """Stop reading the chosen accounts, and forget their keys."""
        for index in self.table.selectionModel().selectedRows():
            self._desk.remove_account(str(index.data()))

    def _make_buttons(self) -> QHBoxLayout:
        add, self.remove = QPushButton("Add an account…"), QPushButton("Remove")
        self.remove.setToolTip("Stop reading the chosen account, and forget its key")
        for button, run in ((add, self.add_account), (self.remove, self.remove_chosen)):
            button.setAutoDefault(False)
            button.clicked.connect(run)
        close = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        close.rejected.connect(self.reject)
        line = QHBoxLayout()
        line.addWidget(add)
        line.addWidget(self.remove)
        line.addStretch(1)
        line.addWidget(close)
        return line
