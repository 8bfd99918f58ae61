"""The live feed while things change: a fall, a venue that jumps, another coin, start and stop."""

from __future__ import annotations

import numpy as np
import pytest

from tests.end_to_end.observer import ALL_VENUES, BITCOIN, POLL_S, Observer
from tests.loopback.faults import Fault
from tests.loopback.server import LoopbackExchange, wait_until
from tests.loopback.world import fall
from workstation.market.consolidated import consolidate
from workstation.market.facts import FundingRate, MarkPrice, OpenInterest
from workstation.market.feed import FeedMode, Watch
from workstation.market.instrument import MarketKey


def test_the_fall_to_58k_is_followed_by_every_venue(loopback, tmp_path):
    with Observer(loopback, tmp_path) as observer:
        assert observer.wait_for(lambda: observer.is_live(*ALL_VENUES), 15.0)
        loopback.world.play(fall(over_s=4.0))
        observer.look_for(4.0 + 3 * POLL_S)
        for venue in ALL_VENUES:
            low = loopback.world.truth(BITCOIN[venue])
            assert observer.newest(MarkPrice, venue).mark_price == pytest.approx(
                low.mark_price, rel=0.003
            )
            on_the_way = observer.said(MarkPrice, venue)
            assert len({round(fact.mark_price) for fact in on_the_way}) >= 5
            assert all(follows(loopback, fact) for fact in on_the_way)
        assert observer.wait_for(lambda: interest_is_right(loopback, observer), 8.0)


def follows(loopback: LoopbackExchange, fact: MarkPrice) -> bool:
    """Say whether a mark was true at some time in the second before we knew it."""
    truths = [
        loopback.world.truth(fact.key, fact.as_of_ms - ago_ms).mark_price
        for ago_ms in range(0, 1_100, 50)
    ]
    return min(truths) * 0.997 <= fact.mark_price <= max(truths) * 1.003


def interest_is_right(loopback: LoopbackExchange, observer: Observer) -> bool:
    pairs = [
        (observer.newest(OpenInterest, venue), loopback.world.truth(key))
        for venue, key in BITCOIN.items()
    ]
    return all(
        fact.open_interest_base == pytest.approx(truth.open_interest_base, rel=0.03)
        and fact.open_interest_usd == pytest.approx(truth.open_interest_usd, rel=0.03)
        for fact, truth in pairs
    )


def test_where_something_is_held_the_prices_are_asked_for_more_often(loopback, tmp_path):
    watch = Watch(markets=frozenset({BITCOIN["okx"]}))
    venues = ("okx", "bybit")
    with Observer(loopback, tmp_path, venues, watch, poll_s=10.0) as observer:
        assert observer.wait_for(lambda: observer.is_live(*venues), 15.0)
        observer.look_for(4 * POLL_S)
        marks = [r for r in loopback.requests_of("okx") if r.path.endswith("public/mark-price")]
        assert len(marks) >= 4
        tickers = [r for r in loopback.requests_of("bybit") if r.path.endswith("market/tickers")]
        assert len(tickers) == 1


def test_a_coin_that_only_a_rule_is_about_has_its_price(loopback, tmp_path):
    ether = MarketKey("okx", "ETH/USDT:USDT")
    watch = Watch(coins=frozenset({"ETH"}))
    with Observer(loopback, tmp_path, ("okx",), watch) as observer:
        assert observer.wait_for(lambda: observer.store.newest(MarkPrice, ether), 15.0)


def test_one_venue_that_jumps_is_named_and_left_out(loopback, tmp_path):
    with Observer(loopback, tmp_path) as observer:
        assert observer.wait_for(lambda: interest_is_known(observer), 15.0)
        loopback.jump("okx", 59 / 70)
        assert observer.wait_for(lambda: observer.newest(MarkPrice, "okx").mark_price < 60_000)
        overview = consolidate("BTC", observer.store)
    assert overview.mark_price == pytest.approx(70_000.0, rel=0.001)
    (outlier,) = overview.outliers
    assert "okx" in outlier.lower()


def interest_is_known(observer: Observer) -> bool:
    return all(observer.newest(OpenInterest, venue) for venue in ALL_VENUES)


def test_bybit_without_its_single_side_is_halved_and_says_so(loopback, tmp_path):
    loopback.world.states["bybit"].two_sided_only = True
    with Observer(loopback, tmp_path, ["bybit"]) as observer:
        assert observer.wait_for(lambda: observer.newest(OpenInterest, "bybit"))
        fact = observer.newest(OpenInterest, "bybit")
    assert fact.open_interest_base == pytest.approx(52_000.0, rel=1e-3)
    assert "half" in fact.note


def test_another_interval_brings_its_own_candles(loopback, tmp_path):
    with Observer(loopback, tmp_path, ["bybit"]) as observer:
        assert observer.wait_for(lambda: observer.store.candles(BITCOIN["bybit"], 900) is not None)
        observer.feed.watch(Watch(interval_s=3_600))
        assert observer.wait_for(
            lambda: len(observer.store.candles(BITCOIN["bybit"], 3_600) or ()) >= 1_000
        )


def test_another_coin_is_followed_when_it_is_chosen(loopback, tmp_path):
    ether = MarketKey("bybit", "ETH/USDT:USDT")
    with Observer(loopback, tmp_path, ["bybit"]) as observer:
        assert observer.wait_for(lambda: observer.is_live("bybit"))
        observer.feed.watch(Watch(coin="ETH"))
        assert observer.wait_for(lambda: observer.store.newest(FundingRate, ether))
        assert observer.store.newest(FundingRate, ether).funding_rate == -0.00002


@pytest.mark.parametrize("interval_s", [60, 86_400])
def test_the_changes_of_a_coin_are_known_whatever_the_charts_interval(
    loopback, tmp_path, interval_s
):
    with Observer(loopback, tmp_path, ["bybit"]) as observer:
        observer.feed.watch(Watch(coin="ETH", interval_s=interval_s))

        def known():
            overview = consolidate("ETH", observer.store)
            return None not in (overview.change_24h_fraction, overview.pace_per_hour_fraction)

        assert observer.wait_for(known)


def test_the_feed_says_that_it_is_live(loopback, tmp_path):
    assert Observer(loopback, tmp_path, ["bybit"]).feed.mode is FeedMode.LIVE


def test_every_socket_is_closed_after_the_stop(loopback, tmp_path):
    with Observer(loopback, tmp_path) as observer:
        assert observer.wait_for(lambda: observer.is_live(*ALL_VENUES), 15.0)
        assert loopback.open_sockets() > 0
    assert wait_until(lambda: loopback.open_sockets() == 0, 2.0)


def test_the_second_start_asks_no_venue_for_its_markets_before_the_first_price(loopback, tmp_path):
    with Observer(loopback, tmp_path, ["bybit"]) as observer:
        assert observer.wait_for(lambda: observer.is_live("bybit"))
    loopback.reset()
    loopback.break_venue("bybit", Fault.UNAVAILABLE, only="instruments")
    with Observer(loopback, tmp_path, ["bybit"]) as observer:
        assert observer.wait_for(lambda: observer.newest(MarkPrice, "bybit"))


@pytest.mark.parametrize(("relative", "played"), [("myokx", "okx"), ("bybitid", "bybit")])
def test_a_venue_without_an_adapter_of_its_own_gives_prices_and_funding(
    loopback, tmp_path, relative, played
):
    """ccxt has relatives of the played venues: same answers, another name."""
    with Observer(loopback, tmp_path, {relative: played}) as observer:
        key = MarketKey(relative, "BTC/USDT:USDT")
        assert observer.wait_for(lambda: observer.store.newest(FundingRate, key), 8.0), (
            observer.store.health
        )
        truth = loopback.world.truth(BITCOIN[played])
        mark, funding = (
            observer.store.newest(MarkPrice, key),
            observer.store.newest(FundingRate, key),
        )
        assert mark.mark_price == pytest.approx(truth.mark_price, rel=1e-6)
        assert (funding.funding_rate, funding.interval_h) == (truth.funding_rate, 8)
        assert observer.store.newest(OpenInterest, key) is None  # its unit is not settled
        assert "open interest" in " ".join(observer.health(relative).not_available)
        assert observer.wait_for(lambda: observer.store.candles(key, 900) is not None)
        assert bool(np.isnan(observer.store.candles(key, 900).volume_base).all())
    assert not loopback.unknown_requests()


def test_a_name_that_is_no_exchange_costs_a_sentence_and_no_more(loopback, tmp_path):
    with Observer(loopback, tmp_path, {"bybit": "bybit", "bybitt": "bybit"}) as observer:
        assert observer.wait_for(lambda: observer.is_live("bybit"))
    assert "bybit" in observer.health("bybitt").error
    assert any("bybitt" in notice for notice in observer.notices)


def test_a_market_that_a_venue_does_not_have_is_told_once_with_the_nearest_name(loopback, tmp_path):
    watch = Watch(markets=frozenset({MarketKey("bybit", "BTC/USDTT:USDT")}))
    with Observer(loopback, tmp_path, {"bybit": "bybit"}, watch=watch) as observer:
        assert observer.wait_for(lambda: observer.is_live("bybit") and observer.notices)
        observer.look_for(3 * POLL_S)
    (notice,) = observer.notices
    assert "BTC/USDTT:USDT" in notice
    assert "BTC/USDT:USDT" in notice.replace("BTC/USDTT:USDT", "")
