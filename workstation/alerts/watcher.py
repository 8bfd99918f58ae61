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
from dataclasses import dataclass, replace
from typing import Final

from workstation.alerts.facts import Fire, Severity
from workstation.alerts.ladder import Phase, Rung, States, Told, fresh, step
from workstation.alerts.rules.base import Limits, Reading, Rule
from workstation.alerts.rules.registry import RULES
from workstation.alerts.situation import Look, Situation, WickFinder
from workstation.market.facts import VenueHealth, VenueState
from workstation.market.feed import FeedMode
from workstation.portfolio.model import Portfolio
from workstation.risk.report import RiskReport
from workstation.units import SECOND_MS

_LONGEST_STEP_MS: Final = 30 * SECOND_MS  # of a live market between two looks
Key = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A condition that holds now; ``told`` is false where it held before the start."""

    rule: str
    object: str
    severity: Severity
    threshold: float
    told: bool


class Watcher:
    """See the module's text; for one thread, one market."""

    def __init__(self, rules: Sequence[Rule] = RULES) -> None:
        self._rules = tuple(rules)
        self._clock_ms = 0
        self._now_ms: int | None = None
        self._book: Portfolio | None = None
        self._report: RiskReport | None = None
        self._states: dict[Key, States] = {}
        self._untold: set[Key] = set()
        self._wicks = WickFinder()
        self._since_ms: dict[Key, int] = {}  # what is silent or not known
        self.standing: tuple[Standing, ...] = ()
        self.held_back = 0  # crossings that were not told, of rungs that are not armed yet

    def look(self, look: Look, limits: Limits | None = None) -> tuple[Fire, ...]:
        """Return what fires now, the gravest first."""
        self._advance(look)
        if look.report is not None:
            self._report, self._book = look.report, look.book
        elif look.book is not self._book:
            self._report, self._book = None, look.book
        if self._report is None:
            self._states.clear()
            self.standing = ()
            return ()
        rules = [rule.within(limits or Limits()) for rule in self._rules]
        situation, readings = self._read(look, self._report, rules)
        fires: list[Fire] = []
        standing: list[Standing] = []
        for rule in rules:
            for reading in readings[rule.id]:
                fires += self._judge(rule, reading, situation)
                standing += self._standing(rule, reading)
        self.standing = tuple(standing)
        self._forget({(rule, item.object) for rule, items in readings.items() for item in items})
        states = self._states.values()
        self.held_back = sum(rung.held_back for rungs in states for rung in rungs)
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
            health=look.snapshot.health,
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

    # --- what comes of it -----------------------------------------------------------------------

    def _judge(self, rule: Rule, reading: Reading, situation: Situation) -> Iterator[Fire]:
        """Take the worst value since the last look, then the present one."""
        if reading.value is None:
            return
        for value in (reading.worst, reading.value):
            if value is not None:
                told = self._step(rule, reading, value)
                if told is not None:
                    yield _fire(rule, reading, value, told, situation)

    def _step(self, rule: Rule, reading: Reading, value: float) -> Told | None:
        key, ladder = (rule.id, reading.object), rule.ladder
        known = self._states.get(key)
        states = fresh(ladder) if known is None else known
        first = known is None
        self._states[key], told = step(
            ladder if not first else replace(ladder, for_ms=0),
            states,
            value,
            self._clock_ms,
            first=first,
            severity=reading.severity,
        )
        holds = any(state.phase is Phase.FIRED for state in self._states[key])
        if first and holds and told is None:
            self._untold.add(key)
        elif not holds or told is not None:
            self._untold.discard(key)
        return told

    def _standing(self, rule: Rule, reading: Reading) -> Iterator[Standing]:
        key = (rule.id, reading.object)
        pairs = zip(self._states.get(key, ()), rule.ladder.rungs, strict=False)
        held = [rung for state, rung in pairs if state.phase is Phase.FIRED]
        if held:
            yield Standing(
                rule=rule.id,
                object=reading.object,
                severity=reading.severity or held[-1].severity,
                threshold=held[-1].threshold,
                told=key not in self._untold,
            )

    def _forget(self, present: set[Key]) -> None:
        for key in self._states.keys() - present:
            del self._states[key]
            self._untold.discard(key)


def _readings(rule: Rule, situation: Situation, known: bool) -> Iterator[Reading]:
    for reading in rule.read(situation):
        yield reading if known or not rule.of_figures else replace(reading, value=None)


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
    )
