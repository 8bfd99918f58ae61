"""How urgent a distance to liquidation is: the one table that chooses its colour and its words."""

from __future__ import annotations

from typing import Final

from ui import format as fmt
from workstation.alerts.facts import Severity
from workstation.risk.report import Status

PAST: Final = "past its liquidation"  # below maintenance: there is no price left to reach
LOST: Final = (Status.BELOW_MAINTENANCE, Status.PRESUMED_LIQUIDATED)
# (below this distance, colour token): look.md's warn and alarm
_BANDS: Final = ((0.04, "alarm"), (0.08, "warn"))
_STATUS: Final = {
    Status.BELOW_MAINTENANCE: "alarm",
    Status.LIQUIDATED: "alarm",
    Status.PRESUMED_LIQUIDATED: "alarm",
    Status.UNKNOWN: "warn",
}
_SEVERITY: Final = {Severity.INFO: "dim", Severity.WARN: "warn", Severity.CRITICAL: "alarm"}


def distance_token(distance: float | None, status: Status = Status.OK) -> str:
    """Return the colour token of a signed distance to a liquidation price; empty when calm.

    What is past it, or went past it, alarms wherever the mark is now.
    """
    if status in LOST:
        return "alarm"
    if distance is None:
        return ""
    return next((token for limit, token in _BANDS if abs(distance) < limit), "")


def distance_text(status: Status, distance: float | None) -> str:
    """Return how far a liquidation price is; what is past it, or went past it, has no way left."""
    if status is Status.BELOW_MAINTENANCE:
        return "past"
    if status is Status.PRESUMED_LIQUIDATED:
        return "passed"
    return fmt.percent(distance, sign=True)


def status_token(status: Status) -> str:
    return _STATUS.get(status, "")


def severity_token(severity: Severity) -> str:
    return _SEVERITY[severity]


def profit_token(amount: float | None) -> str:
    """Return the colour token of a profit or a loss."""
    if not amount:
        return ""
    return "up" if amount > 0 else "down"
