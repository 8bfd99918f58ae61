"""The deposit that saves what is liquidated next, down to a scenario's prices."""

from __future__ import annotations

from dataclasses import replace

from workstation.market.instrument import split_symbol
from workstation.portfolio.model import MarginMode
from workstation.risk.betas import STABLECOINS
from workstation.risk.repair_report import AddCollateral
from workstation.risk.report import NextLiquidation, RiskReport, ScenarioReport


def with_rescue(risk: RiskReport, scenario: ScenarioReport) -> RiskReport:
    """Return the report with the deposit that saves what is liquidated next from the scenario."""
    coming = risk.next_liquidation
    if coming is None:
        return risk
    for deposit in scenario.repair.add_collateral:
        if deposit.account == coming.account and _reaches(deposit, coming):
            return replace(risk, next_liquidation=_rescued(coming, deposit, scenario))
    return risk


def _reaches(deposit: AddCollateral, coming: NextLiquidation) -> bool:
    """Tell whether a deposit into an account backs the position that is liquidated next."""
    if coming.margin_mode is MarginMode.ISOLATED:
        return deposit.symbol == coming.symbol
    settle = split_symbol(coming.symbol)[2]
    in_dollars = deposit.asset in STABLECOINS and settle in STABLECOINS
    return deposit.symbol is None and (deposit.asset == settle or in_dollars)


def _rescued(
    coming: NextLiquidation, deposit: AddCollateral, scenario: ScenarioReport
) -> NextLiquidation:
    return replace(
        coming,
        rescue_amount=deposit.amount,
        rescue_asset=deposit.asset,
        rescue_until=dict(scenario.moves),
    )
