"""A book watched without a window: one line an alert, pushes, and a sign of life.

The dead-man URL is asked for as long as the watch is healthy: the book was valued within the last
seconds and at least one venue is live. Whoever waits for it at the other end is told by its absence
what no program can tell of itself, that it has died.
"""

from __future__ import annotations

import dataclasses
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Final

import orjson

from workstation import paths
from workstation import settings as settings_file
from workstation.alerts import words
from workstation.alerts.document import fire_document
from workstation.alerts.facts import Fire
from workstation.market.catalogue import Catalogue
from workstation.market.facts import VenueState
from workstation.market.feed import FeedMode
from workstation.portfolio.formats import registry
from workstation.risk.report import RiskReport
from workstation.services import logs, push_address
from workstation.services.desk import Desk
from workstation.services.desk_news import DeskNews
from workstation.services.every import Every
from workstation.services.sources import check_source
from workstation.settings import Settings
from workstation.units import iso_utc

TICK_S: Final = 0.05
MOST_POLL_S: Final = 1.0  # between two prices: an alert is to be out within two seconds
_HEALTHY_S: Final = 15.0  # since the book was last valued
_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchOptions:
    """The command line; ``None`` leaves the settings' value. ``ntfy`` and ``dead_man`` are URLs.

    Several push addresses are separated by blanks.
    """

    portfolio: Path
    source: str = "live"
    venues: tuple[str, ...] | None = None
    settings: Path | None = None
    ntfy: str | None = None
    dead_man: str | None = None
    as_json: bool = False


def run(options: WatchOptions, say: Say, warn: Say) -> int:
    """Watch until SIGINT or SIGTERM; return the exit code.

    Parameters
    ----------
    say : takes one line an alert
    warn : takes everything else, a sentence each

    Raises
    ------
    PortfolioFileError, UsageError, WorkstationError
        The file, the source or an address cannot be used; nothing was started.
    """
    registry.read(options.portfolio, Catalogue.embedded())  # what is refused is refused now
    check_source(options.source)
    addresses = tuple(push_address.check(one) for one in (options.ntfy or "").split())
    dead_man = push_address.check_url(options.dead_man) if options.dead_man else None
    logs.set_up()
    settings, path = _settings(options, warn)
    desk = Desk(settings, path, maps=False, decides=False)
    if addresses:
        desk.alerts.push.use(addresses)
    watch = _Watch(desk, options, say, warn, dead_man)
    warn(
        f"{options.portfolio.name}: waiting for prices ({settings.market.source}); Ctrl+C ends it."
    )
    if desk.store.mode is not FeedMode.LIVE:
        warn(f"{desk.store.mode}: nothing leaves this machine.")
    with _stopping_on_signals() as stopping:
        desk.open_portfolio(options.portfolio)
        desk.start()
        try:
            while not stopping.wait(TICK_S):
                watch.take(desk.tick())
        finally:
            desk.stop()
    return 0


def line(fire: Fire) -> str:
    """Return the line for people."""
    return f"{iso_utc(fire.time_ms)} {fire.severity.upper():8} {fire.sentence}"


def _json_line(fire: Fire) -> str:
    return orjson.dumps({"schema": 1, **fire_document(fire)}).decode()


class _Watch:
    """Says what a tick brings, and pings while all is well."""

    def __init__(
        self, desk: Desk, options: WatchOptions, say: Say, warn: Say, dead_man: str | None
    ) -> None:
        self._desk = desk
        self._say = say
        self._warn = warn
        self._as_json = options.as_json
        self._dead_man = dead_man
        self._ping_every = Every(desk.settings.alerts.dead_man_every_s)
        self._greeted = False

    def take(self, news: DeskNews) -> None:
        for record in news.alerts.fired:
            self._say(_json_line(record.fire) if self._as_json else line(record.fire))
        for notice in news.notices:
            self._warn(notice)
        if news.refused is not None:
            self._warn(news.refused.user_message)
        if news.risk is not None and not self._greeted:
            self._greet(news.risk)
        if self._dead_man and self._is_healthy() and self._ping_every.due():
            self._desk.alerts.ping(self._dead_man)

    def _greet(self, risk: RiskReport) -> None:
        """Say once that the book has a price, and where it stands."""
        valued = [row for row in risk.positions if row.mark_price is not None]
        if risk.positions and not valued:
            return
        self._greeted = True
        self._warn(words.standing(risk))

    def _is_healthy(self) -> bool:
        store = self._desk.store
        live = any(found.state is VenueState.LIVE for found in store.health.values())
        valued = self._desk.alerts.valued_within(_HEALTHY_S)
        return live and valued and store.mode is FeedMode.LIVE


def _settings(options: WatchOptions, warn: Say) -> tuple[Settings, Path]:
    path = options.settings or paths.default_settings_file()
    settings, problems = settings_file.load(path)
    for problem in problems:
        warn(f"Setting {problem}; its default is used.")
    market = settings.market
    market = dataclasses.replace(
        market,
        source=options.source,
        venues=options.venues or market.venues,
        poll_interval_s=min(market.poll_interval_s, MOST_POLL_S),
    )
    alerts = dataclasses.replace(
        settings.alerts, on=True, push=settings.alerts.push or bool(options.ntfy)
    )
    return dataclasses.replace(settings, market=market, alerts=alerts), path


@contextmanager
def _stopping_on_signals() -> Iterator[threading.Event]:
    stopping = threading.Event()

    def stop(_: int, __: FrameType | None) -> None:
        stopping.set()

    before = {number: signal.signal(number, stop) for number in _SIGNALS}
    try:
        yield stopping
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
