"""OKX: everything in contracts; a ticker without mark; funding that knows two settlements."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.loopback.private import okx as private
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
    "BTC": Terms(funding_rate=0.00008, open_interest_base=31_000.0, basis=0.0003),
    "ETH": Terms(funding_rate=0.00011, open_interest_base=600_000.0),
    "SOL": Terms(funding_rate=0.00002, funding_interval_h=4, open_interest_base=4_000_000.0),
}
CONTRACT_COINS = {"BTC": 0.01, "ETH": 0.1, "SOL": 1.0}
CONTRACT_USD = {"BTC": 100.0, "ETH": 10.0}
INVERSE_COINS = {"BTC": 6_000.0, "ETH": 90_000.0}
BARS_MS = {
    **{f"{n}m": n * MINUTE_MS for n in (1, 3, 5, 15, 30)},
    **{f"{n}H": n * HOUR_MS for n in (1, 2, 4)},
    **{f"{n}Hutc": n * HOUR_MS for n in (6, 12)},
    "1D": DAY_MS,
    "1Dutc": DAY_MS,
}


def listings(coins: Sequence[Coin]) -> tuple[Listing, ...]:
    linear = [
        Listing(
            key=MarketKey("okx", f"{coin.name}/USDT:USDT"),
            market_id=f"{coin.name}-USDT-SWAP",
            coin=coin,
            terms=TERMS.get(coin.name, Terms()),
            contract_size=CONTRACT_COINS.get(coin.name, 10.0),
        )
        for coin in coins
    ]
    inverse = [
        Listing(
            key=MarketKey("okx", f"{coin.name}/USD:{coin.name}"),
            market_id=f"{coin.name}-USD-SWAP",
            coin=coin,
            terms=Terms(funding_rate=0.00006, open_interest_base=INVERSE_COINS[coin.name]),
            contract_size=CONTRACT_USD[coin.name],
            inverse=True,
        )
        for coin in coins
        if coin.name in INVERSE_COINS
    ]
    return (*linear, *inverse)


def _envelope(rows: Sequence[Any]) -> Any:
    return {"code": "0", "msg": "", "data": list(rows)}


def _chosen(view: View, query: Query) -> tuple[Listing, ...]:
    if query.get("instType", "SWAP") != "SWAP":
        return ()
    name = query.get("instId")
    return view.chosen(None if name == "ANY" else name)


def server_time(view: View, query: Query) -> Any:
    return _envelope([{"ts": str(view.stamp_ms)}])


def instruments(view: View, query: Query) -> Any:
    return _envelope([_instrument(item) for item in _chosen(view, query)])


def _instrument(listing: Listing) -> dict[str, Any]:
    family = listing.market_id.removesuffix("-SWAP")
    return {
        "alias": "",
        "baseCcy": "",
        "category": "1",
        "ctMult": "1",
        "ctType": "inverse" if listing.inverse else "linear",
        "ctVal": f"{listing.contract_size:g}",
        "ctValCcy": "USD" if listing.inverse else listing.coin.name,
        "expTime": "",
        "instFamily": family,
        "instId": listing.market_id,
        "instType": "SWAP",
        "lever": "100",
        "listTime": "1573557408000",
        "lotSz": "1",
        "minSz": "1",
        "quoteCcy": "",
        "ruleType": "normal",
        "settleCcy": listing.coin.name if listing.inverse else "USDT",
        "state": "live",
        "tickSz": f"{10**-listing.coin.decimals:.{listing.coin.decimals}f}",
        "uly": family,
    }


def position_tiers(view: View, query: Query) -> Any:
    families = query.get("instFamily", "").split(",")
    rows = []
    for item in view.listings:
        family, floor = item.market_id.removesuffix("-SWAP"), 0.0
        for number, (cap_usd, rate, leverage) in enumerate(TIERS, 1):
            cap = round(item.contracts(cap_usd / item.coin.price, item.coin.price))
            if family in families:
                rows.append(
                    {
                        "instFamily": family,
                        "instId": "",
                        "maxLever": f"{leverage:g}",
                        "maxSz": f"{cap}",
                        "minSz": f"{floor:g}",
                        "mmr": f"{rate}",
                        "imr": f"{1 / leverage}",
                        "tier": f"{number}",
                        "uly": family,
                    }
                )
            floor = cap + 1
    return _envelope(rows)


def tickers(view: View, query: Query) -> Any:
    return _envelope([_ticker(view, item) for item in _chosen(view, query)])


def _ticker(view: View, listing: Listing) -> dict[str, str]:
    truth = view.truth(listing)
    last = f"{truth.last_price:.6f}"
    base = view.volume_24h_base(truth)
    return {
        "instType": "SWAP",
        "instId": listing.market_id,
        "last": last,
        "lastSz": "1",
        "askPx": f"{truth.ask_price:.6f}",
        "askSz": "10",
        "bidPx": f"{truth.bid_price:.6f}",
        "bidSz": "10",
        "open24h": last,
        "high24h": last,
        "low24h": last,
        "volCcy24h": f"{base:.4f}",
        "vol24h": f"{listing.contracts(base, truth.mark_price):.2f}",
        "ts": str(view.stamp_ms),
    }


def mark_price(view: View, query: Query) -> Any:
    return _envelope(
        {
            "instId": item.market_id,
            "instType": "SWAP",
            "markPx": f"{view.truth(item).mark_price:.6f}",
            "ts": str(view.stamp_ms),
        }
        for item in _chosen(view, query)
    )


def index_tickers(view: View, query: Query) -> Any:
    """Answer by index (``BTC-USDT``) or by quote currency."""
    rows = []
    for item in view.listings:
        family = item.market_id.removesuffix("-SWAP")
        if query.get("instId", family) == family and family.endswith(query.get("quoteCcy", "")):
            price = f"{view.truth(item).index_price:.6f}"
            rows.append({"instId": family, "idxPx": price, "ts": str(view.stamp_ms)})
    return _envelope(rows)


def funding(view: View, query: Query) -> Any:
    return _envelope([_funding(view, item) for item in _chosen(view, query)])


def _funding(view: View, listing: Listing) -> dict[str, str]:
    truth = view.truth(listing)
    after_next = truth.next_funding_ms + truth.funding_interval_h * HOUR_MS
    return {
        "instType": "SWAP",
        "instId": listing.market_id,
        "fundingRate": f"{truth.funding_rate:.8f}",
        "fundingTime": str(truth.next_funding_ms),
        "nextFundingRate": "",
        "nextFundingTime": str(after_next),
        "method": "current_period",
        "settState": "settled",
        "ts": str(view.stamp_ms),
    }


def settled_funding(view: View, query: Query) -> Any:
    rows = []
    for item in _chosen(view, query):
        times = _page(
            view, query, item.terms.funding_interval_h * HOUR_MS, ("before", "after"), 100
        )
        rows = [
            {
                "instType": "SWAP",
                "instId": item.market_id,
                "fundingRate": f"{rate * 1.01:.8f}",  # announced; not what was paid
                "realizedRate": f"{rate:.8f}",
                "fundingTime": str(t),
            }
            for t, rate in view.settlements(item, times)
        ]
    return _envelope(rows[::-1])


def _page(view: View, query: Query, step_ms: int, bounds: tuple[str, str], most: int) -> TimeArray:
    """Return the newest times strictly between two bounds, as OKX pages."""
    start = int(query.get(bounds[0], -1)) + 1
    end = min(int(query.get(bounds[1], view.moment_ms + 1)) - 1, view.moment_ms)
    return grid(start, end, step_ms, min(int(query.get("limit", 100)), most), newest=True)


def open_interest(view: View, query: Query) -> Any:
    return _envelope([_interest(view, item) for item in _chosen(view, query)])


def _interest(view: View, listing: Listing) -> dict[str, str]:
    truth = view.truth(listing)
    contracts = listing.contracts(truth.open_interest_base, truth.mark_price)
    return {
        "instId": listing.market_id,
        "instType": "SWAP",
        "oi": f"{contracts:.4f}",
        "oiCcy": f"{truth.open_interest_base:.6f}",
        "oiUsd": f"{truth.open_interest_usd:.4f}",
        "ts": str(view.stamp_ms),
    }


def open_interest_history(view: View, query: Query) -> Any:
    listing = view.listing(query.get("instId", ""))
    if listing is None:
        return _envelope([])
    times = _page(view, query, BARS_MS[query["period"]], ("begin", "end"), 100)
    rows = [
        [str(t), f"{_contracts(listing, base, usd):.6f}", f"{base:.6f}", f"{usd:.4f}"]
        for t, base, usd in view.open_interest(listing, times)
    ]
    return _envelope(rows[::-1])


def _contracts(listing: Listing, base: float, usd: float) -> float:
    return (usd if listing.inverse else base) / listing.contract_size


def candles(price: str, most: int) -> Answer:
    def answer(view: View, query: Query) -> Any:
        name = query.get("instId", "")
        listing = view.listing(name) or view.listing(f"{name}-SWAP")
        if listing is None:
            return _envelope([])
        step_ms = BARS_MS[query["bar"]]
        opens = _page(view, query, step_ms, ("before", "after"), most)
        rows = view.candles(listing, opens, step_ms, price).tolist()
        return _envelope([_candle(listing, row, price) for row in rows[::-1]])

    return answer


def _candle(listing: Listing, row: list[float], price: str) -> list[str]:
    time_ms, *prices, base = row
    texts = [str(int(time_ms)), *[f"{value:.6f}" for value in prices]]
    if price != "last":
        return [*texts, "1"]
    usd = base * prices[-1]
    return [*texts, f"{_contracts(listing, base, usd):.2f}", f"{base:.4f}", f"{usd:.2f}", "1"]


def books(view: View, query: Query) -> Any:
    listing = view.listing(query.get("instId", ""))
    if listing is None:
        return refusal(400)
    bids, asks = view.book(listing, min(int(query.get("sz", 1)), 400))
    sides = {"bids": _levels(listing, bids), "asks": _levels(listing, asks)}
    return _envelope([sides | {"ts": str(view.stamp_ms)}])


def _levels(listing: Listing, levels: list[tuple[float, float]]) -> list[list[str]]:
    return [[f"{p:.6f}", f"{listing.contracts(base, p):.4f}", "0", "1"] for p, base in levels]


def refusal(status: int) -> Any:
    code, words = (
        ("50011", "Too Many Requests")
        if status in (418, 429)
        else ("50001", "Service temporarily unavailable.")
    )
    return {"code": code, "msg": words, "data": []}


VENUE = Venue(
    name="okx",
    listings=listings,
    answers={
        "api/v5/public/time": server_time,
        "api/v5/public/instruments": instruments,
        "api/v5/public/position-tiers": position_tiers,
        "api/v5/market/tickers": tickers,
        "api/v5/market/ticker": tickers,
        "api/v5/public/mark-price": mark_price,
        "api/v5/market/index-tickers": index_tickers,
        "api/v5/public/funding-rate": funding,
        "api/v5/public/funding-rate-history": settled_funding,
        "api/v5/public/open-interest": open_interest,
        "api/v5/rubik/stat/contracts/open-interest-history": open_interest_history,
        "api/v5/market/candles": candles("last", 300),
        "api/v5/market/history-candles": candles("last", 300),
        "api/v5/market/mark-price-candles": candles("mark", 100),
        "api/v5/market/history-mark-price-candles": candles("mark", 100),
        "api/v5/market/index-candles": candles("index", 100),
        "api/v5/market/history-index-candles": candles("index", 100),
        "api/v5/market/books": books,
    },
    refusal=refusal,
    private=private.ANSWERS,
    signed_by=private.SIGNED_BY,
)
