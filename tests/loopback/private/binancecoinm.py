"""Binance COIN-M: 400,000 USD long in 4,000 contracts, backed by two bitcoin."""

from __future__ import annotations

from typing import Any

from tests.loopback.private.binanceusdm import SIGNED_BY, restrictions
from tests.loopback.private.brackets import brackets
from tests.loopback.private.holding import Holding, bitcoin
from tests.loopback.world import Query, View

__all__ = ["ANSWERS", "SIGNED_BY"]


def cross(view: View) -> Holding:
    return Holding(listing=bitcoin(view, inverse=True), size=400_000.0, wallet=2.0)


def account(view: View, query: Query) -> Any:
    held = cross(view)
    asset = {
        "asset": "BTC",
        "walletBalance": f"{held.wallet:.8f}",
        "crossWalletBalance": f"{held.wallet:.8f}",
        "crossUnPnl": f"{held.profit(view):.8f}",
        "availableBalance": f"{held.balance(view) - held.initial(view):.8f}",
        "maxWithdrawAmount": f"{held.wallet - held.initial(view):.8f}",
    }
    position = {
        "symbol": held.listing.market_id,
        "positionSide": "BOTH",
        "maintMargin": f"{held.maintenance(view):.8f}",
    }
    return {"assets": [asset], "positions": [position], "canWithdraw": True}


def position_risk(view: View, query: Query) -> Any:
    held = cross(view)
    return [
        {
            "symbol": held.listing.market_id,
            "positionSide": "BOTH",
            "positionAmt": f"{held.contracts:.0f}",
            "entryPrice": f"{held.entry:.8f}",
            "markPrice": f"{held.mark(view):.8f}",
            "unRealizedProfit": f"{held.profit(view):.10f}",
            "liquidationPrice": f"{held.liquidation(view):.8f}",
            "leverage": "10",
            "marginType": "cross",
            "isolatedMargin": "0.00000000",
        }
    ]


def position_mode(view: View, query: Query) -> Any:
    return {"dualSidePosition": False}


def adl_quantile(view: View, query: Query) -> Any:
    return [{"symbol": cross(view).listing.market_id, "adlQuantile": {"BOTH": 3}}]


def no_orders(view: View, query: Query) -> Any:
    return []


def commission_rate(view: View, query: Query) -> Any:
    return {"symbol": query.get("symbol"), "takerCommissionRate": "0.00050"}


ANSWERS = {
    "dapi/v1/account": account,
    "dapi/v1/positionRisk": position_risk,
    "dapi/v1/positionSide/dual": position_mode,
    "dapi/v1/adlQuantile": adl_quantile,
    "dapi/v1/openOrders": no_orders,
    "dapi/v1/openAlgoOrders": no_orders,
    "dapi/v1/commissionRate": commission_rate,
    "dapi/v2/leverageBracket": brackets("qtylFloor", "qtyCap"),
    "sapi/v1/account/apiRestrictions": restrictions,
}
