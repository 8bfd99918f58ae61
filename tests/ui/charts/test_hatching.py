import numpy as np
import pytest

from tests.ui.charts.frozen import NOW, heatmap, pixel_map
from ui.charts.hatching import PERIOD_PX, WIDE_RATIO, Hatching
from ui.charts.heatmap_item import HeatmapItem
from ui.charts.map_levels import MapSide, sample
from ui.charts.plotting import ViewBox
from ui.theme import DARK


def noted(wide_bins, *, since=0, side=0, ratio=2 * WIDE_RATIO):
    """Return a map of 40 bars whose band is wide in some bins of a side from a bar on."""
    calm = np.stack([np.full((2, 60), 0.9), np.full((2, 60), 1.1)]).astype(np.float32)
    wide = calm.copy()
    wide[1, side, wide_bins] = ratio * wide[0, side, wide_bins]
    return heatmap(spread=(calm, wide), spread_from=(0, since))


def view_of(columns, width=80, height=240):
    edges = columns.edges()
    start = float(columns.time_ms[0])
    return pixel_map(start, float(NOW), float(edges[0]), float(edges[-1]), width, height)


def test_a_band_that_is_nowhere_wide_leaves_no_hatching():
    assert not Hatching.of(noted([3], ratio=0.9 * WIDE_RATIO), MapSide.LONG).wide.any()
    assert Hatching.of(heatmap(), MapSide.BOTH) is None


def test_lines_are_drawn_only_where_the_band_is_wide_and_only_once_it_was():
    columns = noted(slice(20, 40), since=10)
    pixels = view_of(columns)
    taken = sample(columns, pixels)
    picture = np.full((pixels.height, pixels.width), 0xFFFFFFFF, np.uint32)
    hatching = Hatching.of(columns, MapSide.LONG)
    hatching.draw(picture, taken, np.uint32(0xFF000000))
    changed = picture != 0xFFFFFFFF
    inside = np.ix_((taken.bins >= 20) & (taken.bins < 40), taken.bars >= 10)
    assert changed.sum() == changed[inside].sum()
    assert changed[inside].mean() == pytest.approx(1 / PERIOD_PX, abs=0.01)
    assert set(picture[changed]) == {np.uint32(0xFF7F7F7F)}
    rows, across = np.nonzero(changed)
    assert set((rows + across) % PERIOD_PX) == {0}  # diagonals


def test_what_is_as_wide_everywhere_is_not_hatched_but_what_is_wider_still_is():
    assert not Hatching.of(noted(slice(0, 60)), MapSide.LONG).wide.any()
    prior = np.stack([np.full((2, 60), 1 / 7), np.full((2, 60), 2.5)]).astype(np.float32)
    wider = prior.copy()
    wider[1, :, 30:33] *= 2
    hatching = Hatching.of(heatmap(spread=(prior, wider), spread_from=(0, 10)), MapSide.LONG)
    assert not hatching.wide[1].any()
    assert np.flatnonzero(hatching.wide[2]).tolist() == [30, 31, 32]


def test_each_side_has_its_own_hatching_and_both_take_the_one_that_prevails():
    columns = noted([5], side=1)
    assert not Hatching.of(columns, MapSide.LONG).wide.any()
    assert Hatching.of(columns, MapSide.SHORT).wide.any()
    prevails = columns.short_base[0, 5] > columns.long_base[0, 5]
    both = Hatching.of(columns, MapSide.BOTH)
    assert both.wide.any() == prevails


def test_the_newest_bar_is_hatched_by_its_own_band():
    band = np.ones((2, 2, 60), np.float32)
    band[1, 0, 7] = 100.0
    hatching = Hatching.of(heatmap(band_base=band), MapSide.LONG)
    assert hatching.starts.tolist() == [39]
    assert not hatching.wide[0].any()
    assert np.flatnonzero(hatching.wide[1]).tolist() == [7]


def test_the_map_draws_it(qapp):
    plain, hatched = (HeatmapItem(ViewBox(enableMenu=False), DARK) for _ in range(2))
    columns = noted(slice(20, 40))
    pixels = view_of(columns)
    plain.set_columns(heatmap())
    hatched.set_columns(columns)
    one, other = plain._sampled(plain.columns, pixels), hatched._sampled(columns, pixels)
    assert 0 < np.mean(one != other) <= 1 / PERIOD_PX
