import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtGui import QColor

from tests.ui.charts.frozen import pixel_map
from ui.charts.plotting import ViewBox
from ui.charts.steps_item import Band, Curve, CurvesItem, StackItem, column_extremes
from workstation.market.steps import StepSeries

BLUE, FAINT = QColor("#0000ff"), QColor("#000044")


def steps(*rows):
    """Return a series of (start, until, value)."""
    start, until, value = zip(*rows, strict=True) if rows else ((), (), ())
    return StepSeries(
        start_ms=np.array(start, np.int64),
        until_ms=np.array(until, np.int64),
        value=np.array(value, float),
    )


def test_a_column_has_the_value_it_begins_with_and_all_that_begin_in_it():
    series = steps((0, 150, 1.0), (150, 180, 9.0), (180, 1_000, 2.0))
    low, high = column_extremes(series, pixel_map(0, 1_000, width=10))
    assert (low[0], high[0]) == (1.0, 1.0)
    assert (low[1], high[1]) == (1.0, 9.0)
    assert (low[2], high[2]) == (2.0, 2.0)


def test_a_hole_leaves_its_columns_empty():
    series = steps((0, 300, 1.0), (700, 1_000, 2.0))
    low, _ = column_extremes(series, pixel_map(0, 1_000, width=10))
    np.testing.assert_array_equal(np.isnan(low), [False] * 3 + [True] * 4 + [False] * 3)


@given(
    st.lists(st.tuples(st.integers(1, 400), st.integers(0, 100), st.floats(-9, 9)), max_size=40),
    st.integers(1, 60),
)
def test_columns_agree_with_looking_at_every_millisecond(parts, width):
    rows, time = [], 0
    for length, gap, value in parts:
        rows.append((time, time + length, value))
        time += length + gap
    series = steps(*rows)
    pixels = pixel_map(0, 2_000, width=width)
    low, high = column_extremes(series, pixels)
    every = series.at(np.arange(2_001))
    edges = pixels.column_edges()
    for column in range(width):
        part = every[edges[column] : edges[column + 1]]
        known = part[np.isfinite(part)]
        if len(known):
            assert (low[column], high[column]) == (known.min(), known.max())
        else:
            assert np.isnan(low[column])


@pytest.fixture
def view(qapp):
    return ViewBox(enableMenu=False)


def test_curves_span_the_values_that_hold_in_the_view(view):
    item = CurvesItem(view)
    item.curves = [
        Curve(series=steps((0, 100, 5.0), (100, 200, 1.0)), colour=BLUE),
        Curve(series=steps((0, 400, 3.0)), colour=BLUE),
    ]
    assert item.extent(0, 400) == (1.0, 5.0)
    assert item.extent(150, 400) == (1.0, 3.0)
    assert item.extent(500, 600) is None


def stack(view, *bands, edge=1_000.0):
    item = StackItem(view)
    item.bands = [Band(series=series, colour=BLUE, stale_colour=FAINT) for series in bands]
    item.edge_ms = edge
    return item


def test_a_stack_reaches_from_zero_to_the_highest_sum(view):
    item = stack(view, steps((0, 1_000, 2.0)), steps((0, 500, 3.0), (500, 1_000, 1.0)))
    assert item.extent(0, 1_000) == (0.0, 5.0)


def test_a_hole_in_one_band_makes_the_sum_unknown(view):
    item = stack(view, steps((0, 1_000, 2.0)), steps((0, 300, 3.0), (600, 1_000, 3.0)))
    values = item._values(np.array([100.0, 400.0, 700.0]))
    np.testing.assert_array_equal(np.isnan(values.sum(axis=0)), [False, True, False])


def test_a_band_that_went_stale_goes_on_and_one_that_has_not_begun_counts_nothing(view):
    item = stack(view, steps((0, 500, 2.0)), steps((300, 1_000, 3.0)))
    values = item._values(np.array([100.0, 400.0, 900.0]))
    assert values.tolist() == [[2.0, 2.0, 2.0], [0.0, 3.0, 3.0]]
