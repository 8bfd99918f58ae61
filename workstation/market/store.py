"""The newest facts and the bounded history of every market, on the side of whoever looks.

One owner: the store is filled and read in one thread (the window's, or a command's). What crosses
to a worker is a ``MarketSnapshot``, or one of the frozen series.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeVar, cast

from workstation.market.facts import (
    CandlePrice,
    Candles,
    Fact,
    FundingHistory,
    FundingRate,
    Liquidation,
    MarkPrice,
    OpenInterest,
    OpenInterestHistory,
    OrderBook,
    Ticker,
    VenueHealth,
)
from workstation.market.feed import FeedMode, FeedUpdate, TapeState
from workstation.market.instrument import Instrument, MarketKey
from workstation.market.series import merge_candles, merge_funding, merge_open_interest
from workstation.units import UnixMs

MAX_LIQUIDATIONS: Final = 5_000
_MAKES_A_MARKET: Final = (MarkPrice, FundingRate, OpenInterest)
F = TypeVar("F", bound=Fact)


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketSnapshot:
    """The present, frozen: the newest fact of every kind and market, and every venue's health."""

    mode: FeedMode
    now_ms: UnixMs
    marks: Mapping[MarketKey, MarkPrice] = field(default_factory=dict)
    tickers: Mapping[MarketKey, Ticker] = field(default_factory=dict)
    funding: Mapping[MarketKey, FundingRate] = field(default_factory=dict)
    open_interest: Mapping[MarketKey, OpenInterest] = field(default_factory=dict)
    books: Mapping[MarketKey, OrderBook] = field(default_factory=dict)
    health: Mapping[str, VenueHealth] = field(default_factory=dict)
    instruments: Mapping[MarketKey, Instrument] = field(default_factory=dict)


class MarketStore:
    """Newest facts and history; see the module's text for who may touch it."""

    def __init__(self, mode: FeedMode) -> None:
        self.mode = mode
        self.now_ms = UnixMs(0)
        self.tape: TapeState | None = None
        self.health: dict[str, VenueHealth] = {}
        self.instruments: dict[MarketKey, Instrument] = {}
        self._clear()

    def _clear(self) -> None:
        self._facts: dict[type[Fact], dict[MarketKey, Fact]] = {}
        self._markets: dict[str, dict[MarketKey, None]] = {}  # by coin, as they came first
        self._candles: dict[tuple[MarketKey, int, CandlePrice], Candles] = {}
        self._funding: dict[MarketKey, FundingHistory] = {}
        self._open_interest: dict[MarketKey, OpenInterestHistory] = {}
        self.liquidations: deque[Liquidation] = deque(maxlen=MAX_LIQUIDATIONS)

    def apply(self, update: FeedUpdate) -> None:
        """Take in what came since the last time."""
        if update.restarted:
            self._clear()
        self.mode, self.now_ms, self.tape = update.mode, update.now_ms, update.tape
        self.instruments.update((item.key, item) for item in update.instruments)
        self.health.update((item.venue, item) for item in update.health)
        for fact in update.facts:
            self._take(fact)
        for candles in update.candles:
            index = (candles.key, candles.interval_s, candles.price)
            self._candles[index] = merge_candles(self._candles.get(index), candles)
        for funding in update.funding:
            known = self._funding.get(funding.key)
            self._funding[funding.key] = merge_funding(known, funding)
        for interest in update.open_interest:
            series = self._open_interest.get(interest.key)
            self._open_interest[interest.key] = merge_open_interest(series, interest)
        self.liquidations.extend(update.liquidations)

    def _take(self, fact: Fact) -> None:
        known = self._facts.setdefault(type(fact), {})
        if fact.key not in known and isinstance(fact, _MAKES_A_MARKET):
            self._markets.setdefault(fact.key.symbol.partition("/")[0], {})[fact.key] = None
        known[fact.key] = fact

    def newest(self, kind: type[F], key: MarketKey) -> F | None:
        """Return the newest fact of a kind, however old."""
        return self._of(kind).get(key)

    def all_of(self, kind: type[F]) -> dict[MarketKey, F]:
        return dict(self._of(kind))

    def _of(self, kind: type[F]) -> dict[MarketKey, F]:
        return cast(dict[MarketKey, F], self._facts.get(kind, {}))  # by type: see ``_take``

    def markets_of(self, coin: str) -> Iterator[MarketKey]:
        """Yield every market of a coin with a mark, funding or open interest, as they came first.

        A recording may hold a venue's funding and no price of it.
        """
        yield from self._markets.get(coin, ())

    def candles(
        self, key: MarketKey, interval_s: int, price: CandlePrice = CandlePrice.LAST
    ) -> Candles | None:
        return self._candles.get((key, interval_s, price))

    def funding_history(self, key: MarketKey) -> FundingHistory | None:
        return self._funding.get(key)

    def open_interest_history(self, key: MarketKey) -> OpenInterestHistory | None:
        return self._open_interest.get(key)

    def snapshot(self) -> MarketSnapshot:
        """Freeze the present for a worker; costs one shallow copy of each table."""
        return MarketSnapshot(
            mode=self.mode,
            now_ms=self.now_ms,
            marks=self.all_of(MarkPrice),
            tickers=self.all_of(Ticker),
            funding=self.all_of(FundingRate),
            open_interest=self.all_of(OpenInterest),
            books=self.all_of(OrderBook),
            health=dict(self.health),
            instruments=dict(self.instruments),
        )
