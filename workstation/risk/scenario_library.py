"""A named scenario as it is written down: ends by coin, duration, course, betas, haircuts, ADL.

An end is a price or a fraction of the price at the start, so one file serves every day and book.
Coins that the book does not hold are left out. A *strength* scales the whole in logarithms: 0 is
no move, 1 the scenario as written.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from workstation.errors import RiskInputError
from workstation.portfolio.model import Portfolio
from workstation.risk.betas import STABLECOINS
from workstation.risk.deleveraging import Deleveraging
from workstation.risk.inputs import RiskInputs
from workstation.risk.liquidation import DRIVER
from workstation.risk.scenario import Scenario

OTHERS: Final = "*"  # every coin of the book that has no end of its own, stablecoins aside


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """Where a coin goes: to a price, or by a fraction of where it is."""

    price: float | None = None
    fraction: float | None = None

    def __post_init__(self) -> None:
        if (self.price is None) == (self.fraction is None):
            raise ValueError("an end is a price or a fraction")
        if (self.price is not None and self.price <= 0) or (self.fraction or 0.0) <= -1:
            raise ValueError(f"an end must be a price above zero, was {self}")

    def log_return(self, start: float) -> float:
        if self.price is not None:
            return math.log(self.price / start)
        return math.log1p(self.fraction or 0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class AssumedAdl:
    """``share`` of the winning positions of ``coin`` is closed when it is at ``at``."""

    coin: str
    at: End
    share: float
    venue: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LibraryScenario:
    """A scenario of the library; ``source`` says where its figures come from.

    ``course`` are prices of bitcoin at equal times, the start first and the furthest last; empty
    is a straight line. They shape the way of the cascade; the walk of the book goes straight.
    """

    name: str
    title: str
    about: str
    source: str
    ends: Mapping[str, End]
    over_h: float
    course: tuple[float, ...] = ()
    betas: Mapping[str, float] = field(default_factory=dict)
    use_betas: bool = True
    funding_rate_8h: float | None = None
    haircuts: Mapping[str, float] = field(default_factory=dict)
    adl: tuple[AssumedAdl, ...] = ()

    def path(self) -> tuple[float, ...]:
        """Return the course as log returns from its start, which is 0; empty without one."""
        if not self.course:
            return ()
        prices = np.array(self.course)
        return tuple(np.log(prices / prices[0]).tolist())


def scenario_of(
    entry: LibraryScenario, portfolio: Portfolio, inputs: RiskInputs, *, strength: float = 1.0
) -> Scenario:
    """Return the scenario for a book at its present prices.

    Raises
    ------
    RiskInputError
        No coin that the scenario moves has a price here.
    """
    inputs = inputs.completed(portfolio)
    coins = [coin for coin in (DRIVER, *portfolio.coins) if coin not in STABLECOINS]
    named = [coin for coin in entry.ends if coin != OTHERS]
    moves: dict[str, float] = {}
    for coin in dict.fromkeys([*named, *coins]):
        end, start = entry.ends.get(coin, entry.ends.get(OTHERS)), inputs.coin_price(coin)
        held = coin in coins or coin in portfolio.coins
        if end is not None and start is not None and held:
            moves[coin] = start * math.exp(strength * end.log_return(start))
    if not moves:
        names = ", ".join(entry.ends)
        raise RiskInputError(names, f"the scenario '{entry.name}' needs a price of it to move from")
    path = entry.path()
    return Scenario(
        moves=moves,
        betas=entry.betas,
        use_betas=entry.use_betas,
        over_h=entry.over_h,
        funding_rate_8h=None if entry.funding_rate_8h is None else strength * entry.funding_rate_8h,
        course=tuple(step / path[-1] for step in path[1:]) if path else (),
        deleveraging=tuple(_adl(entry, inputs, strength)),
        haircuts={coin: strength * haircut for coin, haircut in entry.haircuts.items()},
    )


def _adl(entry: LibraryScenario, inputs: RiskInputs, strength: float) -> list[Deleveraging]:
    return [
        Deleveraging(
            coin=item.coin,
            price=start * math.exp(item.at.log_return(start)),
            share=strength * item.share,
            venue=item.venue,
        )
        for item in entry.adl
        if (start := inputs.coin_price(item.coin)) is not None
    ]
