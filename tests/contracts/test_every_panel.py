"""Every registered panel: it builds, waits with a word, shows, keeps a state, and closes."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import Any, Final

import orjson
import pytest
from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QAbstractButton, QApplication, QLabel, QStackedWidget, QTableView

from tests.ui.alerts import record
from tests.ui.charts.frozen import BINANCE, NOW, heatmap, update
from tests.ui.conftest import StubDesk
from tests.workstation.market.facts import liquidation
from tests.workstation.risk.worlds import account, book, cross, isolated, listed, world
from ui.bridge import Bridge
from ui.charts.chart import Chart
from ui.charts.header import HeaderText
from ui.models.rows_view import RowsView
from ui.panels.base import Area, Panel, PanelContext, PanelSpec
from ui.panels.registry import PANELS
from ui.theme import DARK, LIGHT
from workstation.market.consolidated import consolidate
from workstation.market.facts import VenueHealth, VenueState
from workstation.market.feed import FeedMode
from workstation.market.instrument import Side
from workstation.portfolio.model import Portfolio
from workstation.portfolio.what_if import copy_of
from workstation.risk.engine import evaluate
from workstation.risk.gauge_inputs import gauge_inputs
from workstation.risk.indicators import read_gauges
from workstation.risk.scenario import Scenario, ladder, run
from workstation.risk.transfers import TransferTerms
from workstation.services.alert_service import AlertNews
from workstation.services.decision_service import DecisionRequest, decide
from workstation.services.risk_service import curve_prices

every_panel = pytest.mark.parametrize("spec", PANELS, ids=lambda spec: spec.key)
TABBED: Final = [spec for spec in PANELS if spec.area is not Area.STRIP]
SYMBOL: Final = BINANCE.symbol
GARBAGE: Final = (None, -1, 2.5, float("nan"), "rubbish", [1, [2]], {"a": None}, True)


@dataclass(frozen=True)
class Frozen:
    """One look at a market and at a book in it: everything that a panel can be told."""

    portfolio: Portfolio
    signals: dict[str, Any]  # the bridge's signal -> what it says


@pytest.fixture(scope="module")
def frozen() -> Frozen:
    held = book(
        account(
            isolated(SYMBOL, 2.4, 64_390.0, 6_182.0, 64_000.0),
            cross("ETH/USDT:USDT", -10.0, 2_000.0, leverage=5.0),
            venue="binanceusdm",
            balances={"USDT": 10_000.0},
        )
    )
    inputs = world(
        marks={("binanceusdm", SYMBOL): 64_000.0, ("binanceusdm", "ETH/USDT:USDT"): 1_900.0},
        prices={"BTC": 64_000.0, "ETH": 1_900.0},
        instruments=[listed("binanceusdm", SYMBOL), listed("binanceusdm", "ETH/USDT:USDT")],
    )
    store = StubDesk().store
    forced = liquidation(BINANCE, Side.LONG, 3.0, 64_000.0, NOW)
    store.apply(news := update(liquidations=(forced,)))
    overview = consolidate("BTC", store)
    health = VenueHealth(venue="bybit", state=VenueState.DOWN, error="bybit does not answer")
    terms = Scenario(moves={"BTC": 60_000.0})
    still = replace(terms, funding_rate_8h=0.0)
    curve = ladder(held, inputs, "BTC", curve_prices(64_000.0, 60_000.0), still)
    copy = copy_of(held)
    asked = DecisionRequest(
        epoch=1, portfolio=held, inputs=inputs, terms=terms, transfers=TransferTerms(), copy=copy
    )
    return Frozen(
        held,
        {
            "source_changed": FeedMode.SIMULATED,
            "view_changed": StubDesk().view,
            "portfolio_changed": held,
            "market_changed": news,
            "health_changed": (health,),
            "overview_changed": overview,
            "gauges_changed": read_gauges(gauge_inputs(overview, store)),
            "heatmap_changed": heatmap(),
            "risk_changed": evaluate(held, inputs),
            "alerts_changed": AlertNews(fired=(record(1),)),
            "scenario_changed": replace(run(held, inputs, terms), ladder=curve),
            "copy_changed": copy,
            "decision_changed": decide(asked),
            "noticed": "A notice.",
        },
    )


class Bench:
    """A desk, its bridge, and one panel after another on them."""

    def __init__(self, spec: PanelSpec) -> None:
        self.spec = spec
        self.desk = StubDesk()
        self.bridge = Bridge(self.desk)
        self.context = PanelContext(bridge=self.bridge, theme=DARK)

    def build(self, **changes: Any) -> Panel:
        return self.spec.factory(replace(self.context, **changes))

    def tell(self, frozen: Frozen) -> None:
        """Say everything, as a drained bridge would: the desk knows it before the panels."""
        told = frozen.signals
        self.desk.store.apply(told["market_changed"])
        self.desk.portfolio = frozen.portfolio
        for name in ("overview", "gauges", "heatmap", "risk", "scenario", "copy", "decision"):
            setattr(self.desk, name, told[f"{name}_changed"])
        records = told["alerts_changed"].fired
        self.desk.alerts.records = lambda: records
        for name, said in told.items():
            getattr(self.bridge, name).emit(said)
        QApplication.processEvents()


@pytest.fixture
def bench(qapp, spec: PanelSpec) -> Bench:
    return Bench(spec)


@pytest.fixture
def panel(qtbot, bench: Bench) -> Panel:
    panel = bench.build()
    qtbot.addWidget(panel)
    panel.resize(1_200, 400)
    with qtbot.waitExposed(panel):
        panel.show()
    return panel


def words(panel: Panel) -> list[str]:
    """Return every text that stands in a panel, drawn ones included."""
    texts = [item.text() for item in panel.findChildren(QLabel) if item.isVisibleTo(panel)]
    texts += [item.text() for item in panel.findChildren(QAbstractButton)]
    texts += [item.text() for item in panel.findChildren(HeaderText)]
    texts += [chart._message.text for chart in panel.findChildren(Chart)]
    return [text for text in texts if text]


def test_keys_and_titles_are_unique():
    for name in ("key", "title", "help"):
        assert len({getattr(spec, name) for spec in PANELS}) == len(PANELS)


@every_panel
def test_a_panel_says_in_the_menu_what_it_shows(spec: PanelSpec):
    assert len(spec.help.split()) >= 4
    assert spec.stretch > 0


@every_panel
def test_a_panel_without_data_says_what_it_waits_for_or_what_to_do(panel: Panel):
    assert any(len(text.split()) >= 4 for text in words(panel))
    assert not {"nan", "None"} & set(" ".join(words(panel)).split())


OF_THE_BOOK: Final = {
    "accounts", "rescue", "waterfall", "ladder", "reverse_stress", "what_if", "exposure",
    "funding_drift", "alerts", "next_liquidation", "scenario", "positions",
}  # fmt: skip


@every_panel
def test_a_panel_of_the_book_says_how_to_open_one(panel: Panel, spec: PanelSpec):
    said = any("pen a portfolio file (Ctrl+O)" in text for text in words(panel))
    assert said == (spec.key in OF_THE_BOOK)


@every_panel
def test_a_panel_shows_what_it_is_told(qtbot, panel: Panel, bench: Bench, frozen: Frozen):
    before = panel.grab().toImage()
    bench.tell(frozen)
    bench.context.log_book.emit(logging.makeLogRecord({"msg": "A line.", "levelno": 30}))
    qtbot.waitUntil(lambda: panel.grab().toImage() != before)
    assert not {"nan", "None"} & set(" ".join(words(panel)).split())


def rows(panel: Panel) -> list[int]:
    return [table.model().rowCount() for table in panel.findChildren(QTableView)]


@every_panel
def test_tables_sort_by_every_column_both_ways_and_keep_what_is_selected(
    panel: Panel, bench: Bench, frozen: Frozen
):
    bench.tell(frozen)
    for table in panel.findChildren(RowsView):
        model = table.model()
        given = list(model.rows)
        for order in (Qt.SortOrder.AscendingOrder, Qt.SortOrder.DescendingOrder):
            for section, column in enumerate(model.columns):
                table.selectRow(0)
                selected = model.rows[0] if model.rows else None
                table.sortByColumn(section, order)
                rows = [row for row in model.rows if not model.is_total(row)]
                values = [value for row in rows if (value := column.value(row)) is not None]
                falls = order is Qt.SortOrder.DescendingOrder
                assert values == sorted(values, reverse=falls), column.heading
                assert all(column.value(row) is None for row in rows[len(values) :])
                marked = [model.rows[at.row()] for at in table.selectionModel().selectedRows()]
                assert marked == ([selected] if selected is not None else [])
        table.sortByColumn(-1, Qt.SortOrder.AscendingOrder)
        assert list(model.rows) == given


@pytest.mark.parametrize("spec", TABBED, ids=lambda spec: spec.key)
def test_a_panel_behind_a_tab_catches_up_when_it_is_shown(
    qtbot, panel: Panel, bench: Bench, frozen: Frozen
):
    tabs, hidden = QStackedWidget(), bench.build()
    qtbot.addWidget(tabs)
    for widget in (QLabel("in front"), hidden):
        tabs.addWidget(widget)
    tabs.resize(1_200, 400)
    with qtbot.waitExposed(tabs):
        tabs.show()
    bench.tell(frozen)
    tabs.setCurrentWidget(hidden)
    assert words(hidden) == words(panel)
    assert rows(hidden) == rows(panel)


@every_panel
def test_a_panel_is_built_on_what_is_already_known(qtbot, bench: Bench, frozen: Frozen):
    bench.tell(frozen)
    for theme in (DARK, LIGHT):
        late = bench.build(theme=theme)
        qtbot.addWidget(late)
        late.resize(600, 200)
        late.show()
        bench.bridge.repeat()
        assert not late.grab().isNull()


@every_panel
def test_a_panel_forgets_the_book_and_the_market_that_are_gone(
    panel: Panel, bench: Bench, frozen: Frozen
):
    bench.tell(frozen)
    fresh = StubDesk()
    vars(bench.desk).update(vars(fresh))
    bench.bridge.source_changed.emit(FeedMode.LIVE)
    bench.bridge.portfolio_changed.emit(None)
    bench.bridge.view_changed.emit(replace(fresh.view, coin="ETH"))
    QApplication.processEvents()
    assert not any("BTC long" in text or "BTC at" in text for text in words(panel))


@every_panel
def test_a_state_is_json_and_comes_back(qtbot, panel: Panel, bench: Bench, frozen: Frozen):
    bench.tell(frozen)
    state = panel.state()
    kept = orjson.loads(orjson.dumps(state))
    assert kept == state
    other = bench.build()
    qtbot.addWidget(other)
    other.restore(kept)
    assert other.state() == state


@every_panel
def test_an_unreadable_field_costs_that_field(panel: Panel, bench: Bench, frozen: Frozen):
    bench.tell(frozen)
    good = panel.state()
    for field in good:
        for rubbish in GARBAGE:
            panel.restore(good | {field: rubbish, "unheard of": rubbish})
            assert set(panel.state()) == set(good)
            orjson.dumps(panel.state())
            panel.restore(good)
            assert panel.state() == good


@every_panel
def test_a_closed_panel_leaves_no_timer_and_no_connection(qtbot, bench: Bench, frozen: Frozen):
    panel = bench.build()
    panel.show()
    bench.tell(frozen)
    panel.hide()
    assert not [timer for timer in panel.findChildren(QTimer) if timer.isActive()]
    with qtbot.waitSignal(panel.destroyed):
        panel.deleteLater()
    bench.tell(frozen)  # a slot of a deleted panel would raise
