"""How funding moves the liquidation price of an isolated position while the mark stands still.

Funding is paid out of isolated margin, so the margin falls (or grows) evenly, and the liquidation
price with it: towards the mark where the position pays. The mark is taken to stay where it is and
the rate to stay what it is: a slope to look at, no forecast.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from workstation.market.facts import FloatArray
from workstation.risk.funding_path import FundingPath
from workstation.risk.legs import Leg
from workstation.risk.pools import Pool
from workstation.risk.surplus import Root, maintenance_now, margin_balance_now, roots

DAY_H: Final = 24.0
FUNDING_H: Final = 8.0  # rates are chosen and compared per 8 hours
MONTH_D, FAR_D = 30.0, 365.0  # a meeting beyond a year is told, not drawn
_LEAST_D, _BEYOND, _POINTS = 1.0, 1.1, 21


def liquidation_price_after(pool: Pool, rate_per_h: float, hours: FloatArray) -> FloatArray:
    """Return the liquidation price of an isolated position over time, by its venue's rule.

    Parameters
    ----------
    pool : of one isolated position whose maintenance margin is known
    rate_per_h : fraction of the value that a long pays an hour
    hours : (n,) from now on

    Returns
    -------
    (n,) quote per base, not rounded to the tick; the mark where the margin is used up, NaN where
    no price liquidates it or its tiers are not known there.
    """
    (leg,) = pool.legs
    return np.array([_price(pool, leg, rate_per_h, float(hour)) for hour in hours])


def hours_to_mark(pool: Pool, rate_per_h: float) -> float | None:
    """Return when funding alone liquidates an isolated position; ``None`` if it never does."""
    (leg,) = pool.legs
    paid_per_h = _paid_per_h(leg, rate_per_h)
    left = margin_balance_now(pool) - maintenance_now(pool)
    if left <= 0:
        return 0.0
    return left / paid_per_h if paid_per_h > 0 else None


def drift_per_day(pool: Pool, rate_per_h: float) -> float | None:
    """Return by how much the liquidation price has moved in a day; ``None`` where it has none."""
    now, then = liquidation_price_after(pool, rate_per_h, np.array([0.0, DAY_H]))
    return None if np.isnan(now) or np.isnan(then) else float(then - now)


def funding_path(
    pool: Pool, running_per_h: float | None, rate_8h: float | None
) -> FundingPath | None:
    """Return the price of an isolated position over the time that matters.

    Parameters
    ----------
    pool : of one isolated position whose maintenance margin is known
    running_per_h : the venue's present rate, an hour; ``None`` where it is not known
    rate_8h : the rate to draw, per 8 hours; ``None`` for the present one

    Returns
    -------
    A little beyond where it meets the mark, if that is within a year, else a month; ``None``
    without a rate.
    """
    rate_per_h = running_per_h if rate_8h is None else rate_8h / FUNDING_H
    if rate_per_h is None:
        return None
    hours = hours_to_mark(pool, rate_per_h)
    meets = None if hours is None else hours / DAY_H
    soon = meets is not None and meets <= FAR_D
    days = np.linspace(0.0, max(_LEAST_D, _BEYOND * meets) if soon and meets else MONTH_D, _POINTS)
    if soon and meets:
        days = np.sort(np.append(days, meets))  # so that the corner is drawn where it is
    (leg,) = pool.legs
    return FundingPath(
        rate_8h=rate_per_h * FUNDING_H,
        is_running=rate_8h is None,
        mark_price=leg.mark,
        days=days,
        price=liquidation_price_after(pool, rate_per_h, days * DAY_H),
        drift_per_day=drift_per_day(pool, rate_per_h),
        meets_in_days=meets,
    )


def _price(pool: Pool, leg: Leg, rate_per_h: float, hour: float) -> float:
    later = replace(pool, wallet=pool.wallet - _paid_per_h(leg, rate_per_h) * hour)
    if margin_balance_now(later) <= maintenance_now(later):
        return leg.mark
    root = _nearest(roots(later, lambda _: True, lambda _: False))
    return leg.price(root.factor) if root is not None and root.factor else np.nan


def _nearest(ends: tuple[Root, Root]) -> Root | None:
    """Return the end of the safe interval that is nearer to the mark, if it is known."""
    met = [root for root in ends if root.factor is not None]
    root = min(met, key=lambda root: abs(np.log(root.factor or 1.0)), default=None)
    return root if root is not None and root.known else None


def _paid_per_h(leg: Leg, rate_per_h: float) -> float:
    """Return what the position pays an hour in its settlement coin; negative: it receives."""
    return leg.position.side.sign * rate_per_h * leg.value
