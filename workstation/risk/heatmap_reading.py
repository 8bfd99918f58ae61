"""What the liquidation map says of a place and of a way, in coins and USD, with its band.

The band of a range of prices is the sum of its bins' bands: as if all were wrong in the same
direction at once, so it is rather too wide than too narrow. What stands in a bin is worth its
coins at the bin's middle; only the share that a venue sells when price gets there counts.
"""

from __future__ import annotations

import bisect
import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from workstation.market.facts import FloatArray
from workstation.market.instrument import Side
from workstation.risk.known_levels import KnownLevels
from workstation.risk.report import HeatmapColumns

LEVERAGE_BANDS: Final = (5.0, 10.0, 25.0, 50.0)  # between these the shares are added up
_ROW_OF: Final = {Side.LONG: 0, Side.SHORT: 1}
_LOW, _HIGH = 0, 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """Liquidations that wait; the low and high ones are an 80 % band, ``None`` unknown.

    In coins the band is told of a way only.
    """

    base: float
    usd: float
    low_usd: float | None = None
    high_usd: float | None = None
    low_base: float | None = None
    high_base: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """Positions of a venue that are known one by one, now, at some prices: never an estimate.

    A part of what is estimated there, not more of it. ``coverage`` are the known longs and shorts
    of the whole market over its open interest, fractions; ``None`` where that is not known.
    """

    venue: str
    long_usd: float
    short_usd: float
    coverage: tuple[float, float] | None
    is_stale: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One bar and a range of prices of the map.

    ``by_leverage`` are the shares of both sides together below, between and above
    ``LEVERAGE_BANDS``, as noted after the bar that opened at ``leverage_ms``; empty where nothing
    stood then. ``known`` is of now, whatever the bar.
    """

    low: float
    high: float
    time_ms: int
    is_newest: bool
    long: Waiting
    short: Waiting
    by_leverage: tuple[float, ...] = ()
    leverage_ms: int | None = None  # None: not noted yet
    known: tuple[Known, ...] = ()  # a market each


def coin_values(columns: HeatmapColumns) -> FloatArray:
    """Return the (bins,) USD that a venue sells for a coin that stands in each bin."""
    values: FloatArray = _middles(columns) * columns.liquidatable_fraction
    return values


def row_at(columns: HeatmapColumns, time_ms: float) -> int | None:
    """Return the row of the bar that a moment lies in."""
    row = int(np.searchsorted(columns.time_ms, int(time_ms), side="right")) - 1
    if row < 0 or time_ms >= columns.time_ms[row] + columns.interval_s * 1_000:
        return None
    return row


def bin_at(columns: HeatmapColumns, price: float) -> int | None:
    """Return the bin that a price lies in, counted from the first."""
    if price <= 0:
        return None
    k = math.floor(math.log(price) / columns.delta) - columns.first_bin
    return k if 0 <= k < columns.long_base.shape[1] else None


def cell_of(columns: HeatmapColumns, row: int, first: int, end: int) -> Cell:
    """Return what a bar says of the bins from ``first`` to before ``end``."""
    low, high = np.exp(columns.delta * (columns.first_bin + np.array([first, end])))
    is_newest = row == len(columns.time_ms) - 1
    noted, by_leverage = _leverage_of_row(columns, row)
    return Cell(
        low=float(low),
        high=float(high),
        time_ms=int(columns.time_ms[row]),
        is_newest=is_newest,
        long=_waiting(columns, Side.LONG, row, slice(first, end)),
        short=_waiting(columns, Side.SHORT, row, slice(first, end)),
        by_leverage=() if by_leverage is None else _shares(by_leverage[:, first:end]),
        leverage_ms=None if noted is None else int(columns.time_ms[noted]),
        known=tuple(_known(columns, levels, slice(first, end)) for levels in columns.known),
    )


class Way:
    """What is liquidated on the way between two prices, summed once for as many as are asked for.

    Of the newest bar; what is crossed in part counts in part.
    """

    def __init__(self, columns: HeatmapColumns) -> None:
        self._columns = columns
        self._sums = np.zeros((7, 2, columns.long_base.shape[1] + 1))
        if not len(columns.time_ms):
            return
        row, value = len(columns.time_ms) - 1, coin_values(columns)
        base = np.stack([columns.long_base[row], columns.short_base[row]]).astype(np.float64)
        band = band_of_row(columns, row)
        ends = np.full((2, *base.shape), np.nan) if band is None else band
        known = np.isfinite(ends)
        unknown = ~known.all(axis=0) & (base > 0)
        ends, sold = np.where(known, ends, 0.0), columns.liquidatable_fraction
        parts = (base * sold, base * value, *ends * sold, *ends * value, unknown)
        np.cumsum(np.stack(parts), axis=2, out=self._sums[:, :, 1:])

    def before(self, price: float, mark: float) -> tuple[Side, Waiting]:
        """Return what dies before a price is reached from the mark: longs on the way down."""
        side = Side.LONG if price < mark else Side.SHORT
        if price <= 0 or mark <= 0:
            return side, Waiting(base=0.0, usd=0.0)
        low, high = sorted((price, mark))
        summed = self._up_to(high, _ROW_OF[side]) - self._up_to(low, _ROW_OF[side])
        base, usd, low_base, high_base, low_usd, high_usd, unknown = map(float, summed)
        if unknown:
            return side, Waiting(base=base, usd=usd)
        return side, Waiting(
            base=base,
            usd=usd,
            low_usd=low_usd,
            high_usd=high_usd,
            low_base=low_base,
            high_base=high_base,
        )

    def _up_to(self, price: float, side: int) -> FloatArray:
        last = self._sums.shape[2] - 1
        place = math.log(price) / self._columns.delta - self._columns.first_bin
        place = min(max(place, 0.0), float(last))
        at = min(int(place), last - 1)
        below, above = self._sums[:, side, at], self._sums[:, side, at + 1]
        summed: FloatArray = below + (place - at) * (above - below)
        return summed


def cumulative(
    columns: HeatmapColumns, mark: float, per_coin: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return what is liquidated on the way from the mark to every edge.

    ``per_coin`` (bins,) is what a coin that stands in each bin counts: ``coin_values`` for USD.

    Returns
    -------
    (bins + 1,) longs up to each edge at or below the mark, shorts up to each at or above it; zero
    on the other side. Bins through which the mark goes count whole.
    """
    edges = columns.edges()
    longs = np.where(edges[:-1] < mark, columns.long_base[-1] * per_coin, 0.0)
    shorts = np.where(edges[1:] > mark, columns.short_base[-1] * per_coin, 0.0)
    down = np.append(np.cumsum(longs[::-1])[::-1], 0.0)
    up = np.append(0.0, np.cumsum(shorts))
    return down, up


def band_of_row(columns: HeatmapColumns, row: int) -> FloatArray | None:
    """Return the (2, 2, bins) coins of a bar's band: low and high, longs and shorts.

    NaN where it is not known; ``None`` where nobody made one.
    """
    if row == len(columns.time_ms) - 1 and columns.band_base is not None:
        return columns.band_base.astype(np.float64)
    note = _note_of_row(columns, row)
    if note is None:
        return None
    column = np.stack([columns.long_base[row], columns.short_base[row]])
    band: FloatArray = columns.spread[note].astype(np.float64) * column
    return band


def _waiting(columns: HeatmapColumns, side: Side, row: int, bins: slice) -> Waiting:
    at = _ROW_OF[side]
    base = (columns.long_base, columns.short_base)[at][row, bins]
    value = coin_values(columns)[bins]
    usd = float(base @ value)
    band = band_of_row(columns, row)
    low = high = None
    if band is not None:
        ends = band[:, at, bins]
        if not np.isnan(ends[:, base > 0]).any():
            low, high = (float(np.nan_to_num(end) @ value) for end in (ends[_LOW], ends[_HIGH]))
    return Waiting(
        base=float(base.sum()) * columns.liquidatable_fraction, usd=usd, low_usd=low, high_usd=high
    )


def band_width(columns: HeatmapColumns) -> float | None:
    """Return how many times its low end the high end of the newest bar's band is, all in all.

    ``None`` where it is not known.
    """
    if columns.band_base is None:
        return None
    low, high = (float(end) for end in columns.band_base.sum(axis=(1, 2), dtype=np.float64))
    return high / low if low > 0 and math.isfinite(high) else None


def _known(columns: HeatmapColumns, levels: KnownLevels, bins: slice) -> Known:
    long_usd, short_usd = levels.by_bin[:, bins] @ _middles(columns)[bins]
    return Known(
        venue=levels.key.venue,
        long_usd=float(long_usd),
        short_usd=float(short_usd),
        coverage=levels.coverage,
        is_stale=levels.is_stale,
    )


def _middles(columns: HeatmapColumns) -> FloatArray:
    edges = columns.edges()
    middles: FloatArray = np.sqrt(edges[:-1] * edges[1:])
    return middles


def _note_of_row(columns: HeatmapColumns, row: int) -> int | None:
    note = bisect.bisect_right(columns.spread_from, row) - 1
    return None if note < 0 else note


def _leverage_of_row(
    columns: HeatmapColumns, row: int
) -> tuple[int | None, NDArray[np.float32] | None]:
    # the row whose mix is told, and the (5, bins) coins of it
    if row == len(columns.time_ms) - 1 and columns.by_leverage_base is not None:
        return row, columns.by_leverage_base
    note = _note_of_row(columns, row)
    if note is None or not columns.by_leverage_noted:
        return None, None
    return columns.spread_from[note], columns.by_leverage_noted[note]


def _shares(by_leverage: NDArray[np.float32]) -> tuple[float, ...]:
    each = by_leverage.sum(axis=1, dtype=np.float64)
    total = float(each.sum())
    return tuple(float(share) for share in each / total) if total > 0 else ()
