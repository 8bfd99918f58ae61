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
    QSortFilterProxyModel,
    Qt,
    Slot,
)
from PySide6.QtGui import QFont, QFontMetrics, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

from ui.theme import Theme, figure_font

SORT_ROLE: Final = Qt.ItemDataRole.UserRole
FIGURE_PX: Final = 12
ROW_PX: Final = 25
_ROWS_MEASURED: Final = 40  # for the width of a column; what is longer further down is elided
_MARGINS_PX: Final = 12  # of a cell, both sides
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
    empty for the usual one; ``tip`` explains the cell: what it is, from where, how old.
    """

    heading: str
    help: str
    text: Callable[[R], str]
    value: Callable[[R], Any]
    token: Callable[[R], str] = _no_token
    tip: Callable[[R], str] | None = None
    is_figure: bool = True


def plain_tip(text: str) -> str:
    """Return a tooltip that shows text as it is: names out of a file may look like markup."""
    if "<" not in text:
        return text
    return f"<p style='white-space:pre-wrap'>{html.escape(text, quote=False)}</p>"


class RowsModel(QAbstractTableModel, Generic[R]):
    """Rows under declared columns; rows with the same keys change in place, others reset it.

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
        self._theme = theme
        self._key = key
        self.is_total = is_total
        self._rows: tuple[R, ...] = ()
        self._figures = figure_font(FIGURE_PX)
        self.bold = QFont(self._figures)
        self.bold.setBold(True)

    def replace_rows(self, rows: Sequence[R]) -> None:
        """Show these rows."""
        new = tuple(rows)
        if [self._key(row) for row in new] != [self._key(row) for row in self._rows]:
            self.beginResetModel()
            self._rows = new
            self.endResetModel()
            return
        changed = [
            i for i, (old, row) in enumerate(zip(self._rows, new, strict=True)) if old != row
        ]
        self._rows = new
        if changed:
            last = len(self.columns) - 1
            self.dataChanged.emit(self.index(changed[0], 0), self.index(changed[-1], last))

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
            return column.help
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _alignment(column.is_figure)
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        row, column = self._rows[index.row()], self.columns[index.column()]
        if role == Qt.ItemDataRole.DisplayRole:
            return column.text(row)
        if role == SORT_ROLE:
            return column.value(row)
        if role == Qt.ItemDataRole.ToolTipRole:
            return plain_tip(column.tip(row) if column.tip else column.help)
        if role == Qt.ItemDataRole.ForegroundRole:
            token = self._recolour(row, column.token(row))
            return self._theme.colour(token) if token else None
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _alignment(column.is_figure)
        if role == Qt.ItemDataRole.FontRole:
            return self.bold if self.is_total(row) else self._figures
        return None


class RowsProxy(QSortFilterProxyModel):
    """Sorts by raw values: what is not known last, totals at the end, either way round."""

    def lessThan(self, left: Index, right: Index) -> bool:
        model = self.sourceModel()
        assert isinstance(model, RowsModel)
        ascending = self.sortOrder() is Qt.SortOrder.AscendingOrder
        totals = (model.is_total(model.row(left.row())), model.is_total(model.row(right.row())))
        if totals[0] != totals[1]:
            return totals[1] if ascending else totals[0]
        a, b = left.data(SORT_ROLE), right.data(SORT_ROLE)
        if a is None or b is None:
            return (b is None and a is not None) == ascending
        return bool(a < b)


class RowsView(QTableView):
    """Columns as wide as their texts have needed so far; the first takes the room that is left.

    They grow and do not shrink while the rows stay the same, so that nothing jumps, and texts are
    measured only when one is longer than any before: Qt's own fitting measures every cell again at
    every change (150 ms for three tables of twenty rows). A hidden table measures when it is shown.
    """

    def __init__(self, model: RowsModel[Any], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._source = model
        self._metrics = QFontMetrics(model.bold)
        self._longest: list[int] = []  # characters of each column's longest text so far
        self._least_px = 0  # of the first column
        self._unfitted = True
        proxy = RowsProxy(self)
        proxy.setSourceModel(model)
        proxy.setSortRole(SORT_ROLE)
        proxy.setDynamicSortFilter(True)
        self.setModel(proxy)
        model.modelReset.connect(self.fit_anew)
        model.dataChanged.connect(self.fit)

    @Slot()
    def fit_anew(self) -> None:
        """Fit to other rows: what was long before counts no more."""
        self._unfitted = True
        self.fit()

    @Slot()
    def fit(self, *_: object) -> None:
        """Widen the columns whose texts have become longer."""
        if not self.isVisible():
            self._unfitted = True
            return
        header, columns = self.horizontalHeader(), self._source.columns
        if self._unfitted:
            self._unfitted = False
            self._longest = [0] * len(columns)
            for section in range(len(columns)):
                header.resizeSection(section, header.sectionSizeHint(section))
            self._least_px = header.sectionSizeHint(0)
        for section, column in enumerate(columns):
            texts = (column.text(row) for row in self._source.rows[:_ROWS_MEASURED])
            longest = max(texts, key=len, default="")
            if len(longest) > self._longest[section]:
                self._longest[section] = len(longest)
                self._widen(section, self._metrics.horizontalAdvance(longest) + _MARGINS_PX)
        self._fill()

    def _widen(self, section: int, px: int) -> None:
        header = self.horizontalHeader()
        if section == 0:
            self._least_px = max(self._least_px, px)
        elif px > header.sectionSize(section) and not header.isSectionHidden(section):
            header.resizeSection(section, px)

    def _fill(self) -> None:
        header = self.horizontalHeader()
        others = sum(map(header.sectionSize, range(1, header.count())))
        header.resizeSection(0, max(self._least_px, self.viewport().width() - others))

    @Slot(int, Qt.SortOrder)
    def show_sorting(self, section: int, _: Qt.SortOrder) -> None:
        """Keep room for the arrow only while there is one."""
        header = self.horizontalHeader()
        header.setSortIndicatorShown(section >= 0)
        if section >= 0:
            self._widen(section, header.sectionSizeHint(section))
        self._fill()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._unfitted:
            self.fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fill()


def make_table(model: RowsModel[Any], parent: QWidget | None = None) -> QTableView:
    """Return a view on a model: sortable, its first column takes the room that is left."""
    table = RowsView(model, parent)
    table.setShowGrid(False)
    table.setWordWrap(False)
    table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    table.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
    table.verticalHeader().hide()
    table.verticalHeader().setDefaultSectionSize(ROW_PX)
    header = table.horizontalHeader()
    header.setHighlightSections(False)
    header.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
    header.setSortIndicatorClearable(True)
    header.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
    table.setSortingEnabled(True)
    header.setSortIndicatorShown(False)
    header.sortIndicatorChanged.connect(table.show_sorting)
    return table


def _alignment(is_figure: bool) -> Qt.AlignmentFlag:
    side = Qt.AlignmentFlag.AlignRight if is_figure else Qt.AlignmentFlag.AlignLeft
    return side | Qt.AlignmentFlag.AlignVCenter
