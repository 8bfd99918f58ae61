"""The cheapest cut of several positions: a continuous knapsack with one demand.

Closing the share ``f`` of a position adds ``gain f`` to what the pool has left at its worst moment
and costs ``cost f``. The cheapest shares that make up a deficit take the positions by gain per cost
and the last one in part: the greedy answer is the linear program's (Dantzig 1957).
"""

from __future__ import annotations

import numpy as np

from workstation.market.facts import FloatArray


def by_gain_per_cost(gain: FloatArray, cost: FloatArray) -> list[int]:
    """Return the rows whose cut helps, the one that helps most for its cost first.

    Parameters
    ----------
    gain : (n,) what closing all of a position adds, in the pool's currency
    cost : (n,) what that costs, positive
    """
    worth = gain / cost
    return [int(row) for row in np.argsort(-worth, kind="stable") if gain[row] > 0]


def cheapest_shares(gain: FloatArray, cost: FloatArray, deficit: float) -> FloatArray | None:
    """Return the (n,) shares from 0 to 1 to close, ``None`` where closing everything is too little.

    Raises
    ------
    ValueError
        A cost is not positive.
    """
    if np.any(cost <= 0):
        raise ValueError("every position costs something to close")
    shares = np.zeros(len(gain))
    for row in by_gain_per_cost(gain, cost):
        if deficit <= 0:
            break
        shares[row] = min(1.0, deficit / gain[row])
        deficit -= shares[row] * gain[row]
    # a remainder of the last bits of the sum is none
    return shares if deficit <= 1e-12 * float(np.abs(gain).sum()) else None
