"""The headline: what it says of pace, of what is past, and of what is not seen."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtWidgets import QLabel

from tests.workstation.risk.worlds import BTC, ETH, account, book, isolated, report_of, world
from ui.panels.next_liquidation import NextLiquidationPanel, remarks
from ui.style import tint
from workstation.risk.next_deposit import with_rescue
from workstation.risk.repair_report import AddCollateral
from workstation.services.sight import Sight
from workstation.units import UnixMs

MARKS = {("manual", BTC): 60_000.0, ("manual", ETH): 2_000.0}
LONG = isolated(BTC, 1.0, 60_000.0, 2_000.0, leverage=30.0)
REPORT = report_of(account(LONG), inputs=world(marks=MARKS))


@pytest.fixture
def panel(qtbot, context, desk, monkeypatch):
    """A panel that remembers the colour token of each label."""
    tints = {}

    def remembered(label, theme, token):
        tints[label] = token
        tint(label, theme, token)

    monkeypatch.setattr("ui.panels.next_liquidation.tint", remembered)
    desk.portfolio = book(account(LONG))
    panel = NextLiquidationPanel(context)
    panel.tokens = tints
    qtbot.addWidget(panel)
    panel.show()
    return panel


def shown(panel):
    labels = (label for label in panel.findChildren(QLabel) if label.isVisibleTo(panel))
    return " | ".join(label.text() for label in labels)


def pace_text(**pace):
    inputs = world(marks=MARKS, pace=pace)
    return remarks(report_of(account(LONG), inputs=inputs).next_liquidation)[0].text


def test_the_pace_is_that_of_the_positions_own_coin():
    assert pace_text(BTC=-0.02).startswith("at the last hour")
    assert pace_text(BTC=0.02) == "not approaching in the last hour"


def test_a_pace_that_is_not_known_is_not_called_calm():
    assert pace_text() == "pace not known"
    assert pace_text(ETH=-0.02) == "pace not known"


def test_past_its_liquidation_there_is_no_price_to_approach(panel):
    # 2,000 of margin less 1,900 of loss is below 290.5 of maintenance
    marks = {("manual", BTC): 58_100.0}
    report = report_of(account(LONG), inputs=world(marks=marks, pace={"BTC": -0.05}))
    assert report.next_liquidation.price == 58_100.0  # the JSON's rule
    panel.show_report(report)
    assert "past its liquidation" in shown(panel)
    assert "58,100" not in shown(panel)
    assert "not approaching" not in shown(panel)
    assert "the venue may liquidate it now" in shown(panel)


def test_a_stop_beyond_the_liquidation_price_does_not_stand_before_it():
    nearest = replace(REPORT.next_liquidation, stop_price=1.0)
    assert remarks(nearest)[2].text.endswith("too late")
    assert remarks(replace(nearest, stop_price=59_900.0))[2].text.endswith("before it")


def test_a_stop_that_the_mark_has_passed_is_not_waited_for(panel):
    mark = REPORT.positions[0].mark_price
    passed = replace(REPORT.next_liquidation, stop_price=mark + 1)
    fact = remarks(passed)[2]
    assert (fact.text, fact.token) == (
        f"stop at {mark + 1:,.0f} passed: it may have filled",
        "warn",
    )
    panel.show_report(replace(REPORT, next_liquidation=passed))
    assert "unless its stop" not in shown(panel)


def test_what_is_past_its_liquidation_is_offered_no_deposit():
    deposit = AddCollateral(account="a", symbol=BTC, asset="USDT", amount=3_275.0)
    past = replace(REPORT, next_liquidation=replace(REPORT.next_liquidation, past=True))
    assert with_rescue(past, (deposit,), {"BTC": 55_000.0}) is past


def test_a_rescue_names_the_price_up_to_which_it_holds_and_the_margin():
    deposit = AddCollateral(account="a", symbol=BTC, asset="USDT", amount=3_275.0)
    saved = with_rescue(REPORT, (deposit,), {"BTC": 55_000.0}).next_liquidation
    assert remarks(saved)[3].text == "keeps it to 55,000: +3,275.00 USDT (into this position)"
    other = replace(saved, rescue_until={"ETH": 1_500.0})
    assert "keeps it to ETH 1,500.00:" in remarks(other)[3].text


def test_blind_it_keeps_the_headline_dimmed_with_its_age(panel):
    panel.show_report(REPORT)
    assert panel.tokens[panel._what] == "alarm"
    blind = Sight(
        now_ms=UnixMs(REPORT.as_of_ms + 12_000),
        blind_since_ms=REPORT.as_of_ms,
        some_venue_answers=False,
    )
    panel.show_sight(blind)
    assert "BTC long 30×" in shown(panel)
    assert "Blind since 21:10:00 (12 s): no venue answers" in shown(panel)
    assert {panel.tokens[label] for label in (panel._what, panel._where)} == {"dim"}
    assert panel._token == "warn"  # not the calm of no liquidation


def test_a_nearer_one_that_is_not_seen_any_more_stays_before_a_calmer_one(panel):
    calm = report_of(account(isolated(ETH, 1.0, 2_000.0, 1_000.0)), inputs=world(marks=MARKS))
    calm = replace(calm, totals=replace(calm.totals, not_included=("a",)))
    sight = Sight(
        now_ms=UnixMs(REPORT.as_of_ms + 6_000),
        lost=REPORT.next_liquidation,
        lost_since_ms=REPORT.as_of_ms,
    )
    panel.show_sight(sight)
    panel.show_report(calm)
    assert "BTC long 30×" in shown(panel)
    assert "not seen since 21:10:00 (6 s)" in shown(panel)
    assert "not included: a" in shown(panel)
    assert panel.tokens[panel._what] == "dim"


def test_a_mark_of_the_file_is_not_drawn_as_live(panel):
    from_file = report_of(account(LONG), inputs=world())
    aged = replace(from_file, as_of_ms=UnixMs(from_file.as_of_ms + 2 * 86_400_000))
    panel.show_report(aged)
    assert "Mark: file, 2 d old" in shown(panel)
    assert panel.tokens[panel._what] == "dim"


def test_another_market_voids_the_headline(panel, bridge):
    bridge.desk.risk = REPORT
    bridge.risk_changed.emit(REPORT)
    bridge.desk.risk = None
    bridge.portfolio_changed.emit(bridge.desk.portfolio)  # what the bridge says after a source
    assert "BTC long" not in shown(panel)
    assert "Waiting for the first prices" in shown(panel)


def test_the_headline_explains_itself(panel):
    panel.show_report(REPORT)
    assert "Rules:" in panel._what.toolTip()
    assert "=" in panel._where.toolTip()  # the formula of the price
    assert panel._where.toolTip() != panel._what.toolTip()


def test_the_caption_says_whether_a_stop_may_fill_before_the_liquidation(panel):
    panel.show_report(REPORT)
    assert "stop" not in panel._caption.text()
    nearest = replace(REPORT.next_liquidation, stop_price=59_900.0)
    panel.show_report(replace(REPORT, next_liquidation=nearest))
    assert panel._caption.text() == "Next liquidation, unless its stop fills before"


def test_a_narrow_panel_elides_the_name_and_never_price_and_distance(qtbot, panel):
    panel.show_report(REPORT)
    panel.resize(260, 140)
    assert panel.minimumSizeHint().width() <= 260
    where = panel._where
    qtbot.waitUntil(lambda: panel.width() == 260)
    assert where.minimumWidth() >= where.fontMetrics().horizontalAdvance(where.text())
