"""The desk: feed, store, book and risk in one place, without a window.

The desk belongs to one thread. Its owner calls ``tick`` as often as it likes to look (the window
twenty times a second, a command when it needs to) and gets what is new since the last time. Every
request method returns at once; the work is done by the feed's thread and by the workers.

Three parts hold what there is: the market, the book, and the answers of the workers about them. The
desk lets them act in turn, holds the view, and carries out the user's requests.
"""

from __future__ import annotations

import dataclasses
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Final

from workstation import settings as settings_file
from workstation.alerts.typed_rules import coins_of
from workstation.exchanges.accounts.base import AccountSource
from workstation.exchanges.accounts.hyperliquid import VENUE, short_name
from workstation.exchanges.api_key import ApiKey
from workstation.market.catalogue import Catalogue
from workstation.market.facts import MarkPrice
from workstation.market.feed import INTERVALS_S, Feed, FeedMode, FeedUpdate, Tape
from workstation.market.instrument import MarketKey
from workstation.market.overview import MarketOverview
from workstation.market.store import MarketStore
from workstation.portfolio.model import Portfolio
from workstation.risk.indicators import Gauges
from workstation.risk.report import HeatmapColumns, RiskReport, ScenarioReport
from workstation.services import alert_export, mark_cache
from workstation.services.alert_service import AlertRecord, AlertService, WatchedRisk
from workstation.services.courtesy import Courtesy
from workstation.services.decision_service import Decision
from workstation.services.desk_answers import DeskAnswers
from workstation.services.desk_book import BookChange, DeskBook
from workstation.services.desk_market import DeskMarket
from workstation.services.desk_news import DeskNews, View
from workstation.services.every import Every
from workstation.services.key_check import KeyCheck
from workstation.services.live_accounts import LiveAccount
from workstation.services.memory import give_back
from workstation.services.risk_service import RiskWork
from workstation.services.scenario_price import ScenarioPrice
from workstation.services.sight import Sight
from workstation.services.stopping import stop_all
from workstation.services.tier_shelf import TierShelf
from workstation.settings import Settings

CACHE_MARKS_EVERY_S: Final = 10.0
GIVE_BACK_EVERY_S: Final = 10.0
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
        self.view = View(
            coin=settings.market.coin,
            interval_s=INTERVALS_S[settings.market.interval],
            scenario_price=settings.risk.scenario_price,
        )
        self.alerts = AlertService(settings)
        self._maps = maps
        self._settings_path = settings_path
        self._chosen = chosen or settings
        self._tiers = TierShelf(settings.venues)
        self.courtesy = Courtesy()
        work = WatchedRisk(RiskWork(self._tiers.newest, self.courtesy.wait), self.alerts)
        self._book = DeskBook(settings)
        self._market = DeskMarket(settings.market.source, self._book.set_catalogue, maps=maps)
        self._answers = DeskAnswers(
            self._market,
            self._book,
            settings,
            work,
            self.courtesy,
            maps=maps,
            decides=decides,
        )
        self._writer = ThreadPoolExecutor(max_workers=1, thread_name_prefix="desk-writer")
        self._cache_every = Every(CACHE_MARKS_EVERY_S)
        self._memory_every = Every(GIVE_BACK_EVERY_S)
        self._new_source: FeedMode | None = None
        self._new_view: View | None = self.view
        self._price = ScenarioPrice()
        self._coarse = False  # only the scenario's price has changed since the last request
        self._notices: deque[str] = deque()  # the writer appends too
        self._last_failure = ""

    # --- what there is ------------------------------------------------------------------------

    @property
    def source(self) -> str:
        """The name of the source that is open."""
        return self._market.source

    @property
    def feed(self) -> Feed | None:
        """The open feed; ``None`` until the first one has been opened."""
        return self._market.feed

    @property
    def store(self) -> MarketStore:
        """The facts of the open source."""
        return self._market.store

    @property
    def tape(self) -> Tape | None:
        """The controls of a replayed or simulated market; ``None`` when the market is live."""
        return self._market.tape

    @property
    def catalogue(self) -> Catalogue:
        """The markets that are known: the embedded lists, and what the venues have listed."""
        return self._market.catalogue

    @property
    def overview(self) -> MarketOverview | None:
        """The consolidated figures of the watched coin."""
        return self._market.overview

    @property
    def gauges(self) -> Gauges | None:
        """The gauges of the watched coin."""
        return self._market.gauges

    @property
    def heatmap(self) -> HeatmapColumns | None:
        """The liquidation map of the watched coin and interval: every venue's, as it was known."""
        return self._market.heatmap

    @property
    def drawn_map(self) -> HeatmapColumns | None:
        """The liquidation map as the view wants to see it."""
        return self._market.drawn_map

    @property
    def portfolio(self) -> Portfolio | None:
        """The book: the file and the accounts that are read."""
        return self._book.portfolio

    @property
    def from_file(self) -> Portfolio | None:
        """The part of the book that a file holds."""
        return self._book.from_file

    @property
    def live(self) -> tuple[LiveAccount, ...]:
        """The accounts that are read, as they are known."""
        return self._book.live

    @property
    def copy(self) -> Portfolio | None:
        """The what-if copy that stands beside the book."""
        return self._book.copy

    @property
    def risk(self) -> RiskReport | None:
        """What the engine says of the book; of when it was seen, while it is not."""
        return self._answers.risk

    @property
    def scenario(self) -> ScenarioReport | None:
        """What the move does to the book; likewise."""
        return self._answers.scenario

    @property
    def decision(self) -> Decision | None:
        """What to do about the scenario."""
        return self._answers.decision

    @property
    def dragging(self) -> bool:
        """Whether the scenario's price is on the move."""
        return self._answers.dragging

    @property
    def sight(self) -> Sight:
        """How much of the book is seen."""
        return self._answers.sight

    @property
    def known_now(self) -> tuple[RiskReport | None, ScenarioReport | None]:
        """What the engine says of now: while blind that is less than what is shown."""
        return self._answers.known_now

    # --- the turn -----------------------------------------------------------------------------

    def start(self) -> None:
        """Start the threads and open the source."""
        self._book.start()
        self._answers.start()
        self._market.start(self.settings)
        if self._maps:
            self._notices.append("The liquidation map is warming up.")

    def stop(self) -> bool:
        """Stop every thread, all at once: the slowest is a venue that hangs.

        Returns
        -------
        Whether all have ended; the log names one that was left behind.
        """
        parts: dict[str, Callable[[], object]] = {
            **self._market.stops(),
            **self._answers.stops(),
            **self._book.stops(),
            "alerts": self.alerts.stop,
            "desk-writer": self._writer.shutdown,
        }
        return stop_all(parts, STOP_S)

    def tick(self, *, ask: bool = True) -> DeskNews:
        """Take in what is fresh, hand work to the workers, say what is new.

        Whoever draws what is new may hand out the work after it has (``ask``): the interpreter runs
        one thread at a time.
        """
        if self._memory_every.due():
            self._writer.submit(give_back)
        self._take_feed()
        self._take_book()
        update = self._take_market()
        gauges = self._market.make_gauges()  # of the last overview: never both in one turn
        overview = None if gauges else self._market.make_overview(self.view.coin)
        self._fit_scenario()
        if ask:
            self.ask()
        risk, scenario, sight = self._answers.take_risk(self.view)
        decision = self._answers.take_decision()
        if decision is not None:
            risk, scenario = self.risk, self.scenario
        heatmap = self._market.take_heatmap(self.view)
        alerts = self.alerts.take()
        portfolio_changed, copy_changed = self._book.take_changes()
        news = DeskNews(
            update=update,
            source=self._new_source,
            view=self._new_view,
            portfolio_changed=portfolio_changed,
            refused=self._book.take_refusal(),
            overview=overview,
            gauges=gauges,
            risk=risk,
            scenario=scenario,
            decision=decision,
            sight=sight,
            copy_changed=copy_changed,
            heatmap=heatmap,
            alerts=alerts,
            notices=(*self._take_notices(update), *alerts.notices),
        )
        self._new_source, self._new_view = None, None
        return news

    def _take_feed(self) -> None:
        opened = self._market.take_opened()
        if opened is None:
            return
        if opened.feed is None:
            self._notices.append(opened.problem)
            return
        self._answers.forget()
        self._answers.at_once()
        self._price.begin_source()
        self._new_source = opened.feed.mode
        self._watch()
        opened.feed.start()

    def _watch(self) -> None:
        coins = coins_of(self.settings.alerts.rules)
        self._market.watch(self.view, self._book.markets, coins)

    def _take_book(self) -> None:
        watched = self._book.markets
        change = self._book.take()
        if change is not BookChange.NONE:
            self._follow_book(change, watched)

    def _follow_book(self, change: BookChange, watched: frozenset[MarketKey]) -> None:
        if change is BookChange.REPLACED:
            self._answers.forget()
        self._answers.at_once()
        if watched != self._book.markets:
            self._watch()

    def _take_market(self) -> FeedUpdate | None:
        before_ms = self.store.now_ms
        update = self._market.take()
        if self.store.mode is not FeedMode.LIVE and self.store.now_ms < before_ms:
            self._answers.forget()  # a tape was wound back: all of it is of later
            self._answers.at_once()
        if update is None:
            return None
        if update.mode is FeedMode.LIVE and self._has_fresh_marks(update):
            self._coarse = False  # an alert does not wait for the end of a drag
        recorded_s = self._market.recorded_interval_s(update, self.view)
        if recorded_s is not None:
            self.set_view(dataclasses.replace(self.view, interval_s=recorded_s))
        if update.mode is FeedMode.LIVE and update.facts and self._cache_every.due():
            marks = tuple(self.store.all_of(MarkPrice).values())
            self._writer.submit(mark_cache.save, marks)
        return update

    def _has_fresh_marks(self, update: FeedUpdate) -> bool:
        """Tell whether a market of the book has a new mark."""
        markets = self._book.markets
        return any(isinstance(fact, MarkPrice) and fact.key in markets for fact in update.facts)

    def _fit_scenario(self) -> None:
        mark = self._mark_of_coin()
        if self._price.fits or mark is None:
            return
        view = self._price.fit(self.view, mark, self.settings.risk.scenario_price)
        if view != self.view:
            self.view = self._new_view = view
        self._answers.at_once()

    def _mark_of_coin(self) -> float | None:
        if self.overview is not None and self.overview.mark_price is not None:
            return self.overview.mark_price
        rows = self.risk.positions if self.risk else ()
        marks = (row.mark_price for row in rows if row.symbol.startswith(f"{self.view.coin}/"))
        return next((mark for mark in marks if mark is not None), None)

    def ask(self) -> None:
        """Hand work to the workers, where it is time."""
        asked = self._answers.ask(self.view, move_known=self._price.fits, coarse=self._coarse)
        self._coarse = self._coarse and not asked
        self._market.ask_for_heatmap(self.view)

    def _take_notices(self, update: FeedUpdate | None) -> tuple[str, ...]:
        """Return what there is to say; a failure that repeats is said once."""
        own = [self._notices.popleft() for _ in range(len(self._notices))]
        own += self._market.take_notices()
        parts = (self._market, self._answers)
        failures = [said for part in parts for said in part.take_failures() if said is not None]
        news = [failure for failure in failures if failure != self._last_failure]
        self._last_failure = failures[-1] if failures else self._last_failure
        return (*own, *(update.notices if update else ()), *self._book.take_notices(), *news)

    # --- requests -----------------------------------------------------------------------------

    def set_view(self, view: View) -> None:
        """Look at another coin, interval or scenario."""
        old, view = self.view, self._price.follow(self.view, view)
        if view.coin != old.coin:
            self._answers.forget_scenario()
        elif view.scenario_price != old.scenario_price:
            self._answers.note_drag()
            self._coarse = dataclasses.replace(view, scenario_price=old.scenario_price) == old
        self.view = self._new_view = view
        if view.map != old.map:
            self._market.draw_map(view.map)
        if (view.coin, view.interval_s) != (old.coin, old.interval_s):
            self._market.look_elsewhere()
            self._watch()
        self._answers.at_once()

    def refit_map(self) -> None:
        """Fit the map's leverage anew, in the background; a notice says what came of it."""
        self._market.refit_map()
        self._notices.append("Fitting the map's leverage to the liquidations observed until now.")

    def open_source(self, source: str) -> None:
        """Switch to ``live``, ``simulated`` or ``replay:FOLDER``; a bad name becomes a notice."""
        self._market.open(source, self.settings)

    def open_portfolio(self, path: Path) -> None:
        """Open a portfolio file; what is open stays until the new one has been read."""
        self._book.open(path)

    def reload_portfolio(self) -> None:
        """Read the file again, changed or not."""
        self._book.reload()

    def close_portfolio(self) -> None:
        """Forget the portfolio file; the accounts that are read and the market stay."""
        watched = self._book.markets
        self._book.close()
        self._follow_book(BookChange.REPLACED, watched)

    def save_portfolio(self, portfolio: Portfolio, path: Path) -> None:
        """Write a portfolio file and open it."""
        self._book.save(portfolio, path, open_it=True)

    def set_copy(self, copy: Portfolio | None) -> None:
        """Put a what-if copy beside the book, change it, or (``None``) take it away."""
        self._book.set_copy(copy)
        self._answers.ask_for_decision(self.view)

    def save_copy(self, path: Path) -> None:
        """Write the what-if copy as a portfolio file; the book stays open."""
        self._book.save(self.copy, path)

    def save_book(self, path: Path) -> None:
        """Write the whole book, live accounts included, to a file; what is open stays."""
        self._book.save(self.portfolio, path)

    def export_alerts(self, path: Path) -> None:
        """Write the list of alerts to a file; how that went is a notice."""
        self._writer.submit(self._write_alerts, self.alerts.records(), path)

    def read_address(self, address: str) -> None:
        """Read a public Hyperliquid address beside the file, without any key."""
        self._book.add_account(AccountSource(id=short_name(address), venue=VENUE, address=address))

    def check_key(self, source: AccountSource, key: ApiKey | None) -> Future[KeyCheck]:
        """Ask an exchange what a key may do; the answer comes in the future."""
        return self._book.check_key(source, key)

    def add_account(self, source: AccountSource, key: ApiKey | None, *, keep: bool) -> None:
        """Read an account from now on; ``keep`` it, and its key in the keyring, for later."""
        self._book.add_account(source, key, keep=keep)

    def remove_account(self, account: str) -> None:
        """Stop reading an account, and forget its key."""
        self._book.remove_account(account)

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
        self.alerts.settings = self._answers.settings = self.settings
        if settings.alerts.rules != old.alerts.rules:
            self._watch()
        self._tiers.follow(settings.venues)
        self._book.follow(settings.venues, market.timeout_s)
        self._writer.submit(self._write_settings, settings)
        names = set(changed) | ({"ccxt"} if settings.venues != old.venues else set())
        self._follow_market_settings(names)
        self._answers.at_once()

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
