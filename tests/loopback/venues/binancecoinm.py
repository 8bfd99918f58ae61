"""Binance COIN-M: inverse, open interest and depth in contracts of 100 USD (BTC) or 10 USD."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.loopback.private import binancecoinm as private
from tests.loopback.venues import binance
from tests.loopback.world import Coin, Listing, Query, Terms, Venue, View
from workstation.market.instrument import MarketKey

TERMS = {"BTC": Terms(funding_rate=0.00009, open_interest_base=11_000.0, basis=-0.0001)}
CONTRACT_USD = {"BTC": 100.0}


def listings(coins: Sequence[Coin]) -> tuple[Listing, ...]:
    return tuple(
        Listing(
            key=MarketKey("binancecoinm", f"{coin.name}/USD:{coin.name}"),
            market_id=f"{coin.name}USD_PERP",
            coin=coin,
            terms=TERMS.get(coin.name, Terms()),
            contract_size=CONTRACT_USD.get(coin.name, 10.0),
            inverse=True,
        )
        for coin in coins
    )


def exchange_info(view: View, query: Query) -> Any:
    return binance.exchange_info(
        view,
        lambda item: {
            "pair": f"{item.coin.name}USD",
            "contractStatus": "TRADING",
            "contractSize": int(item.contract_size),
            "quoteAsset": "USD",
            "marginAsset": item.coin.name,
            "quantityPrecision": 0,
        },
    )


def open_interest(view: View, query: Query) -> Any:
    listing = view.listing(query.get("symbol", ""))
    if listing is None:
        return binance.refusal(400)
    truth = view.truth(listing)
    contracts = listing.contracts(truth.open_interest_base, truth.mark_price)
    return {
        "symbol": listing.market_id,
        "pair": f"{listing.coin.name}USD",
        "openInterest": f"{contracts:.0f}",
        "contractType": "PERPETUAL",
        "time": view.stamp_ms,
    }


def open_interest_history(view: View, query: Query) -> Any:
    """Answer contracts, and coins in the field that is called value."""
    listing = view.listing(f"{query.get('pair', '')}_PERP")
    if listing is None:
        return []
    step_ms = binance.INTERVALS_MS[query["period"]]
    times = binance.window(query, step_ms, view, default=30, most=500)
    return [
        {
            "contractType": "PERPETUAL",
            "pair": query["pair"],
            "sumOpenInterest": f"{usd / listing.contract_size:.8f}",
            "sumOpenInterestValue": f"{base:.8f}",
            "timestamp": t,
        }
        for t, base, usd in view.open_interest(listing, times)
    ]


VENUE = Venue(
    name="binancecoinm",
    listings=listings,
    answers=binance.answers(
        "dapi/v1",
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
