"""The live market: one thread, one asyncio loop, one group of tasks a venue.

The owner calls ``start``, ``watch``, ``take_fresh`` and ``stop`` from its own thread; none of them
waits for a venue. Everything that knows ccxt is imported in the feed's thread, so the window does
not pay for it.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Collection, Coroutine, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from workstation.errors import UsageError
from workstation.exchanges.clock import FeedClock
from workstation.exchanges.tiers.cache import TierCache
from workstation.exchanges.venue_cache import VenueCache
from workstation.market.facts import VenueHealth, VenueState
from workstation.market.feed import FeedMode, FeedUpdate, Watch
from workstation.market.outbox import Outbox
from workstation.settings import MarketSettings

if TYPE_CHECKING:
    from workstation.exchanges.base import ExchangeAdapter
    from workstation.exchanges.venue_poller import CoinPrices, VenuePoller

log = logging.getLogger(__name__)

CLOCK_CHECK_S: Final = 1.0
RESTART_S: Final = 5.0  # after a fault of our own in a venue's tasks
FIRST_MARKETS_S: Final = 20.0
RENEW_S: Final = 10.0  # markets of the last start, a venue at a time: each is many megabytes twice
STOP_S: Final = 5.0


class LiveFeed:
    """Live market data of several venues; a ``Feed``.

    Parameters
    ----------
    settings : which venues, how often, how long they may take to answer
    venue_options : venue -> its settings; ``ccxt`` is deep-merged into the client's constructor
    cache_dir : where the venues' markets are kept between two starts
    """

    def __init__(
        self,
        settings: MarketSettings,
        venue_options: Mapping[str, Mapping[str, Any]],
        cache_dir: Path,
    ) -> None:
        self._settings = settings
        self._venue_options = venue_options
        self._cache_dir = cache_dir
        self._clock = FeedClock()
        self._outbox = Outbox(FeedMode.LIVE)
        self._watch = Watch(coin=settings.coin)
        self._pollers: list[VenuePoller] = []  # of the feed's thread
        self._thread: threading.Thread | None = None
        self._stopping = threading.Event()
        self._wake: tuple[asyncio.AbstractEventLoop, asyncio.Event] | None = None
        self._lock = threading.Lock()  # guards _wake and _watch, which two threads touch

    @property
    def mode(self) -> FeedMode:
        return FeedMode.LIVE

    def start(self) -> None:
        """Start the feed's thread and return."""
        self._stopping.clear()
        self._thread = threading.Thread(target=self._run, name="market-feed", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End every task, socket and the thread, also while a venue hangs."""
        self._stopping.set()
        self._nudge()
        if self._thread is not None:
            self._thread.join(STOP_S)
            self._thread = None

    def watch(self, watch: Watch) -> None:
        """Look at other markets; the newest request wins."""
        with self._lock:
            self._watch = watch
        self._nudge()

    def take_fresh(self) -> FeedUpdate:
        """Return what came since the last call."""
        return self._outbox.take(self._clock.now_ms())

    def _nudge(self) -> None:
        with self._lock:
            if self._wake is not None:
                loop, event = self._wake
                loop.call_soon_threadsafe(event.set)

    # -- in the feed's thread -------------------------------------------------------------------

    def _run(self) -> None:
        # Not ``asyncio.run``: it waits for a name lookup that hangs, which may take half a minute.
        loop = asyncio.new_event_loop()
        try:
            loop.run_until_complete(self._main())
        except Exception:  # the thread's outermost loop
            log.exception("The market feed ended by a fault")
            self._outbox.put(notices=["The market feed ended by a fault; see the log."])
        finally:
            loop.close()

    async def _main(self) -> None:
        nudged = asyncio.Event()
        with self._lock:
            self._wake = (asyncio.get_running_loop(), nudged)
        try:
            while not self._stopping.is_set():
                venues = [asyncio.create_task(task) for task in self._venue_tasks()]
                try:
                    await self._attend(nudged)
                finally:
                    await _cancel(venues)
        finally:
            with self._lock:
                self._wake = None
            await _cancel(asyncio.all_tasks() - {asyncio.current_task()})  # ccxt leaves some

    async def _attend(self, nudged: asyncio.Event) -> None:
        """Pass on what is watched; return to stop, or to start again after time ran back."""
        while not self._stopping.is_set():
            try:
                await asyncio.wait_for(nudged.wait(), CLOCK_CHECK_S)
            except TimeoutError:
                if self._clock.settle():
                    log.warning("The clock was set back: the live market is read anew")
                    self._outbox.restart()
                    return
                continue
            nudged.clear()
            with self._lock:
                watch = self._watch
            for poller in self._pollers:
                poller.watch(watch)

    def _venue_tasks(self) -> list[Coroutine[Any, Any, None]]:
        """Build the pollers; a name that ccxt does not know costs a notice and no more."""
        from workstation.exchanges.registry import new_adapter
        from workstation.exchanges.venue_poller import CoinPrices

        prices = CoinPrices()
        self._pollers = []
        for venue in dict.fromkeys(self._settings.venues):
            options = self._venue_options.get(venue, {}).get("ccxt", {})
            make = partial(
                new_adapter,
                venue,
                options,
                self._settings.timeout_s,
                self._clock.now_ms,
                addresses=self._settings.known_addresses,
            )
            try:
                self._pollers.append(self._poller(venue, options, make, prices))
            except UsageError as error:
                log.error("%s", error)
                health = VenueHealth(venue=venue, state=VenueState.DOWN, error=f"{error}.")
                self._outbox.put(notices=[f"{error}."], health=[health])
        return [self._tune(), *(self._keep_running(poller) for poller in self._pollers)]

    def _poller(
        self,
        venue: str,
        options: Mapping[str, Any],
        make: Callable[[], ExchangeAdapter],
        prices: CoinPrices,
    ) -> VenuePoller:
        from workstation.exchanges.venue_poller import VenuePoller

        return VenuePoller(
            make,
            clock=self._clock,
            outbox=self._outbox,
            prices=prices,
            cache=VenueCache(self._cache_dir, "markets", venue, options),
            tiers=TierCache(self._cache_dir, venue, options),
            watch=self._watch,
            poll_s=self._settings.poll_interval_s,
            held_poll_s=self._settings.held_poll_interval_s,
            renew_s=RENEW_S * (1 + len(self._pollers)),
        )

    async def _keep_running(self, poller: VenuePoller) -> None:
        """Run a venue; a fault of ours in one venue neither ends it for good nor any other."""
        while True:
            try:
                await poller.run()
            except Exception:  # the outermost loop of a venue
                log.exception("A venue is started again after a fault")
            await asyncio.sleep(RESTART_S)

    async def _tune(self) -> None:
        """Tune the garbage collector once the first venue's markets are in memory."""
        from workstation.exchanges.ccxt_client import tune_garbage_collector

        known = [asyncio.ensure_future(poller.ready.wait()) for poller in self._pollers]
        try:
            if known:
                await asyncio.wait(
                    known, timeout=FIRST_MARKETS_S, return_when=asyncio.FIRST_COMPLETED
                )
        finally:
            for waiting in known:
                waiting.cancel()
        tune_garbage_collector()


async def _cancel(tasks: Collection[asyncio.Task[Any] | None]) -> None:
    known = [task for task in tasks if task is not None]
    for task in known:
        task.cancel()
    await asyncio.gather(*known, return_exceptions=True)
