"""Values that hold for a while, and the holes where nothing is known."""

from __future__ import annotations

import numpy as np
import pytest

from tests.workstation.market.facts import (
    HOUR_MS,
    KEY,
    funding,
    funding_history,
    interest,
    interest_history,
)
from workstation.market.steps import (
    StepSeries,
    funding_steps,
    open_interest_steps,
    weighted_mean,
)

H = HOUR_MS


def steps(*rows):
    start, until, value = zip(*rows, strict=True)
    return StepSeries(
        start_ms=np.array(start), until_ms=np.array(until), value=np.array(value, dtype=float)
    )


def read(series, *times):
    return [None if np.isnan(value) else value for value in series.at(list(times)).tolist()]


def test_a_value_holds_from_its_start_until_before_its_end():
    series = steps((0, 10, 1.0), (20, 30, 2.0))
    assert read(series, -1, 0, 9, 10, 19, 20, 29, 30) == [None, 1, 1, None, None, 2, 2, None]


def test_settled_funding_held_over_the_interval_before_its_settlement():
    series = funding_steps(funding_history([(8 * H, 0.0001), (16 * H, 0.0002)]), None, 20 * H)
    assert read(series, -1, 0, 8 * H - 1, 8 * H, 15 * H, 16 * H) == [
        None, 0.0001, 0.0001, 0.0002, 0.0002, None,
    ]  # fmt: skip


def test_hourly_funding_is_shown_per_eight_hours():
    series = funding_steps(funding_history([(H, 0.0001)], interval_h=1.0), None, H)
    assert read(series, 0) == [pytest.approx(0.0008)]


def test_a_settlement_that_is_missing_leaves_a_hole():
    series = funding_steps(funding_history([(8 * H, 0.0001), (24 * H, 0.0002)]), None, 30 * H)
    assert read(series, 8 * H, 16 * H - 1, 16 * H) == [None, None, 0.0002]


def test_a_stamp_some_seconds_late_makes_no_hole():
    rows = [(8 * H + 5_000, 0.0001), (16 * H + 9_000, 0.0002)]
    series = funding_steps(funding_history(rows), None, 20 * H)
    assert read(series, 8 * H + 4_999, 8 * H + 5_000, 8 * H + 7_000) == [0.0001, 0.0002, 0.0002]


def test_the_running_rate_holds_from_the_last_settlement_until_it_is_stale():
    newest = funding(KEY, 0.0003, as_of_ms=9 * H)
    series = funding_steps(funding_history([(8 * H, 0.0001)]), newest, 10 * H)
    assert read(series, 8 * H, 9 * H, 9 * H + 59_999, 9 * H + 60_000) == [
        0.0003, 0.0003, 0.0003, None,
    ]  # fmt: skip


def test_a_running_rate_long_after_the_last_settlement_holds_from_when_it_was_read():
    newest = funding(KEY, 0.0003, as_of_ms=40 * H)
    series = funding_steps(funding_history([(8 * H, 0.0001)]), newest, 40 * H + 1)
    assert read(series, 39 * H, 40 * H) == [None, 0.0003]


def test_a_reading_of_open_interest_holds_for_three_usual_distances_at_most():
    history = interest_history([(0, 1.0), (10, 2.0), (20, 3.0), (90, 4.0)])
    series = open_interest_steps(history, None, 200)
    assert read(series, 9, 10, 25, 49, 50, 89, 90, 119, 120) == [
        1, 2, 3, 3, None, None, 4, 4, None,
    ]  # fmt: skip


def test_the_newest_reading_follows_the_history():
    history = interest_history([(0, 1.0), (10, 2.0)])
    series = open_interest_steps(history, interest(KEY, 5.0, 1.0, as_of_ms=15), 18)
    assert read(series, 14, 15, 17, 18) == [2, 5, 5, None]


def test_nothing_known_is_nothing():
    assert read(open_interest_steps(None, None, 0), 0) == [None]
    assert read(funding_steps(None, None, 0), 0) == [None]


def test_a_weighted_mean_leaves_out_who_is_unknown_or_has_no_weight():
    values = [steps((0, 30, 1.0)), steps((10, 30, 3.0))]
    weights = [steps((0, 30, 1.0)), steps((0, 20, 3.0))]
    mean = weighted_mean(values, weights)
    # 0-10 only the first; 10-20 (1 + 3 x 3) / 4; from 20 on the second has no weight
    assert read(mean, 0, 10, 20, 30) == [1.0, 2.5, 1.0, None]


def test_a_mean_of_nothing_is_nothing():
    assert len(weighted_mean([], [])) == 0
