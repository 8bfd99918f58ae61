import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ui.charts.ticks import nice_step, time_ticks, value_step, value_ticks
from workstation.units import DAY_MS, HOUR_MS

FEB_5 = 1_770_249_600_000  # 2026-02-05 00:00 UTC


@given(st.floats(1e-9, 1e12))
def test_a_nice_step_is_one_two_or_five_times_a_power_of_ten(least):
    step = nice_step(least)
    assert least * 0.999 <= step <= least * 2.5001
    assert round(step / 10 ** np.floor(np.log10(step) + 1e-9)) in (1, 2, 5)


@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6), st.integers(1, 20))
def test_value_ticks_lie_inside_and_are_few(low, span, most):
    ticks = value_ticks(low, low + span, most)
    assert len(ticks) <= most + 1
    assert all(low - 1e-6 * span <= tick <= low + span * (1 + 1e-6) for tick in ticks)


def test_round_prices_carry_the_ticks():
    assert value_ticks(61_234, 69_876, 5) == [62_000, 64_000, 66_000, 68_000]
    assert value_step(61_234, 69_876, 5) == pytest.approx(2_000)


def test_nothing_between_equal_values():
    assert value_ticks(5.0, 5.0, 4) == []


def test_hours_are_named_by_the_time_and_midnight_by_the_date():
    ticks = time_ticks(FEB_5 - 7 * HOUR_MS, FEB_5 + 7 * HOUR_MS, 3)
    assert ticks == (
        (FEB_5 - 6 * HOUR_MS, "18:00"),
        (FEB_5, "5 Feb"),
        (FEB_5 + 6 * HOUR_MS, "06:00"),
    )


def test_years_are_named_where_they_begin():
    labels = [text for _, text in time_ticks(FEB_5 - 400 * DAY_MS, FEB_5, 6)]
    assert "2026" in labels
    assert "1 Jul" in labels


@given(st.integers(1_500_000_000_000, 1_900_000_000_000), st.floats(1e5, 1e11), st.integers(1, 15))
def test_time_ticks_lie_inside_rise_and_are_few(start, span, most):
    times = [time_ms for time_ms, _ in time_ticks(start, start + span, most)]
    assert all(start <= time_ms <= start + span for time_ms in times)
    assert times == sorted(set(times))
    assert len(times) <= most + 2
