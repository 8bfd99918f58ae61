"""Binance USD-M: two bitcoin long across, ten ether long in isolation, a stop among the algos."""

from __future__ import annotations

from typing import Any

from tests.loopback.private.brackets import brackets
from tests.loopback.private.holding import Holding, bitcoin, ether
from tests.loopback.world import Query, View


def cross(view: View) -> Holding:
    return Holding(listing=bitcoin(view), size=2.0, wallet=20_000.0)


def isolated(view: View) -> Holding:
    return Holding(listing=ether(view), size=10.0, wallet=2_000.0)


def account(view: View, query: Query) -> Any:
    held, own = cross(view), isolated(view)
    asset = {
        "asset": "USDT",
        "walletBalance": f"{held.wallet + own.wallet:.8f}",
        "crossWalletBalance": f"{held.wallet:.8f}",
        "crossUnPnl": f"{held.profit(view):.8f}",
        "unrealizedProfit": f"{held.profit(view) + own.profit(view):.8f}",
        "marginBalance": f"{held.balance(view) + own.balance(view):.8f}",
        "maintMargin": f"{held.maintenance(view) + own.maintenance(view):.8f}",
        "availableBalance": f"{held.balance(view) - held.initial(view):.8f}",
        "maxWithdrawAmount": f"{held.wallet - held.initial(view):.8f}",
    }
    empty = asset | dict.fromkeys(("walletBalance", "crossWalletBalance", "crossUnPnl"), "0.0")
    return {"assets": [asset, empty | {"asset": "BNB"}], "positions": []}


def position_risk(view: View, query: Query) -> Any:
    return [
        _risk(view, cross(view), is_isolated=False),
        _risk(view, isolated(view), is_isolated=True),
    ]


def _risk(view: View, held: Holding, *, is_isolated: bool) -> dict[str, Any]:
    wallet = held.wallet if is_isolated else 0.0
    return {
        "symbol": held.listing.market_id,
        "positionSide": "BOTH",
        "positionAmt": f"{held.size:.3f}",
        "entryPrice": f"{held.entry:.8f}",
        "markPrice": f"{held.mark(view):.8f}",
        "unRealizedProfit": f"{held.profit(view):.8f}",
        "liquidationPrice": f"{held.liquidation(view):.8f}",
        "isolatedMargin": f"{wallet + held.profit(view) if is_isolated else 0.0:.8f}",
        "isolatedWallet": f"{wallet:.8f}",
        "notional": f"{held.value(held.mark(view)):.8f}",
        "marginAsset": "USDT",
        "maintMargin": f"{held.maintenance(view):.8f}",
        "positionInitialMargin": f"{held.initial(view):.8f}",
        "adl": 2,
        "updateTime": view.stamp_ms,
    }


def account_config(view: View, query: Query) -> Any:
    return {
        "feeTier": 0,
        "canTrade": True,
        "canWithdraw": True,
        "dualSidePosition": False,
        "multiAssetsMargin": False,
    }


def symbol_config(view: View, query: Query) -> Any:
    kinds = {bitcoin(view).market_id: "CROSSED", ether(view).market_id: "ISOLATED"}
    return [{"symbol": name, "marginType": kind, "leverage": 10} for name, kind in kinds.items()]


def open_orders(view: View, query: Query) -> Any:
    return [
        {
            "symbol": ether(view).market_id,
            "type": "LIMIT",
            "side": "BUY",
            "price": "1500.00",
            "stopPrice": "0",
            "origQty": "4.000",
            "executedQty": "1.000",
            "reduceOnly": False,
            "closePosition": False,
        }
    ]


def open_algo_orders(view: View, query: Query) -> Any:
    return [
        {
            "symbol": bitcoin(view).market_id,
            "orderType": "STOP_MARKET",
            "side": "SELL",
            "triggerPrice": f"{cross(view).stop:.1f}",
            "price": "0",
            "quantity": "0.000",
            "workingType": "MARK_PRICE",
            "closePosition": True,
            "reduceOnly": True,
        }
    ]


def commission_rate(view: View, query: Query) -> Any:
    return {
        "symbol": query.get("symbol"),
        "makerCommissionRate": "0.000200",
        "takerCommissionRate": "0.000450",
    }


def restrictions(view: View, query: Query) -> Any:
    may = view.state.key_may_trade
    return {
        "ipRestrict": False,
        "enableReading": True,
        "enableWithdrawals": False,
        "enableInternalTransfer": False,
        "permitsUniversalTransfer": False,
        "enableMargin": False,
        "enableFutures": may,
        "enableSpotAndMarginTrading": may,
    }


ANSWERS = {
    "fapi/v3/account": account,
    "fapi/v3/positionRisk": position_risk,
    "fapi/v1/accountConfig": account_config,
    "fapi/v1/symbolConfig": symbol_config,
    "fapi/v1/openOrders": open_orders,
    "fapi/v1/openAlgoOrders": open_algo_orders,
    "fapi/v1/commissionRate": commission_rate,
    "fapi/v1/leverageBracket": brackets("notionalFloor", "notionalCap"),
    "sapi/v1/account/apiRestrictions": restrictions,
}
SIGNED_BY = "X-MBX-APIKEY"
