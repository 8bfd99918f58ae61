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
from workstation.risk.pools import Leg, Pool
from workstation.risk.surplus import Root, maintenance_now, margin_balance_now, roots

DAY_H: Final = 24.0


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
