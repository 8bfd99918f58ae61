"""The liquidation map as shades: an amount per 0.1 % of price, quantised once, sampled per frame.

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

from ui import format as fmt
from ui.charts.pixels import PixelMap
from ui.charts.ticks import nice_step
from workstation.market.facts import FloatArray
from workstation.risk.heatmap_reading import Waiting, coin_values
from workstation.risk.report import HeatmapColumns

UNIT_FRACTION: Final = 0.001  # the map's unit: USD or coins per 0.1 % of price
TOP_QUANTILE: Final = 0.995  # of all cells that hold anything
KEEP_TOP: Final = (0.5, 1.25)  # the top stays while quantile / top lies between these
SHADES: Final = 256
_SAMPLE: Final = 20_000  # cells that the quantile is taken of
_TOGETHER: Final = 32  # bars that are shaded at a time

ShadeArray = NDArray[np.uint8]
AmountArray = NDArray[np.float32]


class MapSide(StrEnum):
    """Whose liquidations are shown; ``NET`` is longs less shorts, in the colours of the sides."""

    BOTH = "Long and short"
    LONG = "Long"
    SHORT = "Short"
    NET = "Net"


class MapUnit(StrEnum):
    """What the map's amounts are counted in."""

    USD = "USD"
    COIN = "Coins"


def amounts(
    columns: HeatmapColumns, side: MapSide, unit: MapUnit, rows: slice = slice(None)
) -> AmountArray:
    """Return (bars, bins) what would be sold or bought in each bin, per 0.1 % of price."""
    return _coins(columns, side, rows) * _per_coin(columns, unit)


def _coins(
    columns: HeatmapColumns, side: MapSide, rows: slice, out: AmountArray | None = None
) -> AmountArray:
    long, short = columns.long_base[rows], columns.short_base[rows]
    if side is MapSide.LONG:
        return np.add(long, 0, out=out)
    if side is MapSide.SHORT:
        return np.add(short, 0, out=out)
    return (np.subtract if side is MapSide.NET else np.add)(long, short, out=out)


def band_amounts(columns: HeatmapColumns, unit: MapUnit) -> AmountArray | None:
    """Return the (2, 2, bins) 80 % band of the newest bar: low and high, longs and shorts."""
    return None if columns.band_base is None else columns.band_base * _per_coin(columns, unit)


def known_amounts(columns: HeatmapColumns, unit: MapUnit) -> AmountArray | None:
    """Return the (bins,) positions that are known one by one, per 0.1 % of price; never estimates.

    Longs and shorts of all markets together; ``None`` where nobody's are known.
    """
    if not columns.known:
        return None
    coins = np.sum([levels.by_bin for levels in columns.known], axis=(0, 1))
    edges = columns.edges()
    value = np.sqrt(edges[:-1] * edges[1:]) if unit is MapUnit.USD else 1.0
    known: AmountArray = (coins * value * (UNIT_FRACTION / columns.delta)).astype(np.float32)
    return known


def sold_per_coin(columns: HeatmapColumns, unit: MapUnit) -> FloatArray:
    """Return the (bins,) amount that a venue sells for a coin that stands in each bin."""
    values = coin_values(columns)
    return values if unit is MapUnit.USD else np.full_like(values, columns.liquidatable_fraction)


def _per_coin(columns: HeatmapColumns, unit: MapUnit) -> AmountArray:
    # (bins,) amount per 0.1 % that a coin in the bin stands for
    sold = sold_per_coin(columns, unit)
    return (sold * (UNIT_FRACTION / columns.delta)).astype(np.float32)


def amount_text(amount: float, unit: MapUnit, coin: str) -> str:
    """Return an amount with its unit, abbreviated: ``$1.12 M`` or ``18.3 BTC``."""
    if unit is MapUnit.USD:
        return fmt.usd_short(amount)
    text = fmt.quantity(amount) if abs(amount) < 10 else fmt.abbreviated(amount)
    return f"{text} {coin}"


def waiting_text(waiting: Waiting, unit: MapUnit, coin: str) -> str:
    """Return what waits as ``$0.30–1.10 B`` or ``4.2–15.8 k BTC``; ``about`` without a band."""
    if unit is MapUnit.USD:
        if waiting.low_usd is None:
            return f"about {fmt.usd_short(waiting.usd)}"
        return fmt.usd_range(waiting.low_usd, waiting.high_usd)
    if waiting.low_base is None:
        return f"about {amount_text(waiting.base, unit, coin)}"
    return f"{fmt.quantity_range(waiting.low_base, waiting.high_base)} {coin}"


def scale_rows(columns: HeatmapColumns) -> slice:
    """Return the rows that the scale is taken of: every so many bars, counted from the epoch.

    So most new bars leave them as they were.
    """
    every = max(1, columns.long_base.size // _SAMPLE)
    first = -int(columns.time_ms[0] // (1_000 * columns.interval_s)) % every
    return slice(min(first, len(columns.time_ms) - 1), None, every)


def scale_top(
    columns: HeatmapColumns, side: MapSide, unit: MapUnit, known: float | None = None
) -> float:
    """Return the amount at which the scale ends; ``known`` stays while it still fits.

    Only ``scale_rows`` are looked at.
    """
    cells = np.abs(amounts(columns, side, unit, scale_rows(columns)))
    cells = cells[cells > 0]
    if not len(cells):
        return known or 1.0
    at = int(TOP_QUANTILE * (len(cells) - 1))
    quantile = float(np.partition(cells, at)[at])
    if known is not None and KEEP_TOP[0] <= quantile / known <= KEEP_TOP[1]:
        return known
    return nice_step(quantile)


def shades(
    columns: HeatmapColumns, side: MapSide, unit: MapUnit, top: float, from_bar: int = 0
) -> ShadeArray:
    """Return (bins, bars) shades from a bar on; of a net map 128 is nothing, more long, less short.

    Some bars at a time: passing arrays of the whole map are memory that the system hands out page
    by page, and took 20 to 50 ms of the window's time at each new map.
    """
    bars, bins = columns.long_base.shape
    most, nothing = (127, 128) if side is MapSide.NET else (SHADES - 1, 0)
    strength = _per_coin(columns, unit) * np.float32(most / top)
    shaded = np.empty((bins, bars - from_bar), np.uint8)
    room = np.empty((_TOGETHER, bins), np.float32)
    for first in range(from_bar, bars, _TOGETHER):
        rows = slice(first, min(first + _TOGETHER, bars))
        some = room[: rows.stop - first]
        _coins(columns, side, rows, out=some)
        some *= strength
        np.clip(some, -most, most, out=some)
        np.rint(some, out=some)
        some += nothing
        shaded[:, first - from_bar : rows.stop - from_bar] = some.T
    return shaded


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
    count = columns.long_base.shape[1]
    bars, has_bar = sample_bars(columns, pixels)
    return Sampling(
        bins=np.clip(bins, 0, count - 1),
        bars=bars,
        has_bin=(bins >= 0) & (bins < count),
        has_bar=has_bar,
        bins_per_px=bins_per_px(columns, pixels),
        bars_per_px=bars_per_px(columns, pixels),
    )


def sample_bars(
    columns: HeatmapColumns, pixels: PixelMap, from_px: int = 0
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return which bar each pixel column from one on shows, and where there is any."""
    times = np.floor(pixels.column_centres(from_px)).astype(np.int64)
    bars = np.searchsorted(columns.time_ms, times, side="right") - 1
    inside = np.maximum(bars, 0)
    ends_ms = columns.time_ms[inside] + 1_000 * columns.interval_s
    return inside, (bars >= 0) & (times < ends_ms)


def bars_per_px(columns: HeatmapColumns, pixels: PixelMap) -> float:
    """Return how many bars a pixel column covers."""
    return pixels.ms_per_px / (1_000 * columns.interval_s)


def bins_per_px(columns: HeatmapColumns, pixels: PixelMap) -> float:
    """Return how many bins a pixel row covers where they are densest, at the view's lower end."""
    lowest = max(float(pixels.value(pixels.height - 0.5)), np.finfo(float).tiny)
    return pixels.value_per_px / (lowest * columns.delta)


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
