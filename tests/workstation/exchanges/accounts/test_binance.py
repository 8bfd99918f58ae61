from __future__ import annotations

import math

import pytest

from tests.workstation.exchanges.accounts.fake_adapter import FakeAdapter, market, read
from workstation.errors import ExchangeDataError
from workstation.exchanges.accounts.binance import BinanceInverseReader, BinanceLinearReader
from workstation.portfolio.model import Collateral, MarginMode, OrderType, PositionMode

BTC = market("binanceusdm", "BTC/USDT:USDT", "BTCUSDT")
INVERSE = market("binancecoinm", "BTC/USD:BTC", "BTCUSD_PERP", 100.0)


def risk(side="BOTH", amount="2", **more):
    return {
        "symbol": "BTCUSDT",
        "positionSide": side,
        "positionAmt": amount,
        "entryPrice": "70000",
        "markPrice": "69000",
        "unRealizedProfit": "-2000",
        "liquidationPrice": "0",
        "maintMargin": "552",
        "isolatedWallet": "0",
        "adl": 1,
    } | more


def asset(name="USDT", wallet="20000", profit="-2000"):
    return {
        "asset": name,
        "walletBalance": "99999",
        "crossWalletBalance": wallet,
        "crossUnPnl": profit,
        "availableBalance": "5000",
        "maxWithdrawAmount": "4000",
    }


def linear(*risks, **more):
    answers = {
        "fapiPrivateV3GetAccount": {
            "assets": [asset(), asset("BNB", "0", "0")],
            "totalCrossWalletBalance": "20000",
            "totalCrossUnPnl": "-2000",
            "availableBalance": "5000",
            "maxWithdrawAmount": "4000",
        },
        "fapiPrivateV3GetPositionRisk": list(risks) or [risk()],
        "fapiPrivateGetAccountConfig": {
            "dualSidePosition": False,
            "multiAssetsMargin": False,
            "canWithdraw": True,
        },
        "fapiPrivateGetSymbolConfig": [
            {"symbol": "BTCUSDT", "marginType": "CROSSED", "leverage": 20}
        ],
        "fapiPrivateGetOpenOrders": [],
        "fapiPrivateGetOpenAlgoOrders": [],
        "fapiPrivateGetCommissionRate": {"takerCommissionRate": "0.0004"},
    }
    return FakeAdapter("binanceusdm", [BTC], answers | more)


def test_the_wallet_is_the_cross_wallet_and_not_the_balance_that_holds_all():
    account = read(BinanceLinearReader, linear()).account
    assert account.balances == {"USDT": 20_000.0}
    assert account.figures["USDT"].margin_balance == 18_000.0
    assert account.figures["USDT"].margin_ratio == pytest.approx(552 / 18_000)


def test_a_price_of_zero_is_no_price():
    (position,) = read(BinanceLinearReader, linear()).account.positions
    assert math.isnan(position.figures.liquidation_price)
    assert position.leverage == 20.0


def test_a_hedge_is_two_legs():
    account = read(
        BinanceLinearReader,
        linear(
            risk("LONG", "2"),
            risk("SHORT", "-0.5"),
            risk("BOTH", "0"),
            fapiPrivateGetAccountConfig={"dualSidePosition": True, "multiAssetsMargin": False},
        ),
    ).account
    assert [position.quantity for position in account.positions] == [2.0, -0.5]
    assert account.position_mode is PositionMode.HEDGE
    assert account.withdrawals_open is None  # it was not told this time


def test_multi_assets_are_one_pool_in_dollars():
    account = read(
        BinanceLinearReader,
        linear(fapiPrivateGetAccountConfig={"dualSidePosition": False, "multiAssetsMargin": True}),
    ).account
    assert account.collateral is Collateral.MULTI_ASSET
    assert account.figures["USD"].margin_balance == 18_000.0
    assert account.figures["USD"].withdrawable == 4_000.0


def test_orders_are_read_from_both_lists():
    rows = {
        "fapiPrivateGetOpenOrders": [
            {
                "symbol": "BTCUSDT",
                "type": "LIMIT",
                "side": "BUY",
                "price": "60000",
                "stopPrice": "0",
                "origQty": "3",
                "executedQty": "1",
            }
        ],
        "fapiPrivateGetOpenAlgoOrders": [
            {
                "symbol": "BTCUSDT",
                "orderType": kind,
                "side": "SELL",
                "triggerPrice": price,
                "quantity": "1",
                "workingType": "CONTRACT_PRICE",
            }
            for kind, price in (
                ("STOP_MARKET", "65000"),
                ("TAKE_PROFIT_MARKET", "80000"),
                ("TRAILING_STOP_MARKET", "66000"),  # its price moves: not a stop at a price
            )
        ],
    }
    orders = read(BinanceLinearReader, linear(**rows)).account.orders
    assert [(order.type, order.price, order.quantity) for order in orders] == [
        (OrderType.LIMIT, 60_000.0, 2.0),
        (OrderType.STOP, 65_000.0, -1.0),
        (OrderType.TAKE_PROFIT, 80_000.0, -1.0),
    ]


def test_conditional_orders_that_are_not_told_cost_a_note():
    reading = read(BinanceLinearReader, linear(fapiPrivateGetOpenAlgoOrders=None))
    assert reading.notes == ("mine: conditional orders could not be read: it is not told.",)


def test_a_market_that_is_not_listed_is_left_out_with_a_note():
    reading = read(BinanceLinearReader, linear(risk(symbol="XYZUSDT")))
    assert reading.account.positions == ()
    assert "XYZUSDT is left out" in reading.notes[0]


def test_a_figure_that_is_missing_gives_no_half_account():
    with pytest.raises(ExchangeDataError):
        read(BinanceLinearReader, linear(risk(entryPrice=None)))


def test_an_isolated_coin_margined_wallet_is_its_margin_less_its_profit():
    row = risk(
        symbol="BTCUSD_PERP",
        positionAmt="-40",
        unRealizedProfit="0.001",
        marginType="isolated",
        leverage="5",
        isolatedMargin="0.012",
    )
    del row["isolatedWallet"]
    answers = {
        "dapiPrivateGetAccount": {
            "assets": [asset("BTC", "1.5", "0")],
            "positions": [
                {"symbol": "BTCUSD_PERP", "positionSide": "BOTH", "maintMargin": "0.0003"}
            ],
            "canWithdraw": False,
        },
        "dapiPrivateGetPositionRisk": [row],
        "dapiPrivateGetPositionSideDual": {"dualSidePosition": "true"},
        "dapiPrivateGetAdlQuantile": [{"symbol": "BTCUSD_PERP", "adlQuantile": {"BOTH": 4}}],
        "dapiPrivateGetOpenOrders": [],
        "dapiPrivateGetOpenAlgoOrders": [],
        "dapiPrivateGetCommissionRate": {"takerCommissionRate": "0.0005"},
    }
    account = read(BinanceInverseReader, FakeAdapter("binancecoinm", [INVERSE], answers)).account
    (position,) = account.positions
    assert position.quantity == -4_000.0  # 40 contracts of 100 USD
    assert position.margin_mode is MarginMode.ISOLATED
    assert position.isolated_margin == pytest.approx(0.011)
    assert position.figures.margin_ratio == pytest.approx(0.0003 / 0.012)
    assert position.adl_rank == 4
    assert account.position_mode is PositionMode.HEDGE
    assert account.withdrawals_open is False
