import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.ui.charts.frozen import pixel_map, rows, walk
from ui.charts.candles_item import CandlesItem, wick_columns
from ui.charts.plotting import ViewBox
from ui.theme import DARK


def over(candles, width, height=500):
    """Return a pixel map that shows all of some candles."""
    end_ms = int(candles.time_ms[-1]) + candles.interval_s * 1_000
    return pixel_map(
        float(candles.time_ms[0]),
        float(end_ms),
        float(candles.low.min()),
        float(candles.high.max()),
        width,
        height,
    )


@given(
    count=st.integers(2, 3_000),
    width=st.integers(1, 400),
    holes=st.sets(st.integers(0, 2_999), max_size=50),
    pan=st.floats(-1.5, 1.5),
    zoom=st.floats(0.01, 5),
)
def test_every_wick_of_a_column_is_kept_and_no_other_is_added(count, width, holes, pan, zoom):
    whole = walk(count)
    keep = np.array([row not in holes for row in range(count)])
    keep[0] = True
    candles = rows(whole, keep)
    every = over(candles, width)
    span = (every.end_ms - every.start_ms) * zoom
    start = every.start_ms + pan * span
    pixels = pixel_map(start, start + span, every.low, every.high, width, 500)

    columns = wick_columns(candles, pixels)

    middle = candles.time_ms + candles.interval_s * 500
    edges = pixels.column_edges()
    expected = {}
    for x in range(width):
        inside = (middle >= edges[x]) & (middle < edges[x + 1])
        if inside.any():
            expected[x] = (candles.high[inside].max(), candles.low[inside].min())
    drawn = {
        int(x): (high, low)
        for x, high, low in zip(columns.x, columns.high, columns.low, strict=True)
    }
    assert drawn == expected


def test_a_single_spike_among_a_million_candles_is_drawn():
    candles = walk(1_000_000, 60)
    candles.high[654_321] = 99_999.0
    candles.low[123_456] = 11_111.0
    columns = wick_columns(candles, over(candles, 1_000))
    assert columns.high.max() == pytest.approx(99_999.0)
    assert columns.low.min() == pytest.approx(11_111.0)


def test_a_hole_wider_than_a_pixel_leaves_its_columns_empty():
    candles = rows(walk(1_000), np.r_[0:400, 600:1_000])
    columns = wick_columns(candles, over(candles, 100))
    assert set(range(100)) - set(columns.x.astype(int)) == set(range(40, 60))


def test_a_column_rises_when_its_last_close_is_above_its_first_open():
    candles = walk(100)
    columns = wick_columns(candles, over(candles, 1))
    assert columns.rises.tolist() == [bool(candles.close[-1] >= candles.open[0])]


@pytest.fixture
def item(qapp):
    view = ViewBox(enableMenu=False)
    item = CandlesItem(view, DARK)
    item.keep = view  # the item is the view's child
    return item


def test_the_extent_is_that_of_the_candles_between_two_times(item):
    item.candles = candles = walk(100)
    start, end = candles.time_ms[20], candles.time_ms[30]
    assert item.extent(float(start), float(end)) == (
        candles.low[19:30].min(),
        candles.high[19:30].max(),
    )


def test_there_is_no_extent_without_candles_or_beside_them(item):
    assert item.extent(0, 1) is None
    item.candles = walk(10)
    assert item.extent(0, 1) is None
