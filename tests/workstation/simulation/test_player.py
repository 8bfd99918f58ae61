"""What the player puts out: the present of all venues, and the series of the watched coin."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from workstation.market.consolidated import consolidate, pace_per_hour
from workstation.market.facts import (
    FundingRate,
    MarkPrice,
    OpenInterest,
    OrderBook,
    Ticker,
    VenueState,
)
from workstation.market.feed import FeedMode, Watch
from workstation.market.instrument import MarketKey
from workstation.market.outbox import Outbox
from workstation.market.store import MarketStore
from workstation.simulation.generator import VENUES
from workstation.simulation.player import CANDLES, Player
from workstation.simulation.story import PLAY_START_S
from workstation.units import SECOND_MS, UnixMs

DAY_MS = 86_400_000


class Seat:
    """A player, and a store that takes what it puts out."""

    def __init__(self, market, venues=VENUES):
        self.outbox, self.store = Outbox(FeedMode.SIMULATED), MarketStore(FeedMode.SIMULATED)
        self.player = Player(market, venues, self.outbox)

    def play(self, seconds):
        self.player.play_to(self.player.time_s + seconds)
        now_ms = UnixMs(self.player.time_s * SECOND_MS)
        self.player.publish(now_ms, 3_000)
        return self.take()

    def take(self):
        update = self.outbox.take(UnixMs(self.player.time_s * SECOND_MS))
        self.store.apply(update)
        return update


@pytest.fixture
def seat(before_the_flush):
    return Seat(before_the_flush())


def test_the_present_of_every_market_comes_with_every_look(seat):
    update = seat.play(1)
    for kind in (MarkPrice, Ticker, FundingRate, OpenInterest):
        assert sum(isinstance(fact, kind) for fact in update.facts) == 16
    assert {item.state for item in update.health} == {VenueState.LIVE}
    assert {fact.as_of_ms for fact in update.facts} == {update.now_ms}


def test_order_books_and_series_are_those_of_the_watched_coin(seat):
    seat.player.watch(Watch(coin="ETH", interval_s=300))
    update = seat.play(1)
    books = [fact for fact in update.facts if isinstance(fact, OrderBook)]
    assert {book.key.symbol.partition("/")[0] for book in books} == {"ETH"}
    assert len(books) == 5
    assert {series.key.symbol.partition("/")[0] for series in update.open_interest} == {"ETH"}


def test_a_watch_brings_the_whole_history_of_the_charts(seat):
    seat.player.watch(Watch(interval_s=900))
    update = seat.take()
    quarters = [bars for bars in update.candles if bars.interval_s == 900]
    assert {len(bars) for bars in quarters} == {CANDLES}
    assert all(np.ptp(item.time_ms) > 29 * DAY_MS for item in update.open_interest)
    assert all(np.ptp(item.time_ms) > 88 * DAY_MS for item in update.funding)
    days = [bars for bars in update.candles if bars.interval_s == 86_400]
    assert max(bars.high.max() for bars in days) > 125_000  # the peak is in the history at hand


def test_what_is_held_beside_the_charts_has_its_pace(seat):
    held = MarketKey("binanceusdm", "ETH/USDT:USDT")
    seat.player.watch(Watch(markets=frozenset({held})))
    for seconds in (1, 3_000, 3_600):
        seat.play(seconds)
    hours = seat.store.candles(held, 3_600)
    assert hours.gaps() == 0
    mark = seat.store.newest(MarkPrice, held).mark_price
    assert pace_per_hour("ETH", seat.store) == pytest.approx(mark / hours.close[-2] - 1, abs=0.02)
    others = {bars.key for bars in seat.take().candles} - {held}
    assert not [key for key in others if key.symbol.startswith("ETH")]


def test_series_that_are_put_together_have_no_hole_and_equal_those_asked_for_at_once(seat):
    seat.player.watch(Watch(interval_s=60))
    for seconds in (1, 59, 61, 300, 7, 3_600, 90):
        seat.play(seconds)
    key = next(seat.store.markets_of("BTC"))
    grown = seat.store.candles(key, 60)
    interest = seat.store.open_interest_history(key)
    assert grown.gaps() == 0
    assert set(np.diff(interest.time_ms)) == {300_000}
    seat.player.watch(Watch(interval_s=60))
    seat.store.apply(dataclasses.replace(seat.take(), restarted=True))
    asked = seat.store.candles(key, 60)
    for name in ("time_ms", "open", "high", "low", "close", "volume_base"):
        np.testing.assert_array_equal(getattr(grown, name)[-900:], getattr(asked, name)[-900:])


def test_every_liquidation_is_published_once_and_the_last_day_at_the_start(seat):
    first = seat.take().liquidations
    start_ms = PLAY_START_S * SECOND_MS
    assert first
    assert all(start_ms - DAY_MS <= fact.time_ms < start_ms for fact in first)
    later = [fact for _ in range(40) for fact in seat.play(300).liquidations]
    assert later
    assert all(fact.time_ms >= start_ms for fact in later)
    seen = [(fact.key, fact.time_ms, fact.side, fact.quantity_base) for fact in later]
    assert len(set(seen)) == len(seen)


def test_a_venue_that_was_not_chosen_is_silent(before_the_flush):
    seat = Seat(before_the_flush(), venues=tuple(v for v in VENUES if v.name == "okx"))
    seat.player.watch(Watch())
    update = seat.play(7_200)
    for items in (update.facts, update.candles, update.funding, update.open_interest):
        assert {item.key.venue for item in items} == {"okx"}
    assert {item.key.venue for item in update.liquidations} == {"okx"}
    assert [item.venue for item in update.health] == ["okx"]


def test_a_coin_that_is_not_simulated_is_a_sentence_and_the_rest_goes_on(seat):
    seat.player.watch(Watch(coin="DOGE"))
    update = seat.play(1)
    assert any("DOGE is not simulated" in notice for notice in update.notices)
    assert not update.candles
    assert any(isinstance(fact, MarkPrice) for fact in update.facts)
    seat.player.watch(Watch(coin="SOL"))
    assert seat.take().candles


def test_venues_agree_but_for_small_differences(seat):
    seat.play(60)
    marks = [fact.mark_price for fact in seat.store.all_of(MarkPrice).values()]
    btc = [price for price in marks if price > 50_000]
    assert len(set(btc)) == len(btc) == 7
    assert max(btc) / min(btc) - 1 < 0.003


def test_what_a_venue_never_tells_is_named(seat):
    seat.play(1)
    assert seat.store.health["hyperliquid"].not_available == ("liquidations",)
    assert seat.store.health["bybit"].not_available == ()


@pytest.mark.parametrize("interval_s", [60, 86_400])
def test_the_changes_over_an_hour_and_a_day_are_known_whatever_the_interval(seat, interval_s):
    seat.player.watch(Watch(coin="ETH", interval_s=interval_s))
    seat.take()
    for _ in range(2):
        seat.play(4_000)
        overview = consolidate("ETH", seat.store)
        assert overview.pace_per_hour_fraction is not None
        assert overview.change_24h_fraction is not None
