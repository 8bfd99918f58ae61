"""Where every object stands with one rule: the states between two looks.

Nearly every object is calm nearly always: its rungs are armed and its value is beyond none. These
share one state and cost one comparison a look, so that ten thousand positions are no burden.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from workstation.alerts.facts import Severity
from workstation.alerts.ladder import Ladder, Phase, States, Told, fresh, step
from workstation.alerts.rules.base import Reading, Rule


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A condition that holds now; ``told`` is false where it held before the start."""

    rule: str
    object: str
    severity: Severity
    threshold: float
    told: bool


class Tracker:
    """The states of one rule; for one thread."""

    def __init__(self, rule: Rule) -> None:
        self._rule = rule
        self._calm = fresh(rule.ladder)
        self._states: dict[str, States] = {}
        self._untold: set[str] = set()
        self.standing: list[Standing] = []
        self.held_back = 0  # crossings that were not told, of rungs that are not armed yet

    def take(
        self, ladder: Ladder, readings: Sequence[Reading], clock_ms: int
    ) -> Iterator[tuple[Reading, float, Told]]:
        """Yield what is to be told, with the value that crossed the rung.

        ``ladder`` is the rule's own, with the thresholds of now.
        """
        self.standing, self.held_back = [], 0
        known, calm, mildest = 0, self._calm, ladder.rungs[0].threshold
        for reading in readings:
            states = self._states.get(reading.object)
            value = reading.value
            known += value is not None
            if value is None and states is None:
                continue  # nothing has been known of it yet
            is_plain = states is calm and reading.worst is None
            if is_plain and value is not None and not ladder.beyond(value, mildest):
                continue
            yield from self._judge(ladder, reading, states, clock_ms)
            self._note(ladder, reading)
        if len(self._states) > known:
            self._forget({reading.object for reading in readings})

    def clear(self) -> None:
        """Forget every object."""
        self._forget(set())
        self.standing, self.held_back = [], 0

    def _judge(
        self, ladder: Ladder, reading: Reading, states: States | None, clock_ms: int
    ) -> Iterator[tuple[Reading, float, Told]]:
        """Take the worst value since the last look, then the present one."""
        if reading.value is None:
            return
        for value in (reading.worst, reading.value):
            if value is None:
                continue
            first = states is None
            states, told = step(
                replace(ladder, for_ms=0) if first else ladder,
                states or self._calm,
                value,
                clock_ms,
                first=first,
                severity=reading.severity,
            )
            self._keep(reading.object, states, first=first, told=told)
            if told is not None:
                yield reading, value, told

    def _keep(self, name: str, states: States, *, first: bool, told: Told | None) -> None:
        self._states[name] = self._calm if states == self._calm else states
        holds = any(state.phase is Phase.FIRED for state in states)
        if first and holds and told is None:
            self._untold.add(name)
        elif told is not None or not holds:
            self._untold.discard(name)

    def _note(self, ladder: Ladder, reading: Reading) -> None:
        states = self._states.get(reading.object, self._calm)
        self.held_back += sum(state.held_back for state in states)
        pairs = zip(states, ladder.rungs, strict=True)
        held = [rung for state, rung in pairs if state.phase is Phase.FIRED]
        if held and self._rule.lasts:
            self.standing.append(
                Standing(
                    rule=self._rule.id,
                    object=reading.object,
                    severity=reading.severity or held[-1].severity,
                    threshold=held[-1].threshold,
                    told=reading.object not in self._untold,
                )
            )

    def _forget(self, present: set[str]) -> None:
        for name in self._states.keys() - present:
            del self._states[name]
            self._untold.discard(name)
