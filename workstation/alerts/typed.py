"""A rule as the user typed it, understood: one frozen value, in the units of its quantity."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from workstation.alerts.facts import CHANNELS, Severity
from workstation.units import UnixMs

EVER_MS: Final = 2**60  # a cooldown that does not end while the program runs


class Op(StrEnum):
    """How the value stands to the threshold."""

    BELOW = "<"
    ABOVE = ">"
    CROSSES = "crosses"


@dataclass(frozen=True, slots=True, kw_only=True)
class TypedRule:
    """See ``grammar`` for what can be typed.

    ``condition`` is the part that says when, without severity and options: two rules may not share
    one. ``value`` and ``again_after`` are in the unit of the quantity (``again_after`` as a
    distance from the threshold); a state has its "for" as value, in seconds. ``None`` leaves the
    default. ``via`` are the channels beside the list, which has everything.
    """

    text: str
    condition: str
    severity: Severity
    subject: str
    quantity: str
    op: Op
    value: float
    for_ms: int = 0
    again_after: float = 0.0
    cooldown_ms: int | None = None
    until_ms: UnixMs | None = None
    quiet_ok: bool = False
    via: frozenset[str] = CHANNELS
    note: str = ""
