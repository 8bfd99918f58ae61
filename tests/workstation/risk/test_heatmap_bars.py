"""Bars for the book: candles joined with the open interest that was known at their end."""

from __future__ import annotations

import numpy as np
import pytest

from tests.workstation.market.facts import candles_of, interest_history
from workstation.risk.heatmap_bars import join_bars, open_from_ms

MINUTE = 60_000


def test_a_bar_has_the_open_interest_last_known_at_its_end():
    candles = candles_of([100.0, 101.0, 102.0], interval_s=60)
    interest = interest_history([(90_000, 7.0), (2 * MINUTE, 8.0), (3 * MINUTE + 1, 9.0)])
    bars = join_bars(candles, interest)
    # ends at 60, 120 and 180 s: nothing yet, the reading of that very moment, and still that one
    np.testing.assert_array_equal(bars.open_interest_base, [np.nan, 8.0, 8.0])
    assert bars.begin_ms() == MINUTE


def test_volume_peaks_in_the_middle_between_open_and_close():
    bars = join_bars(candles_of([100.0, 104.0], interval_s=60), interest_history([(0, 1.0)]))
    assert bars.middle.tolist() == [100.0, 102.0]


def test_bars_before_the_start_are_left_out():
    candles = candles_of([1.0, 2.0, 3.0], interval_s=60)
    bars = join_bars(candles, interest_history([(0, 1.0)]), start_ms=MINUTE)
    assert bars.time_ms.tolist() == [MINUTE, 2 * MINUTE]


@pytest.mark.parametrize("price", [np.nan, 0.0])
def test_a_candle_without_a_price_is_a_missing_one(price):
    candles = candles_of([1.0, 2.0, 3.0], interval_s=60)
    candles.low[1] = price
    bars = join_bars(candles, interest_history([(0, 1.0)]))
    assert bars.time_ms.tolist() == [0, 2 * MINUTE]


@pytest.mark.parametrize(
    ("newest_reading_ms", "open_from"),
    [(10 * MINUTE, 2 * MINUTE), (2 * MINUTE, MINUTE + 1), (MINUTE, 1)],
)
def test_a_bar_can_change_until_open_interest_has_passed_its_end(newest_reading_ms, open_from):
    candles = candles_of([1.0, 2.0, 3.0], interval_s=60)
    assert open_from_ms(candles, interest_history([(newest_reading_ms, 1.0)])) == open_from


def test_bars_repeat_others_only_figure_by_figure():
    bars = join_bars(candles_of([1.0, 2.0, 3.0], interval_s=60), interest_history([(90_000, 1.0)]))
    assert bars[:2].repeats(bars)
    assert not bars.repeats(bars[:2])
    other = join_bars(candles_of([1.0, 2.5, 3.0], interval_s=60), interest_history([(90_000, 1.0)]))
    assert not bars[:2].repeats(other)
