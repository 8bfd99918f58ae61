"""Hyperliquid: one address for every question, coins for units, hourly funding, no stamps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.loopback.world import TIERS, Coin, Listing, Query, Terms, Venue, View, grid
from workstation.market.instrument import MarketKey
from workstation.units import DAY_MS, HOUR_MS, MINUTE_MS

HOURLY = Terms(funding_rate=0.0000125, funding_interval_h=1)
TERMS = {
    "BTC": Terms(
        funding_rate=0.0000151, funding_interval_h=1, open_interest_base=28_000.0, basis=-0.0002
    ),
    "ETH": Terms(funding_rate=0.0000125, funding_interval_h=1, open_interest_base=500_000.0),
}
MOST_CANDLES = 5_000
MOST_SETTLEMENTS = 500
BOOK_LEVELS = 20
INTERVALS_MS = {
    **{f"{n}m": n * MINUTE_MS for n in (1, 3, 5, 15, 30)},
    **{f"{n}h": n * HOUR_MS for n in (1, 2, 4, 8, 12)},
    "1d": DAY_MS,
}
ACCOUNT_USD = 250_000.0
ACCOUNT_BTC = 3.0  # every address holds this long, opened at the start price, at 10x cross

MARGIN_TABLE = 56


def listings(coins: Sequence[Coin]) -> tuple[Listing, ...]:
    return tuple(
        Listing(
            key=MarketKey("hyperliquid", f"{coin.name}/USDC:USDC"),
            market_id=coin.name,
            coin=coin,
            terms=TERMS.get(coin.name, HOURLY),
        )
        for coin in coins
    )


def meta(view: View, query: Query) -> Any:
    universe = [
        {
            "name": item.market_id,
            "szDecimals": 5 if item.coin.name == "BTC" else 1,
            "maxLeverage": 40,
            "marginTableId": MARGIN_TABLE,
        }
        for item in view.listings
    ]
    floors = (0.0, *(cap_usd for cap_usd, _, _ in TIERS[:-1]))
    tiers = [
        {"lowerBound": f"{floor}", "maxLeverage": round(leverage)}
        for floor, (_, _, leverage) in zip(floors, TIERS, strict=True)
    ]
    tables = [[MARGIN_TABLE, {"description": "tiered", "marginTiers": tiers}]]
    return {"universe": universe, "marginTables": tables, "collateralToken": 0}


def meta_and_contexts(view: View, query: Query) -> Any:
    return [meta(view, query), [_context(view, item) for item in view.listings]]


def _context(view: View, listing: Listing) -> dict[str, Any]:
    truth = view.truth(listing)
    base = view.volume_24h_base(truth)
    return {
        "funding": f"{truth.funding_rate:.10f}",
        "openInterest": f"{truth.open_interest_base:.5f}",
        "prevDayPx": f"{truth.last_price:.6f}",
        "dayNtlVlm": f"{base * truth.mark_price:.4f}",
        "premium": f"{listing.terms.basis:.6f}",
        "oraclePx": f"{truth.index_price:.6f}",
        "markPx": f"{truth.mark_price:.6f}",
        "midPx": f"{truth.last_price:.6f}",
        "impactPxs": [f"{truth.bid_price * 0.9999:.6f}", f"{truth.ask_price * 1.0001:.6f}"],
        "dayBaseVlm": f"{base:.4f}",
    }


def spot_meta(view: View, query: Query) -> Any:
    usdc = {
        "name": "USDC",
        "szDecimals": 8,
        "weiDecimals": 8,
        "index": 0,
        "tokenId": "0x6d1e7cde53ba9467b783cb7c530ce054",
        "isCanonical": True,
    }
    return {"tokens": [usdc], "universe": []}


def spot_meta_and_contexts(view: View, query: Query) -> Any:
    return [spot_meta(view, query), []]


def all_mids(view: View, query: Query) -> Any:
    return {item.market_id: f"{view.truth(item).last_price:.6f}" for item in view.listings}


def perp_dexs(view: View, query: Query) -> Any:
    return [None]


def candle_snapshot(view: View, query: Query) -> Any:
    listing = view.listing(query.get("coin", ""))
    if listing is None:
        return []
    step_ms = INTERVALS_MS[query["interval"]]
    start, end = int(query["startTime"]), int(query.get("endTime", view.moment_ms))
    opens = grid(start, min(end, view.moment_ms), step_ms, MOST_CANDLES, newest=True)
    rows = view.candles(listing, opens, step_ms, "last").tolist()
    return [_candle(listing, row, query["interval"], step_ms) for row in rows]


def _candle(listing: Listing, row: list[float], interval: str, step_ms: int) -> dict[str, Any]:
    time_ms, opened, high, low, close, base = row
    return {
        "t": int(time_ms),
        "T": int(time_ms) + step_ms - 1,
        "s": listing.market_id,
        "i": interval,
        "o": f"{opened:.6f}",
        "c": f"{close:.6f}",
        "h": f"{high:.6f}",
        "l": f"{low:.6f}",
        "v": f"{base:.5f}",
        "n": 40,
    }


def settled_funding(view: View, query: Query) -> Any:
    listing = view.listing(query.get("coin", ""))
    if listing is None:
        return []
    start, end = int(query["startTime"]), int(query.get("endTime", view.moment_ms))
    times = grid(start, min(end, view.moment_ms), HOUR_MS, MOST_SETTLEMENTS, newest=False)
    return [
        {"coin": listing.market_id, "fundingRate": f"{rate:.10f}", "premium": "0.0", "time": t}
        for t, rate in view.settlements(listing, times)
    ]


def l2_book(view: View, query: Query) -> Any:
    listing = view.listing(query.get("coin", ""))
    if listing is None:
        return None
    levels = [
        [{"px": f"{price:.6f}", "sz": f"{base:.5f}", "n": 3} for price, base in side]
        for side in view.book(listing, BOOK_LEVELS)
    ]
    return {"coin": listing.market_id, "levels": levels, "time": view.stamp_ms}


def exchange_status(view: View, query: Query) -> Any:
    return {"specialStatuses": None, "time": view.stamp_ms}


def clearinghouse_state(view: View, query: Query) -> Any:
    listing = view.listings[0]
    mark = view.truth(listing).mark_price
    profit = ACCOUNT_BTC * (mark - listing.coin.price)
    notional, value = ACCOUNT_BTC * mark, ACCOUNT_USD + profit
    summary = {
        "accountValue": f"{value:.6f}",
        "totalNtlPos": f"{notional:.6f}",
        "totalRawUsd": f"{value - notional:.6f}",
        "totalMarginUsed": f"{notional / 10:.6f}",
    }
    position = {
        "coin": listing.market_id,
        "szi": f"{ACCOUNT_BTC:.5f}",
        "leverage": {"type": "cross", "value": 10},
        "entryPx": f"{listing.coin.price:.1f}",
        "positionValue": f"{notional:.6f}",
        "unrealizedPnl": f"{profit:.6f}",
        "returnOnEquity": "0.0",
        "liquidationPx": None,
        "marginUsed": f"{notional / 10:.6f}",
        "maxLeverage": 40,
        "cumFunding": {"allTime": "0.0", "sinceOpen": "0.0", "sinceChange": "0.0"},
    }
    return {
        "marginSummary": summary,
        "crossMarginSummary": summary,
        "crossMaintenanceMarginUsed": f"{notional / 80:.6f}",
        "withdrawable": f"{value - notional / 10:.6f}",
        "assetPositions": [{"type": "oneWay", "position": position}],
        "time": view.stamp_ms,
    }


def spot_clearinghouse_state(view: View, query: Query) -> Any:
    return {"balances": [{"coin": "USDC", "token": 0, "hold": "0.0", "total": "1000.0"}]}


def user_abstraction(view: View, query: Query) -> Any:
    return "disabled"


def no_orders(view: View, query: Query) -> Any:
    return []


def stop_order(view: View, query: Query) -> Any:
    """Answer the stop of the account's long, which watches the mark."""
    listing = view.listings[0]
    return [
        {
            "coin": listing.market_id,
            "side": "A",
            "limitPx": "60000.0",
            "sz": f"{ACCOUNT_BTC:.5f}",
            "isTrigger": True,
            "triggerPx": "63000.0",
            "triggerCondition": "Price below 63000",
            "orderType": "Stop Market",
            "reduceOnly": True,
            "isPositionTpsl": False,
        }
    ]


def user_fees(view: View, query: Query) -> Any:
    return {"userCrossRate": "0.00040", "userAddRate": "0.00010"}


def refusal(status: int) -> Any:
    return None  # Hyperliquid answers a bare null


VENUE = Venue(
    name="hyperliquid",
    listings=listings,
    answers={
        "meta": meta,
        "metaAndAssetCtxs": meta_and_contexts,
        "spotMeta": spot_meta,
        "spotMetaAndAssetCtxs": spot_meta_and_contexts,
        "allMids": all_mids,
        "perpDexs": perp_dexs,
        "candleSnapshot": candle_snapshot,
        "fundingHistory": settled_funding,
        "l2Book": l2_book,
        "exchangeStatus": exchange_status,
        "clearinghouseState": clearinghouse_state,
        "spotClearinghouseState": spot_clearinghouse_state,
        "userAbstraction": user_abstraction,
        "openOrders": no_orders,
        "frontendOpenOrders": stop_order,
        "userFees": user_fees,
    },
    refusal=refusal,
    method="POST",
)
