"""Rescue, waterfall, ladder, comparison and what-if, each driven by a frozen answer."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QWidget

from tests.ui.decisions import (
    sample_answer,
    sample_decision,
    sample_inputs,
    sample_scenario,
    with_copy,
)
from ui.charts.waterfall_chart import bars_of
from ui.panels.comparison import ComparisonPanel, compared
from ui.panels.ladder import LadderPanel, rungs_of
from ui.panels.positions import PositionsPanel
from ui.panels.rescue import RescuePanel
from ui.panels.scenario import ScenarioPanel
from ui.panels.waterfall import WaterfallPanel
from ui.panels.what_if import WhatIfPanel
from ui.style import ElidedLabel
from workstation.market.catalogue import Catalogue
from workstation.paths import sample_path
from workstation.portfolio.formats import registry
from workstation.portfolio.formats.form import with_position
from workstation.portfolio.what_if import copy_of, with_balance
from workstation.risk.edits import with_size
from workstation.risk.outlook import TOUCH_UNKNOWN
from workstation.risk.report import Status
from workstation.services.decision_service import WhatIf, what_if

PANELS = (RescuePanel, WaterfallPanel, LadderPanel, ComparisonPanel, WhatIfPanel, ScenarioPanel)


@pytest.fixture
def book(desk):
    desk.portfolio = registry.read(sample_path(), Catalogue.embedded())
    desk.scenario = sample_scenario()
    return desk.portfolio


@pytest.fixture
def make(qtbot, context):
    def build(kind):
        panel = kind(context)
        qtbot.addWidget(panel)
        panel.show()
        return panel

    return build


def cells(model):
    return [
        [model.index(row, column).data() for column in range(model.columnCount())]
        for row in range(model.rowCount())
    ]


def words(panel):
    return [w.text() for w in panel.findChildren(QLabel) if w.isVisibleTo(panel)]


# --- rescue ---------------------------------------------------------------------------------------


def test_the_rescue_lists_pools_in_order_with_price_pace_amount_source_arrival_and_cost(make, book):
    panel = make(RescuePanel)
    panel.show_decision(sample_decision())
    first, second, *_ = cells(panel.model)
    assert first[0] == "1  binance-main · BTC long iso"
    assert first[1] == "67,123"
    assert first[2] == "67,123 −5.5 %"
    assert first[3] == "2 h"
    assert first[4] == "−9,949"
    assert first[5].startswith("cut ")
    assert second[0] == ""  # the pool's second step
    assert second[6:] == ["bybit-cross · Bybit", "≈ 20 min", "10,001", "2.00"]
    pays = "pays $75.92 · moves $18,998 · cuts $73,921"
    assert panel._head.text() == f"Cheapest way out at BTC 60,000: {pays}"
    assert panel._warnings.text() == (
        "Leaves less than doing nothing: $94,351, not $109,261 · Cuts alone pay $199 more and "
        "leave $35,863 more · Takes 10,001 USDT from bybit-cross, whose liquidation moves from BTC "
        "59,167 up to 59,971, just beyond the scenario"
    )
    assert "cut 0 % and add 17,084" in panel._between.text()
    assert panel._between.text().endswith("cut 100 % and add 0")


def test_one_click_makes_a_copy_with_everything_done_and_orders_nothing(make, book, desk):
    panel = make(RescuePanel)
    panel.show_decision(sample_decision())
    panel._apply.click()
    ((request, copy),) = desk.requests
    assert request == "set_copy"
    assert copy.accounts == sample_decision().rescue.rescued.accounts
    assert copy.path is None


def test_a_calm_scenario_leaves_the_rescue_empty(make, book):
    panel = make(RescuePanel)
    panel.show_decision(sample_decision(70_500.0))
    assert panel._head.text() == "Nothing is liquidated on the way to BTC 70,500."
    assert not panel._table.isVisible()
    assert not panel._apply.isVisible()


def test_an_assumed_time_or_cost_says_so_in_its_tooltip(make, book):
    panel = make(RescuePanel)
    panel.show_decision(sample_decision())
    tip = panel.model.index(1, 7).data(Qt.ItemDataRole.ToolTipRole)
    assert "Assumed: minutes and fees of the settings, page Transfers" in tip


def test_a_transfer_that_waits_for_a_cut_says_so_in_its_tooltip(make, book):
    panel = make(RescuePanel)
    panel.show_decision(sample_decision(59_500.0))
    tips = [panel.model.index(row, 7).data(Qt.ItemDataRole.ToolTipRole) for row in range(4)]
    assert [("waits for step 1," in tip) for tip in tips] == [False] * 3 + [True]


# --- waterfall and ladder -------------------------------------------------------------------------


def test_the_waterfall_lists_the_events_in_path_order(make, book):
    panel = make(WaterfallPanel)
    panel.show_report(sample_scenario())
    rows = cells(panel.model)
    assert [row[1] for row in rows] == ["stopped out", "liquidated", "liquidated", "liquidated"]
    assert rows[1][0] == "2  binance-main · BTC long"
    assert rows[-1][-1] == "138,197"
    bars = bars_of(sample_scenario())
    assert [bar.label for bar in bars] == ["now", "1", "2", "3", "4", "rest", "then"]
    # each bar begins where the one before it ended
    assert [bar.start_usd for bar in bars[1:-1]] == [bar.end_usd for bar in bars[:-2]]
    panel.grab()


def test_a_way_without_events_says_so(make, book):
    panel = make(WaterfallPanel)
    panel.show_report(sample_scenario(70_500.0))
    assert "Nothing happens on the way to the scenario." in words(panel)


def test_the_ladder_begins_where_the_price_is(qtbot, make, book):
    panel = make(LadderPanel)
    panel.resize(800, 160)
    panel.show_overview(SimpleNamespace(mark_price=71_000.0))
    panel.show_report(sample_scenario())
    near = min(range(panel.model.rowCount()), key=lambda at: abs(panel.model.row(at).move))
    table, index = panel._table, panel.model.index(near, 0)
    qtbot.waitUntil(lambda: table.viewport().rect().intersects(table.visualRect(index)))


def test_the_ladder_has_round_prices_and_marks_the_scenario(make, book):
    panel = make(LadderPanel)
    panel.show_report(sample_scenario())
    rungs = rungs_of(sample_scenario().ladder, 71_000.0, 60_000.0)
    assert 15 <= len(rungs) <= 35
    assert all(rung.price % 500 == 0 for rung in rungs)
    (marked,) = [rung for rung in rungs if rung.is_scenario]
    assert marked.price == 60_000
    assert marked.equity_usd == pytest.approx(109_261, abs=1)
    assert marked.move == pytest.approx(60 / 71 - 1)
    assert panel.model.rowCount() == len(rungs)


# --- comparison -----------------------------------------------------------------------------------


def test_two_scenarios_stand_side_by_side(make, book, desk):
    panel = make(ComparisonPanel)
    panel._keep.click()
    desk.scenario = sample_scenario(66_000.0)
    panel.show_report(desk.scenario)
    assert "Kept: BTC 60,000 · now: BTC 66,000" in words(panel)
    rows = {row.name: row for row in compared(sample_scenario(), sample_scenario(66_000.0))}
    assert (rows["Liquidated"].kept, rows["Liquidated"].now) == (3, 1)
    long = rows["binance-main · BTC long"]
    assert (long.state_kept, long.state_now) == ("liquidated", "liquidated")
    assert panel.model.rowCount() == len(rows)


def test_what_an_order_closed_is_closed_in_the_comparison_and_its_rows_add_up(make, book, desk):
    report = sample_scenario()
    rows = {row.name: row for row in compared(report, report)}
    assert rows["hyperliquid-eth · ETH long"].state_now == "closed"
    assert "reduced" not in {row.state_now for row in rows.values()}
    assert any(name.endswith("balance") for name in rows)
    each = [row.now for name, row in rows.items() if " · " in name]
    assert sum(each) == pytest.approx(rows["P&L of the move"].now)


def test_a_scenario_that_cannot_be_kept_says_why(make, desk):
    assert "open one (Ctrl+O)" in make(ComparisonPanel)._keep.toolTip()
    desk.portfolio = registry.read(sample_path(), Catalogue.embedded())
    panel = make(ComparisonPanel)
    assert "waits for prices" in panel._keep.toolTip()
    desk.scenario = sample_scenario()
    panel.show_report(desk.scenario)
    assert panel._keep.isEnabled()
    assert panel._keep.toolTip().startswith("Hold the present scenario")


def test_another_book_forgets_what_was_kept(make, book, desk):
    panel = make(ComparisonPanel)
    panel._keep.click()
    panel.show_portfolio(None)
    assert panel.model.rowCount() == 0


# --- what-if --------------------------------------------------------------------------------------


def test_the_copy_is_made_changed_and_dropped_beside_the_book(make, book, desk):
    panel = make(WhatIfPanel)
    panel._copy.click()
    panel.show_copy(desk.copy)
    line = next(panel.model.row(i) for i in range(panel.model.rowCount()))
    assert (line.symbol, line.book, line.copy, line.changed) == ("BTC/USDT:USDT", 2.4, 2.4, False)
    panel.choose_line(line)
    panel._amount.setValue(1.5)
    panel.set_amount()
    changed = panel.model.row(0)
    assert (changed.book, changed.copy) == (2.4, 1.5)
    assert panel.model.index(0, 0).data(Qt.ItemDataRole.ForegroundRole).name() == "#4fd6e0"
    assert book.accounts[0].positions[0].quantity == 2.4
    panel.choose_line(changed)
    panel.drop()
    assert panel.model.row(0).copy is None
    panel.discard()
    panel.show_copy(None)
    assert panel.model.rowCount() == 0


def test_the_copy_says_how_a_row_is_changed_until_one_is_chosen(make, book, desk):
    panel = make(WhatIfPanel)
    hint = "Click a row: Set changes it in the copy, Drop takes it out."
    assert hint not in words(panel)
    panel._copy.click()
    panel.show_copy(desk.copy)
    assert hint in words(panel)
    panel.choose(panel._table.model().index(0, 0))
    assert hint not in words(panel)
    assert panel._editor.isVisible()
    panel.discard()
    panel.show_copy(None)
    assert hint not in words(panel)


def test_a_balance_of_the_copy_is_changed_and_the_copy_is_saved(make, book, desk):
    panel = make(WhatIfPanel)
    panel._copy.click()
    panel.show_copy(desk.copy)
    line = next(
        row for i in range(panel.model.rowCount()) if (row := panel.model.row(i)).side is None
    )
    panel.choose_line(line)
    panel._amount.setValue(9_000.0)
    panel.set_amount()
    assert desk.copy.accounts[0].balances["USDT"] == 9_000
    panel.save("copy.toml")
    assert desk.requests[-1] == ("save_copy", Path("copy.toml"))


def test_a_saved_copy_reads_back_as_it_was(book, tmp_path):
    copy = with_balance(copy_of(book), "okx-alts", "USDT", 1.0)
    copy = with_size(
        copy, "bybit-cross", "ETH/USDT:USDT", copy.accounts[2].positions[1].side, 3.0, None
    )
    registry.write(copy, tmp_path / "copy.toml")
    back = registry.read(tmp_path / "copy.toml", Catalogue.embedded())
    assert back.accounts == copy.accounts
    assert back.name == "Sample desk (what-if copy)"


def test_the_copys_scenario_stands_beside_the_books(make, book, desk):
    desk.copy = copy_of(book)
    panel = make(WhatIfPanel)
    found = WhatIf(portfolio=desk.copy, risk=None, scenario=sample_scenario(66_000.0))
    panel.show_decision(with_copy(sample_decision(), found))
    assert "1 liquidated" in panel._head.text()
    assert "the book: $109,261" in panel._head.text()


def positions_with(make, desk, book, copy):
    answer, decision = sample_answer()
    desk.risk, desk.copy = answer.before, copy
    inputs, terms = sample_inputs(book), decision.terms
    desk.decision = with_copy(decision, what_if(copy, inputs, terms))
    panel = make(PositionsPanel)
    panel.show_book()
    return panel


def test_the_positions_table_has_a_difference_column_while_there_is_a_copy(make, desk, book):
    long = book.accounts[0].positions[0]
    copy = with_size(copy_of(book), "binance-main", long.symbol, long.side, 0.0, 71_000.0)
    panel = positions_with(make, desk, book, copy)
    rows = {row.key[:3]: row for row in map(panel.model.row, range(panel.model.rowCount()))}
    dropped = rows["binance-main", long.symbol, long.side]
    assert (dropped.in_copy, dropped.difference_usd) == ("dropped", pytest.approx(9_949, abs=1))
    assert rows["bybit-cross", long.symbol, long.side].in_copy == ""
    headings = [column.heading for column in panel.model.columns]
    shown = headings.index("Copy − book $")
    assert not panel._table.isColumnHidden(shown)
    desk.copy = None
    panel.show_book()
    assert panel._table.isColumnHidden(shown)


def test_a_position_that_only_the_copy_has_is_a_row_in_its_colour(make, desk, book):
    row = {"account": "okx-alts", "symbol": "BTC/USDT:USDT", "side": "short", "quantity": "0.1",
           "entry_price": "71000", "leverage": "10", "mark_price": "71000"}  # fmt: skip
    copy = with_position(copy_of(book), row, Catalogue.embedded(), now_ms=book.as_of_ms)
    panel = positions_with(make, desk, book, copy)
    (added,) = [
        row for row in map(panel.model.row, range(panel.model.rowCount())) if row.only_in_copy
    ]
    assert added.name.startswith("BTC short")
    assert added.difference_usd == pytest.approx(1_100)
    # the sum's difference is that of the whole book
    total = panel.model.row(panel.model.rowCount() - 1)
    assert total.is_sum
    assert total.difference_usd == pytest.approx(1_100, abs=1)


# --- all of them ----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", PANELS)
def test_no_panel_speaks_the_chartists_words(make, book, desk, kind):
    panel = make(kind)
    for show, answer in (("show_report", sample_scenario()), ("show_decision", sample_decision())):
        if hasattr(panel, show):
            getattr(panel, show)(answer)
    texts = [*words(panel), *(w.toolTip() for w in panel.findChildren(QWidget))]
    if hasattr(panel, "model"):
        texts += [column.help for column in panel.model.columns]
    assert not re.search(r"\b(support|target|magnet)", " ".join(texts).lower())


def test_equity_is_that_at_the_price_that_was_walked_to_while_the_scenario_is_ahead(make, desk):
    panel = make(ScenarioPanel)
    panel.show_view(replace(desk.view, scenario_price=59_000.0))
    panel.show_report(sample_scenario())
    assert "Equity at 60,000" in words(panel)
    assert "Equity at 59,000" not in words(panel)


def test_a_way_out_says_of_which_price_it_is_once_the_scenario_has_moved_on(make, desk):
    panel = make(ScenarioPanel)
    panel.show_decision(sample_decision())
    panel.show_view(replace(desk.view, scenario_price=59_000.0))
    head = next(text for text in words(panel) if text.startswith("Cheapest way out"))
    assert head.startswith("Cheapest way out at BTC 60,000: pays")
    assert head.endswith("the scenario has moved on")
    panel.show_decision(sample_decision(59_000.0))
    assert any(text.startswith("Cheapest way out: pays") for text in words(panel))


def test_a_way_out_for_the_unfavourable_end_names_its_price_and_is_not_old(make, desk):
    panel = make(ScenarioPanel)
    panel.show_view(replace(desk.view, scenario_price=60_000.0))
    decision = sample_decision()
    endured = replace(decision.endured, moves={"BTC": 58_753.0})
    rescue = replace(decision.rescue, scenario=endured)
    panel.show_decision(replace(decision, endured=endured, rescue=rescue))
    head = next(text for text in words(panel) if text.startswith("Cheapest way out"))
    assert head.startswith("Cheapest way out at BTC 58,753: pays")
    assert "moved on" not in head


def test_the_scenario_panel_alone_says_what_to_do(make, book):
    panel = make(ScenarioPanel)
    panel.show_report(sample_scenario())
    panel.show_decision(sample_decision())
    seen = words(panel)
    assert "Cheapest way out: pays $75.92 · moves $18,998 · cuts $73,921" in seen
    assert "Leaves less than doing nothing: $94,351, not $109,261" in seen
    assert "Cuts alone pay $199 more and leave $35,863 more" in seen
    taken = "Takes 10,001 USDT from bybit-cross: its liquidation moves to BTC 59,971"
    assert f"{taken}, just beyond the scenario" in seen
    assert "Liquidated first: binance-main · BTC long at 67,123; then 2 more" in seen
    assert "binance-main · BTC long iso" in seen
    assert "cut 0.995 BTC" in seen
    assert "own wallet" in seen
    assert "≈ 20 min" in seen
    assert panel._curve.legend() == [
        (True, "liquidated"), (False, "your ETH stop fills at 1,959.02")
    ]  # fmt: skip
    assert panel._curve.legend(names=True)[1][1].endswith("1,959.02 (hyperliquid-eth)")


def test_a_missing_curve_says_what_to_do_or_what_it_waits_for(make, desk):
    assert "once a book is open (Ctrl+O)" in make(ScenarioPanel)._curve.said()
    desk.portfolio = registry.read(sample_path(), Catalogue.embedded())
    panel = make(ScenarioPanel)
    assert "waits for prices of your book" in panel._curve.said()
    panel.show_report(sample_scenario())
    assert panel._curve.said() == ""


def test_what_would_do_instead_stands_apart_from_the_steps(make, book):
    panel = make(ScenarioPanel)
    panel.show_decision(sample_decision())
    seen = words(panel)
    steps = seen.index("position or account"), seen.index("+8,996.58 USDT")
    instead = seen.index("Instead, cuts alone: pays $275.05, leaves $130,214")
    assert steps[0] < steps[1] < instead
    assert seen[instead + 1].startswith(
        "cut 2.4 BTC long of binance-main (pays $170.40); cut 1,150"
    )
    fresh = "Instead, fresh collateral alone: needs $28,191 from outside, leaves $111,007 with it, "
    fresh += "$82,816 without"
    assert seen[instead + 2] == fresh
    panel.show_decision(sample_decision(70_500.0))
    assert not [text for text in words(panel) if text.startswith(("Instead", "position or"))]


def test_a_touch_that_is_not_known_says_why_in_its_place_and_once(make, book):
    panel = make(ScenarioPanel)
    report = sample_scenario()
    panel.show_report(report)  # the models have not answered yet
    assert not [text for text in words(panel) if "likely" in text]
    panel.show_report(replace(report, problems=(*report.problems, TOUCH_UNKNOWN)))
    line = "How likely 60,000 is: not known yet (needs 30 days of hourly prices or a volatility of "
    (shown,) = [text for text in words(panel) if "30 days" in text]
    assert shown.startswith(line)


def test_a_first_price_with_the_funding_of_the_way_says_so(make, book, desk):
    panel = make(ScenarioPanel)
    desk.risk = sample_answer()[0].before
    report = sample_scenario()
    panel.show_report(report)
    assert "Liquidated first: binance-main · BTC long at 67,123; then 2 more" in words(panel)
    events = tuple(
        replace(event, price=67_131.0) if event.account == "binance-main" else event
        for event in report.events
    )
    moved = replace(report, events=events)
    panel.show_report(moved)  # no funding flows: the difference is of something else
    assert not [text for text in words(panel) if "funding" in text]
    panel.show_report(replace(moved, funded=frozenset({("binance-main", "BTC/USDT:USDT")})))
    (first,) = [text for text in words(panel) if "Liquidated first" in text]
    assert first == "Liquidated first: binance-main · BTC long at 67,131 with funding; then 2 more"


def test_what_is_lost_already_is_told_apart_from_what_is_on_the_way(make, book, desk):
    panel = make(ScenarioPanel)
    before = sample_answer()[0].before
    first, *rest = before.positions
    lost = replace(first, status=Status.PRESUMED_LIQUIDATED)
    desk.risk = replace(before, positions=(lost, *rest))
    panel.show_report(sample_scenario())
    (line,) = [text for text in words(panel) if "Liquidated first" in text]
    assert line.endswith("; then 2 more · 1 counts as lost already")
    panel.show_report(sample_scenario(70_500.0))
    nothing = "Nothing more is liquidated on the way · 1 counts as lost already"
    assert nothing in words(panel)


def test_a_repair_that_leaves_more_and_drains_nobody_warns_of_nothing(make, book):
    panel = make(ScenarioPanel)
    decision = sample_decision()
    better = replace(decision.rescue, equity_rescued_usd=120_000.0, drained=())
    panel.show_decision(replace(decision, rescue=better))
    assert not [text for text in words(panel) if "less" in text or "Takes" in text]


def test_a_calm_scenario_says_so_and_shows_no_way_out(make, book):
    panel = make(ScenarioPanel)
    panel.show_report(sample_scenario(70_500.0))
    panel.show_decision(sample_decision(70_500.0))
    seen = words(panel)
    assert "Nothing is liquidated on the way." in seen
    assert not [text for text in seen if "way out" in text]
    assert panel._curve.legend() == []


@pytest.mark.parametrize(("size", "steps"), [((620, 400), 6), ((520, 328), 3)])
def test_headline_curve_and_first_steps_are_in_sight_where_the_column_is_low(
    make, book, size, steps
):
    # as high and wide as the column's block is on screens of 1600 x 900 and 1366 x 768
    panel = make(ScenarioPanel)
    panel.show_report(sample_scenario())
    panel.show_decision(sample_decision())
    panel.resize(size[0], max(size[1], panel.minimumSizeHint().height()))
    assert panel._curve.height() >= 84
    low = panel._repair.geometry().top() + panel._repair.bottom_of(steps)
    assert low <= size[1]


def is_cut(label):
    return not label.wordWrap() and label.width() < label.sizeHint().width()


def test_a_narrow_column_cuts_no_label_but_elides_it(qtbot, make, book):
    panel = make(ScenarioPanel)
    panel.show_report(sample_scenario())
    panel.show_decision(sample_decision())
    panel.resize(270, 700)
    assert panel.minimumSizeHint().width() <= 270
    labels = [w for w in panel.findChildren(QLabel) if not isinstance(w, ElidedLabel)]
    qtbot.waitUntil(lambda: not [w for w in labels if w.isVisibleTo(panel) and is_cut(w)])
