"""Positions that cannot be watched though their venue answers: one message a venue."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from workstation.alerts import words
from workstation.alerts.facts import Severity
from workstation.alerts.ladder import Ladder, Rung
from workstation.alerts.rules.base import Reading, Rule, Words
from workstation.alerts.situation import Situation

_NAMED: Final = 5


def _read(situation: Situation) -> Iterator[Reading]:
    for venue, blind_s in situation.blind_s.items():
        # a venue that is silent has its own message, in which these are named
        is_child = situation.silent_s.get(venue, 0.0) > 0
        yield Reading(object=venue, value=None if is_child else blind_s, subject=venue, venue=venue)


def _tell(situation: Situation, reading: Reading, value: float, _: Rung) -> Words:
    names = situation.blind.get(reading.subject, ())
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return Words(
        what=f"Cannot watch {', '.join(names[:_NAMED])}{more}: not known for "
        f"{words.duration(value)}.",
        source="risk report",
        age_s=value,
        todo="Look at the venue itself; the list of problems says what is missing.",
    )


RULE: Final = Rule(
    id="cannot_watch",
    help="How near a position is to liquidation has not been known for a minute",
    ladder=Ladder(rungs=(Rung(60.0, Severity.CRITICAL),), falling=False, again_after=60.0),
    read=_read,
    tell=_tell,
    of_figures=False,
    limit=lambda limits: limits.silence_s,
)
