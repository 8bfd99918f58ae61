"""The state of one coin's market: plain arrays, so that kernels run on it and a file holds it.

Quantities of linear contracts are coins, of inverse contracts USD of face value, signed: long > 0.
Every account has a slot; a market owns ``SLOTS`` of them, in blocks of ``BLOCK``. A block knows the
nearest price above and below at which one of its accounts has something to do, and the earliest
time, so a step looks only into the blocks that the mark has reached.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

Records = NDArray[Any]  # structured arrays: numpy has no types for their fields

SLOTS: Final = 4_096  # accounts a market can hold; an arrival that finds none free is turned away
BLOCK: Final = 32
MINUTES: Final = 16_384  # 11 days of one-minute candles: a thousand of 15 minutes
HOURS: Final = 24_576  # 1,024 days of one-hour candles: a thousand of a day
INTERESTS: Final = 8_928  # 31 days of open interest
INTEREST_S: Final = 300
SETTLEMENTS: Final = 2_304  # 96 days of hourly funding
FORCED: Final = 16_384  # liquidations remembered

_CORE = [
    ("time_s", "i8"),
    ("log_price", "f8"),  # digested price
    ("stretch", "f8"),  # what forced orders did to it and will come back
    ("anchor", "f8"),
    ("drift_per_s", "f8"),  # campaigns under way
    ("log_volatility", "f8"),
    ("nervousness", "f8"),  # smoothed square of the standardised return
    ("volatility", "f8"),  # multiplier of this step
    ("trend", "f8"),  # smoothed log price, for the crowd's momentum
    ("skew", "f8"),
    ("capital", "f8"),  # premium from arbitrage capital being scarce or plenty
    ("pending_base", "f8"),  # forced orders not yet executed, sales < 0
    ("forced", "i8"),  # liquidations since the beginning
    ("turned_away", "i8"),
    ("absorbed_base", "f8"),  # forced coins the insurance fund took over
]
_MARKET = [
    ("share", "f8"),
    ("inverse", "i8"),
    ("funding_interval_s", "i8"),
    ("premium", "f8"),
    ("premium_mean", "f8"),
    ("noise", "f8"),
    ("last_price", "f8"),
    ("previous_price", "f8"),  # the last price one step ago
    ("mark_price", "f8"),
    ("index_price", "f8"),
    ("long", "f8"),  # sums over the accounts
    ("short", "f8"),
    ("maker_long", "f8"),  # hedgers and market makers
    ("maker_short", "f8"),
    ("hedged_noise", "f8"),
    ("traded_base", "f8"),  # in this step, by accounts
    ("free", "i8"),  # free slots on the stack
]
_ACCOUNT = [
    ("quantity", "f8"),  # 0: a free slot
    ("entry", "f8"),
    ("liquidation", "f8"),
    ("stop", "f8"),
    ("target", "f8"),
    ("until_s", "f8"),
    ("top_ups", "i8"),
]
_BLOCK = [("below", "f8"), ("above", "f8"), ("until_s", "f8")]
_BAR = [
    ("bar", "i8"),  # open time divided by the bar's length
    ("open", "f8"),
    ("high", "f8"),
    ("low", "f8"),
    ("close", "f8"),
    ("volume_base", "f8"),
]
_INTEREST = [("bar", "i8"), ("base", "f8"), ("usd", "f8")]
_SETTLEMENT = [("time_s", "i8"), ("rate", "f8")]
_FORCED = [("time_ms", "i8"), ("market", "i8"), ("quantity", "f8"), ("price", "f8")]


class CoinState(NamedTuple):
    """One coin; M is the number of its markets. Rings are indexed by their number modulo length."""

    core: Records  # (1,)
    markets: Records  # (M,)
    accounts: Records  # (M * SLOTS,)
    blocks: Records  # (M * SLOTS / BLOCK,)
    free: NDArray[np.int32]  # (M, SLOTS) stacks of free slots
    minutes: Records  # (M, MINUTES)
    hours: Records  # (M, HOURS)
    interest: Records  # (M, INTERESTS)
    settlements: Records  # (M, SETTLEMENTS)
    forced: Records  # (FORCED,) quantity is that of the closed position


def empty_state(markets: int) -> CoinState:
    """Return a state without accounts and without history."""
    state = CoinState(
        core=np.zeros(1, _CORE),
        markets=np.zeros(markets, _MARKET),
        accounts=np.zeros(markets * SLOTS, _ACCOUNT),
        blocks=np.zeros(markets * SLOTS // BLOCK, _BLOCK),
        free=np.arange(markets * SLOTS, dtype=np.int32).reshape(markets, SLOTS)[:, ::-1].copy(),
        minutes=np.zeros((markets, MINUTES), _BAR),
        hours=np.zeros((markets, HOURS), _BAR),
        interest=np.zeros((markets, INTERESTS), _INTEREST),
        settlements=np.zeros((markets, SETTLEMENTS), _SETTLEMENT),
        forced=np.zeros(FORCED, _FORCED),
    )
    state.markets["free"] = SLOTS
    state.blocks["below"] = -np.inf
    state.blocks["above"] = np.inf
    state.blocks["until_s"] = np.inf
    return state
