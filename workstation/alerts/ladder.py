"""The state machine of one rule about one object: a pure step from state to state.

Each rung of a ladder is armed, pending (its "for" runs), fired (said, and still so) or disarmed
(said, and back again). It is armed anew when the value has been back by "again after" *and* the
cooldown is over; both are remembered, so a second fall within the cooldown is told when it ends.
A value that is not known changes nothing: it neither fires nor clears. Of the rungs that are
crossed in one step only the last is told, and none while a graver one of the ladder holds. What
holds at the first look is told only if it is critical, and marked as such.

What it does not do well: a rung that is pending while the value is not known goes on waiting.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final, NamedTuple

from workstation.alerts.facts import Severity
from workstation.units import MINUTE_MS

COOLDOWN_MS: Final = {  # context.md 6.3
    Severity.INFO: 15 * MINUTE_MS,
    Severity.WARN: 15 * MINUTE_MS,
    Severity.CRITICAL: 2 * MINUTE_MS,
}


class Rung(NamedTuple):
    """A threshold, and how grave it is to be beyond it."""

    threshold: float
    severity: Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Ladder:
    """Rungs from the mildest to the gravest; one rung makes a plain rule.

    ``falling`` means that the value is beyond a rung when it is below it. ``again_after`` is in the
    value's unit; ``for_ms`` is how long the value has to stay beyond before it counts.
    ``cooldown_ms`` is ``None`` for that of the severity. One that tells nothing at the start does
    not even if it is critical: a price that has always been beyond a level did not cross it.
    """

    rungs: tuple[Rung, ...]
    falling: bool
    again_after: float
    for_ms: int = 0
    cooldown_ms: int | None = None
    tells_at_start: bool = True

    def beyond(self, value: float, threshold: float) -> bool:
        return value < threshold if self.falling else value > threshold

    def is_back(self, value: float, threshold: float) -> bool:
        margin = self.again_after
        return value >= threshold + margin if self.falling else value <= threshold - margin


class Phase(StrEnum):
    """Where a rung stands."""

    ARMED = "armed"
    PENDING = "pending"
    FIRED = "fired"
    DISARMED = "disarmed"


@dataclass(frozen=True, slots=True, kw_only=True)
class RungState:
    """``since_ms`` is when it became pending, or fired; ``held_back`` counts untold crossings."""

    phase: Phase = Phase.ARMED
    since_ms: int = 0
    was_back: bool = False
    held_back: int = 0


States = tuple[RungState, ...]


@dataclass(frozen=True, slots=True)
class Told:
    """The rung to be told; ``held_back`` are the crossings of it that were not."""

    index: int
    before_start: bool
    held_back: int


def fresh(ladder: Ladder) -> States:
    """Return the states of an object that nobody has looked at yet."""
    return tuple(RungState() for _ in ladder.rungs)


def step(
    ladder: Ladder,
    states: States,
    value: float | None,
    at_ms: int,
    *,
    first: bool = False,
    severity: Severity | None = None,
) -> tuple[States, Told | None]:
    """Return the states after a look, and the rung to be told.

    Parameters
    ----------
    value : ``None`` is not known
    at_ms : time on a clock that never runs backwards
    first : the object has not been looked at before with a known value
    severity : instead of the rungs' own, where the object decides it
    """
    if value is None:
        return states, None
    calm = not ladder.beyond(value, ladder.rungs[0].threshold)
    if calm and all(state.phase is Phase.ARMED for state in states):
        return states, None  # as nearly everything does, nearly always
    graveness = [severity or rung.severity for rung in ladder.rungs]
    stepped = [
        _step_rung(ladder, rung.threshold, state, value, at_ms, _cooldown(ladder, grave))
        for rung, state, grave in zip(ladder.rungs, states, graveness, strict=True)
    ]
    after = tuple(state for state, _ in stepped)
    fired = [index for index, (_, has_fired) in enumerate(stepped) if has_fired]
    if not fired:
        return after, None
    index = fired[-1]
    graver_holds = any(state.phase is Phase.FIRED for state in after[index + 1 :])
    at_start = ladder.tells_at_start and graveness[index] is Severity.CRITICAL
    if graver_holds or (first and not at_start):
        return after, None
    return after, Told(index, before_start=first, held_back=states[index].held_back)


def _cooldown(ladder: Ladder, severity: Severity) -> int:
    return COOLDOWN_MS[severity] if ladder.cooldown_ms is None else ladder.cooldown_ms


def _step_rung(
    ladder: Ladder, threshold: float, state: RungState, value: float, at_ms: int, cooldown_ms: int
) -> tuple[RungState, bool]:
    """Return the rung's next state, and whether it has fired in this step."""
    holds = ladder.beyond(value, threshold)
    if state.phase in (Phase.FIRED, Phase.DISARMED):
        was_back = state.was_back or ladder.is_back(value, threshold)
        if not was_back or at_ms - state.since_ms < cooldown_ms:
            crossed_again = holds and state.phase is Phase.DISARMED
            phase = Phase.FIRED if holds else Phase.DISARMED
            held_back = state.held_back + crossed_again
            return replace(state, phase=phase, was_back=was_back, held_back=held_back), False
        state = RungState(held_back=state.held_back)
    if not holds:
        return replace(state, phase=Phase.ARMED), False
    if state.phase is Phase.ARMED:
        state = replace(state, phase=Phase.PENDING, since_ms=at_ms)
    if at_ms - state.since_ms < ladder.for_ms:
        return state, False
    return RungState(phase=Phase.FIRED, since_ms=at_ms), True
