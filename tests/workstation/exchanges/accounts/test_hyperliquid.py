"""Hyperliquid: an isolated short of 10 ETH from 2,000, at a mark of 2,100.

It is worth rawUsd + szi x mark = 24,000 - 21,000 = 3,000; with its loss of 1,000 added back, its
isolated wallet is 4,000.
"""

from __future__ import annotations

import math

import pytest

from tests.workstation.exchanges.accounts.fake_adapter import FakeAdapter, market, read
from workstation.errors import ExchangeDataError, UsageError
from workstation.exchanges.accounts.hyperliquid import HyperliquidReader
from workstation.portfolio.model import MarginMode, MarginSystem, OrderType

ADDRESS = "0x" + "ab" * 20
ETH = market("hyperliquid", "ETH/USDC:USDC", "ETH")
SHORT = {
    "coin": "ETH",
    "szi": "-10.0",
    "leverage": {"type": "isolated", "value": 5, "rawUsd": "24000.0"},
    "entryPx": "2000.0",
    "positionValue": "21000.0",
    "unrealizedPnl": "-1000.0",
    "liquidationPx": None,
    "marginUsed": "3000.0",
}


def adapter(*legs, mode="disabled", orders=(), **summary):
    told = {"accountValue": "5000.0"} | summary
    state = {
        "assetPositions": [{"type": "oneWay", "position": leg} for leg in legs or (SHORT,)],
        "crossMarginSummary": told,
        "crossMaintenanceMarginUsed": "0.0",
        "withdrawable": "5000.0",
    }
    answers = {
        "clearinghouseState": state,
        "frontendOpenOrders": list(orders),
        "userAbstraction": f'"{mode}"',
        "userFees": {"userCrossRate": "0.00035"},
    }
    return FakeAdapter(
        "hyperliquid", [ETH], {"publicPostInfo": lambda params: answers[params["type"]]}
    )


def test_an_isolated_wallet_is_its_value_less_its_profit():
    account = read(HyperliquidReader, adapter(), address=ADDRESS).account
    (held,) = account.positions
    assert held.margin_mode is MarginMode.ISOLATED
    assert held.isolated_margin == pytest.approx(4_000.0)
    assert held.mark_price == pytest.approx(2_100.0)
    assert held.figures.margin_balance == pytest.approx(3_000.0)
    assert math.isnan(held.figures.liquidation_price)
    assert account.balances == {"USDC": 5_000.0}
    assert account.taker_fee == 0.00035


def test_every_question_names_the_address_and_none_is_signed():
    asked = adapter()
    read(HyperliquidReader, asked, address=ADDRESS)
    assert {endpoint for endpoint, _ in asked.asked} == {"publicPostInfo"}
    assert {params["user"] for _, params in asked.asked} == {ADDRESS}


def test_a_unified_account_has_no_rule():
    account = read(HyperliquidReader, adapter(mode="unifiedAccount"), address=ADDRESS).account
    assert account.margin_system is MarginSystem.UNIFIED_PORTFOLIO


def test_orders_of_spot_and_of_other_builders_are_left_out():
    row = {
        "coin": "ETH",
        "side": "B",
        "sz": "10.0",
        "isTrigger": True,
        "triggerPx": "2300.0",
        "orderType": "Stop Market",
        "reduceOnly": True,
    }
    rows = (row, row | {"coin": "@107"}, row | {"coin": "xyz:GOLD"})
    orders = read(HyperliquidReader, adapter(orders=rows), address=ADDRESS).account.orders
    assert [(o.symbol, o.type, o.price, o.quantity) for o in orders] == [
        ("ETH/USDC:USDC", OrderType.STOP, 2_300.0, 10.0)
    ]


def test_what_is_no_address_is_not_asked_for():
    with pytest.raises(UsageError, match="40 hexadecimal digits"):
        read(HyperliquidReader, adapter(), address="0x12")


def test_a_figure_that_is_missing_gives_no_half_account():
    with pytest.raises(ExchangeDataError):
        read(HyperliquidReader, adapter(accountValue=None), address=ADDRESS)
