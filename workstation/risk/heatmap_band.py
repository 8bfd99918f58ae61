"""How wrong the map has been lately: a conformal band of hourly liquidated amounts, by side.

The residual of an hour is ``ln((actual + c) / (expected + c))``; the band of the next hour is what
it expects times the quantiles of the residuals of the last ``WINDOW_H`` hours, the recent and the
like-sized counting more. Old residuals alone cover a third of the hours after leverage has changed
its mix [M]; so the quantiles' levels move with every miss (adaptive conformal inference, Gibbs and
Candes 2021), and the band follows the regime. ``c`` keeps hours in which nothing was expected from
deciding. ``[A]`` marks an assumption.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from workstation.market.facts import FloatArray
from workstation.risk.kernels.band import walk
from workstation.risk.kernels.book import IntArray

TAIL: Final = 0.1  # on each side: an 80 % band
WINDOW_H: Final = 14 * 24  # [A]
HALF_LIFE_H: Final = 72.0  # [A]
LEAST_HOURS: Final = 48  # before them the prior's band holds
PRIOR_FACTORS: Final = (1 / 7, 2.5)  # [A] a prior share of .25 was 7x too much on real hours
DAY_WIDEN: Final = 1.4  # sums of a day held 67 % of the time where those of an hour held 79 % [M]
_SMALL: Final = 0.02  # [A] c, of the mean hour so far


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Band:
    """``low`` and ``high`` (n,): what each hour's band was, in the amounts' unit, known before it.

    ``factors`` is what multiplies an expectation after the last hour, where most is at stake.
    """

    low: FloatArray
    high: FloatArray
    factors: tuple[float, float]


def hourly_band(
    expected: FloatArray,
    actual: FloatArray,
    lag: int = 1,
    widen: float = 1.0,
    tail: float = TAIL,
) -> Band:
    """Return the band of every hour, of 80 % unless told otherwise, made of the hours before it.

    Parameters
    ----------
    expected : (n,) amounts as expected given the hour's path, known before their liquidations
    actual : (n,) amounts observed, in the same unit
    lag : how many hours ago the newest known residual ended: 1, or more where amounts are sums over
        several hours
    widen : factor of the band's width in logarithms
    tail : share of the hours on each side of the band
    """
    hours = len(expected)
    small = _SMALL * np.cumsum(expected) / np.arange(1, hours + 1) + 1e-12
    residual = np.log((actual + small) / (expected + small))
    recent = expected[-WINDOW_H:]
    at_stake = float(recent @ recent) / max(float(recent.sum()), 1e-300) if hours else 0.0
    size = np.log(np.append(expected + small, at_stake + 1e-12))
    found = walk(size, residual, WINDOW_H, HALF_LIFE_H, tail, lag) * widen
    found[: LEAST_HOURS + lag] = np.log(PRIOR_FACTORS)
    low, high = (np.maximum(0.0, (expected + small) * np.exp(q) - small) for q in found[:-1].T)
    factors = (
        PRIOR_FACTORS if hours < LEAST_HOURS + lag else (np.exp(found[-1, 0]), np.exp(found[-1, 1]))
    )
    return Band(low=low, high=high, factors=(float(factors[0]), float(factors[1])))


def by_hour(values: FloatArray, hours_of: IntArray) -> FloatArray:
    """Add up (n, ...) rows by their hour's number; hours without a row are left out."""
    if not len(values):
        return values
    starts = np.flatnonzero(np.diff(hours_of, prepend=hours_of[0] - 1))
    sums: FloatArray = np.add.reduceat(values, starts, axis=0)
    return sums
