from __future__ import annotations

from tests.workstation.market.facts import (
    FRESH_MS,
    btc,
    candles_of,
    interest,
    mark,
    store_of,
)
from workstation.market.feed import FeedMode, FeedUpdate
from workstation.market.reference import reference_market

A, B = btc("binanceusdm"), btc("bybit")


def store(*, a_as_of_ms=0, now_ms=0, b_coins=10.0):
    return store_of(
        mark(A, 1.0, as_of_ms=a_as_of_ms),
        mark(B, 1.0, as_of_ms=now_ms),
        interest(A, 20.0, 1.0),
        interest(B, b_coins, 1.0),
        candles=(candles_of([1.0], key=A), candles_of([1.0], key=B)),
        now_ms=now_ms,
    )


def test_the_largest_live_market_is_drawn():
    assert reference_market(store(), "BTC", 900) == A


def test_a_stale_market_gives_way():
    assert reference_market(store(now_ms=FRESH_MS + 1), "BTC", 900, current=A) == B


def test_the_drawn_market_stays_while_it_is_live_and_none_is_much_larger():
    assert reference_market(store(b_coins=29.0), "BTC", 900, current=A) == A
    assert reference_market(store(b_coins=29.0), "BTC", 900) == B
    assert reference_market(store(b_coins=31.0), "BTC", 900, current=A) == B


def test_the_first_market_to_answer_gives_way_when_the_others_size_is_known():
    early = store_of(
        mark(A, 1.0),
        mark(B, 1.0),
        candles=(candles_of([1.0], key=A), candles_of([1.0], key=B)),
    )
    assert reference_market(early, "BTC", 900) == A
    early.apply(FeedUpdate(mode=FeedMode.LIVE, now_ms=0, facts=(interest(B, 99.0, 1.0),)))
    assert reference_market(early, "BTC", 900, current=A) == B


def test_without_candles_of_the_interval_nothing_is_drawn():
    assert reference_market(store(), "BTC", 60) is None
    assert reference_market(store(), "ETH", 900) is None
