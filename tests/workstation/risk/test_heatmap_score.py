"""The scores, by hand: location, amount, and errors of whole days."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from tests.workstation.risk.bars import flat_bars, walk_bars
from workstation.risk.heatmap import Grid
from workstation.risk.heatmap_rivals import (
    bins_swept,
    distance_only,
    fixed_weight,
    path_only,
    scaled_nightly,
)
from workstation.risk.heatmap_score import (
    Events,
    deviance_skill,
    locate,
    log_correlation,
    make_windows,
    mean_and_error,
    place_events,
)

RNG = np.random.default_rng(1)


def falling(bins=(0, -2, -5, -10, -10), interval_ms=60_000):
    """One bar a step; each closes so many bins below the first."""
    price = 100.0 * np.exp(0.001 * (np.array(bins) + 0.5))
    bars = flat_bars([100.0] * len(bins))
    bars = dataclasses.replace(
        bars, low=price, high=price, close=price, middle=price, interval_ms=interval_ms
    )
    bars = dataclasses.replace(bars, time_ms=np.arange(len(bins)) * interval_ms)
    return bars, Grid.around(50.0, 150.0, 0.001)


def events_at(bars, grid, rows):
    """Rows ``(bar, side, price, quantity)``."""
    bar, side, price, quantity = np.array(rows, dtype=float).T
    return place_events(bars, grid, bar.astype(np.int64), side.astype(np.int64), price, quantity)


def one_window(bars, grid):
    return make_windows(bars, grid, 100, len(bars) - 1)


def test_an_even_map_gains_nothing():
    bars, grid = falling()
    events = events_at(bars, grid, [(2, 0, 99.6, 3.0)])
    windows = one_window(bars, grid)
    found = locate(np.ones((1, 2, grid.bins)), windows, events, np.array([0]), RNG)
    assert found.gain == pytest.approx([0.0])
    assert found.volume.tolist() == [3.0]


def test_a_map_that_knows_the_place_gains_the_logarithm_of_the_number_of_places():
    bars, grid = falling()
    price = 100.0 * np.exp(0.001 * -6.5)
    events = events_at(bars, grid, [(3, 0, price, 3.0)])
    windows = one_window(bars, grid)
    known = np.zeros((1, 2, grid.bins))
    known[0, 0, grid.index(np.array([price]))[0]] = 7.0
    found = locate(known, windows, events, np.array([0]), RNG)
    # ten bins were reached; 5 % of the map is an even spread
    assert found.gain == pytest.approx([np.log(0.95 * 10 + 0.05)])
    assert found.lift == pytest.approx([10.0])
    elsewhere = np.roll(known, 1, axis=2)
    assert locate(elsewhere, windows, events, np.array([0]), RNG).gain == pytest.approx(
        [np.log(0.05)]
    )


def test_what_lies_outside_the_reached_bins_or_on_the_other_side_is_not_looked_at():
    bars, grid = falling()
    rows = [(2, 0, 100.2, 1.0), (2, 0, 98.0, 1.0), (2, 1, 99.6, 1.0), (0, 0, 99.6, 1.0)]
    windows = one_window(bars, grid)
    found = locate(
        np.ones((1, 2, grid.bins)), windows, events_at(bars, grid, rows), np.array([0]), RNG
    )
    assert not len(found.gain)


def test_without_prices_the_bins_that_a_bar_reached_first_are_one_place():
    bars, grid = falling(interval_ms=3_600_000)
    events = events_at(bars, grid, [(3, 0, np.nan, 6.0), (4, 0, np.nan, 5.0)])
    assert not events.are_priced
    windows = one_window(bars, grid)
    weights = np.zeros((1, 2, grid.bins))
    first, end = windows.reached(0, 0)
    weights[0, 0, first : first + 5] = [5.0, 0.0, 0.0, 0.0, 0.0]  # all of it where bar 3 went
    found = locate(weights, windows, events, np.array([0]), RNG)
    assert end - first == 10
    # bar 3 reached five of ten bins first; bar 4 reached nothing new
    assert found.gain == pytest.approx([np.log(10 * (0.95 / 5 + 0.05 / 10))])
    assert found.volume == pytest.approx([6.0])


def test_sums_of_an_hour_have_no_price_even_where_one_is_written():
    bars, grid = falling(interval_ms=3_600_000)
    assert (events_at(bars, grid, [(1, 0, 99.8, 1.0), (2, 0, 99.5, 1.0)]).bin == -1).all()
    bars, grid = falling()
    assert (events_at(bars, grid, [(1, 0, 99.8, 1.0), (2, 0, 99.5, 1.0)]).bin > 0).all()


def test_ties_are_broken_at_random():
    bars, grid = falling(tuple(range(0, -101, -1)))
    windows = one_window(bars, grid)
    rng = np.random.default_rng(3)
    events = events_at(bars, grid, [(60, 0, 100.0 * np.exp(-0.0505), 1.0)])
    even = np.ones((1, 2, grid.bins))
    lifts = [locate(even, windows, events, np.array([0]), rng).lift[0] for _ in range(2_000)]
    assert np.mean(lifts) == pytest.approx(1.0, abs=0.2)


def test_errors_are_of_days_and_not_of_rows():
    rng = np.random.default_rng(2)
    by_day = rng.normal(size=40)
    value, day = np.repeat(by_day, 24), np.repeat(np.arange(40), 24)
    mean, error = mean_and_error(value, np.ones(len(value)), day, rng)
    assert mean == pytest.approx(by_day.mean())
    assert error == pytest.approx(by_day.std() / np.sqrt(40), rel=0.15)


def test_deviance_skill_is_one_for_the_truth_and_zero_for_the_mean():
    actual = np.array([0.0, 1.0, 4.0, 11.0])
    mean = np.full(4, 4.0)
    assert deviance_skill(actual, actual, mean) == pytest.approx(1.0, abs=1e-3)
    assert deviance_skill(actual, mean, mean) == pytest.approx(0.0)
    assert deviance_skill(actual, actual[::-1], mean) < 0


def test_log_correlation_does_not_depend_on_the_unit():
    rng = np.random.default_rng(4)
    actual = rng.lognormal(0, 2, 100)
    expected = actual * rng.lognormal(0, 1, 100)
    assert log_correlation(actual, expected) == pytest.approx(
        log_correlation(1e6 * actual, 1e6 * expected)
    )
    assert log_correlation(actual, actual) == pytest.approx(1.0)


# --- the rivals ---------------------------------------------------------------------------------


def test_the_fixed_weight_book_takes_its_side_from_the_colour_and_removes_on_touch():
    bars = flat_bars([100.0, 110.0, 110.0])
    bars = dataclasses.replace(bars, middle=np.array([100.0, 99.9, 100.0]))  # the second rises
    bars = dataclasses.replace(bars, low=np.array([100.0, 100.0, 95.5]))
    grid = Grid.around(50.0, 150.0, 0.001)
    columns, swept = fixed_weight(bars, grid, np.array([1, 2]))
    assert columns[0, 0].sum() == pytest.approx(10.0)
    assert columns[0, 1].sum() == 0.0
    # 25x, 50x and 100x lie at 96, 98 and 99: 55 % of ten coins
    assert swept[2].tolist() == pytest.approx([5.5, 0.0])
    assert columns[1, 0].sum() == pytest.approx(4.5)


def test_distance_only_is_volume_over_how_often_a_distance_was_reached():
    bars = walk_bars(5, 600)
    grid = Grid.around(float(bars.low.min()), float(bars.high.max()), 0.001)
    windows = make_windows(bars, grid, 10, 20)
    rng = np.random.default_rng(1)
    bar = np.sort(rng.integers(1, 600, 3_000))
    events = place_events(bars, grid, bar, np.zeros(3_000, np.int64), bars.low[bar], np.ones(3_000))
    maps = distance_only(windows, events, grid.bins)
    changed = Events(
        bar=events.bar,
        side=events.side,
        bin=events.bin,
        quantity_base=np.where(events.bar > 300, 9.0, 1.0),
    )
    other = distance_only(windows, changed, grid.bins)
    early = windows.anchor <= 300
    np.testing.assert_array_equal(maps[early], other[early])  # nothing of the future
    assert not np.array_equal(maps[~early], other[~early])


def test_amounts_of_rivals_know_only_the_days_before():
    bars = walk_bars(6, 600)
    grid = Grid.around(float(bars.low.min()), float(bars.high.max()), 0.001)
    hour, day = np.arange(600) // 2, np.arange(300) // 30
    actual = np.random.default_rng(1).exponential(size=(300, 2))
    later = actual.copy()
    later[150:] *= 5
    swept = np.add.reduceat(bins_swept(bars, grid), np.arange(0, 600, 2), axis=0)
    for said, changed in (
        (scaled_nightly(swept, actual, day), scaled_nightly(swept, later, day)),
        (path_only(bars, grid, hour, actual, day), path_only(bars, grid, hour, later, day)),
    ):
        np.testing.assert_array_equal(said[:180], changed[:180])
        assert np.nansum(changed[180:]) > np.nansum(said[180:])
        assert np.isnan(said[:30]).all()


def test_the_path_regression_finds_a_path():
    bars = walk_bars(7, 1_200)
    grid = Grid.around(float(bars.low.min()), float(bars.high.max()), 0.001)
    hour, day = np.arange(1_200), np.arange(1_200) // 24
    actual = 3.0 * (1 + bins_swept(bars, grid)) ** 1.5
    said = path_only(bars, grid, hour, actual, day)
    for side in (0, 1):
        assert log_correlation(actual[600:, side], said[600:, side]) > 0.98
