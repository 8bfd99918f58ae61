"""The map as an answer: kept between questions, yet always what a fresh start would say."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from tests.workstation.market.facts import (
    KEY,
    btc,
    candles_of,
    interest,
    interest_history,
    mark,
    store_of,
)
from workstation.market.facts import KnownPositions
from workstation.market.feed import FeedMode
from workstation.market.series import merge_open_interest
from workstation.risk.heatmap import Grid, HeatmapBook, blank_picture
from workstation.risk.heatmap_bars import join_bars
from workstation.risk.heatmap_reading import LEVERAGE_BANDS
from workstation.services.heatmap_map import BLOCK, COLUMNS
from workstation.services.heatmap_request import HeatmapMarket, HeatmapRequest, heatmap_request
from workstation.services.heatmap_service import HeatmapAnswer, warm_up
from workstation.services.map_choice import AS_KNOWN, MapChoice

OTHER = btc("bybit")
MINUTE_S, MINUTE_MS = 60, 60_000


def a_walk(count, *, seed=1, key=KEY, start_ms=0, step=0.001):
    rng = np.random.default_rng(seed)
    closes = 70_000 * np.exp(np.cumsum(rng.normal(0, step, count)))
    bars = candles_of(
        closes, key=key, interval_s=MINUTE_S, start_ms=start_ms, volume=20.0, spread=0.0005
    )
    base = 1_000 * np.exp(np.cumsum(rng.normal(0, 0.003, count + 1)))
    times = start_ms + MINUTE_MS * np.arange(count + 1)
    readings = interest_history(list(zip(times, base, strict=True)), key=key)
    return bars, readings


def cut(series, first, end):
    """Rows of candles, or of open interest, as a market that has come so far knows them."""
    columns = {
        field.name: getattr(series, field.name)[first:end]
        for field in dataclasses.fields(series)
        if isinstance(getattr(series, field.name), np.ndarray)
    }
    return dataclasses.replace(series, **columns)


def ask(*markets, source=FeedMode.LIVE, coin="BTC"):
    return HeatmapRequest(source=source, coin=coin, interval_s=MINUTE_S, markets=markets)


def known_until(walk, end, first=0):
    """The market after ``end`` bars; open interest is known up to the end of the last."""
    bars, readings = walk
    return HeatmapMarket(candles=cut(bars, first, end), open_interest=cut(readings, first, end + 1))


def assert_same(one, other):
    """Equal but for rounding, and for empty bins at the grid's ends."""
    assert (one.delta, one.venues, one.notes) == (other.delta, other.venues, other.notes)
    np.testing.assert_array_equal(one.time_ms, other.time_ms)
    np.testing.assert_allclose(one.open_interest_base, other.open_interest_base, rtol=1e-12)
    first = min(one.first_bin, other.first_bin)
    bins = max(item.first_bin + item.long_base.shape[1] for item in (one, other)) - first
    for name in ("long_base", "short_base"):
        left, right = (on_bins(item, name, first, bins) for item in (one, other))
        np.testing.assert_allclose(left, right, rtol=1e-5, atol=1e-5)


def on_bins(item, name, first, bins):
    columns = getattr(item, name)
    wide = np.zeros((len(columns), bins))
    wide[:, item.first_bin - first :][:, : columns.shape[1]] = columns
    return wide


# --- what the map says -------------------------------------------------------------------------


def test_the_map_is_the_book_after_every_bar():
    walk = a_walk(300)
    answer = HeatmapAnswer()(ask(known_until(walk, 300)))
    bars = join_bars(*walk)
    grid = Grid(answer.first_bin, answer.long_base.shape[1], answer.delta)
    picture = blank_picture(300, grid)
    HeatmapBook(grid, separate_hats=True).advance(bars, picture, row=np.arange(300), rows=(0, 300))
    np.testing.assert_array_equal(answer.long_base, picture.long)
    np.testing.assert_array_equal(answer.short_base, picture.short)
    np.testing.assert_array_equal(answer.time_ms, bars.time_ms)


def test_venues_add_up():
    first, second = a_walk(200), a_walk(200, seed=2, key=OTHER)
    both = HeatmapAnswer()(ask(known_until(first, 200), known_until(second, 200)))
    np.testing.assert_allclose(
        both.open_interest_base,
        first[1].open_interest_base[1:] + second[1].open_interest_base[1:],
    )
    alone = [HeatmapAnswer()(ask(known_until(walk, 200))) for walk in (first, second)]
    assert both.long_base[-1].sum() == pytest.approx(
        sum(one.long_base[-1].sum() for one in alone), rel=1e-5
    )
    assert both.venues == ("binanceusdm", "bybit")


def test_no_column_holds_more_than_the_open_interest_of_its_bar():
    answer = HeatmapAnswer()(ask(known_until(a_walk(500), 500)))
    for side in (answer.long_base, answer.short_base):
        side = np.asarray(side)
        assert side.min() >= 0
        assert (side.sum(axis=1) <= answer.open_interest_base * (1 + 1e-6)).all()
    assert answer.long_base[-1].sum() > 0.01 * answer.open_interest_base[-1]


def test_longs_stand_below_the_close_and_shorts_above():
    walk = a_walk(400)
    answer, edges = HeatmapAnswer()(ask(known_until(walk, 400))), None
    edges = answer.edges()
    close = walk[0].close[-1]
    assert edges[:-1][answer.long_base[-1] > 0].max() < close
    assert edges[1:][answer.short_base[-1] > 0].min() > close


# --- incremental is the same as from scratch ---------------------------------------------------


def test_bar_by_bar_is_what_a_fresh_start_gives():
    walk = a_walk(COLUMNS + 3 * BLOCK)
    answer = HeatmapAnswer()
    for end in (900, 901, 902, 1_100, 1_101, 1_500, COLUMNS + 2 * BLOCK, COLUMNS + 2 * BLOCK + 70):
        grown = answer(ask(known_until(walk, end)))
        assert_same(grown, HeatmapAnswer()(ask(known_until(walk, end))))
        assert len(grown.time_ms) == min(end, COLUMNS)


def test_only_new_bars_are_computed():
    walk, answer = a_walk(1_000), HeatmapAnswer()
    answer(ask(known_until(walk, 900)))
    kept = answer._map
    for end in range(901, 950):
        answer(ask(known_until(walk, end)))
        assert answer._map is kept


def test_final_columns_are_never_changed_by_later_answers():
    walk, answer = a_walk(400), HeatmapAnswer()
    before = answer(ask(known_until(walk, 300)))
    said = np.array(before.long_base)
    after = answer(ask(known_until(walk, 340)))
    assert before.final == 299  # all but the running bar
    np.testing.assert_array_equal(before.long_base[:299], after.long_base[:299])
    np.testing.assert_array_equal(before.long_base, said)  # an answer is frozen, the open bar too
    assert np.shares_memory(before.long_base[:299], after.long_base[:299])  # and costs no copy


def test_a_running_bar_is_played_on_trial_only():
    walk, answer = a_walk(301), HeatmapAnswer()
    market = known_until(walk, 301)
    for wick in (1.0, 0.995, 0.99):
        bars = dataclasses.replace(market.candles, low=market.candles.low.copy())
        bars.low[-1] *= wick
        grown = answer(ask(dataclasses.replace(market, candles=bars)))
        assert_same(grown, HeatmapAnswer()(ask(dataclasses.replace(market, candles=bars))))


def test_a_repaired_candle_makes_a_new_map():
    walk, answer = a_walk(300), HeatmapAnswer()
    market = known_until(walk, 300)
    before = answer(ask(market))
    bars = dataclasses.replace(market.candles, low=market.candles.low.copy())
    bars.low[150] *= 0.98
    repaired = dataclasses.replace(market, candles=bars)
    after = answer(ask(repaired))
    assert not np.array_equal(before.long_base[150:299], after.long_base[150:299])
    assert_same(after, HeatmapAnswer()(ask(repaired)))


def test_history_that_arrives_later_on_the_left_is_taken_in():
    walk, answer = a_walk(400), HeatmapAnswer()
    answer(ask(known_until(walk, 400, first=300)))
    assert_same(answer(ask(known_until(walk, 400))), HeatmapAnswer()(ask(known_until(walk, 400))))


def test_price_that_leaves_the_grid_makes_a_wider_one():
    bars, readings = a_walk(300)
    answer = HeatmapAnswer()
    narrow = answer(ask(known_until((bars, readings), 299)))
    low = bars.low.copy()
    low[-1] = 40_000.0
    crash = HeatmapMarket(candles=dataclasses.replace(bars, low=low), open_interest=readings)
    wide = answer(ask(crash))
    assert wide.edges()[0] < narrow.edges()[0]
    assert_same(wide, HeatmapAnswer()(ask(crash)))


# --- what is missing ---------------------------------------------------------------------------


def test_without_any_open_interest_there_is_no_map():
    bars, _ = a_walk(50)
    assert HeatmapAnswer()(ask(HeatmapMarket(candles=bars, open_interest=None))) is None


def test_a_venue_without_open_interest_is_missing_by_name():
    bars, _ = a_walk(200, key=OTHER)
    without = HeatmapMarket(candles=bars, open_interest=None)
    answer = HeatmapAnswer()(ask(known_until(a_walk(200), 200), without))
    assert answer.venues == ("binanceusdm",)
    assert answer.missing == ("bybit",)
    assert_same(
        dataclasses.replace(answer, missing=()), HeatmapAnswer()(ask(known_until(a_walk(200), 200)))
    )


def test_readings_of_the_present_stand_in_for_a_history_that_does_not_exist():
    (bars, readings), answer = a_walk(120), HeatmapAnswer()
    for end in range(100, 121):
        now = interest(KEY, readings.open_interest_base[end], 1.0, as_of_ms=end * MINUTE_MS)
        told = answer(ask(HeatmapMarket(candles=cut(bars, 0, end), open_interest=None, newest=now)))
    # known from the end of bar 99 on
    np.testing.assert_allclose(told.open_interest_base, readings.open_interest_base[100:121])
    assert told.time_ms[0] == 99 * MINUTE_MS
    history = cut(readings, 100, 121)
    told_at_once = HeatmapAnswer()(ask(HeatmapMarket(candles=bars, open_interest=history)))
    np.testing.assert_array_equal(told.time_ms, told_at_once.time_ms)
    np.testing.assert_allclose(told.long_base, told_at_once.long_base, rtol=1e-5, atol=1e-6)


def test_open_interest_that_is_known_late_is_said():
    bars, readings = a_walk(300)
    late = HeatmapMarket(candles=bars, open_interest=cut(readings, 200, 301))
    answer = HeatmapAnswer()(ask(known_until(a_walk(300, seed=2, key=OTHER), 300), late))
    (note,) = answer.notes
    assert note == "binanceusdm: open interest is known from 1970-01-01T03:19:00Z on"


def test_a_hole_in_the_candles_is_bridged_and_said():
    bars, readings = a_walk(300)
    keep = np.r_[0:100, 110:300]
    holed = dataclasses.replace(
        bars,
        **{
            name: getattr(bars, name)[keep]
            for name in ("time_ms", "open", "high", "low", "close", "volume_base")
        },
    )
    answer = HeatmapAnswer()(ask(HeatmapMarket(candles=holed, open_interest=readings)))
    assert len(answer.time_ms) == 300  # a column a minute, the hole repeats the book before it
    for row in range(100, 110):
        np.testing.assert_array_equal(answer.long_base[row], answer.long_base[99])
    assert answer.notes == ("binanceusdm: 10 missing bars bridged",)


def test_a_glitch_of_open_interest_is_not_believed_and_said():
    bars, readings = a_walk(200)
    readings.open_interest_base[120] *= 100
    answer = HeatmapAnswer()(ask(HeatmapMarket(candles=bars, open_interest=readings)))
    assert answer.open_interest_base.max() < 2_000
    assert answer.notes == ("binanceusdm: 1 readings of open interest not believed",)


def test_a_venue_that_fell_silent_keeps_its_last_book_and_says_so():
    answer = HeatmapAnswer()(
        ask(known_until(a_walk(300), 300), known_until(a_walk(300, seed=2, key=OTHER), 260))
    )
    assert "bybit is 40 bars behind; its last known book stands for it" in answer.notes
    assert len(answer.time_ms) == 300


# --- other questions ---------------------------------------------------------------------------


def test_another_coin_or_interval_shares_nothing():
    walk, answer = a_walk(300), HeatmapAnswer()
    answer(ask(known_until(walk, 300)))
    eth = a_walk(300, seed=3, key=btc("binanceusdm", "ETH/USDT:USDT"))
    assert_same(
        answer(ask(known_until(eth, 300), coin="ETH")),
        HeatmapAnswer()(ask(known_until(eth, 300), coin="ETH")),
    )
    assert_same(answer(ask(known_until(walk, 300))), HeatmapAnswer()(ask(known_until(walk, 300))))


@pytest.mark.parametrize("end", [299, 250, 120, 20])
def test_a_tape_that_is_wound_back_forgets_the_future(end):
    bars, readings = a_walk(300)
    answer = HeatmapAnswer()

    def question(bar):
        now = interest(KEY, readings.open_interest_base[bar], 1.0, as_of_ms=bar * MINUTE_MS)
        known = cut(readings, 0, bar)
        return ask(
            HeatmapMarket(candles=cut(bars, 0, bar), open_interest=known, newest=now),
            source=FeedMode.REPLAY,
        )

    for bar in (280, 300, end):
        wound = answer(question(bar))
    assert_same(wound, HeatmapAnswer()(question(end)))


def test_another_source_starts_anew():
    (bars, readings), answer = a_walk(100), HeatmapAnswer()
    now = interest(KEY, readings.open_interest_base[50], 1.0, as_of_ms=50 * MINUTE_MS)
    answer(
        ask(HeatmapMarket(candles=bars, open_interest=None, newest=now), source=FeedMode.SIMULATED)
    )
    without = HeatmapMarket(candles=bars, open_interest=None)
    assert answer(ask(without, source=FeedMode.LIVE)) is None


# --- from the store ----------------------------------------------------------------------------


def test_the_question_is_made_of_what_the_store_has():
    bars, readings = a_walk(100)
    dated = btc("binanceusdm", "BTC/USDT:USDT-260327")
    store = store_of(
        mark(KEY, 70_000.0),
        mark(OTHER, 70_000.0),
        mark(dated, 70_000.0),
        interest(KEY, 1_000.0, 7e7),
        candles=(bars, dataclasses.replace(bars, key=dated)),
        open_interest=(readings,),
    )
    request = heatmap_request(store, "BTC", MINUTE_S)
    (market,) = request.markets  # no candles of the other venue; a dated future is no perpetual
    assert market.candles.key == KEY
    assert len(merge_open_interest(None, market.open_interest)) == 101
    assert market.newest.open_interest_base == 1_000.0
    assert request.source is FeedMode.LIVE
    assert heatmap_request(store, "BTC", 900) is None
    assert heatmap_request(store, "ETH", MINUTE_S) is None


def test_warming_up_says_what_it_does():
    said: list[str] = []
    warm_up(said.append)
    assert len(said) == 1
    assert said[0].startswith("Preparing the liquidation heatmap")


# --- as the user wants to see it ---------------------------------------------------------------


def test_a_venue_that_is_switched_off_leaves_the_rest_and_the_whole_map_stays():
    one, other = known_until(a_walk(300), 300), known_until(a_walk(300, seed=2, key=OTHER), 300)
    answer, asked = HeatmapAnswer(), ask(one, other)
    whole = answer(asked)
    drawn = answer.drawn(asked, AS_KNOWN.with_venue("bybit", on=False))
    assert drawn.venues == ("binanceusdm",)
    assert drawn.off == ("bybit",)
    assert drawn.missing == ()
    assert_same(
        dataclasses.replace(drawn, notes=()),
        dataclasses.replace(HeatmapAnswer()(ask(one)), notes=()),
    )
    assert answer(asked).venues == whole.venues == ("binanceusdm", "bybit")
    np.testing.assert_array_equal(answer(asked).long_base, whole.long_base)


def test_a_history_that_was_otherwise_for_one_question_is_not_taken_for_the_same():
    first, second = a_walk(300), a_walk(300, seed=2, key=OTHER)
    candles, readings = first
    told_wrong = candles.low.copy()
    told_wrong[100] *= 0.99
    wrong = dataclasses.replace(candles, low=told_wrong), readings
    choice, answer = MapChoice(off=frozenset({OTHER.venue})), HeatmapAnswer()
    asked = ask(known_until(first, 250), known_until(second, 250))
    answer(asked)
    before = answer.drawn(asked, choice)
    answer(ask(known_until(wrong, 250), known_until(second, 250)))  # nobody looks at the drawing
    after = ask(known_until(first, 250), known_until(second, 250))
    answer(after)
    assert_same(answer.drawn(after, choice), before)
    wrong_again = ask(known_until(wrong, 250), known_until(second, 250))
    answer(wrong_again)
    drawn = answer.drawn(wrong_again, choice)
    assert not np.array_equal(drawn.long_base, before.long_base)


def test_with_every_venue_off_nothing_is_drawn():
    asked, answer = ask(known_until(a_walk(100), 100)), HeatmapAnswer()
    answer(asked)
    assert answer.drawn(asked, AS_KNOWN.with_venue("binanceusdm", on=False)) is None


def test_the_band_of_earlier_columns_is_noted_as_it_was():
    walk, answer = a_walk(300), HeatmapAnswer()
    answer(ask(known_until(walk, 200)))
    told = answer(ask(known_until(walk, 300)))
    assert told.spread_from[:3] == (0, 32, 64)
    np.testing.assert_allclose(told.spread[2][0], 1 / 7, rtol=1e-5)
    np.testing.assert_allclose(told.spread[2][1], 2.5, rtol=1e-5)
    fresh = HeatmapAnswer()(ask(known_until(walk, 300)))
    assert fresh.spread_from == told.spread_from


def test_columns_are_told_by_leverage_as_they_stood_when_it_was_noted():
    walk, answer = a_walk(200), HeatmapAnswer()
    answer(ask(known_until(walk, 150)))
    told = answer(ask(known_until(walk, 200)))
    rows = [*told.spread_from, 199]
    noted = [*told.by_leverage_noted, told.by_leverage_base]
    assert rows[:3] == [0, 32, 64]
    for row, by_leverage in zip(rows, noted, strict=True):
        assert by_leverage.shape == (len(LEVERAGE_BANDS) + 1, told.long_base.shape[1])
        whole = told.long_base[row] + told.short_base[row]
        np.testing.assert_allclose(by_leverage.sum(axis=0), whole, rtol=1e-4, atol=1e-6)
    # five times the leverage stands five times as near: the far end of longs is of low leverage
    far = np.flatnonzero(told.long_base[-1])[:50]
    assert noted[-1][0, far].sum() > 0.99 * noted[-1][:, far].sum()
    fresh = HeatmapAnswer()(ask(known_until(walk, 200)))
    for one, other in zip(fresh.by_leverage_noted, told.by_leverage_noted, strict=True):
        np.testing.assert_allclose(one.sum(axis=1), other.sum(axis=1), rtol=1e-5)


def test_the_columns_that_fall_off_take_their_notes_along():
    count = COLUMNS + 2 * BLOCK
    told = HeatmapAnswer()(ask(known_until(a_walk(count), count)))
    assert told.spread_from[0] == 0
    assert all(0 < row < COLUMNS for row in told.spread_from[1:])
    assert len(told.spread) == len(told.spread_from)


def test_without_liquidations_there_is_nothing_to_fit():
    answer = HeatmapAnswer()
    assert answer.refit() == "There is no liquidation map whose leverage could be fitted yet."
    answer(ask(known_until(a_walk(100), 100)))
    assert answer.refit().startswith("No leverage was fitted: that needs two days")


def test_known_positions_stand_beside_the_estimate_and_never_in_it():
    walk = a_walk(300)
    market = known_until(walk, 300)
    plain = HeatmapAnswer()(ask(market))
    edges = plain.edges()
    known = KnownPositions(
        key=KEY,
        as_of_ms=0,
        fresh_for_ms=1_000,
        quantity_base=np.array([30.0, -20.0]),
        liquidation_price=np.array([edges[200], edges[400]]) * 1.0001,
        holders="2 public addresses",
    )
    newest = interest(KEY, 2_000.0, 140e6)
    told = HeatmapAnswer()(ask(dataclasses.replace(market, known=known)))
    (levels,) = told.known
    np.testing.assert_array_equal(told.long_base, plain.long_base)
    np.testing.assert_array_equal(told.band_base, plain.band_base)
    assert (levels.by_bin[0, 200], levels.by_bin[1, 400]) == (30.0, 20.0)
    assert levels.coverage is None  # open interest now is not known
    covered = HeatmapAnswer()(ask(dataclasses.replace(market, known=known, newest=newest)))
    assert covered.known[0].coverage == (0.015, 0.01)
