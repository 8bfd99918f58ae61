"""The inner loops of the conformal band: see ``workstation.risk.heatmap_band``."""

from __future__ import annotations

from typing import Final

import numpy as np
from numba import njit

from workstation.market.facts import FloatArray
from workstation.risk.kernels.book import IntArray

_LIKE: Final = 2.0  # [A] ln(amount) from which on another size says nothing: seven times as much
_LEVEL_STEP: Final = 0.02  # [A] how fast the levels answer to a miss; .005 to .05 do about as well
_LEAST_TAIL: Final = 0.01
_MOST_TAIL: Final = 0.4


@njit(cache=True, nogil=True)
def walk(
    size: FloatArray,
    residual: FloatArray,
    prior: FloatArray,
    window: int,
    half_life: float,
    tail: float,
    lag: int,
) -> FloatArray:
    """Return (n + 1, 2): quantiles low and high of the residual before each row.

    The last row is what holds after all of them, at its ``size`` (n + 1 sizes). A row knows the
    residuals of ``lag`` rows before it and older; they count with half their weight after
    ``half_life`` rows, and the more the nearer their size. It counts itself as well, at either end,
    and ``lag`` rows are one observation, as they overlap: where the residuals do not reach so far,
    the farthest that counts or the ``prior`` (low, high) holds, whichever is wider. Each miss on a
    side moves that side's level, so that misses come to ``tail`` in every regime. NaN is none.
    """
    rows = len(residual)
    out = np.empty((rows + 1, 2))
    out[:] = prior
    upwards = np.argsort(residual)[: rows - np.isnan(residual).sum()]  # NaN come last
    downwards, mirrored = upwards[::-1].copy(), -residual
    by_age = 0.5 ** (np.arange(window) / half_life)
    weight = np.zeros(rows)
    low_tail, high_tail = tail, tail
    for row in range(lag, rows + 1):
        newest = row - lag
        if not np.isnan(residual[newest]):
            below = 1.0 if residual[newest] < out[newest, 0] else 0.0
            above = 1.0 if residual[newest] > out[newest, 1] else 0.0
            low_tail = _stepped(low_tail, (tail - below) / lag)
            high_tail = _stepped(high_tail, (tail - above) / lag)
        first = max(0, newest - window + 1)
        weight[:first] = 0.0
        total = float(lag)
        for i in range(first, newest + 1):
            if not np.isnan(residual[i]):
                unlike = (size[i] - size[row]) / _LIKE
                weight[i] = by_age[newest - i] * max(0.0, 1.0 - unlike * unlike)  # Epanechnikov's
                total += weight[i]
        out[row, 0] = _low_end(residual, weight, upwards, prior[0], lag, low_tail * total)
        out[row, 1] = -_low_end(mirrored, weight, downwards, -prior[1], lag, high_tail * total)
    return out


@njit(cache=True, nogil=True)
def _stepped(level: float, excess: float) -> float:
    return min(_MOST_TAIL, max(_LEAST_TAIL, level + _LEVEL_STEP * excess))


@njit(cache=True, nogil=True)
def _low_end(
    values: FloatArray,
    weight: FloatArray,
    order: IntArray,
    prior: float,
    own: float,
    outside: float,
) -> float:
    # the value with at most the weight `outside` below it, the row's own among it
    reached = own
    for i in order:
        reached += weight[i]
        if reached > outside and weight[i] > 0.0:
            return float(min(values[i], prior) if own > outside else values[i])
    return prior
