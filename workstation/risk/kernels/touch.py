"""Paths of filtered historical simulation: see ``workstation.risk.touch`` for the theory."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numba import njit

from workstation.market.facts import FloatArray
from workstation.risk.kernels.book import IntArray

BETWEEN_BARS: Final = 0.5826  # sigmas of a step: Broadie, Glasserman and Kou 1997


@njit(cache=True, nogil=True)
def filter_variance(returns: FloatArray, long_run: float, alpha: float, beta: float) -> FloatArray:
    """Return the (n + 1,) variances before each return and after the last."""
    variance = np.empty(len(returns) + 1)
    variance[0] = long_run
    base = (1.0 - alpha - beta) * long_run
    for i in range(len(returns)):
        variance[i + 1] = base + alpha * returns[i] * returns[i] + beta * variance[i]
    return variance


@njit(cache=True, nogil=True)
def extremes(
    residuals: FloatArray,
    variance: float,
    long_run: float,
    alpha: float,
    beta: float,
    ends: IntArray,
    paths: int,
    rng: np.random.Generator,
) -> tuple[FloatArray, FloatArray]:
    """Return how low and how high each path has been by the end of each horizon.

    Parameters
    ----------
    residuals : (n,) returns over their standard deviation, drawn from with replacement
    variance : of the first step
    ends : (k,) steps of the horizons, ascending

    Returns
    -------
    Two (k, paths) arrays of ln(price), with the extremes between two steps corrected for.
    """
    low, high = np.zeros((len(ends), paths)), np.zeros((len(ends), paths))
    base, count = (1.0 - alpha - beta) * long_run, len(residuals)
    for path in range(paths):
        x = lowest = highest = 0.0
        now, step = variance, 0
        for k in range(len(ends)):
            while step < ends[k]:
                sigma = math.sqrt(now)
                change = sigma * residuals[int(rng.random() * count)]
                x += change
                between = BETWEEN_BARS * sigma
                lowest = min(lowest, x - between)
                highest = max(highest, x + between)
                now = base + alpha * change * change + beta * now
                step += 1
            low[k, path], high[k, path] = lowest, highest
    return low, high
