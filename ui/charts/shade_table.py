"""The map's shades, by how many bins and bars a pixel covers.

An octave is a picture of half as many bins or bars as the one before it, of each pair the shade
furthest from nothing: no level vanishes when zoomed out. Tables have room for bars to come, so a
new bar is shaded alone, in every octave that is in use. Colours are found for what is in view: kept
for whole octaves, they would take four times the memory to save a tenth of a frame.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from ui.charts.map_levels import ShadeArray, halve

_ROOM: Final = 256  # bars to come, until all is laid out anew


class ShadeTable:
    """Shades of a map.

    Parameters
    ----------
    levels : (bins, bars) shades
    nothing : the shade of nothing
    """

    def __init__(self, levels: ShadeArray, nothing: int) -> None:
        self._nothing = nothing
        self._lay_out(levels)

    def _lay_out(self, levels: ShadeArray) -> None:
        bins, bars = levels.shape
        self._begin, self._end = 0, bars  # the map's bars among the table's columns
        whole = np.full((bins, bars + _ROOM), self._nothing, np.uint8)
        whole[:, :bars] = levels
        self._octaves = {(0, 0): whole}

    @property
    def levels(self) -> ShadeArray:
        """The (bins, bars) shades."""
        return self._octaves[0, 0][:, self._begin : self._end]

    def follow(self, dropped: int, stay: int, fresh: ShadeArray) -> None:
        """Forget bars at the left, keep so many after them, and put fresh ones after those."""
        self._begin += dropped
        keep, before = self._begin + stay, self._end
        self._end = keep + fresh.shape[1]
        whole = self._octaves[0, 0]
        if not before <= self._end <= whole.shape[1]:
            self._lay_out(np.hstack((whole[:, self._begin : keep], fresh)))
            return
        whole[:, keep : self._end] = fresh
        for key in sorted(self._octaves, key=lambda key: key[::-1]):  # each after its origin
            self._fill(key, keep)

    def column(self, bar: NDArray[np.int64] | int, by_time: int) -> NDArray[np.int64]:
        """Return the columns of an octave in which bars of the map stand."""
        return np.asarray((bar + self._begin) >> by_time, np.int64)

    def first_of(self, bar: int, by_time: int) -> int:
        """Return the first bar of the map that shares a column of an octave with one."""
        return max(0, ((bar + self._begin) >> by_time << by_time) - self._begin)

    def octave(self, by_price: int, by_time: int) -> ShadeArray:
        """Return the shades of an octave, 2 ** octave bins and bars in one."""
        key = (by_price, by_time)
        if key not in self._octaves:
            origin, axis = _origin(key)
            bins, columns = self.octave(*origin).shape
            shape = (-(-bins // 2), columns) if axis == 0 else (bins, -(-columns // 2))
            self._octaves[key] = np.full(shape, self._nothing, np.uint8)
            self._fill(key, 0)
        return self._octaves[key]

    def _fill(self, key: tuple[int, int], first_bar: int) -> None:
        if key == (0, 0):
            return
        first, end = self._columns_from(key, first_bar)
        origin, axis = _origin(key)
        cut = slice(first, end) if axis == 0 else slice(2 * first, 2 * end)
        halved = halve(self._octaves[origin][:, cut], axis, self._nothing)
        self._octaves[key][:, first:end] = halved

    def _columns_from(self, key: tuple[int, int], bar: int) -> tuple[int, int]:
        # the octave's columns that show the table's bars from one on
        return bar >> key[1], -(-self._end >> key[1])


def _origin(key: tuple[int, int]) -> tuple[tuple[int, int], int]:
    # the octave that one is made of, and the axis along which it is halved
    by_price, by_time = key
    return ((by_price - 1, by_time), 0) if by_price else ((0, by_time - 1), 1)
