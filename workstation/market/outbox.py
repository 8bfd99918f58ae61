"""Where a feed's thread puts facts and its owner takes them: newest wins, nothing blocks.

Every feed has one. Facts are conflated per kind and market, series are joined, liquidations and
notices are kept in order, so a slow reader costs memory for one picture of the market and no more.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import Final

from workstation.market.facts import (
    CandlePrice,
    Candles,
    Fact,
    FundingHistory,
    Liquidation,
    OpenInterestHistory,
    VenueHealth,
)
from workstation.market.feed import FeedMode, FeedUpdate, TapeState
from workstation.market.instrument import Instrument, MarketKey
from workstation.market.series import merge_candles, merge_funding, merge_open_interest
from workstation.units import UnixMs

MAX_WAITING: Final = 10_000  # liquidations and notices that wait for a reader; the oldest go first


class Outbox:
    """A conflating mailbox between a feed's thread and whoever takes from it."""

    def __init__(self, mode: FeedMode) -> None:
        self._mode = mode
        self._lock = threading.Lock()
        self._tape: TapeState | None = None
        self._empty()

    def _empty(self) -> None:
        self._restarted = False
        self._facts: dict[tuple[type[Fact], MarketKey], Fact] = {}
        self._candles: dict[tuple[MarketKey, int, CandlePrice], Candles] = {}
        self._funding: dict[MarketKey, FundingHistory] = {}
        self._open_interest: dict[MarketKey, OpenInterestHistory] = {}
        self._liquidations: list[Liquidation] = []
        self._instruments: dict[MarketKey, Instrument] = {}
        self._health: dict[str, VenueHealth] = {}
        self._notices: list[str] = []

    def put(
        self,
        *,
        facts: Iterable[Fact] = (),
        candles: Iterable[Candles] = (),
        funding: Iterable[FundingHistory] = (),
        open_interest: Iterable[OpenInterestHistory] = (),
        liquidations: Iterable[Liquidation] = (),
        instruments: Iterable[Instrument] = (),
        health: Iterable[VenueHealth] = (),
        notices: Iterable[str] = (),
    ) -> None:
        """Add what is new; of facts and health the newest per market or venue stays."""
        with self._lock:
            self._facts.update(((type(fact), fact.key), fact) for fact in facts)
            for bars in candles:
                index = (bars.key, bars.interval_s, bars.price)
                self._candles[index] = merge_candles(self._candles.get(index), bars)
            for row in funding:
                self._funding[row.key] = merge_funding(self._funding.get(row.key), row)
            for item in open_interest:
                known = self._open_interest.get(item.key)
                self._open_interest[item.key] = merge_open_interest(known, item)
            self._liquidations = [*self._liquidations, *liquidations][-MAX_WAITING:]
            self._instruments.update((item.key, item) for item in instruments)
            self._health.update((item.venue, item) for item in health)
            self._notices = [*self._notices, *notices][-MAX_WAITING:]

    def set_tape(self, tape: TapeState) -> None:
        with self._lock:
            self._tape = tape

    def restart(self) -> None:
        """Void all that waits, and tell the reader to forget what it took before."""
        with self._lock:
            self._empty()
            self._restarted = True

    def take(self, now_ms: UnixMs) -> FeedUpdate:
        """Return all that waits, as of ``now_ms`` on the feed's clock, and keep nothing."""
        with self._lock:
            update = FeedUpdate(
                mode=self._mode,
                now_ms=now_ms,
                facts=tuple(self._facts.values()),
                candles=tuple(self._candles.values()),
                funding=tuple(self._funding.values()),
                open_interest=tuple(self._open_interest.values()),
                liquidations=tuple(self._liquidations),
                instruments=tuple(self._instruments.values()),
                health=tuple(self._health.values()),
                tape=self._tape,
                restarted=self._restarted,
                notices=tuple(self._notices),
            )
            self._empty()
        return update
