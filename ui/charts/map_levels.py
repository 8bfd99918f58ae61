"""The liquidation map as shades: USD per 0.1 % of price, quantised once, sampled per frame.

A shade is 0 to 255 between nothing and the scale's top; beyond the top it stays brightest. The top
is a high quantile over the whole picture, rounded to a plain number, and keeps still while the
quantile stays near it, so neither panning nor a new bar changes what a colour means.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ui.charts.pixels import PixelMap
from ui.charts.ticks import nice_step
from workstation.risk.report import HeatmapColumns

UNIT_FRACTION: Final = 0.001  # the map's unit: USD per 0.1 % of price
TOP_QUANTILE: Final = 0.995  # of all cells that hold anything
KEEP_TOP: Final = (0.5, 1.25)  # the top stays while quantile / top lies between these
SHADES: Final = 256
_SAMPLE: Final = 50_000  # cells that the quantile is taken of

ShadeArray = NDArray[np.uint8]
UsdArray = NDArray[np.float32]


class MapSide(StrEnum):
    """Whose liquidations are shown; ``NET`` is longs less shorts, in the colours of the sides."""

    BOTH = "Long and short"
    LONG = "Long"
    SHORT = "Short"
    NET = "Net"


_PARTS: Final = {  # of longs and of shorts
    MapSide.BOTH: (np.float32(1), np.float32(1)),
    MapSide.LONG: (np.float32(1), np.float32(0)),
    MapSide.SHORT: (np.float32(0), np.float32(1)),
    MapSide.NET: (np.float32(1), np.float32(-1)),
}


def usd_per_unit(columns: HeatmapColumns, side: MapSide, rows: slice = slice(None)) -> UsdArray:
    """Return (bars, bins) what would be sold or bought in each bin, in USD per 0.1 % of price."""
    long, short = columns.long_base[rows], columns.short_base[rows]
    of_long, of_short = _PARTS[side]
    return (of_long * long + of_short * short) * _usd_of_coin(columns)


def band_usd_per_unit(columns: HeatmapColumns) -> UsdArray | None:
    """Return the (2, 2, bins) 80 % band of the newest bar: low and high, longs and shorts."""
    return None if columns.band_base is None else columns.band_base * _usd_of_coin(columns)


def _usd_of_coin(columns: HeatmapColumns) -> UsdArray:
    # (bins,) USD per 0.1 % that a coin in the bin stands for
    edges = columns.edges()
    price = np.sqrt(edges[:-1] * edges[1:])
    unit = price * columns.liquidatable_fraction * (UNIT_FRACTION / columns.delta)
    return unit.astype(np.float32)


def scale_top(columns: HeatmapColumns, side: MapSide, known: float | None = None) -> float:
    """Return the USD at which the scale ends; ``known`` stays while it still fits.

    Bars are sampled, so the answer is cheap enough for every new bar.
    """
    every = max(1, columns.long_base.size // _SAMPLE)
    cells = np.abs(usd_per_unit(columns, side, slice(None, None, every)))
    cells = cells[cells > 0]
    if not len(cells):
        return known or 1.0
    quantile = float(np.quantile(cells, TOP_QUANTILE))
    if known is not None and KEEP_TOP[0] <= quantile / known <= KEEP_TOP[1]:
        return known
    return nice_step(quantile)


def shades(usd: UsdArray, top: float, side: MapSide) -> ShadeArray:
    """Return (bins, bars) shades; of a net map 128 is nothing, more is long, less is short."""
    strength = np.minimum(np.abs(usd.T) / np.float32(top), 1.0)
    if side is MapSide.NET:
        return (128.0 + np.sign(usd.T) * strength * 127.0).round().astype(np.uint8)
    return (strength * (SHADES - 1)).round().astype(np.uint8)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sampling:
    """Which bin each pixel row and which bar each pixel column shows, and where there is any."""

    bins: NDArray[np.int64]  # (height,)
    bars: NDArray[np.int64]  # (width,)
    has_bin: NDArray[np.bool_]
    has_bar: NDArray[np.bool_]
    bins_per_px: float  # at the densest
    bars_per_px: float


def sample(columns: HeatmapColumns, pixels: PixelMap) -> Sampling:
    """Return what lies under the middle of every pixel row and column.

    Bins are logarithmic and the price axis is linear, so every row is asked for itself.
    """
    price = np.maximum(pixels.value(np.arange(pixels.height) + 0.5), np.finfo(float).tiny)
    bins = np.floor(np.log(price) / columns.delta).astype(np.int64) - columns.first_bin
    times = np.floor(pixels.column_centres()).astype(np.int64)
    bars = np.searchsorted(columns.time_ms, times, side="right") - 1
    count = columns.long_base.shape[1]
    step_ms = columns.interval_s * 1_000
    inside = np.clip(bars, 0, None)
    return Sampling(
        bins=np.clip(bins, 0, count - 1),
        bars=inside,
        has_bin=(bins >= 0) & (bins < count),
        has_bar=(bars >= 0) & (times < columns.time_ms[inside] + step_ms),
        bins_per_px=pixels.value_per_px / (float(price[-1]) * columns.delta),
        bars_per_px=pixels.ms_per_px / step_ms,
    )


def halve(levels: ShadeArray, axis: int, nothing: int) -> ShadeArray:
    """Return half as many rows or columns; of each pair the shade furthest from ``nothing``."""
    if levels.shape[axis] % 2:
        pad = [(0, 0), (0, 0)]
        pad[axis] = (0, 1)
        levels = np.pad(levels, pad, constant_values=nothing)
    first, second = (
        (levels[0::2], levels[1::2]) if axis == 0 else (levels[:, 0::2], levels[:, 1::2])
    )
    if nothing == 0:
        return np.maximum(first, second)
    further = np.abs(first.astype(np.int16) - nothing) >= np.abs(second.astype(np.int16) - nothing)
    return np.where(further, first, second)
