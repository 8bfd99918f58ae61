"""How wrong the map has been lately: a conformal band of hourly liquidated amounts, by side.

The residual of an hour is ``ln((actual + c) / (expected + c))``; the band of the next hour is what
it expects times the quantiles of the residuals of the last ``WINDOW_H`` hours, the recent and the
like-sized counting more, and the next hour itself counting at either end, since few residuals do
not reach far (weighted conformal prediction: Tibshirani and others 2019, Barber and others 2023).
Old residuals alone cover a third of the hours after leverage has changed its mix [M]; so the
quantiles' levels move with every miss (adaptive conformal inference, Gibbs and Candes 2021), and
the band follows the regime. ``c`` keeps hours in which nothing was expected from deciding. An hour
in which nothing was expected and nothing happened says nothing: neither its residual counts, nor
that it was no miss. ``[A]`` marks an assumption.

Sums over a day have bands of their own residuals. They overlap, so that a day's worth of them is
one observation, and are too few to be told apart by size.

What it does not do well: residuals are of what was published, over the share that is. Where busy
hours hide more than calm ones, as on most generated markets, the calm are expected too high [M].
That share is as uncertain as ``reported_spread`` says, which widens the band, but no more. And it
covers hours of all sizes together: nine of ten in which a tenth of the mean hour or less was
expected and mostly nothing happens, half to three quarters of those up to half of the mean [M].
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist
from typing import Final

import numpy as np

from workstation.market.facts import FloatArray
from workstation.risk.heatmap_fit import HALF_LIFE_DAYS, WINDOW_DAYS
from workstation.risk.kernels.band import walk
from workstation.risk.kernels.book import IntArray

TAIL: Final = 0.1  # on each side: an 80 % band
WINDOW_H: Final = 24 * WINDOW_DAYS  # as old as what the mix is fitted to
HALF_LIFE_H: Final = 24 * HALF_LIFE_DAYS
PRIOR_FACTORS: Final = (1 / 7, 2.5)  # [A] a prior share of .25 was 7x too much on real hours
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
    *,
    hours: int = 1,
    tail: float = TAIL,
    reported_spread: float = 0.0,
) -> Band:
    """Return the band of every hour, of 80 % unless told otherwise, made of the hours before it.

    Parameters
    ----------
    expected : (n,) amounts as expected given the hour's path, known before their liquidations
    actual : (n,) amounts observed, in the same unit
    hours : of which each amount is the sum, up to its row's; a row knows those that ended before
    tail : share of the hours on each side of the band
    reported_spread : standard deviation of the logarithm by which all of ``actual`` may be off
    """
    count = len(expected)
    so_far = np.cumsum(expected)
    small = _SMALL * so_far / np.arange(1, count + 1) + 1e-12
    residual = np.log((actual + small) / (expected + small))
    residual[(so_far <= 0) | ((expected <= 0) & (actual <= 0))] = np.nan
    size = np.zeros(count + 1)
    if hours == 1:
        recent = expected[-WINDOW_H:]
        at_stake = float(recent @ recent) / max(float(recent.sum()), 1e-300)
        size = np.log(np.append(expected + small, at_stake + 1e-12))
    found = walk(size, residual, np.log(PRIOR_FACTORS), WINDOW_H, HALF_LIFE_H, tail, hours)
    middle, half = found.mean(axis=1), (found[:, 1] - found[:, 0]) / 2
    half = np.hypot(half, NormalDist().inv_cdf(1.0 - tail) * reported_spread)  # independent errors
    ends = middle - half, middle + half
    low, high = (np.maximum(0.0, (expected + small) * np.exp(q[:-1]) - small) for q in ends)
    return Band(
        low=low, high=high, factors=(float(np.exp(ends[0][-1])), float(np.exp(ends[1][-1])))
    )


def by_hour(values: FloatArray, hours_of: IntArray) -> FloatArray:
    """Add up (n, ...) rows by their hour's number; hours without a row are left out."""
    if not len(values):
        return values
    starts = np.flatnonzero(np.diff(hours_of, prepend=hours_of[0] - 1))
    sums: FloatArray = np.add.reduceat(values, starts, axis=0)
    return sums
