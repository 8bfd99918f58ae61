"""Hatching over the liquidation map where its band is wide: the estimate there is a rough one.

Where the band is as wide everywhere, as with a prior alone, hatching would tell nothing; the map's
title and legend say how wide it is, and only what is wider still is hatched.

Which bins are wide is kept once a note of the band, not once a cell, and only the pixels of the
lines are touched: an eighth of the picture, and nothing where no band is wide.
"""

from __future__ import annotations

import operator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ui.charts.map_levels import MapSide, Sampling
from workstation.risk.report import HeatmapColumns

WIDE_RATIO: Final = 8.0  # of a band's high end to its low one, from which on it is hatched,
UNEVEN: Final = 1.25  # [A] if it also is so many times that of the whole side
PERIOD_PX: Final = 8  # between two lines
_ONE: Final = np.uint32(1)
_HALF: Final = np.uint32(0x7F7F7F)
_OPAQUE: Final = np.uint32(0xFF000000)


@dataclass(frozen=True, slots=True, eq=False)
class Hatching:
    """``wide`` is (1 + notes, bins): nowhere before the first note, then as each note says.

    ``starts`` (notes,) are the bars from which on they hold, ``bands`` what they were made of.
    """

    wide: NDArray[np.bool_]
    starts: NDArray[np.int64]
    bands: tuple[NDArray[np.float32], ...]

    @classmethod
    def of(
        cls, columns: HeatmapColumns, side: MapSide, earlier: Hatching | None = None
    ) -> Hatching | None:
        """Return the hatching of a map; ``None`` where its band is not known.

        ``earlier`` is that of an earlier answer and the same side; notes that it has are not looked
        at again.
        """
        starts = [*columns.spread_from]
        bands: list[NDArray[np.float32]] = [*columns.spread]
        if columns.band_base is not None:
            starts.append(len(columns.time_ms) - 1)
            bands.append(columns.band_base)
        if not bands:
            return None
        if earlier is not None and earlier._goes_on(bands):
            wide = earlier.wide.copy()
            wide[-1] = _wide_bins(bands[-1], columns, starts[-1], side)
        else:
            known = {} if earlier is None else earlier._known()
            rows = [
                known[id(band)] if id(band) in known else _wide_bins(band, columns, start, side)
                for start, band in zip(starts, bands, strict=True)
            ]
            wide = np.array([np.zeros_like(rows[0]), *rows])
        return cls(wide, np.array(starts, np.int64), tuple(bands))

    def _goes_on(self, bands: list[NDArray[np.float32]]) -> bool:
        # whether only the newest of them is another one, as with most new bars
        return len(bands) == len(self.bands) and all(map(operator.is_, bands[:-1], self.bands))

    def _known(self) -> dict[int, NDArray[np.bool_]]:
        return dict(zip(map(id, self.bands), self.wide[1:], strict=True))

    def draw(self, picture: NDArray[np.uint32], taken: Sampling, nothing: np.uint32) -> None:
        """Thin the colours of a (height, width) picture along diagonal lines."""
        note = np.searchsorted(self.starts, taken.bars, side="right") * taken.has_bar
        first, end = (int(note.min()), int(note.max()) + 1) if len(note) else (0, 0)
        shown = self.wide[first:end, taken.bins] & taken.has_bin  # (notes, height)
        if not shown.any():
            return
        ground = ((nothing >> _ONE) & _HALF) | _OPAQUE
        note -= first
        for k in range(PERIOD_PX):
            rows, across = slice(k, None, PERIOD_PX), slice(-k % PERIOD_PX, None, PERIOD_PX)
            line = picture[rows, across]
            at = shown[:, rows][note[across]].T
            np.copyto(line, ((line >> _ONE) & _HALF) + ground, where=at)


def _wide_bins(
    band: NDArray[np.float32], columns: HeatmapColumns, row: int, side: MapSide
) -> NDArray[np.bool_]:
    low, high = band
    all_low, all_high = band.sum(axis=2)
    usual = np.divide(all_high, all_low, out=np.zeros_like(all_low), where=all_low > 0)
    limit = np.maximum(WIDE_RATIO, UNEVEN * usual)
    wide: NDArray[np.bool_] = high > limit[:, np.newaxis] * low
    long, short = wide
    if side is MapSide.LONG:
        short = long
    elif side is MapSide.SHORT:
        long = short
    mainly_long = columns.long_base[row] >= columns.short_base[row]
    shown: NDArray[np.bool_] = np.where(mainly_long, long, short)
    return shown
