"""What a venue closes first of a pool that has come to its maintenance margin.

A venue reduces large positions before it takes everything: tier by tier, or in equal parts. Which
leg of a cross pool goes first is not published; here it is the one that needs most margin. What is
cut fills at the mark, so only fees are lost on it, and margin that it freed stays with the rest.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from workstation.market.instrument import Side
from workstation.risk.legs import Leg
from workstation.risk.pools import Pool
from workstation.risk.profiles import LiquidationRules, Reduction
from workstation.risk.tiers import TierMode

_INSIDE: Final = 1e-9  # how far below a tier's floor a cut ends, so that the lower tier holds
_LEAST: Final = 0.01  # of a leg, after the first cut: one that grows back would be cut without end


@dataclass(frozen=True, slots=True)
class Cut:
    """A part of a leg that is closed, a fraction of what it is now."""

    leg: Leg
    fraction: float


LegName = tuple[str, Side]


def next_cuts(
    pool: Pool, factors: Mapping[LegName, float], balance: float, rounds: int, usd: float
) -> tuple[Cut, ...]:
    """Return what is closed now; nothing where the pool goes whole.

    Parameters
    ----------
    factors : how far each leg's value has scaled, by symbol and side
    balance : the margin balance now, in the pool's currency
    rounds : cuts that this pool has had before
    usd : USD price of the pool's currency
    """
    rules = pool.profile.liquidation
    if balance <= 0:
        return ()
    if rules.reduction is Reduction.SHARES:
        return _shares(pool, factors, rules, rounds, usd)
    if rules.reduction is Reduction.TIER_STEP:
        return _tier_step(pool, factors, rules, balance, _LEAST if rounds else 0.0)
    return ()


def name_of(leg: Leg) -> LegName:
    return leg.position.symbol, leg.position.side


def _shares(
    pool: Pool,
    factors: Mapping[LegName, float],
    rules: LiquidationRules,
    rounds: int,
    usd: float,
) -> tuple[Cut, ...]:
    """Return one of the equal parts of every leg; the rest goes whole in the end."""
    if rounds >= rules.cut_parts:
        return ()
    large = [leg for leg in pool.legs if leg.value * factors[name_of(leg)] * usd > rules.above_usd]
    return tuple(Cut(leg, 1 / (rules.parts - rounds)) for leg in large)


def _tier_step(
    pool: Pool,
    factors: Mapping[LegName, float],
    rules: LiquidationRules,
    balance: float,
    least: float,
) -> tuple[Cut, ...]:
    """Return what exceeds a lower tier, of the leg with the largest requirement that has one.

    ``least`` is the smallest part that is cut: along a path on which the value grows, an inverse
    long's in a fall, a leg that was cut to a floor stands above it again at once.
    """
    if rules.whole_below_first_tier and balance < _at_first_tier(pool, factors):
        return ()
    steps = [
        (leg, kept)
        for leg in pool.legs
        if (kept := _kept(leg, factors[name_of(leg)], rules.tiers_down)) < 1.0
    ]
    if not steps:
        return ()
    leg, kept = max(steps, key=lambda step: _required(step[0], factors[name_of(step[0])]))
    return (Cut(leg, max(1.0 - kept, least)),)


def _kept(leg: Leg, factor: float, tiers_down: int) -> float:
    """Return the share of a leg that fits into the tier ``tiers_down`` below its own; else 1."""
    size, table = leg.size(factor), leg.table
    if size is None or table.mode is TierMode.LINEAR_IN_SIZE:
        return 1.0
    row = table.row(size)
    if row < tiers_down:
        return 1.0
    return float(table.floor[row - tiers_down + 1]) * (1 - _INSIDE) / size


def _at_first_tier(pool: Pool, factors: Mapping[LegName, float]) -> float:
    """Return the requirement if every leg were charged its first tier's rate."""
    return sum(
        leg.value * factors[name_of(leg)] * (float(leg.table.rate[0]) + leg.fee_rate)
        for leg in pool.legs
    )


def _required(leg: Leg, factor: float) -> float:
    return float(leg.maintenance(np.array([factor]))[0])
