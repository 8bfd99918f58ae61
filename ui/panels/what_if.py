"""The what-if copy: positions and balances beside the book's, changed at will, saved as a file."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from PySide6.QtCore import QModelIndex, Slot
from PySide6.QtWidgets import (
    QDoubleSpinBox,
    QHBoxLayout,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from ui import format as fmt
from ui.models.rows import SORT_ROLE, Column, RowsModel
from ui.models.rows_view import make_table
from ui.names import coin_of
from ui.panels.base import Panel, PanelContext
from ui.save_dialog import ask_for_target
from ui.style import plain_label, tint
from ui.theme import figure_font
from workstation.portfolio.model import Portfolio
from workstation.portfolio.what_if import Line, copy_of, lines, with_balance
from workstation.risk.edits import with_size
from workstation.services.decision_service import Decision, transfer_terms

_NO_BOOK: Final = "Open a portfolio file (Ctrl+O); a copy of it can then be changed at will here."
_NO_COPY: Final = "Copy the book, or apply a rescue to a copy: the copy stands beside the book."
_AMOUNT_HELP: Final = (
    "Size of the position, or balance in coins, in the copy. A size is reached by a trade at the "
    "mark: what that brings or takes (profit, margin, fee, slippage) is in the copy's wallet then."
)
_NO_LINE: Final = "Click a row: Set changes it in the copy, Drop takes it out."
_FILTER: Final = "Portfolio files (*.toml *.json *.csv)"


def _name(line: Line) -> str:
    what = f"{coin_of(line.symbol)} {line.side}" if line.side else f"{line.symbol} balance"
    return f"{line.account} · {what}"


def _amount(value: float | None, margin: float | None) -> str:
    if value is None:
        return "not there"
    words = fmt.number(value, 8).rstrip("0").rstrip(".")
    return words if margin is None else f"{words} · margin {fmt.number(margin, 2)}"


def _token(line: Line) -> str:
    return "what_if" if line.changed else ""


COLUMNS: Final = (
    Column[Line](
        heading="Position or balance",
        help="What differs from the book is in the copy's colour",
        text=_name,
        value=_name,
        token=_token,
        is_figure=False,
    ),
    Column[Line](
        heading="Book",
        help="Size, or balance in coins, and the isolated margin, in the book",
        text=lambda line: _amount(line.book, line.margin_book),
        value=lambda line: line.book,
    ),
    Column[Line](
        heading="Copy",
        help="The same in the copy",
        text=lambda line: _amount(line.copy, line.margin_copy),
        value=lambda line: line.copy,
        token=_token,
    ),
    Column[Line](
        heading="Difference",
        help="Copy − book",
        text=lambda line: fmt.number((line.copy or 0.0) - (line.book or 0.0), 4, sign=True),
        value=lambda line: (line.copy or 0.0) - (line.book or 0.0),
        token=_token,
    ),
)


class WhatIfPanel(Panel):
    """A table of the book and its copy; the chosen line's amount is changed below it."""

    def __init__(self, context: PanelContext, parent: QWidget | None = None) -> None:
        super().__init__(context, parent)
        self.model = RowsModel[Line](
            COLUMNS, self.theme, key=lambda line: (line.account, line.symbol, line.side)
        )
        self._head = plain_label(_NO_BOOK)
        self._head.setWordWrap(True)
        self._table = make_table(self.model)
        self._table.clicked.connect(self.choose)
        self._chosen: Line | None = None
        self._hint = plain_label(_NO_LINE)
        tint(self._hint, self.theme, "dim")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 4, 8, 4)
        layout.addLayout(self._make_top())
        layout.addWidget(self._table, 1)
        layout.addWidget(self._hint)
        layout.addWidget(self._make_editor())
        self.bridge.copy_changed.connect(self.show_copy)
        self.bridge.portfolio_changed.connect(self.show_portfolio)
        self.bridge.decision_changed.connect(self.show_decision)
        self._show()

    # --- what is shown --------------------------------------------------------------------------

    @Slot(object)
    def show_copy(self, _: Portfolio | None) -> None:
        self._show()

    @Slot(object)
    def show_portfolio(self, _: Portfolio | None) -> None:
        self._show()

    @Slot(object)
    def show_decision(self, decision: Decision) -> None:
        """Say what the scenario does to the book and to its copy."""
        found, rescue = decision.what_if, decision.rescue
        if found is None:
            return
        book, copy = rescue.equity_doing_nothing_usd, found.scenario.equity_after_usd
        dead = sum(row.status == "liquidated" for row in found.scenario.positions)
        self._head.setText(
            f"Copy at the scenario: equity {fmt.usd(copy)}, {dead} liquidated; "
            f"the book: {fmt.usd(book)}. A copy only: nothing is ever ordered. "
            "File, Add a position to the copy, adds one."
        )
        tint(self._head, self.theme, "what_if")

    # --- what is done ---------------------------------------------------------------------------

    @Slot()
    def copy_book(self) -> None:
        book = self.bridge.desk.portfolio
        if book is not None:
            self.bridge.desk.set_copy(copy_of(book))

    @Slot()
    def discard(self) -> None:
        self.bridge.desk.set_copy(None)

    @Slot()
    def choose_file(self) -> None:
        ask_for_target(self, "Save the what-if copy", "what-if.toml", _FILTER, self.save)

    @Slot(str)
    def save(self, path: str) -> None:
        self.bridge.desk.save_copy(Path(path))

    @Slot(QModelIndex)
    def choose(self, index: QModelIndex) -> None:
        """Take a line of the table into the editor below it."""
        name = index.sibling(index.row(), 0).data(SORT_ROLE)
        rows = (self.model.row(at) for at in range(self.model.rowCount()))
        self.choose_line(next((line for line in rows if _name(line) == name), None))

    def choose_line(self, line: Line | None) -> None:
        self._chosen = line
        self._editor.setVisible(line is not None)
        self._hint.setVisible(line is None and self.model.rowCount() > 0)
        if line is not None:
            self._what.setText(_name(line))
            self._amount.setMinimum(0.0 if line.side else -1e12)
            self._amount.setValue(line.copy or 0.0)

    @Slot()
    def set_amount(self) -> None:
        """Give the chosen line the entered amount in the copy."""
        self._set(self._amount.value())

    @Slot()
    def drop(self) -> None:
        """Take the chosen line out of the copy."""
        self._set(0.0)

    def _set(self, amount: float) -> None:
        copy, line = self.bridge.desk.copy, self._chosen
        if copy is None or line is None:
            return
        if line.side is None:
            changed = with_balance(copy, line.account, line.symbol, amount)
        else:
            settings = self.bridge.desk.settings.transfers
            changed = with_size(
                copy, line.account, line.symbol, line.side, amount,
                mark=self._mark(line), slippage_rate=transfer_terms(settings).slippage_rate,
            )  # fmt: skip
        self.bridge.desk.set_copy(changed)
        self._show()

    def _mark(self, line: Line) -> float | None:
        """Return the mark at which a line's size is traded; a copy's own market may have none."""
        desk = self.bridge.desk
        found = desk.decision.what_if if desk.decision else None
        reports = (desk.risk, found.risk if found else None)
        rows = (row for report in reports if report for row in report.positions)
        key = line.account, line.symbol, line.side
        return next((r.mark_price for r in rows if (r.account, r.symbol, r.side) == key), None)

    # --- building -------------------------------------------------------------------------------

    def _show(self) -> None:
        desk = self.bridge.desk
        rows = lines(desk.portfolio, desk.copy) if desk.portfolio and desk.copy else ()
        self.model.replace_rows(rows)
        self._table.setVisible(bool(rows))
        self._hint.setVisible(bool(rows) and self._chosen is None)
        if not rows:
            self.choose_line(None)
            self._head.setText(_NO_BOOK if desk.portfolio is None else _NO_COPY)
            tint(self._head, self.theme, "dim")
        self._copy.setVisible(desk.portfolio is not None and not rows)
        for button in (self._save, self._discard):
            button.setVisible(bool(rows))

    def _make_top(self) -> QHBoxLayout:
        self._copy = _button("Copy the book", "A copy that stands beside it", self.copy_book)
        self._save = _button("Save as…", "Write the copy as a portfolio file", self.choose_file)
        self._discard = _button("Discard", "Take the copy away", self.discard)
        line = QHBoxLayout()
        line.addWidget(self._head, 1)
        for button in (self._copy, self._save, self._discard):
            line.addWidget(button)
        return line

    def _make_editor(self) -> QWidget:
        self._editor = QWidget()
        self._what = plain_label()
        self._amount = QDoubleSpinBox()
        self._amount.setDecimals(8)
        self._amount.setRange(0.0, 1e12)
        self._amount.setGroupSeparatorShown(True)
        self._amount.setFont(figure_font())
        self._amount.setToolTip(_AMOUNT_HELP)
        line = QHBoxLayout(self._editor)
        line.setContentsMargins(0, 0, 0, 0)
        line.addWidget(self._what, 1)
        line.addWidget(self._amount)
        line.addWidget(_button("Set", "Change it in the copy", self.set_amount))
        line.addWidget(_button("Drop", "Close it in the copy, or empty the balance", self.drop))
        self._editor.hide()
        return self._editor


def _button(text: str, help_text: str, run: object) -> QPushButton:
    button = QPushButton(text)
    button.setToolTip(help_text)
    button.clicked.connect(run)
    return button
