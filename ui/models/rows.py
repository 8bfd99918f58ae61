"""Tables by declaration: a row is a frozen value, a column says what of it is shown."""

from __future__ import annotations

import html
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QPersistentModelIndex,
    Qt,
)
from PySide6.QtGui import QColor, QFont

from ui.theme import Theme, figure_font

SORT_ROLE: Final = Qt.ItemDataRole.UserRole
FIGURE_PX: Final = 12
_FIGURES: Final = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_WORDS: Final = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
Index = QModelIndex | QPersistentModelIndex
R = TypeVar("R")


def _no_token(_: object) -> str:
    return ""


def _as_it_is(_: object, token: str) -> str:
    return token


@dataclass(frozen=True, kw_only=True)  # no slots: ``Column[Row](...)`` fails with them on 3.11
class Column(Generic[R]):
    """One column.

    ``value`` is what it is sorted by (``None`` sorts last); ``token`` names a colour of the theme,
    empty for the usual one; ``tip`` explains the cell: what it is, from where, how old. Where not
    all columns fit, the highest ``rank`` gives way first; 0 stays. One that ``stretches`` has the
    room that is left, in place of the first.
    """

    heading: str
    help: str
    text: Callable[[R], str]
    value: Callable[[R], Any]
    token: Callable[[R], str] = _no_token
    tip: Callable[[R], str] | None = None
    is_figure: bool = True
    rank: int = 0
    stretches: bool = False


def plain_tip(text: str) -> str:
    """Return a tooltip that shows text as it is: names out of a file may look like markup."""
    if "<" not in text:
        return text
    return f"<p style='white-space:pre-wrap'>{html.escape(text, quote=False)}</p>"


class RowsModel(QAbstractTableModel, Generic[R]):
    """Rows under declared columns; rows with the same keys change in place, others reset it.

    It sorts by itself: a proxy asks for a table of twenty rows two thousand times a repaint.
    ``is_total`` marks rows that stay at the end however the table is sorted; ``recolour`` may give
    a cell of a row another colour token than its column does.
    """

    def __init__(
        self,
        columns: Sequence[Column[R]],
        theme: Theme,
        key: Callable[[R], Hashable],
        is_total: Callable[[R], bool] = lambda _: False,
        recolour: Callable[[R, str], str] = _as_it_is,
    ) -> None:
        super().__init__()
        self._recolour = recolour
        self.columns = tuple(columns)
        self.theme = theme
        self._key = key
        self.is_total = is_total
        self._given: tuple[R, ...] = ()
        self._rows: tuple[R, ...] = ()  # as they are shown
        self._sorting = -1, False  # the column, and whether it descends
        self.figures = figure_font(FIGURE_PX)
        self.bold = QFont(self.figures)
        self.bold.setBold(True)
        roles = Qt.ItemDataRole
        self._read: dict[int, Callable[[R, Column[R]], Any]] = {
            roles.DisplayRole: lambda row, column: column.text(row),
            SORT_ROLE: lambda row, column: column.value(row),
            roles.ToolTipRole: lambda row, column: plain_tip(
                column.tip(row) if column.tip else column.help
            ),
            roles.ForegroundRole: self.colour,
            roles.TextAlignmentRole: lambda _, column: alignment(column),
            roles.FontRole: lambda row, _: self.bold if self.is_total(row) else self.figures,
        }

    def replace_rows(self, rows: Sequence[R]) -> None:
        """Show these rows."""
        old = self._keys(self._given)
        self._given = tuple(rows)
        if self._keys(self._given) != old:
            self.beginResetModel()
            self._rows = self._sorted()
            self.endResetModel()
            return
        was = dict(zip(self._keys(self._rows), self._rows, strict=True))
        self._arrange()
        changed = [i for i, row in enumerate(self._rows) if was[self._key(row)] != row]
        if changed:
            last = len(self.columns) - 1
            self.dataChanged.emit(self.index(changed[0], 0), self.index(changed[-1], last))

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Sort by a column, as the rows are given if there is none: -1."""
        self._sorting = column, order is Qt.SortOrder.DescendingOrder
        self._arrange()

    def _sorted(self) -> tuple[R, ...]:
        """Return the rows by their raw values: what is not known last, totals at the end."""
        section, descending = self._sorting
        if not 0 <= section < len(self.columns):
            return self._given
        value = self.columns[section].value
        totals = [row for row in self._given if self.is_total(row)]
        rows = [row for row in self._given if not self.is_total(row)]
        known = [row for row in rows if value(row) is not None]
        unknown = [row for row in rows if value(row) is None]
        return (*sorted(known, key=value, reverse=descending), *unknown, *totals)

    def _arrange(self) -> None:
        """Put the rows in their order; what is selected stays selected."""
        before, after = self._rows, self._sorted()
        keys = self._keys(after)
        if keys == self._keys(before):
            self._rows = after
            return
        self.layoutAboutToBeChanged.emit()
        self._rows, place = after, {key: at for at, key in enumerate(keys)}
        old = self.persistentIndexList()
        new = [self.index(place[self._key(before[at.row()])], at.column()) for at in old]
        self.changePersistentIndexList(old, new)
        self.layoutChanged.emit()

    def _keys(self, rows: Sequence[R]) -> list[Hashable]:
        return [self._key(row) for row in rows]

    @property
    def rows(self) -> tuple[R, ...]:
        return self._rows

    def row(self, index: int) -> R:
        return self._rows[index]

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        return 0 if parent.isValid() else len(self.columns)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if orientation is not Qt.Orientation.Horizontal:
            return None
        column = self.columns[section]
        if role == Qt.ItemDataRole.DisplayRole:
            return column.heading
        if role == Qt.ItemDataRole.ToolTipRole:
            return f"{column.help}\n(Right click: choose columns)"
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return alignment(column)
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        read = self._read.get(role)
        if read is None or not index.isValid():  # a view asks for much that no cell has
            return None
        return read(self._rows[index.row()], self.columns[index.column()])

    def colour(self, row: R, column: Column[R]) -> QColor | None:
        """Return the colour of a cell's text, ``None`` for the usual one."""
        token = self._recolour(row, column.token(row))
        return self.theme.colour(token) if token else None


def alignment(column: Column[Any]) -> Qt.AlignmentFlag:
    """Return where a column's texts stand: figures on the right, words on the left."""
    return _FIGURES if column.is_figure else _WORDS
