import dataclasses

import numpy as np
import pytest
from PySide6.QtGui import QImage, QPainter

from tests.ui.charts.frozen import NOW, heatmap, pixel_map
from ui.charts.heatmap_item import HeatmapItem, palette
from ui.charts.map_levels import MapSide, MapUnit, amount_text, amounts, sample, scale_top, shades
from ui.charts.plotting import ViewBox
from ui.theme import DARK
from workstation.risk.map_rows import MapRows

STEP_MS = 900_000
SIDES = ("long_base", "short_base")


@pytest.fixture
def make(qapp):
    views = []

    def make():
        views.append(ViewBox(enableMenu=False))
        return HeatmapItem(views[-1], DARK)

    return make


def one_cell(usd_bin=30):
    """Return a map that holds 10 coins of longs in one bin of its newest bar, nothing else."""
    nothing = np.zeros((40, 60), np.float32)
    long = nothing.copy()
    long[-1, usd_bin] = 10.0
    return heatmap(long_base=long, short_base=nothing)


def view_of(columns, width=40, height=200):
    edges = columns.edges()
    start = float(columns.time_ms[0])
    return pixel_map(start, float(NOW), float(edges[0]), float(edges[-1]), width, height)


def test_a_cell_is_worth_its_coins_at_its_price_per_tenth_of_a_percent():
    columns = one_cell()
    price = np.exp(0.001 * (columns.first_bin + 30.5))
    usd = amounts(columns, MapSide.BOTH, MapUnit.USD)
    assert usd[-1, 30] == pytest.approx(10 * price * 0.7, rel=1e-5)
    assert np.count_nonzero(usd) == 1


def test_shorts_count_against_longs_only_in_the_net_map():
    columns = heatmap()
    long, short, both, net = (
        amounts(columns, side, MapUnit.USD)
        for side in (MapSide.LONG, MapSide.SHORT, *list(MapSide)[::3])
    )
    np.testing.assert_allclose(both, long + short, rtol=1e-5)
    np.testing.assert_allclose(net, long - short, rtol=1e-4, atol=1)


def test_the_scale_is_even_and_ends_at_its_top():
    coins = np.tile(np.array([0.0, 0.502e6, 1e6, 7e6], np.float32), (70, 1))
    terms = {"delta": 0.001, "liquidatable_fraction": 1.0}
    longs = heatmap(70, 4, long_base=coins, short_base=0 * coins, **terms)
    shorts = heatmap(70, 4, long_base=0 * coins, short_base=coins, **terms)
    for side, columns, wanted in (
        (MapSide.BOTH, longs, [0, 128, 255, 255]),
        (MapSide.SHORT, longs, [0, 0, 0, 0]),
        (MapSide.SHORT, shorts, [0, 128, 255, 255]),
        (MapSide.LONG, shorts, [0, 0, 0, 0]),
        (MapSide.NET, shorts, [128, 64, 1, 1]),
        (MapSide.NET, longs, [128, 192, 255, 255]),
    ):
        shaded = shades(columns, side, MapUnit.COIN, 1e6, from_bar=3)
        assert shaded.shape == (4, 67)
        assert (shaded == np.array(wanted)[:, None]).all()


def grown_by(factor):
    columns = heatmap()
    sides = {name: getattr(columns, name) * np.float32(factor) for name in SIDES}
    return dataclasses.replace(columns, **sides)


def test_the_scale_keeps_still_while_the_picture_changes_a_little():
    top = scale_top(grown_by(1), MapSide.BOTH, MapUnit.USD)
    assert scale_top(grown_by(1.1), MapSide.BOTH, MapUnit.USD, top) == top
    assert scale_top(grown_by(10), MapSide.BOTH, MapUnit.USD, top) > top


def test_a_book_that_outgrows_the_scale_is_drawn_anew(make):
    small = heatmap(40)
    later = dataclasses.replace(
        small,
        time_ms=small.time_ms + 20 * STEP_MS,
        open_interest_base=small.open_interest_base + 20,
        **{
            name: np.vstack((getattr(small, name)[20:], 50 * getattr(small, name)[:20]))
            for name in SIDES
        },
    )
    item, fresh = make(), make()
    item.set_columns(small)
    before = item.top
    item.set_columns(later)
    fresh.set_columns(later)
    assert item.top == fresh.top > 10 * before
    pixels = view_of(later)
    np.testing.assert_array_equal(item._sampled(later, pixels), fresh._sampled(later, pixels))


def test_each_pixel_shows_the_bin_and_the_bar_under_its_middle():
    columns = heatmap()
    pixels = view_of(columns)
    taken = sample(columns, pixels)
    price = pixels.value(0.5 + np.arange(pixels.height))
    edges = columns.edges()
    assert np.all((edges[taken.bins] <= price) & (price < edges[taken.bins + 1]))
    np.testing.assert_array_equal(taken.bars, np.arange(40))


def test_bars_without_candles_stay_empty():
    whole = heatmap()
    keep = np.r_[0:10, 20:40]
    columns = dataclasses.replace(
        whole,
        time_ms=whole.time_ms[keep],
        long_base=whole.long_base[keep],
        short_base=whole.short_base[keep],
        open_interest_base=whole.open_interest_base[keep],
    )
    taken = sample(columns, view_of(whole))
    np.testing.assert_array_equal(np.flatnonzero(~taken.has_bar), np.arange(10, 20))


def test_a_new_bar_leaves_the_same_picture_as_drawing_everything_anew(make):
    older = heatmap(60)
    cut = slice(0, 50)
    first = dataclasses.replace(
        older,
        time_ms=older.time_ms[cut],
        long_base=older.long_base[cut],
        short_base=older.short_base[cut],
        open_interest_base=older.open_interest_base[cut],
        final=48,
    )
    late = slice(5, 60)
    long = older.long_base[late].copy()
    long[44:] *= 2  # bars that were not final in the first answer
    second = dataclasses.replace(
        older,
        time_ms=older.time_ms[late],
        long_base=long,
        short_base=older.short_base[late],
        open_interest_base=older.open_interest_base[late],
        final=53,
    )
    grown, fresh = make(), make()
    grown.set_columns(first)
    grown.set_columns(second)
    fresh.top = grown.top
    fresh.set_columns(second)
    pixels = view_of(second, 55)
    np.testing.assert_array_equal(grown._sampled(second, pixels), fresh._sampled(second, pixels))


def test_a_map_with_another_history_is_not_taken_for_a_continuation(make):
    item = make()
    item.set_columns(heatmap(seed=3))
    other = heatmap(seed=4, open_interest_base=80_000.0 + np.arange(40))
    item.set_columns(other)
    fresh = make()
    fresh.top = item.top
    fresh.set_columns(other)
    pixels = view_of(other)
    np.testing.assert_array_equal(item._sampled(other, pixels), fresh._sampled(other, pixels))


def test_a_thin_level_is_still_there_when_zoomed_out(make):
    item = make()
    columns = one_cell()
    item.set_columns(columns)
    far = pixel_map(NOW - 4_000 * STEP_MS, float(NOW), 30_000, 100_000, 300, 100)
    dark = palette(DARK, MapSide.BOTH)[0]
    assert np.any(item._sampled(columns, far) != dark)


def test_the_cell_under_the_crosshair_is_that_of_its_pixel(make):
    item = make()
    columns = one_cell()
    item.set_columns(columns)
    price = float(np.exp(0.001 * (columns.first_bin + 30.5)))
    near, far = view_of(columns, height=4_000), view_of(columns, height=10)
    cell = item.cell_at(NOW - 1, price, near)
    assert cell.long.usd == pytest.approx(7 * price, rel=1e-5)
    assert cell.high / cell.low == pytest.approx(np.exp(0.001))
    assert item.cell_at(NOW - 1, price * 1.002, near).long.usd == 0.0
    assert item.cell_at(NOW, price, near) is None
    assert item.cell_at(NOW - 1, price * 2, near) is None
    wide = item.cell_at(NOW - 1, price * 1.001, far)  # a pixel shows the strongest of several
    assert wide.low < price < wide.high
    assert wide.long.usd == pytest.approx(7 * price, rel=1e-5)


def test_coins_and_usd_are_one_map_in_two_units(make):
    item = make()
    columns = heatmap()
    item.set_columns(columns)
    usd = item.top
    item.set_terms(MapSide.BOTH, MapUnit.COIN)
    assert usd / item.top == pytest.approx(64_000, rel=0.3)  # both tops are round numbers
    coins = amounts(columns, MapSide.BOTH, MapUnit.COIN)
    np.testing.assert_allclose(coins, 0.7 * (columns.long_base + columns.short_base), rtol=1e-5)
    assert amount_text(5.0, MapUnit.COIN, "BTC") == "5.00 BTC"
    assert amount_text(20.0, MapUnit.COIN, "BTC") == "20 BTC"
    assert amount_text(45_300.0, MapUnit.COIN, "SOL") == "45.3 k SOL"


def test_without_a_map_there_is_no_scale(make):
    item = make()
    item.set_columns(heatmap())
    assert item.top is not None
    item.set_columns(None)
    assert item.top is None


def part_of(whole, first, end, band):
    """The rows of a map as an answer that ends with row ``end`` has them; two bars are open."""
    rows, steady = slice(first, end), slice(first, end - 2)
    running = np.float32(1 + 0.1 * (end % 3))  # open bars still change

    def table(base):
        return MapRows.of(base[steady], end - 2 - first, base[end - 2 : end] * running)

    likely = np.stack([whole.long_base[end - 1], whole.short_base[end - 1]])
    return dataclasses.replace(
        whole,
        time_ms=whole.time_ms[rows],
        long_base=table(whole.long_base),
        short_base=table(whole.short_base),
        open_interest_base=whole.open_interest_base[rows],
        final=end - 2 - first,
        band_base=np.stack([likely / band, likely * band]).astype(np.float32),
    )


@pytest.mark.parametrize("bar_px", [7, 1, 0.4])
def test_a_standing_view_shows_new_bars_as_if_all_were_drawn_anew(make, bar_px):
    whole, (width, height) = heatmap(360), (280, 100)
    edges, start = whole.edges(), float(whole.time_ms[0 if bar_px < 1 else 20])
    end = start + width / bar_px * STEP_MS
    pixels = pixel_map(start, end, float(edges[0]), float(edges[-1]), width, height)
    item, image = make(), QImage(width, height, QImage.Format.Format_RGB32)
    for last in range(40, 340, 7):  # outgrows the room that a table has
        # bars fall off by as many as share a pixel, so that both put the same ones together
        first = 4 * max(0, (last - 100) // 16) if bar_px < 1 else 0
        columns = part_of(whole, first, last, band=5.0 if last % 2 else 2.0)
        item.set_columns(columns)
        if last % 3 == 0:
            continue  # two answers come between two paints
        painter = QPainter(image)
        item.draw(painter, pixels)
        painter.end()
        fresh = make()
        fresh.top = item.top
        fresh.set_columns(columns)
        drawn = np.frombuffer(image.constBits(), np.uint32).reshape(height, width)
        np.testing.assert_array_equal(drawn, fresh._sampled(columns, pixels))
