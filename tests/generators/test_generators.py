"""The generated markets keep their own books, and the map learns from one of them."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

from tests.generators.crowd import (
    CLOSED,
    DISTANCE,
    ENTRY,
    FIELDS,
    HELD,
    LIQUIDATED,
    LIQUIDATION,
    OPENED,
    QUANTITY,
)
from tests.generators.grading import ORACLE, add_up, graded
from tests.generators.markets import FLOW, HAWKES, QUEUE, generate
from tests.generators.matched import generate_matched
from tests.generators.signals import generate_signals
from tests.generators.tiers import TIERS, generate_tiers, set_tier_liquidation
from tests.generators.whales import generate_whales
from workstation.risk.heatmap_scorecard import UNIFORM

GENERATORS = {
    "flow": partial(generate, FLOW),
    "queue": partial(generate, QUEUE),
    "hawkes": partial(generate, HAWKES),
    "matched": generate_matched,
    "signals": generate_signals,
    "whales": generate_whales,
    "tiers": generate_tiers,
}
LEDGERED = {name: GENERATORS[name] for name in ("whales", "tiers")}


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
    shown, true = (
        set(zip(orders.time_ms.tolist(), orders.quantity.tolist(), strict=True))
        for orders in (market.feed, market.truth)
    )
    assert shown < true
    assert 0.25 < market.reported < 0.75  # few days, few cascades: more is seen
    assert generate(HAWKES, 1, 2, complete=True).reported == 1.0


def test_liquidations_happen_at_prices_that_their_bars_reached(market):
    bars, truth = market.bars, market.truth
    bar = np.searchsorted(bars.time_ms, truth.time_ms, "right") - 1
    low, high = bars.low[bar] * 0.999, bars.high[bar] * 1.001
    inside = truth.time_ms < bars.time_ms[bar] + bars.interval_ms
    reached = np.where(truth.side == 0, truth.price >= low, truth.price <= high)
    assert reached[inside].mean() > 0.99


@pytest.mark.parametrize(
    "generator", [GENERATORS["hawkes"], *LEDGERED.values()], ids=["hawkes", *LEDGERED]
)
def test_the_same_seed_gives_the_same_market(generator):
    one, again = (generator(3, 1) for _ in range(2))
    np.testing.assert_array_equal(one.bars.close, again.bars.close)
    np.testing.assert_array_equal(one.books, again.books)
    np.testing.assert_array_equal(
        add_up(one.bars, one.feed).base, add_up(again.bars, again.feed).base
    )


@pytest.mark.parametrize("generator", LEDGERED.values(), ids=LEDGERED)
def test_what_is_held_is_what_was_opened_and_neither_closed_nor_liquidated(generator):
    market = generator(2, 2)  # an even seed: the feed is complete
    ledger = market.ledger
    left = ledger[..., OPENED] - ledger[..., CLOSED] - ledger[..., LIQUIDATED]
    np.testing.assert_allclose(left, ledger[..., HELD], rtol=1e-9)
    on_grid = market.books.sum(axis=2, dtype=float)  # an account at 1x may lie beyond
    assert (on_grid <= ledger[..., HELD] * (1 + 1e-5)).all()
    assert (on_grid > 0.9 * ledger[..., HELD]).all()
    last_of_hour = market.bars.open_interest_base[11::12]
    assert (ledger[..., HELD].max(axis=1) < last_of_hour).all()
    hour = market.truth.time_ms // 3_600_000
    lost = np.zeros((len(ledger), 2))
    inside = hour < len(ledger)
    np.add.at(lost, (hour[inside], market.truth.side[inside]), market.truth.quantity[inside])
    # orders last a moment, so a few of an hour's belong to the next
    between = ledger[-1, :, LIQUIDATED] - ledger[0, :, LIQUIDATED]
    np.testing.assert_allclose(lost[1:].sum(axis=0), between, rtol=0.02)
    assert market.reported == 1.0


def test_margin_and_profit_are_the_tiers_maintenance_where_a_tiered_account_dies():
    for side in (1.0, -1.0):
        for held in (1.0, 10.0, 100.0):
            account = np.zeros(FIELDS)
            account[QUANTITY], account[ENTRY], account[DISTANCE] = side * held, 60_000.0, 0.05
            set_tier_liquidation(account)
            price = account[LIQUIDATION]
            equity = held * 3_000.0 + side * held * (price - 60_000.0)
            _, rate, _, amount = TIERS[np.searchsorted(TIERS[:, 0], held * 60_000.0) - 1]
            assert equity == pytest.approx(rate * held * price - amount)


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
