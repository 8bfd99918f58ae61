"""The inner loops of the conformal band: see ``workstation.risk.heatmap_band``."""

from __future__ import annotations

from typing import Final

import numpy as np
from numba import njit

from workstation.market.facts import FloatArray
from workstation.risk.kernels.book import IntArray

_LIKE: Final = 1.0  # [A] width, in ln(amount), of the neighbourhood whose residuals count
_LEVEL_STEP: Final = 0.02  # [A] how fast the levels answer to a miss
_LEAST_TAIL: Final = 0.01
_MOST_TAIL: Final = 0.4


@njit(cache=True, nogil=True)
def walk(
    size: FloatArray, residual: FloatArray, window: int, half_life: float, tail: float, lag: int
) -> FloatArray:
    """Return (n + 1, 2): quantiles low and high of the residual before each row.

    The last row is what holds after all of them, at its ``size`` (n + 1 sizes). A row knows the
    residuals of ``lag`` rows before it and older, NaN where there are none; they count with half
    their weight after ``half_life`` rows, and the more the nearer their size. Each miss on a side
    moves that side's level, so that misses come to ``tail`` in every regime.
    """
    rows = len(residual)
    out = np.full((rows + 1, 2), np.nan)
    low_tail, high_tail = tail, tail
    weight = np.empty(window)
    for row in range(lag, rows + 1):
        end = row - lag + 1
        if not np.isnan(out[end - 1, 0]):
            below = 1.0 if residual[end - 1] < out[end - 1, 0] else 0.0
            above = 1.0 if residual[end - 1] > out[end - 1, 1] else 0.0
            low_tail = min(_MOST_TAIL, max(_LEAST_TAIL, low_tail + _LEVEL_STEP * (tail - below)))
            high_tail = min(_MOST_TAIL, max(_LEAST_TAIL, high_tail + _LEVEL_STEP * (tail - above)))
        first = max(0, end - window)
        order = np.argsort(residual[first:end]).astype(np.int64)
        count = end - first
        total = 0.0
        for i in range(count):
            unlike = (size[first + i] - size[row]) / _LIKE
            weight[i] = 0.5 ** ((count - i) / half_life) * np.exp(-0.5 * unlike * unlike) + 1e-12
            total += weight[i]
        out[row, 0] = _quantile(residual[first:end], weight, order, total, low_tail)
        out[row, 1] = _quantile(residual[first:end], weight, order, total, 1.0 - high_tail)
    return out


@njit(cache=True, nogil=True)
def _quantile(
    values: FloatArray, weight: FloatArray, order: IntArray, total: float, level: float
) -> float:
    reached = 0.0
    for i in order:
        reached += weight[i]
        if reached >= level * total:
            return float(values[i])
    return float(values[order[-1]])
