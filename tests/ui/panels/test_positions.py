"""The table of positions: each column explains its figure."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel

from tests.workstation.risk.worlds import (
    BTC,
    account,
    book,
    funding,
    isolated,
    listed,
    report_of,
    table,
    world,
)
from ui.models.rows import RowsModel, plain_tip
from ui.models.rows_view import make_table
from ui.panels.position_columns import COLUMNS, COPY_HEADING, DIFFERENCE_HEADING
from ui.panels.position_rows import rows_of
from ui.panels.positions import PositionsPanel
from ui.theme import DARK
from workstation.portfolio.model import VenueFigures
from workstation.risk.report import Status
from workstation.risk.scenario import Scenario, run

TIERS = {("bybit", BTC): table((0, 50_000, 0.004, 0), (50_000, None, 0.005, 50))}
OWNER = account(
    isolated(BTC, 1.0, 60_000.0, 6_000.0, maintenance_rate=None, leverage=10.0), venue="bybit"
)
INPUTS = world(
    tiers=TIERS, instruments=[listed("bybit", BTC, tick=0.1)], funding=funding("bybit", BTC, 8e-4),
    prices={"BTC": 60_000.0},
)  # fmt: skip
RISK = report_of(OWNER, inputs=INPUTS)
SCENARIO = run(book(OWNER), INPUTS, Scenario(moves={"BTC": 58_000.0}, funding_rate_8h=0.0))


@pytest.fixture
def panel(qtbot, context):
    panel = PositionsPanel(context)
    qtbot.addWidget(panel)
    panel.bridge.desk.risk, panel.bridge.desk.scenario = RISK, SCENARIO
    panel.show_book()
    return panel


def test_a_leverage_that_is_not_known_is_no_multiple(panel):
    def heading():
        return next(label.text() for label in panel.findChildren(QLabel) if label.text())

    assert heading().endswith("× · net 10.0×")
    unknown = replace(RISK.totals, gross_leverage=None, net_leverage=None)
    panel.bridge.desk.risk = replace(RISK, totals=unknown)
    panel.show_book()
    assert heading().endswith("gross not known · net not known")


@pytest.mark.parametrize("column", range(len(COLUMNS)), ids=[c.heading for c in COLUMNS])
def test_every_figures_tooltip_gives_the_tiers_row_its_table_and_the_rules(panel, column):
    tip = panel.model.index(0, column).data(Qt.ItemDataRole.ToolTipRole)
    assert "Tier 2 of 2 now: 0.5000% of the value less 50 (test: a test)." in tip
    assert "Rules: Bybit help centre" in tip
    assert "=" in tip  # a formula


def tip_of(heading, row=0, risk=RISK, scenario=SCENARIO):
    (column,) = (column for column in COLUMNS if column.heading == heading)
    return column.tip(rows_of(risk, scenario)[row])


def test_the_price_says_whether_a_stop_stands_before_it_and_what_funding_does():
    # 0.08 % in 8 h of 60,000 is 144 a day: 144 / 0.995 of price; 6,000 - 250 last 39.9 days
    lines = tip_of("Liq. price").splitlines()
    assert "No stop" in lines
    assert f"Funding at the running rate moves it by +{144 / 0.995:,.2f} a day" in lines
    assert lines[-1] == "and to the mark, if that stands still, in 39.9 days"
    assert np.isclose(5_750 / 144, 39.93, atol=0.01)


def test_the_profit_at_the_scenario_names_both_prices():
    lines = tip_of("P&L then").splitlines()
    assert lines[1] == "Mark 60,000 to 58,000."
    assert lines[2] == "It is open then."


def test_the_sum_says_what_it_adds_up():
    assert tip_of("P&L then", row=-1).startswith("The sum of the column")
    assert tip_of("Liq. price", row=-1) == "Sum"


def test_a_name_out_of_a_file_is_never_markup():
    assert plain_tip("a < b") == "<p style='white-space:pre-wrap'>a &lt; b</p>"
    assert plain_tip("1 = 1") == "1 = 1"


# --- what the venue says itself -------------------------------------------------------------------

TOLD = VenueFigures(
    mark_price=60_010.0,
    margin_balance=6_000.0,
    maintenance_margin=250.5,
    margin_ratio=0.0417,
    liquidation_price=54_271.4,
    apart="a 12 there and a 13 here.",
)


def told(**changes):
    """The same report, of an account that was read."""
    row = replace(RISK.positions[0], told=TOLD, adl_rank=4, **changes)
    return replace(RISK, positions=(row,))


def cell(heading, risk):
    (column,) = (column for column in COLUMNS if column.heading == heading)
    (row, *_) = rows_of(risk, None)
    return column.text(row), column.token(row)


def test_the_venues_own_figures_stand_in_the_tooltip():
    tip = tip_of("Liq. price", risk=told())
    assert (
        "Bybit says: liquidation 54,271, margin balance 6,000.00 USDT, maintenance margin 250.50 "
        "USDT, ratio 4.2 %, at its mark 60,010"
    ) in tip
    assert tip.endswith("a 12 there and a 13 here.")
    assert "auto-deleveraging: 4" in tip_of("Position", risk=told())


def test_a_price_that_the_venue_puts_elsewhere_is_marked():
    text, token = cell("Liq. price", told())
    assert text.endswith("\N{NOT EQUAL TO}")
    assert token == "warn"
    assert cell("Liq. price", RISK)[1] == ""


def test_a_position_without_a_rule_shows_the_venues_ratio():
    unknown = told(margin_ratio=None, status=Status.UNKNOWN)
    assert cell("Ratio", unknown) == ("4 % (venue)", "")


@pytest.mark.parametrize(
    ("stop", "text", "token", "words"),
    [
        (None, "none", "", "No stop"),
        (57_000.0, "57,000", "", "Stop at 57,000 before liquidation"),
        (50_000.0, "50,000 late", "warn", "Stop at 50,000 behind liquidation"),
        (
            99_000.0,
            "99,000 passed",
            "warn",
            "Stop at 99,000 passed by the mark: it may have filled",
        ),
    ],
)
def test_each_position_says_where_its_stop_is(stop, text, token, words):
    risk = told(stop_price=stop)
    assert cell("Stop", risk) == (text, token)
    assert words in tip_of("Stop", risk=risk).splitlines()


# --- what looks like a slip -----------------------------------------------------------------------


def test_what_looks_like_a_slip_is_marked_and_its_tooltips_say_why():
    held = isolated(BTC, 1.0, 120_000.0, 100_000.0, 60_000.0, leverage=10.0)
    doubtful = rows_of(report_of(replace(OWNER, positions=(held,)), inputs=INPUTS), None)[0]
    name = COLUMNS[0]
    assert name.text(doubtful).endswith(" (!)")
    assert name.token(doubtful) == "warn"
    sentence = (
        "Check it: the entry price 120,000 is more than half away from the mark price 60,000."
    )
    assert all(sentence in column.tip(doubtful).splitlines() for column in COLUMNS[:6])
    plain = rows_of(RISK, None)[0]
    assert not name.text(plain).endswith("(!)")
    assert name.token(plain) == ""


def test_what_the_copy_makes_of_a_position_fits_a_small_screen_without_scrolling(qtbot):
    model = RowsModel(COLUMNS, DARK, key=lambda row: row.key)
    rows = rows_of(RISK, SCENARIO)
    model.replace_rows(
        [row._replace(in_copy="2.4 BTC · liq. 67,123", copy_pnl_usd=-23_456.0) for row in rows]
    )
    table = make_table(model)
    qtbot.addWidget(table)
    table.resize(520, 200)  # the panel's room in a window of 1366 pixels
    table.show()
    header = table.horizontalHeader()
    qtbot.waitUntil(lambda: header.length() == table.viewport().width())
    shown = {column.heading for at, column in enumerate(COLUMNS) if not header.isSectionHidden(at)}
    assert shown >= {"Position", "Liq. price", COPY_HEADING, DIFFERENCE_HEADING}


def test_what_counts_as_liquidated_alarms_wherever_the_mark_is_now():
    lost = replace(RISK.positions[0], status=Status.PRESUMED_LIQUIDATED, distance=0.06)
    (row,) = rows_of(replace(RISK, positions=(lost,)), None)
    (column,) = (column for column in COLUMNS if column.heading == "Distance")
    assert (column.text(row), column.token(row)) == ("passed", "alarm")
