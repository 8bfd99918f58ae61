"""Binance USD-M: linear, counted in coins; mark, index and funding of all markets in one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.loopback.private import binanceusdm as private
from tests.loopback.venues import binance
from tests.loopback.world import Coin, Listing, Query, Terms, Venue, View
from workstation.market.instrument import MarketKey

TERMS = {
    "BTC": Terms(funding_rate=0.00012, open_interest_base=95_000.0, basis=0.0002),
    "ETH": Terms(funding_rate=0.00004, funding_interval_h=4, open_interest_base=2_100_000.0),
}


def listings(coins: Sequence[Coin]) -> tuple[Listing, ...]:
    return tuple(
        Listing(
            key=MarketKey("binanceusdm", f"{coin.name}/USDT:USDT"),
            market_id=f"{coin.name}USDT",
            coin=coin,
            terms=TERMS.get(coin.name, Terms()),
        )
        for coin in coins
    )


def exchange_info(view: View, query: Query) -> Any:
    return binance.exchange_info(
        view,
        lambda item: {
            "pair": item.market_id,
            "status": "TRADING",
            "quoteAsset": "USDT",
            "marginAsset": "USDT",
            "quantityPrecision": 3,
            "underlyingType": "COIN",
        },
    )


def open_interest(view: View, query: Query) -> Any:
    listing = view.listing(query.get("symbol", ""))
    if listing is None:
        return binance.refusal(400)
    base = view.truth(listing).open_interest_base
    return {"symbol": listing.market_id, "openInterest": f"{base:.3f}", "time": view.stamp_ms}


def open_interest_history(view: View, query: Query) -> Any:
    listing = view.listing(query.get("symbol", ""))
    if listing is None:
        return []
    step_ms = binance.INTERVALS_MS[query["period"]]
    times = binance.window(query, step_ms, view, default=30, most=500)
    return [
        {
            "symbol": listing.market_id,
            "sumOpenInterest": f"{base:.8f}",
            "sumOpenInterestValue": f"{usd:.8f}",
            "timestamp": t,
        }
        for t, base, usd in view.open_interest(listing, times)
    ]


VENUE = Venue(
    name="binanceusdm",
    listings=listings,
    answers=binance.answers(
        "fapi/v1",
        "futures/data",
        {
            "exchangeInfo": exchange_info,
            "ticker/24hr": binance.ticker_24h,
            "openInterest": open_interest,
            "openInterestHist": open_interest_history,
        },
    ),
    refusal=binance.refusal,
    private=private.ANSWERS,
    signed_by=private.SIGNED_BY,
)
