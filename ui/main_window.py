"""The window: puts panels, menus and bars together; holds no data."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from PySide6.QtCore import QByteArray, QSize, Qt, Slot
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QFrame, QMainWindow, QScrollArea, QVBoxLayout, QWidget

from ui import layout_store, style
from ui.actions.alerts import AlertActions
from ui.actions.file import FileActions, dropped_file
from ui.actions.heatmap import HeatmapActions
from ui.actions.help import HelpActions
from ui.actions.market import MarketActions
from ui.actions.view import ViewActions
from ui.alert_center import AlertCenter
from ui.bridge import Bridge
from ui.commands import CommandBook
from ui.first_start import FirstStartBar
from ui.fitting import FRAME
from ui.frame_meter import FrameMeter
from ui.icon import app_icon
from ui.layout_store import Layout
from ui.models.log_records import LogBook
from ui.notifications import Notifier
from ui.panels.base import PanelContext, PanelSpec
from ui.panels.registry import PANELS
from ui.status_bar import StatusBar
from ui.theme import Theme, make_theme
from ui.workspace import Workspace
from workstation.market.feed import FeedMode
from workstation.paths import sample_path
from workstation.settings import Settings

_SIZE: Final = QSize(1_600, 900)
_LEAST_DOCKS: Final = QSize(900, 500)  # with less, blocks would lie over one another


class MainWindow(QMainWindow):
    """The one window.

    Parameters
    ----------
    panels : what stands in the docks, in the order of the default layout
    save_state : writes every figure on the screen to a file; without it there is no such command
    diagnostics : returns what works here and what does not, at once
    asks : whether a book of the user's own may lead to the question about live prices
    """

    def __init__(
        self,
        bridge: Bridge,
        settings: Settings,
        theme: Theme,
        panels: Sequence[PanelSpec] = PANELS,
        *,
        save_state: Callable[[Path], None] | None = None,
        diagnostics: Callable[[], str] | None = None,
        asks: bool = True,
    ) -> None:
        super().__init__()
        style.apply(theme)
        self.bridge = bridge
        self.settings = settings
        self._theme = theme
        self.log_book = LogBook()
        logging.getLogger().addHandler(self.log_book)
        self.notifier = Notifier(self.log_book, self)
        self.frames = FrameMeter(self)
        context = self._context()
        self.workspace = Workspace(self, context, panels)
        self.status = StatusBar(bridge, self.frames, theme, self)
        self.files = FileActions(self, bridge, theme, save_state, asks=asks)
        self.alerts = AlertCenter(self, bridge, theme)
        self.heatmap = HeatmapActions(self, bridge, theme)
        self.alerting = AlertActions(self, self, bridge, theme)
        self.book = CommandBook(
            self,
            (
                self.files,
                MarketActions(self, bridge, self.status.tape_controls),
                self.heatmap,
                ViewActions(self, self, self.workspace),
                self.alerting,
                HelpActions(self, self, diagnostics),
            ),
        )
        self._build()
        self._connect()
        self._greet_or_restore(layout_store.load_last())

    def _context(self) -> PanelContext:
        return PanelContext(bridge=self.bridge, theme=self._theme, log_book=self.log_book)

    def _build(self) -> None:
        self.setWindowIcon(app_icon())
        self.setAcceptDrops(True)
        room = self.screen().availableSize()
        self.resize(_SIZE.boundedTo(room))
        if self.size() != _SIZE.boundedTo(room - FRAME):  # with its frame it would not fit
            self.setWindowState(Qt.WindowState.WindowMaximized)
        self.welcome = FirstStartBar(self.book.run)
        content = QWidget()
        layout = QVBoxLayout(content)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.alerts.banner)
        layout.addWidget(self.welcome)
        layout.addWidget(_scrolling(self.workspace.docks.widget), 1)
        self.setCentralWidget(content)
        self.setStatusBar(self.status)
        self._show_title()

    def _connect(self) -> None:
        self.bridge.noticed.connect(self.notifier.note)
        self.bridge.command_requested.connect(self.book.run)
        self.book.refused.connect(self.notifier.note)
        self.files.noticed.connect(self.notifier.note)
        self.notifier.noticed.connect(self.status.show_notice)
        self.bridge.portfolio_changed.connect(self._show_title)
        self.bridge.source_changed.connect(self._show_title)
        self.welcome.left.connect(self.alerts.release)

    @Slot(object)
    def apply_settings(self, settings: Settings) -> None:
        """Hand settings to the desk; other colours are on the screen at once."""
        before, self.settings = self.settings.window, settings
        self.bridge.desk.apply_settings(settings)
        after = settings.window
        if (after.theme, after.colour_blind) != (before.theme, before.colour_blind):
            self.set_theme(make_theme(after.theme, colour_blind=after.colour_blind))

    def set_theme(self, theme: Theme) -> None:
        """Draw everything in another theme, and tell the new panels what is known."""
        self._theme = theme
        style.apply(theme)
        context = self._context()
        self.files.set_theme(theme)
        self.status.set_theme(theme)
        self.heatmap.set_theme(theme)
        self.alerting.set_theme(theme)
        self.alerts.banner.set_theme(theme)
        self.workspace.rebuild(context)
        self.bridge.repeat()

    def save_picture(self, path: Path) -> bool:
        """Save the window as it is now; return whether the file could be written."""
        return self.grab().save(str(path))

    def layout_now(self) -> Layout:
        return Layout(
            geometry=bytes(self.saveGeometry().toBase64().data()).decode(),
            docks=self.workspace.dock_state(),
            crash=self.workspace.crash_state(),
            panels=self.workspace.panel_states(),
        )

    def _greet_or_restore(self, layout: Layout) -> None:
        self.welcome.setVisible(layout == Layout())
        self.alerts.hold(on=not self.welcome.isHidden())
        self._show_title()
        self.restore_layout(layout)

    def restore_layout(self, layout: Layout) -> None:
        """Take back what can be understood of a layout."""
        if layout.geometry:
            self.restoreGeometry(QByteArray.fromBase64(layout.geometry.encode()))
        self.workspace.restore(layout)

    @Slot()
    def _show_title(self, *_: object) -> None:
        desk = self.bridge.desk
        book = desk.portfolio
        name = (book.path.name if book.path else book.name) if book is not None else ""
        parts = (name, str(desk.store.mode), "Risk Workstation")
        self.setWindowTitle(" — ".join(part for part in parts if part))
        self.welcome.show_sample(on=book is not None)
        if desk.store.mode is not FeedMode.SIMULATED or name not in ("", sample_path().name):
            self.welcome.leave()  # this is no demo any more

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if dropped_file(event.mimeData()) is not None:
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        path = dropped_file(event.mimeData())
        if path is not None:
            event.acceptProposedAction()
            self.files.open_file(path)

    def closeEvent(self, event: QCloseEvent) -> None:
        layout_store.save_last(self.layout_now())
        for part in (self.frames, self.notifier, self.status, self.alerts):
            part.stop()
        logging.getLogger().removeHandler(self.log_book)
        self.workspace.docks.close()
        super().closeEvent(event)


def _scrolling(docks: QWidget) -> QScrollArea:
    """Return an area in which the docks are never squeezed until they overlap: they scroll."""
    docks.setMinimumSize(_LEAST_DOCKS)
    area = QScrollArea()
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setWidgetResizable(True)
    area.setWidget(docks)
    return area
