"""The leverage mix fitted to observed liquidations, by side and hat.

Theory of operation
-------------------
A book kept with separate hats says for every bar how much *unit mass* price took out of each hat:
what would have been liquidated had all flow used that hat. The liquidations of a bar are then
Poisson-like with mean ``reported share x phi x sum_j share_j x unit mass_j``, and the shares are
what is wanted. Amounts are not counts: one order can be hundreds of coins, so the variance is
``dispersion`` times the mean, and ``amount / dispersion`` is the number of events that the fit
believes in. A Gamma prior worth ``PRIOR_EVENTS`` of them keeps the shape where little is observed;
its size is scaled to the whole of what was observed.

Rows count less with age (half of it after ``HALF_LIFE_DAYS``) and not at all after ``WINDOW_DAYS``.
Uncertainty is a Bayesian bootstrap over whole days (errors of one day go together) and over the
prior's events, times draws of what no feed tells: the reported share and phi, of which only the
product with the shares is seen.

What it does not do well: single accounts far larger than the rest; leverage that opens and dies
inside one bar; a feed that fell silent looks like a market without liquidations.
``[A]`` marks an assumption without a source; [M] a figure measured on generated markets; [S] one
unreviewed study (min66633, liquidation-cascade-research).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from workstation.market.facts import FloatArray
from workstation.risk.kernels.book import LONG, SHORT, IntArray
from workstation.risk.kernels.mix import expectation_maximisation, expected_rows, log_likelihood

# Published over true liquidations. Binance pushes one order a symbol and second, 2.7-2.9x under
# [S]; Bybit is complete since 2025-02-25 [S]; OKX and whoever is not listed: [A].
REPORTED_SHARE: Final[dict[str, float]] = {
    "binanceusdm": 0.36,
    "binancecoinm": 0.36,
    "bybit": 1.0,
    "okx": 0.4,
}
COMPLETE: Final = 1.0  # [A] of a venue that is not listed
SHARED_SECONDS: Final = 0.02  # [A] more orders than this in one second and side: not throttled

WINDOW_DAYS: Final = 30  # [A]
HALF_LIFE_DAYS: Final = 14.0  # [A]
PRIOR_EVENTS: Final = 20.0  # [A]
PRIOR_SCALES: Final = (0.1, 6.0)  # [A] of the prior's priced share: .015 to .9
LARGEST_PRICED: Final = 0.95  # [A] of a side's open interest
DRAWS: Final = 64  # [A] maps of the ensemble
REPORTED_SPREAD: Final = 0.2  # [A] sd of ln(reported share); generated feeds gave .41-.51 [M]
PHI_RANGE: Final = (0.6, 1.0)  # [A] around the default of .8
_PASSES: Final = 60
_DRAW_PASSES: Final = 15  # they begin at the fit
_BACKGROUND: Final = 1e-3  # [A] of the mean row: what no hat explains


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Evidence:
    """What was crossed and what was observed, bar by bar.

    crossed : (n, 2, J) unit mass in coins; observed : (n, 2) published liquidations in coins;
    age_days : (n,) at the time of the fit; exposure : reported share x phi.
    """

    crossed: FloatArray
    observed: FloatArray
    age_days: FloatArray
    exposure: float

    def weights(self) -> FloatArray:
        weights: FloatArray = 0.5 ** (self.age_days / HALF_LIFE_DAYS)
        return weights

    @property
    def days(self) -> int:
        """The number of days, the newest counted whole."""
        return int(np.ceil(self.age_days.max())) if len(self.age_days) else 0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MixFit:
    """shares : (2, J); dispersion : (2,) coins an event; log_likelihood : in coins, of all rows."""

    shares: FloatArray
    dispersion: FloatArray
    log_likelihood: float

    @property
    def priced_share(self) -> FloatArray:
        """(2,) share of open interest with a liquidation price on the grid."""
        priced: FloatArray = self.shares.sum(axis=1)
        return priced


def reported_share(venue: str, seconds: IntArray, sides: IntArray) -> float:
    """Return published over true liquidations of a venue.

    Parameters
    ----------
    venue : ccxt id
    seconds : (n,) Unix seconds of the orders seen so far
    sides : (n,) their sides; a throttled feed never shows two of one side in a second
    """
    listed = REPORTED_SHARE.get(venue, COMPLETE)
    if not len(seconds):
        return listed
    slots = len(np.unique(2 * seconds + sides))
    return COMPLETE if 1.0 - slots / len(seconds) > SHARED_SECONDS else listed


def reported_spread(reported: float) -> float:
    """Return by how much the logarithm of a reported share may be off, as a standard deviation."""
    return REPORTED_SPREAD if reported < COMPLETE else 0.0


def fit_mix(evidence: Evidence, prior: FloatArray, start: FloatArray | None = None) -> MixFit:
    """Return the shares of greatest posterior density.

    Parameters
    ----------
    prior : (2, J) mean shares of the prior
    start : (2, J) where to begin, the prior if not given
    """
    shares = np.empty_like(prior)
    dispersion = np.empty(2)
    likelihood = 0.0
    for side in (LONG, SHORT):
        rows = _Rows(evidence, side, prior[side])
        shares[side], dispersion[side] = rows.fit(None if start is None else start[side])
        likelihood += rows.log_likelihood(shares[side])
    return MixFit(shares=shares, dispersion=dispersion, log_likelihood=likelihood)


def draw_mixes(
    evidence: Evidence, prior: FloatArray, fit: MixFit, rng: np.random.Generator
) -> FloatArray:
    """Return (DRAWS, 2, J) shares: days and the prior reweighted at random, exposure drawn."""
    day = np.floor(evidence.age_days).astype(np.int64)
    by_day = rng.exponential(size=(DRAWS, int(day.max()) + 1))
    reported = np.exp(rng.normal(0.0, REPORTED_SPREAD, DRAWS))
    scale = reported * rng.uniform(*PHI_RANGE, DRAWS) / np.mean(PHI_RANGE)
    draws = np.empty((DRAWS, *prior.shape))
    for side in (LONG, SHORT):
        rows = _Rows(evidence, side, prior[side])
        for i in range(DRAWS):
            trust = rng.exponential(size=(prior.shape[1],))
            spread = float(fit.dispersion[side])
            found = rows.refit(fit.shares[side], spread, by_day[i, day], trust)
            draws[i, side] = _capped(found / scale[i])
    return draws


class _Rows:
    # One side's rows: those with an observation apart, the silent ones as their sum. The prior's
    # size is scaled to what was observed, so that hats which price has not reached yet inherit it
    # from those that it has; only the prior's shape speaks for them.

    def __init__(self, evidence: Evidence, side: int, prior: FloatArray) -> None:
        self._crossed = evidence.exposure * evidence.crossed[:, side]
        self._observed = np.ascontiguousarray(evidence.observed[:, side])
        self._weight = evidence.weights()
        self._hit = np.flatnonzero(self._observed > 0)
        self._hit_crossed = self._crossed[self._hit]
        self._hit_observed = self._observed[self._hit]
        self._background = _BACKGROUND * float(self._observed.mean()) + 1e-300
        expected = self._weight @ expected_rows(self._crossed, prior)
        scale = float(self._weight @ self._observed) / max(float(expected), 1e-300)
        self._prior = _capped(np.clip(scale, *PRIOR_SCALES) * prior)

    def fit(self, start: FloatArray | None) -> tuple[FloatArray, float]:
        shares, dispersion = self._prior if start is None else start, self._dispersion(self._prior)
        for _ in range(3):  # the dispersion depends on the shares, the prior's weight on it
            shares = self._maximise(shares, dispersion, self._weight, _PASSES, self._prior)
            dispersion = self._dispersion(shares)
        return _capped(shares), dispersion

    def refit(
        self, start: FloatArray, dispersion: float, factor: FloatArray, trust: FloatArray
    ) -> FloatArray:
        # rows count `factor` times as much, the prior's events of each hat `trust` times
        weight = self._weight * factor
        return self._maximise(start, dispersion, weight, _DRAW_PASSES, trust * self._prior)

    def log_likelihood(self, shares: FloatArray) -> float:
        expected = expected_rows(self._crossed, shares) + self._background
        likelihood: float = log_likelihood(self._observed, expected, self._weight)
        return likelihood

    def _maximise(
        self,
        start: FloatArray,
        dispersion: float,
        weight: FloatArray,
        passes: int,
        prior: FloatArray,
    ) -> FloatArray:
        rate = PRIOR_EVENTS / self._prior.sum()
        shares: FloatArray = expectation_maximisation(
            self._hit_crossed,
            weight[self._hit] * self._hit_observed / dispersion,
            weight @ self._crossed / dispersion,
            rate * prior,
            rate,
            self._background,
            np.maximum(start, 1e-9),
            passes,
        )
        return shares

    def _dispersion(self, shares: FloatArray) -> float:
        # Pearson's, as a ratio of sums: hours in which almost nothing was expected do not decide
        expected = expected_rows(self._crossed, shares) + self._background
        square = float(self._weight @ (self._observed - expected) ** 2)
        return square / max(float(self._weight @ expected), 1e-300) + 1e-300


def _capped(shares: FloatArray) -> FloatArray:
    capped: FloatArray = shares * min(1.0, LARGEST_PRICED / shares.sum())
    return capped
