"""Inner loops of the simple rivals: see ``workstation.risk.heatmap_rivals``."""

from __future__ import annotations

import numpy as np
from numba import njit

from workstation.market.facts import FloatArray
from workstation.risk.kernels.book import LONG, SHORT, IntArray, PictureArray


@njit(cache=True, nogil=True)
def fixed_weight_book(
    low: IntArray,
    high: IntArray,
    rising: IntArray,
    open_interest: FloatArray,
    long_bins: IntArray,
    short_bins: IntArray,
    weights: FloatArray,
    anchors: IntArray,
    columns: PictureArray,
    swept: FloatArray,
) -> None:
    """Play the fixed-weight book; write its columns after ``anchors`` and what each bar swept.

    Parameters
    ----------
    low, high : (n,) bins; rising : (n,) 1 where the candle closed above its open
    long_bins, short_bins : (n, levels) bins at which entries at the bar's close liquidate
    anchors : (m,) bars, ascending; columns : (m, 2, bins) output; swept : (n, 2) output
    """
    bins = columns.shape[2]
    mass = np.zeros((2, bins))
    anchor = 0
    for i in range(len(low)):
        swept[i, LONG] = mass[LONG, low[i] :].sum()
        mass[LONG, low[i] :] = 0.0
        swept[i, SHORT] = mass[SHORT, : high[i] + 1].sum()
        mass[SHORT, : high[i] + 1] = 0.0
        change = open_interest[i] - open_interest[i - 1] if i else 0.0
        if change > 0.0:
            side = LONG if rising[i] else SHORT
            for level in range(len(weights)):
                k = long_bins[i, level] if side == LONG else short_bins[i, level]
                if 0 <= k < bins:
                    mass[side, k] += change * weights[level]
        elif change < 0.0:
            mass *= open_interest[i] / open_interest[i - 1]
        while anchor < len(anchors) and anchors[anchor] == i:
            columns[anchor] = mass.astype(np.float32)
            anchor += 1
