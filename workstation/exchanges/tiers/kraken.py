"""Kraken Futures' margin levels: every contract's in one answer, the whole position at one rate.

A level says where it begins: in contracts (inverse, a USD each) or in USD (multi-collateral).
Source: Kraken API documentation, ``GET /derivatives/api/v3/instruments``; margin schedule,
support.kraken.com 360022632452.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
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

SOURCE: Final = "Kraken GET /derivatives/api/v3/instruments"
_UNITS: Final = {"contracts": TierUnit.CONTRACTS, "numNonContractUnits": TierUnit.VALUE}


async def read(ask: Ask, markets: Sequence[Market], as_of: str) -> Tables:
    """Ask once; the answer holds every contract."""
    answer = await ask("publicGetInstruments")
    levels = {
        row.get("symbol"): numbers.rows(row.get("marginLevels"))
        for row in numbers.rows(answer["instruments"])
    }
    found: dict[MarketKey, TierTable] = {}
    for market in markets:
        own = levels.get(market.id, [])
        collect(found, market, table, own, as_of)
    return found


def table(levels: Sequence[Row], as_of: str) -> TierTable:
    """Return the table of one contract; raises ``ValueError`` if the levels are none."""
    named = [name for name in _UNITS if all(name in row for row in levels)]
    if len(named) != 1:
        raise ValueError("its levels do not say what they count")
    ordered = sorted(levels, key=lambda row: numbers.need(row, named[0]))
    floors = [numbers.need(row, named[0]) for row in ordered]
    tiers = (
        Tier(
            floor=floor,
            cap=cap,
            rate=numbers.need(row, "maintenanceMargin"),
            max_leverage=1 / numbers.need(row, "initialMargin"),
        )
        for row, (floor, cap) in zip(ordered, pairwise([*floors, math.inf]), strict=True)
    )
    unit = _UNITS[named[0]]
    return table_of(tiers, unit=unit, mode=TierMode.FLAT, as_of=as_of, source=SOURCE)


READER: Final = TierReader(read=read, markets_a_call=1_000_000)
