"""How good a map is: location given the path, amount given the path, and coverage.

*Location* freezes a map after a bar and looks at the bins that price reaches within a horizon: of
what is liquidated there, how much more probable did the map find each place than an even spread
(mean of ``ln(p n)``, in nats; even is zero), and how much of it lies in its best tenth (lift).
Every map is mixed with 5 % of the even spread, so that one surprise does not cost everything.
*Amount* compares hourly amounts, given the hour's path: Poisson deviance skill over the mean of
before, correlation of logarithms, ratio of sums. Errors are of whole days drawn again with
replacement, because the hours of a day go together.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from workstation.market.facts import FloatArray
from workstation.risk.heatmap import Grid
from workstation.risk.heatmap_bars import Bars
from workstation.risk.kernels.book import LONG, SHORT, IntArray

EVEN: Final = 0.05  # of every map is an even spread
TOP: Final = 0.1  # the best tenth of the reached bins
_RESAMPLES: Final = 400
_SMALL: Final = 0.2  # of the mean hour, added before logarithms are correlated


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Events:
    """Liquidated quantities, sorted by bar: columns of one length."""

    bar: IntArray
    side: IntArray
    bin: IntArray  # counted from the grid's first
    quantity_base: FloatArray

    def within(
        self, first_bar: int, end_bar: int, side: int, first: int, end: int
    ) -> tuple[IntArray, FloatArray]:
        """Return bins and quantities of one side in bars and bins of two half-open ranges."""
        rows = slice(*np.searchsorted(self.bar, [first_bar, end_bar]))
        k = self.bin[rows]
        taken = (self.side[rows] == side) & (k >= first) & (k < end)
        return k[taken], self.quantity_base[rows][taken]


def place_events(
    bars: Bars,
    grid: Grid,
    bar: IntArray,
    side: IntArray,
    price: FloatArray,
    quantity_base: FloatArray,
) -> Events:
    """Give liquidations their bins; those without a price are spread over what their bar swept."""
    known = np.isfinite(price) & (price > 0)
    index = grid.index(np.where(known, price, bars.close[bar]))
    before = np.concatenate([bars.middle[:1], bars.close[:-1]])
    first = np.where(side == LONG, grid.index(bars.low)[bar], grid.index(before)[bar])
    last = np.where(side == LONG, grid.index(before)[bar], grid.index(bars.high)[bar])
    first = np.where(known, index, np.minimum(first, last))
    count = np.where(known, 1, np.abs(last - first) + 1)
    row = np.repeat(np.arange(len(bar)), count)
    within = np.arange(len(row)) - np.repeat(np.cumsum(count) - count, count)
    placed = np.clip(first[row] + within, 0, grid.bins - 1)
    order = np.argsort(bar[row], kind="stable")
    return Events(
        bar=bar[row][order],
        side=side[row][order],
        bin=placed[order],
        quantity_base=(quantity_base / count)[row][order],
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Windows:
    """Stretches of bars after which a map is frozen: columns of one length."""

    anchor: IntArray  # the bar after which the map was frozen
    end: IntArray  # the last bar looked at
    close: IntArray  # bin of the anchor's close
    lowest: IntArray  # bins reached in between
    highest: IntArray
    day: IntArray  # of the anchor

    def __len__(self) -> int:
        return len(self.anchor)

    def reached(self, m: int, side: int) -> tuple[int, int]:
        """Return the first and one past the last bin that price reached on a side."""
        if side == LONG:
            return int(self.lowest[m]), int(self.close[m])
        return int(self.close[m]) + 1, int(self.highest[m]) + 1

    def since(self, bar: int) -> IntArray:
        """Return the rows of windows that begin at a bar or later."""
        rows: IntArray = np.flatnonzero(self.anchor >= bar)
        return rows


def make_windows(bars: Bars, grid: Grid, every: int, horizon: int) -> Windows:
    """Return windows of ``horizon`` bars, one every ``every`` bars."""
    anchor = np.arange(0, max(0, len(bars) - horizon), every)
    low, high = grid.index(bars.low), grid.index(bars.high)
    reach = [slice(a + 1, a + 1 + horizon) for a in anchor]
    return Windows(
        anchor=anchor,
        end=anchor + horizon,
        close=grid.index(bars.close)[anchor],
        lowest=np.array([low[r].min() for r in reach], np.int64),
        highest=np.array([high[r].max() for r in reach], np.int64),
        day=(bars.time_ms[anchor] // 86_400_000).astype(np.int64),
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Located:
    """Of each window and side in which something was liquidated."""

    gain: FloatArray  # nats over an even spread
    lift: FloatArray
    volume: FloatArray  # coins
    day: IntArray


def locate(
    maps: FloatArray, windows: Windows, events: Events, rows: IntArray, rng: np.random.Generator
) -> Located:
    """Score (m, 2, bins) maps, one a window, in the windows ``rows``."""
    found = []
    for m in rows:
        for side in (LONG, SHORT):
            first, end = windows.reached(m, side)
            if end - first < 2:
                continue
            k, quantity = events.within(windows.anchor[m] + 1, windows.end[m] + 1, side, first, end)
            volume = quantity.sum()
            if volume <= 0:
                continue
            share = np.bincount(k - first, quantity, end - first) / volume
            weight = np.asarray(maps[m, side, first:end], np.float64)
            gain, lift = _score(weight, share, rng)
            found.append((gain, lift, volume, windows.day[m]))
    gain, lift, volume, day = np.array(found, np.float64).reshape(-1, 4).T
    return Located(gain=gain, lift=lift, volume=volume, day=day.astype(np.int64))


def _score(weight: FloatArray, share: FloatArray, rng: np.random.Generator) -> tuple[float, float]:
    count = len(weight)
    total = weight.sum()
    even = np.full(count, 1 / count)
    p = (1 - EVEN) * (weight / total if total > 0 else even) + EVEN * even
    top = max(1, round(TOP * count))
    best = np.lexsort((rng.random(count), -p))[:top]  # ties are broken at random
    return float(share @ np.log(p * count)), float(share[best].sum() * count / top)


def mean_and_error(
    value: FloatArray, weight: FloatArray, day: IntArray, rng: np.random.Generator
) -> tuple[float, float]:
    """Return the weighted mean and its standard error over days drawn again."""
    if not len(value):
        return float("nan"), float("nan")
    _, of = np.unique(day, return_inverse=True)
    top, bottom = np.bincount(of, weight * value), np.bincount(of, weight)
    drawn = rng.integers(0, len(bottom), (_RESAMPLES, len(bottom)))
    means = top[drawn].sum(axis=1) / np.maximum(bottom[drawn].sum(axis=1), 1e-300)
    return float(top.sum() / bottom.sum()), float(means.std())


def deviance_skill(actual: FloatArray, expected: FloatArray, mean: FloatArray) -> float:
    """Return the share of Poisson deviance that the expectation explains, over ``mean``.

    All of one shape. An expectation of less than a thousandth of the mean counts as that.
    """
    least = np.maximum(expected, 1e-3 * mean)
    return 1.0 - _deviance(actual, least) / max(_deviance(actual, mean), 1e-300)


def _deviance(actual: FloatArray, expected: FloatArray) -> float:
    ratio = np.where(actual > 0, actual / expected, 1.0)
    return float(2.0 * np.sum(actual * np.log(ratio) - (actual - expected)))


def log_correlation(actual: FloatArray, expected: FloatArray) -> float:
    """Return the correlation of logarithms; a fifth of the mean hour is added to both."""
    small = _SMALL * float(actual.mean())
    if small <= 0 or expected.std() == 0:
        return float("nan")
    return float(np.corrcoef(np.log(actual + small), np.log(expected + small))[0, 1])
