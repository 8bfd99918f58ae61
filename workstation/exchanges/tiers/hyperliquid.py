"""Hyperliquid's margin tables: lower bounds in USDC with the maximum leverage from there on.

Maintenance is half the initial margin at maximum leverage; a coin whose table's number is not in
the list has one tier, of its maximum leverage.
Source: Hyperliquid documentation, trading/margin-tiers; ``POST /info`` of type ``meta``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, Final

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

SOURCE: Final = "Hyperliquid POST /info meta"


async def read(ask: Ask, markets: Sequence[Market], as_of: str) -> Tables:
    """Ask once; the answer holds every coin."""
    answer = await ask("publicPostInfo", type="meta")
    coins = {row.get("name"): row for row in numbers.rows(answer["universe"])}
    tables = {int(number): body for number, body in answer.get("marginTables") or ()}
    found: dict[MarketKey, TierTable] = {}
    for market in markets:
        coin = coins.get(market.info.get("name"), {})
        collect(found, market, table, coin, tables, as_of)
    return found


def table(coin: Row, tables: Mapping[int, Any], as_of: str) -> TierTable:
    """Return the table of one coin; raises ``ValueError`` if it has none."""
    listed = tables.get(int(numbers.amount(coin.get("marginTableId")) or 0), {})
    rows = numbers.rows(listed.get("marginTiers"))
    if not rows:
        rows = [{"lowerBound": 0.0, "maxLeverage": numbers.need(coin, "maxLeverage")}]
    ordered = sorted(rows, key=lambda row: numbers.need(row, "lowerBound"))
    floors = [numbers.need(row, "lowerBound") for row in ordered]
    leverages = [numbers.need(row, "maxLeverage") for row in ordered]
    tiers = (
        Tier(floor=floor, cap=cap, rate=1 / (2 * leverage), max_leverage=leverage)
        for leverage, (floor, cap) in zip(leverages, pairwise([*floors, math.inf]), strict=True)
    )
    return table_of(tiers, unit=TierUnit.VALUE, mode=TierMode.MARGINAL, as_of=as_of, source=SOURCE)


READER: Final = TierReader(read=read, markets_a_call=1_000_000)
