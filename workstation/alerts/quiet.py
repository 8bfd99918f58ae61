"""Quiet hours: when alerts wait for a digest, by rule and by the clock on the wall.

Compared is the local time of day, so a day on which the clock is changed needs no care: an hour
that comes twice is quiet twice, and hours that end within the missing one end after it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from workstation.alerts.facts import Fire, Severity

EVERY_RULE: Final = "*"
_NEVER: Final = "never"


@dataclass(frozen=True, slots=True)
class Hours:
    """From a time of day to another, perhaps over midnight; the end does not belong to them."""

    begin: dt.time
    end: dt.time

    def hold(self, at: dt.time) -> bool:
        if self.begin <= self.end:
            return self.begin <= at < self.end
        return at >= self.begin or at < self.end


class QuietHours:
    """Quiet hours of rules.

    Parameters
    ----------
    entries : ``RULE=22:00-07:00`` or ``RULE=never``; ``*`` is every rule without an own entry
    with_critical : whether critical alerts wait as well
    """

    def __init__(self, entries: Iterable[str], *, with_critical: bool = False) -> None:
        self._hours = dict(_entry(entry) for entry in entries)
        self._with_critical = with_critical

    def hold(self, fire: Fire, at: dt.datetime) -> bool:
        """Tell whether an alert is to wait; ``at`` is local time."""
        if fire.severity is Severity.CRITICAL and not (self._with_critical or fire.quiet_ok):
            return False
        hours = self._hours.get(fire.rule, self._hours.get(EVERY_RULE))
        return hours is not None and hours.hold(at.time())


def _entry(text: str) -> tuple[str, Hours | None]:
    rule, _, hours = text.partition("=")
    if hours == _NEVER:
        return rule, None
    begin, _, end = hours.partition("-")
    return rule, Hours(dt.time.fromisoformat(begin), dt.time.fromisoformat(end))


class Daily:
    """Says once a day that a time of day has come; not for a day on which it begins later."""

    def __init__(self, at: str, now: dt.datetime) -> None:
        self._at = dt.time.fromisoformat(at)
        self._done = now.date() if now.time() >= self._at else None

    def due(self, now: dt.datetime) -> bool:
        """Tell whether it is time; ``now`` is local time."""
        if now.time() < self._at or self._done == now.date():
            return False
        self._done = now.date()
        return True
