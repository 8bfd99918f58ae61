"""The heatmap's book kept naively: every bar's deposit is a cohort with bins of its own.

Plain numpy, no multipliers, no running sums, no shared bins: slow, and simple enough to be read as
the rule itself. The book under test must agree with it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

LONG, SHORT = 0, 1


@dataclass
class Cohort:
    """What one bar opened on one side: coins by bin, and coins that have no bin."""

    side: int
    hazard: float
    bins: np.ndarray
    outside: float
    lowest: int = 1 << 60  # bins the price has reached since
    highest: int = -1

    @property
    def total(self):
        return self.outside + self.bins.sum()


class CohortBook:
    def __init__(self, grid, parameters, basis):
        self.grid, self.p = grid, parameters
        self.weight, self.kernel = basis.weight, basis.kernel
        self.cohorts = []

    def advance(self, bars, i):
        bins = np.arange(self.grid.bins)
        low, high, close = (
            int(np.floor(np.log(price[i]) / self.grid.delta)) - self.grid.first_bin
            for price in (bars.low, bars.high, bars.close)
        )
        wanted = bars.open_interest_base[i]
        if not self.cohorts:
            for side in (LONG, SHORT):
                self.cohorts.append(Cohort(side, 1.0, np.zeros(self.grid.bins), wanted))
        for cohort in self.cohorts:
            cohort.lowest, cohort.highest = min(cohort.lowest, low), max(cohort.highest, high)
            dead = bins >= low if cohort.side == LONG else bins <= high
            crossed = cohort.bins[dead].sum()
            cohort.bins[dead] = 0.0
            cohort.outside += (1 - self.p.liquidatable_fraction) * crossed
        for side in (LONG, SHORT):
            self._close_and_open(bars, i, side, wanted, close, bins)

    def _close_and_open(self, bars, i, side, wanted, close, bins):
        own = [cohort for cohort in self.cohorts if cohort.side == side]
        volume = self.p.churn * np.nan_to_num(bars.volume_base[i])
        closed = max(0.0, sum(c.total for c in own) - wanted) + volume
        weighted = sum(c.hazard * c.total for c in own)
        for cohort in own:
            self._scale(cohort, max(0.0, 1 - closed * cohort.hazard / weighted))
        left = sum(c.total for c in own)
        if left > wanted:
            for cohort in own:
                self._scale(cohort, wanted / left)
            return
        placed = self._placed(bars, i, side)
        placed[bins >= close if side == LONG else bins <= close] = 0.0
        ages = (
            (self.p.fast_share, self.p.fast_hazard),
            (1 - self.p.fast_share, 1.0),
        )
        for share, hazard in ages:
            opened = (wanted - left) * share
            outside = opened * (1 - placed.sum())
            self.cohorts.append(Cohort(side, hazard, opened * placed, outside))

    @staticmethod
    def _scale(cohort, factor):
        cohort.bins *= factor
        cohort.outside *= factor

    def _placed(self, bars, i, side):
        # one coin opened in this bar, by bin; entries as a triangle integrated by brute force
        delta, first = self.grid.delta, self.grid.first_bin
        left, right = np.log(bars.low[i]) / delta, np.log(bars.high[i]) / delta
        peak = np.log(bars.middle[i]) / delta
        placed = np.zeros(self.grid.bins)
        kernel = self.weight[side] @ self.kernel[side]
        reach = len(kernel) - 1
        for entry in range(int(np.floor(left)), int(np.floor(right)) + 1):
            share = np.diff([triangle_cdf(x, left, peak, right) for x in (entry, entry + 1)])[0]
            base = entry - first - (reach if side == LONG else 0)
            placed[base : base + reach + 1] += share * kernel
        return placed


def triangle_cdf(x, left, peak, right):
    if right <= left:
        return float(x > left)
    x = min(max(x, left), right)
    rising = (min(x, peak) - left) ** 2 / (peak - left) if peak > left else 0.0
    falling = (right - max(x, peak)) ** 2 / (right - peak) if right > peak else 0.0
    return (rising + (right - peak) - falling) / (right - left)
