import dataclasses

import numpy as np
import pytest

from tests.ui.charts.frozen import heatmap, pixel_map
from ui.charts.ladder_item import LadderItem, bar_rects
from ui.charts.map_levels import MapSide, usd_per_unit
from ui.charts.plotting import ViewBox
from ui.theme import DARK


def test_bars_lie_at_their_prices_on_the_charts_own_scale():
    edges = np.array([40.0, 50.0, 60.0])
    pixels = pixel_map(low=0.0, high=100.0, height=100)
    rects = bar_rects(edges, np.array([0.5, 1.0], np.float32), pixels, 80.0)
    assert rects.tolist() == [[0, 50, 40, 9], [0, 40, 80, 9]]  # left, top, width, height


def test_a_bar_ends_at_the_scales_top():
    pixels = pixel_map(low=0.0, high=100.0, height=100)
    rects = bar_rects(np.array([40.0, 60.0]), np.array([7.0], np.float32), pixels, 80.0)
    assert rects[0][2] == 80


def test_thin_bins_are_averaged_so_that_the_unit_stays():
    edges = np.linspace(0, 100, 101)
    share = np.tile(np.array([0.0, 0.0, 0.0, 1.0], np.float32), 25)
    rects = bar_rects(edges, share, pixel_map(height=100), 80.0)
    assert set(rects[1:-1, 2]) == {20.0}  # a quarter of 80


def test_nothing_is_drawn_where_the_view_shows_other_prices():
    rects = bar_rects(np.array([400.0, 500.0]), np.array([1.0], np.float32), pixel_map(), 80.0)
    assert rects.shape == (0, 4)


@pytest.fixture
def view(qapp):
    return ViewBox(enableMenu=False)


def test_the_ladder_is_the_newest_column_of_the_map(view):
    columns = heatmap()
    ladder = LadderItem(view, DARK)
    ladder.set_columns(columns, 1e6)
    (long_name, long), (short_name, short) = ladder._sides
    assert (long_name, short_name) == ("long", "short")
    np.testing.assert_array_equal(long, usd_per_unit(columns, MapSide.LONG)[-1])
    np.testing.assert_array_equal(short, usd_per_unit(columns, MapSide.SHORT)[-1])
    assert "$1.00 M" in ladder.toolTip()


def test_a_band_is_drawn_around_the_estimate(view):
    columns = heatmap()
    likely = np.stack([columns.long_base[-1], columns.short_base[-1]])
    banded = dataclasses.replace(columns, band_base=np.stack([likely / 3, likely * 2]))
    ladder = LadderItem(view, DARK)
    ladder.set_columns(columns, 1e6)
    assert [side for side, _, _ in ladder._bars] == ["long", "short"]
    assert "80 % band" not in ladder.toolTip()
    ladder.set_columns(banded, 1e6)
    longs = [(strength, usd.sum()) for side, strength, usd in ladder._bars if side == "long"]
    (palest, high), (pale, middle), (solid, low) = longs  # what is shorter lies on top
    assert palest < pale < solid
    assert high == pytest.approx(2 * middle, rel=1e-5)
    assert low == pytest.approx(middle / 3, rel=1e-5)
    assert "80 % band" in ladder.toolTip()


@pytest.mark.parametrize("side", MapSide)
def test_the_ladder_shows_the_side_of_the_map(view, side):
    columns = heatmap()
    long = usd_per_unit(columns, MapSide.LONG)[-1]
    short = usd_per_unit(columns, MapSide.SHORT)[-1]
    of_side = {
        MapSide.BOTH: {"long": long, "short": short},
        MapSide.LONG: {"long": long},
        MapSide.SHORT: {"short": short},
        MapSide.NET: {"long": np.maximum(long - short, 0), "short": np.maximum(short - long, 0)},
    }
    ladder = LadderItem(view, DARK)
    ladder.set_columns(columns, 1e6, side)
    assert {token for token, _ in ladder._sides} == set(of_side[side])
    for token, usd in ladder._sides:
        np.testing.assert_allclose(usd, of_side[side][token], rtol=1e-5, atol=1e-3)


def test_without_a_map_the_ladder_is_empty(view):
    ladder = LadderItem(view, DARK)
    ladder.set_columns(heatmap(), 1e6)
    ladder.set_columns(None, None)
    assert ladder._sides == ()
    assert ladder.toolTip() == ""
