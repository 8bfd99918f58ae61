"""How near a position's mark is to its liquidation price."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final

from workstation.alerts import words
from workstation.alerts.advice import restoring
from workstation.alerts.facts import Severity
from workstation.alerts.ladder import Ladder, Rung
from workstation.alerts.rules.base import Reading, Rule, Words
from workstation.alerts.situation import Extreme, Situation, Wick
from workstation.market.instrument import MarketKey
from workstation.portfolio.model import MarginMode
from workstation.risk.report import (
    AccountReport,
    LiquidationKind,
    PositionReport,
    RiskReport,
    Status,
)

_LEAST_RESTORED: Final = 0.08  # the first critical rung: less would fire again at once


def _read(situation: Situation) -> Iterator[Reading]:
    for row in situation.report.positions:
        if row.status is not Status.PRESUMED_LIQUIDATED:
            yield _position(row, situation)
    for account in _loans(situation.report):
        yield _loan(account)


def _position(row: PositionReport, situation: Situation) -> Reading:
    worst, extreme = None, None
    wick = situation.wicks.get(MarketKey(row.venue, row.symbol))
    if wick is not None:
        worst, extreme = _at_worst(row, wick)
    return Reading(
        object=words.name_of(row),
        value=_distance(row),
        subject=row,
        venue=row.venue,
        worst=worst,
        extreme=extreme,
    )


def _distance(row: PositionReport) -> float | None:
    if row.status is Status.BELOW_MAINTENANCE:
        return 0.0
    if row.liquidation is LiquidationKind.NONE:
        return math.inf
    return None if row.distance is None else abs(row.distance)


def _at_worst(row: PositionReport, wick: Wick) -> tuple[float | None, Extreme | None]:
    """Return the distance at the low or the high since the last look."""
    end, mark = row.liquidation_price, row.mark_price
    if end is None or mark is None:
        return None, None
    extreme = wick.low if end < mark else wick.high
    if extreme is None:
        return None, None
    passed = extreme.price <= end < mark or mark < end <= extreme.price
    return 0.0 if passed else abs(end / extreme.price - 1), extreme


def _loans(report: RiskReport) -> Iterator[AccountReport]:
    """Yield the pools that can be liquidated though nothing in them is a position."""
    with_positions = {
        row.account for row in report.positions if row.margin_mode is MarginMode.CROSS
    }
    for account in report.accounts:
        if account.liquidation_coin is not None and account.id not in with_positions:
            yield account


def _loan(account: AccountReport) -> Reading:
    away = account.liquidation_coin_distance
    known = None if away is None else abs(away)
    below = account.status is Status.BELOW_MAINTENANCE
    return Reading(
        object=f"{account.id} {account.currency}",
        value=0.0 if below else known,
        subject=account,
        venue=account.venue,
    )


def _tell(situation: Situation, reading: Reading, value: float, rung: Rung) -> Words:
    row, extreme = reading.subject, reading.extreme
    near = f"{reading.object} is {words.percent(value)} from liquidation"
    if isinstance(row, AccountReport):
        price = row.liquidation_coin_price
        at = f": {row.liquidation_coin} at {words.price(price)}" if price is not None else ""
        return Words(what=f"{near}{at}.", todo="Add collateral or repay.", balance=_balance(row))
    at_wick = extreme is not None and value == reading.worst
    price = extreme.price if at_wick and extreme else row.mark_price
    now = f", now {words.price(row.mark_price)}" if at_wick and row.mark_price else ""
    ends = row.liquidation_price
    what = f"{near} (rung {words.percent(rung.threshold)})"
    if price is not None and ends is not None:
        what += f": mark {words.price(price)}{now}, liquidation at {words.price(ends)}"
    if row.status is Status.BELOW_MAINTENANCE:
        what = f"{reading.object} is below its maintenance margin: it may be liquidated now"
    restored = max(rung.threshold, _LEAST_RESTORED)
    return Words(
        what=f"{what}.",
        price=price,
        source=extreme.source if at_wick and extreme else words.mark_source(row),
        age_s=None if at_wick else row.mark_age_s,
        exposure=words.exposure(row),
        todo=restoring(situation, row, restored),
        balance=next((_balance(a) for a in situation.report.accounts if a.id == row.account), ""),
    )


def _balance(account: AccountReport) -> str:
    if account.margin_balance is None:
        return ""
    return f"Margin balance {account.margin_balance:,.2f} {account.currency}."


RULE: Final = Rule(
    id="distance",
    help="How far the mark is from a liquidation price; each rung once on the way down",
    # context.md 6.5: the median further fall of a crash is 4.8 %, P71 is 10 %
    ladder=Ladder(
        rungs=(
            Rung(0.15, Severity.WARN),
            Rung(0.08, Severity.CRITICAL),
            Rung(0.04, Severity.CRITICAL),
            Rung(0.02, Severity.CRITICAL),
        ),
        falling=True,
        again_after=0.02,
    ),
    read=_read,
    tell=_tell,
    watched=True,
)
