"""Opens feeds and lets go of them, neither of which the window can wait for.

Opening imports what the feed is made of (numba, pandas or ccxt), so a worker does it. Letting go
takes as long as a venue hangs, so every feed gets a thread for that.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass

from workstation.errors import WorkstationError
from workstation.market.feed import Feed
from workstation.services.latest import LatestWorker
from workstation.services.sources import open_feed
from workstation.settings import Settings


@dataclass(frozen=True, slots=True)
class Opened:
    """A feed that is not started yet, or the sentence that says why there is none."""

    source: str
    feed: Feed | None
    problem: str = ""


class FeedSwitch:
    """The newest source that was asked for is opened and waits to be taken."""

    def __init__(self) -> None:
        self._opener = LatestWorker[tuple[str, Settings], Opened]("feed-opener", _open)
        self._retiring: list[threading.Thread] = []

    def start(self) -> None:
        self._opener.start()

    def stop(self) -> None:
        """Wait until the feeds that were let go of have stopped."""
        self._opener.stop()
        for thread in self._retiring:
            thread.join()

    def open(self, source: str, settings: Settings) -> None:
        self._opener.submit((source, settings))

    def take(self) -> Opened | None:
        """Return what was opened once, ``None`` when there is nothing new."""
        return self._opener.take()

    def take_failure(self) -> str | None:
        return self._opener.take_failure()

    def retire(self, feed: Feed) -> None:
        """Stop a feed that nobody looks at any more."""
        thread = threading.Thread(target=feed.stop, name="retiring-feed", daemon=True)
        thread.start()
        self._retiring = [known for known in self._retiring if known.is_alive()] + [thread]


def _open(question: tuple[str, Settings]) -> Opened:
    source, settings = question
    try:
        return Opened(source, open_feed(source, settings))
    except WorkstationError as error:
        return Opened(source, None, f"{error.user_message}.")
