"""What may come of a move: the frozen answers of the models, and what it takes to die.

The cascade and touch probabilities are models with bands. Field names are those of the command
line's JSON where it has them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np

from workstation.market.facts import FloatArray
from workstation.market.instrument import Side

TOUCH_UNKNOWN: Final = (
    "The touch probability is not known: it needs 30 days of hourly prices, or a volatility of "
    "your own."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """Percentiles of a figure over the paths of a model."""

    p5: float
    p50: float
    p95: float

    @classmethod
    def of(cls, values: FloatArray) -> Band:
        p5, p50, p95 = np.percentile(values, (5.0, 50.0, 95.0))
        return cls(p5=float(p5), p50=float(p50), p95=float(p95))


@dataclass(frozen=True, slots=True, kw_only=True)
class Cliff:
    """A push to ``price`` is carried on to ``lands_at`` by one more dollar of selling."""

    price: float
    lands_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionDeath:
    """How often a position of the user's dies; ``minutes`` is the median time, where it does."""

    account: str
    symbol: str
    side: Side
    coin_price: float  # of the moving coin, at which its pool is liquidated
    share: float  # of the paths
    minutes: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CascadeReport:
    """What forced selling adds to a move, by the model: bands, no forecast.

    ``price`` is the furthest price on the way, ``overshoot_fraction`` how far beyond the scenario
    price it lies, ``open_interest_base`` what is left. ``gain_hours`` is how much selling one unit
    of selling releases once it is digested, ``gain_seconds`` before the book refills; from 1 on it
    feeds itself. ``digested_price`` is where hours of digestion leave the price, with the default
    parameters; ``amplification`` what one more unit of push becomes there (``None``: without
    bound). ``own_effect_fraction`` is what the user's own liquidations move the price by.
    """

    coin: str
    start_price: float
    scenario_price: float
    over_h: float
    price: Band
    overshoot_fraction: Band
    forced_usd: Band
    open_interest_base: Band
    taken_usd: Band  # closed by insurance funds or ADL, not sold to the market
    busiest_minute_usd: Band
    gain_hours: float
    gain_seconds: float
    runaway_share: float  # of paths whose gain in seconds exceeds 1
    digested_price: float
    amplification: float | None
    cliffs: tuple[Cliff, ...]
    deaths: tuple[PositionDeath, ...]  # by the coin's price, the nearest first
    own_effect_fraction: float
    paths: int
    assumptions: tuple[str, ...] = ()  # sentences


@dataclass(frozen=True, slots=True, kw_only=True)
class TouchBand:
    """The probability that a price is touched within a horizon: the range of the models.

    ``mid`` is the default model's. ``models`` says what each of them gives.
    """

    horizon_days: int
    low: float
    mid: float
    high: float
    models: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Touch:
    """How likely the mark touches a price of a coin; one band a horizon."""

    coin: str
    price: float
    what: str  # "scenario", or the account and symbol whose liquidation price it is
    bands: tuple[TouchBand, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TouchReport:
    """Touch probabilities of the scenario price, first, and of own liquidation prices.

    ``rests_on_past``: no price of now is at hand, and the volatility is that of past years.
    """

    touches: tuple[Touch, ...]
    assumptions: tuple[str, ...] = ()
    rests_on_past: bool = False


class StressKind(StrEnum):
    """What moves in a reverse stress."""

    MARKET = "market"  # bitcoin, and the others by their betas
    COIN = "coin"  # one coin alone
    FUNDING = "funding"
    DEPEG = "depeg"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReverseStress:
    """The smallest move of one kind that liquidates a pool.

    For funding ``start`` and ``end`` are fractions per 8 h held for a day; otherwise they are USD
    per coin. ``sigmas`` are daily standard deviations, ``None`` where no law is known.
    """

    account: str
    pool: str
    kind: StressKind
    coin: str | None
    start: float
    end: float
    sigmas: float | None

    @property
    def move_fraction(self) -> float | None:
        """How far the price goes; ``None`` for funding."""
        return None if self.kind is StressKind.FUNDING else self.end / self.start - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakEven:
    """Where a pool's positions have earned their fees and the scenario's funding.

    ``start`` and ``end`` are prices of the coin that leads the pool's common shock; ``end`` is
    ``None`` where no price does it. Costs are positive, funding that is received negative.
    """

    account: str
    pool: str
    coin: str
    start: float
    end: float | None
    sigmas: float | None  # daily standard deviations
    profit_usd: float  # of now, before costs
    fees_usd: float  # of opening and of closing now
    funding_usd: float  # over the scenario's hours

    @property
    def move_fraction(self) -> float | None:
        return None if self.end is None else self.end / self.start - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """The slow answers to one move; ``None`` where an input is missing, as ``problems`` say."""

    cascade: CascadeReport | None
    touch: TouchReport | None
    reverse_stress: tuple[ReverseStress, ...] = ()
    break_even: tuple[BreakEven, ...] = ()
    problems: tuple[str, ...] = ()
