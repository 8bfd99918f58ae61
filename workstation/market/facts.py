"""Facts about markets: frozen, checked when built, able to cross a thread or a process.

Every fact of the present carries three times. ``time_ms`` is the venue's own stamp (``None`` where
it gives none; its clock may be wrong). ``as_of_ms`` is when *we* last knew the fact to be true, on
the feed's clock: a frozen venue clock or a frozen price does not renew it. ``fresh_for_ms`` is how
long that knowledge lasts: three poll intervals, or three publishing intervals of the venue where
those are longer. ``is_stale`` follows from the last two alone, so nothing above needs to know a
venue's habits.

``None`` is "not known", never zero. Prices are quote per base; rates are fractions.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from workstation.market.instrument import MarketKey, Side
from workstation.units import HOURS_PER_YEAR, UnixMs

FloatArray = NDArray[np.float64]
TimeArray = NDArray[np.int64]


def _check_price(name: str, value: float | None) -> None:
    if value is not None and not (math.isfinite(value) and value > 0):
        raise ValueError(f"{name} was {value}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """What every fact of the present has; see the module's text for the three times."""

    key: MarketKey
    as_of_ms: UnixMs
    fresh_for_ms: int
    time_ms: UnixMs | None = None
    note: str = ""  # how the figure came about, where that is not plain; shown in tooltips

    def is_stale(self, now_ms: int) -> bool:
        return now_ms - self.as_of_ms > self.fresh_for_ms

    def age_s(self, now_ms: int) -> float:
        return max(0, now_ms - self.as_of_ms) / 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkPrice(Fact):
    """Mark and index price; the mark decides liquidation."""

    mark_price: float
    index_price: float | None = None

    def __post_init__(self) -> None:
        _check_price("mark_price", self.mark_price)
        _check_price("index_price", self.index_price)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticker(Fact):
    """Last trade, best bid and ask, and the volume of 24 h in base coins."""

    last_price: float | None = None
    bid_price: float | None = None
    ask_price: float | None = None
    volume_24h_base: float | None = None

    def __post_init__(self) -> None:
        for name in ("last_price", "bid_price", "ask_price"):
            _check_price(name, getattr(self, name))

    @property
    def spread_fraction(self) -> float | None:
        """(ask - bid) / middle, a fraction."""
        if self.bid_price is None or self.ask_price is None:
            return None
        return 2 * (self.ask_price - self.bid_price) / (self.ask_price + self.bid_price)


@dataclass(frozen=True, slots=True, kw_only=True)
class FundingRate(Fact):
    """The running funding rate, a fraction per ``interval_h`` hours; longs pay when it is > 0."""

    funding_rate: float
    interval_h: float
    next_funding_ms: UnixMs | None = None

    def __post_init__(self) -> None:
        if not (math.isfinite(self.funding_rate) and self.interval_h > 0):
            raise ValueError(f"funding was {self.funding_rate} per {self.interval_h} h")

    @property
    def rate_8h(self) -> float:
        return self.funding_rate * 8.0 / self.interval_h

    @property
    def rate_yearly(self) -> float:
        """Simple, not compounded."""
        return self.funding_rate * HOURS_PER_YEAR / self.interval_h


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenInterest(Fact):
    """One-sided open interest: every contract counted once, in coins and in USD."""

    open_interest_base: float
    open_interest_usd: float

    def __post_init__(self) -> None:
        for name in ("open_interest_base", "open_interest_usd"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value >= 0):
                raise ValueError(f"{name} was {value}")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OrderBook(Fact):
    """Bids and asks, best first: arrays (n, 2) of price and quantity in base coins."""

    bids: FloatArray
    asks: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class KnownPositions(Fact):
    """Open positions of one market that are known one by one, not estimated.

    ``quantity_base`` is (n,) signed coins; ``liquidation_price`` (n,) as the venue says it, NaN
    where no price liquidates the position; ``holders`` says in words whose they are.
    """

    quantity_base: FloatArray
    liquidation_price: FloatArray
    holders: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Liquidation:
    """One forced order as the venue published it; feeds are throttled, so a sum is a floor.

    ``side`` is the side of the position that was closed.
    """

    key: MarketKey
    time_ms: UnixMs
    side: Side
    quantity_base: float
    price: float

    @property
    def notional_usd(self) -> float:
        return self.quantity_base * self.price


class CandlePrice(StrEnum):
    """Of which price a candle is."""

    LAST = "last"
    MARK = "mark"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Candles:
    """Candles of one market and interval: columns of equal length, sorted by open time, unique.

    A missing candle is missing: nothing is filled in. ``volume_base`` is NaN where unknown.
    The last row may be unfinished.
    """

    key: MarketKey
    interval_s: int
    time_ms: TimeArray  # (n,) open times
    open: FloatArray
    high: FloatArray
    low: FloatArray
    close: FloatArray
    volume_base: FloatArray
    price: CandlePrice = CandlePrice.LAST

    def __post_init__(self) -> None:
        lengths = {len(column) for column in self.columns()} | {len(self.time_ms)}
        if len(lengths) != 1:
            raise ValueError(f"{self.key}: candle columns of lengths {sorted(lengths)}")
        if len(self.time_ms) > 1 and not bool(np.all(np.diff(self.time_ms) > 0)):
            raise ValueError(f"{self.key}: candles are not sorted and unique")

    def __len__(self) -> int:
        return len(self.time_ms)

    def columns(self) -> tuple[FloatArray, ...]:
        return self.open, self.high, self.low, self.close, self.volume_base

    def gaps(self) -> int:
        """Count the holes: runs of missing candles between the first and the last."""
        if len(self) < 2:
            return 0
        return int(np.count_nonzero(np.diff(self.time_ms) > self.interval_s * 1_000))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FundingHistory:
    """Settled funding of one market, sorted by time: fractions per interval, intervals in hours."""

    key: MarketKey
    time_ms: TimeArray
    funding_rate: FloatArray
    interval_h: FloatArray

    def __len__(self) -> int:
        return len(self.time_ms)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OpenInterestHistory:
    """One-sided open interest of one market, sorted by time."""

    key: MarketKey
    time_ms: TimeArray
    open_interest_base: FloatArray
    open_interest_usd: FloatArray

    def __len__(self) -> int:
        return len(self.time_ms)


class VenueState(StrEnum):
    """How a venue does; ``EXPECTED`` is the time before its first answer."""

    EXPECTED = "expected"
    LIVE = "live"
    STALE = "stale"
    BACKING_OFF = "backing_off"
    DOWN = "down"


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueHealth:
    """State of one venue, and why, in a sentence. ``not_available`` lists what it never gives."""

    venue: str
    state: VenueState
    latency_ms: float | None = None
    last_success_ms: UnixMs | None = None
    next_try_ms: UnixMs | None = None
    error: str | None = None
    not_available: tuple[str, ...] = field(default=())
