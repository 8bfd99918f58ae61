"""What the cascade has to assume: every parameter with the law that it is drawn from."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from workstation.market.facts import FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Uncertain:
    """A parameter: the figure used alone, and the law that it is drawn from.

    With a ``spread`` (of its logarithm) the law is lognormal around the default, held inside
    ``low`` and ``high``; without one it is uniform between them.
    """

    default: float
    spread: float = 0.0
    low: float = 0.0
    high: float = math.inf

    def draw(self, count: int, rng: np.random.Generator) -> FloatArray:
        if not self.spread:
            return rng.uniform(self.low, self.high, count)
        drawn = self.default * np.exp(self.spread * rng.standard_normal(count))
        held: FloatArray = np.clip(drawn, self.low, self.high)
        return held


@dataclass(frozen=True, slots=True, kw_only=True)
class CascadeParameters:
    """What the market's state does not give, and how uncertain it is.

    Sources: [L] min66633, liquidation-cascade-research (one unreviewed estimate); [S] the
    square-root law: Sato-Kanazawa 2411.13965, Donier-Bonart 1412.4503; [O] 10 October 2025 as
    reported (Amberdata; Binance Square); [A] an assumption; [I] an inference of ours.

    The last five are factors on the market's own figures.
    """

    impact: Uncertain = Uncertain(default=1.0, spread=0.4)  # Y: [S], [L] 1.07 on minutes
    collapse: Uncertain = Uncertain(default=1.3, spread=0.6, low=1.0)  # [L] median 3.4, p90 17
    most_collapse: Uncertain = Uncertain(default=8.0, spread=0.6, low=1.0)  # [L]
    refill_s: Uncertain = Uncertain(default=240.0, spread=0.8)  # [L] 20.7 % a minute
    mark_share: Uncertain = Uncertain(default=0.7, low=0.4, high=0.9)  # theta: [A]
    bankruptcy_gap: Uncertain = Uncertain(default=0.04, low=0.02, high=0.08)  # [O] 3.2 %, [I]
    closes_at_loss: Uncertain = Uncertain(default=0.5, low=0.2, high=0.8)  # chi: [A]
    closes_freely: Uncertain = Uncertain(default=1.2, low=0.5, high=1.5)  # nu: [O], [I]
    volatility: Uncertain = Uncertain(default=1.0, spread=0.3)
    volume: Uncertain = Uncertain(default=1.0, spread=0.35)
    depth: Uncertain = Uncertain(default=1.0, spread=0.5)
    capacity: Uncertain = Uncertain(default=1.0, spread=1.0)  # [O] peak 53M$/s, all coins
    book: Uncertain = Uncertain(default=1.0, spread=0.7)  # [I] h of .15 lies in .05 to .5


DEFAULT_PARAMETERS: Final = CascadeParameters()
# [A] funds and ADL step in later where books are thin: 30 to 60 % away on small coins
_SMALL_COIN_GAP: Final = Uncertain(default=0.45, low=0.3, high=0.6)
_DEEP_COINS: Final = frozenset({"BTC", "ETH"})


def parameters_for(coin: str) -> CascadeParameters:
    """Return the parameters of a coin's market."""
    if coin in _DEEP_COINS:
        return DEFAULT_PARAMETERS
    return replace(DEFAULT_PARAMETERS, bankruptcy_gap=_SMALL_COIN_GAP)
