"""What a rescue answers: frozen rows and steps, as panels and reports show them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from workstation.market.instrument import Side
from workstation.portfolio.model import Portfolio
from workstation.risk.report import MarkSource, Withdrawals
from workstation.risk.scenario import Scenario
from workstation.risk.transfers import SourceKind

_CENT_USD: Final = 0.01


class Action(StrEnum):
    """What is done about a pool."""

    TRANSFER = "transfer"
    CUT = "cut"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing to do. ``arrives_min`` is in minutes, 0 at once; ``cost_usd`` holds all fees.

    ``value_usd`` is what it moves: collateral, or the face of the part that is closed, at now's
    prices.

    A transfer brings ``amount`` of ``asset`` from the account ``origin``; a cut closes ``amount``
    (base coins, or USD face of an inverse contract) of ``symbol``. ``assumed`` marks a cost or a
    time that the user has not set. ``waits_for`` is the number of the earlier step, counted from 1
    over all rows, that frees what it takes; ``None`` where it is there already.
    """

    action: Action
    account: str
    amount: float
    value_usd: float
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
    waits_for: int | None = None


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
class Drained:
    """An account that pays for a rescue and is liquidated sooner for it, on the same way.

    ``amount`` of ``asset`` is taken from it, fees not counted. Prices are of the coin that moves;
    ``coin_price_before`` is ``None`` where doing nothing would not have liquidated it that far.
    ``beyond`` is how far ``coin_price`` is from the scenario's, a fraction.
    """

    account: str
    asset: str
    amount: float
    coin: str
    coin_price: float
    coin_price_before: float | None
    beyond: float


@dataclass(frozen=True, slots=True, kw_only=True)
class NextAfter:
    """What is liquidated first of the rescued book if the move goes on beyond the scenario."""

    account: str
    symbol: str
    side: Side
    isolated: bool
    coin: str
    coin_price: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RescueReport:
    """``rescued`` is a copy of the book with everything done; ``alive``: nothing dies on it.

    Equities are at the end of the scenario, in USD. ``next_after`` is ``None`` where nothing near
    follows.
    """

    scenario: Scenario
    rows: tuple[RescueRow, ...]
    alive: bool
    rescued: Portfolio
    equity_doing_nothing_usd: float
    equity_rescued_usd: float
    drained: tuple[Drained, ...] = ()
    next_after: NextAfter | None = None

    @property
    def cost_usd(self) -> float:
        return sum(row.cost_usd for row in self.rows)

    @property
    def moved_usd(self) -> float:
        """Collateral that is put into what would be liquidated: it may be lost as well."""
        return self._value_usd(Action.TRANSFER)

    @property
    def closed_usd(self) -> float:
        """Face of the positions that are closed."""
        return self._value_usd(Action.CUT)

    @property
    def sacrifice_usd(self) -> float:
        """How much less is left at the scenario than by doing nothing; 0 where it is more."""
        less = self.equity_doing_nothing_usd - self.equity_rescued_usd
        return less if less >= _CENT_USD else 0.0

    def _value_usd(self, action: Action) -> float:
        steps = (step for row in self.rows for step in row.steps)
        return sum(step.value_usd for step in steps if step.action is action)
