"""What a rule is: a ladder, what it reads of every object, and what it says when it fires."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any, Final, NamedTuple

from workstation.alerts.facts import CHANNELS, Severity
from workstation.alerts.ladder import Ladder, Rung
from workstation.alerts.situation import Extreme, Situation

BOOK: Final = "book"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What the user may set: seconds of silence, hours of the book's age."""

    silence_s: float = 60.0
    book_age_h: float = 1.0


class Reading(NamedTuple):
    """What a rule sees of one object; a tuple, because there are four of every position.

    ``value`` is ``None`` where it is not known; ``worst`` is what it was at ``extreme``, between
    two looks. ``subject`` is what the value was read of. ``severity`` overrides the rung's.
    """

    object: str
    value: float | None
    subject: Any
    venue: str = ""
    severity: Severity | None = None
    worst: float | None = None
    extreme: Extreme | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What a fire says; see ``Fire``."""

    what: str
    price: float | None = None
    source: str = ""
    age_s: float | None = None
    exposure: str = ""
    todo: str = ""
    balance: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One registered rule.

    ``read`` says what there is; ``tell`` finds the words for the value that crossed a rung. A rule
    ``of_figures`` knows nothing while the engine has no answer. ``watched`` rules have inputs whose
    absence is itself an alert. ``limit`` gives the threshold of a rule with one rung that the user
    may set. A rule that ``lasts`` has a condition that can be shown as holding; ``via`` and
    ``quiet_ok`` go to its fires.
    """

    id: str
    help: str
    ladder: Ladder
    read: Callable[[Situation], Iterable[Reading]]
    tell: Callable[[Situation, Reading, float, Rung], Words]
    of_figures: bool = True
    watched: bool = False
    limit: Callable[[Limits], float] | None = None
    lasts: bool = True
    via: frozenset[str] = CHANNELS
    quiet_ok: bool = False

    def within(self, limits: Limits) -> Rule:
        """Return the rule with the threshold that the user has set."""
        if self.limit is None:
            return self
        (rung,) = self.ladder.rungs
        threshold = self.limit(limits)
        back = self.ladder.again_after and threshold  # back to nothing, if it has to be back at all
        rungs = (rung._replace(threshold=threshold),)
        return replace(self, ladder=replace(self.ladder, rungs=rungs, again_after=back))
