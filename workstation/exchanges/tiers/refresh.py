"""Asks a venue for its tiers, slowly: after everything else, one call at a time, twice a day.

A feed asks those that are public; whoever reads an account asks, by its key, those that are not.
The book's markets come first, then those of the largest coins. A market that the user begins to
hold is asked for within a minute. A failure costs nothing but time: the tables of the last time, or
those that ship with the program, stand until then.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Final

from workstation.errors import (
    ExchangeError,
    ExchangeThrottledError,
    UnsupportedByExchangeError,
)
from workstation.exchanges.base import ExchangeAdapter, Market
from workstation.exchanges.clock import FeedClock
from workstation.exchanges.tiers.base import TierReader
from workstation.exchanges.tiers.cache import TierCache
from workstation.market.instrument import MarketKey
from workstation.units import HOUR_MS, UnixMs, to_datetime

log = logging.getLogger(__name__)

# [A] By open interest on the large venues in 2026; whatever else the user holds is asked for too.
LARGEST: Final = (
    "BTC", "ETH", "SOL", "XRP", "DOGE", "BNB", "HYPE", "ADA", "LINK", "AVAX",
    "SUI", "LTC", "TRX", "DOT", "BCH", "NEAR", "AAVE", "UNI", "ENA", "PEPE",
)  # fmt: skip
FRESH_MS: Final = 12 * HOUR_MS
FIRST_S: Final = 10.0  # prices and histories of the start come first
PAUSE_S: Final = 1.0  # between two calls
LOOK_S: Final = 20.0  # between two looks for something to ask
RETRY_S: Final = 600.0


def _log_throttled(error: ExchangeThrottledError) -> None:
    log.warning("%s", error)


async def _at_once() -> None:
    """Wait for nobody."""


class TierRefresh:
    """The tiers of one venue; ``choose`` names the book's markets, ``run`` never returns."""

    def __init__(
        self,
        adapter: ExchangeAdapter,
        reader: TierReader,
        cache: TierCache,
        clock: FeedClock,
        *,
        throttled: Callable[[ExchangeThrottledError], None] = _log_throttled,
        allowed: Callable[[], Awaitable[None]] = _at_once,
    ) -> None:
        self._adapter = adapter
        self._reader = reader
        self._cache = cache
        self._clock = clock
        self._throttled = throttled
        self._allowed = allowed
        self._held: tuple[Market, ...] = ()
        self._read_ms = {key: read_ms for key, (read_ms, _) in cache.load().items()}
        self._not_before_s: dict[MarketKey, float] = {}  # on the loop's clock

    def choose(self, held: Iterable[Market]) -> None:
        """Ask for these markets first."""
        self._held = tuple(held)

    async def run(self) -> None:
        await asyncio.sleep(FIRST_S)
        while True:
            await self._allowed()
            await asyncio.sleep(PAUSE_S if await self.look() else LOOK_S)

    async def look(self) -> bool:
        """Ask once if anything is due; say whether it was."""
        due = self._due()
        if due:
            await self._ask(due[: self._reader.markets_a_call])
        return bool(due)

    def _due(self) -> list[Market]:
        now_ms, now_s = self._clock.now_ms(), asyncio.get_running_loop().time()
        largest = (self._adapter.main_market(coin) for coin in LARGEST)
        wanted = {m.key: m for m in (*self._held, *largest) if m is not None}
        return [
            market
            for key, market in wanted.items()
            if now_ms - self._read_ms.get(key, UnixMs(0)) > FRESH_MS
            and self._not_before_s.get(key, 0.0) <= now_s
        ]

    async def _ask(self, markets: Sequence[Market]) -> None:
        """Ask once; what does not come is asked for again after a while."""
        now_ms, now_s = self._clock.now_ms(), asyncio.get_running_loop().time()
        self._not_before_s |= {market.key: now_s + RETRY_S for market in markets}
        try:
            async with self._adapter.asking("tiers"):
                day = f"{to_datetime(now_ms):%Y-%m-%d}"
                tables = await self._reader.read(self._adapter.ask, markets, day)
        except ExchangeThrottledError as error:
            self._throttled(error)
        except UnsupportedByExchangeError as error:
            log.info("%s", error)
        except ExchangeError as error:
            log.warning("tiers, again in %.0f s: %s", RETRY_S, error)
        else:
            if tables:
                self._cache.keep(tables, now_ms)
                self._read_ms |= dict.fromkeys(tables, now_ms)
