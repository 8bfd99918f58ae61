"""A book that was true long ago: what it says of positions is only a guess."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from workstation.alerts import words
from workstation.alerts.facts import Severity
from workstation.alerts.ladder import Ladder, Rung
from workstation.alerts.rules.base import BOOK, Reading, Rule, Words
from workstation.alerts.situation import Situation
from workstation.portfolio.age import has_age
from workstation.units import HOUR_MS, iso_utc


def _read(situation: Situation) -> Iterator[Reading]:
    book = situation.book
    if not has_age(book, situation.mode):
        return
    age_h = max(0, situation.now_ms - book.as_of_ms) / HOUR_MS
    yield Reading(object=BOOK, value=age_h, subject=book)


def _tell(_: Situation, reading: Reading, value: float, __: Rung) -> Words:
    book = reading.subject
    name = book.path.name if book.path is not None else book.name or "The book"
    return Words(
        what=f"{name} was true at {iso_utc(book.as_of_ms)}, {words.duration(value * 3_600)} ago.",
        source="the book's as_of",
        age_s=value * 3_600,
        todo="Read the account again, or bring the file up to date.",
    )


RULE: Final = Rule(
    id="book_stale",
    help="The book is older than an hour",
    ladder=Ladder(rungs=(Rung(1.0, Severity.WARN),), falling=False, again_after=0.0),
    read=_read,
    tell=_tell,
    of_figures=False,
    limit=lambda limits: limits.book_age_h,
)
