"""A fire as JSON values: a line of ``watch --json``, an entry of ``--state``."""

from __future__ import annotations

from typing import Any

from workstation.alerts.facts import Fire
from workstation.units import iso_utc


def fire_document(fire: Fire) -> dict[str, Any]:
    """Return the JSON values; what is not known is ``None``."""
    return {
        "time": iso_utc(fire.time_ms),
        "number": fire.number,
        "mode": fire.mode.value,
        "severity": fire.severity.value,
        "rule": fire.rule,
        "object": fire.object,
        "value": fire.value,
        "threshold": fire.threshold,
        "price": fire.price,
        "source": fire.source,
        "age_s": fire.age_s,
        "before_start": fire.before_start,
        "late": fire.late,
        "repeats_held": fire.repeats_held,
        "todo": fire.todo,
        "sentence": fire.sentence,
    }
