"""Someone who looks at a live feed: drives it, keeps its store, remembers all that it said."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final, Self, TypeVar

from tests.loopback.server import LoopbackExchange, ccxt_options
from workstation.exchanges.live_feed import LiveFeed
from workstation.market.facts import Fact, VenueHealth, VenueState
from workstation.market.feed import FeedMode, Watch
from workstation.market.instrument import MarketKey
from workstation.market.store import MarketStore
from workstation.settings import MarketSettings

ALL_VENUES: Final = ("binanceusdm", "binancecoinm", "bybit", "okx", "hyperliquid", "deribit")
BITCOIN: Final = {
    "binanceusdm": MarketKey("binanceusdm", "BTC/USDT:USDT"),
    "binancecoinm": MarketKey("binancecoinm", "BTC/USD:BTC"),
    "bybit": MarketKey("bybit", "BTC/USDT:USDT"),
    "okx": MarketKey("okx", "BTC/USDT:USDT"),
    "hyperliquid": MarketKey("hyperliquid", "BTC/USDC:USDC"),
    "deribit": MarketKey("deribit", "BTC/USD:BTC"),
}
POLL_S: Final = 0.5
TIMEOUT_S: Final = 1.0
HURRY: Final = {"rateLimit": 2}  # milliseconds: the loopback has no limits to respect
F = TypeVar("F", bound=Fact)


class Observer:
    """A live feed on the loopback between ``with`` and its end, looked at by one thread.

    ``venues`` may map a venue to the one that the loopback plays in its place.
    """

    def __init__(
        self,
        exchange: LoopbackExchange,
        cache: Path,
        venues: Iterable[str] = ALL_VENUES,
        watch: Watch | None = None,
        poll_s: float = POLL_S,
        addresses: tuple[str, ...] = (),
    ) -> None:
        settings = MarketSettings(
            source="live",
            venues=tuple(venues),
            poll_interval_s=poll_s,
            held_poll_interval_s=POLL_S,
            timeout_s=TIMEOUT_S,
            known_addresses=addresses,
        )
        played = venues if isinstance(venues, dict) else {venue: venue for venue in venues}
        options = {
            venue: {"ccxt": ccxt_options(venue, exchange.url, root) | HURRY}
            for venue, root in played.items()
        }
        self.feed = LiveFeed(settings, options, cache)
        self.store = MarketStore(FeedMode.LIVE)
        self.seen: list[Fact] = []
        self.notices: list[str] = []
        if watch is not None:
            self.feed.watch(watch)

    def __enter__(self) -> Self:
        self.feed.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.feed.stop()

    def look(self) -> None:
        """Take in what is fresh."""
        update = self.feed.take_fresh()
        self.store.apply(update)
        self.seen += update.facts
        self.notices += update.notices

    def wait_for(self, condition: Callable[[], object], timeout_s: float = 10.0) -> bool:
        """Look until a condition comes true; return whether it did in time."""
        end = time.monotonic() + timeout_s
        while True:
            self.look()
            if condition():
                return True
            if time.monotonic() > end:
                return False
            time.sleep(0.02)

    def look_for(self, seconds: float) -> None:
        self.wait_for(lambda: False, seconds)

    def newest(self, kind: type[F], venue: str) -> F | None:
        """Return the newest fact about a venue's bitcoin."""
        return self.store.newest(kind, BITCOIN[venue])

    def said(self, kind: type[F], venue: str) -> list[F]:
        """Return everything of a kind that was said about a venue's bitcoin."""
        return [f for f in self.seen if isinstance(f, kind) and f.key == BITCOIN[venue]]

    def is_stale(self, kind: type[Fact], venue: str) -> bool:
        fact = self.newest(kind, venue)
        return fact is not None and fact.is_stale(self.store.now_ms)

    def health(self, venue: str) -> VenueHealth:
        return self.store.health[venue]

    def is_live(self, *venues: str) -> bool:
        known = [self.store.health.get(venue) for venue in venues]
        return all(health is not None and health.state is VenueState.LIVE for health in known)
