"""Every rule that has data, the gravest subjects first. A new rule is a file and a line here."""

from __future__ import annotations

from typing import Final

from workstation.alerts.rules import (
    adl_rank,
    book_stale,
    cannot_watch,
    distance,
    funding_now,
    funding_week,
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
    adl_rank.RULE,
    funding_week.RULE,
    funding_now.RULE,
    book_stale.RULE,
)
