"""The commands as a table: what, where in the menus, and the key."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtGui import QKeySequence

from ui.commands import Command

Index = QModelIndex | QPersistentModelIndex


def shortcut_text(command: Command) -> str:
    """Return the key as this system writes it."""
    return QKeySequence(command.shortcut).toString(QKeySequence.SequenceFormat.NativeText)


@dataclass(frozen=True, slots=True)
class _Column:
    heading: str
    text: Callable[[Command], str]


_COLUMNS: Final = (
    _Column("Command", lambda command: command.text),
    _Column("Menu", lambda command: command.menu.replace("/", " / ")),
    _Column("Key", shortcut_text),
    _Column("What it does", lambda command: command.help),
)


class CommandListModel(QAbstractTableModel):
    """Commands in a given order; those that do not apply now cannot be chosen."""

    def __init__(self, commands: Sequence[Command]) -> None:
        super().__init__()
        self._commands = tuple(commands)

    def replace(self, commands: Sequence[Command]) -> None:
        """Show other commands, or the same in another order."""
        self.beginResetModel()
        self._commands = tuple(commands)
        self.endResetModel()

    def command(self, row: int) -> Command:
        return self._commands[row]

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        return 0 if parent.isValid() else len(self._commands)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        return 0 if parent.isValid() else len(_COLUMNS)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if orientation is Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return _COLUMNS[section].heading
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        command = self._commands[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return _COLUMNS[index.column()].text(command)
        if role == Qt.ItemDataRole.ToolTipRole:
            return command.lacking or command.help
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:
        if not index.isValid():
            return Qt.ItemFlag.NoItemFlags
        usable = Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemIsEnabled
        return usable if self._commands[index.row()].enabled else Qt.ItemFlag.NoItemFlags
