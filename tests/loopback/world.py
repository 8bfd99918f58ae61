"""The truth behind every answer: what each coin costs, pays and owes at any moment.

Prices follow one script: knots of (seconds since it began, factor on the start price). Before the
world began they wave gently, so that history is not flat; from then on they hold still unless the
script moves them. Every venue sees this truth through a ``View`` and renders it in its own units.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tests.loopback.faults import Fault
from workstation.market.instrument import MarketKey, Side
from workstation.units import HOUR_MS, MINUTE_MS

FloatArray = NDArray[np.float64]
TimeArray = NDArray[np.int64]
Knots = tuple[tuple[float, float], ...]

LAST_OVER_MARK: Final = 1.00002
HALF_SPREAD: Final = 0.00005
LEVEL_STEP: Final = 0.0001  # between two levels of a book
LEVEL_USD: Final = 250_000.0  # on every level
VOLUME_24H_USD: Final = 4e9
SKEW_MS: Final = 10 * MINUTE_MS
# (up to which value in USD, maintenance rate, maximum leverage), at every venue with such tiers
TIERS: Final = ((1_000_000.0, 0.004, 100.0), (5_000_000.0, 0.01, 50.0), (20_000_000.0, 0.025, 20.0))
HOLE: Final = range(20, 24)  # which candles of every fifty a venue with gaps does not have


@dataclass(frozen=True, slots=True, kw_only=True)
class Coin:
    """``price`` is USD when the script begins; ``decimals`` those of its price on every venue."""

    name: str
    price: float
    decimals: int


_KNOWN: Final = (
    Coin(name="BTC", price=70_000.0, decimals=1),
    Coin(name="ETH", price=2_000.0, decimals=2),
    Coin(name="SOL", price=80.0, decimals=3),
)


def coins(count: int) -> tuple[Coin, ...]:
    """Return BTC, ETH, SOL and as many invented coins as are asked for."""
    invented = (
        Coin(name=f"ALT{n:03d}", price=0.5 + 0.01 * n, decimals=5)
        for n in range(len(_KNOWN), count)
    )
    return (*_KNOWN, *invented)[:count]


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketScript:
    """What happens: factors on start price and start open interest, linear between the knots."""

    price: Knots = ((0.0, 1.0),)
    open_interest: Knots = ((0.0, 1.0),)


CALM: Final = MarketScript()


def fall(to_fraction: float = 58 / 70, over_s: float = 30.0, interest: float = 0.8) -> MarketScript:
    """Return a fall, 70k to 58k unless told otherwise, with open interest shrinking on the way."""
    return MarketScript(
        price=((0.0, 1.0), (over_s, to_fraction)),
        open_interest=((0.0, 1.0), (over_s, interest)),
    )


SCENARIOS: Final[dict[str, Callable[[], MarketScript]]] = {"calm": MarketScript, "fall": fall}


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What one venue makes of one coin: funding per interval, one-sided coins, mark over index."""

    funding_rate: float = 0.0001
    funding_interval_h: int = 8
    open_interest_base: float = 1_000_000.0
    basis: float = 0.0001


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """One perpetual of a venue; ``contract_size`` is coins (linear) or USD (inverse)."""

    key: MarketKey
    market_id: str
    coin: Coin
    terms: Terms
    contract_size: float = 1.0
    inverse: bool = False

    def contracts(self, base: float, price: float) -> float:
        """Convert coins to the venue's contracts."""
        return base * (price if self.inverse else 1.0) / self.contract_size


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """What is true of one market at one moment, in our units; tests compare with this."""

    time_ms: int
    mark_price: float
    index_price: float
    last_price: float
    bid_price: float
    ask_price: float
    funding_rate: float
    funding_interval_h: int
    next_funding_ms: int
    open_interest_base: float
    open_interest_usd: float


@dataclass(slots=True)
class VenueState:
    """What is wrong with a venue just now; ``only`` limits the fault to paths that contain it."""

    fault: Fault | None = None
    only: str = ""
    frozen_ms: int = 0
    jump_ms: int = 0
    jump_factor: float = 1.0
    two_sided_only: bool = False  # bybit before June 2026: no singleOpenInterest
    rate_factor: float = 1.0  # of the user's maintenance rate over that of the venue's table
    key_may_trade: bool = False  # what the venue says of the user's key
    key_refused: bool = False  # bybit's refusal repeats the key


@dataclass(frozen=True, slots=True)
class ForcedOrder:
    """A liquidation; ``side`` is that of the position which was closed."""

    key: MarketKey
    time_ms: int
    side: Side
    quantity_base: float
    price: float


@dataclass
class World:
    """The script that plays, and what each venue makes of it. Safe to change while it is served."""

    listings: dict[str, tuple[Listing, ...]]
    script: MarketScript = CALM
    epoch_ms: int = field(default_factory=lambda: time.time_ns() // 1_000_000)
    states: dict[str, VenueState] = field(default_factory=dict)
    forced: list[ForcedOrder] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.begin_ms = self.epoch_ms
        self.states = {venue: VenueState() for venue in self.listings}
        self._by_key = {item.key: item for items in self.listings.values() for item in items}

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000

    def play(self, script: MarketScript) -> None:
        """Begin a script now."""
        self.begin_ms, self.script = self.now_ms(), script

    def listing(self, key: MarketKey) -> Listing:
        return self._by_key[key]

    def liquidate(self, key: MarketKey, side: Side, quantity_base: float) -> None:
        """Force an order on a market now, at its last price."""
        price = self.truth(key).last_price
        self.forced.append(ForcedOrder(key, self.now_ms(), side, quantity_base, price))

    def truth(self, key: MarketKey, time_ms: int | None = None) -> Truth:
        """Return what a venue says of a market when nothing is broken but its price."""
        return View(self, key.venue, self.now_ms() if time_ms is None else time_ms).truth(
            self.listing(key)
        )

    def price_factor(self, times_ms: TimeArray) -> FloatArray:
        """Return the price of any coin over its start price at each of the times."""
        return self._scripted(self.script.price, times_ms) * self._wave(times_ms, 0.01)

    def interest_factor(self, times_ms: TimeArray) -> FloatArray:
        return self._scripted(self.script.open_interest, times_ms) * self._wave(times_ms, 0.05)

    def _scripted(self, knots: Knots, times_ms: TimeArray) -> FloatArray:
        seconds, factors = zip(*knots, strict=True)
        return np.interp((times_ms - self.begin_ms) / 1_000, seconds, factors)

    def _wave(self, times_ms: TimeArray, amplitude: float) -> FloatArray:
        before = np.minimum(times_ms - self.epoch_ms, 0) / HOUR_MS
        return 1.0 + amplitude * (np.sin(before) + 0.2 * np.sin(11.0 * before))


def settled_rate(listing: Listing, time_ms: int) -> float:
    """Return the funding rate that was settled at a time: the running one, swinging by half."""
    swing = 1.0 + 0.5 * math.sin(time_ms / (40 * HOUR_MS))
    return round(listing.terms.funding_rate * swing, 8)


def grid(start_ms: float, end_ms: float, step_ms: int, limit: int, *, newest: bool) -> TimeArray:
    """Return at most ``limit`` multiples of a step in [start, end], the newest or the oldest."""
    first, last = math.ceil(start_ms / step_ms), math.floor(end_ms / step_ms)
    if newest:
        first = max(first, last - limit + 1)
    else:
        last = min(last, first + limit - 1)
    return np.arange(first, last + 1, dtype=np.int64) * step_ms


class View:
    """The world as one venue sees and stamps it at the moment of a request."""

    def __init__(self, world: World, venue: str, time_ms: int | None = None) -> None:
        self.world = world
        self.venue = venue
        self.state = world.states[venue]
        self.listings = world.listings[venue]
        now = world.now_ms() if time_ms is None else time_ms
        fault = self.state.fault if time_ms is None else None
        self.fault = fault
        self.moment_ms = self.state.frozen_ms if fault in _FROZEN_PRICES else now
        self.stamp_ms = self.state.frozen_ms if fault in _FROZEN_CLOCK else now
        self.stamp_ms += SKEW_MS if fault is Fault.SKEWED_CLOCK else 0
        at = np.array([self.moment_ms], dtype=np.int64)
        self._price_factor = float(world.price_factor(at)[0])
        self._interest_factor = float(world.interest_factor(at)[0])

    def listing(self, market_id: str) -> Listing | None:
        return next((item for item in self.listings if item.market_id == market_id), None)

    def chosen(self, market_id: str | None) -> tuple[Listing, ...]:
        """Return one market, or all where none is named."""
        if not market_id:
            return self.listings
        found = self.listing(market_id)
        return (found,) if found else ()

    def truth(self, listing: Listing) -> Truth:
        index = listing.coin.price * self._price_factor * self._jump()
        mark = index * (1.0 + listing.terms.basis)
        last = mark * LAST_OVER_MARK
        interval_ms = listing.terms.funding_interval_h * HOUR_MS
        base = listing.terms.open_interest_base * self._interest_factor
        return Truth(
            time_ms=self.moment_ms,
            mark_price=mark,
            index_price=index,
            last_price=last,
            bid_price=last * (1.0 - HALF_SPREAD),
            ask_price=last * (1.0 + HALF_SPREAD),
            funding_rate=listing.terms.funding_rate,
            funding_interval_h=listing.terms.funding_interval_h,
            next_funding_ms=(self.stamp_ms // interval_ms + 1) * interval_ms,
            open_interest_base=base,
            open_interest_usd=base * mark,
        )

    def volume_24h_base(self, truth: Truth) -> float:
        return VOLUME_24H_USD / truth.mark_price

    def _jump(self) -> float:
        return self.state.jump_factor if self.moment_ms >= self.state.jump_ms else 1.0

    def book(self, listing: Listing, levels: int) -> tuple[list[Level], list[Level]]:
        """Return bids and asks, best first: (price, coins)."""
        truth = self.truth(listing)
        steps = [1.0 + LEVEL_STEP * step for step in range(levels)]
        bids = [truth.bid_price / step for step in steps]
        asks = [truth.ask_price * step for step in steps]
        return [(p, LEVEL_USD / p) for p in bids], [(p, LEVEL_USD / p) for p in asks]

    def candles(
        self, listing: Listing, opens_ms: TimeArray, step_ms: int, price: str
    ) -> FloatArray:
        """Return rows of open time, open, high, low, close, volume in coins; ``price`` is of which.

        The venue's faults of order and completeness are applied here.
        """
        opens_ms = self._spoil(opens_ms[opens_ms <= self.moment_ms], step_ms)
        points = opens_ms[:, None] + np.linspace(0, step_ms, 7).astype(np.int64)[None, :]
        points = np.minimum(points, self.moment_ms)
        over_index = {
            "index": 1.0,
            "mark": 1.0 + listing.terms.basis,
            "last": (1.0 + listing.terms.basis) * LAST_OVER_MARK,
        }[price]
        jumps = np.where(points >= self.state.jump_ms, self.state.jump_factor, 1.0)
        prices = self.world.price_factor(points) * jumps * listing.coin.price * over_index
        volume = VOLUME_24H_USD * step_ms / (24 * HOUR_MS) / prices[:, 0]
        columns = (opens_ms, prices[:, 0], prices.max(1), prices.min(1), prices[:, -1], volume)
        return np.column_stack(columns)

    def _spoil(self, opens_ms: TimeArray, step_ms: int) -> TimeArray:
        if self.fault is Fault.CANDLE_GAPS:
            return opens_ms[~np.isin(opens_ms // step_ms % 50, HOLE)]
        if self.fault is Fault.DUPLICATED_CANDLES:
            return np.repeat(opens_ms, 2)
        if self.fault is Fault.DISORDERED_CANDLES:
            return np.concatenate([opens_ms[1::2], opens_ms[::2]])
        return opens_ms

    def open_interest(
        self, listing: Listing, times_ms: TimeArray
    ) -> Iterable[tuple[int, float, float]]:
        """Yield time, coins and USD, one-sided."""
        times_ms = times_ms[times_ms <= self.moment_ms]
        coins_ = self.world.interest_factor(times_ms) * listing.terms.open_interest_base
        marks = self.world.price_factor(times_ms) * listing.coin.price * (1 + listing.terms.basis)
        return zip(times_ms.tolist(), coins_.tolist(), (coins_ * marks).tolist(), strict=True)

    def settlements(self, listing: Listing, times_ms: TimeArray) -> Iterable[tuple[int, float]]:
        """Yield the time and the rate of every funding that was settled by now."""
        return [(t, settled_rate(listing, t)) for t in times_ms.tolist() if t <= self.moment_ms]


Level = tuple[float, float]
_FROZEN_PRICES: Final = (Fault.STALE, Fault.FROZEN_PRICES)
_FROZEN_CLOCK: Final = (Fault.STALE, Fault.FROZEN_CLOCK)
Query = dict[str, str]
Answer = Callable[[View, Query], Any]
"""What a venue says at one of its paths."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Venue:
    """One venue as the loopback plays it: what it lists, answers, and says when it refuses.

    ``answers`` goes by the path below the venue's root (Hyperliquid: by the ``type`` of the
    question), ``private`` likewise, and only to a request that carries the header ``signed_by``;
    ``refusal`` gives the body that comes with an HTTP status.
    """

    name: str
    listings: Callable[[Sequence[Coin]], tuple[Listing, ...]]
    answers: dict[str, Answer]
    refusal: Callable[[int], Any]
    method: str = "GET"
    private: dict[str, Answer] = field(default_factory=dict)
    signed_by: str = ""
