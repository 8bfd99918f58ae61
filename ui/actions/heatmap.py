"""The liquidation map's commands in the Market menu."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QObject, Slot
from PySide6.QtWidgets import QMainWindow

from ui.bridge import Bridge
from ui.commands import Command
from ui.dialogs.map_scores import open_scores
from ui.map_commands import map_commands
from ui.theme import Theme


class HeatmapActions(QObject):
    """Fits, scores and chooses through the desk."""

    def __init__(self, window: QMainWindow, bridge: Bridge, theme: Theme) -> None:
        super().__init__(window)
        self._window, self._bridge, self._theme = window, bridge, theme

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme

    def commands(self) -> Sequence[Command]:
        return map_commands(self._bridge, self.open_scores)

    @Slot()
    def open_scores(self) -> None:
        open_scores(self._window, self._bridge, self._theme)
