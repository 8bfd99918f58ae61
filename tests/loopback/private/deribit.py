"""Deribit: 140,000 USD long of the perpetual on half a bitcoin; maintenance grows with size."""

from __future__ import annotations

from typing import Any

from tests.loopback.private.holding import Holding, bitcoin
from tests.loopback.world import Query, View

RATE, SLOPE = 0.01, 0.00005  # Deribit's standard margin: 1 % + 0.005 % a bitcoin


def cross(view: View) -> Holding:
    return Holding(listing=bitcoin(view, inverse=True), size=140_000.0, wallet=0.5)


def maintenance(view: View, held: Holding, price: float) -> float:
    coins = held.size / price
    return coins * (RATE + SLOPE * coins) * view.state.rate_factor


def liquidation(view: View, held: Holding) -> float:
    def surplus(price: float) -> float:
        profit = held.size / held.entry - held.size / price
        return held.wallet + profit - maintenance(view, held, price)

    low, high = 1_000.0, held.mark(view)
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if surplus(middle) < 0 else (low, middle)
    return high


def _envelope(view: View, result: Any) -> Any:
    return {"jsonrpc": "2.0", "result": result, "usIn": 0, "usOut": 0, "usDiff": 0}


def auth(view: View, query: Query) -> Any:
    scope = "account:read trade:read wallet:read"
    if view.state.key_may_trade:
        scope = "account:read trade:read_write wallet:read"
    return _envelope(view, {"access_token": "short-lived", "scope": f"connection {scope}"})


def summaries(view: View, query: Query) -> Any:
    held = cross(view)
    initial = held.value(held.mark(view)) * 0.02
    row = {
        "currency": "BTC",
        "margin_model": "segregated_sm",
        "balance": held.wallet - 0.01,  # since the last settlement: not at our entry price
        "equity": held.balance(view),
        "margin_balance": held.balance(view),
        "initial_margin": initial,
        "maintenance_margin": maintenance(view, held, held.mark(view)),
        "available_funds": held.balance(view) - initial,
        "available_withdrawal_funds": held.wallet - initial,
    }
    empty = {"currency": "ETH", "margin_model": "segregated_sm", "equity": 0.0}
    return _envelope(view, {"summaries": [row, empty]})


def positions(view: View, query: Query) -> Any:
    held = cross(view)
    return _envelope(
        view,
        [
            {
                "instrument_name": held.listing.market_id,
                "kind": "future",
                "direction": "buy",
                "size": held.size,
                "size_currency": held.size / held.mark(view),
                "average_price": held.entry,
                "mark_price": held.mark(view),
                "leverage": 50,
                "initial_margin": held.value(held.mark(view)) * 0.02,
                "maintenance_margin": maintenance(view, held, held.mark(view)),
                "floating_profit_loss": held.profit(view) + 0.01,
                "total_profit_loss": held.profit(view),
                "estimated_liquidation_price": round(liquidation(view, held), 2),
            }
        ],
    )


def orders(view: View, query: Query) -> Any:
    held = cross(view)
    return _envelope(
        view,
        [
            {
                "instrument_name": held.listing.market_id,
                "order_type": "stop_market",
                "order_state": "untriggered",
                "direction": "sell",
                "amount": held.size,
                "filled_amount": 0,
                "price": "market_price",
                "trigger_price": held.stop,
                "trigger": "index_price",
                "reduce_only": True,
            }
        ],
    )


ANSWERS = {
    "api/v2/private/get_account_summaries": summaries,
    "api/v2/private/get_positions": positions,
    "api/v2/private/get_open_orders": orders,
}
PUBLIC = {"api/v2/public/auth": auth}
SIGNED_BY = "Authorization"
