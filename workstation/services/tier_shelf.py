"""The freshest table of tiers of every market: what venues gave lately, over what ships with us."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from workstation import paths
from workstation import settings as settings_file
from workstation.exchanges.tiers.cache import TierCache
from workstation.exchanges.tiers.registry import READERS
from workstation.risk.tiers import TierBook

LOOK_S: Final = 2.0  # between two looks at the files


class TierShelf:
    """Reads the caches that live feeds write, again when one has changed; for one thread.

    Parameters
    ----------
    venue_options : venue -> its settings; tables of a test net are kept apart by them
    """

    def __init__(self, venue_options: Mapping[str, Mapping[str, Any]]) -> None:
        self._options = venue_options
        self._caches: tuple[TierCache, ...] = ()
        self._cached_for: Mapping[str, Mapping[str, Any]] | None = None
        self._book: TierBook | None = None
        self._seen: tuple[int, ...] = ()
        self._next_look_s = 0.0

    def follow(self, venue_options: Mapping[str, Mapping[str, Any]]) -> None:
        """Use other settings from the next question on; may be called from any thread."""
        self._options = venue_options

    def newest(self) -> TierBook:
        """Return a book with the newest table of every market."""
        self._open_caches()
        now_s = time.monotonic()
        if self._book is not None and now_s < self._next_look_s:
            return self._book
        self._next_look_s = now_s + LOOK_S
        changed = tuple(_changed_ns(cache.path) for cache in self._caches)
        if self._book is None or changed != self._seen:
            self._seen, self._book = changed, self._read()
        return self._book

    def _open_caches(self) -> None:
        options = self._options
        if options is self._cached_for:
            return
        self._cached_for, self._book = options, None
        self._caches = tuple(
            TierCache(paths.cache_dir(), venue, options.get(venue, {}).get("ccxt", {}))
            for venue in READERS
        )

    def _read(self) -> TierBook:
        book = TierBook.embedded()
        for cache in self._caches:
            book = book.with_fresher({key: table for key, (_, table) in cache.load().items()})
        return book


def newest_tiers() -> TierBook:
    """Return the newest tables, as the user's settings name the venues; read anew."""
    chosen, _ = settings_file.load(paths.default_settings_file())
    return TierShelf(chosen.venues).newest()


def _changed_ns(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0
