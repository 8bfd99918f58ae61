"""What a rescue answers: frozen rows and steps, as panels and reports show them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

from workstation.market.instrument import Side
from workstation.portfolio.model import Portfolio
from workstation.risk.report import MarkSource, Withdrawals
from workstation.risk.scenario import Scenario
from workstation.risk.transfers import SourceKind


class Action(StrEnum):
    """What is done about a pool."""

    TRANSFER = "transfer"
    CUT = "cut"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing to do. ``arrives_min`` is in minutes, 0 at once; ``cost_usd`` holds all fees.

    A transfer brings ``amount`` of ``asset`` from the account ``origin``; a cut closes ``amount``
    (base coins, or USD face of an inverse contract) of ``symbol``. ``assumed`` marks a cost or a
    time that the user has not set.
    """

    action: Action
    account: str
    amount: float
    cost_usd: float
    arrives_min: float
    asset: str = ""
    origin: str = ""
    origin_venue: str = ""
    kind: SourceKind | None = None
    symbol: str | None = None
    side: Side | None = None
    assumed: bool = False
    withdrawals: Withdrawals = Withdrawals.UNKNOWN


@dataclass(frozen=True, slots=True, kw_only=True)
class RescueRow:
    """One pool that is liquidated on the way, and what keeps it alive.

    ``price`` is of the position that is named, ``coin_price`` of the coin that moves; ``distance``
    is the coin's. ``minutes_left`` is at the pace of the last hour: ``math.inf`` when the price
    does not approach, ``None`` when the pace is not known. ``needed`` is the smallest deposit.
    ``spared``: what is done for the pools before it saves it too.
    """

    account: str
    venue: str
    pool: str
    symbol: str
    side: Side
    isolated: bool
    price: float
    coin: str
    coin_price: float
    distance: float
    minutes_left: float | None
    loss_usd: float
    needed: float | None
    asset: str | None
    steps: tuple[Step, ...]
    notes: tuple[str, ...]
    mark_source: MarkSource | None
    mark_age_s: float | None
    spared: bool = False

    @property
    def saved(self) -> bool:
        return self.spared or bool(self.steps)

    @property
    def cost_usd(self) -> float:
        return sum(step.cost_usd for step in self.steps)

    @property
    def arrives_min(self) -> float:
        """When the last of it is there."""
        return max((step.arrives_min for step in self.steps), default=math.inf)


@dataclass(frozen=True, slots=True, kw_only=True)
class RescueReport:
    """``rescued`` is a copy of the book with everything done; ``alive``: nothing dies on it.

    Equities are at the end of the scenario, in USD.
    """

    scenario: Scenario
    rows: tuple[RescueRow, ...]
    alive: bool
    rescued: Portfolio
    equity_doing_nothing_usd: float
    equity_rescued_usd: float

    @property
    def cost_usd(self) -> float:
        return sum(row.cost_usd for row in self.rows)
