"""The market as the desk watches it: the feed, its store, and what is worked out of that alone.

Whatever takes time happens elsewhere: a feed is opened by a worker and let go of by a thread, the
liquidation map has a thread of its own. The *epoch* changes with the source.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from workstation.market.catalogue import Catalogue
from workstation.market.consolidated import consolidate
from workstation.market.facts import Candles
from workstation.market.feed import Feed, FeedMode, FeedUpdate, Tape, Watch
from workstation.market.instrument import MarketKey
from workstation.market.overview import MarketOverview
from workstation.market.store import MarketStore
from workstation.risk.gauge_inputs import gauge_inputs
from workstation.risk.indicators import Gauges, read_gauges
from workstation.risk.report import HeatmapColumns
from workstation.services.desk_news import View
from workstation.services.every import Every
from workstation.services.feed_switch import FeedSwitch, Opened
from workstation.services.heatmap_worker import HeatmapWorker
from workstation.services.map_choice import AS_KNOWN, MapChoice
from workstation.services.sources import mode_of
from workstation.settings import Settings

# so often what is new is taken up: each time costs the window a round of drawing, and venues, each
# asked every second or two, would cause ten a second
TAKE_EVERY_S: Final = {FeedMode.LIVE: 0.25, FeedMode.SIMULATED: 0.1, FeedMode.REPLAY: 0.1}
OVERVIEW_EVERY_S: Final = 0.25
GAUGES_EVERY_S: Final = 1.0  # two milliseconds each, of a month of every venue
HEATMAP_EVERY_S: Final = 1.0
CLOCK_EVERY_S: Final = 0.5  # ages are shown to grow though nothing comes


class DeskMarket:
    """See the module's text.

    Parameters
    ----------
    source : what is opened first
    catalogue_changed : told of the catalogue after a venue has listed a market
    maps : whether to keep the liquidation map

    Raises
    ------
    UsageError
        There is no such source of market data.
    """

    def __init__(
        self, source: str, catalogue_changed: Callable[[Catalogue], None], *, maps: bool
    ) -> None:
        self.source = source
        self.feed: Feed | None = None  # until the first one has been opened
        self.store = MarketStore(mode_of(source))
        self.catalogue = Catalogue.embedded()
        self.epoch = 1
        self.overview: MarketOverview | None = None
        self.gauges: Gauges | None = None
        self.heatmap: HeatmapColumns | None = None  # of every venue, as it was known
        self.drawn_map: HeatmapColumns | None = None  # as the view wants to see it
        self._catalogue_changed = catalogue_changed
        self._maps = maps
        self._feeds = FeedSwitch()
        self._heatmap_worker = HeatmapWorker()
        self._take_every = Every(TAKE_EVERY_S[self.store.mode])
        self._overview_every = Every(OVERVIEW_EVERY_S)
        self._gauges_every = Every(GAUGES_EVERY_S)
        self._heatmap_every = Every(HEATMAP_EVERY_S)
        self._clock_every = Every(CLOCK_EVERY_S)
        self._interval_unproven = False  # a tape may lack the interval that is watched

    @property
    def tape(self) -> Tape | None:
        """The controls of a replayed or simulated market; ``None`` when the market is live."""
        return self.feed if isinstance(self.feed, Tape) else None

    def start(self, settings: Settings) -> None:
        """Start the threads and open the source."""
        self._feeds.start()
        self.open(self.source, settings)
        if self._maps:
            self._heatmap_worker.start()

    def stops(self) -> dict[str, Callable[[], object]]:
        """Return what stops each part, by its name."""
        parts: dict[str, Callable[[], object]] = {
            "feeds": self._feeds.stop,
            "heatmap": self._heatmap_worker.stop,
        }
        return parts if self.feed is None else {**parts, "feed": self.feed.stop}

    def take_notices(self) -> tuple[str, ...]:
        return tuple(self._heatmap_worker.take_notices())

    def take_failures(self) -> list[str | None]:
        return [self._feeds.take_failure(), self._heatmap_worker.take_failure()]

    def open(self, source: str, settings: Settings) -> None:
        """Open a source; what is watched stays until there is a feed."""
        self._feeds.open(source, settings)

    def take_opened(self) -> Opened | None:
        """Change to a feed that was opened, not started yet; return it, or why there is none."""
        opened = self._feeds.take()
        if opened is None or opened.feed is None:
            return opened
        if self.feed is not None:
            self._feeds.retire(self.feed)
        self.source, self.feed = opened.source, opened.feed
        self.store = MarketStore(opened.feed.mode)
        self._take_every = Every(TAKE_EVERY_S[opened.feed.mode])
        self.epoch += 1
        self._list_markets()
        self.look_elsewhere()
        return opened

    def watch(self, view: View, markets: frozenset[MarketKey], coins: frozenset[str]) -> None:
        """Tell the feed what is looked at: the view, the book's markets, the coins of rules."""
        if self.feed is not None:
            watch = Watch(coin=view.coin, interval_s=view.interval_s, markets=markets, coins=coins)
            self.feed.watch(watch)

    def look_elsewhere(self) -> None:
        """Forget what was worked out of another coin, interval or source, and work anew at once."""
        self.overview = self.gauges = self.heatmap = self.drawn_map = None
        for every in (self._overview_every, self._gauges_every, self._heatmap_every):
            every.at_once()

    def take(self) -> FeedUpdate | None:
        """Bring the store up to date; return the update if it has news or the clock's turn came."""
        if self.feed is None or not self._take_every.due():
            return None
        update, tape = self.feed.take_fresh(), self.store.tape
        listed = any(self.store.instruments.get(item.key) != item for item in update.instruments)
        self.store.apply(update)
        if update.restarted:  # the last overview is of another time
            self._overview_every.at_once()
            self._gauges_every.restart()
        if listed:
            self._list_markets()
        nothing_new = FeedUpdate(mode=update.mode, now_ms=update.now_ms, tape=tape)
        return update if update != nothing_new or self._clock_every.due() else None

    def _list_markets(self) -> None:
        listed = self.store.instruments.values()
        self.catalogue = Catalogue.embedded().with_instruments(listed)
        self._catalogue_changed(self.catalogue)

    def recorded_interval_s(self, update: FeedUpdate, view: View) -> int | None:
        """Return the shortest interval of a recording that has none as short as the watched one."""
        self._interval_unproven |= update.restarted and update.mode is FeedMode.REPLAY
        there = {bars.interval_s for bars in update.candles if _coin(bars) == view.coin}
        if not self._interval_unproven or not there:
            return None
        self._interval_unproven = False
        return None if view.interval_s in there else min(there)

    def make_overview(self, coin: str) -> MarketOverview | None:
        if not self.store.now_ms or not self._overview_every.due():
            return None
        self.overview = consolidate(coin, self.store)
        return self.overview

    def make_gauges(self) -> Gauges | None:
        if self.overview is None or not self._gauges_every.due():
            return None
        self.gauges = read_gauges(gauge_inputs(self.overview, self.store))
        return self.gauges

    def ask_for_heatmap(self, view: View) -> None:
        if self._maps and self.store.now_ms and self._heatmap_every.due():
            self._heatmap_worker.ask(self.epoch, self.store, view.coin, view.interval_s, view.map)

    def take_heatmap(self, view: View) -> HeatmapColumns | None:
        answer = self._heatmap_worker.take(self.epoch)
        heatmap = None if answer is None else answer.columns
        watched = (view.coin, view.interval_s)
        if answer is None or heatmap is None or (heatmap.coin, heatmap.interval_s) != watched:
            return None
        self.heatmap = heatmap
        if answer.choice == view.map:
            self.drawn_map = answer.drawn
        return heatmap

    def draw_map(self, choice: MapChoice) -> None:
        """Ask at once for the map as it is to be seen now."""
        self.drawn_map = self.heatmap if choice == AS_KNOWN else None
        self._heatmap_every.at_once()

    def refit_map(self) -> None:
        """Fit the map's leverage anew, in the background."""
        self._heatmap_worker.refit()
        self._heatmap_every.at_once()


def _coin(candles: Candles) -> str:
    return candles.key.symbol.partition("/")[0]
