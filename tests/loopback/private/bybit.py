"""Bybit: a unified account, two bitcoin long across, a stop, and prices rounded to the tick."""

from __future__ import annotations

import math
from typing import Any

from tests.loopback.private.holding import KEY, Holding, bitcoin
from tests.loopback.world import Query, View

TAKER_FEE = 0.00055


def cross(view: View) -> Holding:
    listing, leverage = bitcoin(view), 10.0
    closing = 2.0 * listing.coin.price * (1 - 1 / leverage) * TAKER_FEE
    return Holding(listing=listing, size=2.0, wallet=20_000.0, leverage=leverage, fee_fixed=closing)


def _envelope(view: View, result: Any) -> Any:
    return {"retCode": 0, "retMsg": "OK", "result": result, "retExtInfo": {}, "time": view.stamp_ms}


def key_info(view: View, query: Query) -> Any:
    wallet = ["AccountTransfer"] if view.state.key_may_trade else []
    read_only = 0 if view.state.key_may_trade else 1
    return _envelope(view, {"readOnly": read_only, "permissions": {"Wallet": wallet}})


def account_info(view: View, query: Query) -> Any:
    if view.state.key_refused:
        return {"retCode": 10003, "retMsg": f"API key {KEY} is invalid.", "result": {}}
    return _envelope(view, {"marginMode": "REGULAR_MARGIN", "unifiedMarginStatus": 5})


def wallet(view: View, query: Query) -> Any:
    held = cross(view)
    balance, maintenance = held.balance(view), held.maintenance(view)
    coin = {
        "coin": "USDT",
        "walletBalance": f"{held.wallet:.8f}",
        "equity": f"{balance:.8f}",
        "usdValue": f"{balance:.8f}",
        "unrealisedPnl": f"{held.profit(view):.8f}",
        "marginCollateral": True,
        "collateralSwitch": True,
    }
    row = {
        "accountType": "UNIFIED",
        "totalMarginBalance": f"{balance:.8f}",
        "totalInitialMargin": f"{held.initial(view):.8f}",
        "totalMaintenanceMargin": f"{maintenance:.8f}",
        "totalAvailableBalance": f"{balance - held.initial(view):.8f}",
        "totalPerpUPL": f"{held.profit(view):.8f}",
        "accountMMRate": f"{maintenance / balance:.8f}",
        "coin": [coin],
    }
    return _envelope(view, {"list": [row]})


def collateral(view: View, query: Query) -> Any:
    return _envelope(view, {"list": [{"currency": "USDT", "collateralRatio": "1"}]})


def positions(view: View, query: Query) -> Any:
    if query.get("settleCoin") != "USDT":
        return _envelope(view, {"list": [], "nextPageCursor": ""})
    held = cross(view)
    printed = math.ceil(held.liquidation(view) * 10) / 10  # the tick, towards earlier liquidation
    row = {
        "positionIdx": 0,
        "symbol": held.listing.market_id,
        "side": "Buy",
        "size": f"{held.size:.3f}",
        "avgPrice": f"{held.entry:.4f}",
        "leverage": f"{held.leverage:g}",
        "markPrice": f"{held.mark(view):.6f}",
        "liqPrice": f"{printed:.1f}",
        "bustPrice": "",
        "positionIM": f"{held.initial(view):.8f}",
        "positionMM": f"{held.maintenance(view):.8f}",
        "positionBalance": "0",
        "tradeMode": 0,
        "unrealisedPnl": f"{held.profit(view):.8f}",
        "adlRankIndicator": 4,
        "positionStatus": "Normal",
    }
    return _envelope(view, {"list": [row], "nextPageCursor": ""})


def orders(view: View, query: Query) -> Any:
    held = cross(view)
    stop = {
        "symbol": held.listing.market_id,
        "side": "Sell",
        "orderType": "Market",
        "stopOrderType": "StopLoss",
        "price": "0",
        "qty": f"{held.size:.3f}",
        "leavesQty": f"{held.size:.3f}",
        "triggerPrice": f"{held.stop:.1f}",
        "triggerBy": "LastPrice",
        "reduceOnly": True,
    }
    rows = [stop] if query.get("settleCoin") == "USDT" else []
    return _envelope(view, {"list": rows, "nextPageCursor": ""})


def fee_rate(view: View, query: Query) -> Any:
    row = {"symbol": query.get("symbol"), "takerFeeRate": f"{TAKER_FEE:.5f}"}
    return _envelope(view, {"list": [row]})


def coin_info(view: View, query: Query) -> Any:
    chains = [{"chain": "ETH", "chainWithdraw": "0"}, {"chain": "TRX", "chainWithdraw": "0"}]
    return _envelope(view, {"rows": [{"coin": query.get("coin"), "chains": chains}]})


ANSWERS = {
    "v5/user/query-api": key_info,
    "v5/account/info": account_info,
    "v5/account/wallet-balance": wallet,
    "v5/account/collateral-info": collateral,
    "v5/account/fee-rate": fee_rate,
    "v5/asset/coin/query-info": coin_info,
    "v5/position/list": positions,
    "v5/order/realtime": orders,
}
SIGNED_BY = "X-BAPI-SIGN"
