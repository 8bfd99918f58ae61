"""The desk: feed, store, book and risk in one place, without a window.

The desk belongs to one thread. Its owner calls ``tick`` as often as it likes to look (the window
twenty times a second, a command when it needs to) and gets what is new since the last time. Every
request method returns at once; the work is done by the feed's thread and by the workers.

Whatever takes time happens elsewhere: a feed is opened by a worker (what it imports is large) and
let go of by a thread, files are written by another. Answers carry the *epoch* of their question,
which changes with the source, so no figure of one market is ever shown as one of another.
"""

from __future__ import annotations

import dataclasses
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from workstation import settings as settings_file
from workstation.alerts.typed_rules import coins_of
from workstation.errors import PortfolioFileError
from workstation.exchanges.accounts.base import AccountSource
from workstation.exchanges.accounts.hyperliquid import VENUE, short_name
from workstation.exchanges.api_key import ApiKey
from workstation.market.catalogue import Catalogue
from workstation.market.consolidated import consolidate
from workstation.market.facts import Candles, MarkPrice
from workstation.market.feed import INTERVALS_S, Feed, FeedMode, FeedUpdate, Tape, Watch
from workstation.market.instrument import MarketKey
from workstation.market.overview import MarketOverview
from workstation.market.store import MarketStore
from workstation.portfolio.model import Portfolio
from workstation.risk.gauge_inputs import gauge_inputs
from workstation.risk.indicators import Gauges, read_gauges
from workstation.risk.report import HeatmapColumns, RiskReport, ScenarioReport
from workstation.risk.scenario import with_repair, with_rescue
from workstation.services import alert_export, mark_cache
from workstation.services.alert_service import AlertNews, AlertRecord, AlertService, WatchedRisk
from workstation.services.book import joined
from workstation.services.courtesy import Courtesy
from workstation.services.decision_service import Decision, transfer_terms
from workstation.services.decision_worker import DecisionWorker
from workstation.services.every import Every
from workstation.services.feed_switch import FeedSwitch
from workstation.services.heatmap_worker import HeatmapWorker
from workstation.services.hourly_betas import coin_histories
from workstation.services.key_check import KeyCheck
from workstation.services.latest import LatestWorker
from workstation.services.live_accounts import LiveAccount, LiveAccounts
from workstation.services.map_choice import AS_KNOWN, MapChoice
from workstation.services.memory import give_back
from workstation.services.outlook_worker import OutlookQuestion, OutlookWorker
from workstation.services.portfolio_service import PortfolioService
from workstation.services.risk_service import (
    Move,
    RiskAnswer,
    RiskRequest,
    RiskWork,
    coin_paces,
    mark_candles,
    settled_funding,
)
from workstation.services.sight import SEEN, LastSeen, Sight, answers
from workstation.services.sources import mode_of
from workstation.services.tier_shelf import TierShelf
from workstation.settings import Settings

log = logging.getLogger(__name__)

OVERVIEW_EVERY_S: Final = 0.25
GAUGES_EVERY_S: Final = 1.0  # two milliseconds each, of a month of every venue
RISK_EVERY_S: Final = 0.5  # marks come every two seconds; what the user changes is answered at once
REST_S: Final = 0.15  # a dragged price that has not moved for so long is answered whole
WHOLE_EVERY_S: Final = 1.0  # while it is dragged: the book is watched all the same
HEATMAP_EVERY_S: Final = 1.0
CLOCK_EVERY_S: Final = 0.5  # ages are shown to grow though nothing comes
CACHE_MARKS_EVERY_S: Final = 10.0
GIVE_BACK_EVERY_S: Final = 30.0
STOP_S: Final = 1.0  # a thread that hangs longer than this is left to the end of the process
_READ_AT_OPENING: Final = {  # settings that a feed takes up when it is opened
    FeedMode.LIVE: {
        "venues",
        "known_addresses",
        "poll_interval_s",
        "held_poll_interval_s",
        "timeout_s",
        "ccxt",
    },
    FeedMode.SIMULATED: {"venues", "seed"},
    FeedMode.REPLAY: set[str](),
}
_ANSWERS_KEPT: Final = 8  # readings of the accounts that an answer of the risk worker may be behind
DEFAULT_MOVE: Final = 0.9  # of the mark, where the scenario's default price is none to fall to


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What the user looks at: the coin and interval of the charts, and the scenario.

    ``over_h`` is how long the scenario's move takes; ``use_betas`` moves the other coins along;
    ``unfavourable`` makes repairs hold at the scenario's unfavourable end; ``map`` is how the
    liquidation map is drawn.
    """

    coin: str
    interval_s: int
    scenario_price: float
    over_h: float = 6.0
    use_betas: bool = True
    unfavourable: bool = False
    map: MapChoice = AS_KNOWN


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskNews:
    """What is new since the last tick; ``None`` and empty mean nothing new of that kind."""

    update: FeedUpdate | None = None
    source: FeedMode | None = None
    view: View | None = None
    portfolio_changed: bool = False
    refused: PortfolioFileError | None = None
    overview: MarketOverview | None = None
    gauges: Gauges | None = None
    risk: RiskReport | None = None
    scenario: ScenarioReport | None = None
    decision: Decision | None = None
    copy_changed: bool = False
    sight: Sight | None = None
    heatmap: HeatmapColumns | None = None
    alerts: AlertNews = field(default_factory=AlertNews)
    notices: tuple[str, ...] = ()


class Desk:
    """See the module's text; the newest of everything stands in the public attributes.

    Parameters
    ----------
    settings : what is used, the command line's wishes included
    settings_path : where ``apply_settings`` writes
    chosen : what the settings file says, where that differs from ``settings``
    maps : whether to keep the liquidation map; who only watches a book can do without
    decides : whether to work out repair and rescue; likewise

    Raises
    ------
    UsageError
        There is no such source of market data.
    """

    def __init__(
        self,
        settings: Settings,
        settings_path: Path,
        chosen: Settings | None = None,
        *,
        maps: bool = True,
        decides: bool = True,
    ) -> None:
        self.settings = settings
        self.source = settings.market.source
        self.feed: Feed | None = None  # until the first one has been opened
        self.store = MarketStore(mode_of(self.source))
        self.portfolio: Portfolio | None = None
        self.overview: MarketOverview | None = None
        self.gauges: Gauges | None = None
        self.risk: RiskReport | None = None
        self.scenario: ScenarioReport | None = None
        self.decision: Decision | None = None
        self.sight = SEEN  # while it is blind, risk and scenario are those of when it was not
        self.copy: Portfolio | None = None  # the what-if copy that stands beside the book
        self.heatmap: HeatmapColumns | None = None  # of every venue, as it was known
        self.drawn_map: HeatmapColumns | None = None  # as the view wants to see it
        self.view = View(
            coin=settings.market.coin,
            interval_s=INTERVALS_S[settings.market.interval],
            scenario_price=settings.risk.scenario_price,
        )
        self._maps, self._decides = maps, decides
        self._settings_path = settings_path
        self._chosen = chosen or settings
        self._catalogue = Catalogue.embedded()
        self._files = PortfolioService(self._catalogue)
        self._accounts = LiveAccounts(settings.venues, settings.market.timeout_s)
        self.live: tuple[LiveAccount, ...] = ()  # the accounts that are read, as they are known
        self.from_file: Portfolio | None = None  # the part of the book that a file holds
        self._same_book: tuple[Portfolio, ...] = ()  # of the same accounts, an answer may be of
        self._feeds = FeedSwitch()
        self.alerts = AlertService(settings)
        self._tiers = TierShelf(settings.venues)
        work = WatchedRisk(RiskWork(self._tiers.newest), self.alerts)
        self._risk_worker = LatestWorker[RiskRequest, RiskAnswer]("risk", work)
        self.courtesy = Courtesy()
        self._decision_worker = DecisionWorker(self.courtesy)
        self._heatmap_worker = HeatmapWorker()
        self._outlook_worker = OutlookWorker(self.courtesy)
        self._writer = ThreadPoolExecutor(max_workers=1, thread_name_prefix="desk-writer")
        self._overview_every = Every(OVERVIEW_EVERY_S)
        self._gauges_every = Every(GAUGES_EVERY_S)
        self._risk_every = Every(RISK_EVERY_S)
        self._whole_every = Every(WHOLE_EVERY_S)
        self._heatmap_every = Every(HEATMAP_EVERY_S)
        self._clock_every = Every(CLOCK_EVERY_S)
        self._cache_every = Every(CACHE_MARKS_EVERY_S)
        self._memory_every = Every(GIVE_BACK_EVERY_S)
        self._epoch = 1
        self._new_source: FeedMode | None = None
        self._new_view: View | None = self.view
        self._portfolio_changed = self._copy_changed = False
        self._answer: RiskAnswer | None = None
        self._asked: RiskRequest | None = None  # the newest whole question about the book
        self._last_seen = LastSeen()
        self._unseen: tuple[RiskReport, ScenarioReport | None] | None = None  # while blind
        self._coarse = False  # only the scenario's price has changed since the last request
        self._moved_s = 0.0  # when it last changed, of ``time.monotonic``
        self._scenario_chosen = False  # the user set a price for this coin
        self._chosen_prices: dict[str, float] = {}  # of the coins looked at before, this session
        self._scenario_fits = False  # ... or the default was held against a mark of this source
        self._interval_unproven = False  # a tape may lack the interval that is watched
        self._notices: deque[str] = deque()  # the writer appends too
        self._last_failure = ""

    @property
    def catalogue(self) -> Catalogue:
        """The markets that are known: the embedded lists, and what the venues have listed."""
        return self._catalogue

    @property
    def known_now(self) -> tuple[RiskReport | None, ScenarioReport | None]:
        """What the engine says of now: while blind that is less than what is shown."""
        return self._unseen or (self.risk, self.scenario)

    @property
    def tape(self) -> Tape | None:
        """The controls of a replayed or simulated market; ``None`` when the market is live."""
        return self.feed if isinstance(self.feed, Tape) else None

    def start(self) -> None:
        """Start the threads and open the source."""
        self._files.start()
        self._accounts.start()
        self._risk_worker.start()
        if self._decides:
            self._decision_worker.start()
        self._feeds.start()
        self._feeds.open(self.source, self.settings)
        if self._maps:
            self._heatmap_worker.start()
            self._outlook_worker.start()
            self._notices.append("The liquidation map is warming up.")

    def stop(self) -> bool:
        """Stop every thread, all at once: the slowest is a venue that hangs.

        Returns
        -------
        Whether all have ended; the log names one that was left behind.
        """
        parts: dict[str, Callable[[], object]] = {
            "feeds": self._feeds.stop,
            "heatmap": self._heatmap_worker.stop,
            "outlook": self._outlook_worker.stop,
            "risk": self._risk_worker.stop,
            "decision": self._decision_worker.stop,
            "alerts": self.alerts.stop,
            "live-accounts": self._accounts.stop,
            "portfolio": self._files.stop,
            "desk-writer": self._writer.shutdown,
        }
        if self.feed is not None:
            parts["feed"] = self.feed.stop
        return _stop_all(parts, STOP_S)

    def tick(self, *, ask: bool = True) -> DeskNews:
        """Take in what is fresh, hand work to the workers, say what is new.

        Whoever draws what is new may hand out the work after it has (``ask``): the interpreter runs
        one thread at a time.
        """
        if self._memory_every.due():
            self._writer.submit(give_back)
        self._take_feed()
        self._take_portfolio()
        update = self._take_market()
        overview = self._make_overview()
        gauges = self._make_gauges(overview)
        self._fit_scenario()
        if ask:
            self.ask()
        risk, scenario, sight = self._take_risk()
        decision = self._take_decision()
        if decision is not None:
            risk, scenario = self.risk, self.scenario
        heatmap = self._take_heatmap()
        alerts = self.alerts.take()
        news = DeskNews(
            update=update,
            source=self._new_source,
            view=self._new_view,
            portfolio_changed=self._portfolio_changed,
            refused=self._files.take_refusal(),
            overview=overview,
            gauges=gauges,
            risk=risk,
            scenario=scenario,
            decision=decision,
            sight=sight,
            copy_changed=self._copy_changed,
            heatmap=heatmap,
            alerts=alerts,
            notices=(*self._take_notices(update), *alerts.notices),
        )
        self._new_source, self._new_view = None, None
        self._portfolio_changed = self._copy_changed = False
        return news

    # --- requests -----------------------------------------------------------------------------

    def set_view(self, view: View) -> None:
        """Look at another coin, interval or scenario."""
        old = self.view
        if view.coin != old.coin:
            if self._scenario_chosen:
                self._chosen_prices[old.coin] = old.scenario_price
            price = self._chosen_prices.get(view.coin)
            self._scenario_chosen = self._scenario_fits = price is not None
            view = view if price is None else dataclasses.replace(view, scenario_price=price)
            self.scenario = self.decision = None
        elif view.scenario_price != old.scenario_price:
            self._scenario_chosen = self._scenario_fits = True
            self._moved_s = time.monotonic()
            self._coarse = dataclasses.replace(view, scenario_price=old.scenario_price) == old
        self.view = self._new_view = view
        if view.map != old.map:
            self.drawn_map = self.heatmap if view.map == AS_KNOWN else None
            self._heatmap_every.at_once()
        if (view.coin, view.interval_s) != (old.coin, old.interval_s):
            self._forget_market()
            self._watch()
            self._work_at_once()
        self._risk_every.at_once()

    def refit_map(self) -> None:
        """Fit the map's leverage anew, in the background; a notice says what came of it."""
        self._heatmap_worker.refit()
        self._heatmap_every.at_once()
        self._notices.append("Fitting the map's leverage to the liquidations observed until now.")

    def open_source(self, source: str) -> None:
        """Switch to ``live``, ``simulated`` or ``replay:FOLDER``; a bad name becomes a notice."""
        self._feeds.open(source, self.settings)

    def open_portfolio(self, path: Path) -> None:
        """Open a portfolio file; what is open stays until the new one has been read."""
        self._files.open(path)

    def reload_portfolio(self) -> None:
        """Read the file again, changed or not."""
        self._files.reload()

    def close_portfolio(self) -> None:
        """Forget the book, live accounts included until the next start; the market stays."""
        self._accounts.close()
        self._files.close()
        self.from_file, self.live = None, ()
        self._set_portfolio(None)

    def save_portfolio(self, portfolio: Portfolio, path: Path) -> None:
        """Write a portfolio file and open it."""
        self._files.save(portfolio, path)

    def set_copy(self, copy: Portfolio | None) -> None:
        """Put a what-if copy beside the book, change it, or (``None``) take it away."""
        self.copy, self._copy_changed = copy, True
        self._ask_for_decision()

    def save_copy(self, path: Path) -> None:
        """Write the what-if copy as a portfolio file; the book stays open."""
        if self.copy is not None:
            self._files.save(self.copy, path, open_it=False)

    def save_book(self, path: Path) -> None:
        """Write the whole book, live accounts included, to a file; what is open stays."""
        if self.portfolio is not None:
            self._files.save(self.portfolio, path, open_it=False)

    def export_alerts(self, path: Path) -> None:
        """Write the list of alerts to a file; how that went is a notice."""
        self._writer.submit(self._write_alerts, self.alerts.records(), path)

    def read_address(self, address: str) -> None:
        """Read a public Hyperliquid address beside the file, without any key."""
        self._accounts.add(AccountSource(id=short_name(address), venue=VENUE, address=address))

    def check_key(self, source: AccountSource, key: ApiKey | None) -> Future[KeyCheck]:
        """Ask an exchange what a key may do; the answer comes in the future."""
        return self._accounts.check(source, key)

    def add_account(self, source: AccountSource, key: ApiKey | None, *, keep: bool) -> None:
        """Read an account from now on; ``keep`` it, and its key in the keyring, for later."""
        self._accounts.add(source, key, keep=keep)

    def remove_account(self, account: str) -> None:
        """Stop reading an account, and forget its key."""
        self._accounts.remove(account)

    def apply_settings(self, settings: Settings) -> None:
        """Use new settings and write them to their file.

        What the command line asked for stands until the same setting is changed here.
        """
        old, self._chosen = self._chosen, settings
        changed = {
            item.name: getattr(settings.market, item.name)
            for item in dataclasses.fields(settings.market)
            if getattr(settings.market, item.name) != getattr(old.market, item.name)
        }
        market = dataclasses.replace(self.settings.market, **changed)
        self.settings = dataclasses.replace(settings, market=market)
        self.alerts.settings = self.settings
        if settings.alerts.rules != old.alerts.rules:
            self._watch()
        self._tiers.follow(settings.venues)
        self._accounts.follow(settings.venues, market.timeout_s)
        self._writer.submit(self._write_settings, settings)
        names = set(changed) | ({"ccxt"} if settings.venues != old.venues else set())
        self._follow_market_settings(names)
        self._risk_every.at_once()

    def _follow_market_settings(self, changed: set[str]) -> None:
        market = self.settings.market
        if changed & {"coin", "interval"}:
            interval_s = INTERVALS_S[market.interval]
            self.set_view(dataclasses.replace(self.view, coin=market.coin, interval_s=interval_s))
        if "speed" in changed and self.tape is not None:
            self.tape.set_speed(market.speed)
        if "source" in changed:
            self.open_source(market.source)
        elif changed & _READ_AT_OPENING[self.store.mode]:
            self.open_source(self.source)

    def _write_settings(self, settings: Settings) -> None:
        try:
            settings_file.save(self._settings_path, settings)
        except OSError as error:
            self._notices.append(f"The settings could not be written to their file: {error}.")

    def _write_alerts(self, records: tuple[AlertRecord, ...], path: Path) -> None:
        try:
            alert_export.write(records, path)
        except OSError as error:
            self._notices.append(f"The alerts could not be written to {path}: {error}.")
        else:
            self._notices.append(f"{len(records)} alerts were written to {path}.")

    # --- the feed -----------------------------------------------------------------------------

    def _take_feed(self) -> None:
        opened = self._feeds.take()
        if opened is None:
            return
        if opened.feed is None:
            self._notices.append(opened.problem)
            return
        if self.feed is not None:
            self._feeds.retire(self.feed)
        self.source, self.feed = opened.source, opened.feed
        self.store = MarketStore(opened.feed.mode)
        self._forget_market()
        self._forget_answers()
        self._scenario_fits = self._scenario_chosen
        self._new_source = opened.feed.mode
        self._epoch += 1
        self._set_catalogue()
        self._work_at_once()
        self._watch()
        opened.feed.start()

    def _watch(self) -> None:
        if self.feed is not None:
            markets = self.portfolio.markets() if self.portfolio else frozenset()
            self.feed.watch(
                Watch(
                    coin=self.view.coin,
                    interval_s=self.view.interval_s,
                    markets=markets,
                    coins=coins_of(self.settings.alerts.rules),
                )
            )

    def _take_market(self) -> FeedUpdate | None:
        """Bring the store up to date; return the update if it has news or the clock's turn came."""
        if self.feed is None:
            return None
        update, tape = self.feed.take_fresh(), self.store.tape
        listed = any(self.store.instruments.get(item.key) != item for item in update.instruments)
        self.store.apply(update)
        if listed:
            self._set_catalogue()
        if update.mode is FeedMode.LIVE and self._has_fresh_marks(update):
            self._coarse = False
            self._risk_every.at_once()  # an alert waits neither for its turn nor for a drag
        self._fall_back_to_recorded_interval(update)
        if update.mode is FeedMode.LIVE and update.facts and self._cache_every.due():
            self._writer.submit(mark_cache.save, tuple(self.store.all_of(MarkPrice).values()))
        nothing_new = FeedUpdate(mode=update.mode, now_ms=update.now_ms, tape=tape)
        return update if update != nothing_new or self._clock_every.due() else None

    def _has_fresh_marks(self, update: FeedUpdate) -> bool:
        """Tell whether a market of the book has a new mark."""
        markets = self.portfolio.markets() if self.portfolio else frozenset()
        return any(isinstance(fact, MarkPrice) and fact.key in markets for fact in update.facts)

    def _set_catalogue(self) -> None:
        listed = self.store.instruments.values()
        self._catalogue = Catalogue.embedded().with_instruments(listed)
        self._files.set_catalogue(self._catalogue)

    def _fall_back_to_recorded_interval(self, update: FeedUpdate) -> None:
        """Watch the shortest interval of a recording that has none as short as the watched one."""
        self._interval_unproven |= update.restarted and update.mode is FeedMode.REPLAY
        there = {bars.interval_s for bars in update.candles if _coin(bars) == self.view.coin}
        if self._interval_unproven and there:
            self._interval_unproven = False
            if self.view.interval_s not in there:
                self.set_view(dataclasses.replace(self.view, interval_s=min(there)))

    # --- the book -----------------------------------------------------------------------------

    def _take_portfolio(self) -> None:
        from_file, live = self._files.take(), self._accounts.take()
        if from_file is None and live is None:
            return
        self.from_file = from_file or self.from_file
        self.live = self.live if live is None else live
        book, known = joined(self.from_file, self.live), self.portfolio
        same = [a.id for a in known.accounts] if known else []
        if from_file is None and same == ([a.id for a in book.accounts] if book else []):
            self._refresh_portfolio(book)
        else:
            self._set_portfolio(book)

    def _refresh_portfolio(self, portfolio: Portfolio | None) -> None:
        """Go on with the same accounts, read again: what is shown of them stays until answered."""
        before = self.portfolio.markets() if self.portfolio else frozenset()
        self.portfolio = portfolio
        if portfolio is not None:
            self._same_book = (*self._same_book[-_ANSWERS_KEPT:], portfolio)
        self._risk_every.at_once()
        if before != (portfolio.markets() if portfolio else frozenset()):
            self._watch()

    def _set_portfolio(self, portfolio: Portfolio | None) -> None:
        before = self.portfolio.markets() if self.portfolio else frozenset()
        if self.copy is not None:
            self.set_copy(None)  # it was a copy of what is open no more
        self.portfolio, self._portfolio_changed = portfolio, True
        self._same_book = () if portfolio is None else (portfolio,)
        self._forget_answers()
        self._risk_every.at_once()
        if before != (portfolio.markets() if portfolio else frozenset()):
            self._watch()

    def _forget_market(self) -> None:
        """Know nothing of the watched coin any more: it is another one, or its source is."""
        self.overview = self.gauges = self.heatmap = self.drawn_map = None

    def _forget_answers(self) -> None:
        """Know nothing of the book any more: it is another one, or the market is."""
        self.risk = self.scenario = self.decision = self._answer = None
        self._last_seen, self._unseen, self.sight = LastSeen(), None, SEEN

    # --- work ---------------------------------------------------------------------------------

    def _work_at_once(self) -> None:
        for every in (
            self._overview_every,
            self._gauges_every,
            self._risk_every,
            self._heatmap_every,
        ):
            every.at_once()

    def _make_overview(self) -> MarketOverview | None:
        if not self.store.now_ms or not self._overview_every.due():
            return None
        self.overview = consolidate(self.view.coin, self.store)
        return self.overview

    def _make_gauges(self, overview: MarketOverview | None) -> Gauges | None:
        if overview is None or not self._gauges_every.due():
            return None
        self.gauges = read_gauges(gauge_inputs(overview, self.store))
        return self.gauges

    def _fit_scenario(self) -> None:
        """Choose the scenario's price once a coin: the default, or a fall from the mark."""
        mark = self._price_of_coin()
        if self._scenario_fits or mark is None:
            return
        self._scenario_fits = True
        price = self.settings.risk.scenario_price
        if not 0 < price < mark:
            price = float(f"{DEFAULT_MOVE * mark:.3g}")
        if price != self.view.scenario_price:
            self.view = self._new_view = dataclasses.replace(self.view, scenario_price=price)
        self._risk_every.at_once()

    def _price_of_coin(self) -> float | None:
        if self.overview is not None and self.overview.mark_price is not None:
            return self.overview.mark_price
        rows = self.risk.positions if self.risk else ()
        marks = (row.mark_price for row in rows if row.symbol.startswith(f"{self.view.coin}/"))
        return next((mark for mark in marks if mark is not None), None)

    def ask(self) -> None:
        """Hand work to the workers, where it is time."""
        if not self.store.now_ms:
            return
        if self.portfolio is not None and self._risk_every.due():
            self._risk_worker.submit(self._risk_request(self.portfolio))
            self._coarse = False
        if self._maps and self._heatmap_every.due():
            self._heatmap_worker.ask(
                self._epoch, self.store, self.view.coin, self.view.interval_s, self.view.map
            )

    def _risk_request(self, portfolio: Portfolio) -> RiskRequest:
        """Return what to ask; a drag asks the last question again, of another price."""
        asked = self._asked
        known = asked is not None and asked.portfolio is portfolio and asked.epoch == self._epoch
        if asked is not None and known and self._coarse and not self._whole_every.due():
            self._risk_every.within(REST_S)
            return dataclasses.replace(asked, move=self._move(), coarse=True)
        self._whole_every.restart()
        self._asked = self._whole_request(portfolio)
        return self._asked

    @property
    def _dragging(self) -> bool:
        """Whether the scenario's price is on the move; what takes long waits until it rests."""
        return time.monotonic() - self._moved_s < REST_S

    def _move(self) -> Move | None:
        view = self.view
        if not self._scenario_fits:
            return None
        return Move(
            coin=view.coin,
            price=view.scenario_price,
            over_h=view.over_h,
            use_betas=view.use_betas,
            buffer=self.settings.risk.buffer,
        )

    def _whole_request(self, portfolio: Portfolio) -> RiskRequest:
        return RiskRequest(
            epoch=self._epoch,
            portfolio=portfolio,
            snapshot=self.store.snapshot(),
            catalogue=self._catalogue,
            overview=self.overview,
            move=self._move(),
            candles=mark_candles(self.store, portfolio.markets() | self._markets_of_rules()),
            suspended=frozenset(self.settings.transfers.suspended),
            histories=coin_histories(self.store, portfolio),
            paces=coin_paces(self.store, portfolio),
            funding=settled_funding(self.store, portfolio),
        )

    def _markets_of_rules(self) -> frozenset[MarketKey]:
        """Return the markets of the coins that typed rules are about."""
        coins = coins_of(self.settings.alerts.rules)
        return frozenset(key for coin in coins for key in self.store.markets_of(coin))

    def _take_risk(self) -> tuple[RiskReport | None, ScenarioReport | None, Sight | None]:
        answer = self._risk_worker.take()
        if answer is None or answer.epoch != self._epoch:
            return None, None, None
        if not any(answer.portfolio is book for book in self._same_book):
            return None, None, None
        scenario = self._of_view(answer.scenario)
        was_blind, seen = self.sight.blind, answers(self.store.health.values())
        self.sight = self._last_seen.look(answer.risk, scenario, some_venue_answers=seen)
        if self.sight.blind:
            self._unseen = answer.risk, scenario
            if was_blind:
                return None, None, self.sight
            self.risk, self.scenario = self._last_seen.risk, self._of_view(self._last_seen.scenario)
        else:
            if scenario is not None:
                scenario = self._with_outlook(scenario, answer)
            self._answer, self.risk, self.scenario, self._unseen = (
                answer,
                answer.risk,
                scenario,
                None,
            )
        self._attach_repair()
        if not self.sight.blind:
            self._ask_for_decision()
        dragged = answer.coarse and not self.sight.blind  # a drag leaves the rest
        return (None if dragged else self.risk), self.scenario, self.sight

    def _of_view(self, scenario: ScenarioReport | None) -> ScenarioReport | None:
        """Return a scenario if the coin that moves in it is the watched one."""
        return scenario if scenario is not None and self.view.coin in scenario.moves else None

    def _ask_for_decision(self) -> None:
        if self._decides and self._answer is not None:
            transfers = transfer_terms(self.settings.transfers)
            unfavourable = self.view.unfavourable
            self._decision_worker.ask(
                self._answer,
                transfers,
                self.copy,
                unfavourable=unfavourable,
                dragged=self._dragging,
            )

    def _take_decision(self) -> Decision | None:
        decision = self._decision_worker.take(self._epoch, self.portfolio)
        if decision is not None:
            self.decision = decision
            self._attach_repair()
        return decision

    def _attach_repair(self) -> None:
        """Show the newest repair with the scenario, if it is the same one's."""
        answer, decision = self._answer, self.decision
        if answer is None or decision is None or answer.terms != decision.terms:
            return
        if self.scenario is not None and self.risk is not None:
            self.scenario = with_repair(self.scenario, decision.repair)
            self.risk = with_rescue(self.risk, self.scenario)

    def _with_outlook(self, scenario: ScenarioReport, answer: RiskAnswer) -> ScenarioReport:
        """Return the scenario with what the models last said of the same move."""
        if answer.terms is None:
            return scenario
        question = OutlookQuestion(
            epoch=self._epoch,
            portfolio=answer.portfolio,
            inputs=answer.inputs,
            scenario=answer.terms,
            coin=self.view.coin,
            cascade=self.settings.risk.cascade,
            implied_volatility=self.settings.risk.implied_volatility or None,
        )
        return self._outlook_worker.add_to(
            scenario, question, self.store, self.heatmap, dragged=self._dragging
        )

    def _take_heatmap(self) -> HeatmapColumns | None:
        answer = self._heatmap_worker.take(self._epoch)
        heatmap = None if answer is None else answer.columns
        watched = (self.view.coin, self.view.interval_s)
        if answer is None or heatmap is None or (heatmap.coin, heatmap.interval_s) != watched:
            return None
        self.heatmap = heatmap
        if answer.choice == self.view.map:
            self.drawn_map = answer.drawn
        return heatmap

    def _take_notices(self, update: FeedUpdate | None) -> tuple[str, ...]:
        """Return what there is to say; a failure that repeats is said once."""
        own = [self._notices.popleft() for _ in range(len(self._notices))]
        own += (*self._accounts.take_notices(), *self._heatmap_worker.take_notices())
        parts = (
            self._feeds,
            self._risk_worker,
            self._decision_worker,
            self._heatmap_worker,
            self._outlook_worker,
        )
        failures = [failure for part in parts if (failure := part.take_failure()) is not None]
        news = [failure for failure in failures if failure != self._last_failure]
        self._last_failure = failures[-1] if failures else self._last_failure
        return (*own, *(update.notices if update else ()), *self._files.take_notices(), *news)


def _stop_all(parts: Mapping[str, Callable[[], object]], within_s: float) -> bool:
    """Stop everything at once; what takes longer is left to the end of the process, and named."""
    threads = [
        threading.Thread(target=stop, name=f"stopping-{name}", daemon=True)
        for name, stop in parts.items()
    ]
    for thread in threads:
        thread.start()
    end_s = time.monotonic() + within_s
    for thread in threads:
        thread.join(max(0.0, end_s - time.monotonic()))
        if thread.is_alive():
            log.warning("%s took too long and was left behind", thread.name)
    return not any(thread.is_alive() for thread in threads)


def _coin(candles: Candles) -> str:
    return candles.key.symbol.partition("/")[0]
