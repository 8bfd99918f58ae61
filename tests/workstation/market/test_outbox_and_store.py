from __future__ import annotations

from tests.workstation.market.test_series import KEY, candles
from workstation.market.facts import (
    FundingRate,
    Liquidation,
    MarkPrice,
    VenueHealth,
    VenueState,
)
from workstation.market.feed import FeedMode
from workstation.market.instrument import MarketKey, Side
from workstation.market.outbox import Outbox
from workstation.market.store import MarketStore
from workstation.units import UnixMs


def mark(price: float, as_of: int = 0) -> MarkPrice:
    return MarkPrice(key=KEY, as_of_ms=UnixMs(as_of), fresh_for_ms=6_000, mark_price=price)


def liquidation(price: float) -> Liquidation:
    return Liquidation(key=KEY, time_ms=UnixMs(0), side=Side.LONG, quantity_base=1.0, price=price)


def test_the_newest_fact_waits_and_every_liquidation_does():
    outbox = Outbox(FeedMode.LIVE)
    outbox.put(facts=[mark(1.0)], liquidations=[liquidation(1.0)])
    outbox.put(facts=[mark(2.0)], liquidations=[liquidation(2.0)])
    update = outbox.take(UnixMs(5))
    assert [fact.mark_price for fact in update.facts] == [2.0]
    assert [row.price for row in update.liquidations] == [1.0, 2.0]
    assert outbox.take(UnixMs(6)).facts == ()


def test_candles_that_wait_are_joined():
    outbox = Outbox(FeedMode.LIVE)
    outbox.put(candles=[candles([1, 2])])
    outbox.put(candles=[candles([2, 3])])
    (bars,) = outbox.take(UnixMs(0)).candles
    assert (bars.time_ms // 60_000).tolist() == [1, 2, 3]


def test_a_restart_voids_what_waits_and_what_the_store_knew():
    outbox, store = Outbox(FeedMode.REPLAY), MarketStore(FeedMode.REPLAY)
    outbox.put(facts=[mark(1.0)], candles=[candles([1])])
    store.apply(outbox.take(UnixMs(0)))
    outbox.put(facts=[mark(2.0)])
    outbox.restart()
    store.apply(outbox.take(UnixMs(1)))
    assert store.newest(MarkPrice, KEY) is None
    assert store.candles(KEY, 60) is None


def test_a_snapshot_does_not_change_with_the_store():
    store, outbox = MarketStore(FeedMode.LIVE), Outbox(FeedMode.LIVE)
    health = VenueHealth(venue="okx", state=VenueState.LIVE)
    outbox.put(facts=[mark(1.0)], health=[health])
    store.apply(outbox.take(UnixMs(0)))
    snapshot = store.snapshot()
    outbox.put(facts=[mark(2.0)])
    store.apply(outbox.take(UnixMs(1)))
    assert snapshot.marks[KEY].mark_price == 1.0
    assert snapshot.health == {"okx": health}
    assert store.newest(MarkPrice, KEY).mark_price == 2.0
    assert list(store.markets_of("BTC")) == [KEY]


def test_a_market_is_known_by_its_funding_alone():
    store, outbox = MarketStore(FeedMode.REPLAY), Outbox(FeedMode.REPLAY)
    times = {"as_of_ms": UnixMs(0), "fresh_for_ms": 1_000}
    other = MarketKey("hyperliquid", "BTC/USDC:USDC")
    rate = FundingRate(key=other, funding_rate=0.0001, interval_h=1.0, **times)
    outbox.put(facts=[rate, mark(1.0)])
    store.apply(outbox.take(UnixMs(0)))
    outbox.put(facts=[rate])
    store.apply(outbox.take(UnixMs(1)))
    assert list(store.markets_of("BTC")) == [other, KEY]


def test_a_fact_is_stale_after_its_own_time():
    assert not mark(1.0, as_of=1_000).is_stale(7_000)
    assert mark(1.0, as_of=1_000).is_stale(7_001)
