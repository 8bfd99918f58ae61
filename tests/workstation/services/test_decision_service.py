"""What the decision worker answers, and how the user's routes are read."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.workstation.risk.worlds import BTC, account, book, cross, isolated, world
from workstation.portfolio.what_if import copy_of, with_balance
from workstation.risk.report import MarkSource
from workstation.risk.scenario import Scenario
from workstation.risk.transfers import Route, TransferTerms
from workstation.services.decision_service import (
    DecisionRequest,
    decide,
    transfer_terms,
    what_if,
)
from workstation.settings import TransferSettings

FALL = Scenario(moves={"BTC": 50_000.0}, funding_rate_8h=0.0)
OWNER = account(isolated(BTC, 1.0, 60_000.0, 6_000.0), balances={"USDT": 9_000.0})
INPUTS = world(prices={"BTC": 60_000.0})


def ask(**changes):
    request = DecisionRequest(
        epoch=1, portfolio=book(OWNER), inputs=INPUTS, terms=FALL, transfers=TransferTerms()
    )
    return decide(replace(request, **changes))


def test_repair_rescue_and_frontier_come_together():
    decision = ask()
    assert decision.repair.add_collateral[0].amount == pytest.approx(4_250.01)
    assert decision.rescue.rows[0].needed == pytest.approx(4_250.01)
    assert decision.frontier.deposit[0] == pytest.approx(4_250.01)
    assert decision.endured == decision.terms == FALL
    assert decision.what_if is None


def test_repairs_hold_at_the_harder_end_and_the_copy_is_shown_at_the_scenario():
    harder = replace(FALL, moves={"BTC": 49_000.0})
    decision = ask(harder=harder, copy=copy_of(book(OWNER)))
    assert decision.terms == FALL
    assert decision.endured == harder
    assert decision.repair.add_collateral[0].amount > 4_250.01
    assert decision.what_if.scenario.moves == FALL.moves


def test_a_market_that_only_the_copy_has_stands_at_its_coins_price():
    added = account(cross("BTC/USDC:USDC", 1.0, 60_000.0), balances={"USDC": 50_000.0}, name="b")
    added = replace(added, positions=(replace(added.positions[0], mark_price=None),))
    copy = replace(copy_of(book(OWNER)), accounts=(OWNER, added))
    found = what_if(copy, INPUTS, FALL)
    row = found.risk.positions[-1]
    assert (row.mark_price, row.mark_source) == (60_000.0, MarkSource.ESTIMATED)


def test_a_copy_with_another_balance_ends_elsewhere():
    copy = with_balance(copy_of(book(OWNER)), "a", "USDT", 10_000.0)
    found = what_if(copy, INPUTS, FALL)
    assert found.scenario.equity_after_usd == pytest.approx(10_000.0)


def test_routes_are_read_by_the_venues_that_fit_best():
    terms = transfer_terms(
        TransferSettings(
            minutes=30.0, fee_usd=3.0, routes=("bybit>okx=8:1", "bybit>*=12:2", "*>okx=40")
        )
    )
    assert terms.route("bybit", "okx") == Route(8.0, 1.0, assumed=False)
    assert terms.route("bybit", "deribit") == Route(12.0, 2.0, assumed=False)
    assert terms.route("deribit", "okx") == Route(40.0, 3.0, assumed=True)  # its fee is
    assert terms.route("deribit", "bybit") == Route(30.0, 3.0, assumed=True)
    assert terms.slippage_rate == pytest.approx(0.0005)
