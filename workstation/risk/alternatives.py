"""What would do instead of the cheapest way out: what each costs, and what it leaves.

Each is done to a copy of the book, which is then walked to the scenario by the margin engine. The
cheapest way is not always the one that leaves the most: what is kept open goes on losing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from workstation.portfolio.model import Portfolio
from workstation.risk.edits import with_account, with_cuts, with_deposits
from workstation.risk.fates import fates_of
from workstation.risk.frontier import Hedge
from workstation.risk.inputs import RiskInputs
from workstation.risk.repair_report import AddCollateral, Reduce, Repair
from workstation.risk.rescue_report import Action, RescueReport
from workstation.risk.scenario import Scenario, prepared
from workstation.risk.waterfall import Waterfall

_WORTH_SAYING_USD: Final = 1.0  # less than a dollar more is the rounding of lots


class Means(StrEnum):
    """What is done instead."""

    CUTS = "cuts alone"
    COLLATERAL = "fresh collateral alone"
    HEDGE = "a hedge"


@dataclass(frozen=True, slots=True, kw_only=True)
class Alternative:
    """One way instead of the cheapest; ``pays_usd`` are fees and slippage.

    ``outside_usd`` is fresh money at now's prices, and part of ``left_usd``, the equity at the end
    of the scenario. ``liquidated`` counts the margin pools that it does not save.
    """

    means: Means
    pays_usd: float
    left_usd: float
    outside_usd: float = 0.0
    liquidated: int = 0

    @property
    def left_of_own_usd(self) -> float:
        """What is left without the fresh money: that the user has had before, too."""
        return self.left_usd - self.outside_usd


def alternatives(
    portfolio: Portfolio,
    inputs: RiskInputs,
    scenario: Scenario,
    repair: Repair,
    hedge: Hedge | None,
    slippage_rate: float,
) -> tuple[Alternative, ...]:
    """Return what each part of a repair, and a hedge, would cost and leave.

    Raises
    ------
    RiskInputError
        A coin that moves has no price to start from.
    """
    book, inputs, path = prepared(portfolio, inputs, scenario)

    def ended(means: Means, copy: Portfolio, pays_usd: float, fresh: float = 0.0) -> Alternative:
        walk = Waterfall(copy, inputs, path, drivers=scenario.moves, use_orders=scenario.use_orders)
        return Alternative(
            means=means,
            pays_usd=pays_usd,
            left_usd=walk.equity_usd(1.0),
            outside_usd=fresh,
            liquidated=len(fates_of(walk, inputs)),
        )

    def found() -> Iterator[Alternative]:
        cuts, deposits = repair.reduce, repair.add_collateral
        if cuts:
            pays = sum(cut.pays_usd for cut in cuts)
            yield ended(Means.CUTS, with_cuts(book, cuts, inputs, slippage_rate), pays)
        if deposits:
            fresh = _worth_usd(deposits, inputs)
            yield ended(Means.COLLATERAL, with_deposits(book, deposits), 0.0, fresh)
        if hedge is not None:
            yield ended(Means.HEDGE, with_account(book, hedge.hedged), hedge.cost_usd)

    return tuple(found())


def _worth_usd(deposits: Iterable[AddCollateral], inputs: RiskInputs) -> float:
    return sum(deposit.amount * (inputs.coin_price(deposit.asset) or 1.0) for deposit in deposits)


def is_the_same(found: RescueReport, cuts: Iterable[Reduce]) -> bool:
    """Tell whether the cheapest way is nothing but these cuts."""
    steps = [step for row in found.rows for step in row.steps]
    taken: dict[tuple[object, ...], float] = {}
    for step in steps:
        key = step.account, step.symbol, step.side
        taken[key] = taken.get(key, 0.0) + step.amount
    wanted = {(cut.account, cut.symbol, cut.side): cut.quantity for cut in cuts}
    return all(step.action is Action.CUT for step in steps) and taken == wanted


def leaves_more(found: RescueReport, others: Iterable[Alternative]) -> Alternative | None:
    """Return what saves all as well and leaves the most of the user's own; ``None`` if less."""
    if not found.rows or not found.alive:
        return None
    whole = [other for other in others if not other.liquidated]
    best = max(whole, key=lambda other: other.left_of_own_usd, default=None)
    if best is None or best.left_of_own_usd < found.equity_rescued_usd + _WORTH_SAYING_USD:
        return None
    return best
