"""What a contract is: linear or inverse, how big, in which steps, margined by which tiers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Final, NamedTuple

_SYMBOLS_KEPT: Final = 4_096  # parsed symbols; a large book asks for each of them all the time
_OPTION_PARTS: Final = 3  # expiry, strike, and call or put


class MarketKey(NamedTuple):
    """One contract at one venue; ``venue`` is a ccxt exchange id, ``symbol`` ccxt's unified one."""

    venue: str
    symbol: str


class Contract(StrEnum):
    """How a contract pays: in the quote currency (linear) or in the coin (inverse)."""

    LINEAR = "linear"
    INVERSE = "inverse"


class Side(StrEnum):
    """The side of a position; a liquidation carries the side of the position that was closed."""

    LONG = "long"
    SHORT = "short"

    @property
    def sign(self) -> int:
        return 1 if self is Side.LONG else -1

    @property
    def opposite(self) -> Side:
        return Side.SHORT if self is Side.LONG else Side.LONG


@dataclass(frozen=True, slots=True, kw_only=True)
class Instrument:
    """One perpetual or dated future.

    ``contract_size`` is base coins a contract (linear) or USD a contract (inverse); ``tick`` is the
    price step in quote, ``lot`` the quantity step in base coins (linear) or USD (inverse); both
    ``None`` where not known. ``source`` says where the row comes from and of which day.
    """

    key: MarketKey
    contract: Contract
    base: str
    quote: str
    settle: str
    contract_size: float
    tick: float | None = None
    lot: float | None = None
    max_leverage: float | None = None
    source: str = ""

    def __post_init__(self) -> None:
        if not (self.contract_size > 0 and math.isfinite(self.contract_size)):
            raise ValueError(f"{self.key}: contract_size was {self.contract_size}")

    def to_base(self, contracts: float, price: float) -> float:
        """Convert a number of contracts to base coins."""
        quantity = contracts * self.contract_size
        return quantity if self.contract is Contract.LINEAR else quantity / price

    def notional_usd(self, contracts: float, price: float) -> float:
        """Convert a number of contracts to quote notional (inverse: USD face)."""
        quantity = contracts * self.contract_size
        return quantity * price if self.contract is Contract.LINEAR else quantity


@lru_cache(maxsize=_SYMBOLS_KEPT)
def contract_of(symbol: str) -> Contract:
    """Tell linear from inverse by ccxt's unified symbol: ``BTC/USD:BTC`` settles in its base.

    Raises
    ------
    ValueError
        The symbol is not that of a derivative, ``BASE/QUOTE:SETTLE[-EXPIRY]``.
    """
    base, _, settle = split_symbol(symbol)
    return Contract.INVERSE if settle == base else Contract.LINEAR


def is_option(symbol: str) -> bool:
    """Tell an option by ccxt's unified symbol: ``BASE/QUOTE:SETTLE-EXPIRY-STRIKE-C`` or ``-P``."""
    return symbol.endswith(("-C", "-P")) and symbol.count("-") == _OPTION_PARTS


@lru_cache(maxsize=_SYMBOLS_KEPT)
def split_symbol(symbol: str) -> tuple[str, str, str]:
    """Return base, quote and settlement coin of ``BASE/QUOTE:SETTLE[-EXPIRY]``."""
    pair, colon, settle = symbol.partition(":")
    base, slash, quote = pair.partition("/")
    if not (colon and slash and base and quote and settle):
        raise ValueError(f"'{symbol}' is not a derivative's symbol (BASE/QUOTE:SETTLE)")
    return base, quote, settle.partition("-")[0]
