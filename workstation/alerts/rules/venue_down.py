"""A venue that has said nothing new for a while; what is held there belongs to its message."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from workstation.alerts import words
from workstation.alerts.facts import Severity
from workstation.alerts.ladder import Ladder, Rung
from workstation.alerts.rules.base import Reading, Rule, Words
from workstation.alerts.situation import Situation
from workstation.risk.report import MarkSource, PositionReport


def _read(situation: Situation) -> Iterator[Reading]:
    holding = {row.venue for row in situation.report.positions}
    for venue, silent_s in situation.silent_s.items():
        severity = Severity.CRITICAL if venue in holding else Severity.WARN
        yield Reading(object=venue, value=silent_s, subject=venue, venue=venue, severity=severity)


def _tell(situation: Situation, reading: Reading, value: float, _: Rung) -> Words:
    venue = reading.subject
    rows = [row for row in situation.report.positions if row.venue == venue]
    health = situation.snapshot.health.get(venue)
    said = f" ({health.error})" if health is not None and health.error else ""
    return Words(
        what=f"Cannot watch {venue}: nothing new for {words.duration(value)}{said}.",
        source=f"health of {venue}",
        age_s=value,
        exposure=_held(rows),
        todo="Look at the venue itself; act there if you cannot wait." if rows else "",
    )


def _held(rows: list[PositionReport]) -> str:
    """Say how what is held there is valued meanwhile."""
    if not rows:
        return "You hold nothing there."
    estimated = sum(row.mark_source is MarkSource.ESTIMATED for row in rows)
    unknown = sum(row.mark_price is None for row in rows)
    parts = []
    if estimated:
        parts.append(f"{estimated} valued by the other venues' move (estimated)")
    if unknown:
        parts.append(f"{unknown} not known")
    how = f", {', '.join(parts)}" if parts else ""
    return f"{len(rows)} position{'s' if len(rows) > 1 else ''} there{how}."


RULE: Final = Rule(
    id="venue_down",
    help="A venue has said nothing new for a minute; critical if you hold something there",
    ladder=Ladder(rungs=(Rung(60.0, Severity.WARN),), falling=False, again_after=60.0),
    read=_read,
    tell=_tell,
    of_figures=False,
    limit=lambda limits: limits.silence_s,
)
