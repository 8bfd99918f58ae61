"""The table of pools, with what the venue of a live account says itself."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.workstation.risk.worlds import BTC, NOW_MS, account, cross, report_of, world
from ui.panels.accounts import COLUMNS, AccountsPanel
from workstation.portfolio.model import VenueFigures
from workstation.risk.report import Status, Withdrawals

OWNER = account(cross(BTC, 1.0, 60_000.0), balances={"USDT": 10_000.0})
RISK = report_of(OWNER, inputs=world(prices={"BTC": 60_000.0}))
TOLD = VenueFigures(margin_balance=9_990.0, margin_ratio=0.031, withdrawable=1_234.5)


@pytest.fixture
def shown(qtbot, context):
    panel = AccountsPanel(context)
    qtbot.addWidget(panel)

    def show(**changes):
        pool = replace(RISK.accounts[0], **changes)
        panel.show_report(replace(RISK, as_of_ms=NOW_MS, book_as_of_ms=NOW_MS, accounts=(pool,)))
        return panel.model.row(0)

    return show


def cell(heading, row):
    (column,) = (column for column in COLUMNS if column.heading == heading)
    tip = column.tip(row) if column.tip else ""
    return column.text(row), column.token(row), tip


def test_a_live_account_has_an_age_of_its_own(shown):
    assert cell("Read", shown(read_ms=NOW_MS - 4_000))[:2] == ("4 s", "")
    assert cell("Read", shown(read_ms=NOW_MS - 45_000))[1] == "warn"


def test_what_counts_as_liquidated_alarms_wherever_the_mark_is_now(shown):
    passed = {"liquidation_coin_price": 63_000.0, "liquidation_coin_distance": 0.06}
    row = shown(status=Status.PRESUMED_LIQUIDATED, **passed)
    assert cell("Distance", row)[:2] == ("passed", "alarm")
    assert cell("Liquidates at BTC", row)[:2] == ("63,000", "alarm")


def test_an_account_of_a_file_is_as_old_as_the_book(shown):
    assert cell("Read", shown())[:2] == ("0 s", "")


def test_what_can_be_withdrawn_stands_in_the_tooltip(shown):
    tip = cell("Free", shown(told=TOLD))[2]
    assert "withdrawable 1,234.50 USDT" in tip


def test_what_resting_orders_take_of_free_collateral_is_said(shown):
    row = shown(free_collateral=4_000.0, order_margin=2_900.0)
    text, _, tip = cell("Free", row)
    assert (text, tip.splitlines()[0]) == ("4,000", "Resting orders take 2,900 of it.")


def test_free_collateral_that_is_not_known_is_the_venues_own(shown):
    unknown = {"free_collateral": None, "order_margin": None}
    assert cell("Free", shown(**unknown))[0] == "\N{EN DASH}"
    text, _, tip = cell("Free", shown(told=replace(TOLD, free_collateral=900.0), **unknown))
    assert text == "900 (venue)"
    assert tip.startswith("What resting orders take is not known here.")


def test_a_pool_without_a_rule_shows_the_venues_ratio(shown):
    row = shown(told=TOLD, margin_ratio=None, status=Status.UNKNOWN)
    assert cell("Margin ratio", row)[0] == "3 % (venue)"


def test_suspended_withdrawals_are_marked(shown):
    assert cell("Withdrawals", shown(withdrawals=Withdrawals.SUSPENDED))[1] == "warn"


def test_a_pool_that_counts_as_lost_has_no_figures_of_now(shown):
    row = shown(status=Status.PRESUMED_LIQUIDATED, liquidation_coin_price=None)
    texts = [cell(name, row)[0] for name in ("Equity", "Margin ratio", "Liquidates at BTC")]
    assert texts == ["–", "–", "passed"]
    assert cell("Distance", row)[0] == "passed"
