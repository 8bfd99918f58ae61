"""The conserved open-interest book: what it is kept in, and what is read from it.

See ``workstation.risk.heatmap`` for the theory. Compiled by numba, cached on disk, run without the
interpreter lock. Bins are counted from the grid's first one here; a "layer" is one hat of the
leverage basis, or their mixture.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from workstation.market.facts import FloatArray
from workstation.risk.kernels.bars import IntArray as IntArray  # goes with every book

PictureArray = NDArray[np.float32]

LONG: Final = 0
SHORT: Final = 1
FAST: Final = 0
SLOW: Final = 1
FIRST: Final = 0
END: Final = 1
TAKEN: Final = 0  # counts of a book: bars taken in,
GLITCHES: Final = 1  # readings of open interest that were not believed,
MISSING: Final = 2  # bars that were missing

# what runs once a bar: a call that hands over tuples of arrays counts a reference to each of them,
# which costs as much as the work
inlined = njit(cache=True, nogil=True, inline="always")


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
    held: FloatArray  # (2,): readings of open interest, accepted and doubtful; NaN: none
    counts: IntArray  # (3,): TAKEN, GLITCHES, MISSING so far


class Basis(NamedTuple):
    """Where a deposit lands: one unit-sum kernel a side and layer, and the layers' shares."""

    weight: FloatArray  # (side, layer): pi, sums to the priced share
    kernel: FloatArray  # (side, layer, offset); longs descend towards the entry, shorts ascend
    span: IntArray  # (side, layer, 2): first and one past the last offset that is not zero


class Picture(NamedTuple):
    """Rows that columns are added to, so that several markets sum into one picture."""

    long: PictureArray  # (rows, bins)
    short: PictureArray
    open_interest: FloatArray  # (rows,)


@njit(cache=True, nogil=True)
def total(state: BookState, basis: Basis, side: int, age: int) -> float:
    """Return the quantity of one side and age, priced and outside."""
    quantity: float = state.outside[side, age]
    for layer in range(state.running.shape[2]):
        quantity += basis.weight[side, layer] * state.running[side, age, layer]
    return quantity


@inlined
def write(state: BookState, basis: Basis, picture: Picture, row: int) -> None:
    """Add longs, shorts and open interest to a row of the picture."""
    for layer in range(state.mass.shape[2]):
        _add_layer(state, LONG, layer, basis.weight[LONG, layer], picture.long[row])
        _add_layer(state, SHORT, layer, basis.weight[SHORT, layer], picture.short[row])
    picture.open_interest[row] += total(state, basis, LONG, FAST)
    picture.open_interest[row] += total(state, basis, LONG, SLOW)


@inlined
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
def add_groups(state: BookState, weight: FloatArray, group: IntArray, out: PictureArray) -> None:
    """Add what layers hold of both sides to the (groups, bins) ``out``, each to its group."""
    for side in (LONG, SHORT):
        for layer in range(state.mass.shape[2]):
            _add_layer(state, side, layer, weight[side, layer], out[group[layer]])


@njit(cache=True, nogil=True)
def add_column(state: BookState, weight: FloatArray, out: FloatArray) -> None:
    """Add the sum of all layers at (side, layer) shares to the (side, bins) ``out``."""
    for side in (LONG, SHORT):
        for layer in range(state.mass.shape[2]):
            _add_layer(state, side, layer, weight[side, layer], out[side])


@njit(cache=True, nogil=True)
def add_variance(state: BookState, covariance: FloatArray, out: FloatArray) -> None:
    """Add the variance of what stands there, in coins squared, to the (side, bins) ``out``.

    ``covariance`` is (side, layer, layer), of the layers' shares.
    """
    layers, bins = state.mass.shape[2], state.mass.shape[3]
    unit = np.empty((layers, bins))
    for side in (LONG, SHORT):
        unit[:] = 0.0
        for layer in range(layers):
            _add_layer(state, side, layer, 1.0, unit[layer])
        for one in range(layers):
            for other in range(one + 1):
                times = (1.0 if one == other else 2.0) * covariance[side, one, other]
                first = max(state.extent[side, one, FIRST], state.extent[side, other, FIRST])
                end = min(state.extent[side, one, END], state.extent[side, other, END])
                if end > first:
                    _add_product(
                        times, unit[one, first:end], unit[other, first:end], out[side, first:end]
                    )


@inlined
def _add_product(times: float, one: FloatArray, other: FloatArray, out: FloatArray) -> None:
    for k in range(len(out)):
        out[k] += times * one[k] * other[k]


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
    twin.held[:] = state.held
    twin.counts[:] = state.counts
