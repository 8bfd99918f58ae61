"""Bybit's risk limits: bounds in the settlement coin, a deduction that may be left out.

The rates have been seen as fractions ("0.005", the live answer) and as percents (0.5, the example
of the documentation): initial margin x maximum leverage is 1 in the one and 100 in the other.
Source: Bybit API documentation, ``GET /v5/market/risk-limit``.
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

SOURCE: Final = "Bybit GET /v5/market/risk-limit"
_SCALES: Final = (1.0, 100.0)  # what initial margin x maximum leverage comes to
_NEAR: Final = 0.02  # both are rounded to a few digits: 0.0111 x 90 = 0.999


async def read(ask: Ask, markets: Sequence[Market], as_of: str) -> Tables:
    """Ask for each market by its name."""
    found: dict[MarketKey, TierTable] = {}
    for market in markets:
        category = "inverse" if market.inverse else "linear"
        answer = await ask("publicGetV5MarketRiskLimit", category=category, symbol=market.id)
        rows = numbers.rows(answer["result"]["list"])
        own = [row for row in rows if row.get("symbol") == market.id]
        collect(found, market, table, own, as_of)
    return found


def table(rows: Sequence[Row], as_of: str) -> TierTable:
    """Return the table of one market; raises ``ValueError`` if the rows are none."""
    ordered = sorted(rows, key=lambda row: numbers.need(row, "riskLimitValue"))
    caps = [numbers.need(row, "riskLimitValue") for row in ordered]
    tiers = (
        Tier(
            floor=floor,
            cap=cap,
            rate=numbers.need(row, "maintenanceMargin") / _scale(row),
            max_leverage=numbers.need(row, "maxLeverage"),
            amount=numbers.amount(row.get("mmDeduction")),
        )
        for row, floor, cap in zip(ordered, [0.0, *caps], caps, strict=False)
    )
    return table_of(tiers, unit=TierUnit.VALUE, mode=TierMode.MARGINAL, as_of=as_of, source=SOURCE)


def _scale(row: Row) -> float:
    product = numbers.need(row, "initialMargin") * numbers.need(row, "maxLeverage")
    for scale in _SCALES:
        if abs(product / scale - 1) <= _NEAR:
            return scale
    raise ValueError(f"initial margin x leverage is {product:g}: neither a fraction nor a percent")


READER: Final = TierReader(read=read, markets_a_call=1)
