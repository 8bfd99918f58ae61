"""What the engine needs to know of the world, frozen: marks, prices, tiers, funding."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, NamedTuple

from workstation.market.catalogue import Catalogue
from workstation.market.facts import FundingRate
from workstation.market.instrument import (
    Contract,
    Instrument,
    MarketKey,
    Side,
    is_option,
    split_symbol,
)
from workstation.portfolio.model import Portfolio, Position
from workstation.risk.betas import STABLECOINS
from workstation.risk.report import MarkSource, Withdrawals
from workstation.risk.tiers import TierBook
from workstation.units import UnixMs


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkUsed:
    """A mark price and where it came from; ``age_s`` is ``None`` where no time is known."""

    price: float
    source: MarkSource
    age_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkRange:
    """The lowest and the highest mark seen since the book was true, and when."""

    low: float
    low_ms: UnixMs
    high: float
    high_ms: UnixMs
    source: str  # "5m candles of okx", "marks of this session"


class PositionKey(NamedTuple):
    """One position of a book."""

    account: str
    symbol: str
    side: Side


def _nothing() -> Mapping[Any, Any]:
    return MappingProxyType({})


def _go_on() -> None:
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class Presumption:
    """What was known of a position when it was found that the mark has passed its price."""

    sentence: str  # when and where it was passed
    price: float | None  # its liquidation price


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskInputs:
    """The world at one moment.

    ``marks`` leave out those of the file, which belong to a position. ``coin_prices`` are USD per
    coin, consolidated. ``pace`` is the change of a coin's price over
    the last hour, a fraction. ``presumed`` holds positions that were found passed by the mark
    earlier; they stay lost, at the price of then, until the book is read again.
    ``silent`` markets had a live mark and have none now: the file's must not stand in for it.
    ``remedy`` says what whoever reads the report can do about a price that is missing.
    ``checkpoint`` is called at each step of what may be long; it may pause, or raise to end it.
    """

    now_ms: UnixMs
    marks: Mapping[MarketKey, MarkUsed]
    coin_prices: Mapping[str, float]
    tiers: TierBook
    catalogue: Catalogue
    funding: Mapping[MarketKey, FundingRate] = field(default_factory=_nothing)
    withdrawals: Mapping[str, Withdrawals] = field(default_factory=_nothing)
    betas: Mapping[str, float] = field(default_factory=_nothing)
    pace: Mapping[str, float] = field(default_factory=_nothing)
    ranges: Mapping[MarketKey, MarkRange] = field(default_factory=_nothing)
    presumed: Mapping[PositionKey, Presumption] = field(default_factory=_nothing)
    silent: frozenset[MarketKey] = frozenset()
    remedy: str = "give one with --mark SYMBOL=PRICE"
    problems: tuple[str, ...] = ()  # sentences about the inputs, carried into the report
    checkpoint: Callable[[], None] = field(default=_go_on, repr=False, compare=False)
    legs: dict[Any, Any] = field(default_factory=dict, init=False, repr=False, compare=False)
    """What ``pools`` has made of positions with these inputs; theirs alone."""
    pools: dict[Any, Any] = field(default_factory=dict, init=False, repr=False, compare=False)
    """What ``pools`` has made of whole accounts; theirs alone."""

    def coin_price(self, coin: str) -> float | None:
        """Return USD per coin; a stablecoin counts as 1 while no price is known."""
        price = self.coin_prices.get(coin)
        return 1.0 if price is None and coin in STABLECOINS else price

    def completed(self, portfolio: Portfolio) -> RiskInputs:
        """Return inputs in which a coin without a price has the mark of its largest position."""
        prices, sizes = dict(self.coin_prices), dict[str, float]()
        for account in portfolio.accounts:
            for position in account.positions:
                coin, quote, _ = split_symbol(position.symbol)
                if coin in self.coin_prices or quote not in STABLECOINS:
                    continue
                used = self.mark(account.key(position.symbol), position)
                if used is None or is_option(position.symbol):
                    continue
                size = abs(position.quantity)
                size *= used.price if position.contract is Contract.LINEAR else 1.0
                if size > sizes.get(coin, 0.0):
                    prices[coin], sizes[coin] = used.price, size
        return replace(self, coin_prices=prices) if sizes else self

    def mark(self, key: MarketKey, position: Position) -> MarkUsed | None:
        """Return the mark of a position; the file's stands behind a live one, before a cached."""
        used = self.marks.get(key)
        if key in self.silent:
            return used
        if position.mark_price is not None and (used is None or used.source is MarkSource.CACHE):
            return MarkUsed(price=position.mark_price, source=MarkSource.FILE)
        return used

    def listing(self, key: MarketKey, position: Position) -> Instrument | None:
        """Return the listed contract, unless the file says that it is of another size."""
        found, own = self.catalogue.find(key), position.contract_size
        differs = (
            found is not None and own is not None and not math.isclose(found.contract_size, own)
        )
        return None if differs else found

    def contract_size(self, key: MarketKey, position: Position) -> float | None:
        """Return base coins (linear) or USD (inverse) a contract, ``None`` where not known."""
        listed = self.catalogue.find(key)
        return position.contract_size or (listed.contract_size if listed else None)
