"""Maintenance margin over margin balance, of every pool; liquidation is at 1."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from workstation.alerts import words
from workstation.alerts.facts import Severity
from workstation.alerts.ladder import Ladder, Rung
from workstation.alerts.rules.base import Reading, Rule, Words
from workstation.alerts.situation import Situation
from workstation.portfolio.model import MarginMode
from workstation.risk.report import AccountReport, PositionReport, Status


def _read(situation: Situation) -> Iterator[Reading]:
    for account in situation.report.accounts:
        if account.status is not Status.PRESUMED_LIQUIDATED:
            yield _reading(f"{account.id} {account.currency}", account)
    for row in situation.report.positions:
        isolated = row.margin_mode is MarginMode.ISOLATED
        if isolated and row.status is not Status.PRESUMED_LIQUIDATED:
            yield _reading(words.name_of(row), row)


def _reading(name: str, row: AccountReport | PositionReport) -> Reading:
    return Reading(object=name, value=_ratio(row), subject=row, venue=row.venue)


def _ratio(row: AccountReport | PositionReport) -> float | None:
    """Return the ratio; 0 where nothing needs margin, 1 where the balance is gone."""
    if row.margin_ratio is not None or row.status is Status.UNKNOWN:
        return row.margin_ratio
    return 1.0 if row.status is Status.BELOW_MAINTENANCE else 0.0


def _tell(_: Situation, reading: Reading, value: float, rung: Rung) -> Words:
    row = reading.subject
    is_pool = isinstance(row, AccountReport)
    balance = row.margin_balance if is_pool else None
    return Words(
        what=f"{reading.object}: margin ratio {words.percent(value)}, above "
        f"{words.percent(rung.threshold)}; liquidation is at 100 %.",
        price=None if is_pool else row.mark_price,
        source="" if is_pool else words.mark_source(row),
        age_s=None if is_pool else row.mark_age_s,
        exposure="" if is_pool else words.exposure(row),
        todo="Add collateral or cut positions of this pool.",
        balance="" if balance is None else f"Margin balance {balance:,.2f} {row.currency}.",
    )


RULE: Final = Rule(
    id="margin_ratio",
    help="Maintenance margin over margin balance of a pool; liquidation is at 1",
    ladder=Ladder(  # context.md 6.5
        rungs=(
            Rung(0.5, Severity.WARN),
            Rung(0.7, Severity.CRITICAL),
            Rung(0.85, Severity.CRITICAL),
        ),
        falling=False,
        again_after=0.05,
    ),
    read=_read,
    tell=_tell,
)
