"""The series behind the gauges: hours, weights, and venues that came later."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tests.workstation.market.facts import (
    DAY_MS,
    FRESH_MS,
    HOUR_MS,
    btc,
    funding,
    funding_history,
    interest,
    interest_history,
    mark,
    order_book,
    store_of,
)
from workstation.market.consolidated import consolidate
from workstation.risk.gauge_inputs import daily_means, gauge_inputs, percentile_of_last

A, B = btc("binanceusdm"), btc("bybit")


def inputs_of(store):
    return gauge_inputs(consolidate("BTC", store), store)


@pytest.mark.parametrize(
    ("values", "place"),
    [
        ([1.0, 2.0, 3.0, 4.0], 1.0),
        ([2.0, 3.0, 4.0, 1.0], 0.0),
        ([1.0, 2.0, 3.0, 4.0, 2.5], 0.5),
        ([1.0, 2.0, 2.0, 3.0, 2.0], 0.5),  # one below, two ties: (1 + 1) / 4
        ([5.0, 5.0], 0.5),
    ],
)
def test_the_percentile_is_the_share_of_earlier_values_below(values, place):
    assert percentile_of_last(np.array(values)) == place


def test_a_value_alone_has_no_percentile():
    assert math.isnan(percentile_of_last(np.array([1.0])))


def test_daily_means_are_of_the_days_that_end_now():
    now_ms = 3 * DAY_MS + 5 * HOUR_MS
    times = now_ms - 1 - HOUR_MS * np.arange(72)[::-1]
    means = daily_means(times, np.repeat([1.0, 2.0, 6.0], 24), now_ms)
    assert means.tolist() == [1.0, 2.0, 6.0]


def test_unknown_hours_and_empty_days_are_left_out():
    now_ms = 3 * DAY_MS
    values = np.array([1.0, np.nan, 3.0])
    times = np.array([HOUR_MS, 2 * HOUR_MS, 2 * DAY_MS + HOUR_MS])
    assert daily_means(times, values, now_ms).tolist() == [1.0, 3.0]


def test_funding_is_weighted_by_open_interest_hour_by_hour():
    now_ms = 16 * HOUR_MS
    hours = [HOUR_MS * i for i in range(17)]
    store = store_of(
        mark(A, 1.0, as_of_ms=now_ms),
        mark(B, 1.0, as_of_ms=now_ms),
        funding=(
            funding_history([(8 * HOUR_MS, 0.0001), (16 * HOUR_MS, 0.0003)], key=A),
            funding_history([(8 * HOUR_MS, 0.0004), (16 * HOUR_MS, -0.0003)], key=B),
        ),
        open_interest=(
            interest_history([(t, 300.0) for t in hours], key=A),
            interest_history([(t, 100.0) for t in hours], key=B),
        ),
        now_ms=now_ms,
    )
    inputs = inputs_of(store)
    early = inputs.funding_ms < 8 * HOUR_MS
    np.testing.assert_allclose(inputs.funding_yearly[early], (0.0001 * 3 + 0.0004) / 4 * 3 * 365)
    np.testing.assert_allclose(inputs.funding_yearly[~early], (0.0003 * 3 - 0.0003) / 4 * 3 * 365)
    assert inputs.funding_ms[-1] == now_ms - 1


def test_without_any_open_interest_venues_weigh_the_same():
    rates = [(A, 0.0001), (B, 0.0003)]
    history = [funding_history([(8 * HOUR_MS, rate)], key=key) for key, rate in rates]
    marks = [mark(key, 1.0, as_of_ms=8 * HOUR_MS) for key, _ in rates]
    inputs = inputs_of(store_of(*marks, funding=history, now_ms=8 * HOUR_MS))
    np.testing.assert_allclose(inputs.funding_yearly, 0.0002 * 3 * 365)


def test_a_venue_that_came_later_is_not_a_rise_of_open_interest():
    now_ms = 10 * DAY_MS
    hours = range(0, now_ms, HOUR_MS)
    store = store_of(
        mark(A, 1.0, as_of_ms=now_ms),
        mark(B, 1.0, as_of_ms=now_ms),
        interest(A, 110.0, 110.0, as_of_ms=now_ms - 1),
        interest(B, 50.0, 50.0, as_of_ms=now_ms - 1),
        open_interest=(
            interest_history([(t, 100.0) for t in hours], key=A),
            interest_history([(t, 40.0) for t in hours if t > 8 * DAY_MS], key=B),
        ),
        now_ms=now_ms,
    )
    inputs = inputs_of(store)
    assert inputs.open_interest_venues == ("binanceusdm",)
    assert set(inputs.open_interest_base.tolist()) == {100.0, 110.0}
    assert inputs.open_interest_base[-1] == 110.0


def test_only_fresh_books_count():
    store = store_of(
        mark(A, 1.0),
        mark(B, 1.0),
        order_book(A, [(99.0, 1.0)], [(101.0, 1.0)], as_of_ms=FRESH_MS),
        order_book(B, [(99.0, 1.0)], [(101.0, 1.0)]),
        now_ms=FRESH_MS + 1,
    )
    assert [book.key for book in inputs_of(store).books] == [A]


def test_with_nothing_known_there_are_no_series():
    inputs = inputs_of(store_of(now_ms=DAY_MS))
    assert not np.isfinite(inputs.funding_yearly).any()
    assert not len(inputs.open_interest_base)
    assert inputs.books == ()
    assert not len(daily_means(inputs.funding_ms, inputs.funding_yearly, DAY_MS))
    store = store_of(funding(A, 0.0001), now_ms=0)
    assert inputs_of(store).open_interest_venues == ()
