"""The generated markets keep their own books, and the map learns from one of them."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

from tests.generators.grading import ORACLE, add_up, graded
from tests.generators.markets import FLOW, HAWKES, QUEUE, generate
from tests.generators.matched import generate_matched
from tests.generators.signals import generate_signals
from workstation.risk.heatmap_scorecard import UNIFORM

GENERATORS = {
    "flow": partial(generate, FLOW),
    "queue": partial(generate, QUEUE),
    "hawkes": partial(generate, HAWKES),
    "matched": generate_matched,
    "signals": generate_signals,
}


@pytest.fixture(scope="module", params=GENERATORS.values(), ids=GENERATORS)
def market(request):
    return request.param(1, 6)


def test_no_side_of_the_true_book_holds_more_than_open_interest(market):
    interest = np.nanmax(market.bars.open_interest_base)
    assert market.books.sum(axis=2).max() < interest
    assert market.books.sum(axis=2).min() > 0


def test_longs_stand_below_the_price_and_shorts_above(market):
    close = market.bars.close[-1]
    k = int(market.grid.index(np.array([close]))[0])
    longs, shorts = market.books[-1]
    assert longs[k + 2 :].sum() < 0.01 * longs.sum()
    assert shorts[: k - 1].sum() < 0.01 * shorts.sum()


def test_a_feed_shows_a_part_of_the_truth_and_nothing_else(market):
    shown = np.rec.fromarrays([market.feed.time_ms, market.feed.quantity])
    true = np.rec.fromarrays([market.truth.time_ms, market.truth.quantity])
    assert np.isin(shown, true).all()
    assert 0.25 < market.reported < 0.6
    assert generate(HAWKES, 1, 2, complete=True).reported == 1.0


def test_liquidations_happen_at_prices_that_their_bars_reached(market):
    bars, truth = market.bars, market.truth
    bar = np.searchsorted(bars.time_ms, truth.time_ms, "right") - 1
    low, high = bars.low[bar] * 0.999, bars.high[bar] * 1.001
    inside = truth.time_ms < bars.time_ms[bar] + bars.interval_ms
    reached = np.where(truth.side == 0, truth.price >= low, truth.price <= high)
    assert reached[inside].mean() > 0.99


def test_the_same_seed_gives_the_same_market():
    one, other = (generate(HAWKES, 3, 2) for _ in range(2))
    np.testing.assert_array_equal(one.bars.close, other.bars.close)
    np.testing.assert_array_equal(
        add_up(one.bars, one.feed).base, add_up(other.bars, other.feed).base
    )


def test_the_map_lies_between_an_even_spread_and_the_truth():
    grades, fitted = graded(generate(FLOW, 2, 26))
    table = {row.name: row for row in grades.table}
    assert fitted.belief.fit is not None
    own, oracle = grades.own, table[ORACLE]
    assert oracle.hour_gain[0] > own.hour_gain[0] > 0.05
    assert own.day_gain[0] > table[UNIFORM].day_gain[0]
    assert 0.6 < own.total_ratio < 1.6
    assert own.skill > 0.8
    assert all(0.7 < share < 0.9 for share in grades.hour_coverage)
