"""The conserved open-interest book, bar by bar: see ``workstation.risk.heatmap`` for the theory.

Compiled by numba, cached on disk, run without the interpreter lock. Bins are counted from the
grid's first one here; a "layer" is one hat of the leverage basis, or their mixture. What runs once
a bar is inlined: a call that hands over tuples of arrays counts a reference to each of them, which
costs as much as the work.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from workstation.market.facts import FloatArray

IntArray = NDArray[np.int64]
PictureArray = NDArray[np.float32]

LONG: Final = 0
SHORT: Final = 1
FAST: Final = 0
SLOW: Final = 1
FIRST: Final = 0
END: Final = 1
_FOLD_BELOW: Final = 1e-30  # a smaller multiplier is worked into the bins before it underflows
_INSIDE: Final = 0.5  # [A] of what a bar opened within reach of its extreme was there before it
_RESUM_EVERY: Final = 256  # bars between two exact sums of the running masses

_inlined = njit(cache=True, nogil=True, inline="always")


class BookState(NamedTuple):
    """The book of one market, in coins; true mass is ``multiplier x mass``.

    ``mass`` holds unit books: what would stand there if all flow used the layer's leverage.
    ``extent`` bounds the bins that may hold any of a layer, which is less than the grid by far.
    """

    mass: FloatArray  # (side, age, layer, bin)
    outside: FloatArray  # (side, age): what no price inside the grid liquidates
    multiplier: FloatArray  # (side, age)
    running: FloatArray  # (side, age, layer): the sum over bins of multiplier x mass
    extent: IntArray  # (side, layer, 2): first and one past the last bin; (bins, 0) if none
    bars: IntArray  # (1,): bars taken in so far


class Basis(NamedTuple):
    """Where a deposit lands: one unit-sum kernel a side and layer, and the layers' shares."""

    weight: FloatArray  # (side, layer): pi, sums to the priced share
    kernel: FloatArray  # (side, layer, offset); longs descend towards the entry, shorts ascend
    span: IntArray  # (side, layer, 2): first and one past the last offset that is not zero


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


class Picture(NamedTuple):
    """Rows that columns are added to, so that several markets sum into one picture."""

    long: PictureArray  # (rows, bins)
    short: PictureArray
    open_interest: FloatArray  # (rows,)


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
) -> int:
    """Take in bars; add the book after each to its row, and hold it over rows without a bar.

    Rows ``first_row`` to ``end_row`` are written. ``crossed`` is (n, side, layer), or empty: the
    unit mass that each bar reached is added there, before shares and phi; that is what it took out
    of the book, and what it is believed to have opened and liquidated again. Returns how many times
    open interest fell by more than the closing rule could take, so that the book was scaled down.
    """
    widest = 1
    for i in range(len(bars.low)):
        widest = max(widest, bars.profile_start[i + 1] - bars.profile_start[i])
    buffer = np.empty(basis.kernel.shape[2] + widest)
    scaled, row = 0, first_row
    for i in range(len(bars.low)):
        while row < min(bars.row[i], end_row):
            _write(state, basis, picture, row)
            row += 1
        if state.bars[0] % _RESUM_EVERY == 0:
            _resum(state)
        for side in (LONG, SHORT):
            edge = bars.low[i] if side == LONG else bars.high[i]
            _cross(state, basis, side, edge, flows.liquidatable, crossed[i : i + 1, side])
            scaled += _open_and_close(
                state, basis, bars, i, side, flows, buffer, crossed[i : i + 1, side]
            )
        state.bars[0] += 1
    while row < end_row:
        _write(state, basis, picture, row)
        row += 1
    return scaled


@njit(cache=True, nogil=True)
def total(state: BookState, basis: Basis, side: int, age: int) -> float:
    """Return the quantity of one side and age, priced and outside."""
    quantity: float = state.outside[side, age]
    for layer in range(state.running.shape[2]):
        quantity += basis.weight[side, layer] * state.running[side, age, layer]
    return quantity


@_inlined
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


@_inlined
def _open_and_close(
    state: BookState,
    basis: Basis,
    bars: BarArrays,
    i: int,
    side: int,
    flows: Flows,
    buffer: FloatArray,
    crossed: FloatArray,
) -> int:
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
    if left > wanted:
        _scale(state, side, FAST, wanted / left)
        _scale(state, side, SLOW, wanted / left)
        return 1 if left > wanted * (1.0 + 1e-9) else 0
    _deposit(state, basis, bars, i, side, wanted - left, flows, buffer, crossed)
    return 0


@_inlined
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


@_inlined
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


@_inlined
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


@_inlined
def _write(state: BookState, basis: Basis, picture: Picture, row: int) -> None:
    for layer in range(state.mass.shape[2]):
        _add_layer(state, LONG, layer, basis.weight[LONG, layer], picture.long[row])
        _add_layer(state, SHORT, layer, basis.weight[SHORT, layer], picture.short[row])
    picture.open_interest[row] += total(state, basis, LONG, FAST)
    picture.open_interest[row] += total(state, basis, LONG, SLOW)


@_inlined
def _add_layer(state: BookState, side: int, layer: int, weight: float, out: PictureArray) -> None:
    # What a layer holds at a share of ``weight``. Every slice is one of contiguous memory, or
    # this would not be vectorised.
    first = state.extent[side, layer, FIRST]
    end = max(first, state.extent[side, layer, END])
    fast_scale = weight * state.multiplier[side, FAST]
    slow_scale = weight * state.multiplier[side, SLOW]
    fast = state.mass[side, FAST, layer, first:end]
    slow = state.mass[side, SLOW, layer, first:end]
    shown = out[first:end]
    for k in range(len(shown)):
        shown[k] += shown.dtype.type(fast_scale * fast[k] + slow_scale * slow[k])


@njit(cache=True, nogil=True)
def add_layers(state: BookState, weight: FloatArray, out: FloatArray) -> None:
    """Add what all layers hold at (side, layer) shares to the (side, layer, bins) ``out``."""
    for side in (LONG, SHORT):
        for layer in range(state.mass.shape[2]):
            _add_layer(state, side, layer, weight[side, layer], out[side, layer])


@njit(cache=True, nogil=True)
def add_column(state: BookState, weight: FloatArray, out: FloatArray) -> None:
    """Add the sum of all layers at (side, layer) shares to the (side, bins) ``out``."""
    for side in (LONG, SHORT):
        for layer in range(state.mass.shape[2]):
            _add_layer(state, side, layer, weight[side, layer], out[side])


@njit(cache=True, nogil=True)
def mirror(state: BookState, twin: BookState) -> None:
    """Make a twin, of the same shape, hold what a book holds; costs what both have in use."""
    for side in (LONG, SHORT):
        for layer in range(state.mass.shape[2]):
            first, end = state.extent[side, layer, FIRST], state.extent[side, layer, END]
            end = max(first, end)
            old, old_end = twin.extent[side, layer, FIRST], twin.extent[side, layer, END]
            for age in (FAST, SLOW):
                twin.mass[side, age, layer, old : max(old, old_end)] = 0.0
                twin.mass[side, age, layer, first:end] = state.mass[side, age, layer, first:end]
    twin.outside[:] = state.outside
    twin.multiplier[:] = state.multiplier
    twin.running[:] = state.running
    twin.extent[:] = state.extent
    twin.bars[:] = state.bars


@njit(cache=True, nogil=True, fastmath={"reassoc", "nsz"})
def _sum(values: FloatArray) -> float:
    # in whatever order is fastest: one after the other takes four cycles a bin
    result = 0.0
    for k in range(len(values)):
        result += values[k]
    return result


@njit(cache=True, nogil=True)
def bins_of(
    low: FloatArray, high: FloatArray, close: FloatArray, delta: float, first_bin: int
) -> tuple[IntArray, IntArray, IntArray]:
    """Return the bins of lows, highs and closes, counted from the grid's first."""
    count = len(low)
    bins = np.empty((3, count), np.int64)
    for i in range(count):
        bins[0, i] = int(np.floor(np.log(low[i]) / delta)) - first_bin
        bins[1, i] = int(np.floor(np.log(high[i]) / delta)) - first_bin
        bins[2, i] = int(np.floor(np.log(close[i]) / delta)) - first_bin
    return bins[0], bins[1], bins[2]


@njit(cache=True, nogil=True)
def begins_with(whole: tuple[IntArray, ...], part: tuple[IntArray, ...]) -> bool:
    """Tell whether columns, none shorter, begin with the figures of others."""
    for column in range(len(part)):
        for i in range(len(part[column])):
            if whole[column][i] != part[column][i]:
                return False
    return True


@njit(cache=True, nogil=True)
def missing_bars(time_ms: IntArray, before_ms: int, interval_ms: int) -> int:
    """Return how many bars are missing since ``before_ms``; -1 where time does not go on."""
    missing = 0
    for i in range(len(time_ms)):
        step = time_ms[i] - before_ms
        if step <= 0:
            return -1
        missing += step // interval_ms - 1
        before_ms = time_ms[i]
    return missing


@njit(cache=True, nogil=True)
def triangle_profile(
    low: FloatArray, high: FloatArray, middle: FloatArray, delta: float
) -> tuple[IntArray, FloatArray]:
    """Spread each bar's volume over its bins as a triangle with its peak at ``middle``.

    The stand-in where volume at price is not known. ``low <= middle <= high``, all prices.

    Returns
    -------
    Where every bar's entries start, the first standing for its low's bin, and the entries, summing
    to one a bar.
    """
    bins = np.floor(np.log(low) / delta).astype(np.int64)
    widths = np.floor(np.log(high) / delta).astype(np.int64) - bins + 1
    start = np.zeros(len(low) + 1, np.int64)
    start[1:] = np.cumsum(widths)
    profile = np.empty(start[-1])
    for i in range(len(low)):
        left, right = np.log(low[i]) / delta, np.log(high[i]) / delta
        peak = np.log(middle[i]) / delta
        before = 0.0
        for entry in range(widths[i]):
            edge = min(right, float(bins[i] + entry + 1))
            after = 1.0 if entry == widths[i] - 1 else _triangle_cdf(edge, left, peak, right)
            profile[start[i] + entry] = after - before
            before = after
    return start, profile


@njit(cache=True, nogil=True)
def _triangle_cdf(x: float, left: float, peak: float, right: float) -> float:
    if x >= right:
        return 1.0
    if x <= left:
        return 0.0
    if x < peak:
        return (x - left) ** 2 / ((right - left) * (peak - left))
    return 1.0 - (right - x) ** 2 / ((right - left) * (right - peak))


@njit(cache=True, nogil=True)
def bridge(
    readings: FloatArray, accepted: float, doubtful: float, jump: float
) -> tuple[FloatArray, float, float, int]:
    """Replace glitches of open interest by the last good reading; unknown ones count as glitches.

    A reading that differs from the accepted one by more than the factor ``jump`` is held back until
    the next one agrees with it. ``accepted`` and ``doubtful`` carry over between calls, NaN at the
    start.

    Returns
    -------
    The readings to use, the new ``accepted`` and ``doubtful``, and how many were replaced.
    """
    used = np.empty_like(readings)
    glitches = 0
    for i in range(len(readings)):
        reading = readings[i]
        if not (reading > 0.0 and reading < np.inf):
            glitches += 1
        elif np.isnan(accepted) or _near(reading, accepted, jump) or _near(reading, doubtful, jump):
            accepted, doubtful = reading, np.nan
        else:
            doubtful = reading
            glitches += 1
        used[i] = accepted
    return used, accepted, doubtful, glitches


@njit(cache=True, nogil=True)
def _near(reading: float, known: float, jump: float) -> bool:
    return known / jump <= reading <= known * jump  # False where `known` is NaN
