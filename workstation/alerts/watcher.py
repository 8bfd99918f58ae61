"""Looks at the book again and again, and says what has fired: every rule about every object.

It keeps what a look cannot know: where each rung stands, since when a venue is silent or a position
not known, and what candles have shown. Its clock never runs backwards, and a live market that was
not looked at for a while (a suspended computer) has not been silent for that while.

An object that is first seen with its condition holding is a standing condition: told only if it is
critical. An object that is gone is forgotten. While the engine has no answer for the book nothing
is known of it, so nothing fires and nothing clears but "cannot watch".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from workstation.alerts.facts import Fire
from workstation.alerts.ladder import Rung, Told
from workstation.alerts.rules.base import Limits, Reading, Rule
from workstation.alerts.rules.registry import RULES
from workstation.alerts.situation import Look, Situation, WickFinder
from workstation.alerts.tracker import Standing, Tracker
from workstation.market.facts import VenueHealth, VenueState
from workstation.market.feed import FeedMode
from workstation.portfolio.model import Portfolio
from workstation.risk.report import RiskReport
from workstation.units import SECOND_MS

_LONGEST_STEP_MS: Final = 30 * SECOND_MS  # of a live market between two looks
Key = tuple[str, str]


class Watcher:
    """See the module's text; for one thread, one market."""

    def __init__(self, rules: Sequence[Rule] = RULES) -> None:
        self._rules = tuple(rules)
        self._trackers = {rule.id: Tracker(rule) for rule in rules}
        self._clock_ms = 0
        self._now_ms: int | None = None
        self._book: Portfolio | None = None
        self._report: RiskReport | None = None
        self._wicks = WickFinder()
        self._since_ms: dict[Key, int] = {}  # what is silent or not known
        self.standing: tuple[Standing, ...] = ()
        self.held_back = 0  # crossings that were not told

    def use(self, rules: Sequence[Rule]) -> None:
        """Watch by other rules from now on; where an old one stays, so does what it knows."""
        kept = {(rule.id, rule.help, rule.ladder) for rule in self._rules}
        self._trackers = {
            rule.id: self._trackers[rule.id]
            if (rule.id, rule.help, rule.ladder) in kept
            else Tracker(rule)
            for rule in rules
        }
        self._rules = tuple(rules)

    def look(self, look: Look, limits: Limits | None = None) -> tuple[Fire, ...]:
        """Return what fires now, the gravest first."""
        self._advance(look)
        if look.report is not None:
            self._report, self._book = look.report, look.book
        elif look.book is not self._book:
            self._report, self._book = None, look.book
        if self._report is None:
            for tracker in self._trackers.values():
                tracker.clear()
            self.standing = ()
            return ()
        rules = [rule.within(limits or Limits()) for rule in self._rules]
        situation, readings = self._read(look, self._report, rules)
        fires = [
            _fire(rule, reading, value, told, situation)
            for rule in rules
            for reading, value, told in self._trackers[rule.id].take(
                rule.ladder, readings[rule.id], self._clock_ms
            )
        ]
        trackers = self._trackers.values()
        self.standing = tuple(one for tracker in trackers for one in tracker.standing)
        self.held_back = sum(tracker.held_back for tracker in trackers)
        return tuple(sorted(fires, key=lambda fire: -fire.severity.rank))

    def _advance(self, look: Look) -> None:
        now_ms = look.snapshot.now_ms
        passed = max(0, now_ms - (now_ms if self._now_ms is None else self._now_ms))
        if look.snapshot.mode is FeedMode.LIVE:
            passed = min(passed, _LONGEST_STEP_MS)
        self._clock_ms += passed
        self._now_ms = now_ms

    # --- what there is to see -------------------------------------------------------------------

    def _read(
        self, look: Look, report: RiskReport, rules: Iterable[Rule]
    ) -> tuple[Situation, dict[str, list[Reading]]]:
        situation = Situation(
            now_ms=look.snapshot.now_ms,
            mode=look.snapshot.mode,
            book=look.book,
            report=report,
            inputs=look.inputs,
            snapshot=look.snapshot,
            funding=look.funding,
            wicks=self._wicks.find(look),
            silent_s=dict(self._silent(look.snapshot.health)),
        )
        known = look.report is not None
        readings = {r.id: list(_readings(r, situation, known)) for r in rules if r.watched}
        situation = self._with_blindness(situation, [r for rows in readings.values() for r in rows])
        for rule in rules:
            if not rule.watched:
                readings[rule.id] = list(_readings(rule, situation, known))
        return situation, readings

    def _silent(self, health: Mapping[str, VenueHealth]) -> Iterator[tuple[str, float]]:
        for venue, found in health.items():
            last_ms, now_ms = found.last_success_ms, self._now_ms or 0
            age_ms = 0 if last_ms is None else min(now_ms - last_ms, _LONGEST_STEP_MS)
            is_silent = found.state is not VenueState.LIVE
            yield venue, self._lasting_s(("silent", venue), is_silent, max(0, age_ms))

    def _with_blindness(self, situation: Situation, readings: Iterable[Reading]) -> Situation:
        blind: dict[str, list[str]] = {}
        for reading in readings:
            names = blind.setdefault(reading.venue, [])
            if reading.value is None:
                names.append(reading.object)
        return replace(
            situation,
            blind={venue: tuple(names) for venue, names in blind.items()},
            blind_s={v: self._lasting_s(("blind", v), bool(names)) for v, names in blind.items()},
        )

    def _lasting_s(self, key: Key, lasts: bool, age_ms: int = 0) -> float:
        """Return how long it has been so, and at the first time how old it already is."""
        if not lasts:
            self._since_ms.pop(key, None)
            return 0.0
        since_ms = self._since_ms.setdefault(key, self._clock_ms - age_ms)
        return max(1, self._clock_ms - since_ms) / 1_000


def _readings(rule: Rule, situation: Situation, known: bool) -> Iterable[Reading]:
    if known or not rule.of_figures:
        return rule.read(situation)
    return (reading._replace(value=None) for reading in rule.read(situation))


def _fire(rule: Rule, reading: Reading, value: float, told: Told, situation: Situation) -> Fire:
    rung: Rung = rule.ladder.rungs[told.index]
    words = rule.tell(situation, reading, value, rung)
    extreme = reading.extreme if value == reading.worst else None
    return Fire(
        rule=rule.id,
        object=reading.object,
        severity=reading.severity or rung.severity,
        value=value,
        threshold=rung.threshold,
        time_ms=situation.now_ms if extreme is None else extreme.time_ms,
        mode=situation.mode,
        what=words.what,
        price=words.price,
        source=words.source,
        age_s=words.age_s,
        exposure=words.exposure,
        todo=words.todo,
        balance=words.balance,
        before_start=told.before_start,
        late=extreme is not None and extreme.late,
        repeats_held=told.held_back,
        via=rule.via,
        quiet_ok=rule.quiet_ok,
    )
