"""What a position pays at the running rate of funding."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from workstation.alerts import words
from workstation.alerts.facts import Severity
from workstation.alerts.ladder import Ladder, Rung
from workstation.alerts.rules.base import Reading, Rule, Words
from workstation.alerts.situation import Situation
from workstation.market.instrument import MarketKey, Side
from workstation.risk.report import PositionReport


def _read(situation: Situation) -> Iterator[Reading]:
    rates = situation.inputs.funding if situation.inputs is not None else {}
    for row in situation.report.positions:
        fact = rates.get(MarketKey(row.venue, row.symbol))
        paid = None if fact is None else paid_by(row, fact.rate_8h)
        yield Reading(object=words.name_of(row), value=paid, subject=row, venue=row.venue)


def paid_by(row: PositionReport, rate: float) -> float:
    """Return what the side of a position pays at a rate; received is negative."""
    return rate if row.side is Side.LONG else -rate


def cost_a_day(row: PositionReport, rate_8h: float) -> str:
    """Return the cost of a day in words; empty where the notional is not known."""
    if row.notional_usd is None:
        return ""
    return f" That is ${3 * rate_8h * row.notional_usd:,.0f} a day."


def _tell(_: Situation, reading: Reading, value: float, rung: Rung) -> Words:
    row = reading.subject
    return Words(
        what=f"{reading.object} pays {words.rate(value)} of funding, above "
        f"{words.rate(rung.threshold)}.{cost_a_day(row, value)}",
        price=row.mark_price,
        source=f"funding of {row.venue}",
        exposure=words.exposure(row),
    )


RULE: Final = Rule(
    id="funding_now",
    help="A position pays more than 0.05 % of funding in 8 hours",
    ladder=Ladder(  # context.md 6.5; back by a fifth of the threshold, 6.3
        rungs=(Rung(0.0005, Severity.INFO),), falling=False, again_after=0.0001
    ),
    read=_read,
    tell=_tell,
)
