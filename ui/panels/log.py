"""The log panel: what the program reported, filtered by level, ready to copy."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any, Final

from PySide6.QtCore import (
    QModelIndex,
    QPersistentModelIndex,
    QSortFilterProxyModel,
    Qt,
    QTimer,
    Slot,
)
from PySide6.QtGui import (
    QGuiApplication,
    QHideEvent,
    QKeySequence,
    QShortcut,
    QShowEvent,
)
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QHBoxLayout,
    QHeaderView,
    QPushButton,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from ui.models.log_records import MESSAGE_COLUMN, SORT_ROLE, LogRecordModel
from ui.panels.base import Panel, PanelContext
from ui.style import plain_label, tint

_LOOK_MS: Final = 500
_LEVELS: Final = {
    "Everything": logging.INFO,
    "Warnings and errors": logging.WARNING,
    "Errors": logging.ERROR,
}
_EMPTY: Final = "Nothing has been reported yet. Notices, warnings and errors will stand here."


class _ByLevel(QSortFilterProxyModel):
    least = logging.INFO

    def filterAcceptsRow(self, row: int, _: QModelIndex | QPersistentModelIndex) -> bool:
        model = self.sourceModel()
        assert isinstance(model, LogRecordModel)
        return model.line(row).level >= self.least

    def let_through(self, least: int) -> None:
        self.beginFilterChange()
        self.least = least
        self.endFilterChange()


class LogPanel(Panel):
    """The newest lines; it follows the end until the user scrolls away from it."""

    def __init__(self, context: PanelContext, parent: QWidget | None = None) -> None:
        super().__init__(context, parent)
        self._seen = 0
        self.model = LogRecordModel(self.theme)
        self._filtered = _ByLevel(self)
        self._filtered.setSourceModel(self.model)
        self._filtered.setSortRole(SORT_ROLE)
        self._timer = QTimer(self)
        self._timer.setInterval(_LOOK_MS)
        self._timer.timeout.connect(self.take_lines)
        self._build()
        self.take_lines()

    def state(self) -> dict[str, Any]:
        return {"level": self._level.currentText()}

    def restore(self, state: Mapping[str, Any]) -> None:
        level = state.get("level")
        if isinstance(level, str) and level in _LEVELS:
            self._level.setCurrentText(level)

    @Slot()
    def take_lines(self) -> None:
        """Add what the log received since the last look."""
        lines, self._seen = self.context.log_book.since(self._seen)
        if not lines:
            return
        bar = self._table.verticalScrollBar()
        at_end = bar.value() == bar.maximum()
        self.model.append(lines)
        self._empty.setVisible(self.model.rowCount() == 0)
        if at_end:
            self._table.scrollToBottom()

    @Slot()
    def copy(self) -> None:
        """Put the selected lines, or all that are shown, on the clipboard."""
        chosen = {index.row() for index in self._table.selectionModel().selectedRows()}
        rows = sorted(chosen) or range(self._filtered.rowCount())
        columns = range(self._filtered.columnCount())
        lines = ["\t".join(self._filtered.index(row, c).data() for c in columns) for row in rows]
        QGuiApplication.clipboard().setText("\n".join(lines))

    def _build(self) -> None:
        self._level = QComboBox()
        self._level.addItems(list(_LEVELS))
        self._level.setToolTip("The least grave lines that are shown")
        self._level.currentTextChanged.connect(self._choose_level)
        copy = QPushButton("Copy")
        copy.setToolTip("Copy the selected lines, or all that are shown (Ctrl+C)")
        copy.clicked.connect(self.copy)
        self._empty = plain_label(_EMPTY)
        tint(self._empty, self.theme, "dim")
        controls = QHBoxLayout()
        controls.addWidget(self._level)
        controls.addWidget(copy)
        controls.addWidget(self._empty)
        controls.addStretch(1)
        controls.setContentsMargins(8, 4, 8, 4)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(controls)
        layout.addWidget(self._make_table())

    def _make_table(self) -> QTableView:
        self._table = QTableView()
        self._table.setModel(self._filtered)
        self._table.setShowGrid(False)
        self._table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self._table.verticalHeader().hide()
        self._table.verticalHeader().setDefaultSectionSize(22)
        header = self._table.horizontalHeader()
        for column, width in enumerate((160, 80, 200)):
            header.resizeSection(column, width)
        header.setSectionResizeMode(MESSAGE_COLUMN, QHeaderView.ResizeMode.Stretch)
        shortcut = QShortcut(QKeySequence.StandardKey.Copy, self._table)
        shortcut.setContext(Qt.ShortcutContext.WidgetShortcut)
        shortcut.activated.connect(self.copy)
        return self._table

    @Slot(str)
    def _choose_level(self, name: str) -> None:
        self._filtered.let_through(_LEVELS[name])

    def showEvent(self, event: QShowEvent) -> None:
        self.take_lines()
        self._timer.start()
        super().showEvent(event)

    def hideEvent(self, event: QHideEvent) -> None:
        self._timer.stop()
        super().hideEvent(event)
