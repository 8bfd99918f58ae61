"""The table of margin pools: every pool that can die has a row."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.workstation.risk.worlds import BTC, ETH, SOL, account, cross, isolated, report_of, world
from ui.panels.accounts import COLUMNS, rows_of
from ui.trust import Trust
from workstation.risk.report import Status

MARKS = {("manual", BTC): 60_000.0, ("manual", ETH): 2_000.0, ("manual", SOL): 90.0}
MIXED = account(
    isolated(BTC, 1.0, 60_000.0, 2_000.0, leverage=30.0),
    cross(ETH, 1.0, 2_000.0),
    name="mixed",
    balances={"USDT": 1_000.0},
)
ALONE = account(
    isolated(SOL, 100.0, 90.0, 900.0, leverage=10.0), name="alone", balances={"USDT": 500.0}
)


def report(**changes):
    return report_of(MIXED, ALONE, inputs=world(marks=MARKS | changes.pop("marks", {}), **changes))


def cell(row, heading):
    (column,) = (column for column in COLUMNS if column.heading == heading)
    return column.text(row)


def test_the_pool_that_is_liquidated_first_stands_first_in_its_account_and_its_account_first():
    # -2.8 % and -42 %; -9.5 %, and a wallet that backs nothing
    names = [row.name for row in rows_of(report(), 60.0)]
    assert names == [
        "mixed · BTC long 30\N{MULTIPLICATION SIGN} iso",
        "mixed · Manual USDT cross",
        "alone · SOL long 10\N{MULTIPLICATION SIGN} iso",
        "alone · Manual USDT wallet",
    ]
    # with bitcoin at 80,000 and SOL at 83 (-1.9 %) the other account is the nearer one
    far = report(marks={("manual", BTC): 80_000.0, ("manual", SOL): 83.0})
    assert [row.key[0] for row in rows_of(far, 60.0)] == ["alone", "alone", "mixed", "mixed"]


def test_its_row_gives_its_own_death_balance_and_ratio():
    # (60,000 - 2,000) / 0.995 = 58,291.46; 300 of maintenance in 2,000
    row = rows_of(report(), 60.0)[0]
    assert cell(row, "Liquidates at BTC") == "58,291"
    assert cell(row, "Distance") == "−2.8 %"
    assert row.equity == pytest.approx(2_000.0)
    assert cell(row, "Margin ratio") == "15 %"
    assert cell(row, "Free") == cell(row, "Withdrawals") == cell(row, "Funding 24h $") == ""


def test_a_price_of_another_coin_is_named():
    # (9,000 - 900) / 99.5 = 81.407
    assert cell(rows_of(report(), 60.0)[2], "Liquidates at BTC") == "81.407 SOL"


def test_the_account_warns_of_its_isolated_position_that_is_near():
    row = rows_of(report(), 60.0)[1]
    assert COLUMNS[0].token(row) == "warn"
    assert "its isolated BTC long 30× is liquidated at −2.8 %" in COLUMNS[0].tip(row)


def test_no_row_of_an_account_reads_calm_while_an_isolated_leg_is_below_maintenance():
    found = report(marks={("manual", BTC): 58_100.0})
    assert found.accounts[0].status is Status.OK  # the JSON: isolated legs are in positions
    leg, wallet = rows_of(found, 60.0)[:2]
    assert "below maintenance" in COLUMNS[0].tip(wallet)
    assert COLUMNS[0].token(wallet) == "warn"
    assert COLUMNS[0].token(leg) == "alarm"
    assert cell(leg, "Liquidates at BTC") == "past its liquidation"


def test_a_row_is_as_doubtful_as_the_marks_that_it_rests_on():
    from_file = report_of(MIXED, inputs=world(marks={("manual", ETH): 2_000.0}))
    assert [row.trust for row in rows_of(from_file, 60.0)] == [Trust.OLD, Trust.LIVE]
    assert {row.trust for row in rows_of(from_file, 60.0, blind=True)} == {Trust.OLD}


def test_only_an_isolated_position_has_a_pool_for_itself():
    isolated_row, cross_row = report().positions[:2]
    assert isolated_row.pool_balance == pytest.approx(2_000.0)
    assert cross_row.pool_balance is None
    assert replace(isolated_row, margin_ratio=None).pool_balance is None
