"""Where market data comes from: one line a source; each is imported when it is opened."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from workstation import paths
from workstation.errors import UsageError
from workstation.market.feed import Feed
from workstation.settings import Settings


def _live(_: str, settings: Settings) -> Feed:
    from workstation.exchanges.live_feed import LiveFeed

    options = {venue: own.get("ccxt", {}) for venue, own in settings.venues.items()}
    return LiveFeed(settings.market, options, paths.cache_dir())


def _simulated(_: str, settings: Settings) -> Feed:
    from workstation.simulation.feed import SimulatedFeed

    return SimulatedFeed(settings.market, paths.cache_dir())


def _replay(folder: str, settings: Settings) -> Feed:
    from workstation.recording.replay import ReplayFeed

    if not folder:
        raise UsageError("a replay needs a folder: replay:FOLDER")
    return ReplayFeed(Path(folder).expanduser(), speed=settings.market.speed)


SOURCES: Final[dict[str, Callable[[str, Settings], Feed]]] = {
    "live": _live,
    "simulated": _simulated,
    "replay": _replay,
}


def open_feed(source: str, settings: Settings) -> Feed:
    """Return the feed that ``source`` names: ``live``, ``simulated`` or ``replay:FOLDER``.

    Raises
    ------
    UsageError
        There is no such source.
    """
    kind, _, argument = source.partition(":")
    if kind not in SOURCES:
        known = ", ".join(SOURCES)
        raise UsageError(f"'{source}' is not a source of market data; known are {known}:FOLDER")
    return SOURCES[kind](argument, settings)
