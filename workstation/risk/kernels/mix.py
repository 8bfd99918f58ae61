"""The inner loops of fitting a leverage mix: see ``workstation.risk.heatmap_fit``."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numba import njit

from workstation.market.facts import FloatArray

_SETTLED: Final = 1e-4  # relative change of every share below which another pass changes nothing


@njit(cache=True, nogil=True)
def expectation_maximisation(
    crossed: FloatArray,
    observed: FloatArray,
    exposure: FloatArray,
    shape: FloatArray,
    rate: float,
    background: float,
    start: FloatArray,
    passes: int,
) -> FloatArray:
    """Return the shares of greatest posterior density under Poisson rows and a Gamma prior.

    Maximises ``sum observed ln(crossed . shares + background) - exposure . shares`` plus the prior
    ``sum shape ln(shares) - rate shares``. Every pass increases it.

    Parameters
    ----------
    crossed : (m, J) expected events a unit share; only the rows in which something was observed
    observed : (m,) events > 0
    exposure : (J,) expected events a unit share over all rows, these and the silent ones
    shape : (J,) of the Gamma prior, as in ``share ** shape``
    rate : of the Gamma prior
    background : expected events a row that no share explains
    start : (J,) positive
    passes : at most
    """
    shares = start.copy()
    hats = len(shares)
    claimed = np.empty(hats)
    for _ in range(passes):
        claimed[:] = 0.0
        for row in range(len(observed)):
            expected = background
            for j in range(hats):
                expected += shares[j] * crossed[row, j]
            factor = observed[row] / expected
            for j in range(hats):
                claimed[j] += factor * crossed[row, j]
        moved = 0.0
        for j in range(hats):
            after = (shape[j] + shares[j] * claimed[j]) / (rate + exposure[j])
            moved = max(moved, abs(after - shares[j]) / (after + 1e-12))
            shares[j] = after
        if moved < _SETTLED:
            break
    return shares


@njit(cache=True, nogil=True)
def expected_rows(crossed: FloatArray, shares: FloatArray) -> FloatArray:
    """Return the (n,) sums ``crossed . shares`` of (n, J) rows; rows are mostly zero."""
    expected = np.zeros(len(crossed))
    for row in range(len(crossed)):
        for j in range(len(shares)):
            expected[row] += crossed[row, j] * shares[j]
    return expected


@njit(cache=True, nogil=True)
def log_likelihood(observed: FloatArray, expected: FloatArray, weight: FloatArray) -> float:
    """Return the weighted Poisson log-likelihood without its constant; ``expected`` > 0."""
    total = 0.0
    for row in range(len(observed)):
        total += weight[row] * (observed[row] * math.log(expected[row]) - expected[row])
    return total
