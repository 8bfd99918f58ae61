"""What the HTML report is made of."""

from __future__ import annotations

from dataclasses import dataclass

from ui import format as fmt
from workstation.risk.report import RiskReport, ScenarioReport
from workstation.risk.transfers import TransferTerms
from workstation.services.decision_service import Decision
from workstation.units import UnixMs


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportFacts:
    """All that the page says; ``pace_assumed``: time left is at the scenario's own speed."""

    before: RiskReport
    after: ScenarioReport
    decision: Decision
    transfers: TransferTerms
    over_h: float
    made_ms: UnixMs
    version: str
    pace_assumed: bool


def moves_text(report: ScenarioReport) -> str:
    """Return ``BTC 60,000``: where the scenario goes."""
    return ", ".join(f"{coin} {fmt.price(price)}" for coin, price in report.moves.items())
