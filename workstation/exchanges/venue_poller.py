"""One venue, asked again and again: its tasks, its health, and what happens when it fails.

Every poll has its own task and its own back-off; a request to slow down (429, 418) holds all tasks
of the venue and of no other. The first poll, the prices, decides the venue's state.
"""

from __future__ import annotations

import asyncio
import difflib
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from workstation.errors import (
    ExchangeDataError,
    ExchangeError,
    ExchangeThrottledError,
    UnsupportedByExchangeError,
)
from workstation.exchanges.assembly import Assembly
from workstation.exchanges.backfill import Backfill
from workstation.exchanges.backoff import LONGEST_THROTTLE_S, Backoff
from workstation.exchanges.base import URGENT, Answer, ExchangeAdapter, Market, Poll, Reading
from workstation.exchanges.clock import FeedClock
from workstation.exchanges.freshness import Freshness
from workstation.exchanges.health import HealthRecord
from workstation.exchanges.tiers.cache import TierCache
from workstation.exchanges.tiers.refresh import TierRefresh
from workstation.exchanges.tiers.registry import READERS
from workstation.exchanges.venue_cache import VenueCache
from workstation.market.facts import Fact, KnownPositions, Liquidation, MarkPrice, VenueHealth
from workstation.market.feed import Watch
from workstation.market.outbox import Outbox
from workstation.units import SECOND_MS, UnixMs

log = logging.getLogger(__name__)

PRICES: Final = "prices"  # the name of every adapter's first poll
FRESH_POLLS: Final = 3  # a fact is fresh for three polls, or three publishing intervals
CALL_COST_S: Final = 0.25  # a poll of one call a market comes no more often than this per market
HEALTH_S: Final = 0.5
MARKETS_REFRESH_S: Final = 4 * 3_600.0
UNSUPPORTED_S: Final = 600.0
_LONGEST_RETRY_S: Final = 60.0  # of what is not the prices


class LimiterStuckError(Exception):
    """A call did not end in its time: ccxt's limiter waits for the wall clock; start afresh."""


class CoinPrices:
    """The newest mark of every coin at every venue; what a frozen quote is judged by."""

    def __init__(self) -> None:
        self._prices: dict[str, dict[str, float]] = {}

    def note(self, coin: str, venue: str, price: float) -> None:
        self._prices.setdefault(coin, {})[venue] = price

    def elsewhere(self, coin: str, venue: str) -> Mapping[str, float]:
        known = self._prices.get(coin, {})
        return {other: price for other, price in known.items() if other != venue}


class VenuePoller:
    """See the module's text; ``run`` ends only by being cancelled."""

    def __init__(
        self,
        new_adapter: Callable[[], ExchangeAdapter],
        *,
        clock: FeedClock,
        outbox: Outbox,
        prices: CoinPrices,
        cache: VenueCache,
        tiers: TierCache,
        watch: Watch,
        poll_s: float,
        held_poll_s: float,
        renew_s: float,
    ) -> None:
        """``renew_s`` is how long after the start the markets of the last one are asked anew."""
        self._new_adapter = new_adapter
        self._clock = clock
        self._outbox = outbox
        self._prices = prices
        self._cache = cache
        self._tier_cache = tiers
        self._watch = watch
        self._poll_s = poll_s
        self._held_poll_s = held_poll_s
        self._renew_s = renew_s
        self._freshness = Freshness()
        self._assembly = Assembly(self._freshness)
        self._adapter = new_adapter()
        self._health = HealthRecord(self._adapter.venue, self._adapter.capabilities.not_available)
        self._throttle = Backoff(LONGEST_THROTTLE_S)
        self._held_until_s = 0.0  # on the loop's clock
        self._backfill: Backfill | None = None
        self._tiers: TierRefresh | None = None
        self._unknown: set[str] = set()
        self._said: VenueHealth | None = None
        self.ready = asyncio.Event()  # markets are known

    def watch(self, watch: Watch) -> None:
        """Look at other markets from now on."""
        self._watch = watch
        self._choose()

    async def run(self) -> None:
        self._put_health()
        while True:
            try:
                await self._session()
            except* LimiterStuckError:
                log.warning("%s is opened again: a call did not end", self._adapter.venue)
                self._adapter = self._new_adapter()

    async def _session(self) -> None:
        try:
            await self._adapter.open()
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._report_health())
                cached = await self._know_markets()
                backfill = Backfill(
                    self._adapter,
                    self._clock,
                    self._outbox,
                    throttled=self._hold,
                    allowed=self._allowed,
                    poll_s=self._poll_s,
                )
                self._backfill = backfill
                for poll in self._adapter.polls():
                    tasks.create_task(self._repeat(poll))
                self._tiers = self._tier_refresh()
                self._choose()
                tasks.create_task(backfill.run())
                if self._tiers is not None:
                    tasks.create_task(self._tiers.run())
                tasks.create_task(
                    self._refresh_markets(self._renew_s if cached else MARKETS_REFRESH_S)
                )
        finally:
            await self._adapter.close()

    # -- markets --------------------------------------------------------------------------------

    async def _know_markets(self) -> bool:
        """Take the markets of the last start (then true), or ask until the venue gives them."""
        cached = self._cache.load()
        if cached:
            try:
                async with self._adapter.asking("markets of the last start"):
                    self._adapter.restore_markets(cached)
            except ExchangeError as error:
                log.warning("%s", error)
        from_cache = bool(self._adapter.instruments())
        backoff = Backoff()
        while not self._adapter.instruments():
            await self._allowed()
            try:
                await self._load_markets()
            except ExchangeThrottledError as error:
                self._hold(error)
            except ExchangeError as error:
                wait_s = _logged_wait(backoff, error)
                self._price_failed(error, wait_s)
                await asyncio.sleep(wait_s)
        self._outbox.put(instruments=self._adapter.instruments())
        self.ready.set()
        return from_cache

    async def _load_markets(self) -> None:
        async with self._adapter.asking("markets"):
            self._cache.save(await self._adapter.load_markets())

    async def _refresh_markets(self, wait_s: float) -> None:
        """Ask for the markets anew: contracts change, and the cache may be old."""
        while True:
            await asyncio.sleep(wait_s)
            wait_s = MARKETS_REFRESH_S
            await self._allowed()
            try:
                await self._load_markets()
            except ExchangeThrottledError as error:
                self._hold(error)
            except ExchangeError as error:
                log.info("%s keeps its known markets: %s", self._adapter.venue, error)
            else:
                self._outbox.put(instruments=self._adapter.instruments())
                self._choose()

    def _choose(self) -> None:
        if self._backfill is None:
            return
        coin = self._markets(coin_only=True)
        book = [market for market in self._markets() if market not in coin]
        self._backfill.choose(coin, book, self._watch.interval_s)
        if self._tiers is not None:
            self._tiers.choose(self._markets())

    def _tier_refresh(self) -> TierRefresh | None:
        reader = READERS.get(self._adapter.venue)
        if reader is None or reader.private:
            return None
        return TierRefresh(
            self._adapter,
            reader,
            self._tier_cache,
            self._clock,
            throttled=self._hold,
            allowed=self._allowed,
        )

    def _markets(self, *, coin_only: bool = False) -> list[Market]:
        """Return the main market of every coin and the book's; perhaps only those of the coin."""
        coins = (self._watch.coin, *(() if coin_only else sorted(self._watch.coins)))
        mains = (self._adapter.main_market(coin) for coin in coins)
        found = {main.key: main for main in mains if main is not None}
        for key in sorted(self._watch.markets):
            if key.venue != self._adapter.venue:
                continue
            market = self._adapter.market(key.symbol)
            if market is None:
                self._tell_unknown(key.symbol)
            elif not coin_only or market.instrument.base == self._watch.coin:
                found[key] = market
        return list(found.values())

    def _tell_unknown(self, symbol: str) -> None:
        if symbol in self._unknown:
            return
        self._unknown.add(symbol)
        listed = [instrument.key.symbol for instrument in self._adapter.instruments()]
        near = difflib.get_close_matches(symbol, listed, n=1)
        hint = f"; the nearest is {near[0]}" if near else ""
        notice = f"{self._adapter.venue} has no market {symbol}{hint}. It has no live price."
        self._outbox.put(notices=[notice])

    # -- polls ----------------------------------------------------------------------------------

    async def _repeat(self, poll: Poll) -> None:
        loop = asyncio.get_running_loop()
        prices = poll.name == PRICES
        URGENT.set(prices)
        backoff = Backoff() if prices else Backoff(_LONGEST_RETRY_S)
        while True:
            await self._allowed()
            markets = self._markets(coin_only=poll.coin_only)
            started_s, wait_s = loop.time(), self._interval_s(poll, len(markets))
            if markets:
                try:
                    await self._once(poll, markets, wait_s)
                except ExchangeThrottledError as error:
                    self._hold(error)
                except UnsupportedByExchangeError as error:
                    self._health.part_failed(poll.name, error)
                    wait_s = UNSUPPORTED_S
                except ExchangeError as error:
                    wait_s = max(wait_s, self._failed(poll, backoff, error))
                else:
                    backoff.succeeded()
                    self._health.part_answered(poll.name)
            await asyncio.sleep(max(0.0, started_s + wait_s - loop.time()))

    def _interval_s(self, poll: Poll, markets: int) -> float:
        calls_s = CALL_COST_S * markets if poll.one_call_each else 0.0
        poll_s = self._poll_s
        if poll.name == PRICES and any(
            key.venue == self._adapter.venue for key in self._watch.markets
        ):
            poll_s = min(poll_s, max(self._held_poll_s, poll.held_every_s))
        return max(poll_s, poll.every_s, calls_s)

    async def _once(self, poll: Poll, markets: Sequence[Market], interval_s: float) -> None:
        fresh_for_ms = round(FRESH_POLLS * max(interval_s, poll.published_s) * SECOND_MS)
        try:
            async with self._adapter.asking(poll.name):
                answer = await poll.read(markets)
        except ExchangeError as error:
            if isinstance(error.__cause__, TimeoutError):
                raise LimiterStuckError from error
            raise
        marks = self._publish(poll, answer, fresh_for_ms)
        if poll.name == PRICES:
            self._judge_prices(marks, fresh_for_ms)

    def _publish(self, poll: Poll, answer: Answer, fresh_for_ms: int) -> list[MarkPrice]:
        """Put what an answer says into the outbox; return the marks in it.

        Of a row of prices without a mark nothing is believed: its zeros may be zeros everywhere.
        """
        venue, now_ms = self._adapter.venue, self._clock.now_ms()
        facts: list[Fact] = []
        for reading in answer:
            if isinstance(reading, Reading) and (reading.mark_price or poll.name != PRICES):
                elsewhere = self._prices.elsewhere(reading.market.instrument.base, venue)
                facts += self._assembly.facts(reading, poll.name, fresh_for_ms, now_ms, elsewhere)
            elif isinstance(reading, KnownPositions):
                facts.append(replace(reading, fresh_for_ms=fresh_for_ms))
        forced = [item for item in answer if isinstance(item, Liquidation)]
        self._outbox.put(facts=facts, liquidations=forced)
        marks = [fact for fact in facts if isinstance(fact, MarkPrice)]
        for mark in marks:
            if mark.as_of_ms == now_ms:
                coin = mark.key.symbol.partition("/")[0]
                self._prices.note(coin, venue, mark.mark_price)
        return marks

    def _judge_prices(self, marks: Sequence[MarkPrice], fresh_for_ms: int) -> None:
        """Note how current the prices are: the coin's main market speaks for the venue."""
        venue = self._adapter.venue
        if not marks:
            raise ExchangeDataError(
                venue,
                PRICES,
                "no mark price",
                user_message=f"{venue} answered without a mark price",
            )
        main = self._adapter.main_market(self._watch.coin)
        speaks = next((m for m in marks if main and m.key == main.key), marks[0])
        frozen = self._freshness.is_frozen((MarkPrice, speaks.key, PRICES))
        self._throttle.succeeded()
        self._health.answered(
            speaks.as_of_ms,
            fresh_for_ms,
            self._adapter.latency_ms,
            f"{venue} {speaks.key.symbol}" if frozen else None,
        )
        self._put_health()

    # -- failures -------------------------------------------------------------------------------

    def _failed(self, poll: Poll, backoff: Backoff, error: ExchangeError) -> float:
        wait_s = _logged_wait(backoff, error)
        if poll.name == PRICES:
            self._price_failed(error, wait_s)
        else:
            self._health.part_failed(poll.name, error)
        return wait_s

    def _price_failed(self, error: ExchangeError, wait_s: float) -> None:
        next_try_ms = UnixMs(self._clock.now_ms() + round(wait_s * SECOND_MS))
        self._health.failed(error, next_try_ms)
        self._put_health()

    def _hold(self, error: ExchangeThrottledError) -> None:
        """Leave the venue alone for as long as it asks, or longer each time."""
        loop = asyncio.get_running_loop()
        if loop.time() < self._held_until_s:
            return  # calls that were under way fail together; they count once
        wait_s = self._throttle.failed(error.retry_after_s)
        self._held_until_s = loop.time() + wait_s
        until_ms = UnixMs(self._clock.now_ms() + round(wait_s * SECOND_MS))
        log.warning("%s (silent for %.0f s)", error, wait_s)
        self._health.held(error, until_ms)
        self._put_health()

    async def _allowed(self) -> None:
        """Wait until the venue may be asked again."""
        loop = asyncio.get_running_loop()
        while (wait_s := self._held_until_s - loop.time()) > 0:
            await asyncio.sleep(wait_s)

    def _put_health(self) -> None:
        health = self._health.at(self._clock.now_ms())
        if health != self._said:
            self._said = health
            self._outbox.put(health=[health])

    async def _report_health(self) -> None:
        """Prices grow stale by themselves: look even when nothing comes."""
        while True:
            self._put_health()
            await asyncio.sleep(HEALTH_S)


def _logged_wait(backoff: Backoff, error: ExchangeError) -> float:
    """Return how long to wait after a failure; the first of a row is in the log."""
    wait_s = backoff.failed()
    level = logging.WARNING if backoff.failures == 1 else logging.DEBUG
    log.log(level, "%s (again in %.0f s)", error, wait_s)
    return wait_s
