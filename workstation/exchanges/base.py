"""What an adapter of a venue is: what it can give, what it is polled for, what it answers.

An adapter turns one venue's answers into ``Reading``s and rows in our units, and its failures into
our errors. It knows no clock, no thread and no other venue; when it is asked, how long a reading
stays fresh and what happens after a failure is the poller's business.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Final, Protocol

from workstation.exchanges.numbers import levels
from workstation.market.facts import CandlePrice, FloatArray, KnownPositions, Liquidation
from workstation.market.instrument import Contract, Instrument, MarketKey
from workstation.units import UnixMs

URGENT: Final = ContextVar("urgent", default=False)  # what this task asks goes before what waits


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What a venue gives, and how much of it in one call.

    ``main`` are patterns of a coin's main perpetual, the first that exists is taken.
    ``not_available`` names, in words for the status bar, what the venue never gives.
    A page of 0 rows means that there is no such history.
    """

    main: tuple[str, ...]
    candle_rows: int
    mark_candle_rows: int = 0
    funding_rows: int = 0
    funding_step_h: float | None = None  # between two rows of its history, where not the interval
    open_interest_rows: int = 0
    open_interest_days: int = 0  # how far back the venue keeps it
    not_available: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Market:
    """One contract as an adapter needs it: ours, and the venue's own name for it."""

    instrument: Instrument
    id: str
    info: Mapping[str, Any]

    @property
    def key(self) -> MarketKey:
        return self.instrument.key

    @property
    def inverse(self) -> bool:
        return self.instrument.contract is Contract.INVERSE

    def book(self, bids: object, asks: object, unit: float = 1.0) -> tuple[FloatArray, FloatArray]:
        """Return bids and asks in base coins; ``unit`` is base (linear) or USD (inverse) of a 1."""
        sides = levels(bids), levels(asks)
        for side in sides:
            side[:, 1] *= unit / side[:, 0] if self.inverse else unit
        return sides

    def both(self, amount: float | None, mark_price: float | None) -> tuple[float, float] | None:
        """Return (base, USD) of an amount in base coins (linear) or USD face (inverse)."""
        if amount is None or mark_price is None:
            return None
        return (amount / mark_price, amount) if self.inverse else (amount, amount * mark_price)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What one answer said about one market, in our units; ``None`` is what it did not say.

    ``time_ms`` is the venue's stamp of exactly these values. ``open_interest`` is (base, USD),
    one-sided. ``book`` is (bids, asks), best first, in base coins.
    """

    market: Market
    time_ms: UnixMs | None = None
    mark_price: float | None = None
    index_price: float | None = None
    last_price: float | None = None
    bid_price: float | None = None
    ask_price: float | None = None
    volume_24h_base: float | None = None
    funding_rate: float | None = None
    interval_h: float | None = None
    next_funding_ms: UnixMs | None = None
    open_interest: tuple[float, float] | None = None
    book: tuple[FloatArray, FloatArray] | None = None
    note: str = ""


Answer = Sequence[Reading | Liquidation | KnownPositions]


@dataclass(frozen=True, slots=True, kw_only=True)
class Poll:
    """One thing a venue is asked for again and again.

    ``every_s`` is the shortest time between two calls, where that is more than the poll interval;
    ``held_every_s`` the same, where prices are asked for more often because something is held;
    ``published_s`` the venue's own publishing interval. ``one_call_each`` says that every market
    costs a call of its own; ``coin_only`` that only the coin on the charts is worth asking for.
    """

    name: str
    read: Callable[[Sequence[Market]], Awaitable[Answer]]
    every_s: float = 0.0
    held_every_s: float = 0.0
    published_s: float = 0.0
    one_call_each: bool = False
    coin_only: bool = False


class ExchangeAdapter(Protocol):
    """One venue. Every coroutine raises ``ExchangeError`` only, inside ``asking``."""

    venue: str

    @property
    def capabilities(self) -> Capabilities: ...

    @property
    def latency_ms(self) -> float | None:
        """How long the venue took for its last answer."""

    def asking(self, call: str) -> AbstractAsyncContextManager[None]:
        """Bound the time of what is asked inside, and translate its failures."""

    async def open(self) -> None: ...

    async def close(self) -> None: ...

    def restore_markets(self, dump: Sequence[Mapping[str, Any]]) -> None:
        """Take the markets of an earlier ``load_markets``."""

    async def load_markets(self) -> Sequence[Mapping[str, Any]]:
        """Ask the venue for its markets; return what ``restore_markets`` takes."""

    def instruments(self) -> tuple[Instrument, ...]: ...

    def market(self, symbol: str) -> Market | None: ...

    def main_market(self, coin: str) -> Market | None: ...

    async def ask(self, endpoint: str, **params: Any) -> Any:
        """Ask an endpoint by ccxt's name for it; return the venue's own answer."""

    def polls(self) -> tuple[Poll, ...]:
        """Return what to ask for; the one named "prices" decides whether the venue is live."""

    def funding_interval_h(self, market: Market) -> float | None: ...

    async def candles(
        self, market: Market, interval_s: int, price: CandlePrice, since_ms: int, rows: int
    ) -> FloatArray:
        """Return (n, 6): open time in ms, open, high, low, close, volume in base or NaN."""

    async def funding_history(self, market: Market, since_ms: int, until_ms: int) -> FloatArray:
        """Return (n, 2): settlement time in ms, rate per interval."""

    async def open_interest_history(
        self, market: Market, since_ms: int, until_ms: int
    ) -> FloatArray:
        """Return (n, 3): time in ms, base, USD; one-sided, one row an hour."""
