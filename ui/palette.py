"""The command palette: type a few letters of any command, press Enter."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from PySide6.QtCore import QEvent, QModelIndex, QObject, Qt, Slot
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QHeaderView,
    QLineEdit,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from ui.commands import Command, CommandBook
from ui.fitting import fit
from ui.models.command_list import CommandListModel
from ui.style import plain_label

_SIZE: Final = (760, 420)
_LIST_KEYS: Final = (Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_PageUp, Qt.Key.Key_PageDown)
_AT_WORD: Final = 3.0  # a letter that begins a word, against one in its middle
_IN_A_ROW: Final = 2.0
_EXACT, _BEGINS, _WORDS, _LETTERS = 0, 1, 2, 4  # one more with the menu, whatever begins it


def score(letters: str, text: str) -> float | None:
    """Return how well ``letters`` stand in ``text`` in this order, or ``None`` if they do not.

    Letters that begin a word or follow one another count more; a short text beats a long one.
    """
    text = text.lower()
    total, position = 0.0, -1
    for letter in letters.lower().replace(" ", ""):
        found = text.find(letter, position + 1)
        if found < 0:
            return None
        begins = found == 0 or not text[found - 1].isalnum()
        total += _AT_WORD if begins else _IN_A_ROW if found == position + 1 else 1.0
        position = found
    return total - len(text) / 100


def matching(letters: str, commands: Iterable[Command]) -> list[Command]:
    """Return the commands that match, the best first; all of them without letters.

    First the command of that name, then names that begin with it, names with these words, the same
    with the menu (typed before the command or after it), and last the letters wherever they stand.
    Of two commands of one name that which only shows stands before the one that also hides.
    """
    if not letters.strip():
        return list(commands)
    found = [
        ((*place, command.checked is not None), command)
        for command in commands
        if (place := _place(letters, command)) is not None
    ]
    found.sort(key=lambda pair: pair[0])
    return [command for _, command in found]


def _place(letters: str, command: Command) -> tuple[int, float] | None:
    """Return how near a command is to what was typed, the nearest least; ``None`` if it is not."""
    text, menu = command.text, command.menu
    names = [(_nearness(letters, name), name) for name in (text, command.also)]
    paths = [(max(_WORDS, _nearness(letters, path)) + 1, path)
             for path in (f"{text} {menu}", f"{menu} {text}")]  # fmt: skip
    places = [
        (nearness, -points)
        for nearness, name in (*names, *paths)
        if (points := score(letters, name)) is not None
    ]
    return min(places, default=None)


def _nearness(letters: str, name: str) -> int:
    typed, words = _words(letters), _words(name)
    if not typed:
        return _LETTERS
    if typed == words:
        return _EXACT
    if " ".join(words).startswith(" ".join(typed)):
        return _BEGINS
    if all(any(word.startswith(each) for word in words) for each in typed):
        return _WORDS
    return _LETTERS


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())


class Palette(QDialog):
    """Every command that applies now; usable by keyboard alone."""

    def __init__(self, book: CommandBook, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Find a command")
        self._book = book
        self._commands = tuple(command for command in book.commands() if command.enabled)
        self.model = CommandListModel(self._commands)
        self.entry = QLineEdit()
        self.entry.setPlaceholderText("Type a few letters of a command")
        self.entry.textChanged.connect(self.show_matching)
        self.entry.returnPressed.connect(self.run_current)
        self.entry.installEventFilter(self)
        self._table = self._make_table()
        self._nothing = plain_label("No command that applies now has these letters in this order.")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 8, 8, 8)
        layout.addWidget(self.entry)
        layout.addWidget(self._nothing)
        layout.addWidget(self._table, 1)
        fit(self, *_SIZE)
        self.show_matching("")

    @Slot(str)
    def show_matching(self, letters: str) -> None:
        self.model.replace(matching(letters, self._commands))
        self._table.selectRow(0)
        self._nothing.setVisible(not self.model.rowCount())

    @Slot()
    def run_current(self) -> None:
        """Close and run the selected command."""
        row = self._table.currentIndex().row()
        if row < 0:
            return
        command = self.model.command(row)
        self.accept()
        self._book.run(command.id)

    @Slot(QModelIndex)
    def _run_clicked(self, _: QModelIndex) -> None:
        self.run_current()

    def _make_table(self) -> QTableView:
        table = QTableView()
        table.setModel(self.model)
        table.setShowGrid(False)
        table.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        table.verticalHeader().hide()
        table.horizontalHeader().hide()
        table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        table.horizontalHeader().setStretchLastSection(True)
        table.clicked.connect(self._run_clicked)
        return table

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if not isinstance(event, QKeyEvent) or event.key() not in _LIST_KEYS:
            return super().eventFilter(watched, event)
        if event.type() == QEvent.Type.KeyPress:
            self._table.keyPressEvent(event)
        return True
