"""The log as a table: what the process reported, newest last."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt

from ui import format as fmt
from ui.theme import Theme
from workstation.units import UnixMs

MAX_LINES: Final = 2_000
SORT_ROLE: Final = Qt.ItemDataRole.UserRole
Index = QModelIndex | QPersistentModelIndex


@dataclass(frozen=True, slots=True, kw_only=True)
class LogLine:
    """One record; ``text`` is one sentence, the traceback stands in the log file only."""

    time_ms: UnixMs
    level: int
    source: str
    text: str

    @property
    def level_name(self) -> str:
        return logging.getLevelName(self.level).capitalize()


class LogBook(logging.Handler):
    """Keeps the newest records of every thread, for the window to take when it looks."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self._guard = threading.Lock()
        self._lines: deque[LogLine] = deque(maxlen=MAX_LINES)
        self._count = 0

    def emit(self, record: logging.LogRecord) -> None:
        line = LogLine(
            time_ms=UnixMs(int(record.created * 1_000)),
            level=record.levelno,
            source=record.name,
            text=_sentence(record),
        )
        with self._guard:
            self._lines.append(line)
            self._count += 1

    def since(self, count: int) -> tuple[list[LogLine], int]:
        """Return the lines after the first ``count`` ever kept, and how many there are now."""
        with self._guard:
            new = min(self._count - count, len(self._lines))
            return list(self._lines)[len(self._lines) - new :], self._count


def _sentence(record: logging.LogRecord) -> str:
    text = record.getMessage()
    error = record.exc_info[1] if record.exc_info else None
    return f"{text}: {type(error).__name__}: {error}" if error is not None else text


@dataclass(frozen=True, slots=True)
class _Column:
    heading: str
    text: Callable[[LogLine], str]
    value: Callable[[LogLine], Any]


_COLUMNS: Final = (
    _Column("Time (UTC)", lambda line: fmt.utc_time(line.time_ms), lambda line: line.time_ms),
    _Column("Level", lambda line: line.level_name, lambda line: line.level),
    _Column("From", lambda line: line.source, lambda line: line.source),
    _Column("Message", lambda line: line.text, lambda line: line.text),
)
MESSAGE_COLUMN: Final = len(_COLUMNS) - 1
_TONES: Final = ((logging.ERROR, "alarm"), (logging.WARNING, "warn"))


class LogRecordModel(QAbstractTableModel):
    """The newest lines of a log; the sort role of every cell is its raw value."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._lines: list[LogLine] = []

    def append(self, lines: Sequence[LogLine]) -> None:
        """Add lines at the end; the oldest give way."""
        if not lines:
            return
        surplus = len(self._lines) + len(lines) - MAX_LINES
        if surplus > 0:
            self.beginRemoveRows(QModelIndex(), 0, min(surplus, len(self._lines)) - 1)
            del self._lines[:surplus]
            self.endRemoveRows()
        first = len(self._lines)
        self.beginInsertRows(QModelIndex(), first, first + len(lines) - 1)
        self._lines.extend(lines)
        self.endInsertRows()

    def line(self, row: int) -> LogLine:
        return self._lines[row]

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        return 0 if parent.isValid() else len(self._lines)

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
        line, column = self._lines[index.row()], _COLUMNS[index.column()]
        if role == Qt.ItemDataRole.DisplayRole:
            return column.text(line)
        if role == SORT_ROLE:
            return column.value(line)
        if role == Qt.ItemDataRole.ToolTipRole:
            return f"{fmt.local_time(line.time_ms)}\n{line.text}"
        if role == Qt.ItemDataRole.ForegroundRole:
            tone = next((name for level, name in _TONES if line.level >= level), None)
            return self._theme.colour(tone) if tone else None
        return None
