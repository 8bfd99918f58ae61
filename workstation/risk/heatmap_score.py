"""How good a map is: location given the path, amount given the path, and coverage.

*Location* freezes a map after a bar and looks at the bins that price reaches within a horizon: of
what is liquidated there, how much more probable did the map find each place than an even spread
(mean of ``ln(p n)``, in nats; even is zero), and how much of it lies in its best tenth (lift).
Where only the bar of a liquidation is known, the bins that this bar reached first are one place.
Every map is mixed with 5 % of the even spread, so that one surprise does not cost everything.
*Amount* compares hourly amounts, given the hour's path: Poisson deviance skill over the mean of
before, correlation of logarithms, ratio of sums. Errors are of whole days drawn again with
replacement, because the hours of a day go together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from workstation.market.facts import FloatArray, Liquidation
from workstation.market.instrument import Side
from workstation.risk.heatmap import Grid
from workstation.risk.heatmap_bars import Bars
from workstation.risk.kernels.book import LONG, SHORT, IntArray, PictureArray
from workstation.units import DAY_MS, HOUR_MS

EVEN: Final = 0.05  # of every map is an even spread
TOP: Final = 0.1  # the best tenth of the reached bins
_RESAMPLES: Final = 400
_SMALL: Final = 0.2  # of the mean hour, added before logarithms are correlated


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Events:
    """Liquidated quantities, sorted by bar: columns of one length; ``bin`` -1: price not known."""

    bar: IntArray
    side: IntArray
    bin: IntArray  # counted from the grid's first
    quantity_base: FloatArray

    @property
    def are_priced(self) -> bool:
        """Tell whether places are judged bin by bin, or only by the bar that reached them."""
        return not len(self.bin) or bool(np.mean(self.bin >= 0) > 0.5)

    def between(
        self, first_bar: int, end_bar: int, side: int
    ) -> tuple[IntArray, IntArray, FloatArray]:
        """Return bars, bins and quantities of one side in a half-open range of bars."""
        rows = slice(*np.searchsorted(self.bar, [first_bar, end_bar]))
        taken = self.side[rows] == side
        return self.bar[rows][taken], self.bin[rows][taken], self.quantity_base[rows][taken]


def events_of(bars: Bars, grid: Grid, liquidations: Sequence[Liquidation]) -> Events:
    """Give the liquidations of one market their bars and bins; those outside all bars are left."""
    times = np.array([row.time_ms for row in liquidations], np.int64)
    bar = np.searchsorted(bars.time_ms, times, "right") - 1
    inside = np.flatnonzero((bar >= 0) & (times < bars.time_ms[bar] + bars.interval_ms))
    rows = [liquidations[int(i)] for i in inside]
    return place_events(
        bars,
        grid,
        bar[inside],
        np.array([LONG if row.side is Side.LONG else SHORT for row in rows], np.int64),
        np.array([row.price for row in rows], np.float64),
        np.array([row.quantity_base for row in rows], np.float64),
    )


def place_events(
    bars: Bars,
    grid: Grid,
    bar: IntArray,
    side: IntArray,
    price: FloatArray,
    quantity_base: FloatArray,
) -> Events:
    """Give liquidations their bins.

    Rows that are sums of a bar of an hour or more, one a side, have no price even where one is
    written.
    """
    known = np.isfinite(price) & (price > 0)
    is_sums = bars.interval_ms >= HOUR_MS and len(np.unique(2 * bar + side)) == len(bar)
    index = grid.index(np.where(known, price, bars.close[bar]))
    placed = np.where(known & (not is_sums), np.clip(index, 0, grid.bins - 1), -1)
    order = np.argsort(bar, kind="stable")
    return Events(
        bar=bar[order], side=side[order], bin=placed[order], quantity_base=quantity_base[order]
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Windows:
    """Stretches of bars after which a map is frozen: columns of one length, but ``low``, ``high``.

    ``low`` and ``high`` are the bins that every bar of the history reached.
    """

    anchor: IntArray  # the bar after which the map was frozen
    end: IntArray  # the last bar looked at
    close: IntArray  # bin of the anchor's close
    lowest: IntArray  # bins reached in between
    highest: IntArray
    day: IntArray  # of the anchor
    low: IntArray
    high: IntArray

    def __len__(self) -> int:
        return len(self.anchor)

    def reached(self, m: int, side: int) -> tuple[int, int]:
        """Return the first and one past the last bin that price reached on a side."""
        if side == LONG:
            return int(self.lowest[m]), int(self.close[m])
        return int(self.close[m]) + 1, int(self.highest[m]) + 1

    def reached_in(self, m: int, side: int) -> IntArray:
        """Return the bar in which each of the reached bins was reached first."""
        first, end = self.reached(m, side)
        bars = slice(int(self.anchor[m]) + 1, int(self.end[m]) + 1)
        bins = np.arange(first, end)
        if side == LONG:
            depth = -np.minimum.accumulate(self.low[bars])
            bar: IntArray = np.searchsorted(depth, -bins, "left")
        else:
            bar = np.searchsorted(np.maximum.accumulate(self.high[bars]), bins, "left")
        return bar + bars.start

    def since(self, bar: int) -> IntArray:
        """Return the rows of windows that begin at a bar or later."""
        rows: IntArray = np.flatnonzero(self.anchor >= bar)
        return rows


@dataclass(frozen=True, slots=True, eq=False)
class _Found:
    # What was liquidated in the reached bins of one window and side; `group` where only the bar
    # is known: bins of one group cannot be told apart.
    quantity: FloatArray
    group: IntArray | None


def found_in(windows: Windows, m: int, side: int, events: Events) -> _Found | None:
    """Return what was liquidated in the bins that a window reached; ``None``: nothing."""
    first, end = windows.reached(m, side)
    if end - first < 2:
        return None
    bar, k, quantity = events.between(int(windows.anchor[m]) + 1, int(windows.end[m]) + 1, side)
    if not len(bar):
        return None
    if events.are_priced:
        inside = (k >= first) & (k < end)
        found: FloatArray = np.bincount(k[inside] - first, quantity[inside], end - first).astype(
            np.float64
        )
        return _Found(found, None) if found.any() else None
    bars, group, size = np.unique(
        windows.reached_in(m, side), return_inverse=True, return_counts=True
    )
    at = np.minimum(np.searchsorted(bars, bar), len(bars) - 1)
    new = bars[at] == bar
    by_group = np.bincount(at[new], quantity[new], len(bars))
    return _Found((by_group / size)[group], group) if by_group.any() else None


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
        day=(bars.time_ms[anchor] // DAY_MS).astype(np.int64),
        low=low,
        high=high,
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Located:
    """Of each window and side in which something was liquidated."""

    gain: FloatArray  # nats over an even spread
    lift: FloatArray
    volume: FloatArray  # coins
    day: IntArray


def locate(
    maps: PictureArray, windows: Windows, events: Events, rows: IntArray, rng: np.random.Generator
) -> Located:
    """Score (m, 2, bins) maps, one a window, in the windows ``rows``."""
    found = []
    for m in rows:
        for side in (LONG, SHORT):
            seen = found_in(windows, int(m), side, events)
            if seen is None:
                continue
            weight = np.asarray(maps[m, side, slice(*windows.reached(m, side))], np.float64)
            found.append((*_score(weight, seen, rng), seen.quantity.sum(), windows.day[m]))
    columns = np.array(found, np.float64).reshape(-1, 4).T
    return Located(
        gain=columns[0], lift=columns[1], volume=columns[2], day=columns[3].astype(np.int64)
    )


def _score(weight: FloatArray, seen: _Found, rng: np.random.Generator) -> tuple[float, float]:
    count = len(weight)
    total = weight.sum()
    even = np.full(count, 1 / count)
    p = (1 - EVEN) * (weight / total if total > 0 else even) + EVEN * even
    if seen.group is not None:
        p = (np.bincount(seen.group, p) / np.bincount(seen.group))[seen.group]
    share = seen.quantity / seen.quantity.sum()
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
