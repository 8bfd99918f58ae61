import dataclasses

import numpy as np
import pytest

from tests.ui.charts.frozen import BINANCE, heatmap, pixel_map
from ui.charts.ladder_item import LadderItem, bar_rects, sums_at
from ui.charts.map_levels import MapSide, MapUnit, amounts, known_amounts
from ui.charts.plotting import ViewBox
from ui.charts.scale_legend import _origin
from ui.theme import DARK
from workstation.risk.known_levels import KnownLevels


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
    ladder.set_columns(columns, 1e6, MapUnit.USD)
    (long_name, long), (short_name, short) = ladder._sides
    assert (long_name, short_name) == ("long", "short")
    np.testing.assert_array_equal(long, amounts(columns, MapSide.LONG, MapUnit.USD)[-1])
    np.testing.assert_array_equal(short, amounts(columns, MapSide.SHORT, MapUnit.USD)[-1])
    assert "$1.00 M" in ladder.toolTip()


def test_what_is_drawn_holds_until_the_view_or_what_it_shows_is_another(view):
    columns, pixels = heatmap(), pixel_map(low=62_000, high=66_000, height=400)
    ladder = LadderItem(view, DARK)
    ladder.set_columns(columns, 1e6, MapUnit.USD)
    first = ladder._shapes_in(pixels, 80.0)
    assert ladder._shapes_in(pixels, 80.0) is first
    assert not first.sums
    changes = (
        lambda: ladder.set_mark(64_000.0),
        lambda: ladder.set_columns(heatmap(seed=4), 1e6, MapUnit.USD),
        lambda: ladder.set_columns(columns, 2e6, MapUnit.USD),
        lambda: ladder.set_columns(columns, 2e6, MapUnit.USD, MapSide.LONG),
    )
    drawn = [first]
    for change in changes:
        change()
        drawn.append(ladder._shapes_in(pixels, 80.0))
    drawn.append(ladder._shapes_in(pixels, 90.0))
    drawn.append(ladder._shapes_in(dataclasses.replace(pixels, high=65_000.0), 90.0))
    said = [repr([(rects.tolist(), side) for rects, side, _ in each.rects]) for each in drawn]
    assert len(set(said)) == len(said) - 1  # the mark moves no bar
    assert drawn[1].sums
    assert drawn[1].most > 0


def test_a_band_is_drawn_around_the_estimate(view):
    columns = heatmap()
    likely = np.stack([columns.long_base[-1], columns.short_base[-1]])
    banded = dataclasses.replace(columns, band_base=np.stack([likely / 3, likely * 2]))
    ladder = LadderItem(view, DARK)
    ladder.set_columns(columns, 1e6, MapUnit.USD)
    assert [side for side, _, _ in ladder._bars] == ["long", "short"]
    assert "80 % band" not in ladder.toolTip()
    ladder.set_columns(banded, 1e6, MapUnit.USD)
    longs = [(strength, usd.sum()) for side, strength, usd in ladder._bars if side == "long"]
    (palest, high), (pale, middle), (solid, low) = longs  # what is shorter lies on top
    assert palest < pale < solid
    assert high == pytest.approx(2 * middle, rel=1e-5)
    assert low == pytest.approx(middle / 3, rel=1e-5)
    assert "80 % band" in ladder.toolTip()


@pytest.mark.parametrize("side", MapSide)
def test_the_ladder_shows_the_side_of_the_map(view, side):
    columns = heatmap()
    long = amounts(columns, MapSide.LONG, MapUnit.USD)[-1]
    short = amounts(columns, MapSide.SHORT, MapUnit.USD)[-1]
    of_side = {
        MapSide.BOTH: {"long": long, "short": short},
        MapSide.LONG: {"long": long},
        MapSide.SHORT: {"short": short},
        MapSide.NET: {"long": np.maximum(long - short, 0), "short": np.maximum(short - long, 0)},
    }
    ladder = LadderItem(view, DARK)
    ladder.set_columns(columns, 1e6, MapUnit.USD, side)
    assert {token for token, _ in ladder._sides} == set(of_side[side])
    for token, usd in ladder._sides:
        np.testing.assert_allclose(usd, of_side[side][token], rtol=1e-5, atol=1e-3)


def test_without_a_map_the_ladder_is_empty(view):
    ladder = LadderItem(view, DARK)
    ladder.set_columns(heatmap(), 1e6, MapUnit.USD)
    ladder.set_columns(None, None, MapUnit.USD)
    assert ladder._sides == ()
    assert ladder.toolTip() == ""


def test_the_line_adds_up_what_is_met_on_the_way_from_the_mark(view):
    columns = heatmap()
    ladder = LadderItem(view, DARK)
    ladder.set_columns(columns, 1e6, MapUnit.USD)
    assert ladder._sums is None  # no mark is known
    mark = float(columns.edges()[30])
    ladder.set_mark(mark)
    down, up = sums_at(ladder._edges, ladder._sums, mark, columns.edges())
    assert np.isnan(down[31:]).all()
    assert np.isnan(up[:30]).all()
    assert down[30] == up[30] == 0.0
    assert (np.diff(down[:31]) <= 0).all()
    longs = amounts(columns, MapSide.LONG, MapUnit.USD)[-1, :30]
    assert down[0] == pytest.approx(longs.sum(), rel=1e-4)  # bins are as wide as the unit
    assert "in USD." in ladder.toolTip()
    ladder.set_columns(columns, 10.0, MapUnit.COIN)
    coins = amounts(columns, MapSide.LONG, MapUnit.COIN)[-1, :30]
    assert ladder._sums[0][0] == pytest.approx(coins.sum(), rel=1e-4)
    assert "in BTC." in ladder.toolTip()
    ladder.set_columns(None, None, MapUnit.USD)
    assert ladder._sums is None


def known_at(columns, bins, coverage=(0.25, 0.1)):
    by_bin = np.zeros((2, columns.long_base.shape[1]))
    by_bin[0, bins] = 10.0
    levels = KnownLevels(
        key=BINANCE,
        holders="3 public addresses",
        as_of_ms=0,
        is_stale=False,
        by_bin=by_bin,
        elsewhere=np.zeros(2),
        coverage=coverage,
    )
    return dataclasses.replace(columns, known=(levels,))


def test_known_positions_are_marked_on_the_estimates_scale(view):
    columns = known_at(heatmap(), 30)
    price = np.exp(columns.delta * (columns.first_bin + 30.5))
    usd, coins = known_amounts(columns, MapUnit.USD), known_amounts(columns, MapUnit.COIN)
    assert usd[30] == pytest.approx(10 * price * 0.001 / columns.delta, rel=1e-5)
    assert coins[30] == pytest.approx(10 * 0.001 / columns.delta)
    assert np.count_nonzero(usd) == np.count_nonzero(coins) == 1
    ladder = LadderItem(view, DARK)
    ladder.set_columns(columns, 1e6, MapUnit.USD)
    assert "Ticks are positions known one by one" in ladder.toolTip()
    assert known_amounts(heatmap(), MapUnit.USD) is None


def test_the_legend_says_how_much_of_open_interest_is_known():
    sentence = _origin(known_at(heatmap(), 30)).splitlines()
    assert (
        "Known at Binance, not added to the estimate: 3 public addresses, 25.0 % of open "
        "interest as longs and 10.0 % as shorts." in sentence
    )
    unknown = _origin(known_at(heatmap(), 30, coverage=None))
    assert "their share of open interest is not known" in unknown
