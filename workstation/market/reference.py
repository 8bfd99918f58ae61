"""Which market of a coin is drawn as candles."""

from __future__ import annotations

from typing import Final

from workstation.market.consolidated import perpetuals_of
from workstation.market.facts import MarkPrice, OpenInterest
from workstation.market.instrument import MarketKey
from workstation.market.store import MarketStore

MUCH_LARGER: Final = 1.5  # times the open interest: from here on another market takes the place


def reference_market(
    store: MarketStore, coin: str, interval_s: int, current: MarketKey | None = None
) -> MarketKey | None:
    """Return the live market of a coin with candles and the largest open interest in coins.

    ``current`` stays the reference while it is live, so that the chart does not jump between
    venues of like size: one that is much larger, and answers later at the start, takes its place.
    Where no market is live, the best stale one is returned.
    """
    markets = [
        key for key in perpetuals_of(store, coin) if store.candles(key, interval_s) is not None
    ]
    best = max(markets, key=lambda key: (_is_live(store, key), _size(store, key)), default=None)
    if current not in markets or current is None or best is None or not _is_live(store, current):
        return best
    return best if _size(store, best) > MUCH_LARGER * _size(store, current) else current


def _is_live(store: MarketStore, key: MarketKey) -> bool:
    mark = store.newest(MarkPrice, key)
    return mark is not None and not mark.is_stale(store.now_ms)


def _size(store: MarketStore, key: MarketKey) -> float:
    interest = store.newest(OpenInterest, key)
    return interest.open_interest_base if interest else 0.0
