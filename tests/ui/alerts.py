"""Records of alerts for the tests of the window."""

from __future__ import annotations

import dataclasses

from workstation.alerts.facts import Fire, Severity
from workstation.market.feed import FeedMode
from workstation.services.alert_service import AlertRecord
from workstation.units import UnixMs

NOW_MS = UnixMs(1_770_315_248_000)  # 2026-02-05 18:14:08 UTC
FIRED = "Fired 2026-02-05 18:14:08 UTC."


def record(number, severity=Severity.CRITICAL, *, name="main BTC long", rule="distance", **more):
    fire = Fire(
        rule=rule, object=name, severity=severity, value=0.079, threshold=0.08, time_ms=NOW_MS,
        mode=FeedMode.LIVE, what=f"alert {number}.", price=64_212.0, number=number,
    )  # fmt: skip
    return AlertRecord(fire=dataclasses.replace(fire, **more), told_ms=NOW_MS)
