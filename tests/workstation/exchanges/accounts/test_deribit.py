from __future__ import annotations

import pytest

from tests.workstation.exchanges.accounts.fake_adapter import FakeAdapter, market, read
from workstation.exchanges.accounts.deribit import DeribitReader
from workstation.portfolio.model import MarginSystem

BTC = market("deribit", "BTC/USD:BTC", "BTC-PERPETUAL", 10.0)
SHORT = {
    "instrument_name": "BTC-PERPETUAL",
    "kind": "future",
    "size": -70_000.0,
    "average_price": 70_000.0,
    "mark_price": 68_000.0,
    "leverage": 25,
    "initial_margin": 0.02,
    "maintenance_margin": 0.0105,
    "total_profit_loss": 0.0294,
    "estimated_liquidation_price": 90_000.0,
}
OPTION = {"instrument_name": "BTC-27NOV26-60000-P", "kind": "option", "size": 1.0} | {
    "average_price": 0.01,
    "mark_price": 0.012,
}


def adapter(*rows, model="segregated_sm"):
    summary = {
        "currency": "BTC",
        "margin_model": model,
        "equity": 1.0294,
        "margin_balance": 1.0294,
        "maintenance_margin": 0.0105,
        "available_withdrawal_funds": 0.9,
    }
    answers = {
        "privateGetGetAccountSummaries": {"result": {"summaries": [summary]}},
        "privateGetGetPositions": {"result": list(rows) or [SHORT]},
        "privateGetGetOpenOrders": {"result": []},
    }
    return FakeAdapter("deribit", [BTC], answers)


def test_the_wallet_is_what_the_balance_was_at_our_entry():
    account = read(DeribitReader, adapter()).account
    assert account.balances == {"BTC": pytest.approx(1.0)}
    assert account.positions[0].quantity == -70_000.0
    assert account.figures["BTC"].withdrawable == 0.9
    assert account.withdrawals_open is None


def test_an_option_is_held_at_its_mark():
    account = read(DeribitReader, adapter(SHORT, OPTION)).account
    held = account.positions[1]
    assert (held.symbol, held.quantity) == ("BTC/USD:BTC-261127-60000-P", 1.0)
    assert held.mark_price == 0.012
    assert account.margin_system is MarginSystem.STANDARD


def test_a_combination_has_no_rule():
    combination = {"instrument_name": "BTC-FS-27NOV26_PERP", "kind": "future_combo", "size": 1.0}
    reading = read(DeribitReader, adapter(SHORT, combination))
    assert reading.account.margin_system is MarginSystem.PORTFOLIO
    assert "BTC-FS-27NOV26_PERP is left out" in reading.notes[0]


def test_cross_collateral_has_no_rule():
    reading = read(DeribitReader, adapter(model="cross_sm"))
    assert reading.account.margin_system is MarginSystem.PORTFOLIO
    assert "cross_sm" in reading.notes[0]
