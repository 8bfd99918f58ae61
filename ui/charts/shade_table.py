"""The map's shades and their colours, by how many bins and bars a pixel covers.

An octave is a picture of half as many bins or bars as the one before it, of each pair the shade
furthest from nothing: no level vanishes when zoomed out. Tables have room for bars to come, so a
new bar is shaded and coloured alone, in every octave that is in use.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from ui.charts.map_levels import ShadeArray, halve

ColourArray = NDArray[np.uint32]  # 0xffRRGGBB, as QImage.Format_RGB32 wants it
_ROOM: Final = 256  # bars to come, until all is laid out anew


class ShadeTable:
    """Shades of a map.

    Parameters
    ----------
    levels : (bins, bars) shades
    palette : (256,) colours of the shades
    nothing : the shade of nothing
    """

    def __init__(self, levels: ShadeArray, palette: ColourArray, nothing: int) -> None:
        self._palette, self._nothing = palette, nothing
        self._lay_out(levels)

    def _lay_out(self, levels: ShadeArray) -> None:
        bins, bars = levels.shape
        self._begin, self._end = 0, bars  # the map's bars among the table's columns
        whole = np.full((bins, bars + _ROOM), self._nothing, np.uint8)
        whole[:, :bars] = levels
        self._octaves = {(0, 0): whole}
        self._colours: dict[tuple[int, int], ColourArray] = {}  # of octaves that were drawn

    @property
    def ground(self) -> np.uint32:
        """The colour of nothing."""
        return np.uint32(self._palette[self._nothing])

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
        for key in self._colours:
            self._colour(key, keep)

    def column(self, bar: NDArray[np.int64] | int, by_time: int) -> NDArray[np.int64]:
        """Return the columns of an octave in which bars of the map stand."""
        return np.asarray((bar + self._begin) >> by_time, np.int64)

    def first_of(self, bar: int, by_time: int) -> int:
        """Return the first bar of the map that shares a column of an octave with one."""
        return max(0, ((bar + self._begin) >> by_time << by_time) - self._begin)

    def colours(self, by_price: int, by_time: int) -> ColourArray:
        """Return the colours of an octave, 2 ** octave bins and bars in one."""
        key = (by_price, by_time)
        if key not in self._colours:
            self._colours[key] = np.full(self._shades(key).shape, self.ground)
            self._colour(key, 0)
        return self._colours[key]

    def _shades(self, key: tuple[int, int]) -> ShadeArray:
        if key not in self._octaves:
            origin, axis = _origin(key)
            bins, columns = self._shades(origin).shape
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

    def _colour(self, key: tuple[int, int], first_bar: int) -> None:
        first, end = self._columns_from(key, first_bar)
        self._colours[key][:, first:end] = self._palette[self._octaves[key][:, first:end]]

    def _columns_from(self, key: tuple[int, int], bar: int) -> tuple[int, int]:
        # the octave's columns that show the table's bars from one on
        return bar >> key[1], -(-self._end >> key[1])


def _origin(key: tuple[int, int]) -> tuple[tuple[int, int], int]:
    # the octave that one is made of, and the axis along which it is halved
    by_price, by_time = key
    return ((by_price - 1, by_time), 0) if by_price else ((0, by_time - 1), 1)
