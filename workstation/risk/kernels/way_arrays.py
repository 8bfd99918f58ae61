"""The arrays that ``way`` works on: the legs of one pool along a path, and their tiers."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from workstation.market.facts import FloatArray

IntArray = NDArray[np.int64]


class LegRow(NamedTuple):
    """What of a leg is the same on every path; money in the pool's currency."""

    direction: float
    value: float
    cost: float
    size: float  # contracts that pick the tier; NaN: its value does
    slope: float  # of the rate in size; NaN: tiers
    coins: float  # size of a linear contract in coins; NaN: its value is
    fee_rate: float
    fee_fixed: float


class LegArrays(NamedTuple):
    """(legs,) each, first those of ``LegRow``.

    Tiers of leg ``i`` are ``first_row[i]`` to ``first_row[i + 1]``.
    """

    direction: FloatArray
    value: FloatArray
    cost: FloatArray
    size: FloatArray
    slope: FloatArray
    coins: FloatArray
    fee_rate: FloatArray
    fee_fixed: FloatArray
    rate: FloatArray  # log return of the value per unit of the clock
    funding: FloatArray  # what it pays per unit of the clock, a fraction of its value
    first_row: IntArray  # (legs + 1,)


class TierArrays(NamedTuple):
    """All tiers of all legs, one after the other."""

    floor: FloatArray
    rate: FloatArray
    amount: FloatArray
