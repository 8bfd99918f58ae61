"""The conformal band: coverage, also where the regime changes, and what it may know."""

from __future__ import annotations

import numpy as np
import pytest

from workstation.risk.heatmap_band import LEAST_HOURS, PRIOR_FACTORS, by_hour, hourly_band


def hours(count, *, spread=1.0, seed=1, shift=None):
    rng = np.random.default_rng(seed)
    expected = rng.lognormal(2.0, 1.0, count)
    error = rng.normal(0.0, spread, count)
    if shift is not None:
        error[shift:] += 1.5  # everything becomes four times as much
    return expected, expected * np.exp(error)


def covered(expected, actual, rows):
    band = hourly_band(expected, actual)
    return np.mean((actual >= band.low)[rows] & (actual <= band.high)[rows])


@pytest.mark.parametrize("spread", [0.3, 1.0, 2.0])
def test_eight_of_ten_hours_lie_inside(spread):
    shares = [
        covered(*hours(1_500, spread=spread, seed=seed), slice(400, None)) for seed in range(5)
    ]
    assert np.mean(shares) == pytest.approx(0.8, abs=0.03)


def test_the_band_follows_a_regime_that_old_residuals_do_not_know():
    expected, actual = hours(1_500, shift=750)
    old = hourly_band(expected[:750], actual[:750]).factors
    inside = (actual >= old[0] * expected) & (actual <= old[1] * expected)
    assert inside[750:].mean() < 0.5
    assert covered(expected, actual, slice(750, None)) > 0.7


def test_the_band_of_an_hour_does_not_know_what_happens_in_it_or_later():
    expected, actual = hours(400)
    changed = actual.copy()
    changed[300:] *= 100
    one, other = hourly_band(expected, actual), hourly_band(expected, changed)
    np.testing.assert_array_equal(one.high[:301], other.high[:301])
    assert other.high[301] >= one.high[301]


def test_with_a_lag_the_newest_residuals_are_not_known_yet():
    expected, actual = hours(400)
    changed = actual.copy()
    changed[300:] *= 100
    one, other = hourly_band(expected, actual, 24), hourly_band(expected, changed, 24)
    np.testing.assert_array_equal(one.high[:324], other.high[:324])


def test_the_prior_s_band_holds_until_enough_hours_were_seen():
    expected, actual = hours(LEAST_HOURS - 1)
    assert hourly_band(expected, actual).factors == PRIOR_FACTORS
    assert hourly_band(expected[:0], actual[:0]).factors == PRIOR_FACTORS
    longer = hourly_band(*hours(LEAST_HOURS + 1))
    assert longer.factors != PRIOR_FACTORS


def test_hours_without_expectation_and_without_liquidation_are_no_miss():
    expected, actual = hours(500)
    expected[::2] = actual[::2] = 0.0
    band = hourly_band(expected, actual)
    assert (band.low[400::2] == 0).all()
    assert np.isfinite(band.high).all()


def test_rows_are_added_up_by_their_hour():
    sums = by_hour(np.array([[1.0, 10.0], [2.0, 20.0], [4.0, 40.0]]), np.array([5, 5, 7]))
    assert sums.tolist() == [[3.0, 30.0], [4.0, 40.0]]
