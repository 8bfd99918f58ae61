"""Plays a simulated market into an outbox: what is new since the last time, and the back-fill."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, Protocol, TypeVar

from workstation.market.facts import VenueHealth, VenueState
from workstation.market.feed import Watch
from workstation.market.instrument import MarketKey, split_symbol
from workstation.market.outbox import Outbox
from workstation.simulation import publish
from workstation.simulation.generator import SimulatedVenue
from workstation.simulation.market import SimulatedCoin, SimulatedMarket
from workstation.units import DAY_MS, SECOND_MS, UnixMs

YEAR_HOURS: Final = 8_760
DAY_HOURS: Final = 26  # the changes over an hour and a day, whatever the minute
CANDLES: Final = 1_000  # of the watched coin and interval, at the start
FUNDING_DAYS: Final = 90
INTEREST_DAYS: Final = 30
_HOUR_S: Final = 3_600
_DAY_S: Final = DAY_MS // SECOND_MS
_NOT_AVAILABLE: Final = {"all": (), "largest": (), "first": (), "none": ("liquidations",)}


class _OfMarket(Protocol):
    @property
    def key(self) -> MarketKey: ...


M = TypeVar("M", bound=_OfMarket)


class Player:
    """Publishes a market's present, and the series of the coin that is watched."""

    def __init__(
        self, market: SimulatedMarket, venues: tuple[SimulatedVenue, ...], outbox: Outbox
    ) -> None:
        self._market = market
        self._venues = {venue.name: venue for venue in venues}
        self._outbox = outbox
        self._watched: SimulatedCoin | None = None
        self._held: dict[MarketKey, SimulatedCoin] = {}  # markets that no chart shows
        self._interval_s = Watch().interval_s
        self._series_to_s = self._held_to_s = market.time_s
        self._forced_seen = {item.coin.name: 0 for item in market.coins}
        for item in market.coins:
            outbox.put(instruments=self._mine(publish.instruments(item)))
            self._publish_liquidations(item, since_ms=market.time_s * SECOND_MS - DAY_MS)

    @property
    def time_s(self) -> int:
        return self._market.time_s

    def watch(self, watch: Watch) -> None:
        """Choose coin and interval of the charts; their history is put out at once."""
        coins = {item.coin.name: item for item in self._market.coins}
        self._watched, self._interval_s = coins.get(watch.coin), watch.interval_s
        others = {key: coins.get(split_symbol(key.symbol)[0]) for key in watch.markets}
        self._held = {k: coin for k, coin in others.items() if coin and coin is not self._watched}
        self._publish_held(DAY_HOURS)
        if self._watched is None:
            names = ", ".join(coins)
            self._outbox.put(notices=[f"{watch.coin} is not simulated; there are {names}."])
            return
        self._publish_series(CANDLES, self.time_s - INTEREST_DAYS * _DAY_S)
        days = publish.candles(self._watched, _DAY_S, CANDLES)  # they reach back to the peak
        hours = publish.candles(self._watched, _HOUR_S, YEAR_HOURS)  # for volatility and touches
        self._outbox.put(candles=self._mine((*days, *hours)))
        since_s = self.time_s - FUNDING_DAYS * _DAY_S
        self._outbox.put(funding=self._mine(publish.funding_history(self._watched, since_s)))

    def play_to(self, time_s: int) -> None:
        """Let the market go on; it never goes back."""
        self._market.advance(time_s - self.time_s)

    def publish(self, now_ms: UnixMs, fresh_for_ms: int) -> None:
        """Put out the present, and what has come to the series since the last time."""
        for item in self._market.coins:
            self._outbox.put(facts=self._mine(publish.facts(item, now_ms, fresh_for_ms)))
            self._publish_liquidations(item)
        self._publish_held((self.time_s - self._held_to_s) // _HOUR_S + 2)
        if self._watched is not None:
            books = publish.order_books(self._watched, now_ms, fresh_for_ms)
            truth = publish.known_positions(self._watched, now_ms, fresh_for_ms)
            self._outbox.put(facts=self._mine((*books, *truth)))
            passed_s = self.time_s - self._series_to_s
            self._publish_series(passed_s // self._interval_s + 2, self._series_to_s)
        self._outbox.put(health=[self._health(venue, now_ms) for venue in self._venues.values()])

    def _publish_series(self, candles: int, since_s: int) -> None:
        coin = self._watched
        assert coin is not None
        # hours whatever the interval is, for the changes over an hour and a day
        hours = (self.time_s - self._series_to_s) // _HOUR_S + 2
        self._outbox.put(
            candles=self._mine(
                (
                    *publish.candles(coin, self._interval_s, candles),
                    *publish.candles(coin, _HOUR_S, hours),
                )
            ),
            open_interest=self._mine(publish.interest_history(coin, since_s)),
            funding=self._mine(publish.funding_history(coin, since_s)),
        )
        self._series_to_s = self.time_s

    def _publish_held(self, hours: int) -> None:
        """Put out the hours of what is held beside the charts: its pace needs them."""
        coins = {coin.coin.name: coin for coin in self._held.values()}
        candles = (row for coin in coins.values() for row in publish.candles(coin, _HOUR_S, hours))
        self._outbox.put(candles=self._mine(row for row in candles if row.key in self._held))
        self._held_to_s = self.time_s

    def _publish_liquidations(self, item: SimulatedCoin, since_ms: int = 0) -> None:
        seen = self._forced_seen[item.coin.name]
        published = publish.liquidations(item, seen, since_ms=since_ms)
        self._outbox.put(liquidations=self._mine(published))
        self._forced_seen[item.coin.name] = int(item.state.core["forced"][0])

    def _health(self, venue: SimulatedVenue, now_ms: UnixMs) -> VenueHealth:
        return VenueHealth(
            venue=venue.name,
            state=VenueState.LIVE,
            latency_ms=venue.latency_ms * (0.8 + 0.05 * (now_ms % 9)),
            last_success_ms=now_ms,
            not_available=_NOT_AVAILABLE[venue.published],
        )

    def _mine(self, items: Iterable[M]) -> Iterator[M]:
        return (item for item in items if item.key.venue in self._venues)
