"""Which mark values each market of a book, and what a coin costs: pure functions of a snapshot.

A venue's own mark is used while it is fresh. The last good mark of a stale venue is moved along
with the others: times the median, over the coin's perpetuals that were fresh then and are fresh
now, of price now over price then. Comparing each market with itself keeps what a venue usually
stands above or below the others out of the estimate. A market whose venue the feed does not serve
is valued at its coin's price as it is, without an age. Both are called estimated.

A market that had a mark and has no estimate now is *silent*: its price is not known, and the
file's older one must not stand in for it. An option's price follows no other market's: it has its
venue's mark, the file's, or none.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from workstation.market.consolidated import USD_QUOTES
from workstation.market.facts import Candles
from workstation.market.instrument import MarketKey, is_option, split_symbol
from workstation.market.store import MarketSnapshot
from workstation.risk.inputs import MarkRange, MarkUsed
from workstation.risk.report import MarkSource
from workstation.units import UnixMs

SESSION: Final = "marks of this session"

Prices = Mapping[MarketKey, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class LastGood:
    """A market's last fresh mark, and where the coin's perpetuals stood when it was true."""

    price: float
    as_of_ms: UnixMs
    others: Prices


MarkMemory = Mapping[MarketKey, LastGood]


@dataclass(frozen=True, slots=True, kw_only=True)
class MarksChosen:
    """The marks of a book's markets, those without any, and what the next call must be told."""

    marks: Mapping[MarketKey, MarkUsed]
    silent: frozenset[MarketKey]
    memory: MarkMemory


def choose_marks(
    markets: Iterable[MarketKey],
    snapshot: MarketSnapshot,
    memory: MarkMemory,
    coin_prices: Mapping[str, float],
) -> MarksChosen:
    """Return the mark of every market, from its venue or estimated; what is not known is left out.

    Parameters
    ----------
    markets : those of the book
    memory : the one that the last call returned, or an empty one
    coin_prices : USD per coin, consolidated over the live venues
    """
    fresh = fresh_by_coin(snapshot)
    marks: dict[MarketKey, MarkUsed] = {}
    silent: set[MarketKey] = set()
    remembered: dict[MarketKey, LastGood] = {}
    for key in markets:
        others = {} if is_option(key.symbol) else fresh.get(split_symbol(key.symbol)[0], {})
        good = _last_good(key, snapshot, memory.get(key), others)
        if good is not None:
            remembered[key] = good
        used = _use(key, good, snapshot, others) or _unserved(key, snapshot, coin_prices)
        if used is not None:
            marks[key] = used
        elif good is not None or key in snapshot.marks:
            silent.add(key)
    return MarksChosen(marks=marks, silent=frozenset(silent), memory=remembered)


def coin_prices(snapshot: MarketSnapshot) -> dict[str, float]:
    """Return USD per coin: the median over live venues of each venue's median mark."""
    return {coin: _middle(prices) for coin, prices in fresh_by_coin(snapshot).items()}


def fresh_by_coin(snapshot: MarketSnapshot) -> dict[str, dict[MarketKey, float]]:
    """Return the fresh marks of perpetuals against the dollar and its stablecoins, by coin."""
    by_coin: dict[str, dict[MarketKey, float]] = {}
    for key, mark in snapshot.marks.items():
        coin, quote, _ = split_symbol(key.symbol)
        if quote in USD_QUOTES and "-" not in key.symbol and not mark.is_stale(snapshot.now_ms):
            by_coin.setdefault(coin, {})[key] = mark.mark_price
    return by_coin


def move_since(then: Prices, now: Prices) -> float | None:
    """Return the median of price now over price then; ``None`` where no market is in both."""
    ratios = [price / then[key] for key, price in now.items() if key in then]
    return statistics.median(ratios) if ratios else None


def _middle(prices: Prices) -> float:
    by_venue: dict[str, list[float]] = {}
    for key, price in prices.items():
        by_venue.setdefault(key.venue, []).append(price)
    return statistics.median(statistics.median(found) for found in by_venue.values())


def _last_good(
    key: MarketKey, snapshot: MarketSnapshot, known: LastGood | None, others: Prices
) -> LastGood | None:
    mark = snapshot.marks.get(key)
    if mark is None:
        return known
    if known is not None and known.price == mark.mark_price:
        # the others as they were when this price appeared: one that stands still may be frozen
        if mark.is_stale(snapshot.now_ms):
            return replace(known, as_of_ms=mark.as_of_ms)
        return replace(known, as_of_ms=mark.as_of_ms, others={**others, **known.others})
    if mark.is_stale(snapshot.now_ms):
        return known
    return LastGood(price=mark.mark_price, as_of_ms=mark.as_of_ms, others=others)


def _use(
    key: MarketKey, good: LastGood | None, snapshot: MarketSnapshot, others: Prices
) -> MarkUsed | None:
    if good is None:
        return None
    age_s = max(0, snapshot.now_ms - good.as_of_ms) / 1_000
    mark = snapshot.marks.get(key)
    if mark is not None and not mark.is_stale(snapshot.now_ms):
        return MarkUsed(price=good.price, source=MarkSource.VENUE, age_s=age_s)
    move = move_since(good.others, others)
    if move is None:
        return None
    return MarkUsed(price=good.price * move, source=MarkSource.ESTIMATED, age_s=age_s)


def _unserved(
    key: MarketKey, snapshot: MarketSnapshot, prices: Mapping[str, float]
) -> MarkUsed | None:
    coin, quote, _ = split_symbol(key.symbol)
    foreign = quote not in USD_QUOTES or is_option(key.symbol)
    if key.venue in snapshot.health or foreign or coin not in prices:
        return None
    return MarkUsed(price=prices[coin], source=MarkSource.ESTIMATED)


# --- the lowest and the highest mark ------------------------------------------------------------


def single_mark(price: float, time_ms: UnixMs) -> MarkRange:
    """Return the range of one mark of this session."""
    return MarkRange(low=price, low_ms=time_ms, high=price, high_ms=time_ms, source=SESSION)


def candle_range(candles: Candles, since_ms: int) -> MarkRange | None:
    """Return the range of the candles that lie wholly after a moment; ``None`` without any."""
    first = int(np.searchsorted(candles.time_ms, since_ms))
    if first == len(candles):
        return None
    low = first + int(np.argmin(candles.low[first:]))
    high = first + int(np.argmax(candles.high[first:]))
    return MarkRange(
        low=float(candles.low[low]),
        low_ms=UnixMs(int(candles.time_ms[low])),
        high=float(candles.high[high]),
        high_ms=UnixMs(int(candles.time_ms[high])),
        source=f"{candles.interval_s // 60}m {candles.price} candles of {candles.key.venue}",
    )


def wider(first: MarkRange, second: MarkRange) -> MarkRange:
    """Return the range over both; of equal ends the first one's stays, each names its source."""
    low = first if first.low <= second.low else second
    high = first if first.high >= second.high else second
    return MarkRange(
        low=low.low,
        low_ms=low.low_ms,
        high=high.high,
        high_ms=high.high_ms,
        source=" and ".join(dict.fromkeys((low.source, high.source))),
    )
