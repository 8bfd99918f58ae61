"""Binance's leverage brackets, which it shows only to a key: in USDT or USDC, or in coins.

Whoever reads an account with a read-only key may ask with it; the public feed does not.
COIN-M prints its floor as ``qtylFloor``, spelled so.
Sources: Binance API documentation, ``GET /fapi/v1/leverageBracket``,
``GET /dapi/v2/leverageBracket``.
"""

from __future__ import annotations

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

ENDPOINTS: Final[Mapping[str, tuple[str, str]]] = {
    "binanceusdm": ("fapiPrivateGetLeverageBracket", "Binance GET /fapi/v1/leverageBracket"),
    "binancecoinm": ("dapiPrivateV2GetLeverageBracket", "Binance GET /dapi/v2/leverageBracket"),
}
_FLOORS: Final = ("notionalFloor", "qtyFloor", "qtylFloor")
_CAPS: Final = ("notionalCap", "qtyCap")


async def read(ask: Ask, markets: Sequence[Market], as_of: str) -> Tables:
    """Ask once; the answer holds every symbol of the key's futures account."""
    endpoint, source = ENDPOINTS[markets[0].key.venue]
    brackets = {
        row.get("symbol"): numbers.rows(row.get("brackets"))
        for row in numbers.rows(await ask(endpoint))
    }
    found: dict[MarketKey, TierTable] = {}
    for market in markets:
        collect(found, market, table, brackets.get(market.id, []), as_of, source)
    return found


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
