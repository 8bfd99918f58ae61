"""What both futures markets of Binance share: klines, settlements, depth, and how they refuse.

``base`` is the market's root, ``fapi/v1`` (linear) or ``dapi/v1`` (inverse, counted in contracts).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.loopback.world import Answer, Listing, Query, Truth, View, grid
from workstation.units import DAY_MS, HOUR_MS, MINUTE_MS

FAR_DELIVERY_MS = 4_133_404_800_000  # how Binance dates a perpetual
INTERVALS_MS = {
    **{f"{n}m": n * MINUTE_MS for n in (1, 3, 5, 15, 30)},
    **{f"{n}h": n * HOUR_MS for n in (1, 2, 4, 6, 8, 12)},
    "1d": DAY_MS,
}
STANDARD_INTERVAL_H = 8


def answers(root: str, data_root: str, own: dict[str, Answer]) -> dict[str, Answer]:
    """Return what both markets answer below their roots, completed by one's own answers."""
    shared = {
        "time": server_time,
        "premiumIndex": premium_index,
        "fundingInfo": funding_info,
        "fundingRate": settled_funding,
        "depth": depth,
        "klines": klines("last"),
        "markPriceKlines": klines("mark"),
        "indexPriceKlines": klines("index"),
        "ticker/bookTicker": book_ticker,
    }
    table = {f"{root}/{path}": answer for path, answer in (shared | own).items()}
    table[f"{data_root}/openInterestHist"] = table.pop(f"{root}/openInterestHist")
    return table


def price_text(listing: Listing, value: float) -> str:
    return f"{value:.{listing.coin.decimals + 3}f}"


def exchange_info(view: View, describe: Callable[[Listing], dict[str, Any]]) -> Any:
    symbols = [_symbol(item) | describe(item) for item in view.listings]
    return {"timezone": "UTC", "serverTime": view.stamp_ms, "symbols": symbols}


def _symbol(listing: Listing) -> dict[str, Any]:
    tick = f"{10**-listing.coin.decimals:.{listing.coin.decimals}f}"
    return {
        "symbol": listing.market_id,
        "contractType": "PERPETUAL",
        "deliveryDate": FAR_DELIVERY_MS,
        "onboardDate": 1_569_398_400_000,
        "baseAsset": listing.coin.name,
        "pricePrecision": listing.coin.decimals,
        "baseAssetPrecision": 8,
        "quotePrecision": 8,
        "filters": [
            {
                "filterType": "PRICE_FILTER",
                "minPrice": tick,
                "maxPrice": "9999999",
                "tickSize": tick,
            }
        ],
    }


def server_time(view: View, query: Query) -> Any:
    return {"serverTime": view.stamp_ms}


def premium_index(view: View, query: Query) -> Any:
    rows = [_premium(view, item) for item in view.chosen(query.get("symbol"))]
    linear = bool(rows) and "pair" not in rows[0]
    return rows[0] if linear and "symbol" in query else rows


def _premium(view: View, listing: Listing) -> dict[str, Any]:
    truth = view.truth(listing)
    row = {
        "symbol": listing.market_id,
        "markPrice": f"{truth.mark_price:.8f}",
        "indexPrice": f"{truth.index_price:.8f}",
        "estimatedSettlePrice": f"{truth.index_price:.8f}",
        "lastFundingRate": f"{truth.funding_rate:.8f}",
        "interestRate": "0.00010000",
        "nextFundingTime": truth.next_funding_ms,
        "time": view.stamp_ms,
    }
    return row | _pair(listing)


def _pair(listing: Listing) -> dict[str, str]:
    return {"pair": listing.market_id.partition("_")[0]} if listing.inverse else {}


def funding_info(view: View, query: Query) -> Any:
    """Say the interval only where it is not the standard one, as Binance does."""
    return [
        {
            "symbol": item.market_id,
            "adjustedFundingRateCap": "0.03000000",
            "adjustedFundingRateFloor": "-0.03000000",
            "fundingIntervalHours": item.terms.funding_interval_h,
            "disclaimer": False,
        }
        for item in view.listings
        if item.terms.funding_interval_h != STANDARD_INTERVAL_H
    ]


def settled_funding(view: View, query: Query) -> Any:
    listing = view.listing(query.get("symbol", ""))
    if listing is None:
        return []
    step_ms = listing.terms.funding_interval_h * HOUR_MS
    times = window(query, step_ms, view, default=100, most=1_000)
    return [
        {"symbol": listing.market_id, "fundingTime": t, "fundingRate": f"{rate:.8f}"}
        for t, rate in view.settlements(listing, times)
    ]


def window(query: Query, step_ms: int, view: View, *, default: int, most: int) -> Any:
    """Return the times of a page: from ``startTime`` forward, else the newest."""
    limit = min(int(query.get("limit", default)), most)
    start, end = int(query.get("startTime", 0)), int(query.get("endTime", view.moment_ms))
    return grid(start, end, step_ms, limit, newest=not start)


def klines(price: str) -> Answer:
    def answer(view: View, query: Query) -> Any:
        name = query.get("symbol") or query.get("pair", "")
        listing = next(
            (item for item in view.listings if name in (item.market_id, item.market_id[:-5])), None
        )
        if listing is None:
            return []
        step_ms = INTERVALS_MS[query["interval"]]
        opens = window(query, step_ms, view, default=500, most=1_500)
        return [
            _kline(listing, row, step_ms)
            for row in view.candles(listing, opens, step_ms, price).tolist()
        ]

    return answer


def _kline(listing: Listing, row: list[float], step_ms: int) -> list[Any]:
    time_ms, *prices, base = row
    contracts = listing.contracts(base, prices[-1])
    volume, other = (contracts, base) if listing.inverse else (base, base * prices[-1])
    return [
        int(time_ms),
        *[price_text(listing, price) for price in prices],
        f"{volume:.3f}",
        int(time_ms) + step_ms - 1,
        f"{other:.8f}",
        400,
        "0",
        "0",
        "0",
    ]


def depth(view: View, query: Query) -> Any:
    listing = view.listing(query.get("symbol", ""))
    if listing is None:
        return refusal(400)
    bids, asks = view.book(listing, min(int(query.get("limit", 500)), 1_000))
    stamps = {"lastUpdateId": view.stamp_ms, "E": view.stamp_ms, "T": view.stamp_ms}
    return stamps | {"bids": _levels(listing, bids), "asks": _levels(listing, asks)}


def _levels(listing: Listing, levels: list[tuple[float, float]]) -> list[list[str]]:
    return [
        [price_text(listing, price), f"{listing.contracts(base, price):.6f}"]
        for price, base in levels
    ]


def book_ticker(view: View, query: Query) -> Any:
    rows = [_best(view, item, view.truth(item)) for item in view.chosen(query.get("symbol"))]
    return rows[0] if "symbol" in query and rows and "pair" not in rows[0] else rows


def _best(view: View, listing: Listing, truth: Truth) -> dict[str, Any]:
    row = {
        "symbol": listing.market_id,
        "bidPrice": price_text(listing, truth.bid_price),
        "bidQty": "1.000",
        "askPrice": price_text(listing, truth.ask_price),
        "askQty": "1.000",
        "time": view.stamp_ms,
    }
    return row | _pair(listing)


def ticker_24h(view: View, query: Query) -> Any:
    rows = [_ticker(view, item) for item in view.chosen(query.get("symbol"))]
    return rows[0] if "symbol" in query and rows and "pair" not in rows[0] else rows


def _ticker(view: View, listing: Listing) -> dict[str, Any]:
    truth = view.truth(listing)
    last = price_text(listing, truth.last_price)
    row = {
        "symbol": listing.market_id,
        "priceChange": "0",
        "priceChangePercent": "0",
        "weightedAvgPrice": last,
        "lastPrice": last,
        "openPrice": last,
        "highPrice": last,
        "lowPrice": last,
        "closeTime": view.stamp_ms,
    }
    base = view.volume_24h_base(truth)
    if listing.inverse:
        volumes = {
            "volume": f"{listing.contracts(base, truth.mark_price):.0f}",
            "baseVolume": f"{base:.8f}",
        }
    else:
        volumes = {"volume": f"{base:.3f}", "quoteVolume": f"{base * truth.mark_price:.2f}"}
    return row | volumes | _pair(listing)


def refusal(status: int) -> Any:
    code = -1003 if status in (418, 429) else -1001
    return {"code": code, "msg": "Too many requests." if code == -1003 else "Internal error."}
