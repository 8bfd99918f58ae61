"""Which mark each market of the book is valued at, while venues come and go."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from workstation.market.instrument import MarketKey, split_symbol
from workstation.market.store import MarketSnapshot
from workstation.risk.inputs import MarkRange, MarkUsed
from workstation.risk.report import MarkSource


def coin_prices(snapshot: MarketSnapshot) -> dict[str, float]:
    """Return USD per coin: the median of the fresh marks of each coin over the live venues."""
    found: dict[str, list[float]] = {}
    for key, fact in snapshot.marks.items():
        if not fact.is_stale(snapshot.now_ms):
            found.setdefault(split_symbol(key.symbol)[0], []).append(fact.mark_price)
    return {coin: statistics.median(prices) for coin, prices in found.items()}


@dataclass(slots=True)
class MarkMemory:
    """What was seen so far: each market's last good mark over its coin's price, and the range.

    A stale venue's market is valued at the coin's price over the live venues times that ratio, in
    other words at its last good mark times the move of the others since. A market whose venue the
    feed does not serve takes the coin's price as it is. Both are marked as estimated. Where no
    venue of the coin is live there is no mark: ``silent`` names the market.
    """

    _ratios: dict[MarketKey, float] = field(default_factory=dict)
    _ranges: dict[MarketKey, MarkRange] = field(default_factory=dict)

    @property
    def ranges(self) -> Mapping[MarketKey, MarkRange]:
        return dict(self._ranges)

    def forget_ranges(self) -> None:
        """Begin again to watch for the lowest and highest marks: another book is looked at."""
        self._ranges.clear()

    def take(
        self, markets: Iterable[MarketKey], snapshot: MarketSnapshot, prices: Mapping[str, float]
    ) -> tuple[dict[MarketKey, MarkUsed], frozenset[MarketKey]]:
        """Return the marks to use, and the markets that have gone silent."""
        used: dict[MarketKey, MarkUsed] = {}
        silent = set()
        for key in markets:
            mark = self._mark(key, snapshot, prices.get(split_symbol(key.symbol)[0]))
            if mark is not None:
                used[key] = mark
            elif key in snapshot.marks:
                silent.add(key)
        return used, frozenset(silent)

    def _mark(
        self, key: MarketKey, snapshot: MarketSnapshot, price: float | None
    ) -> MarkUsed | None:
        fact = snapshot.marks.get(key)
        if fact is None:
            served = key.venue in snapshot.health
            return (
                None
                if served or price is None
                else MarkUsed(price=price, source=MarkSource.ESTIMATED)
            )
        age_s = fact.age_s(snapshot.now_ms)
        if not fact.is_stale(snapshot.now_ms):
            if price is not None:
                self._ratios[key] = fact.mark_price / price
            self._watch(key, fact.mark_price, snapshot)
            return MarkUsed(price=fact.mark_price, source=MarkSource.VENUE, age_s=age_s)
        ratio = self._ratios.get(key)
        if ratio is None or price is None:
            return None
        return MarkUsed(price=price * ratio, source=MarkSource.ESTIMATED, age_s=age_s)

    def _watch(self, key: MarketKey, price: float, snapshot: MarketSnapshot) -> None:
        seen, now_ms = self._ranges.get(key), snapshot.now_ms
        if seen is None:
            seen = MarkRange(
                low=price,
                low_ms=now_ms,
                high=price,
                high_ms=now_ms,
                source="marks of this session",
            )
        low = (price, now_ms) if price < seen.low else (seen.low, seen.low_ms)
        high = (price, now_ms) if price > seen.high else (seen.high, seen.high_ms)
        self._ranges[key] = MarkRange(
            low=low[0], low_ms=low[1], high=high[0], high_ms=high[1], source=seen.source
        )
