"""Betas to bitcoin estimated from hourly returns, with their bands.

``r_i = beta_i r_B + e``, without a constant. Hours are weighted by age (half-life 30 days); a
second beta counts only hours in which bitcoin fell hard. Each estimate is shrunk towards the middle
of all coins by its own uncertainty (Vasicek). Hours, not minutes: returns of minutes are too little
synchronous (Epps), and their betas come out low. A coin whose price hardly ever changes, or with
too few hours, gets the middle itself.

Betas are linear and small coins fell far more than theirs on 10 October 2025: show the band.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from workstation.market.facts import FloatArray
from workstation.risk.betas import DEFAULT_BETAS, OTHER_COIN_BETA, STABLECOINS

HALF_LIFE_H: Final = 30 * 24.0
FALL_SIGMAS: Final = 1.5  # hours below this many standard deviations count for the downside beta
PRIOR_SPREAD: Final = 0.35  # s0, of betas across coins
LEAST_HOURS: Final = 7 * 24  # [A] fewer say nothing about a beta
LEAST_FALLS: Final = 10  # [A] hard falls, below which there is no downside beta
STALE_SHARE: Final = 0.5  # [A] of hours without any change of price
_P90: Final = 1.2816  # of the normal law
STRESS_SLOPE: Final = 0.03  # [A] a sigma of bitcoin's move beyond the third
_STRESS_FROM: Final = 3.0

# Where no returns are at hand; evidence as in ``betas``. Small coins may have 2 to 4.5.
DEFAULT_BANDS: Final[Mapping[str, tuple[float, float]]] = {
    "BTC": (1.0, 1.0),
    "ETH": (1.05, 1.6),
    "SOL": (1.05, 1.9),
}
OTHER_COIN_BAND: Final = (1.0, 4.5)  # [A] from the lowest of the majors to a small coin's worst


@dataclass(frozen=True, slots=True, kw_only=True)
class BetaEstimate:
    """A coin's beta to bitcoin in logarithms, with its 10th and 90th percentile.

    ``downside`` is the beta of hours in which bitcoin fell hard; ``None`` where there were few.
    ``hours`` is 0 where it is no estimate but the middle of coins, or the default.
    """

    coin: str
    beta: float
    downside: float | None
    low: float
    high: float
    hours: int
    source: str

    def stressed(self, sigmas: float) -> float:
        """Return the beta for a move of bitcoin of so many daily standard deviations."""
        worst = max(self.beta, self.downside or self.beta)
        return worst * (1 + STRESS_SLOPE * max(0.0, abs(sigmas) - _STRESS_FROM))


@dataclass(frozen=True, slots=True)
class _Raw:
    beta: float
    error: float
    downside: float | None
    hours: int


def estimate_betas(
    bitcoin: FloatArray, others: Mapping[str, FloatArray]
) -> dict[str, BetaEstimate]:
    """Return a beta for every coin of ``others``.

    Parameters
    ----------
    bitcoin : (n,) hourly log returns, oldest first
    others : (n,) returns of the same hours by coin; NaN where one is missing
    """
    raw = {
        coin: found
        for coin, returns in others.items()
        if (found := _regressed(bitcoin, returns)) is not None
    }
    moving = [found.beta for coin, found in raw.items() if coin not in STABLECOINS]
    middle = statistics.median(moving) if moving else None
    return {coin: _shrunk(coin, raw.get(coin), middle) for coin in others}


def default_estimate(coin: str) -> BetaEstimate:
    """Return the default of a coin without returns, with the band of the evidence."""
    if coin in STABLECOINS:
        return BetaEstimate(
            coin=coin, beta=0.0, downside=None, low=0.0, high=0.0, hours=0, source="a stablecoin"
        )
    low, high = DEFAULT_BANDS.get(coin, OTHER_COIN_BAND)
    beta = DEFAULT_BETAS.get(coin, OTHER_COIN_BETA)
    return BetaEstimate(
        coin=coin, beta=beta, downside=None, low=low, high=high, hours=0, source="default"
    )


def _regressed(bitcoin: FloatArray, returns: FloatArray) -> _Raw | None:
    known = np.isfinite(bitcoin) & np.isfinite(returns)
    x, y = bitcoin[known], returns[known]
    if len(x) < LEAST_HOURS or np.mean(y == 0.0) > STALE_SHARE or not x.any():
        return None
    weights = 0.5 ** ((len(bitcoin) - 1 - np.flatnonzero(known)) / HALF_LIFE_H)
    beta, error = _weighted_slope(x, y, weights)
    hard = x < -FALL_SIGMAS * math.sqrt(float(np.average(x**2, weights=weights)))
    falls = int(np.count_nonzero(hard))
    downside = _weighted_slope(x[hard], y[hard], weights[hard])[0] if falls >= LEAST_FALLS else None
    return _Raw(beta, error, downside, len(x))


def _weighted_slope(x: FloatArray, y: FloatArray, weights: FloatArray) -> tuple[float, float]:
    """Return the slope through the origin and its standard error, robust to changing variance."""
    moment = float(np.sum(weights * x * x))
    slope = float(np.sum(weights * x * y)) / moment
    rest = y - slope * x
    return slope, math.sqrt(float(np.sum((weights * x * rest) ** 2))) / moment


def _shrunk(coin: str, raw: _Raw | None, middle: float | None) -> BetaEstimate:
    prior = DEFAULT_BETAS.get(coin, OTHER_COIN_BETA) if middle is None else middle
    if raw is None:
        if middle is None or coin in STABLECOINS:
            return default_estimate(coin)
        spread = _P90 * PRIOR_SPREAD
        return BetaEstimate(
            coin=coin,
            beta=prior,
            downside=None,
            low=prior - spread,
            high=prior + spread,
            hours=0,
            source="the middle of the other coins: too few hours of its own",
        )
    if coin in STABLECOINS:
        prior = 0.0
    own, common = 1 / max(raw.error, 1e-9) ** 2, 1 / PRIOR_SPREAD**2
    beta = (raw.beta * own + prior * common) / (own + common)
    spread = _P90 / math.sqrt(own + common)
    return BetaEstimate(
        coin=coin,
        beta=beta,
        downside=raw.downside,
        low=beta - spread,
        high=beta + spread,
        hours=raw.hours,
        source=f"{raw.hours} hours of returns, half-life 30 days, shrunk to {prior:.2f}",
    )
