"""When was a fact last known to be true? Not when an answer came, but when it said something new.

Two habits of venues are caught here. A venue whose own stamp stands still repeats itself, however
often it answers. And a quote that does not move while the same coin moves elsewhere is frozen,
whatever its stamp says. A stamp that is minutes off but advances is fine: ages are ours.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from typing import Final

from workstation.units import MINUTE_MS, UnixMs

FROZEN_POLLS: Final = 30
FROZEN_MS: Final = MINUTE_MS
MOVED_FRACTION: Final = 0.001  # how far another venue's price must have gone meanwhile

Quote = tuple[float | None, ...]


@dataclass(slots=True)
class _Known:
    as_of_ms: UnixMs
    stamp_ms: int | None
    quote: Quote = ()
    polls: int = 0  # how often the quote was the same
    since_ms: int = 0  # since when
    elsewhere: Mapping[str, float] = field(default_factory=dict)  # others' prices at that time
    frozen: bool = False


class Freshness:
    """Remembers, for every kind of fact, market and source, when it was last renewed."""

    def __init__(self) -> None:
        self._known: dict[Hashable, _Known] = {}

    def renew(
        self,
        subject: Hashable,
        stamp_ms: int | None,
        now_ms: UnixMs,
        *,
        quote: Quote = (),
        elsewhere: Mapping[str, float] | None = None,
    ) -> UnixMs:
        """Return as of when the fact is known to be true.

        Parameters
        ----------
        subject : what the fact is about: its kind, market and source
        stamp_ms : the venue's own time of the fact, if it gives one
        now_ms : the feed's clock
        quote : the prices that must not stand still; empty where standing still is normal
        elsewhere : the newest price of the same coin at every other venue
        """
        known = self._known.get(subject)
        if known is None:
            known = _Known(as_of_ms=now_ms, stamp_ms=stamp_ms)
            self._known[subject] = known
            self._judge_quote(known, quote, now_ms, elsewhere or {})
            return now_ms
        advanced = stamp_ms is None or known.stamp_ms is None or stamp_ms > known.stamp_ms
        known.stamp_ms = stamp_ms
        self._judge_quote(known, quote, now_ms, elsewhere or {})
        if known.frozen:
            # what looked like news while it stood still was none
            known.as_of_ms = min(known.as_of_ms, UnixMs(known.since_ms))
        elif advanced:
            known.as_of_ms = now_ms
        return known.as_of_ms

    def is_frozen(self, subject: Hashable) -> bool:
        """Say whether the quote stands still while the coin moves elsewhere."""
        known = self._known.get(subject)
        return known is not None and known.frozen

    @staticmethod
    def _judge_quote(
        known: _Known, quote: Quote, now_ms: int, elsewhere: Mapping[str, float]
    ) -> None:
        if not quote or quote != known.quote:
            known.quote, known.polls, known.since_ms = quote, 0, now_ms
            known.elsewhere, known.frozen = dict(elsewhere), False
            return
        known.polls += 1
        known.elsewhere = {**elsewhere, **known.elsewhere}  # a venue that came later counts too
        long_enough = known.polls >= FROZEN_POLLS and now_ms - known.since_ms >= FROZEN_MS
        known.frozen = known.frozen or (long_enough and _moved(known.elsewhere, elsewhere))


def _moved(before: Mapping[str, float], now: Mapping[str, float]) -> bool:
    return any(
        abs(price / before[venue] - 1) >= MOVED_FRACTION
        for venue, price in now.items()
        if venue in before
    )
