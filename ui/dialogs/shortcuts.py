"""Everything the window can do, and its keys; generated from the commands."""

from __future__ import annotations

from PySide6.QtCore import QSortFilterProxyModel, Qt
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QDialogButtonBox,
    QHeaderView,
    QLineEdit,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from ui.commands import CommandBook
from ui.fitting import fit
from ui.models.command_list import CommandListModel


class ShortcutsDialog(QDialog):
    """A table with a filter; those with a key stand first."""

    def __init__(self, book: CommandBook, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Commands and shortcuts")
        fit(self, 980, 620)
        commands = sorted(book.commands(), key=lambda command: not command.shortcut)
        self.model = CommandListModel(commands)
        self._found = QSortFilterProxyModel(self)
        self._found.setSourceModel(self.model)
        self._found.setFilterKeyColumn(-1)
        self._found.setFilterCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        entry = QLineEdit()
        entry.setPlaceholderText("Filter")
        entry.setClearButtonEnabled(True)
        entry.textChanged.connect(self._found.setFilterFixedString)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(entry)
        layout.addWidget(self._make_table())
        layout.addWidget(buttons)

    def _make_table(self) -> QTableView:
        table = QTableView()
        table.setModel(self._found)
        table.setShowGrid(False)
        table.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        table.verticalHeader().hide()
        table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        table.horizontalHeader().setStretchLastSection(True)
        return table
