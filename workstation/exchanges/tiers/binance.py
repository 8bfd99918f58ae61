"""Binance's leverage brackets, which it shows only to a key: in USDT or USDC, or in coins.

Whoever reads an account with a read-only key asks with it; the public feed does not.
COIN-M prints its floor as ``qtylFloor``, spelled so. Brackets that are multiplied for one account
alone (``notionalCoef``) are left out: the table is every account's.
Sources: Binance API documentation, ``GET /fapi/v1/leverageBracket``,
``GET /dapi/v2/leverageBracket``.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping, Sequence
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

log = logging.getLogger(__name__)

ENDPOINTS: Final[Mapping[str, tuple[str, str]]] = {
    "binanceusdm": ("fapiPrivateGetLeverageBracket", "Binance GET /fapi/v1/leverageBracket"),
    "binancecoinm": ("dapiPrivateV2GetLeverageBracket", "Binance GET /dapi/v2/leverageBracket"),
}
_FLOORS: Final = ("notionalFloor", "qtyFloor", "qtylFloor")
_CAPS: Final = ("notionalCap", "qtyCap")


async def read(ask: Ask, markets: Sequence[Market], as_of: str) -> Tables:
    """Ask once; the answer holds every symbol of the key's futures account."""
    endpoint, source = ENDPOINTS[markets[0].key.venue]
    rows = numbers.rows(await ask(endpoint))
    brackets = {row.get("symbol"): _of_all(row) for row in rows}
    found: dict[MarketKey, TierTable] = {}
    for market in markets:
        collect(found, market, table, brackets.get(market.id, []), as_of, source)
    return found


def _of_all(row: Row) -> Sequence[Row]:
    """Return the brackets of a symbol, none where they are one account's own."""
    own = numbers.finite(row.get("notionalCoef"))
    if own is None or math.isclose(own, 1.0):
        return numbers.rows(row.get("brackets"))
    log.warning("%s: its brackets are multiplied by %g for this account", row.get("symbol"), own)
    return []


def table(brackets: Sequence[Row], as_of: str, source: str) -> TierTable:
    """Return the table of one symbol; raises ``ValueError`` if the brackets are none."""
    tiers = (
        Tier(
            floor=_one_of(row, _FLOORS),
            cap=_one_of(row, _CAPS),
            rate=numbers.need(row, "maintMarginRatio"),
            max_leverage=numbers.need(row, "initialLeverage"),
            amount=numbers.amount(row.get("cum")),
        )
        for row in brackets
    )
    return table_of(tiers, unit=TierUnit.VALUE, mode=TierMode.MARGINAL, as_of=as_of, source=source)


def _one_of(row: Row, names: Sequence[str]) -> float:
    return next(numbers.need(row, name) for name in (*(n for n in names if n in row), names[0]))


READER: Final = TierReader(read=read, markets_a_call=1_000_000, private=True)
