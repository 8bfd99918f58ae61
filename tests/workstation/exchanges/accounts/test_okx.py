from __future__ import annotations

import math

import pytest

from tests.workstation.exchanges.accounts.fake_adapter import FakeAdapter, market, read
from workstation.exchanges.accounts.okx import OkxReader
from workstation.portfolio.model import Collateral, MarginSystem, PositionMode

LINEAR = market("okx", "BTC/USDT:USDT", "BTC-USDT-SWAP", 0.01)
INVERSE = market("okx", "BTC/USD:BTC", "BTC-USD-SWAP", 100.0)


def position(**more):
    return {
        "instType": "SWAP",
        "instId": "BTC-USDT-SWAP",
        "mgnMode": "cross",
        "posSide": "net",
        "pos": "-50",
        "avgPx": "70000",
        "markPx": "69000",
        "upl": "500",
        "lever": "10",
        "liqPx": "",
        "mgnRatio": "20",
        "mmr": "138",
        "imr": "3450",
        "adl": "2",
    } | more


def adapter(*rows, level="2", mode="net_mode", **more):
    coin = {
        "ccy": "USDT",
        "cashBal": "10000",
        "eq": "10500",
        "eqUsd": "10479",
        "disEq": "10374.21",
        "upl": "500",
        "isoUpl": "0",
        "mgnRatio": "20",
        "availEq": "7000",
        "imr": "3450",
    }
    whole = {"adjEq": "10374.21", "mgnRatio": "19", "mmr": "155", "imr": "3450"}
    answers = {
        "privateGetAccountConfig": {"data": [{"acctLv": level, "posMode": mode}]},
        "privateGetAccountBalance": {"data": [whole | {"details": [coin]}]},
        "privateGetAccountPositions": {"data": list(rows) or [position()]},
        "privateGetAccountTradeFee": {"data": [{"takerU": "-0.0005", "taker": "-0.0004"}]},
        "privateGetAccountMaxWithdrawal": {"data": [{"ccy": "USDT", "maxWd": "6500"}]},
        "privateGetAssetCurrencies": {"data": [{"ccy": "USDT", "canWd": False}]},
        "privateGetTradeOrdersPending": {"data": []},
        "privateGetTradeOrdersAlgoPending": {"data": []},
    }
    return FakeAdapter("okx", [LINEAR, INVERSE], answers | more)


def test_contracts_become_coins_with_their_sign():
    (held,) = read(OkxReader, adapter()).account.positions
    assert held.quantity == -0.5
    assert math.isnan(held.figures.liquidation_price)


def test_in_long_short_mode_the_side_carries_the_sign():
    rows = (position(posSide="short", pos="50"), position(posSide="long", pos="20"))
    account = read(OkxReader, adapter(*rows, mode="long_short_mode")).account
    assert [held.quantity for held in account.positions] == [-0.5, 0.2]
    assert account.position_mode is PositionMode.HEDGE


def test_inverse_contracts_become_dollars():
    (held,) = read(OkxReader, adapter(position(instId="BTC-USD-SWAP", pos="-3"))).account.positions
    assert held.quantity == -300.0


def test_the_printed_ratio_is_turned_round_and_the_fee_is_in_the_requirement():
    account = read(OkxReader, adapter()).account
    pool = account.figures["USDT"]
    assert pool.margin_ratio == pytest.approx(1 / 20)
    assert pool.margin_balance == 10_500.0
    assert pool.maintenance_margin == pytest.approx(525.0)
    (held,) = account.positions
    assert held.figures.maintenance_margin == pytest.approx(138 + 0.0005 * 0.5 * 69_000)
    assert pool.withdrawable == 6_500.0
    assert account.withdrawals_open is False


def test_a_multi_currency_account_is_one_pool_with_okxs_discounts():
    account = read(OkxReader, adapter(level="3")).account
    assert account.collateral is Collateral.MULTI_ASSET
    assert account.haircuts == {"USDT": pytest.approx(0.01)}
    assert account.figures["USD"].margin_balance == pytest.approx(10_374.21)


def test_portfolio_margin_is_named():
    account = read(OkxReader, adapter(level="4")).account
    assert account.margin_system is MarginSystem.PORTFOLIO
    assert account.figures["USD"].margin_ratio == pytest.approx(1 / 19)


def option(**more):
    own = {"instType": "OPTION", "instId": "BTC-USD-261127-60000-P", "pos": "-10"}
    return position(**own | {"avgPx": "0.01", "markPx": "0.02", "optVal": "-0.002"} | more)


def test_an_option_counts_the_coins_behind_its_value():
    account = read(OkxReader, adapter(position(), option())).account
    held = account.positions[1]
    assert held.symbol == "BTC/USD:BTC-261127-60000-P"
    assert held.quantity == pytest.approx(-0.1)
    assert held.mark_price == 0.02
    assert account.margin_system is MarginSystem.STANDARD  # the engine names the pool itself


def test_an_option_that_is_not_understood_leaves_no_rule_for_the_account():
    account = read(OkxReader, adapter(position(), option(optVal=""))).account
    assert account.margin_system is MarginSystem.PORTFOLIO
