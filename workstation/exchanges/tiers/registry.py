"""Every venue whose tiers can be asked for. To add one: a module beside this one, a line here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from workstation.exchanges.tiers import binance, bitget, bybit, gate, hyperliquid, kraken, okx
from workstation.exchanges.tiers.base import TierReader

READERS: Final[Mapping[str, TierReader]] = {
    "binanceusdm": binance.READER,
    "binancecoinm": binance.READER,
    "bybit": bybit.READER,
    "okx": okx.READER,
    "hyperliquid": hyperliquid.READER,
    "gate": gate.READER,
    "bitget": bitget.READER,
    "krakenfutures": kraken.READER,
}
