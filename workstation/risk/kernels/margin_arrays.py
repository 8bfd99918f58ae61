"""The arrays that the margin kernels work on: a book, one pool of it, and what they answer.

Arrays are flat: a pool's legs, a pool's collateral coins and a leg's tiers are ranges of theirs.
NaN means "no such price" and "not known". Every requirement is one form,
``fixed - amount + (rate + added) v + square v^2`` of the contract's value ``v``, with the rate and
the amount of its tier; a tier by contracts never changes, so such a leg has one tier here.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from workstation.market.facts import FloatArray

IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

ROUND_NONE: Final = 0
ROUND_TICK_SAFE: Final = 1
ROUND_PLUS_SIDE: Final = 2
KIND_NONE: Final = 0
KIND_PRICE: Final = 1
KIND_UNKNOWN: Final = 2


class LegArrays(NamedTuple):
    """(legs,) each; legs of a pool stand together."""

    sign: FloatArray
    direction: FloatArray  # the sign, turned round for inverse contracts
    size: FloatArray  # base coins (linear) or USD face (inverse), positive
    cost: FloatArray  # value at entry
    linear: BoolArray
    symbol: IntArray  # legs of a hedge share one
    coin: IntArray
    quote: IntArray
    first_tier: IntArray
    last_tier: IntArray  # inclusive
    last_cap: FloatArray  # value up to which the tiers are known
    flat: BoolArray  # the requirement jumps from tier to tier
    fixed: FloatArray
    added: FloatArray
    square: FloatArray
    initial_rate: FloatArray  # of the value; NaN where no leverage is known
    initial_slope: FloatArray  # of the rate, per coin
    initial_fixed: FloatArray
    tick: FloatArray  # NaN where not known


class PoolArrays(NamedTuple):
    """(pools,) each, ranges (pools + 1,)."""

    legs: IntArray
    held: IntArray
    wallet: FloatArray
    currency: IntArray
    frozen: BoolArray  # maintenance margin stands while another price is tried
    common: BoolArray  # everything moves by one ratio
    isolated: BoolArray
    has_margin: BoolArray
    owes: BoolArray
    rounding: IntArray


class HeldArrays(NamedTuple):
    """Balances that back multi-asset pools, (held,) each."""

    coin: IntArray
    amount: FloatArray
    weight: FloatArray


class TierArrays(NamedTuple):
    """All tiers of all tables, one after the other."""

    floor: FloatArray
    rate: FloatArray
    amount: FloatArray


class Book(NamedTuple):
    """A book without prices."""

    legs: LegArrays
    pools: PoolArrays
    held: HeldArrays
    tiers: TierArrays
    stable: BoolArray  # (coins,)
    beta: FloatArray  # (coins,)
    driver: int  # the coin that betas refer to, -1 where it has no price


class LegFigures(NamedTuple):
    """(legs,) each; money in the pool's currency."""

    value: FloatArray
    profit: FloatArray
    initial: FloatArray
    maintenance: FloatArray
    kind: IntArray
    first: FloatArray
    other: FloatArray
    common_shock: FloatArray
    bankruptcy: FloatArray


class PoolFigures(NamedTuple):
    """(pools,) each; money in the pool's currency."""

    balance: FloatArray
    maintenance: FloatArray
    collateral: FloatArray  # coins at market value
    driver: IntArray  # the coin that leads the common shock, -1 for none
    clock: FloatArray  # its log return at the death


class View(NamedTuple):
    """One pool at the present prices: (legs,) and (held,) slices, and the tiers."""

    value: FloatArray
    direction: FloatArray
    first_tier: IntArray
    last_tier: IntArray
    fixed: FloatArray
    added: FloatArray
    square: FloatArray
    required: FloatArray
    symbol: IntArray
    held_value: FloatArray  # after haircut
    tiers: TierArrays
    frozen: bool


class Rates(NamedTuple):
    """Log returns per one of the driving coin: of the values of legs, of collateral coins."""

    legs: FloatArray
    held: FloatArray


class Room(NamedTuple):
    """Scratch of the widest pool."""

    members: IntArray
    rows: IntArray  # (2, widest)
    factors: FloatArray  # (8, widest)
