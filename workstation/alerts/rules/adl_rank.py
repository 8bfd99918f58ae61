"""A position near the head of its venue's queue of auto-deleveraging."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from workstation.alerts import words
from workstation.alerts.facts import Severity
from workstation.alerts.ladder import Ladder, Rung
from workstation.alerts.rules.base import Reading, Rule, Words
from workstation.alerts.situation import Situation


def _read(situation: Situation) -> Iterator[Reading]:
    for row in situation.report.positions:
        rank = None if row.adl_rank is None else float(row.adl_rank)
        yield Reading(object=words.name_of(row), value=rank, subject=row, venue=row.venue)


def _tell(_: Situation, reading: Reading, value: float, __: Rung) -> Words:
    row = reading.subject
    return Words(
        what=f"{reading.object} has rank {value:.0f} in the queue of auto-deleveraging at "
        f"{row.venue}: in a crash the venue may close it against a bankrupt account.",
        price=row.mark_price,
        source=f"account at {row.venue}",
        exposure=words.exposure(row),
        todo="Take some profit or lower the leverage, and check what it hedges.",
    )


RULE: Final = Rule(
    id="adl_rank",
    help="A rank of 4 or higher in the venue's queue of auto-deleveraging, where it is told",
    ladder=Ladder(  # context.md 6.5: 4 of 5 or higher
        rungs=(Rung(3.5, Severity.WARN),), falling=False, again_after=0.5
    ),
    read=_read,
    tell=_tell,
)
