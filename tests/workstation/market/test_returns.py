"""Hourly returns: only whole hours, never across a hole, the same hours for all."""

from __future__ import annotations

import numpy as np
import pytest

from tests.workstation.market.facts import btc, candles_of
from workstation.market.returns import (
    hourly_table,
    longest_hourly,
    step_closes,
    step_returns,
)
from workstation.units import HOUR_MS

QUARTER_S, HOUR_S = 900, 3_600


def test_quarters_become_hours_at_their_ends():
    bars = candles_of(np.arange(1.0, 10.0), interval_s=QUARTER_S)
    times, closes = step_closes(bars, HOUR_MS)
    assert times.tolist() == [HOUR_MS, 2 * HOUR_MS]
    assert closes.tolist() == [4.0, 8.0]
    assert step_returns(bars, HOUR_MS) == pytest.approx([np.log(2)])


def test_the_last_candle_may_be_unfinished_and_is_left_out():
    bars = candles_of([1.0, 2.0, 4.0], interval_s=HOUR_S)
    assert step_returns(bars, HOUR_MS) == pytest.approx([np.log(2)])


def test_there_is_no_return_across_a_hole():
    bars = candles_of([1.0, 2.0, 4.0, 8.0, 16.0], interval_s=HOUR_S)
    holed = type(bars)(
        key=bars.key, interval_s=HOUR_S, time_ms=np.delete(bars.time_ms, 1),
        **{name: np.delete(getattr(bars, name), 1) for name in (
            "open", "high", "low", "close", "volume_base")},
    )  # fmt: skip
    assert step_returns(holed, HOUR_MS) == pytest.approx([np.log(2)])


def test_coins_are_put_on_the_same_hours():
    late = candles_of([1.0, 3.0, 9.0, 9.0], interval_s=HOUR_S, start_ms=HOUR_MS, key=btc("okx"))
    early = candles_of([1.0, 2.0, 4.0, 8.0], interval_s=HOUR_S)
    table = hourly_table({"A": early, "B": late})
    assert table["A"][:2] == pytest.approx([np.log(2)] * 2)
    assert np.isnan(table["A"][2])
    assert np.isnan(table["B"][0])
    assert table["B"][1:] == pytest.approx([np.log(3)] * 2)
    assert hourly_table({}) == {}


def test_the_longest_of_an_hour_and_shorter_is_chosen():
    days = candles_of(np.ones(500), interval_s=86_400)
    hours = candles_of(np.ones(100), interval_s=HOUR_S)
    minutes = candles_of(np.ones(500), interval_s=60)
    assert longest_hourly([days, minutes, hours]) is hours
    assert longest_hourly([days]) is None
