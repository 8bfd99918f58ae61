"""Readings become facts: what several calls say about one market is put together.

A venue may give the mark in one answer and the index in another, the last trade here and the book's
top there. Each value keeps the time of its own source, and a value that has grown stale drops out
of what is put together rather than borrowing the freshness of the others.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from workstation.exchanges.base import Reading
from workstation.exchanges.freshness import Freshness
from workstation.market.facts import (
    Fact,
    FundingRate,
    MarkPrice,
    OpenInterest,
    OrderBook,
    Ticker,
)
from workstation.market.instrument import MarketKey
from workstation.units import UnixMs

BELIEVABLE_BASIS: Final = 2.0  # a mark further from its index than this factor is rubbish
_QUOTES: Final = ("last_price", "bid_price", "ask_price")


@dataclass(frozen=True, slots=True)
class _Value:
    value: float
    as_of_ms: UnixMs
    fresh_for_ms: int
    stamp_ms: UnixMs | None


class Assembly:
    """Puts readings of one venue together; remembers the newest value of every field."""

    def __init__(self, freshness: Freshness) -> None:
        self._freshness = freshness
        self._values: dict[tuple[MarketKey, str], _Value] = {}

    def facts(
        self,
        reading: Reading,
        source: str,
        fresh_for_ms: int,
        now_ms: UnixMs,
        elsewhere: Mapping[str, float],
    ) -> list[Fact]:
        """Return what is known after a reading.

        Parameters
        ----------
        source : the poll it came from
        fresh_for_ms : how long what that poll says is fresh
        now_ms : the feed's clock
        elsewhere : newest price of the coin at other venues
        """
        key = reading.market.key

        def renewed(kind: type[Fact], *quote: float | None) -> dict[str, Any]:
            as_of_ms = self._freshness.renew(
                (kind, key, source), reading.time_ms, now_ms, quote=quote, elsewhere=elsewhere
            )
            return {
                "key": key,
                "as_of_ms": as_of_ms,
                "fresh_for_ms": fresh_for_ms,
                "time_ms": reading.time_ms,
            }

        facts: list[Fact | None] = []
        if believable(reading) and (reading.mark_price or reading.index_price):
            common = renewed(MarkPrice, reading.mark_price or reading.index_price)
            self._keep(reading, ("mark_price", "index_price"), common)
            facts.append(self._mark(key, now_ms))
        if any(getattr(reading, name) for name in _QUOTES) and not crossed(reading):
            common = renewed(Ticker, *(getattr(reading, name) for name in _QUOTES))
            self._keep(reading, (*_QUOTES, "volume_24h_base"), common)
            facts.append(self._ticker(key, now_ms))
        if reading.funding_rate is not None and reading.interval_h is not None:
            facts.append(
                FundingRate(
                    funding_rate=reading.funding_rate,
                    interval_h=reading.interval_h,
                    next_funding_ms=reading.next_funding_ms,
                    **renewed(FundingRate),
                )
            )
        if reading.open_interest is not None:
            base, usd = reading.open_interest
            facts.append(
                OpenInterest(
                    open_interest_base=base,
                    open_interest_usd=usd,
                    note=reading.note,
                    **renewed(OpenInterest),
                )
            )
        if reading.book is not None and all(len(side) for side in reading.book):
            bids, asks = reading.book
            facts.append(OrderBook(bids=bids, asks=asks, **renewed(OrderBook)))
        return [fact for fact in facts if fact is not None]

    def _keep(self, reading: Reading, names: tuple[str, ...], common: Mapping[str, Any]) -> None:
        for name in names:
            value = getattr(reading, name)
            if value is not None:
                self._values[common["key"], name] = _Value(
                    value, common["as_of_ms"], common["fresh_for_ms"], common["time_ms"]
                )

    def _fresh(self, key: MarketKey, name: str, now_ms: int) -> _Value | None:
        known = self._values.get((key, name))
        if known is None or now_ms - known.as_of_ms > known.fresh_for_ms:
            return None
        return known

    def _mark(self, key: MarketKey, now_ms: int) -> MarkPrice | None:
        mark, index = self._values.get((key, "mark_price")), self._fresh(key, "index_price", now_ms)
        if mark is None:
            return None
        return MarkPrice(
            key=key,
            as_of_ms=mark.as_of_ms,
            fresh_for_ms=mark.fresh_for_ms,
            time_ms=mark.stamp_ms,
            mark_price=mark.value,
            index_price=index.value if index else None,
        )

    def _ticker(self, key: MarketKey, now_ms: int) -> Ticker | None:
        last, bid, ask = (self._fresh(key, name, now_ms) for name in _QUOTES)
        known = [value for value in (last, bid, ask) if value is not None]
        if not known:
            return None
        oldest = min(known, key=lambda value: value.as_of_ms)
        volume = self._fresh(key, "volume_24h_base", now_ms)
        return Ticker(
            key=key,
            as_of_ms=oldest.as_of_ms,
            fresh_for_ms=max(value.fresh_for_ms for value in known),
            time_ms=oldest.stamp_ms,
            volume_24h_base=volume.value if volume else None,
            last_price=last.value if last else None,
            bid_price=bid.value if bid else None,
            ask_price=ask.value if ask else None,
        )


def believable(reading: Reading) -> bool:
    """Say whether mark and index, where both are given, are prices of the same thing."""
    if reading.mark_price is None or reading.index_price is None:
        return True
    ratio = reading.mark_price / reading.index_price
    return 1 / BELIEVABLE_BASIS < ratio < BELIEVABLE_BASIS


def crossed(reading: Reading) -> bool:
    """Say whether the bid is above the ask, which no order book allows."""
    bid, ask = reading.bid_price, reading.ask_price
    return bid is not None and ask is not None and bid > ask
