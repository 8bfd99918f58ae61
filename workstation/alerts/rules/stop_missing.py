"""A position that no stop order would close before it is liquidated."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from workstation.alerts import words
from workstation.alerts.facts import Severity
from workstation.alerts.ladder import Ladder, Rung
from workstation.alerts.rules.base import Reading, Rule, Words
from workstation.alerts.situation import Situation
from workstation.market.instrument import Side
from workstation.risk.report import PositionReport, Status
from workstation.units import SECOND_MS


def _read(situation: Situation) -> Iterator[Reading]:
    for row in situation.report.positions:
        if row.status is not Status.PRESUMED_LIQUIDATED:
            name = words.name_of(row)
            yield Reading(object=name, value=_missing(row), subject=row, venue=row.venue)


def _missing(row: PositionReport) -> float:
    return float(row.stop_price is None or _too_late(row))


def _too_late(row: PositionReport) -> bool:
    """Tell whether the position would be liquidated before its stop."""
    stop, end = row.stop_price, row.liquidation_price
    if stop is None or end is None:
        return False
    return stop <= end if row.side is Side.LONG else stop >= end


def _tell(_: Situation, reading: Reading, __: float, ___: Rung) -> Words:
    row = reading.subject
    why = "has no stop"
    if row.stop_price is not None:
        why = (
            f"has its stop at {words.price(row.stop_price)}, beyond its liquidation price of "
            f"{words.price(row.liquidation_price)}"
        )
    return Words(
        what=f"{reading.object} {why}.",
        price=row.mark_price,
        source=words.mark_source(row),
        age_s=row.mark_age_s,
        exposure=words.exposure(row),
        todo="Place a stop before the liquidation price.",
    )


RULE: Final = Rule(
    id="stop_missing",
    help="A stop that was there is gone, or lies beyond the liquidation price",
    ladder=Ladder(
        rungs=(Rung(0.5, Severity.WARN),),
        falling=False,
        again_after=0.5,
        for_ms=30 * SECOND_MS,  # who moves a stop takes it away for a moment
    ),
    read=_read,
    tell=_tell,
)
