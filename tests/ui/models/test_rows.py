"""Tables by declaration: what changes in place, how columns find their width, how rows sort."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QTableView

from ui.models import rows_view
from ui.models.rows import Column, RowsModel, plain_tip
from ui.models.rows_view import RowsView, make_table
from ui.style import palette, sheet
from ui.theme import DARK


@dataclass(frozen=True)
class Row:
    name: str
    value: float | None
    total: bool = False


COLUMNS = (
    Column[Row](
        heading="Name",
        help="Its name",
        text=lambda row: row.name,
        value=lambda row: row.name,
        is_figure=False,
    ),
    Column[Row](
        heading="V",
        help="Its value",
        text=lambda row: "–" if row.value is None else f"{row.value:,.0f}",
        value=lambda row: row.value,
    ),
)


@pytest.fixture
def model(qapp):
    return RowsModel[Row](COLUMNS, DARK, key=lambda r: r.name, is_total=lambda r: r.total)


@pytest.fixture
def table(qtbot, model):
    table = make_table(model)
    qtbot.addWidget(table)
    table.resize(400, 200)
    return table


def shown(qtbot, table):
    with qtbot.waitExposed(table):
        table.show()
    return table.horizontalHeader()


def names(table):
    proxy = table.model()
    return [proxy.index(row, 0).data() for row in range(proxy.rowCount())]


def test_it_is_a_model_by_qts_own_rules(model, qtmodeltester):
    model.replace_rows([Row("a", 1.0), Row("b", None), Row("Sum", 1.0, total=True)])
    qtmodeltester.check(model)


def test_rows_of_the_same_keys_change_in_place_and_others_reset(model, qtbot):
    model.replace_rows([Row("a", 1.0), Row("b", 2.0)])
    with qtbot.waitSignal(model.dataChanged) as changed, qtbot.assertNotEmitted(model.modelReset):
        model.replace_rows([Row("a", 1.0), Row("b", 3.0)])
    assert (changed.args[0].row(), changed.args[1].row()) == (1, 1)
    with qtbot.assertNotEmitted(model.dataChanged):
        model.replace_rows([Row("a", 1.0), Row("b", 3.0)])
    with qtbot.waitSignal(model.modelReset):
        model.replace_rows([Row("a", 1.0)])


def test_a_column_grows_with_its_texts_and_does_not_shrink(model, table, qtbot):
    model.replace_rows([Row("a", 1.0)])
    header = shown(qtbot, table)
    narrow = header.sectionSize(1)
    model.replace_rows([Row("a", 1e9)])
    wide = header.sectionSize(1)
    assert wide > narrow
    model.replace_rows([Row("a", 2.0)])
    assert header.sectionSize(1) == wide
    model.replace_rows([Row("other", 2.0)])  # another book: what was long counts no more
    assert header.sectionSize(1) == narrow


def test_the_first_column_has_the_room_that_is_left_and_elides_names_rather_than_scroll(
    model, table, qtbot
):
    model.replace_rows([Row("a", 1.0)])
    header = shown(qtbot, table)
    assert header.length() == table.viewport().width()
    table.resize(600, 200)
    qtbot.waitUntil(lambda: header.length() == table.viewport().width() > 500)
    model.replace_rows([Row("a" * 200, 1.0)])
    assert header.length() == table.viewport().width()


def test_a_hidden_table_is_fitted_when_it_is_shown(model, table, qtbot):
    texts = []
    model.columns = (
        COLUMNS[0],
        Column[Row](
            heading="V",
            help="",
            text=lambda row: texts.append(row) or "1,000,000,000",
            value=lambda row: row.value,
        ),
    )
    model.replace_rows([Row("a", 1.0)])
    model.replace_rows([Row("a", 2.0)])
    assert texts == []
    header = shown(qtbot, table)
    assert header.sectionSize(1) > 80
    assert texts


def test_sorting_keeps_the_unknown_last_and_totals_at_the_end(model, table):
    model.replace_rows([Row("a", 2.0), Row("b", None), Row("c", 1.0), Row("Sum", 9.0, total=True)])
    table.sortByColumn(1, Qt.SortOrder.AscendingOrder)
    assert names(table) == ["c", "a", "b", "Sum"]
    table.sortByColumn(1, Qt.SortOrder.DescendingOrder)
    assert names(table) == ["a", "c", "b", "Sum"]


def test_no_column_moves_when_one_is_sorted_by(model, table, qtbot):
    model.replace_rows([Row("a", 1.0)])
    header = shown(qtbot, table)
    before = [header.sectionSize(section) for section in range(header.count())]
    table.sortByColumn(1, Qt.SortOrder.AscendingOrder)
    assert header.isSortIndicatorShown()
    assert [header.sectionSize(section) for section in range(header.count())] == before
    table.sortByColumn(-1, Qt.SortOrder.AscendingOrder)
    assert not header.isSortIndicatorShown()


def test_markup_in_a_name_is_no_markup_in_a_tooltip():
    assert plain_tip("a < b").count("&lt;") == 1
    assert plain_tip("plain") == "plain"


RANKED = (
    COLUMNS[0],
    *(
        Column[Row](
            heading=f"{rank} wide heading",
            help="",
            text=lambda row: "1",
            value=lambda row: 1,
            rank=rank,
        )
        for rank in (2, 0, 1)
    ),
)


@pytest.fixture
def ranked(qtbot):
    model = RowsModel[Row](RANKED, DARK, key=lambda r: r.name)
    model.replace_rows([Row("a", 1.0)])
    table = make_table(model)
    qtbot.addWidget(table)
    table.resize(900, 200)
    shown(qtbot, table)
    return table


def headings(table):
    header = table.horizontalHeader()
    return [c.heading[0] for at, c in enumerate(RANKED) if not header.isSectionHidden(at)]


@pytest.mark.parametrize(
    ("columns", "there"), [(3.9, "N201"), (3.1, "N01"), (2.1, "N0"), (0.5, "N0")]
)
def test_columns_give_way_by_their_rank_until_the_others_fit(ranked, qtbot, columns, there):
    one = ranked.horizontalHeader().sectionSize(2)
    ranked.resize(round(columns * one), 200)
    qtbot.waitUntil(lambda: "".join(headings(ranked)) == there)


def test_columns_that_give_way_leave_no_need_to_scroll_and_come_back(ranked, qtbot):
    header = ranked.horizontalHeader()
    ranked.resize(round(2.4 * header.sectionSize(2)), 200)
    qtbot.waitUntil(lambda: header.length() == ranked.viewport().width())
    ranked.resize(900, 200)
    qtbot.waitUntil(lambda: "".join(headings(ranked)) == "N201")


def test_the_user_chooses_columns_and_gives_the_choice_back(ranked, qtbot):
    def ask(text):
        menu = ranked.chooser()
        next(action for action in menu.actions() if action.text() == text).trigger()
        menu.deleteLater()

    ranked.resize(round(2.1 * ranked.horizontalHeader().sectionSize(2)), 200)
    qtbot.waitUntil(lambda: "".join(headings(ranked)) == "N0")
    ask("2 wide heading")
    assert "".join(headings(ranked)) == "N20"  # shown, though the table must be scrolled for it
    ask("0 wide heading")
    assert ranked.chosen == {"2 wide heading"}
    ask("As many as fit")
    assert "".join(headings(ranked)) == "N0"


def test_a_column_that_is_withheld_is_neither_shown_nor_offered(ranked):
    ranked.withhold(["0 wide heading"])
    assert "".join(headings(ranked)) == "N21"
    menu = ranked.chooser()
    assert "0 wide heading" not in [action.text() for action in menu.actions()]
    menu.deleteLater()


def test_a_column_that_stretches_has_the_room_in_place_of_the_first(qtbot):
    columns = (
        COLUMNS[0],
        Column[Row](
            heading="Message",
            help="",
            text=lambda row: "a long story " * 50,
            value=lambda row: "",
            is_figure=False,
            stretches=True,
        ),
    )
    model = RowsModel[Row](columns, DARK, key=lambda r: r.name)
    model.replace_rows([Row("a", 1.0)])
    table = make_table(model)
    qtbot.addWidget(table)
    table.resize(500, 200)
    header = shown(qtbot, table)
    assert header.length() == table.viewport().width()
    assert header.sectionSize(1) > 300


class PaintedByQt(RowsView):
    def paintEvent(self, event):
        QTableView.paintEvent(self, event)


def test_a_table_looks_as_qt_itself_would_paint_it(model, table, qtbot, monkeypatch):
    model.replace_rows([Row("a" * 90, 1.0), Row("b", None), Row("Sum", 1.0, total=True)])
    monkeypatch.setattr(rows_view, "RowsView", PaintedByQt)
    by_qt = make_table(model)
    qtbot.addWidget(by_qt)
    pictures = []
    for view in (table, by_qt):
        view.resize(400, 200)
        view.setPalette(palette(DARK))
        view.setStyleSheet(sheet(DARK))
        shown(qtbot, view)
        pictures.append(view.grab().toImage())
    assert pictures[0] == pictures[1]


def test_a_selected_row_has_a_ground_of_its_own(model, table, qtbot):
    model.replace_rows([Row("a", 1.0), Row("b", 2.0)])
    shown(qtbot, table)
    table.selectRow(1)
    picture = table.viewport().grab().toImage()
    grounds = [picture.pixelColor(1, table.rowViewportPosition(at) + 2).name() for at in (0, 1)]
    assert grounds[1] == DARK.line != grounds[0]
