"""Which mark is used: by hand, venue by venue."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.workstation.market.facts import FRESH_MS, btc, candles_of, mark, store_of
from workstation.market.facts import VenueHealth, VenueState
from workstation.market.instrument import MarketKey
from workstation.risk.inputs import MarkUsed
from workstation.risk.marks import (
    candle_range,
    choose_marks,
    coin_prices,
    move_since,
    single_mark,
    wider,
)
from workstation.risk.report import MarkSource

BINANCE, BYBIT, OKX = btc("binanceusdm"), btc("bybit"), btc("okx")
LATER_MS = FRESH_MS + 5_000  # what was true at zero is stale by then
SERVED = tuple(
    VenueHealth(venue=venue, state=VenueState.LIVE) for venue in ("binanceusdm", "bybit", "okx")
)


def snapshot(*facts, now_ms=0):
    return store_of(*facts, now_ms=now_ms, health=SERVED).snapshot()


def choose(markets, present, memory=None):
    return choose_marks(markets, present, memory or {}, coin_prices(present))


def first_look():
    """Binance 70,000, Bybit 70,100 and OKX 69,800, all fresh."""
    return choose(
        [BINANCE], snapshot(mark(BINANCE, 70_000), mark(BYBIT, 70_100), mark(OKX, 69_800))
    )


def test_a_fresh_mark_is_the_venues_own_with_its_age():
    chosen = choose([BINANCE], snapshot(mark(BINANCE, 70_000), now_ms=2_000))
    expected = MarkUsed(price=70_000, source=MarkSource.VENUE, age_s=2.0)
    assert chosen.marks == {BINANCE: expected}
    assert chosen.silent == frozenset()


def test_a_stale_mark_moves_with_the_median_of_the_live_venues():
    # Bybit fell by 10 %, OKX by 8 %: the median of the two is a fall by 9 %
    later = snapshot(
        mark(BINANCE, 70_000),
        mark(BYBIT, 63_090, as_of_ms=LATER_MS),
        mark(OKX, 64_216, as_of_ms=LATER_MS),
        now_ms=LATER_MS,
    )
    used = choose([BINANCE], later, first_look().memory).marks[BINANCE]
    assert used.price == pytest.approx(70_000 * 0.91)
    assert used.source is MarkSource.ESTIMATED
    assert used.age_s == LATER_MS / 1_000


def test_a_venue_that_came_later_does_not_shift_the_estimate():
    # Deribit stands far above the others; it was not there when Binance was last heard
    deribit = MarketKey("deribit", "BTC/USD:BTC")
    later = snapshot(
        mark(BINANCE, 70_000),
        mark(BYBIT, 63_090, as_of_ms=LATER_MS),
        mark(OKX, 62_820, as_of_ms=LATER_MS),
        mark(deribit, 99_000, as_of_ms=LATER_MS),
        now_ms=LATER_MS,
    )
    used = choose([BINANCE], later, first_look().memory).marks[BINANCE]
    assert used.price == pytest.approx(63_000)


def test_the_others_are_remembered_from_the_moment_of_the_mark_and_not_from_a_later_look():
    # Binance's mark is of 0 s; Bybit has fallen by half of its way when it is looked at again
    between = snapshot(
        mark(BINANCE, 70_000), mark(BYBIT, 66_595, as_of_ms=FRESH_MS), now_ms=FRESH_MS
    )
    memory = choose([BINANCE], between, first_look().memory).memory
    later = snapshot(mark(BINANCE, 70_000), mark(BYBIT, 63_090, as_of_ms=LATER_MS), now_ms=LATER_MS)
    assert choose([BINANCE], later, memory).marks[BINANCE].price == pytest.approx(63_000)


def test_a_price_that_stood_still_while_the_others_fell_is_estimated_from_where_it_stood():
    # Binance repeats 70,000 and counts as fresh for a while; only then is it known to be frozen
    halfway = snapshot(
        mark(BINANCE, 70_000, as_of_ms=LATER_MS), mark(BYBIT, 58_000, as_of_ms=LATER_MS),
        now_ms=LATER_MS,
    )  # fmt: skip
    alone = choose([BINANCE], snapshot(mark(BINANCE, 70_000)))
    together = snapshot(mark(BINANCE, 70_000), mark(BYBIT, 70_000))
    start = choose([BINANCE], together, alone.memory)
    memory = choose([BINANCE], halfway, start.memory).memory
    frozen = snapshot(
        mark(BINANCE, 70_000), mark(BYBIT, 58_000, as_of_ms=LATER_MS), now_ms=LATER_MS
    )
    used = choose([BINANCE], frozen, memory).marks[BINANCE]
    assert used.price == pytest.approx(58_000)
    assert (used.source, used.age_s) == (MarkSource.ESTIMATED, LATER_MS / 1_000)


def test_without_any_live_venue_the_market_is_silent():
    later = snapshot(mark(BINANCE, 70_000), mark(BYBIT, 70_100), now_ms=LATER_MS)
    chosen = choose([BINANCE], later, first_look().memory)
    assert chosen.marks == {}
    assert chosen.silent == {BINANCE}


def test_a_silent_market_is_estimated_again_when_another_venue_returns():
    silent = choose(
        [BINANCE], snapshot(mark(BINANCE, 70_000), now_ms=LATER_MS), first_look().memory
    )
    back = snapshot(mark(BINANCE, 70_000), mark(BYBIT, 63_090, as_of_ms=LATER_MS), now_ms=LATER_MS)
    used = choose([BINANCE], back, silent.memory).marks[BINANCE]
    assert used.price == pytest.approx(63_000)


def test_a_mark_that_was_stale_from_the_start_is_silent():
    chosen = choose(
        [BINANCE],
        snapshot(mark(BINANCE, 70_000), mark(BYBIT, 60_000, as_of_ms=LATER_MS), now_ms=LATER_MS),
    )
    assert chosen.silent == {BINANCE}


def test_a_market_stays_silent_when_the_feed_begins_anew():
    assert choose([BINANCE], snapshot(), first_look().memory).silent == {BINANCE}


def test_a_market_without_a_mark_has_no_entry_and_is_not_silent():
    chosen = choose([BTC_DATED], snapshot(mark(BINANCE, 70_000)))
    assert chosen.marks == {}
    assert chosen.silent == frozenset()


BTC_DATED = btc("okx", "BTC/USDT:USDT-260327")


def test_a_venue_that_the_feed_does_not_serve_takes_the_coins_price_without_an_age():
    manual = btc("manual")
    chosen = choose([manual], snapshot(mark(BINANCE, 70_000), mark(BYBIT, 70_200)))
    assert chosen.marks == {manual: MarkUsed(price=70_100, source=MarkSource.ESTIMATED)}


def test_a_price_in_dollars_is_not_the_mark_of_a_contract_in_another_coin():
    ether_in_bitcoin = MarketKey("manual", "ETH/BTC:BTC")
    present = snapshot(mark(btc("bybit", "ETH/USDT:USDT"), 2_000))
    assert choose([ether_in_bitcoin], present).marks == {}


def test_an_option_has_its_own_mark_or_none():
    option = MarketKey("deribit", "BTC/USD:BTC-260327-70000-C")
    assert choose([option], snapshot(mark(BYBIT, 70_100))).marks == {}
    seen = choose([option], snapshot(mark(option, 0.05), mark(BYBIT, 70_100)))
    assert seen.marks[option].price == 0.05
    later = snapshot(mark(option, 0.05), mark(BYBIT, 63_090, as_of_ms=LATER_MS), now_ms=LATER_MS)
    assert choose([option], later, seen.memory).silent == {option}


def test_memory_holds_the_books_markets_only():
    present = snapshot(mark(BINANCE, 70_000), mark(BYBIT, 70_100))
    assert set(choose([BINANCE], present).memory) == {BINANCE}


def test_a_coins_price_is_the_median_over_venues_whatever_their_number_of_markets():
    present = snapshot(
        mark(BINANCE, 100.0),
        mark(BYBIT, 104.0),
        mark(btc("bybit", "BTC/USDC:USDC"), 106.0),
        mark(btc("bybit", "BTC/USD:BTC"), 108.0),
        mark(OKX, 101.0),
    )
    assert coin_prices(present) == {"BTC": 101.0}  # of 100, 106 and 101


def test_a_coins_price_leaves_out_stale_marks_dated_contracts_and_other_quotes():
    present = snapshot(
        mark(BINANCE, 50.0),
        mark(OKX, 100.0, as_of_ms=LATER_MS),
        mark(BTC_DATED, 120.0, as_of_ms=LATER_MS),
        mark(btc("bybit", "BTC/EUR:EUR"), 90.0, as_of_ms=LATER_MS),
        now_ms=LATER_MS,
    )
    assert coin_prices(present) == {"BTC": 100.0}


prices = st.floats(1.0, 1e6)


@given(st.dictionaries(st.sampled_from([BINANCE, BYBIT, OKX]), prices, min_size=1), prices)
def test_a_common_move_is_found_whatever_the_levels(then, factor):
    now = {key: price * factor for key, price in then.items()}
    assert move_since(then, now) == pytest.approx(factor)


def test_the_range_of_candles_leaves_out_the_one_that_began_before():
    # opens at 0, 60 and 120 s; the low of 50 is in the first, which a book of second 1 half saw
    bars = candles_of([50.0, 80.0, 70.0], interval_s=60)
    seen = candle_range(bars, 60_000)
    assert (seen.low, seen.low_ms) == (50.0, 60_000)  # the second opens where the first closed
    assert (seen.high, seen.high_ms) == (80.0, 60_000)
    later = candle_range(bars, 60_001)
    assert (later.low, later.low_ms) == (70.0, 120_000)
    assert candle_range(bars, 120_001) is None


def test_a_range_says_of_which_candles_it_is():
    assert candle_range(candles_of([50.0], interval_s=300), 0).source == (
        "5m last candles of binanceusdm"
    )


def test_the_wider_of_two_ranges_keeps_each_end_with_its_time_and_source():
    bars = candle_range(candles_of([60.0, 90.0], interval_s=60), 0)
    both = wider(bars, single_mark(55.0, 7))
    assert (both.low, both.low_ms) == (55.0, 7)
    assert (both.high, both.high_ms) == (90.0, 60_000)
    assert both.source == "marks of this session and 1m last candles of binanceusdm"


def test_an_end_that_is_only_reached_again_keeps_its_first_time():
    assert wider(single_mark(55.0, 1), single_mark(55.0, 2)).low_ms == 1
