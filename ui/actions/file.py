"""The File menu: opening books, the last ones included, and saving what is on the screen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from PySide6.QtCore import QMimeData, QObject, Qt, Signal, Slot
from PySide6.QtWidgets import QFileDialog, QMainWindow, QMessageBox

from ui.bridge import Bridge
from ui.commands import Command
from ui.dialogs.text import TextDialog
from ui.save_dialog import ask_for_target
from ui.theme import Theme
from workstation.errors import PortfolioFileError
from workstation.market.feed import FeedMode
from workstation.paths import sample_path
from workstation.portfolio.model import Portfolio
from workstation.services import session

_NO_BOOK: Final = "No book is open: open a portfolio file (Ctrl+O) or add a position (Ctrl+N)."
_NO_FILE: Final = (
    "No portfolio file is open. Accounts at exchanges stand beside it: "
    "File > Accounts at exchanges removes them."
)
_NO_COPY: Final = "There is no what-if copy: the panel What-if makes one."


class FileActions(QObject):
    """Opens, reloads and closes books; asks once whether a book of one's own goes live.

    Signals
    -------
    noticed : str, a sentence for the log and the status bar
    """

    noticed = Signal(str)

    def __init__(
        self,
        window: QMainWindow,
        bridge: Bridge,
        theme: Theme,
        save_state: Callable[[Path], None] | None,
        *,
        asks: bool,
    ) -> None:
        super().__init__(window)
        self._window = window
        self._bridge = bridge
        self._theme = theme
        self._save_state = save_state
        self._asks = asks
        self._refusal: TextDialog | None = None  # what says why a file is not open
        self._book_then: Portfolio | None = None  # the file's book when it was refused
        bridge.portfolio_changed.connect(self.offer_live)
        bridge.portfolio_changed.connect(self.drop_refusal)
        bridge.portfolio_refused.connect(self.show_refusal)

    def set_theme(self, theme: Theme) -> None:
        """Open further dialogs in another theme."""
        self._theme = theme

    def commands(self) -> Sequence[Command]:
        return (*self._books(), *self._recent(), *self._pictures(), self._quit())

    def _books(self) -> tuple[Command, ...]:
        desk = self._bridge.desk
        closed = "" if desk.portfolio is not None else _NO_BOOK
        no_file = closed if closed or desk.from_file is not None else _NO_FILE
        return (
            Command(
                id="file.open", menu="File", text="Open portfolio…", shortcut="Ctrl+O",
                help="Open a book from a TOML, JSON or CSV file; dropping a file here does it too",
                run=self.choose_file,
            ),
            Command(
                id="file.sample", menu="File", text="Open sample",
                help="Open the sample book: several venues, a hedge, an inverse contract",
                run=lambda: desk.open_portfolio(sample_path()),
            ),
            Command(
                id="file.add_position", menu="File", text="Add a position…", shortcut="Ctrl+N",
                group=1, help="Fill in a form; it writes a portfolio file", run=self.add_position,
            ),
            Command(
                id="file.add_to_copy", menu="File", text="Add a position to the copy…", group=1,
                help="Fill in a form; the position joins the what-if copy, and no file",
                lacking="" if desk.copy is not None else _NO_COPY, run=self.add_to_copy,
            ),
            Command(
                id="file.address", menu="File", text="Public Hyperliquid address…", group=1,
                help="Show the positions of an address, without any key", run=self.read_address,
            ),
            Command(
                id="file.accounts", menu="File", text="Accounts at exchanges…", group=1,
                help="Read accounts by read-only keys or public addresses, beside the file",
                run=self.show_accounts,
            ),
            Command(
                id="file.save_book", menu="File", text="Save as portfolio file…", group=2,
                help="Write the whole book, live accounts included, to a file", lacking=closed,
                run=self.choose_copy,
            ),
            Command(
                id="file.reload", menu="File", text="Reload", shortcut="Ctrl+R", group=2,
                help="Read the book's file or account again", lacking=closed,
                run=desk.reload_portfolio,
            ),
            Command(
                id="file.close", menu="File", text="Close the portfolio file", shortcut="Ctrl+W",
                group=2, help="Close the file; accounts at exchanges and the market stay",
                lacking=no_file, run=desk.close_portfolio,
            ),
        )  # fmt: skip

    def _recent(self) -> tuple[Command, ...]:
        return tuple(
            Command(
                id=f"file.recent.{path}", menu="File/Recent files", text=path, group=0,
                help="Open this book again", run=self._opener(Path(path)),
            )
            for path in session.load().recent
        )  # fmt: skip

    def _pictures(self) -> tuple[Command, ...]:
        picture = Command(
            id="file.picture", menu="File", text="Save a picture…", shortcut="Ctrl+Shift+S",
            group=3, help="Save the window as it is now, as a PNG", run=self.choose_picture,
        )  # fmt: skip
        if self._save_state is None:
            return (picture,)
        state = Command(
            id="file.state", menu="File", text="Save state…", group=3,
            help="Save every figure on the screen as JSON", run=self.choose_state,
        )  # fmt: skip
        return picture, state

    def _quit(self) -> Command:
        return Command(
            id="file.quit", menu="File", text="Quit", shortcut="Ctrl+Q", group=4,
            help="Close the window; layout and book come back next time", run=self.quit,
        )  # fmt: skip

    def _opener(self, path: Path) -> Callable[[], None]:
        return lambda: self._bridge.desk.open_portfolio(path)

    def quit(self) -> None:
        self._window.close()

    def choose_file(self) -> None:
        dialog = QFileDialog(self._window, "Open portfolio", "", _filter())
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.fileSelected.connect(self.open_file)
        dialog.open()

    @Slot(str)
    def open_file(self, path: str) -> None:
        self._bridge.desk.open_portfolio(Path(path))

    def add_position(self) -> None:
        from ui.dialogs.add_position import AddPositionDialog

        AddPositionDialog(self._bridge.desk, self._theme, self._window).open()

    def add_to_copy(self) -> None:
        from ui.dialogs.add_position import AddPositionDialog

        AddPositionDialog(self._bridge.desk, self._theme, self._window, into_copy=True).open()

    def read_address(self) -> None:
        from ui.dialogs.hyperliquid_address import HyperliquidAddressDialog

        HyperliquidAddressDialog(self._bridge.desk, self._theme, self._window).open()

    def show_accounts(self) -> None:
        from ui.dialogs.accounts import AccountsDialog

        AccountsDialog(self._bridge.desk, self._theme, self._window).open()

    def choose_copy(self) -> None:
        ask_for_target(
            self._window, "Save as portfolio file", "portfolio.toml", _filter(), self.save_book
        )

    @Slot(str)
    def save_book(self, path: str) -> None:
        self._bridge.desk.save_book(Path(path))

    def choose_picture(self) -> None:
        ask_for_target(
            self._window, "Save a picture", "workstation.png", "PNG (*.png)", self.save_picture
        )

    def choose_state(self) -> None:
        ask_for_target(
            self._window, "Save state", "workstation.json", "JSON (*.json)", self.save_state
        )

    @Slot(str)
    def save_picture(self, path: str) -> None:
        saved = self._window.grab().save(path)
        self.noticed.emit(f"Picture saved to {path}." if saved else f"{path} cannot be written.")

    @Slot(str)
    def save_state(self, path: str) -> None:
        assert self._save_state is not None  # no such command otherwise
        try:
            self._save_state(Path(path))
        except OSError as error:
            self.noticed.emit(f"{path} cannot be written: {error.strerror}.")
        else:
            self.noticed.emit(f"State saved to {path}.")

    @Slot(object)
    def show_refusal(self, error: PortfolioFileError) -> None:
        """List everything wrong with a file, beside the window; the last good book stays."""
        count = len(error.problems)
        title = f"{Path(error.path).name}: {count} problem{'s' if count != 1 else ''}"
        if self._refusal is None:
            self._refusal = TextDialog(title, error.user_message, self._window)
            self._refusal.finished.connect(self._forget_refusal)
        else:
            self._refusal.show_text(title, error.user_message)
        self._book_then = self._bridge.desk.from_file
        self._refusal.show()
        self._refusal.raise_()

    @Slot(object)
    def drop_refusal(self, _: object) -> None:
        """Close what was said of a file once a good one has been read."""
        if self._refusal is not None and self._bridge.desk.from_file is not self._book_then:
            self._refusal.close()

    @Slot()
    def _forget_refusal(self, *_: object) -> None:
        self._refusal = self._book_then = None

    @Slot(object)
    def offer_live(self, book: Portfolio | None) -> None:
        """Ask once, when a book of the user's own meets the simulated market."""
        simulated = self._bridge.desk.store.mode is FeedMode.SIMULATED
        own = book is not None and book.path != sample_path()
        if not (self._asks and own and simulated):
            return
        self._asks = False
        question = QMessageBox(self._window)
        question.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        question.setWindowTitle("Live prices?")
        question.setText("This is your own book, but the market is simulated.")
        question.setInformativeText("Watch it at live prices of the exchanges?")
        question.setStandardButtons(QMessageBox.StandardButton.Yes | QMessageBox.StandardButton.No)
        question.setDefaultButton(QMessageBox.StandardButton.Yes)
        question.accepted.connect(self._go_live)
        question.open()

    @Slot()
    def _go_live(self) -> None:
        self._bridge.desk.open_source("live")


def _suffixes() -> tuple[str, ...]:
    from workstation.portfolio.formats.registry import FORMATS  # pydantic: late

    return tuple(known.suffix for known in FORMATS)


def _filter() -> str:
    return f"Portfolio files (*{' *'.join(_suffixes())});;All files (*)"


def dropped_file(data: QMimeData) -> str | None:
    """Return the portfolio file among what is dragged, if there is one."""
    paths_ = [url.toLocalFile() for url in data.urls() if url.isLocalFile()]
    return next((path for path in paths_ if path.lower().endswith(_suffixes())), None)
