"""What the live feed says while venues are broken: the last good value, its age, and the reason."""

from __future__ import annotations

import os
import re
import time
from itertools import cycle, islice

import numpy as np
import pytest

from tests.end_to_end.observer import ALL_VENUES, BITCOIN, POLL_S, TIMEOUT_S, Observer
from tests.loopback.faults import RETRY_AFTER_S, Fault
from tests.loopback.server import LoopbackExchange, wait_until
from tests.loopback.world import fall
from workstation.market.facts import (
    Fact,
    FundingRate,
    MarkPrice,
    OpenInterest,
    Ticker,
    VenueState,
)
from workstation.units import HOUR_MS

LONG = bool(os.environ.get("RISK_WORKSTATION_LONG_TESTS"))
long_only = pytest.mark.skipif(not LONG, reason="takes minutes (RISK_WORKSTATION_LONG_TESTS=1)")
UNSTAMPED = {"hyperliquid"}  # its prices carry no time: a frozen clock cannot be seen

UNUSABLE = "not data|unknown shape|without a mark price|answered .* with an error"
UNREACHABLE = "cannot be reached|maintenance|broke off|with an error"
REASONS = {
    Fault.HTML: UNUSABLE,
    Fault.TRUNCATED: UNUSABLE,
    Fault.NULLS: UNUSABLE,
    Fault.NANS: UNUSABLE,
    Fault.ZEROS: UNUSABLE,
    Fault.WRONG_TYPES: UNUSABLE,
    Fault.EMPTY_LISTS: UNUSABLE,
    Fault.HANG: "does not answer in time",
    Fault.DROP: UNREACHABLE,
    Fault.RESET: UNREACHABLE,
    Fault.TOO_MANY_REQUESTS: "fewer requests",
    Fault.BANNED: "fewer requests",
    Fault.INTERNAL_ERROR: UNREACHABLE,
    Fault.BAD_GATEWAY: UNREACHABLE,
    Fault.UNAVAILABLE: UNREACHABLE,
    Fault.UNAVAILABLE_JSON: UNREACHABLE,
}


def faults_of_round(number: int) -> dict[str, Fault]:
    """Break all venues but one, each with another fault; rounds go through all combinations."""
    victims = islice(cycle(ALL_VENUES), number, number + len(ALL_VENUES) - 1)
    start = number * (len(ALL_VENUES) - 1)
    faults = islice(cycle(REASONS), start, start + len(ALL_VENUES) - 1)
    return dict(zip(victims, faults, strict=True))


EVERY_FAULT_ONCE = -(-len(REASONS) // (len(ALL_VENUES) - 1))
ROUNDS = range(len(REASONS) * len(ALL_VENUES) if LONG else EVERY_FAULT_ONCE)


@pytest.mark.parametrize("number", ROUNDS)
def test_broken_venues_keep_their_last_values_grow_stale_and_say_why(loopback, tmp_path, number):
    broken = faults_of_round(number)
    (healthy,) = set(ALL_VENUES) - set(broken)
    with Observer(loopback, tmp_path) as observer:
        assert observer.wait_for(lambda: observer.is_live(*ALL_VENUES), 15.0)
        observer.seen.clear()
        for venue, fault in broken.items():
            loopback.break_venue(venue, fault)
        assert observer.wait_for(lambda: all_have_failed(observer, broken), 8.0), {
            venue: observer.health(venue) for venue in broken
        }
        for venue, fault in broken.items():
            assert_keeps_its_last_price(loopback, observer, venue)
            assert_says_why(observer, venue, fault)
        assert observer.is_live(healthy)
        assert not observer.is_stale(MarkPrice, healthy)
        assert observer.health(healthy).error is None
        assert_no_spike(loopback, observer)
    assert wait_until(lambda: loopback.open_sockets() == 0, 2.0)
    assert not loopback.unknown_requests()


def all_have_failed(observer: Observer, venues: dict[str, Fault]) -> bool:
    return all(
        observer.is_stale(MarkPrice, venue) and not observer.is_live(venue) for venue in venues
    )


def assert_keeps_its_last_price(loopback: LoopbackExchange, observer: Observer, venue: str) -> None:
    fact = observer.newest(MarkPrice, venue)
    truth = loopback.world.truth(BITCOIN[venue])
    assert fact.mark_price == pytest.approx(truth.mark_price, rel=1e-6)
    assert 3 * POLL_S < fact.age_s(observer.store.now_ms) < 12.0


def assert_says_why(observer: Observer, venue: str, fault: Fault) -> None:
    health = observer.health(venue)
    assert health.state in (VenueState.STALE, VenueState.DOWN, VenueState.BACKING_OFF)
    assert health.error.startswith(venue)
    assert re.search(REASONS[fault], health.error)


def assert_no_spike(loopback: LoopbackExchange, observer: Observer) -> None:
    """Everything that was said of bitcoin while venues were broken is near the truth."""
    for venue, key in BITCOIN.items():
        truth = loopback.world.truth(key)
        expected: dict[type[Fact], dict[str, float]] = {
            MarkPrice: {"mark_price": truth.mark_price, "index_price": truth.index_price},
            Ticker: {"last_price": truth.last_price, "bid_price": truth.bid_price},
            FundingRate: {"funding_rate": truth.funding_rate},
            OpenInterest: {"open_interest_base": truth.open_interest_base},
        }
        for kind, values in expected.items():
            for fact in observer.said(kind, venue):
                for name, value in values.items():
                    assert getattr(fact, name) in (None, pytest.approx(value, rel=0.001))
        candles = observer.store.candles(key, 900)
        if candles is not None and len(candles):
            assert candles.low.min() > 0.95 * truth.mark_price
            assert candles.high.max() < 1.05 * truth.mark_price


def test_a_venue_that_recovers_is_live_again(loopback, tmp_path):
    with Observer(loopback, tmp_path, ["bybit", "okx"]) as observer:
        assert observer.wait_for(lambda: observer.is_live("bybit", "okx"))
        loopback.break_venue("bybit", Fault.HTML)
        assert observer.wait_for(lambda: not observer.is_live("bybit"), 5.0)
        loopback.repair("bybit")
        assert observer.wait_for(lambda: observer.is_live("bybit"), 8.0)
        assert not observer.is_stale(MarkPrice, "bybit")
        # what is asked for less often than prices keeps its error until it is asked for again
        assert observer.wait_for(lambda: observer.health("bybit").error is None, 30.0)


def test_a_venue_that_is_down_at_the_start_is_logged_and_joins_later(loopback, tmp_path, caplog):
    loopback.break_venue("okx", Fault.RESET)
    with Observer(loopback, tmp_path, ["bybit", "okx"]) as observer:
        assert observer.wait_for(lambda: observer.is_live("bybit"), 5.0)
        assert not observer.is_live("okx")
        assert observer.health("okx").error
        assert [line for line in caplog.messages if line.startswith("okx") and "again in" in line]
        loopback.repair("okx")
        assert observer.wait_for(lambda: observer.is_live("okx"), 8.0)


@pytest.mark.parametrize("fault", [Fault.TOO_MANY_REQUESTS, Fault.BANNED])
def test_being_throttled_slows_that_venue_down_and_no_other(loopback, tmp_path, fault):
    window_s = 2.0
    with Observer(loopback, tmp_path, ["bybit", "okx"]) as observer:
        assert observer.wait_for(lambda: has_its_history(observer, "bybit", "okx"), 15.0)
        observer.look_for(window_s)
        usual = price_polls(loopback, "okx", window_s)
        assert len(loopback.requests_of("bybit", last_s=window_s)) >= 3
        loopback.break_venue("bybit", fault)
        refused = lambda: observer.health("bybit").state is VenueState.BACKING_OFF  # noqa: E731
        assert observer.wait_for(refused, 3.0)
        observer.look_for(window_s)
        assert len(loopback.requests_of("bybit", last_s=window_s * 0.9)) == 0
        assert price_polls(loopback, "okx", window_s) > 0.6 * usual > 1
        health = observer.health("bybit")
        assert health.next_try_ms - health.last_success_ms > RETRY_AFTER_S * 1_000


def price_polls(loopback, venue: str, last_s: float) -> int:
    """Count what is asked again and again; the history's many requests come once."""
    asked = loopback.requests_of(venue, last_s=last_s)
    return sum("mark-price" in request.path and "candles" not in request.path for request in asked)


def has_its_history(observer: Observer, *venues: str) -> bool:
    store, keys = observer.store, [BITCOIN[venue] for venue in venues]
    return all(store.open_interest_history(key) and store.funding_history(key) for key in keys)


def test_a_throttled_venue_is_asked_again_when_its_time_has_come(loopback, tmp_path):
    with Observer(loopback, tmp_path, ["bybit"]) as observer:
        assert observer.wait_for(lambda: observer.is_live("bybit"))
        loopback.break_venue("bybit", Fault.TOO_MANY_REQUESTS)
        assert observer.wait_for(lambda: not observer.is_live("bybit"), 5.0)
        loopback.repair("bybit")
        assert observer.wait_for(lambda: observer.is_live("bybit"), RETRY_AFTER_S + 3.0)


@pytest.mark.parametrize("fault", [Fault.STALE, Fault.FROZEN_CLOCK])
def test_a_clock_that_stands_still_makes_a_venue_stale(loopback, tmp_path, fault):
    stamped = [venue for venue in ALL_VENUES if venue not in UNSTAMPED]
    with Observer(loopback, tmp_path) as observer:
        assert observer.wait_for(lambda: observer.is_live(*ALL_VENUES), 15.0)
        for venue in stamped:
            loopback.break_venue(venue, fault)
        assert observer.wait_for(
            lambda: all(observer.is_stale(MarkPrice, venue) for venue in stamped), 5.0
        )
        observer.look_for(1.0)
        for venue in stamped:
            assert observer.health(venue).state is VenueState.STALE
            assert "nothing new" in observer.health(venue).error
            assert_keeps_its_last_price(loopback, observer, venue)
        assert observer.is_live(*UNSTAMPED)


def test_clocks_that_run_wrong_do_not_make_a_venue_stale(loopback, tmp_path):
    for venue in ALL_VENUES:
        loopback.break_venue(venue, Fault.SKEWED_CLOCK)
    with Observer(loopback, tmp_path) as observer:
        assert observer.wait_for(lambda: observer.is_live(*ALL_VENUES), 15.0)
        observer.look_for(4 * POLL_S)
        now_ms = observer.store.now_ms
        for venue in ALL_VENUES:
            assert observer.is_live(venue)
            assert observer.newest(MarkPrice, venue).age_s(now_ms) < 3 * POLL_S
            next_ms = observer.newest(FundingRate, venue).next_funding_ms
            assert next_ms is None or 0 < next_ms - now_ms <= 9 * HOUR_MS


@long_only
def test_a_price_that_stands_still_while_the_coin_falls_elsewhere_makes_a_venue_stale(
    loopback, tmp_path
):
    with Observer(loopback, tmp_path, ["bybit", "okx"]) as observer:
        assert observer.wait_for(lambda: observer.is_live("bybit", "okx"))
        loopback.break_venue("bybit", Fault.FROZEN_PRICES)
        loopback.world.play(fall(over_s=60.0))
        assert observer.wait_for(lambda: observer.is_stale(MarkPrice, "bybit"), 75.0)
        assert "stands still" in observer.health("bybit").error
        assert observer.is_live("okx")


@pytest.mark.parametrize("fault", [Fault.DUPLICATED_CANDLES, Fault.DISORDERED_CANDLES])
def test_candles_are_sorted_and_unique_whatever_the_order_they_come_in(loopback, tmp_path, fault):
    venues = ("binanceusdm", "bybit", "hyperliquid")
    for venue in venues:
        loopback.break_venue(venue, fault)
    with Observer(loopback, tmp_path, venues) as observer:
        assert observer.wait_for(
            lambda: all(observer.store.candles(BITCOIN[v], 900) is not None for v in venues), 10.0
        )
        for venue in venues:
            times = observer.store.candles(BITCOIN[venue], 900).time_ms
            assert np.all(np.diff(times) > 0)
            assert len(times) >= 400


def test_missing_candles_stay_missing_until_the_venue_has_them(loopback, tmp_path):
    loopback.break_venue("bybit", Fault.CANDLE_GAPS)
    with Observer(loopback, tmp_path, ["bybit"]) as observer:
        key = BITCOIN["bybit"]
        assert observer.wait_for(lambda: has_its_history(observer, "bybit"))
        observer.look_for(1.0)
        holes = observer.store.candles(key, 900).gaps()
        assert 19 <= holes <= 21  # one in every fifty of a thousand
    loopback.repair("bybit")
    with Observer(loopback, tmp_path, ["bybit"]) as observer:
        assert observer.wait_for(lambda: has_its_history(observer, "bybit"))
        assert observer.store.candles(key, 900).gaps() == 0


def test_a_hole_is_filled_once_the_venue_has_the_rows(loopback, tmp_path):
    loopback.break_venue("bybit", Fault.CANDLE_GAPS)
    with Observer(loopback, tmp_path, ["bybit"]) as observer:
        assert observer.wait_for(lambda: observer.store.candles(BITCOIN["bybit"], 900) is not None)
        assert observer.store.candles(BITCOIN["bybit"], 900).gaps() > 0
        loopback.repair("bybit")
        filled = lambda: observer.store.candles(BITCOIN["bybit"], 900).gaps() == 0  # noqa: E731
        assert observer.wait_for(filled, 10.0)


def test_a_missing_history_does_not_hold_up_the_prices(loopback, tmp_path):
    loopback.break_venue("binanceusdm", Fault.HANG, only="klines")
    with Observer(loopback, tmp_path, ["binanceusdm"]) as observer:
        assert observer.wait_for(lambda: observer.is_live("binanceusdm"))
        observer.look_for(2 * TIMEOUT_S)
        assert observer.is_live("binanceusdm")
        assert not observer.is_stale(MarkPrice, "binanceusdm")


@pytest.mark.parametrize("when", ["at the start", "while it runs"])
def test_the_stop_takes_less_than_two_seconds_while_venues_hang(loopback, tmp_path, when):
    observer = Observer(loopback, tmp_path)
    if when == "while it runs":
        observer.__enter__()
        assert observer.wait_for(lambda: observer.is_live(*ALL_VENUES), 15.0)
    for venue in ALL_VENUES:
        loopback.break_venue(venue, Fault.HANG)
    if when == "at the start":
        observer.__enter__()
    time.sleep(0.3)
    assert loopback.open_sockets() > 0
    started = time.monotonic()
    observer.__exit__()
    assert time.monotonic() - started < 2.0
    assert wait_until(lambda: loopback.open_sockets() == 0, 0.5)
