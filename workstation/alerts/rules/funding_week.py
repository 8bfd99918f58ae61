"""What a position has paid in funding over a week, as a yearly rate."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from workstation.alerts import words
from workstation.alerts.facts import Severity
from workstation.alerts.ladder import Ladder, Rung
from workstation.alerts.rules.base import Reading, Rule, Words
from workstation.alerts.rules.funding_now import cost_a_day, paid_by
from workstation.alerts.situation import Situation
from workstation.market.facts import FundingHistory
from workstation.market.instrument import MarketKey
from workstation.units import DAY_MS, HOUR_MS, HOURS_PER_YEAR

DAYS: Final = 7
_LEAST_SHARE: Final = 0.9  # of the week that the settlements have to cover


def _read(situation: Situation) -> Iterator[Reading]:
    means: dict[MarketKey, float | None] = {}
    for row in situation.report.positions:
        key = MarketKey(row.venue, row.symbol)
        if key not in means:
            means[key] = mean_yearly(situation.funding.get(key), situation.now_ms)
        mean = means[key]
        paid = None if mean is None else paid_by(row, mean)
        yield Reading(object=words.name_of(row), value=paid, subject=row, venue=row.venue)


def mean_yearly(history: FundingHistory | None, now_ms: int) -> float | None:
    """Return the mean of a week's settled rates, simple per year; ``None`` with too few."""
    if history is None:
        return None
    recent = history.time_ms > now_ms - DAYS * DAY_MS
    hours = float(np.sum(history.interval_h[recent]))
    if hours * HOUR_MS < _LEAST_SHARE * DAYS * DAY_MS:
        return None
    return float(np.sum(history.funding_rate[recent])) / hours * HOURS_PER_YEAR


def _tell(_: Situation, reading: Reading, value: float, rung: Rung) -> Words:
    row = reading.subject
    daily = cost_a_day(row, value * 8 / HOURS_PER_YEAR)
    return Words(
        what=f"{reading.object} has paid funding of {words.percent(value)} a year over {DAYS} "
        f"days, above {words.percent(rung.threshold)}.{daily}",
        price=row.mark_price,
        source=f"settled funding of {row.venue}",
        exposure=words.exposure(row),
    )


RULE: Final = Rule(
    id="funding_week",
    help="A position has paid more than 30 % a year of funding over a week",
    # context.md 3.1: above 30 % a year half of all months brought a fall of 15 %
    ladder=Ladder(rungs=(Rung(0.30, Severity.WARN),), falling=False, again_after=0.06),
    read=_read,
    tell=_tell,
)
