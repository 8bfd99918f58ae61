"""One value and many go the same way to pixels."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from ui.charts.pixels import PixelMap

VIEW = PixelMap(start_ms=1.7e12, end_ms=1.7e12 + 8.64e7, low=58_000.0, high=72_000.0,
                width=1_151, height=433)  # fmt: skip


@given(st.floats(1.69e12, 1.71e12), st.floats(0, 1e6))
def test_one_time_and_one_value_stand_where_they_would_among_many(time_ms, value):
    assert VIEW.x_of(time_ms) == float(VIEW.x([time_ms])[0])
    assert VIEW.y_of(value) == float(VIEW.y([value])[0])


def test_a_value_far_outside_is_clipped_and_an_unknown_one_stays_unknown():
    assert VIEW.y_of(1e9) == -10.0
    assert VIEW.y_of(-1e9) == 443.0
    assert math.isnan(VIEW.y_of(math.nan)) == math.isnan(float(VIEW.y(math.nan)))
