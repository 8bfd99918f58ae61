"""What venues tell of the simulated market: units, sums, and what their feeds leave out."""

from __future__ import annotations

import numpy as np
import pytest

from tests.workstation.simulation.markets import coins_of, open_interest, quantities
from workstation.market.facts import FundingRate, MarkPrice, OpenInterest, Ticker
from workstation.market.instrument import Side
from workstation.market.series import aggregate_candles
from workstation.simulation import publish, story
from workstation.simulation.generator import VENUES, markets_of
from workstation.simulation.market import new_market
from workstation.units import SECOND_MS

NOW_MS = story.PLAY_START_S * SECOND_MS


@pytest.fixture
def market(before_the_flush):
    return before_the_flush()


@pytest.fixture
def btc(market):
    return market.coin("BTC")


def facts_of(item, kind):
    known = publish.facts(item, NOW_MS, 60_000)
    return {fact.key: fact for fact in known if isinstance(fact, kind)}


def test_every_market_publishes_mark_ticker_funding_and_open_interest(btc):
    for kind in (MarkPrice, Ticker, FundingRate, OpenInterest):
        assert set(facts_of(btc, kind)) == {row.key for row in btc.markets}


def test_open_interest_of_an_inverse_contract_is_face_over_mark(btc):
    inverse = [k for k, row in enumerate(btc.markets) if row.is_inverse]
    assert len(inverse) == 3
    for k in inverse:
        face = btc.state.markets["long"][k] + btc.state.markets["maker_long"][k]
        fact = facts_of(btc, OpenInterest)[btc.markets[k].key]
        assert fact.open_interest_usd == pytest.approx(face)
        assert fact.open_interest_base == pytest.approx(face / btc.state.markets["mark_price"][k])


def test_open_interest_in_dollars_is_coins_at_the_mark(btc):
    marks = facts_of(btc, MarkPrice)
    for key, fact in facts_of(btc, OpenInterest).items():
        assert fact.open_interest_usd == fact.open_interest_base * marks[key].mark_price


def test_bid_and_ask_stand_on_ticks_around_the_last_price(btc):
    for key, ticker in facts_of(btc, Ticker).items():
        tick = publish.tick_of(key)
        assert ticker.bid_price < ticker.ask_price
        assert ticker.bid_price <= ticker.last_price <= ticker.ask_price
        for price in (ticker.bid_price, ticker.ask_price, ticker.last_price):
            assert price / tick == pytest.approx(round(price / tick), abs=1e-6)


def test_funding_is_due_at_the_next_whole_interval(btc):
    for key, fact in facts_of(btc, FundingRate).items():
        hours = next(v.funding_interval_h for v in VENUES if v.name == key.venue)
        assert fact.interval_h == hours
        assert 0 < fact.next_funding_ms - NOW_MS <= hours * 3_600_000
        assert fact.next_funding_ms % (hours * 3_600_000) == 0


def test_settled_funding_comes_once_an_interval(btc):
    since_s = story.PLAY_START_S - 10 * 86_400
    for row, settled in zip(btc.markets, publish.funding_history(btc, since_s), strict=True):
        assert set(np.diff(settled.time_ms)) == {row.venue.funding_interval_h * 3_600_000}
        assert len(settled) == 10 * 24 // row.venue.funding_interval_h


def test_longer_candles_are_made_of_the_shorter_ones(btc):
    minutes = next(publish.candles(btc, 60, 1_000))
    quarters = next(publish.candles(btc, 900, 1_000))
    whole = minutes.time_ms >= quarters.time_ms[-60]
    assert len(quarters) == 1_000
    assert len(minutes) == 1_000
    assert whole.sum() == 59 * 15 + 14  # two minutes before the full hour, that minute running
    joined = aggregate_candles(next(publish.candles(btc, 60, 1_020)), 900)
    for name in ("open", "high", "low", "close", "volume_base"):
        np.testing.assert_allclose(
            getattr(quarters, name)[-60:], getattr(joined, name)[-60:], rtol=1e-12
        )


@pytest.mark.parametrize("interval_s", [60, 300, 900, 3_600, 14_400, 86_400])
def test_a_thousand_candles_of_any_interval_are_there_without_a_hole(market, interval_s):
    for item in market.coins:
        for candles in publish.candles(item, interval_s, 1_000):
            assert len(candles) == 1_000
            assert candles.gaps() == 0
            assert (candles.low <= np.minimum(candles.open, candles.close)).all()
            assert (candles.high >= np.maximum(candles.open, candles.close)).all()
            assert (candles.low > 0).all()
            assert (candles.volume_base > 0).all()


def test_a_candle_opens_where_the_one_before_closed(btc):
    for candles in publish.candles(btc, 900, 500):
        np.testing.assert_allclose(candles.open[1:], candles.close[:-1], rtol=1e-12)


def test_the_history_agrees_with_the_accounts(btc):
    since_s = story.PLAY_START_S - 30 * 86_400
    for k, series in enumerate(publish.interest_history(btc, since_s)):
        assert set(np.diff(series.time_ms)) == {300_000}
        assert len(series) == 30 * 288
        held = np.maximum(quantities(btc)[k], 0.0).sum() + btc.state.markets["maker_long"][k]
        now = held / btc.state.markets["mark_price"][k] if btc.markets[k].is_inverse else held
        assert series.open_interest_base[-1] == pytest.approx(now, rel=0.02)  # 3 minutes ago


def test_a_book_is_sorted_and_reaches_two_percent(btc):
    for book in publish.order_books(btc, NOW_MS, 60_000):
        assert book.bids[0, 0] < book.asks[0, 0]
        assert (np.diff(book.bids[:, 0]) < 0).all()
        assert (np.diff(book.asks[:, 0]) > 0).all()
        for side in (book.bids, book.asks):
            assert (side > 0).all()
            assert abs(side[-1, 0] / side[0, 0] - 1) == pytest.approx(0.02, rel=0.02)


def test_depth_vanishes_in_the_flush_most_of_all_on_the_bids(market, btc):
    calm = next(publish.order_books(btc, NOW_MS, 60_000))
    market.advance(6 * 3_600)
    btc.state.core["stretch"] = -btc.coin.generator.stretch_cap
    hit = next(publish.order_books(btc, NOW_MS, 60_000))
    assert hit.bids[:, 1].sum() < 0.5 * calm.bids[:, 1].sum()
    assert hit.bids[:, 1].sum() < 0.5 * hit.asks[:, 1].sum()


# --- liquidations ------------------------------------------------------------------------------


def test_each_venue_publishes_liquidations_by_its_own_rule():
    item = new_market(1, story.CROWD_START_S).coin("BTC")
    at = {(row.key.venue, row.is_inverse): k for k, row in enumerate(item.markets)}
    second_ms = 1_770_000_000_000
    quantities_of_one_second = (1.0, -3.0, 2.0)
    number = 0
    for venue in ("binanceusdm", "bybit", "okx", "hyperliquid"):
        for j, quantity in enumerate(quantities_of_one_second):
            row = item.state.forced[number]
            row["time_ms"], row["market"] = second_ms + 100 * j, at[venue, False]
            row["quantity"], row["price"] = quantity, 100_000.0
            number += 1
    item.state.core["forced"] = number
    published = publish.liquidations(item, 0)
    by_venue = {}
    for fact in published:
        by_venue.setdefault(fact.key.venue, []).append((fact.side, fact.quantity_base))
    assert by_venue == {
        "binanceusdm": [(Side.SHORT, 3.0)],
        "bybit": [(Side.LONG, 1.0), (Side.SHORT, 3.0), (Side.LONG, 2.0)],
        "okx": [(Side.LONG, 1.0)],
    }
    assert publish.liquidations(item, number) == ()
    assert publish.liquidations(item, 0, since_ms=second_ms + 200)[-1].quantity_base == 2.0


def test_a_liquidation_of_an_inverse_contract_is_told_in_coins():
    item = new_market(1, story.CROWD_START_S).coin("BTC")
    k = next(k for k, row in enumerate(item.markets) if row.is_inverse)
    item.state.forced[0] = (1_770_000_000_000, k, 50_000.0, 100_000.0)
    item.state.core["forced"] = 1
    (fact,) = publish.liquidations(item, 0)
    assert fact.quantity_base == 0.5
    assert fact.notional_usd == 50_000.0


def test_the_truth_holds_every_account_of_its_market(btc):
    held, marks = quantities(btc), facts_of(btc, MarkPrice)
    known = list(publish.known_positions(btc, NOW_MS, 60_000))
    assert [each.key for each in known] == [row.key for row in btc.markets]
    total = np.array([each.quantity_base.sum() for each in known])
    np.testing.assert_allclose(total, coins_of(btc, held.sum(axis=1)))
    interest = facts_of(btc, OpenInterest)
    for each in known:
        longs = each.quantity_base > 0
        assert each.quantity_base[longs].sum() < interest[each.key].open_interest_base
        below = each.liquidation_price[longs] < marks[each.key].mark_price
        assert below.mean() > 0.99  # longs are liquidated below the mark
        above = each.liquidation_price[~longs] > marks[each.key].mark_price
        assert above.mean() > 0.99


def test_shares_of_a_coins_markets_add_up_to_one():
    for coin in ("BTC", "ETH", "SOL"):
        assert sum(row.share for row in markets_of(coin)) == pytest.approx(1.0)


def test_all_markets_together_have_the_open_interest_of_the_coin(btc):
    total = sum(fact.open_interest_base for fact in facts_of(btc, OpenInterest).values())
    assert total == pytest.approx(open_interest(btc))
