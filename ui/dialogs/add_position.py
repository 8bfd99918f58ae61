"""One more position, without writing a file by hand: a form that writes a portfolio file."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Final

from PySide6.QtCore import QStandardPaths, Qt, Slot
from PySide6.QtWidgets import (
    QComboBox,
    QCompleter,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from ui import format as fmt
from ui.fitting import Scrolled
from ui.save_dialog import ask_for_target
from ui.style import plain_label, tint
from ui.theme import Theme
from workstation.errors import FileProblem, PortfolioFileError
from workstation.market.instrument import split_symbol
from workstation.paths import sample_path
from workstation.portfolio.formats.form import with_position
from workstation.portfolio.formats.registry import FORMATS
from workstation.portfolio.model import MANUAL_VENUE, Account, MarginMode, Portfolio
from workstation.services.desk import Desk
from workstation.units import now_ms

_FIRST_VENUES: Final = ("binanceusdm", "binancecoinm", "bybit", "okx", "hyperliquid", "deribit")
_USUAL_MARKETS: Final = ("BTC/USDT:USDT", "BTC/USD:BTC", "BTC/USDC:USDC")
_CONTRACTS: Final = "contracts"
_KINDS: Final = f"Portfolio files ({' '.join(f'*{known.suffix}' for known in FORMATS)})"
_LABELS: Final = {  # of the entries that problems name
    "account": "Account", "venue": "Exchange", "symbol": "Market", "side": "Side",
    "quantity": "Size", "contracts": "Size", "entry_price": "Entry price",
    "leverage": "Leverage", "margin_mode": "Margin", "isolated_margin": "Isolated margin",
}  # fmt: skip
_WALLET: Final = "wallet"
_EXCLUDED: Final = "Without unrealised profit, and without the margin of isolated positions"
_CROSS_HAS_NONE: Final = "none with cross margin: the whole wallet backs it"
_PROBLEM_LINES: Final = 3
_HELP: Final = {
    "account": "A name of your own, such as binance-main; an account may hold many positions",
    "venue": "Where the position is open; manual for an exchange that is not listed",
    "symbol": "As ccxt writes it: BTC/USDT:USDT is linear, BTC/USD:BTC inverse",
    "side": "Long gains when the price rises",
    "quantity": "Coins of a linear contract, USD of an inverse one; or contracts",
    "entry_price": "Average price of the position",
    "leverage": "As set at the exchange; an isolated position needs it, or its margin",
    "margin_mode": "Cross: the whole wallet backs it. Isolated: its own margin is all it can lose",
    "isolated_margin": "Empty: the initial margin at entry, size × price / leverage. Of isolated "
    "positions only",
    "wallet": "The account's balance in the settlement coin, without unrealised profit and "
    "without the margin of isolated positions; empty: as it was",
}


class AddPositionDialog(QDialog):
    """Fills one position into the open book, or begins a new one; the desk saves and opens it.

    ``into_copy``: into the what-if copy instead, and into no file.
    """

    def __init__(
        self, desk: Desk, theme: Theme, parent: QWidget | None = None, *, into_copy: bool = False
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Add a position")
        self.setMinimumWidth(520)
        self._desk = desk
        self._theme = theme
        self._into_copy = into_copy
        self._book = desk.copy if into_copy else _own_book(self._desk.from_file)
        self.path = _path_for(self._book)
        self._make_entries()
        self._problems = plain_label()
        self._problems.setWordWrap(True)
        tint(self._problems, theme, "alarm")
        self._problems.setAlignment(Qt.AlignmentFlag.AlignTop)
        room = self._problems.fontMetrics().lineSpacing() * _PROBLEM_LINES
        self._problems.setMinimumHeight(room)  # so that no button moves when something is wrong
        self._wrong: dict[str, str] = {}  # what stood in the entries that were refused
        self._refused: tuple[FileProblem, ...] = ()
        layout = QVBoxLayout(self)
        layout.setSpacing(10)
        layout.addWidget(Scrolled(self._make_form()), 1)
        if not into_copy:
            layout.addLayout(self._make_file_line())
        layout.addWidget(self._problems)
        layout.addWidget(self._make_buttons("Add to the copy" if into_copy else "Save and show"))
        self.account.currentTextChanged.connect(self.follow_account)
        self.venue.currentIndexChanged.connect(self.follow_venue)
        self.symbol.currentTextChanged.connect(self.follow_symbol)
        self.margin_mode.currentIndexChanged.connect(self.follow_margin_mode)
        self.follow_account(self.account.currentText())
        self.follow_margin_mode()
        for entry in self.findChildren(QLineEdit):
            entry.textChanged.connect(self.forget_corrected)
        for box in self.findChildren(QComboBox):
            box.currentIndexChanged.connect(self.forget_corrected)

    def problems(self) -> str:
        """Return what is wrong with the entries, one sentence a line."""
        return self._problems.text()

    @Slot()
    def accept(self) -> None:
        """Have the book saved and opened; or say what is wrong, and stay."""
        try:
            book = with_position(
                self._book,
                self._row(),
                self._desk.catalogue,
                now_ms=now_ms(),
                balances=self._balances(),
            )
        except PortfolioFileError as error:
            self._refused, self._wrong = error.problems, self._entries()
            self.forget_corrected()
            return
        if self._into_copy:
            self._desk.set_copy(book)
        else:
            self._desk.save_portfolio(book, self.path)
        super().accept()

    @Slot()
    def forget_corrected(self, *_: object) -> None:
        """Keep only what is wrong with entries that still say what was refused."""
        now = self._entries()
        left = [
            problem
            for problem in self._refused
            if now.get(_entry(problem)) == self._wrong.get(_entry(problem))
        ]
        self._problems.setText("\n".join(map(_sentence, left)))

    # --- entries follow each other ------------------------------------------------------------

    @Slot(str)
    def follow_account(self, name: str) -> None:
        """Leave an account that exists at its exchange."""
        known = self._account(name)
        self.venue.setEnabled(known is None)
        if known is not None:
            self.venue.setCurrentIndex(max(0, self.venue.findData(known.venue)))
        self.follow_venue()

    @Slot()
    def follow_venue(self) -> None:
        """Offer the markets of the exchange; what was typed stays."""
        typed = self.symbol.currentText()
        symbols = self._desk.catalogue.symbols(self._venue())
        self.symbol.clear()
        self.symbol.addItems(list(symbols))
        usual = next((name for name in _USUAL_MARKETS if name in symbols), "")
        self.symbol.setCurrentText(typed if typed in symbols or not symbols else usual)
        self.follow_symbol(self.symbol.currentText())

    @Slot(str)
    def follow_symbol(self, symbol: str) -> None:
        """Say what the size counts and which coin the wallet line asks for."""
        base, quote, settle = _parts(symbol)
        unit = self.unit.currentIndex()
        self.unit.clear()
        self.unit.addItem(quote if settle == base else base or "coins", "quantity")
        self.unit.addItem(_CONTRACTS, _CONTRACTS)
        self.unit.setCurrentIndex(max(0, unit))
        self._wallet_label.setText(f"{settle or 'Coins'} in the wallet")
        account = self._account(self.account.currentText())
        held = account.balances.get(settle) if account is not None else None
        self.wallet.setPlaceholderText("" if held is None else f"{held:,.10g}")

    @Slot()
    def follow_margin_mode(self) -> None:
        isolated = self.margin_mode.currentData() == MarginMode.ISOLATED
        self.isolated_margin.setEnabled(isolated)
        self.isolated_margin.setPlaceholderText("" if isolated else _CROSS_HAS_NONE)

    # --- what was entered ---------------------------------------------------------------------

    def _row(self) -> dict[str, str]:
        isolated = self.isolated_margin.isEnabled()
        return {
            "account": self.account.currentText(),
            "venue": self._venue(),
            "symbol": self.symbol.currentText(),
            "side": self.side.currentText(),
            self.unit.currentData(): self.quantity.text(),
            "entry_price": self.entry_price.text(),
            "leverage": self.leverage.text(),
            "margin_mode": str(self.margin_mode.currentData()),
            "isolated_margin": self.isolated_margin.text() if isolated else "",
        }

    def _balances(self) -> dict[str, str]:
        *_, settle = _parts(self.symbol.currentText())
        return {settle: self.wallet.text()} if settle and self.wallet.text().strip() else {}

    def _entries(self) -> dict[str, str]:
        """Return what stands in every entry, by the names that problems have."""
        row = self._row()
        size = f"{row.get('quantity', '')}{row.get('contracts', '')}{self.unit.currentIndex()}"
        return {**row, "quantity": size, "contracts": size, _WALLET: self.wallet.text()}

    def _venue(self) -> str:
        return str(self.venue.currentData())

    def _account(self, name: str) -> Account | None:
        accounts = self._book.accounts if self._book is not None else ()
        return next((account for account in accounts if account.id == name.strip()), None)

    # --- the form -----------------------------------------------------------------------------

    def _make_entries(self) -> None:
        accounts = [account.id for account in self._book.accounts] if self._book else ["main"]
        self.account = _editable(accounts)
        self.venue = QComboBox()
        for venue in _in_order(self._desk.catalogue.venues):
            self.venue.addItem(fmt.venue_name(venue), venue)
        self.symbol = _editable(())
        self.side = QComboBox()
        self.side.addItems(["long", "short"])
        self.quantity, self.unit = QLineEdit(), QComboBox()
        self.entry_price, self.leverage = QLineEdit(), QLineEdit()
        self.margin_mode = QComboBox()
        for mode in MarginMode:
            self.margin_mode.addItem(mode.value, mode)
        self.isolated_margin, self.wallet = QLineEdit(), QLineEdit()

    def _make_form(self) -> QFormLayout:
        size = QWidget()
        beside = QHBoxLayout(size)
        beside.setContentsMargins(0, 0, 0, 0)
        beside.addWidget(self.quantity, 1)
        beside.addWidget(self.unit)
        form = QFormLayout()
        form.setContentsMargins(0, 0, 0, 0)
        form.setVerticalSpacing(6)
        entries: dict[str, QWidget] = {
            "account": self.account, "venue": self.venue, "symbol": self.symbol,
            "side": self.side, "quantity": size, "entry_price": self.entry_price,
            "margin_mode": self.margin_mode, "leverage": self.leverage,
            "isolated_margin": self.isolated_margin,
        }  # fmt: skip
        for name, widget in entries.items():
            widget.setToolTip(_HELP[name])
            form.addRow(plain_label(_LABELS[name]), widget)
        self._wallet_label = plain_label()
        self.wallet.setToolTip(_HELP["wallet"])
        form.addRow(self._wallet_label, self.wallet)
        excluded = plain_label(_EXCLUDED)
        excluded.setWordWrap(True)
        tint(excluded, self._theme, "dim")
        form.addRow("", excluded)
        return form

    def _make_file_line(self) -> QHBoxLayout:
        self._file = QLabel()
        self._file.setTextFormat(Qt.TextFormat.PlainText)
        self._file.setWordWrap(True)
        tint(self._file, self._theme, "dim")
        choose = QPushButton("Another file…")
        choose.setAutoDefault(False)
        choose.clicked.connect(self.choose_file)
        line = QHBoxLayout()
        line.addWidget(self._file, 1)
        line.addWidget(choose)
        self.set_path(str(self.path))
        return line

    def _make_buttons(self, save: str) -> QDialogButtonBox:
        kinds = QDialogButtonBox.StandardButton
        buttons = QDialogButtonBox(kinds.Save | kinds.Cancel)
        buttons.button(kinds.Save).setText(save)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        return buttons

    def choose_file(self) -> None:
        ask_for_target(self, "Save the book", str(self.path), _KINDS, self.set_path)

    @Slot(str)
    def set_path(self, path: str) -> None:
        """Save to this file."""
        self.path = Path(path)
        note = "; comments in it are not kept" if self._book is not None else ""
        self._file.setText(f"Written to {path}{note}.")


def _own_book(open_now: Portfolio | None) -> Portfolio | None:
    """Return the book that the position joins: a file of the user's own; else a new one begins."""
    own = open_now is not None and open_now.path not in (None, sample_path())
    return open_now if own else None


def _path_for(book: Portfolio | None) -> Path:
    if book is not None and book.path is not None:
        return book.path
    documents = QStandardPaths.StandardLocation.DocumentsLocation
    folder = Path(QStandardPaths.writableLocation(documents) or Path.home())
    if not folder.is_dir():
        folder = Path.home()
    names = (f"portfolio{'' if n == 1 else f'-{n}'}.toml" for n in range(1, 1_000))
    return next(path for name in names if not (path := folder / name).exists())


def _in_order(venues: Collection[str]) -> list[str]:
    first = [venue for venue in _FIRST_VENUES if venue in venues]
    return [*first, *sorted(set(venues) - set(first)), MANUAL_VENUE]


def _editable(texts: Sequence[str]) -> QComboBox:
    box = QComboBox()
    box.setEditable(True)
    box.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
    completer = QCompleter(box.model(), box)
    completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
    completer.setFilterMode(Qt.MatchFlag.MatchContains)
    box.setCompleter(completer)
    box.addItems(list(texts))
    return box


def _parts(symbol: str) -> tuple[str, str, str]:
    try:
        return split_symbol(symbol.strip())
    except ValueError:
        return "", "", ""


def _entry(problem: FileProblem) -> str:
    """Return the entry that a problem is about; what names a coin is about the wallet."""
    return problem.where if problem.where in _LABELS else _WALLET


def _sentence(problem: FileProblem) -> str:
    """Name the entry as the form does."""
    where = _LABELS.get(problem.where, problem.where)
    return dataclasses.replace(problem, where=where).sentence()
