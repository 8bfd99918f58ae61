"""What a bar does to the book: cross, close, deposit; see ``workstation.risk.heatmap``.

Compiled by numba, cached on disk, run without the interpreter lock.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numba import njit

from workstation.market.facts import FloatArray
from workstation.risk.kernels.bars import (
    ACCEPTED,
    IntArray,
    PriceBars,
    bins_of,
    bridge,
    missing_bars,
    triangle_profile,
)
from workstation.risk.kernels.book import (
    END,
    FAST,
    FIRST,
    GLITCHES,
    LONG,
    MISSING,
    SHORT,
    SLOW,
    TAKEN,
    Basis,
    BookState,
    Picture,
    inlined,
    total,
    write,
)

_FOLD_BELOW: Final = 1e-30  # a smaller multiplier is worked into the bins before it underflows
_INSIDE: Final = 0.5  # [A] of what a bar opened within reach of its extreme was there before it
_RESUM_EVERY: Final = 256  # bars between two exact sums of the running masses


class BarArrays(NamedTuple):
    """Bars in bins; ``profile`` is volume at price, flattened, each bar's summing to one."""

    low: IntArray  # (n,)
    high: IntArray
    close: IntArray
    volume: FloatArray  # (n,) coins; NaN where unknown
    open_interest: FloatArray  # (n,) coins, known and positive
    profile_bin: IntArray  # (n,): the bin of the bar's first profile entry
    profile_start: IntArray  # (n + 1,)
    profile: FloatArray
    row: IntArray  # (n,): the picture's row of the bar; negative lies before the picture


class Flows(NamedTuple):
    """Scalars of the update; sources in ``HeatmapParameters``."""

    churn: float
    fast_share: float
    fast_hazard: float
    liquidatable: float


class Terms(NamedTuple):
    """What tells prices' bins, and which readings are believed."""

    delta: float
    first_bin: int
    interval_ms: int
    glitch_factor: float


@njit(cache=True, nogil=True)
def take_in(
    state: BookState,
    basis: Basis,
    bars: PriceBars,
    before_ms: int,
    terms: Terms,
    flows: Flows,
    row: IntArray,
    picture: Picture,
    first_row: int,
    end_row: int,
    crossed: FloatArray,
) -> bool:
    """Take in bars in prices, as ``advance`` does bars in bins.

    ``before_ms`` is the last bar's time. Returns whether time goes on; if not, nothing was done.
    """
    missing = missing_bars(bars.time_ms, before_ms, terms.interval_ms)
    if missing < 0:
        return False
    begins = np.isnan(state.held[ACCEPTED])
    used, glitches = bridge(bars.open_interest_base, state.held, terms.glitch_factor)
    if begins and len(used):
        state.outside[:, SLOW] = used[0]  # opened before the history, nobody knows where
    low, high, close = bins_of(bars.low, bars.high, bars.close, terms.delta, terms.first_bin)
    start, profile = triangle_profile(bars.low, bars.high, bars.middle, terms.delta)
    in_bins = BarArrays(low, high, close, bars.volume_base, used, low, start, profile, row)
    advance(state, basis, in_bins, flows, picture, first_row, end_row, crossed)
    state.counts[GLITCHES] += glitches
    state.counts[MISSING] += missing
    return True


@njit(cache=True, nogil=True)
def advance(
    state: BookState,
    basis: Basis,
    bars: BarArrays,
    flows: Flows,
    picture: Picture,
    first_row: int,
    end_row: int,
    crossed: FloatArray,
) -> None:
    """Take in bars; add the book after each to its row, and hold it over rows without a bar.

    Rows ``first_row`` to ``end_row`` are written. ``crossed`` is (n, side, layer), or empty: the
    unit mass that each bar reached is added there, before shares and phi; that is what it took out
    of the book, and what it is believed to have opened and liquidated again.
    """
    widest = 1
    for i in range(len(bars.low)):
        widest = max(widest, bars.profile_start[i + 1] - bars.profile_start[i])
    buffer = np.empty(basis.kernel.shape[2] + widest)
    row = first_row
    for i in range(len(bars.low)):
        while row < min(bars.row[i], end_row):
            write(state, basis, picture, row)
            row += 1
        if state.counts[TAKEN] % _RESUM_EVERY == 0:
            _resum(state)
        for side in (LONG, SHORT):
            edge = bars.low[i] if side == LONG else bars.high[i]
            _cross(state, basis, side, edge, flows.liquidatable, crossed[i : i + 1, side])
            _open_and_close(state, basis, bars, i, side, flows, buffer, crossed[i : i + 1, side])
        state.counts[TAKEN] += 1
    while row < end_row:
        write(state, basis, picture, row)
        row += 1


@inlined
def _cross(
    state: BookState,
    basis: Basis,
    side: int,
    edge: int,
    liquidatable: float,
    crossed: FloatArray,
) -> None:
    # Empty the bins that the bar touched. What was liquidated is gone; who was not goes outside:
    # topped up, cross margin, stopped before.
    for layer in range(state.mass.shape[2]):
        first, end = state.extent[side, layer, FIRST], state.extent[side, layer, END]
        if side == LONG:
            first = max(first, edge)
        else:
            end = min(end, edge + 1)
        if end <= first:
            continue
        state.extent[side, layer, END if side == LONG else FIRST] = first if side == LONG else end
        for age in (FAST, SLOW):
            bins = state.mass[side, age, layer, first:end]
            unit = state.multiplier[side, age] * _sum(bins)
            bins[:] = 0.0
            left = state.running[side, age, layer] - unit
            state.running[side, age, layer] = max(0.0, left)
            if len(crossed):
                crossed[0, layer] += unit
            spared = (1.0 - liquidatable) * basis.weight[side, layer] * unit
            state.outside[side, age] += spared


@inlined
def _open_and_close(
    state: BookState,
    basis: Basis,
    bars: BarArrays,
    i: int,
    side: int,
    flows: Flows,
    buffer: FloatArray,
    crossed: FloatArray,
) -> None:
    # After the crossing: whatever the book then lacks was opened, whatever it has too much closed.
    wanted = bars.open_interest[i]
    fast, slow = total(state, basis, side, FAST), total(state, basis, side, SLOW)
    missing = wanted - fast - slow
    churn = 0.0 if np.isnan(bars.volume[i]) else flows.churn * bars.volume[i]
    closed = max(0.0, -missing) + churn
    hazard = closed / max(flows.fast_hazard * fast + slow, 1e-300)
    _scale(state, side, FAST, max(0.0, 1.0 - hazard * flows.fast_hazard))
    _scale(state, side, SLOW, max(0.0, 1.0 - hazard))
    left = total(state, basis, side, FAST) + total(state, basis, side, SLOW)
    if left > wanted:  # it fell by more than the rule above can take
        _scale(state, side, FAST, wanted / left)
        _scale(state, side, SLOW, wanted / left)
    else:
        _deposit(state, basis, bars, i, side, wanted - left, flows, buffer, crossed)


@inlined
def _scale(state: BookState, side: int, age: int, factor: float) -> None:
    state.outside[side, age] *= factor
    state.multiplier[side, age] *= factor
    for layer in range(state.running.shape[2]):
        state.running[side, age, layer] *= factor
    if state.multiplier[side, age] < _FOLD_BELOW:
        _fold(state, side, age)


@njit(cache=True, nogil=True)
def _fold(state: BookState, side: int, age: int) -> None:
    state.mass[side, age] *= state.multiplier[side, age]
    state.multiplier[side, age] = 1.0


@njit(cache=True, nogil=True)
def _resum(state: BookState) -> None:
    # Keep the running masses from drifting away from the bins they stand for.
    for side in (LONG, SHORT):
        for age in (FAST, SLOW):
            for layer in range(state.mass.shape[2]):
                first, end = state.extent[side, layer, FIRST], state.extent[side, layer, END]
                unit = _sum(state.mass[side, age, layer, first : max(first, end)])
                state.running[side, age, layer] = state.multiplier[side, age] * unit


@inlined
def _deposit(
    state: BookState,
    basis: Basis,
    bars: BarArrays,
    i: int,
    side: int,
    opened: float,
    flows: Flows,
    buffer: FloatArray,
    crossed: FloatArray,
) -> None:
    # Entries are spread as the bar's volume, each entry as the kernel. What the close has already
    # passed was opened and gone inside the bar, or not as modelled: it goes outside.
    profile = bars.profile[bars.profile_start[i] : bars.profile_start[i + 1]]
    placed = 0.0
    for layer in range(state.mass.shape[2]):
        begin, end = basis.span[side, layer, 0], basis.span[side, layer, 1]
        kernel = basis.kernel[side, layer, begin:end]
        spread = buffer[: len(profile) + len(kernel) - 1]
        _convolve(profile, kernel, spread)
        base = bars.profile_bin[i] + begin
        if side == LONG:
            base -= basis.kernel.shape[2] - 1
        if len(crossed):
            crossed[0, layer] += _INSIDE * opened * _reached(spread, base, bars, i, side)
        if side == LONG:
            spread = spread[: max(0, bars.close[i] - base)]
        else:
            passed = min(len(spread), max(0, bars.close[i] + 1 - base))
            spread = spread[passed:]
            base += passed
        unit = _add(state, side, layer, base, spread, opened, flows.fast_share)
        placed += basis.weight[side, layer] * unit
    state.outside[side, FAST] += opened * flows.fast_share * (1.0 - placed)
    state.outside[side, SLOW] += opened * (1.0 - flows.fast_share) * (1.0 - placed)


@njit(cache=True, nogil=True)
def _reached(spread: FloatArray, base: int, bars: BarArrays, i: int, side: int) -> float:
    # what the bar's own extreme would liquidate of a coin opened in it
    if side == LONG:
        reached: float = _sum(spread[min(len(spread), max(0, bars.low[i] - base)) :])
    else:
        reached = _sum(spread[: max(0, bars.high[i] + 1 - base)])
    return reached


@njit(cache=True, nogil=True)
def _convolve(profile: FloatArray, kernel: FloatArray, spread: FloatArray) -> None:
    for offset in range(len(kernel)):
        spread[offset] = profile[0] * kernel[offset]
    spread[len(kernel) :] = 0.0
    for entry in range(1, len(profile)):
        part = profile[entry]
        target = spread[entry : entry + len(kernel)]
        for offset in range(len(kernel)):
            target[offset] += part * kernel[offset]


@inlined
def _add(
    state: BookState,
    side: int,
    layer: int,
    base: int,
    spread: FloatArray,
    opened: float,
    fast_share: float,
) -> float:
    # Returns the share of a unit that found a place.
    if not len(spread):
        return 0.0
    unit: float = _sum(spread)
    fast, slow = opened * fast_share, opened * (1.0 - fast_share)
    state.running[side, FAST, layer] += fast * unit
    state.running[side, SLOW, layer] += slow * unit
    fast /= state.multiplier[side, FAST]
    slow /= state.multiplier[side, SLOW]
    fast_bins = state.mass[side, FAST, layer, base : base + len(spread)]
    slow_bins = state.mass[side, SLOW, layer, base : base + len(spread)]
    for k in range(len(spread)):
        fast_bins[k] += fast * spread[k]
        slow_bins[k] += slow * spread[k]
    first, end = state.extent[side, layer, FIRST], state.extent[side, layer, END]
    is_empty = end <= first
    state.extent[side, layer, FIRST] = base if is_empty else min(first, base)
    state.extent[side, layer, END] = max(0 if is_empty else end, base + len(spread))
    return unit


@njit(cache=True, nogil=True, fastmath={"reassoc", "nsz"})
def _sum(values: FloatArray) -> float:
    # in whatever order is fastest: one after the other takes four cycles a bin
    result = 0.0
    for k in range(len(values)):
        result += values[k]
    return result
