"""Bybit: one tickers answer with mark, index and funding; open interest counted on both sides."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.loopback.private import bybit as private
from tests.loopback.world import (
    TIERS,
    Answer,
    Coin,
    Listing,
    Query,
    Terms,
    TimeArray,
    Venue,
    View,
    grid,
)
from workstation.market.instrument import MarketKey
from workstation.units import DAY_MS, HOUR_MS, MINUTE_MS

TERMS = {
    "BTC": Terms(funding_rate=0.0001, open_interest_base=52_000.0, basis=-0.0001),
    "ETH": Terms(funding_rate=-0.00002, open_interest_base=900_000.0),
    "SOL": Terms(funding_rate=0.00003, funding_interval_h=4, open_interest_base=7_000_000.0),
}
INVERSE_COINS = {"BTC": 7_500.0, "ETH": 150_000.0}  # one-sided open interest in coins
INTERVALS_MS = {str(n): n * MINUTE_MS for n in (1, 3, 5, 15, 30, 60, 120, 240, 360, 720)} | {
    "D": DAY_MS
}
PERIODS_MS = {
    **{f"{n}min": n * MINUTE_MS for n in (5, 15, 30)},
    **{f"{n}h": n * HOUR_MS for n in (1, 4)},
    "1d": DAY_MS,
}


def listings(coins: Sequence[Coin]) -> tuple[Listing, ...]:
    linear = [
        Listing(
            key=MarketKey("bybit", f"{coin.name}/USDT:USDT"),
            market_id=f"{coin.name}USDT",
            coin=coin,
            terms=TERMS.get(coin.name, Terms()),
        )
        for coin in coins
    ]
    inverse = [
        Listing(
            key=MarketKey("bybit", f"{coin.name}/USD:{coin.name}"),
            market_id=f"{coin.name}USD",
            coin=coin,
            terms=Terms(funding_rate=0.00007, open_interest_base=INVERSE_COINS[coin.name]),
            inverse=True,
        )
        for coin in coins
        if coin.name in INVERSE_COINS
    ]
    return (*linear, *inverse)


def _envelope(view: View, result: Any) -> Any:
    return {
        "retCode": 0,
        "retMsg": "OK",
        "result": result,
        "retExtInfo": {},
        "time": view.stamp_ms,
    }


def _chosen(view: View, query: Query) -> list[Listing]:
    inverse = query.get("category") == "inverse"
    if query.get("category") not in ("linear", "inverse"):
        return []
    return [item for item in view.chosen(query.get("symbol")) if item.inverse == inverse]


def server_time(view: View, query: Query) -> Any:
    return _envelope(view, {"timeSecond": str(view.stamp_ms // 1_000)})


def instruments(view: View, query: Query) -> Any:
    rows = [] if query.get("status") == "PreLaunch" else map(_instrument, _chosen(view, query))
    result = {"category": query.get("category"), "list": list(rows), "nextPageCursor": ""}
    return _envelope(view, result)


def _instrument(listing: Listing) -> dict[str, Any]:
    return {
        "symbol": listing.market_id,
        "contractType": "InversePerpetual" if listing.inverse else "LinearPerpetual",
        "status": "Trading",
        "baseCoin": listing.coin.name,
        "quoteCoin": "USD" if listing.inverse else "USDT",
        "launchTime": "1585526400000",
        "deliveryTime": "0",
        "priceScale": str(listing.coin.decimals),
        "leverageFilter": {"minLeverage": "1", "maxLeverage": "100.00", "leverageStep": "0.01"},
        "priceFilter": {
            "minPrice": "0.00001",
            "maxPrice": "999999.00",
            "tickSize": f"{10**-listing.coin.decimals:.{listing.coin.decimals}f}",
        },
        "lotSizeFilter": {
            "maxOrderQty": "1000000",
            "minOrderQty": "1" if listing.inverse else "0.001",
            "qtyStep": "1" if listing.inverse else "0.001",
        },
        "unifiedMarginTrade": True,
        "fundingInterval": listing.terms.funding_interval_h * 60,
        "settleCoin": listing.coin.name if listing.inverse else "USDT",
    }


def tickers(view: View, query: Query) -> Any:
    rows = [_ticker(view, item) for item in _chosen(view, query)]
    return _envelope(view, {"category": query.get("category"), "list": rows})


def _ticker(view: View, listing: Listing) -> dict[str, Any]:
    truth = view.truth(listing)
    base = view.volume_24h_base(truth)
    coins, usd = 2 * truth.open_interest_base, 2 * truth.open_interest_usd
    volume, turnover = base, base * truth.mark_price
    if listing.inverse:
        coins, usd, volume, turnover = usd, coins, turnover, volume
    last = f"{truth.last_price:.{listing.coin.decimals + 2}f}"
    return {
        "symbol": listing.market_id,
        "lastPrice": last,
        "indexPrice": f"{truth.index_price:.6f}",
        "markPrice": f"{truth.mark_price:.6f}",
        "prevPrice24h": last,
        "price24hPcnt": "0",
        "highPrice24h": last,
        "lowPrice24h": last,
        "openInterest": f"{coins:.3f}",
        "openInterestValue": f"{usd:.3f}",
        "turnover24h": f"{turnover:.4f}",
        "volume24h": f"{volume:.4f}",
        "fundingRate": f"{truth.funding_rate:.8f}",
        "nextFundingTime": str(truth.next_funding_ms),
        "fundingIntervalHour": str(truth.funding_interval_h),
        "deliveryTime": "0",
        "bid1Price": f"{truth.bid_price:.6f}",
        "bid1Size": "1",
        "ask1Price": f"{truth.ask_price:.6f}",
        "ask1Size": "1",
    }


def settled_funding(view: View, query: Query) -> Any:
    rows = []
    for item in _chosen(view, query):
        times = _page(
            view, query, item.terms.funding_interval_h * HOUR_MS, ("startTime", "endTime"), 200
        )
        rows = [
            {
                "symbol": item.market_id,
                "fundingRate": f"{rate:.8f}",
                "fundingRateTimestamp": str(t),
            }
            for t, rate in view.settlements(item, times)
        ]
    return _envelope(view, {"category": query.get("category"), "list": rows[::-1]})


def _page(view: View, query: Query, step_ms: int, bounds: tuple[str, str], most: int) -> TimeArray:
    start, end = int(query.get(bounds[0], 0)), int(query.get(bounds[1], view.moment_ms))
    limit = min(int(query.get("limit", 50)), most)
    newest = not start or bounds[1] in query
    return grid(start, min(end, view.moment_ms), step_ms, limit, newest=newest)


def open_interest(view: View, query: Query) -> Any:
    rows: list[dict[str, str]] = []
    for item in _chosen(view, query):
        times = _page(view, query, PERIODS_MS[query["intervalTime"]], ("startTime", "endTime"), 200)
        for t, base, usd in view.open_interest(item, times):
            one_sided = usd if item.inverse else base
            row = {"openInterest": f"{2 * one_sided:.8f}", "timestamp": str(t)}
            if not view.state.two_sided_only:
                row["singleOpenInterest"] = f"{one_sided:.8f}"
            rows.append(row)
    result = {"symbol": query.get("symbol"), "category": query.get("category")}
    return _envelope(view, result | {"list": rows[::-1], "nextPageCursor": ""})


def klines(price: str) -> Answer:
    def answer(view: View, query: Query) -> Any:
        rows: list[list[str]] = []
        for item in _chosen(view, query):
            step_ms = INTERVALS_MS[query["interval"]]
            opens = _page(view, query, step_ms, ("start", "end"), 1_000)
            candles = view.candles(item, opens, step_ms, price).tolist()
            rows = [_kline(item, row, price) for row in candles]
        result = {"symbol": query.get("symbol"), "category": query.get("category")}
        return _envelope(view, result | {"list": rows[::-1]})

    return answer


def _kline(listing: Listing, row: list[float], price: str) -> list[str]:
    time_ms, *prices, base = row
    texts = [str(int(time_ms)), *[f"{value:.6f}" for value in prices]]
    if price != "last":
        return texts
    volumes = [base, base * prices[-1]]
    return texts + [f"{value:.4f}" for value in (volumes[::-1] if listing.inverse else volumes)]


def risk_limits(view: View, query: Query) -> Any:
    """Answer without deductions, highest tier first: both have been seen."""
    rows = [
        {
            "id": number,
            "symbol": item.market_id,
            "riskLimitValue": f"{cap_usd / (item.coin.price if item.inverse else 1.0):.10g}",
            "maintenanceMargin": f"{rate}",
            "initialMargin": f"{1 / leverage}",
            "isLowestRisk": int(number == 1),
            "maxLeverage": f"{leverage:.2f}",
            "mmDeduction": "",
        }
        for item in _chosen(view, query)
        for number, (cap_usd, rate, leverage) in enumerate(TIERS, 1)
    ]
    result = {"category": query.get("category"), "list": rows[::-1], "nextPageCursor": ""}
    return _envelope(view, result)


def order_book(view: View, query: Query) -> Any:
    for item in _chosen(view, query):
        bids, asks = view.book(item, min(int(query.get("limit", 25)), 500))
        sides = {"b": _levels(item, bids), "a": _levels(item, asks)}
        stamps = {"s": item.market_id, "ts": view.stamp_ms, "u": view.stamp_ms}
        return _envelope(view, stamps | sides)
    return {"retCode": 10001, "retMsg": "symbol params err", "result": {}, "time": view.stamp_ms}


def _levels(listing: Listing, levels: list[tuple[float, float]]) -> list[list[str]]:
    return [[f"{p:.6f}", f"{listing.contracts(base, p):.6f}"] for p, base in levels]


def refusal(status: int) -> Any:
    code, words = (10006, "Too many visits!") if status in (418, 429) else (10016, "Server error.")
    return {"retCode": code, "retMsg": words, "result": {}, "retExtInfo": {}, "time": 0}


VENUE = Venue(
    name="bybit",
    listings=listings,
    answers={
        "v5/market/time": server_time,
        "v5/market/instruments-info": instruments,
        "v5/market/tickers": tickers,
        "v5/market/funding/history": settled_funding,
        "v5/market/open-interest": open_interest,
        "v5/market/kline": klines("last"),
        "v5/market/mark-price-kline": klines("mark"),
        "v5/market/index-price-kline": klines("index"),
        "v5/market/orderbook": order_book,
        "v5/market/risk-limit": risk_limits,
    },
    refusal=refusal,
    private=private.ANSWERS,
    signed_by=private.SIGNED_BY,
)
