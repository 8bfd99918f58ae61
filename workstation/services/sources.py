"""Where market data comes from: one line a source; each is imported when it is opened."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

from workstation import paths
from workstation.errors import UsageError
from workstation.market.feed import Feed, FeedMode
from workstation.settings import Settings


class Source(NamedTuple):
    """A kind of market data; ``open`` gets what follows the colon of the source's name."""

    mode: FeedMode
    open: Callable[[str, Settings], Feed]


def _live(_: str, settings: Settings) -> Feed:
    from workstation.exchanges.live_feed import LiveFeed

    return LiveFeed(settings.market, settings.venues, paths.cache_dir())


def _simulated(_: str, settings: Settings) -> Feed:
    from workstation.simulation.feed import SimulatedFeed

    return SimulatedFeed(settings.market, paths.cache_dir())


def _replay(name: str, settings: Settings) -> Feed:
    from workstation.recording.replay import ReplayFeed

    return ReplayFeed(_recording(name), speed=settings.market.speed)


def _recording(name: str) -> Path:
    from workstation.recording.reader import REQUIRED_COLUMNS, part_files

    folder = Path(name).expanduser()
    if not name or not folder.is_dir():
        raise UsageError(f"replay:{name}: there is no such folder; a replay is replay:FOLDER")
    if not any(part_files(folder, kind) for kind in REQUIRED_COLUMNS):
        raise UsageError(
            f"{folder} is not a recording; choose a folder with candles.parquet or marks.parquet"
        )
    return folder


SOURCES: Final[dict[str, Source]] = {
    "live": Source(FeedMode.LIVE, _live),
    "simulated": Source(FeedMode.SIMULATED, _simulated),
    "replay": Source(FeedMode.REPLAY, _replay),
}


def mode_of(source: str) -> FeedMode:
    """Return what a source's facts are labelled with; raises what ``open_feed`` raises."""
    return _find(source)[0].mode


def check_source(source: str) -> None:
    """Refuse a source that cannot be opened, before anything is; raises what ``open_feed`` does."""
    found, argument = _find(source)
    if found.mode is FeedMode.REPLAY:
        _recording(argument)


def open_feed(source: str, settings: Settings) -> Feed:
    """Return the feed that ``source`` names: ``live``, ``simulated`` or ``replay:FOLDER``.

    Takes up to a second the first time, for what it imports.

    Raises
    ------
    UsageError
        There is no such source, or the folder holds no recording.
    """
    found, argument = _find(source)
    return found.open(argument, settings)


def _find(source: str) -> tuple[Source, str]:
    kind, _, argument = source.partition(":")
    if kind not in SOURCES:
        known = ", ".join(SOURCES)
        raise UsageError(f"'{source}' is not a source of market data; known are {known}:FOLDER")
    return SOURCES[kind], argument
