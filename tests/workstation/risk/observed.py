"""Observed liquidations for tests of the fit."""

from __future__ import annotations

import numpy as np

from workstation.risk.heatmap_bars import Observed


def observed(base, time_ms):
    """One order a bar and side in which something was liquidated."""
    base = np.asarray(base, dtype=float)
    bar, side = np.nonzero(np.nan_to_num(base))
    orders = np.stack([time_ms[bar] // 1_000, side], axis=1).astype(np.int64)
    return Observed(base=base, orders=orders, bar=bar)
