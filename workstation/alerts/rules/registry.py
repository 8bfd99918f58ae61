"""Every rule that has data, the gravest subjects first. A new rule is a file and a line here."""

from __future__ import annotations

from typing import Final

from workstation.alerts.rules import (
    book_stale,
    cannot_watch,
    distance,
    liquidation_passed,
    margin_ratio,
    stop_missing,
    venue_down,
)
from workstation.alerts.rules.base import Rule

RULES: Final[tuple[Rule, ...]] = (
    liquidation_passed.RULE,
    distance.RULE,
    margin_ratio.RULE,
    venue_down.RULE,
    cannot_watch.RULE,
    stop_missing.RULE,
    book_stale.RULE,
)
