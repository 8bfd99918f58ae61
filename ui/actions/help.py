"""The Help menu, the palette and the settings dialog."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib.metadata import metadata
from typing import Final, Protocol

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QMainWindow

from ui.commands import Command, CommandBook
from ui.dialogs.about import AboutDialog
from ui.dialogs.settings import SettingsDialog
from ui.dialogs.shortcuts import ShortcutsDialog
from ui.dialogs.text import TextDialog
from ui.palette import Palette
from workstation.settings import Settings

DISTRIBUTION: Final = "risk-workstation"


class Configurable(Protocol):
    """What this menu needs of the window."""

    @property
    def settings(self) -> Settings: ...

    @property
    def book(self) -> CommandBook: ...

    def apply_settings(self, settings: Settings) -> None: ...


class HelpActions(QObject):
    """Explains the program and finds every command."""

    def __init__(
        self,
        window: QMainWindow,
        configurable: Configurable,
        diagnostics: Callable[[], str] | None,
    ) -> None:
        super().__init__(window)
        self._window = window
        self._configurable = configurable
        self._diagnostics = diagnostics

    def commands(self) -> Sequence[Command]:
        offered = [
            Command(
                id="help.palette", menu="Help", text="Find a command…", shortcut="Ctrl+K",
                help="Type a few letters of any command and run it", run=self.show_palette,
            ),
            Command(
                id="help.shortcuts", menu="Help", text="Commands and shortcuts", shortcut="F1",
                help="Everything the window can do, and its keys", run=self.show_shortcuts,
            ),
            Command(
                id="help.settings", menu="Help", text="Settings…", shortcut="Ctrl+,", group=1,
                help="Market, risk and window settings", run=self.show_settings,
            ),
            Command(
                id="help.readme", menu="Help", text="What it does, and its limits", group=2,
                help="The program's description, with what it does not do well",
                run=self.show_readme,
            ),
            Command(
                id="help.about", menu="Help", text="About Risk Workstation", group=3,
                help="Version, licence, and what it is built on", run=self.show_about,
            ),
        ]  # fmt: skip
        if self._diagnostics is not None:
            offered.append(
                Command(
                    id="help.diagnostics", menu="Help", text="Diagnostics", group=2,
                    help="What works here and what does not", run=self.show_diagnostics,
                )
            )  # fmt: skip
        return offered

    def show_palette(self) -> None:
        Palette(self._configurable.book, self._window).open()

    def show_shortcuts(self) -> None:
        ShortcutsDialog(self._configurable.book, self._window).open()

    def show_settings(self) -> None:
        dialog = SettingsDialog(self._configurable.settings, self._window)
        dialog.settings_chosen.connect(self._configurable.apply_settings)
        dialog.open()

    def show_readme(self) -> None:
        about = metadata(DISTRIBUTION).json  # the README, unless it was installed without
        text = str(about.get("description") or about["summary"])
        title = "What it does, and its limits"
        TextDialog(title, text.strip(), self._window, markdown=True).open()

    def show_diagnostics(self) -> None:
        assert self._diagnostics is not None  # no such command otherwise
        TextDialog("Diagnostics", self._diagnostics(), self._window).open()

    def show_about(self) -> None:
        AboutDialog(self._window).open()
