"""OKX: one contract of bitcoin long in isolation, one of ether across, ratios turned round.

Both sizes are the largest that the embedded tiers know.
"""

from __future__ import annotations

from typing import Any

from tests.loopback.private.holding import Holding, bitcoin, ether
from tests.loopback.world import Query, View

TAKER_FEE = 0.0003


def isolated(view: View) -> Holding:
    return Holding(listing=bitcoin(view), size=0.01, wallet=100.0, fee=TAKER_FEE)


def cross(view: View) -> Holding:
    return Holding(listing=ether(view), size=0.1, wallet=30.0, fee=TAKER_FEE)


def _envelope(*rows: Any) -> Any:
    return {"code": "0", "msg": "", "data": list(rows)}


def config(view: View, query: Query) -> Any:
    perm = "read_only,trade,withdraw" if view.state.key_may_trade else "read_only"
    return _envelope({"acctLv": "2", "posMode": "net_mode", "perm": perm})


def balance(view: View, query: Query) -> Any:
    held, own = cross(view), isolated(view)
    coin = {
        "ccy": "USDT",
        "cashBal": f"{held.wallet:.8f}",
        "eq": f"{held.balance(view) + own.balance(view):.8f}",
        "eqUsd": f"{held.balance(view) + own.balance(view):.8f}",
        "isoEq": f"{own.balance(view):.8f}",
        "availEq": f"{held.balance(view) - held.initial(view):.8f}",
        "upl": f"{held.profit(view) + own.profit(view):.8f}",
        "isoUpl": f"{own.profit(view):.8f}",
        "mgnRatio": f"{held.balance(view) / held.maintenance(view):.12f}",
        "mmr": f"{held.maintenance(view, fee=False):.12f}",
        "imr": f"{held.initial(view):.8f}",
    }
    return _envelope({"totalEq": coin["eqUsd"], "mgnRatio": "", "details": [coin]})


def positions(view: View, query: Query) -> Any:
    tick = 0.1
    own, held = isolated(view), cross(view)
    return _envelope(
        _position(view, own, "isolated", own.liquidation(view) + tick),
        _position(view, held, "cross", held.liquidation(view)),
    )


def _position(view: View, held: Holding, mode: str, liquidated_at: float) -> dict[str, Any]:
    is_isolated = mode == "isolated"
    ratio = held.balance(view) / held.maintenance(view)
    return {
        "instType": "SWAP",
        "instId": held.listing.market_id,
        "mgnMode": mode,
        "posSide": "net",
        "pos": f"{held.contracts:g}",
        "avgPx": f"{held.entry:.4f}",
        "markPx": f"{held.mark(view):.8f}",
        "upl": f"{held.profit(view):.12f}",
        "lever": f"{held.leverage:g}",
        "liqPx": f"{liquidated_at:.10f}",
        "margin": f"{held.wallet:.8f}" if is_isolated else "",
        "mgnRatio": f"{ratio:.12f}",
        "mmr": f"{held.maintenance(view, fee=False):.12f}",
        "imr": "" if is_isolated else f"{held.initial(view):.8f}",
        "adl": "1",
    }


def trade_fee(view: View, query: Query) -> Any:
    return _envelope({"takerU": f"-{TAKER_FEE}", "taker": "-0.0005"})


def max_withdrawal(view: View, query: Query) -> Any:
    return _envelope({"ccy": "USDT", "maxWd": "12.5"})


def currencies(view: View, query: Query) -> Any:
    return _envelope({"ccy": query.get("ccy"), "chain": "USDT-TRC20", "canWd": True})


def no_orders(view: View, query: Query) -> Any:
    return _envelope()


def algo_orders(view: View, query: Query) -> Any:
    own = isolated(view)
    return _envelope(
        {
            "instType": "SWAP",
            "instId": own.listing.market_id,
            "ordType": "oco",
            "side": "sell",
            "sz": f"{own.contracts:g}",
            "slTriggerPx": f"{own.stop:.1f}",
            "slTriggerPxType": "mark",
            "tpTriggerPx": "90000",
            "tpTriggerPxType": "last",
            "reduceOnly": "true",
        }
    )


ANSWERS = {
    "api/v5/account/config": config,
    "api/v5/account/balance": balance,
    "api/v5/account/positions": positions,
    "api/v5/account/trade-fee": trade_fee,
    "api/v5/account/max-withdrawal": max_withdrawal,
    "api/v5/asset/currencies": currencies,
    "api/v5/trade/orders-pending": no_orders,
    "api/v5/trade/orders-algo-pending": algo_orders,
}
SIGNED_BY = "OK-ACCESS-SIGN"
