"""Tables by declaration: a row is a frozen value, a column says what of it is shown."""

from __future__ import annotations

import html
from collections.abc import Callable, Collection, Hashable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    Qt,
    Slot,
)
from PySide6.QtGui import QColor, QFont, QFontMetrics, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QMenu, QTableView, QWidget

from ui.theme import Theme, figure_font

SORT_ROLE: Final = Qt.ItemDataRole.UserRole
FIGURE_PX: Final = 12
HEADING_PX: Final = 12  # as in the style sheet
ROW_PX: Final = 25
_FIGURES: Final = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_WORDS: Final = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_ROWS_MEASURED: Final = 40  # for the width of a column; what is longer further down is elided
_MARGINS_PX: Final = 12  # of a cell, both sides
_STRETCHED_PX: Final = 180
_FIRST_PX, _FIRST_SHARE = 210, 0.3  # what the first column may insist on before it is elided
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
        self._theme = theme
        self._key = key
        self.is_total = is_total
        self._given: tuple[R, ...] = ()
        self._rows: tuple[R, ...] = ()  # as they are shown
        self._sorting = -1, False  # the column, and whether it descends
        self._figures = figure_font(FIGURE_PX)
        self.bold = QFont(self._figures)
        self.bold.setBold(True)
        roles = Qt.ItemDataRole
        self._read: dict[int, Callable[[R, Column[R]], Any]] = {
            roles.DisplayRole: lambda row, column: column.text(row),
            SORT_ROLE: lambda row, column: column.value(row),
            roles.ToolTipRole: lambda row, column: plain_tip(
                column.tip(row) if column.tip else column.help
            ),
            roles.ForegroundRole: self._colour,
            roles.TextAlignmentRole: lambda _, column: _alignment(column.is_figure),
            roles.FontRole: self._font,
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
            return _alignment(column.is_figure)
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        read = self._read.get(role)
        if read is None or not index.isValid():  # a view asks for much that no cell has
            return None
        return read(self._rows[index.row()], self.columns[index.column()])

    def _colour(self, row: R, column: Column[R]) -> QColor | None:
        token = self._recolour(row, column.token(row))
        return self._theme.colour(token) if token else None

    def _font(self, row: R, _: Column[R]) -> QFont:
        return self.bold if self.is_total(row) else self._figures


class RowsView(QTableView):
    """Columns as wide as their texts have needed so far; the first takes the room that is left.

    They grow and do not shrink while the rows stay the same, so that nothing jumps, and texts are
    measured only when one is longer than any before: Qt's own fitting measures every cell again at
    every change (150 ms for three tables of twenty rows). A hidden table measures when it is shown.

    Where not all fit, columns give way by their rank, unless the user has chosen some by the menu
    of the header: those are shown, and the table scrolls.
    """

    def __init__(self, model: RowsModel[Any], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.chosen: frozenset[str] | None = None  # headings; ``None``: as many as fit
        self._source = model
        self._metrics = QFontMetrics(model.bold)
        font = QFont(self.font())
        font.setPixelSize(HEADING_PX)
        self._headings = QFontMetrics(font)
        self._withheld: frozenset[str] = frozenset()
        self._longest: list[int] = []  # characters of each column's longest text so far
        self._needed: list[int] = []  # px
        stretched = (at for at, column in enumerate(model.columns) if column.stretches)
        self._stretched = next(stretched, 0)
        self._unfitted = True
        self.setModel(model)
        header = self.horizontalHeader()
        header.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        header.customContextMenuRequested.connect(self.open_chooser)
        model.modelReset.connect(self.fit_anew)
        model.dataChanged.connect(self.fit)

    # --- widths -------------------------------------------------------------------------------

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
        columns = self._source.columns
        if self._unfitted:
            self._unfitted = False
            self._longest = [0] * len(columns)
            self._needed = [self._heading_px(section) for section in range(len(columns))]
        for section, column in enumerate(columns):
            texts = (column.text(row) for row in self._source.rows[:_ROWS_MEASURED])
            longest = max(texts, key=len, default="")
            if len(longest) > self._longest[section]:
                self._longest[section] = len(longest)
                px = self._metrics.horizontalAdvance(longest) + _MARGINS_PX
                self._needed[section] = max(self._needed[section], px)
        self._lay_out()

    def _heading_px(self, section: int) -> int:
        """Return what a heading needs; Qt's hint has room for an arrow that is seldom there."""
        heading = self._source.columns[section].heading
        px = self._headings.horizontalAdvance(heading) + _MARGINS_PX
        return max(px, self.horizontalHeader().minimumSectionSize())

    def _lay_out(self) -> None:
        """Show what there is room for, and give the first column what is left."""
        if len(self._needed) != len(self._source.columns):
            return
        header, room, widths = self.horizontalHeader(), self.viewport().width(), [*self._needed]
        widths[0] = min(widths[0], max(_FIRST_PX, round(room * _FIRST_SHARE)))
        if self._stretched:
            widths[self._stretched] = min(widths[self._stretched], _STRETCHED_PX)
        shown = self._shown(widths, room - widths[0])
        last = self._stretched if self._stretched in shown else 0
        widths[last] += max(0, room - widths[0] - sum(widths[at] for at in shown))
        for section, width in enumerate(widths):
            header.setSectionHidden(section, section > 0 and section not in shown)
            if not header.isSectionHidden(section) and header.sectionSize(section) != width:
                header.resizeSection(section, width)

    def _shown(self, widths: Sequence[int], room: int) -> set[int]:
        """Return the sections beside the first that are shown in so many pixels."""
        columns = self._source.columns
        offered = [at for at in range(1, len(columns)) if columns[at].heading not in self._withheld]
        if self.chosen is not None:
            return {at for at in offered if columns[at].heading in self.chosen}
        shown = set()
        for at in sorted(offered, key=lambda at: columns[at].rank):
            if widths[at] <= room or not columns[at].rank:
                shown.add(at)
                room -= widths[at]
        return shown

    @Slot(int, Qt.SortOrder)
    def show_sorting(self, section: int, _: Qt.SortOrder) -> None:
        """Show the arrow only while there is something to point at; it stands above the words."""
        self.horizontalHeader().setSortIndicatorShown(section >= 0)

    @property
    def sorting(self) -> tuple[str, bool] | None:
        """The heading of the column that sorts, and whether it descends; ``None``: none does."""
        header = self.horizontalHeader()
        section = header.sortIndicatorSection()
        if not 0 <= section < len(self._source.columns):
            return None
        descends = header.sortIndicatorOrder() is Qt.SortOrder.DescendingOrder
        return self._source.columns[section].heading, descends

    def sort_by(self, heading: str, *, descends: bool = False) -> None:
        """Sort by a column; one that is not there leaves the rows in the order they come in."""
        headings = [column.heading for column in self._source.columns]
        section = headings.index(heading) if heading in headings else -1
        orders = Qt.SortOrder.AscendingOrder, Qt.SortOrder.DescendingOrder
        self.sortByColumn(section, orders[descends])

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._unfitted:
            self.fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._lay_out()

    # --- which columns ------------------------------------------------------------------------

    def withhold(self, headings: Collection[str]) -> None:
        """Keep columns away for which there is nothing to show."""
        if self._withheld != frozenset(headings):
            self._withheld = frozenset(headings)
            self._lay_out()

    def choose(self, headings: Collection[str] | None) -> None:
        """Show these columns and the first; ``None`` shows as many as fit."""
        self.chosen = None if headings is None else frozenset(headings)
        self._lay_out()

    def chooser(self) -> QMenu:
        """Return a menu with a line a column, and one that leaves the choice to the width."""
        menu, header = QMenu(self), self.horizontalHeader()
        shown = {
            column.heading
            for at, column in enumerate(self._source.columns)
            if at and not header.isSectionHidden(at)
        }
        for column in self._source.columns[1:]:
            if column.heading in self._withheld:
                continue
            action = menu.addAction(column.heading.replace("&", "&&"))
            action.setToolTip(column.help)
            action.setCheckable(True)
            action.setChecked(column.heading in shown)
            action.triggered.connect(self._chooses(shown ^ {column.heading}))
        menu.addSeparator()
        fitting = menu.addAction("As many as fit")
        fitting.setCheckable(True)
        fitting.setChecked(self.chosen is None)
        fitting.triggered.connect(self._chooses(None))
        menu.setToolTipsVisible(True)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        return menu

    def _chooses(self, headings: Collection[str] | None) -> Callable[[], None]:
        return lambda: self.choose(headings)

    @Slot(QPoint)
    def open_chooser(self, at: QPoint) -> None:
        """Ask which columns to show."""
        self.chooser().popup(self.horizontalHeader().mapToGlobal(at))


def make_table(model: RowsModel[Any], parent: QWidget | None = None) -> RowsView:
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
    return _FIGURES if is_figure else _WORDS
