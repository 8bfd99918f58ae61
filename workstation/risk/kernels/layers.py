"""The book by leverage, added up over several markets in one pass."""

from __future__ import annotations

from numba import njit

from workstation.market.facts import FloatArray
from workstation.risk.kernels.book import FAST, SLOW


@njit(cache=True, nogil=True)
def add_layers(
    total: FloatArray, weight: FloatArray, multiplier: FloatArray, mass: FloatArray
) -> None:
    """Add a book to ``total`` (side, layer, bin), in coins.

    ``weight`` is the (side, layer) share of a basis, ``multiplier`` and ``mass`` are of a
    ``BookState``.
    """
    sides, layers, bins = total.shape
    for side in range(sides):
        for layer in range(layers):
            fast = weight[side, layer] * multiplier[side, FAST]
            slow = weight[side, layer] * multiplier[side, SLOW]
            for k in range(bins):
                total[side, layer, k] += (
                    fast * mass[side, FAST, layer, k] + slow * mass[side, SLOW, layer, k]
                )
