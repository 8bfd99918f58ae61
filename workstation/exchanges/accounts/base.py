"""What a reader of an account is: positions, balances, modes and orders, in one reading.

A reader asks one venue about one account and turns the answers into an ``Account`` in our units:
contracts become base coins or USD face, an isolated wallet is kept apart from the cross one, and
what the venue says of its own margin is kept beside (``VenueFigures``). What a venue does not tell
stays ``None``; what is not understood costs a note, never a guess. All of one reading comes from
answers of the same moment, so that its figures may be compared with ours at the same inputs.
"""

from __future__ import annotations

import math
from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Iterable,
    Mapping,
    Sequence,
)
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final, TypeVar

from workstation.errors import (
    ExchangeDataError,
    ExchangeKeyError,
    UnsupportedByExchangeError,
)
from workstation.exchanges import numbers
from workstation.exchanges.api_key import ApiKey, KeyRights, PrivateAccess
from workstation.exchanges.base import Market
from workstation.exchanges.ccxt_adapter import CcxtAdapter
from workstation.exchanges.numbers import Row
from workstation.exchanges.tiers.refresh import TierRefresh
from workstation.market.instrument import Instrument
from workstation.portfolio.model import (
    Account,
    MarginSystem,
    Order,
    OrderType,
    Position,
    Trigger,
)

SELDOM_READINGS: Final = 20  # fees and permissions are asked for once in so many readings
ORDER_READINGS: Final = 3  # all open orders weigh most of what a venue allows
T = TypeVar("T")


@dataclass(slots=True)
class _Kept:
    """An answer that stands for a while: what came, what was noted, readings until the next."""

    answer: Any
    notes: list[str]
    left: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountSource:
    """Which account: ``id`` is the user's name for it; ``address`` is public, in place of a key."""

    id: str
    venue: str
    address: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountReading:
    """One account as its venue told it.

    ``coin_prices`` are USD per coin as the venue values its collateral; ``instruments`` are the
    contracts that the account holds; ``notes`` say in sentences what could not be read.
    """

    account: Account
    instruments: tuple[Instrument, ...] = ()
    coin_prices: Mapping[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


class AccountReader:
    """One account at one venue; ``open``, ``read`` again and again, ``close``.

    ``tiers`` are kept fresh by the account's key where the venue shows them to nobody else.
    """

    reads: ClassVar[frozenset[str]] = frozenset()  # private endpoints that it may sign
    config: ClassVar[Mapping[str, Any]] = {}  # constructor options of its client

    def __init__(self, source: AccountSource, adapter: CcxtAdapter, key: ApiKey | None) -> None:
        self.source = source
        self.adapter = adapter
        self.tiers: TierRefresh | None = None
        self._key = key
        self._notes: list[str] = []
        self._by_id: dict[str, Market] = {}
        self._kept: dict[str, _Kept] = {}

    async def open(self) -> None:
        # a signature carries the time: a clock that is off is held against the venue's
        clock = {} if self._key is None else {"options": {"adjustForTimeDifference": True}}
        await self.adapter.open(
            PrivateAccess(key=self._key, reads=self.reads, config={**clock, **self.config})
        )

    async def close(self) -> None:
        await self.adapter.close()

    async def rights(self) -> KeyRights:
        """Ask what the key may do.

        Raises
        ------
        ExchangeError
            The venue cannot be reached, or refuses the key.
        """
        async with self._asking("the key's permissions"):
            return await self._rights()

    async def read(self) -> AccountReading:
        """Read the account.

        Raises
        ------
        ExchangeError
            A figure on which everything depends did not come: half a book is worse than none.
        """
        self._notes = []
        async with self._asking("account"):
            if not self.adapter.instruments():
                await self.adapter.load_markets()
            found = (self.adapter.market(item.key.symbol) for item in self.adapter.instruments())
            self._by_id = {market.id: market for market in found if market is not None}
            account, prices = await self._read()
        held = {position.symbol for position in account.positions}
        held |= {order.symbol for order in account.orders}
        found = (self.adapter.market(symbol) for symbol in sorted(held))
        markets = [market for market in found if market is not None]
        if self.tiers is not None:
            self.tiers.choose(markets)
            await self.tiers.look()
        return AccountReading(
            account=account,
            instruments=tuple(market.instrument for market in markets),
            coin_prices=prices,
            notes=tuple(dict.fromkeys(self._notes)),
        )

    async def _read(self) -> tuple[Account, dict[str, float]]:
        """Return the account and the venue's prices of its collateral."""
        raise NotImplementedError

    async def _rights(self) -> KeyRights:
        return KeyRights()

    # -- what readers share ---------------------------------------------------------------------

    @asynccontextmanager
    async def _asking(self, call: str) -> AsyncIterator[None]:
        async with self.adapter.asking(call):
            try:
                yield
            except (KeyError, TypeError, AttributeError, IndexError, ZeroDivisionError) as error:
                raise self.unreadable(f"{error!r} in an answer") from error

    def note(self, sentence: str) -> None:
        self._notes.append(f"{self.source.id}: {sentence}")

    def unreadable(self, detail: str) -> ExchangeDataError:
        venue = self.source.venue
        return ExchangeDataError(
            venue, "account", detail, user_message=f"{venue} did not answer with an account"
        )

    def known(self, row: Row, name: str) -> float:
        """Return a figure without which there is no account."""
        value = numbers.finite(row.get(name))
        if value is None:
            raise self.unreadable(f"{name} was {row.get(name)!r}")
        return value

    async def optional(self, what: str, ask: Awaitable[T]) -> T | None:
        """Return an answer that the account is complete without; its absence is noted."""
        try:
            async with self.adapter.asking(what):
                return await ask
        except (ExchangeKeyError, ExchangeDataError, UnsupportedByExchangeError) as error:
            self.note(f"{what} could not be read: {error.user_message}.")
            return None

    async def seldom(self, what: str, ask: Callable[[], Awaitable[T]]) -> T | None:
        """Return an optional answer that rarely changes, asked for once in many readings."""
        return await self.once_in(SELDOM_READINGS, what, lambda: self.optional(what, ask()))

    async def once_in(self, readings: int, what: str, ask: Callable[[], Awaitable[T]]) -> T:
        """Return an answer that is asked for once in so many readings, with its notes."""
        known = self._kept.get(what)
        if known is not None and known.left > 0:
            known.left -= 1
            self._notes += known.notes
            kept: T = known.answer
            return kept
        before = len(self._notes)
        fresh = await ask()
        self._kept[what] = _Kept(fresh, self._notes[before:], readings - 1)
        return fresh

    def market_by_id(self, market_id: object, what: str = "position") -> Market | None:
        """Return a contract by the venue's name; one that is not listed is noted."""
        market = self._by_id.get(str(market_id))
        if market is None:
            self.note(f"a {what} in {market_id} is left out: it is no perpetual or dated future.")
        return market


def close_or(
    quantity: float | None, positions: Iterable[Position], symbol: str, side: int
) -> float:
    """Return an order's signed quantity; without one it closes the position it stands against."""
    if quantity:
        return side * quantity
    against = [p for p in positions if p.symbol == symbol and p.quantity * side < 0]
    return -against[0].quantity if against else 0.0


def system_of(
    positions: Sequence[Position], told: Sequence[Row], *, has_rule: bool = True
) -> MarginSystem:
    """Return the standard margin system where it is, and every position told was understood.

    Else none of the account's figures would be right, and the other systems have none.
    """
    whole = has_rule and len(positions) == len(told)
    return MarginSystem.STANDARD if whole else MarginSystem.PORTFOLIO


def orders_of(orders: Iterable[Order | None]) -> tuple[Order, ...]:
    """Return the orders that say what they do, the same one once."""
    return tuple(dict.fromkeys(item for item in orders if item is not None and item.quantity))


def trigger_type(name: object) -> OrderType:
    """Tell a stop from a take-profit by the venue's word."""
    text = str(name).replace("_", "").replace(" ", "").lower()
    return OrderType.TAKE_PROFIT if "takeprofit" in text or text == "tp" else OrderType.STOP


def watched(name: object, words: Mapping[str, Trigger]) -> Trigger:
    """Return the price that a trigger watches; the last price where the venue does not say."""
    return words.get(str(name), Trigger.LAST)


def liquidation_price(raw: object, none_from: float = numbers.MAX_PRICE) -> float:
    """Return a venue's liquidation price; NaN for its ways of saying that there is none."""
    price = numbers.price(raw)
    return math.nan if price is None or price >= none_from else price


def ratio(maintenance: float | None, balance: float | None) -> float | None:
    """Return maintenance margin over margin balance; ``None`` where the balance is gone."""
    if maintenance is None or balance is None or balance <= 0:
        return None
    return maintenance / balance


def total(amounts: Iterable[float | None]) -> float | None:
    """Return a sum; ``None`` where a part is not known."""
    found = list(amounts)
    known = [amount for amount in found if amount is not None]
    return sum(known) if len(known) == len(found) else None
