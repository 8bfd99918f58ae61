"""Bybit: a long of two bitcoin from 70,000 at 10x; closing it costs 2 x 70,000 x 0.9 x 0.00055."""

from __future__ import annotations

import math

import pytest

from tests.workstation.exchanges.accounts.fake_adapter import FakeAdapter, market, read
from workstation.exchanges.accounts.bybit import BybitReader
from workstation.portfolio.model import Collateral, MarginMode, MarginSystem, PositionMode

FEE_TO_CLOSE = 69.3
LINEAR = market("bybit", "BTC/USDT:USDT", "BTCUSDT")
INVERSE = market("bybit", "BTC/USD:BTC", "BTCUSD")


def position(**more):
    return {
        "symbol": "BTCUSDT",
        "positionIdx": 0,
        "side": "Buy",
        "size": "2",
        "avgPrice": "70000",
        "leverage": "10",
        "markPrice": "69000",
        "liqPrice": "63316.6",
        "positionIM": "14069.3",
        "positionMM": "759.3",
        "positionBalance": "14069.3",
        "unrealisedPnl": "-2000",
        "adlRankIndicator": 2,
    } | more


def adapter(mode="REGULAR_MARGIN", rows=None, options=(), **more):
    rows = [position()] if rows is None else rows

    def listed(params):
        mine = [r for r in rows if r["symbol"] == "BTCUSDT"] if "settleCoin" in params else []
        inverse = [r for r in rows if r["symbol"] == "BTCUSD"]
        if params["category"] == "option":
            return {"result": {"list": list(options), "nextPageCursor": ""}}
        wanted = {"linear": mine, "inverse": inverse}.get(params["category"], [])
        kept = wanted if params.get("settleCoin", "USDT") == "USDT" else []
        return {"result": {"list": kept, "nextPageCursor": ""}}

    wallet = {
        "totalMarginBalance": "18000",
        "totalMaintenanceMargin": "759.3",
        "accountMMRate": "0.0422",
        "totalAvailableBalance": "4000",
        "coin": [
            {"coin": "USDT", "walletBalance": "20000", "equity": "18000", "usdValue": "17982"},
            {
                "coin": "SOL",
                "walletBalance": "10",
                "equity": "10",
                "usdValue": "800",
                "collateralSwitch": False,
            },
        ],
    }
    ratios = [
        {"currency": "USDT", "collateralRatio": "0.99"},
        {"currency": "SOL", "collateralRatio": "0.9"},
    ]
    answers = {
        "privateGetV5AccountInfo": {"result": {"marginMode": mode}},
        "privateGetV5AccountWalletBalance": {"result": {"list": [wallet]}},
        "privateGetV5AccountCollateralInfo": {"result": {"list": ratios}},
        "privateGetV5AccountFeeRate": {"result": {"list": [{"takerFeeRate": "0.00055"}]}},
        "privateGetV5AssetCoinQueryInfo": {"result": {"rows": []}},
        "privateGetV5PositionList": listed,
        "privateGetV5OrderRealtime": {"result": {"list": []}},
    }
    return FakeAdapter("bybit", [LINEAR, INVERSE], answers | more)


def test_across_the_account_is_one_pool_of_all_its_collateral():
    reading = read(BybitReader, adapter())
    account = reading.account
    assert account.collateral is Collateral.MULTI_ASSET
    assert account.balances == {"USDT": 20_000.0, "SOL": 10.0}
    assert account.haircuts == {"USDT": pytest.approx(0.01), "SOL": 1.0}  # switched off: nothing
    assert account.figures["USD"].margin_ratio == 0.0422
    assert reading.coin_prices == {"USDT": pytest.approx(0.999), "SOL": pytest.approx(80.0)}


def test_in_isolated_mode_the_margin_is_apart_and_without_the_fee_to_close():
    account = read(BybitReader, adapter("ISOLATED_MARGIN")).account
    (held,) = account.positions
    assert held.margin_mode is MarginMode.ISOLATED
    assert held.isolated_margin == pytest.approx(14_069.3 - FEE_TO_CLOSE)
    assert account.collateral is Collateral.SINGLE_ASSET
    assert account.balances["USDT"] == pytest.approx(20_000.0 - 14_000.0)
    assert account.figures == {}


def test_portfolio_margin_is_named_and_keeps_the_venues_ratio():
    account = read(BybitReader, adapter("PORTFOLIO_MARGIN")).account
    assert account.margin_system is MarginSystem.PORTFOLIO
    assert account.figures["USD"].margin_ratio == 0.0422


def test_an_inverse_short_counts_dollars_and_knows_bybits_way_of_saying_none():
    short = position(
        symbol="BTCUSD", side="Sell", size="140000", liqPrice="999999", unrealisedPnl="0.01"
    )
    (held,) = read(BybitReader, adapter(rows=(short,))).account.positions
    assert held.quantity == -140_000.0
    assert math.isnan(held.figures.liquidation_price)


def test_a_second_leg_means_hedge_mode():
    legs = (position(positionIdx=1), position(positionIdx=2, side="Sell"))
    account = read(BybitReader, adapter(rows=legs)).account
    assert account.position_mode is PositionMode.HEDGE
    assert [held.quantity for held in account.positions] == [2.0, -2.0]


def test_pages_are_followed_to_the_end():
    def paged(params):
        if params.get("settleCoin") != "USDT":
            return {"result": {"list": [], "nextPageCursor": ""}}
        if "cursor" not in params:
            return {"result": {"list": [position()], "nextPageCursor": "more"}}
        return {"result": {"list": [position(side="Sell")], "nextPageCursor": ""}}

    account = read(BybitReader, adapter(privateGetV5PositionList=paged)).account
    assert len(account.positions) == 2


def test_collateral_ratios_that_are_not_told_cost_a_note():
    reading = read(BybitReader, adapter(privateGetV5AccountCollateralInfo=None))
    assert reading.account.haircuts == {"SOL": 1.0}
    assert "the collateral ratios could not be read" in reading.notes[0]


def test_an_option_is_held_at_its_mark():
    row = {
        "symbol": "BTC-27NOV26-60000-P-USDT",
        "side": "Sell",
        "size": "0.5",
        "avgPrice": "900",
        "markPrice": "1200",
    }
    account = read(BybitReader, adapter(options=[row])).account
    held = account.positions[-1]
    assert (held.symbol, held.quantity) == ("BTC/USDT:USDT-261127-60000-P", -0.5)
    assert account.margin_system is MarginSystem.STANDARD
