"""A price reached at the pace of the last hour."""

from __future__ import annotations

import math

import pytest

from workstation.risk.pace import minutes_at_pace


@pytest.mark.parametrize(
    ("ratio", "pace", "minutes"),
    [
        (0.9, -0.1, 60.0), (0.81, -0.1, 120.0), (1.1, -0.1, math.inf), (0.9, 0.0, math.inf),
        (0.9, None, None), (1.0, -0.1, 0.0),
    ],
)  # fmt: skip
def test_minutes_at_a_pace(ratio, pace, minutes):
    assert minutes_at_pace(ratio, pace) == (None if minutes is None else pytest.approx(minutes))
