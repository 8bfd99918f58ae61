"""Bars for the book: candles joined with the open interest that was known at their end."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from tests.workstation.market.facts import candles_of, interest_history
from workstation.risk.heatmap_bars import BarLog, join_bars, open_from_ms

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


def some_candles(*closes, **changes):
    return dataclasses.replace(candles_of(list(closes), interval_s=60), **changes)


def same_bars(one, other):
    for left, right in zip(one.columns(), other.columns(), strict=True):
        np.testing.assert_array_equal(left, right)


def test_joining_again_tells_how_many_bars_stayed_and_gives_what_a_fresh_start_gives():
    log, readings = BarLog(), interest_history([(90_000, 1.0)])
    volume = np.array([np.nan, 2.0, 3.0])
    log.join(some_candles(1.0, 2.0, 3.0, volume_base=volume), readings)
    steps = [
        (some_candles(1.0, 2.0, 3.0, volume_base=volume), readings, 3),  # unknown equals unknown
        (some_candles(1.0, 2.0, 3.5, 4.0), readings, 0),  # the first one's volume
        (some_candles(1.0, 2.0, 3.5, 4.1), readings, 3),
        (some_candles(1.0, 2.0), readings, 2),
        (some_candles(*range(1, 200)), readings, 2),  # outgrows the room
        (some_candles(*range(1, 200)), interest_history([(90_000, 1.0), (180_000, 2.0)]), 2),
        (some_candles(*range(1, 200)), interest_history([(180_000, 2.0)]), 1),
        (some_candles(*range(1, 4), open=np.array([1.0, 0.0, 3.0])), readings, 1),  # no price
    ]
    for candles, interest, stayed in steps:
        bars = log.join(candles, interest)
        assert log.stayed == stayed
        same_bars(bars, join_bars(candles, interest))


def test_another_first_bar_is_another_history():
    log, readings = BarLog(), interest_history([(0, 1.0)])
    candles = some_candles(*range(1, 10))
    log.join(candles, readings)
    bars = log.join(candles, readings, start_ms=120_000)
    assert log.stayed == 0
    same_bars(bars, join_bars(candles, readings)[2:])


def test_columns_that_cannot_be_written_to_are_joined_as_well():
    candles = some_candles(1.0, 2.0)
    candles.close.flags.writeable = False
    assert join_bars(candles, interest_history([(0, 1.0)])).close.tolist() == [1.0, 2.0]
