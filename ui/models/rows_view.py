"""A view on declared columns: they find their widths, give way by rank, and are chosen by hand."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any, Final

from PySide6.QtCore import QPoint, Qt, Slot
from PySide6.QtGui import QFont, QFontMetrics, QPainter, QPaintEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QMenu, QTableView, QWidget

from ui.models.cells import ROW_PX, CellPainter
from ui.models.rows import RowsModel

HEADING_PX: Final = 12  # as in the style sheet
_ROWS_MEASURED: Final = 40  # for the width of a column; what is longer further down is elided
_MARGINS_PX: Final = 12  # of a cell, both sides
_STRETCHED_PX: Final = 180
_FIRST_PX, _FIRST_SHARE = 210, 0.3  # what the first column may insist on before it is elided
_FIRST_LEAST_PX: Final = 140  # what it keeps beside the columns that always stay


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
        self._cells = CellPainter(model)
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
        left = room - sum(widths[at] for at in self._offered() if not self._source.columns[at].rank)
        widths[0] = min(widths[0], max(left, _FIRST_LEAST_PX))
        shown = self._shown(widths, room - widths[0])
        last = self._stretched if self._stretched in shown else 0
        widths[last] += max(0, room - widths[0] - sum(widths[at] for at in shown))
        for section, width in enumerate(widths):
            header.setSectionHidden(section, section > 0 and section not in shown)
            if not header.isSectionHidden(section) and header.sectionSize(section) != width:
                header.resizeSection(section, width)

    def _offered(self) -> list[int]:
        """Return the sections beside the first that there is something to show in."""
        columns = self._source.columns
        return [at for at in range(1, len(columns)) if columns[at].heading not in self._withheld]

    def _shown(self, widths: Sequence[int], room: int) -> set[int]:
        """Return the sections beside the first that are shown in so many pixels."""
        columns, offered = self._source.columns, self._offered()
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

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint what is in view in one go.

        Qt's own way asks the model for each role of each cell, and the interpreter, which another
        thread may have, each time: seven rows of twelve columns took four times as long.
        """
        header, asked = self.horizontalHeader(), event.rect()
        places = [
            (column, header.sectionViewportPosition(section), header.sectionSize(section))
            for section, column in enumerate(self._source.columns)
            if not header.isSectionHidden(section)
        ]
        selection, rows = self.selectionModel(), self._source.rowCount()
        painter = QPainter(self.viewport())
        at = max(0, self.rowAt(asked.top()))
        while at < rows and (top := self.rowViewportPosition(at)) <= asked.bottom():
            selected = selection.rowIntersectsSelection(at)
            self._cells.paint_row(painter, at, top, places, selected=selected)
            at += 1
        painter.end()

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
