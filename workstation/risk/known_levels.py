"""The exact layer of the map: where positions are known one by one, beside what is estimated.

What is known is a part of the open interest that the estimate of the same venue is made of, so the
two are never added. Its weight is told as the share of open interest that it covers, a side.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from workstation.market.facts import FloatArray, KnownPositions
from workstation.market.instrument import MarketKey


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class KnownLevels:
    """Known longs and shorts of one market by liquidation price, in coins.

    ``by_bin`` is (2, bins), longs and shorts, on the map's bins. ``elsewhere`` is (2,): held
    without a liquidation price, or with one that the map does not show. ``coverage`` is (2,) known
    over open interest, fractions; ``None`` where open interest is not known.
    """

    key: MarketKey
    holders: str
    as_of_ms: int
    is_stale: bool
    by_bin: FloatArray
    elsewhere: FloatArray
    coverage: tuple[float, float] | None


def known_levels(
    known: KnownPositions, edges: FloatArray, open_interest_base: float | None, now_ms: int
) -> KnownLevels:
    """Put known positions into bins.

    Parameters
    ----------
    known : the positions of one market
    edges : (bins + 1,) prices, rising
    open_interest_base : of that market, one-sided, in coins; ``None`` if not known
    now_ms : tells what is stale
    """
    price, quantity = known.liquidation_price, known.quantity_base
    by_bin = np.zeros((2, len(edges) - 1))
    held = np.array([quantity[quantity > 0].sum(), -quantity[quantity < 0].sum()])
    k = np.searchsorted(edges, np.nan_to_num(price, nan=0.0), side="right") - 1
    shown = (k >= 0) & (k < by_bin.shape[1])
    side = (quantity < 0).astype(np.int64)
    np.add.at(by_bin, (side[shown], k[shown]), np.abs(quantity[shown]))
    coverage = None
    if open_interest_base is not None and open_interest_base > 0:
        coverage = (float(held[0] / open_interest_base), float(held[1] / open_interest_base))
    return KnownLevels(
        key=known.key,
        holders=known.holders,
        as_of_ms=known.as_of_ms,
        is_stale=known.is_stale(now_ms),
        by_bin=by_bin,
        elsewhere=np.maximum(0.0, held - by_bin.sum(axis=1)),
        coverage=coverage,
    )
