"""Bitget's position tiers: bounds in USDT or USDC, and the whole position at its tier's rate.

Coin-margined contracts are left out: what their bounds count is not documented.
Source: Bitget API documentation, ``GET /api/v2/mix/market/query-position-lever``.
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

SOURCE: Final = "Bitget GET /api/v2/mix/market/query-position-lever"


async def read(ask: Ask, markets: Sequence[Market], as_of: str) -> Tables:
    """Ask for each linear market by its name."""
    found: dict[MarketKey, TierTable] = {}
    for market in markets:
        if market.inverse:
            continue
        answer = await ask(
            "publicMixGetV2MixMarketQueryPositionLever",
            symbol=market.id,
            productType=f"{market.instrument.settle}-FUTURES",
        )
        rows = numbers.rows(answer["data"])
        collect(found, market, table, rows, as_of)
    return found


def table(rows: Sequence[Row], as_of: str) -> TierTable:
    """Return the table of one market; raises ``ValueError`` if the rows are none."""
    tiers = (
        Tier(
            floor=numbers.need(row, "startUnit"),
            cap=numbers.need(row, "endUnit"),
            rate=numbers.need(row, "keepMarginRate"),
            max_leverage=numbers.need(row, "leverage"),
        )
        for row in rows
    )
    return table_of(tiers, unit=TierUnit.VALUE, mode=TierMode.FLAT, as_of=as_of, source=SOURCE)


READER: Final = TierReader(read=read, markets_a_call=1)
