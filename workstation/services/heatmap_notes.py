"""What is said of a column besides its coins: its 80 % band, and how it stands by leverage."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np

from workstation.market.facts import FloatArray
from workstation.risk.heatmap import Grid, HeatmapBook
from workstation.risk.heatmap_band import PRIOR_FACTORS
from workstation.risk.heatmap_basis import NODE_LEVERAGES
from workstation.risk.heatmap_fitted import Belief, column_band
from workstation.risk.heatmap_reading import LEVERAGE_BANDS
from workstation.risk.kernels.book import IntArray, PictureArray

_GROUP_OF_NODE: Final[IntArray] = np.searchsorted(LEVERAGE_BANDS, NODE_LEVERAGES)


@dataclass(frozen=True, slots=True, eq=False)
class Stand:
    """What stands in some books, and what is said of it, in coins.

    ``column`` is (2, bins), longs and shorts; ``band`` (2, 2, bins), its low and high end;
    ``by_leverage`` (groups, bins), both sides together.
    """

    column: FloatArray
    band: FloatArray
    by_leverage: PictureArray


@dataclass(frozen=True, slots=True, eq=False)
class Note:
    """What was said of a row: the band over what stood there, and that by leverage, in coins."""

    row: int
    spread: PictureArray  # (2, 2, bins)
    by_leverage: PictureArray  # (groups, bins)


def stand_of(grid: Grid, books: Iterable[tuple[HeatmapBook, Belief | None]]) -> Stand:
    """Return what stands in books on one grid; one without a belief has the prior's band."""
    column, assumed = np.zeros((2, grid.bins)), np.zeros((2, grid.bins))
    band = np.zeros((2, 2, grid.bins))
    by_leverage = np.zeros((len(LEVERAGE_BANDS) + 1, grid.bins), np.float32)
    for book, belief in books:
        own = book.column()
        column += own
        book.add_groups(_GROUP_OF_NODE, by_leverage)
        if belief is None:
            assumed += own
        else:
            band += column_band(book, belief)
    band += np.multiply.outer(np.array(PRIOR_FACTORS), assumed)
    return Stand(column, band, by_leverage)


def note_of(row: int, stand: Stand) -> Note:
    """Return what is kept of a column: where nothing stands, its whole side's band over it.

    What is opened there later has that band; NaN on a side without a book.
    """
    column, band = stand.column, stand.band
    whole = column.sum(axis=1)
    rest = np.divide(band.sum(axis=2), whole, out=np.full((2, 2), np.nan), where=whole > 0)
    over = np.broadcast_to(rest[:, :, np.newaxis], band.shape).copy()
    np.divide(band, column, out=over, where=column > 0)
    return Note(row, over.astype(np.float32), stand.by_leverage)
