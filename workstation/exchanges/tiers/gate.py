"""Gate's risk limits: bounds in the settlement coin, a printed deduction, rates of the excess.

Source: Gate API documentation, ``GET /futures/{settle}/risk_limit_tiers``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from workstation.exchanges import numbers
from workstation.exchanges.base import Market
from workstation.exchanges.numbers import Row
from workstation.exchanges.tiers.base import (
    Ask,
    Tables,
    Tier,
    TierReader,
    collect,
    table_of,
)
from workstation.market.instrument import MarketKey
from workstation.risk.tiers import TierMode, TierTable, TierUnit

SOURCE: Final = "Gate GET /futures/{settle}/risk_limit_tiers"


async def read(ask: Ask, markets: Sequence[Market], as_of: str) -> Tables:
    """Ask for each market by its name."""
    found: dict[MarketKey, TierTable] = {}
    for market in markets:
        settle = market.instrument.settle.lower()
        answer = await ask(
            "publicFuturesGetSettleRiskLimitTiers", settle=settle, contract=market.id
        )
        own = [row for row in numbers.rows(answer) if row.get("contract", market.id) == market.id]
        collect(found, market, table, own, as_of)
    return found


def table(rows: Sequence[Row], as_of: str) -> TierTable:
    """Return the table of one market; raises ``ValueError`` if the rows are none."""
    ordered = sorted(rows, key=lambda row: numbers.need(row, "risk_limit"))
    caps = [numbers.need(row, "risk_limit") for row in ordered]
    tiers = (
        Tier(
            floor=floor,
            cap=cap,
            rate=numbers.need(row, "maintenance_rate"),
            max_leverage=numbers.need(row, "leverage_max"),
            amount=numbers.amount(row.get("deduction")),
        )
        for row, floor, cap in zip(ordered, [0.0, *caps], caps, strict=False)
    )
    return table_of(tiers, unit=TierUnit.VALUE, mode=TierMode.MARGINAL, as_of=as_of, source=SOURCE)


READER: Final = TierReader(read=read, markets_a_call=1)
