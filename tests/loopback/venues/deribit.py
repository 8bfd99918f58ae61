"""Deribit: inverse perpetuals counted in USD, linear ones in coins, funding paid continuously."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.loopback.private import deribit as private
from tests.loopback.world import Coin, Listing, Query, Terms, Truth, Venue, View, grid, settled_rate
from workstation.market.instrument import MarketKey, Side
from workstation.units import DAY_MS, HOUR_MS, MINUTE_MS

TERMS = {
    "BTC": Terms(funding_rate=0.00005, open_interest_base=9_000.0, basis=0.0001),
    "ETH": Terms(funding_rate=0.00003, open_interest_base=120_000.0),
}
LINEAR_TERMS = Terms(funding_rate=0.00006, open_interest_base=1_500.0)
CONTRACT_USD = {"BTC": 10.0, "ETH": 1.0}
CONTRACT_COINS = {"BTC": 0.0001, "ETH": 0.001, "SOL": 0.1}
RESOLUTIONS_MS = {str(n): n * MINUTE_MS for n in (1, 3, 5, 10, 15, 30, 60, 120, 180, 360, 720)} | {
    "1D": DAY_MS
}
MOST_BARS = 5_000
MOST_SETTLEMENTS = 744


def listings(coins: Sequence[Coin]) -> tuple[Listing, ...]:
    inverse = [
        Listing(
            key=MarketKey("deribit", f"{coin.name}/USD:{coin.name}"),
            market_id=f"{coin.name}-PERPETUAL",
            coin=coin,
            terms=TERMS[coin.name],
            contract_size=CONTRACT_USD[coin.name],
            inverse=True,
        )
        for coin in coins
        if coin.name in TERMS
    ]
    linear = [
        Listing(
            key=MarketKey("deribit", f"{coin.name}/USDC:USDC"),
            market_id=f"{coin.name}_USDC-PERPETUAL",
            coin=coin,
            terms=LINEAR_TERMS,
            contract_size=CONTRACT_COINS.get(coin.name, 1.0),
        )
        for coin in coins
    ]
    return (*inverse, *linear)


def _envelope(view: View, result: Any) -> Any:
    times = {"usIn": view.stamp_ms * 1_000, "usOut": view.stamp_ms * 1_000 + 50, "usDiff": 50}
    return {"jsonrpc": "2.0", "result": result, "testnet": False} | times


def _named(view: View, query: Query) -> Listing | None:
    return view.listing(query.get("instrument_name", ""))


def server_time(view: View, query: Query) -> Any:
    return _envelope(view, view.stamp_ms)


def currencies(view: View, query: Query) -> Any:
    names = sorted({item.coin.name for item in view.listings} | {"USDC"})
    return _envelope(
        view,
        [
            {
                "currency": name,
                "currency_long": name,
                "coin_type": name,
                "fee_precision": 4,
                "min_confirmations": 1,
                "withdrawal_fee": 0.0,
                "withdrawal_priorities": [],
            }
            for name in names
        ],
    )


def instruments(view: View, query: Query) -> Any:
    if query.get("kind", "future") != "future":
        return _envelope(view, [])
    wanted = query.get("currency", "any")
    rows = [_instrument(item) for item in view.listings]
    return _envelope(view, [r for r in rows if wanted in ("any", r["settlement_currency"])])


def _instrument(listing: Listing) -> dict[str, Any]:
    kind = "reversed" if listing.inverse else "linear"
    quote = "USD" if listing.inverse else "USDC"
    return {
        "instrument_name": listing.market_id,
        "kind": "future",
        "instrument_type": kind,
        "future_type": kind,
        "price_index": f"{listing.coin.name.lower()}_{quote.lower()}",
        "settlement_period": "perpetual",
        "settlement_currency": listing.coin.name if listing.inverse else "USDC",
        "base_currency": listing.coin.name,
        "counter_currency": quote,
        "quote_currency": quote,
        "contract_size": listing.contract_size,
        "min_trade_amount": listing.contract_size,
        "tick_size": 10**-listing.coin.decimals,
        "max_leverage": 50,
        "maker_commission": 0.0,
        "taker_commission": 0.0005,
        "is_active": True,
        "creation_timestamp": 1_534_167_754_000,
        "expiration_timestamp": 32_503_708_800_000,
    }


def ticker(view: View, query: Query) -> Any:
    listing = _named(view, query)
    if listing is None:
        return refusal(400)
    return _envelope(view, _quote(view, listing))


def _quote(view: View, listing: Listing) -> dict[str, Any]:
    truth = view.truth(listing)
    base = view.volume_24h_base(truth)
    usd = base * truth.mark_price
    return {
        "timestamp": view.stamp_ms,
        "state": "open",
        "stats": {
            "volume": base,
            "volume_usd": usd,
            "volume_notional": usd,
            "price_change": 0.0,
            "low": truth.last_price,
            "high": truth.last_price,
        },
        "instrument_name": listing.market_id,
        "mark_price": round(truth.mark_price, 6),
        "index_price": round(truth.index_price, 6),
        "last_price": round(truth.last_price, 6),
        "open_interest": _interest(listing, truth),
        "funding_8h": truth.funding_rate,
        "current_funding": truth.funding_rate,
        "best_bid_price": round(truth.bid_price, 6),
        "best_bid_amount": 10_000.0,
        "best_ask_price": round(truth.ask_price, 6),
        "best_ask_amount": 10_000.0,
        "min_price": round(truth.mark_price * 0.985, 2),
        "max_price": round(truth.mark_price * 1.015, 2),
        "estimated_delivery_price": round(truth.index_price, 6),
    }


def _interest(listing: Listing, truth: Truth) -> float:
    return round(truth.open_interest_usd if listing.inverse else truth.open_interest_base, 4)


def summary_by_instrument(view: View, query: Query) -> Any:
    listing = _named(view, query)
    return _envelope(view, [_summary(view, listing)] if listing else [])


def summary_by_currency(view: View, query: Query) -> Any:
    """Answer every market that settles in a currency."""
    rows = [
        _summary(view, item)
        for item in view.listings
        if query.get("currency") == (item.coin.name if item.inverse else "USDC")
    ]
    return _envelope(view, rows if query.get("kind", "future") == "future" else [])


def _summary(view: View, listing: Listing) -> dict[str, Any]:
    quote = _quote(view, listing)
    stats = quote["stats"]
    return {
        "instrument_name": listing.market_id,
        "base_currency": listing.coin.name,
        "quote_currency": "USD" if listing.inverse else "USDC",
        "creation_timestamp": view.stamp_ms,
        "volume": stats["volume"],
        "volume_usd": stats["volume_usd"],
        "volume_notional": stats["volume_notional"],
        "price_change": 0.0,
        "high": stats["high"],
        "low": stats["low"],
        "last": quote["last_price"],
        "bid_price": quote["best_bid_price"],
        "ask_price": quote["best_ask_price"],
        "mid_price": (quote["best_bid_price"] + quote["best_ask_price"]) / 2,
        "mark_price": quote["mark_price"],
        "open_interest": quote["open_interest"],
        "estimated_delivery_price": quote["estimated_delivery_price"],
        "funding_8h": quote["funding_8h"],
        "current_funding": quote["current_funding"],
    }


def index_price(view: View, query: Query) -> Any:
    coin = query.get("index_name", "").partition("_")[0].upper()
    for item in view.listings:
        if item.coin.name == coin:
            price = view.truth(item).index_price
            return _envelope(view, {"index_price": price, "estimated_delivery_price": price})
    return refusal(400)


def funding_value(view: View, query: Query) -> Any:
    """Answer the interest over the asked window; the script's rate is per eight hours."""
    listing = _named(view, query)
    if listing is None:
        return refusal(400)
    hours = (int(query["end_timestamp"]) - int(query["start_timestamp"])) / HOUR_MS
    return _envelope(view, round(listing.terms.funding_rate * hours / 8, 12))


def settled_funding(view: View, query: Query) -> Any:
    listing = _named(view, query)
    if listing is None:
        return refusal(400)
    end = min(int(query["end_timestamp"]), view.moment_ms)
    times = grid(int(query["start_timestamp"]), end, HOUR_MS, MOST_SETTLEMENTS, newest=True)
    price = view.truth(listing).index_price
    rows = [
        {
            "timestamp": t,
            "index_price": price,
            "prev_index_price": price,
            "interest_8h": settled_rate(listing, t),
            "interest_1h": settled_rate(listing, t) / 8,
        }
        for t in times.tolist()
    ]
    return _envelope(view, rows)


def funding_chart(view: View, query: Query) -> Any:
    listing = _named(view, query)
    if listing is None:
        return refusal(400)
    hours = {"8h": 8, "24h": 24, "1m": 720}[query.get("length", "8h")]
    times = grid(view.moment_ms - hours * HOUR_MS, view.moment_ms, HOUR_MS, hours + 1, newest=True)
    price = view.truth(listing).index_price
    data = [
        {"timestamp": t, "index_price": price, "interest_8h": settled_rate(listing, t)}
        for t in times.tolist()
    ]
    rate = listing.terms.funding_rate
    return _envelope(view, {"current_interest": rate, "interest_8h": rate, "data": data})


def chart(view: View, query: Query) -> Any:
    listing = _named(view, query)
    if listing is None:
        return refusal(400)
    step_ms = RESOLUTIONS_MS[query["resolution"]]
    start, end = int(query["start_timestamp"]), int(query["end_timestamp"])
    opens = grid(start, min(end, view.moment_ms), step_ms, MOST_BARS, newest=True)
    rows = view.candles(listing, opens, step_ms, "last")
    times, opened, high, low, close, base = rows.T.tolist()
    result = {
        "status": "ok" if times else "no_data",
        "ticks": [int(t) for t in times],
        "open": opened,
        "high": high,
        "low": low,
        "close": close,
        "volume": base,
        "cost": [coins * price for coins, price in zip(base, close, strict=True)],
    }
    return _envelope(view, result)


def order_book(view: View, query: Query) -> Any:
    listing = _named(view, query)
    if listing is None:
        return refusal(400)
    bids, asks = view.book(listing, min(int(query.get("depth", 20)), 1_000))
    sides = {"bids": _levels(listing, bids), "asks": _levels(listing, asks)}
    return _envelope(view, _quote(view, listing) | sides | {"change_id": view.stamp_ms})


def _levels(listing: Listing, levels: list[tuple[float, float]]) -> list[list[float]]:
    """Render amounts in USD (inverse) or coins (linear)."""
    return [
        [round(price, 6), round(base * price if listing.inverse else base, 6)]
        for price, base in levels
    ]


def last_trades(view: View, query: Query) -> Any:
    """Answer the forced orders; the taker was liquidated in each."""
    listing = _named(view, query)
    if listing is None:
        return refusal(400)
    trades = [
        {
            "trade_seq": number,
            "trade_id": str(number),
            "timestamp": order.time_ms,
            "instrument_name": listing.market_id,
            "price": order.price,
            "amount": order.quantity_base * (order.price if listing.inverse else 1.0),
            "direction": "sell" if order.side is Side.LONG else "buy",
            "liquidation": "T",
            "index_price": order.price,
            "mark_price": order.price,
            "tick_direction": 0,
        }
        for number, order in enumerate(view.world.forced, start=1)
        if order.key == listing.key
    ]
    return _envelope(view, {"trades": trades[::-1], "has_more": False})


def settlements(view: View, query: Query) -> Any:
    return _envelope(view, {"settlements": [], "continuation": None})


def refusal(status: int) -> Any:
    code, words = {
        400: (-32602, "Invalid params"),
        418: (10028, "too_many_requests"),
        429: (10028, "too_many_requests"),
    }.get(status, (11051, "system_maintenance"))
    return {"jsonrpc": "2.0", "error": {"code": code, "message": words}, "testnet": False}


VENUE = Venue(
    name="deribit",
    listings=listings,
    answers=private.PUBLIC
    | {
        f"api/v2/public/{path}": answer
        for path, answer in {
            "get_time": server_time,
            "get_currencies": currencies,
            "get_instruments": instruments,
            "ticker": ticker,
            "get_book_summary_by_instrument": summary_by_instrument,
            "get_book_summary_by_currency": summary_by_currency,
            "get_index_price": index_price,
            "get_funding_rate_value": funding_value,
            "get_funding_rate_history": settled_funding,
            "get_funding_chart_data": funding_chart,
            "get_tradingview_chart_data": chart,
            "get_order_book": order_book,
            "get_last_trades_by_instrument": last_trades,
            "get_last_settlements_by_instrument": settlements,
            "get_last_settlements_by_currency": settlements,
        }.items()
    },
    refusal=refusal,
    private=private.ANSWERS,
    signed_by=private.SIGNED_BY,
)
