"""The book: accounts, balances, positions and orders, as a portfolio file states them.

Quantities are signed inside (long > 0, short < 0): base coins for linear contracts, USD face for
inverse ones; contracts exist only in ``portfolio.formats`` and ``exchanges``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any

from workstation.market.instrument import Contract, MarketKey, Side, contract_of, split_symbol
from workstation.units import UnixMs

MANUAL_VENUE = "manual"


class MarginMode(StrEnum):
    """What backs a position: the account's pool, or its own margin."""

    CROSS = "cross"
    ISOLATED = "isolated"


class PositionMode(StrEnum):
    """One net position a symbol, or a long and a short leg side by side."""

    ONE_WAY = "one-way"
    HEDGE = "hedge"


class Collateral(StrEnum):
    """Whether each coin backs its own positions, or every balance counts with its haircut."""

    SINGLE_ASSET = "single-asset"
    MULTI_ASSET = "multi-asset"


class MarginSystem(StrEnum):
    """The venue's margin system; only the standard one has rules here."""

    STANDARD = "standard"
    PORTFOLIO = "portfolio"
    UNIFIED_PORTFOLIO = "unified-portfolio"


class OrderType(StrEnum):
    """A resting order, or one that waits for its trigger price."""

    LIMIT = "limit"
    STOP = "stop"
    TAKE_PROFIT = "take-profit"


class Trigger(StrEnum):
    """The price that a trigger order watches."""

    MARK = "mark"
    LAST = "last"
    INDEX = "index"


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueFigures:
    """What a venue says itself of a pool or a position, in one answer and at its own inputs.

    Money is in the pool's coin. ``None`` is what it does not tell; a liquidation price of NaN means
    that it says there is none. ``margin_ratio`` is maintenance margin over margin balance, whatever
    the venue prints. ``apart`` says in a sentence how its liquidation price differs from ours.
    """

    mark_price: float | None = None
    unrealized_pnl: float | None = None
    margin_balance: float | None = None
    initial_margin: float | None = None
    maintenance_margin: float | None = None
    margin_ratio: float | None = None
    liquidation_price: float | None = None
    free_collateral: float | None = None
    withdrawable: float | None = None
    apart: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """One position; ``quantity`` is signed, in base coins (linear) or USD face (inverse).

    ``isolated_margin`` is the isolated wallet in the settlement coin, never ``None`` for an
    isolated position once loaded. ``maintenance_rate`` and ``maintenance_amount`` override the
    tier table with one tier. ``mark_price`` is the file's, used until a live mark is known.
    ``adl_rank`` and ``figures`` are what a venue says of it, where it was read from one; the rank
    goes from 0 (last in the queue of auto-deleveraging) to 5, on the venue's own scale.
    """

    symbol: str
    quantity: float
    entry_price: float
    leverage: float | None = None
    margin_mode: MarginMode = MarginMode.CROSS
    isolated_margin: float | None = None
    mark_price: float | None = None
    maintenance_rate: float | None = None
    maintenance_amount: float = 0.0
    contract_size: float | None = None
    adl_rank: int | None = None
    figures: VenueFigures | None = None

    @property
    def side(self) -> Side:
        return Side.LONG if self.quantity > 0 else Side.SHORT

    @property
    def contract(self) -> Contract:
        return contract_of(self.symbol)


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A resting or trigger order; ``quantity`` is signed: buy > 0, sell < 0."""

    symbol: str
    quantity: float
    type: OrderType
    price: float
    trigger: Trigger = Trigger.MARK
    reduce_only: bool = False


def _nothing() -> Mapping[str, Any]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One account at one venue.

    ``balances`` are wallet balances in coins, without unrealised PnL and without isolated margin;
    negative ones are debts. ``haircuts`` override the venue's table (multi-asset only).
    ``taker_fee`` is a fraction, ``None`` for the venue's base tier. ``as_of_ms`` is when it was
    true, ``None`` where that is the book's time. ``figures`` are what the venue says of the
    account's pools, by their coin (a multi-asset pool's is USD), where it was read from one, and
    ``withdrawals_open`` whether it lets collateral out.
    """

    id: str
    venue: str
    positions: tuple[Position, ...] = ()
    balances: Mapping[str, float] = field(default_factory=_nothing)
    haircuts: Mapping[str, float] = field(default_factory=_nothing)
    orders: tuple[Order, ...] = ()
    position_mode: PositionMode = PositionMode.ONE_WAY
    collateral: Collateral = Collateral.SINGLE_ASSET
    margin_system: MarginSystem = MarginSystem.STANDARD
    taker_fee: float | None = None
    as_of_ms: UnixMs | None = None
    withdrawals_open: bool | None = None
    figures: Mapping[str, VenueFigures] = field(default_factory=_nothing)

    def key(self, symbol: str) -> MarketKey:
        return MarketKey(self.venue, symbol)


@dataclass(frozen=True, kw_only=True)
class Portfolio:
    """A whole book; ``as_of_ms`` is when it was true."""

    accounts: tuple[Account, ...]
    as_of_ms: UnixMs
    name: str = ""
    reporting_currency: str = "USD"
    path: Path | None = None
    warnings: tuple[str, ...] = ()

    @cached_property
    def coins(self) -> tuple[str, ...]:
        """Every coin of the book: of positions, of orders, of wallets."""
        traded = (coin for _, symbol in self.traded() for coin in split_symbol(symbol))
        held = (coin for account in self.accounts for coin in account.balances)
        return tuple(dict.fromkeys((*traded, *held)))

    @cached_property
    def markets(self) -> frozenset[MarketKey]:
        """The markets of its positions and orders."""
        return frozenset(account.key(symbol) for account, symbol in self.traded())

    def traded(self) -> Iterator[tuple[Account, str]]:
        """Yield the symbol of each position and order, with its account."""
        for account in self.accounts:
            yield from ((account, position.symbol) for position in account.positions)
            yield from ((account, order.symbol) for order in account.orders)
