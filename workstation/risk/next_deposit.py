"""The deposit that saves what is liquidated next, down to a scenario's prices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from workstation.market.instrument import split_symbol
from workstation.portfolio.model import MarginMode
from workstation.risk.betas import STABLECOINS
from workstation.risk.repair_report import AddCollateral
from workstation.risk.report import NextLiquidation, RiskReport


def with_rescue(
    risk: RiskReport, deposits: Sequence[AddCollateral], until: Mapping[str, float]
) -> RiskReport:
    """Return the report with the one of the deposits that saves what is liquidated next.

    ``until`` are the prices by coin down to which they hold. What is past its liquidation has none:
    its venue may have taken it already.
    """
    coming = risk.next_liquidation
    if coming is None or coming.past:
        return risk
    for deposit in deposits:
        if deposit.account == coming.account and _reaches(deposit, coming):
            saved = replace(
                coming,
                rescue_amount=deposit.amount,
                rescue_asset=deposit.asset,
                rescue_until=dict(until),
            )
            return replace(risk, next_liquidation=saved)
    return risk


def _reaches(deposit: AddCollateral, coming: NextLiquidation) -> bool:
    """Tell whether a deposit into an account backs the position that is liquidated next."""
    if coming.margin_mode is MarginMode.ISOLATED:
        return deposit.symbol == coming.symbol
    settle = split_symbol(coming.symbol)[2]
    in_dollars = deposit.asset in STABLECOINS and settle in STABLECOINS
    return deposit.symbol is None and (deposit.asset == settle or in_dollars)
