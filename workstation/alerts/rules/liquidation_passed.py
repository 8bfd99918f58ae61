"""A position whose mark has passed its liquidation price: it counts as lost."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from workstation.alerts import words
from workstation.alerts.facts import Severity
from workstation.alerts.ladder import Ladder, Rung
from workstation.alerts.rules.base import Reading, Rule, Words
from workstation.alerts.situation import Situation
from workstation.risk.report import Status


def _read(situation: Situation) -> Iterator[Reading]:
    for row in situation.report.positions:
        lost = row.status is Status.PRESUMED_LIQUIDATED
        known = None if row.status is Status.UNKNOWN else float(lost)
        yield Reading(object=words.name_of(row), value=known, subject=row, venue=row.venue)


def _tell(situation: Situation, reading: Reading, _: float, __: Rung) -> Words:
    row = reading.subject
    sentences = situation.report.problems
    found = next((said for said in sentences if said.startswith(f"{reading.object}:")), None)
    ends = row.liquidation_price
    at = f" of {words.price(ends)}" if ends is not None else ""
    what = f"{reading.object} counts as liquidated: the mark has passed its liquidation price{at}."
    return Words(
        what=found or what,
        price=row.mark_price,
        source=words.mark_source(row),
        age_s=row.mark_age_s,
        exposure=words.exposure(row),
        todo="Look at the venue, then read the account or the file again.",
    )


RULE: Final = Rule(
    id="liquidation_passed",
    help="The mark has passed a position's liquidation price since the book was true",
    ladder=Ladder(rungs=(Rung(0.5, Severity.CRITICAL),), falling=False, again_after=0.5),
    read=_read,
    tell=_tell,
)
