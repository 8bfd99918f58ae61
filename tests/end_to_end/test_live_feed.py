"""The live feed, through the real ccxt clients, says what the loopback's venues know."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from tests.end_to_end.observer import ALL_VENUES, BITCOIN, Observer
from tests.loopback.server import LoopbackExchange
from tests.loopback.venues.hyperliquid import ACCOUNT_BTC
from tests.loopback.world import settled_rate
from workstation.market.facts import (
    FundingRate,
    KnownPositions,
    MarkPrice,
    OpenInterest,
    OrderBook,
    Ticker,
)
from workstation.market.feed import Watch
from workstation.market.instrument import MarketKey, Side

WITHOUT_INTEREST_HISTORY = {"hyperliquid", "deribit"}
WITHOUT_NEXT_SETTLEMENT = {"deribit"}  # it pays continuously
INVERSE_BYBIT = MarketKey("bybit", "BTC/USD:BTC")
ADDRESSES = ("0x" + "a1" * 20, "0x" + "b2" * 20)
every_venue = pytest.mark.parametrize("venue", ALL_VENUES)


@pytest.fixture(scope="module")
def calm(loopback_server: LoopbackExchange, tmp_path_factory) -> Iterator[Observer]:
    """All venues, nothing wrong, until everything slow has come too."""
    loopback_server.reset()
    loopback_server.world.liquidate(BITCOIN["deribit"], Side.LONG, 12.5)
    watch = Watch(markets=frozenset({INVERSE_BYBIT}))
    cache = tmp_path_factory.mktemp("cache")
    with Observer(loopback_server, cache, watch=watch, addresses=ADDRESSES) as observer:
        assert observer.wait_for(lambda: observer.is_live(*ALL_VENUES), 15.0), observer.store.health
        assert observer.wait_for(lambda: everything_is_there(observer), 15.0)
        yield observer


def everything_is_there(observer: Observer) -> bool:
    store = observer.store
    kinds = (MarkPrice, Ticker, FundingRate, OpenInterest, OrderBook)
    known = store.newest(KnownPositions, BITCOIN["hyperliquid"])
    return bool(store.liquidations and known) and all(
        all(store.newest(kind, key) for kind in kinds)
        and len(store.candles(key, 900) or ()) >= 1_000
        and store.funding_history(key) is not None
        and (venue in WITHOUT_INTEREST_HISTORY or store.open_interest_history(key) is not None)
        for venue, key in BITCOIN.items()
    )


@every_venue
def test_mark_and_index_are_the_venues(calm, loopback_server, venue):
    truth, fact = loopback_server.world.truth(BITCOIN[venue]), calm.newest(MarkPrice, venue)
    assert fact.mark_price == pytest.approx(truth.mark_price, rel=1e-6)
    assert fact.index_price == pytest.approx(truth.index_price, rel=1e-6)


@every_venue
def test_the_quote_is_around_the_last_price(calm, loopback_server, venue):
    truth, fact = loopback_server.world.truth(BITCOIN[venue]), calm.newest(Ticker, venue)
    assert fact.bid_price == pytest.approx(truth.bid_price, rel=1e-6)
    assert fact.ask_price == pytest.approx(truth.ask_price, rel=1e-6)
    if fact.last_price is not None or venue != "hyperliquid":  # which gives no last trade
        assert fact.last_price == pytest.approx(truth.last_price, rel=1e-6)


@every_venue
def test_funding_is_exact_with_its_interval_and_next_settlement(calm, loopback_server, venue):
    truth, fact = loopback_server.world.truth(BITCOIN[venue]), calm.newest(FundingRate, venue)
    assert fact.funding_rate == truth.funding_rate
    assert fact.interval_h == truth.funding_interval_h
    if venue not in WITHOUT_NEXT_SETTLEMENT:
        assert fact.next_funding_ms == truth.next_funding_ms


@every_venue
def test_open_interest_is_one_sided_in_coins_and_in_usd(calm, loopback_server, venue):
    truth, fact = loopback_server.world.truth(BITCOIN[venue]), calm.newest(OpenInterest, venue)
    assert fact.open_interest_base == pytest.approx(truth.open_interest_base, rel=1e-3)
    assert fact.open_interest_usd == pytest.approx(truth.open_interest_usd, rel=1e-3)


def test_a_market_of_the_book_is_watched_in_its_own_units(calm, loopback_server):
    truth = loopback_server.world.truth(INVERSE_BYBIT)
    fact = calm.store.newest(OpenInterest, INVERSE_BYBIT)
    assert fact.open_interest_base == pytest.approx(truth.open_interest_base, rel=1e-3)
    assert calm.store.newest(FundingRate, INVERSE_BYBIT).funding_rate == truth.funding_rate


def test_positions_of_listed_addresses_are_read_one_by_one(calm):
    known = calm.newest(KnownPositions, "hyperliquid")
    assert known.quantity_base.tolist() == [ACCOUNT_BTC, ACCOUNT_BTC]
    assert np.isnan(known.liquidation_price).all()  # its cross margin suffices at any price
    assert known.holders == "2 public addresses"
    assert not known.is_stale(calm.store.now_ms)
    assert not calm.store.all_of(KnownPositions).keys() - {BITCOIN["hyperliquid"]}


@every_venue
def test_book_sizes_are_coins(calm, loopback_server, venue):
    truth, book = loopback_server.world.truth(BITCOIN[venue]), calm.newest(OrderBook, venue)
    price, size = book.bids[0]
    assert price == pytest.approx(truth.bid_price, rel=1e-6)
    assert price * size == pytest.approx(250_000.0, rel=1e-3)
    assert np.all(np.diff(book.bids[:, 0]) < 0)
    assert np.all(np.diff(book.asks[:, 0]) > 0)


@every_venue
def test_a_thousand_candles_come_whole_and_say_what_the_venue_traded(calm, loopback_server, venue):
    candles = calm.store.candles(BITCOIN[venue], 900)
    assert len(candles) >= 1_000
    assert candles.gaps() == 0
    world = loopback_server.world
    opens = world.price_factor(candles.time_ms) * 70_000.0
    basis = world.listing(BITCOIN[venue]).terms.basis
    np.testing.assert_allclose(candles.open, opens * (1 + basis), rtol=1e-4)
    usd = candles.volume_base * candles.open
    np.testing.assert_allclose(usd, 4e9 / 96, rtol=1e-3)


@every_venue
def test_funding_history_is_what_was_settled(calm, loopback_server, venue):
    listing = loopback_server.world.listing(BITCOIN[venue])
    history = calm.store.funding_history(BITCOIN[venue])
    settled = np.array([settled_rate(listing, int(t)) for t in history.time_ms])
    hours = np.full(len(history), float(listing.terms.funding_interval_h))
    if venue == "deribit":  # it says what every hour cost
        settled, hours = settled / 8, np.ones(len(history))
    np.testing.assert_allclose(history.funding_rate, settled, rtol=1e-9)
    np.testing.assert_array_equal(history.interval_h, hours)


@pytest.mark.parametrize("venue", sorted(set(ALL_VENUES) - WITHOUT_INTEREST_HISTORY))
def test_history_of_open_interest_is_one_sided(calm, loopback_server, venue):
    world, history = loopback_server.world, calm.store.open_interest_history(BITCOIN[venue])
    terms = world.listing(BITCOIN[venue]).terms
    base = world.interest_factor(history.time_ms) * terms.open_interest_base
    usd = base * world.price_factor(history.time_ms) * 70_000.0 * (1 + terms.basis)
    np.testing.assert_allclose(history.open_interest_base, base, rtol=1e-3)
    np.testing.assert_allclose(history.open_interest_usd, usd, rtol=5e-3)


def test_a_forced_sale_on_deribit_is_shown_as_a_long(calm):
    (forced,) = calm.store.liquidations
    assert forced.side is Side.LONG
    assert forced.quantity_base == pytest.approx(12.5)
    assert forced.notional_usd == pytest.approx(12.5 * 70_000.0, rel=1e-3)


def test_nothing_but_reads_was_sent(calm, loopback_server):
    assert len(loopback_server.requests) > 100
    assert not loopback_server.unknown_requests()


def test_every_venue_says_how_fast_it_answers(calm):
    assert all(0 < calm.health(venue).latency_ms < 1_000 for venue in ALL_VENUES)
