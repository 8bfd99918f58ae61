"""Short spellings of market facts for tests: one market, times in ms from zero."""

from __future__ import annotations

import numpy as np

from workstation.market.facts import (
    Candles,
    FundingHistory,
    FundingRate,
    Liquidation,
    MarkPrice,
    OpenInterest,
    OpenInterestHistory,
    OrderBook,
    Ticker,
)
from workstation.market.feed import FeedMode, FeedUpdate
from workstation.market.instrument import MarketKey
from workstation.market.store import MarketStore

MINUTE_MS = 60_000
HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
FRESH_MS = MINUTE_MS


def btc(venue, symbol="BTC/USDT:USDT"):
    return MarketKey(venue, symbol)


KEY = btc("binanceusdm")


def mark(key, price, *, index=None, as_of_ms=0):
    return MarkPrice(
        key=key, as_of_ms=as_of_ms, fresh_for_ms=FRESH_MS, mark_price=price, index_price=index
    )


def ticker(key, bid, ask, *, as_of_ms=0):
    return Ticker(key=key, as_of_ms=as_of_ms, fresh_for_ms=FRESH_MS, bid_price=bid, ask_price=ask)


def funding(key, rate, *, interval_h=8.0, as_of_ms=0):
    return FundingRate(
        key=key,
        as_of_ms=as_of_ms,
        fresh_for_ms=FRESH_MS,
        funding_rate=rate,
        interval_h=interval_h,
    )


def interest(key, base, usd, *, as_of_ms=0):
    return OpenInterest(
        key=key,
        as_of_ms=as_of_ms,
        fresh_for_ms=FRESH_MS,
        open_interest_base=base,
        open_interest_usd=usd,
    )


def order_book(key, bids, asks, *, as_of_ms=0):
    return OrderBook(
        key=key,
        as_of_ms=as_of_ms,
        fresh_for_ms=FRESH_MS,
        bids=np.array(bids, dtype=float).reshape(-1, 2),
        asks=np.array(asks, dtype=float).reshape(-1, 2),
    )


def liquidation(key, side, quantity_base, price, time_ms):
    return Liquidation(
        key=key, side=side, quantity_base=quantity_base, price=price, time_ms=time_ms
    )


def candles_of(closes, *, key=KEY, interval_s=900, start_ms=0, volume=1.0, spread=0.0):
    """Candles without holes that open where the one before closed."""
    close = np.array(closes, dtype=float)
    opened = np.concatenate([close[:1], close[:-1]])
    return Candles(
        key=key,
        interval_s=interval_s,
        time_ms=start_ms + interval_s * 1_000 * np.arange(len(close)),
        open=opened,
        high=np.maximum(opened, close) * (1 + spread),
        low=np.minimum(opened, close) * (1 - spread),
        close=close,
        volume_base=np.full(len(close), volume),
    )


def interest_history(rows, *, key=KEY, price=1.0):
    """Readings ``(time_ms, coins)``, valued at one price."""
    time_ms, base = np.array(rows, dtype=float).T
    return OpenInterestHistory(
        key=key,
        time_ms=time_ms.astype(np.int64),
        open_interest_base=base,
        open_interest_usd=base * price,
    )


def funding_history(rows, *, key=KEY, interval_h=8.0):
    """Settlements ``(time_ms, rate)``."""
    time_ms, rate = np.array(rows, dtype=float).T
    return FundingHistory(
        key=key,
        time_ms=time_ms.astype(np.int64),
        funding_rate=rate,
        interval_h=np.full(len(rate), interval_h),
    )


def store_of(*facts, now_ms=0, **series):
    """A store that knows these facts; ``series`` are fields of ``FeedUpdate``."""
    store = MarketStore(FeedMode.LIVE)
    store.apply(FeedUpdate(mode=FeedMode.LIVE, now_ms=now_ms, facts=facts, **series))
    return store
