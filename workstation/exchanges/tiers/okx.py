"""OKX's position tiers: bounds in contracts, and the whole position at its tier's rate.

A tier holds up to and with its ``maxSz``; the next begins one contract above in print, but
contracts come in fractions, so here it begins just above. The maintenance rate excludes the fee.
Cross and isolated tiers of swaps are asked for as cross.
Source: OKX API documentation, ``GET /api/v5/public/position-tiers``.
"""

from __future__ import annotations

import math
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

SOURCE: Final = "OKX GET /api/v5/public/position-tiers (tdMode cross)"
FAMILIES_A_CALL: Final = 3


async def read(ask: Ask, markets: Sequence[Market], as_of: str) -> Tables:
    """Ask for up to three families at once; the answer names the family of each row."""
    families = {family_of(market): market for market in markets}
    answer = await ask(
        "publicGetPublicPositionTiers",
        instType="SWAP",
        tdMode="cross",
        instFamily=",".join(families),
    )
    rows = numbers.rows(answer["data"])
    found: dict[MarketKey, TierTable] = {}
    for family, market in families.items():
        own = [row for row in rows if row.get("instFamily") == family]
        collect(found, market, table, own, as_of)
    return found


def family_of(market: Market) -> str:
    return str(market.info.get("instFamily") or market.id.removesuffix("-SWAP"))


def table(rows: Sequence[Row], as_of: str) -> TierTable:
    """Return the table of one family; raises ``ValueError`` if the rows are none."""
    ordered = sorted(rows, key=lambda row: numbers.need(row, "maxSz"))
    caps = [math.nextafter(numbers.need(row, "maxSz"), math.inf) for row in ordered]
    tiers = (
        Tier(
            floor=floor,
            cap=cap,
            rate=numbers.need(row, "mmr"),
            max_leverage=numbers.need(row, "maxLever"),
        )
        for row, floor, cap in zip(ordered, [0.0, *caps], caps, strict=False)
    )
    return table_of(tiers, unit=TierUnit.CONTRACTS, mode=TierMode.FLAT, as_of=as_of, source=SOURCE)


READER: Final = TierReader(read=read, markets_a_call=FAMILIES_A_CALL)
