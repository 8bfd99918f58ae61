"""The conformal band: coverage, also where the regime changes, and what it may know."""

from __future__ import annotations

import numpy as np
import pytest

from workstation.risk.heatmap_band import PRIOR_FACTORS, TAIL, by_hour, hourly_band


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


def restless_hours(count, seed):
    """A drift, a jump as of a new mix of leverage, a spread that comes and goes, quiet hours."""
    rng = np.random.default_rng(seed)
    expected = rng.lognormal(2.0, 1.5, count)
    drift = np.cumsum(rng.normal(0.0, 0.03, count)) + np.where(np.arange(count) < 900, 0.0, 1.5)
    spread = 0.5 + 0.4 * np.sin(np.arange(count) / 150)
    actual = expected * np.exp(drift + spread * rng.standard_t(4, count))
    quiet = rng.random(count) < 0.4
    expected[quiet] = actual[quiet] = 0.0
    return expected, actual, ~quiet


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


def test_it_holds_on_a_restless_stream_in_which_many_hours_are_quiet():
    streams = [restless_hours(1_600, seed) for seed in range(6)]
    shares, after = (
        [covered(*stream[:2], np.flatnonzero(stream[2][rows]) + rows.start) for stream in streams]
        for rows in (slice(400, 1_600), slice(900, 1_100))
    )
    assert np.mean(shares) == pytest.approx(0.8, abs=0.03)
    assert np.mean(after) > 0.7


def test_quiet_hours_change_no_band():
    expected, actual = hours(600)
    among = np.sort(np.random.default_rng(2).choice(900, 600, replace=False))
    quiet_expected, quiet_actual = np.zeros((2, 900))
    quiet_expected[among], quiet_actual[among] = expected, actual
    shares = [
        covered(one, other, rows)
        for one, other, rows in (
            (expected, actual, slice(200, None)),
            (quiet_expected, quiet_actual, among[200:]),
        )
    ]
    assert shares[1] == pytest.approx(shares[0], abs=0.02)


def test_sums_of_a_day_are_held_as_often_though_few_were_seen():
    shares = []
    for seed in range(12):
        expected, actual = (
            np.convolve(each, np.ones(24))[:1_440] for each in hours(1_440, seed=seed)
        )
        band = hourly_band(expected, actual, hours=24)
        inside = (actual >= band.low) & (actual <= band.high)
        shares.append(inside[600::24].mean())
    assert np.mean(shares) == pytest.approx(0.8, abs=0.08)


def test_what_is_not_known_of_the_reported_share_widens_the_band():
    expected, actual = hours(600, spread=0.3)
    known = np.log(hourly_band(expected, actual).factors)
    unsure = np.log(hourly_band(expected, actual, reported_spread=0.4).factors)
    # two independent normal errors: .3 and .4 are .5
    assert np.diff(unsure) / np.diff(known) == pytest.approx(0.5 / 0.3, rel=0.1)
    assert unsure.mean() == pytest.approx(known.mean(), abs=1e-12)


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
    one, other = (hourly_band(expected, each, hours=24) for each in (actual, changed))
    np.testing.assert_array_equal(one.high[:324], other.high[:324])


def test_the_prior_s_band_holds_until_enough_hours_were_seen():
    expected, actual = hours(400, spread=0.1)
    few = int(1 / TAIL) - 2  # of nine equal residuals the least is the tenth's quantile
    for count in (0, few):
        assert hourly_band(expected[:count], actual[:count]).factors == pytest.approx(PRIOR_FACTORS)
    low, high = hourly_band(expected, actual).factors
    assert PRIOR_FACTORS[0] < low < 1 < high < PRIOR_FACTORS[1]


def test_few_hours_that_were_worse_than_the_prior_s_band_are_believed():
    expected, actual = hours(6)
    assert hourly_band(expected, 100 * actual).factors[1] > 10 * PRIOR_FACTORS[1]


def test_hours_without_expectation_and_without_liquidation_are_no_miss():
    expected, actual = hours(500)
    expected[::2] = actual[::2] = 0.0
    band = hourly_band(expected, actual)
    assert (band.low[400::2] == 0).all()
    assert np.isfinite(band.high).all()


def test_rows_are_added_up_by_their_hour():
    sums = by_hour(np.array([[1.0, 10.0], [2.0, 20.0], [4.0, 40.0]]), np.array([5, 5, 7]))
    assert sums.tolist() == [[3.0, 30.0], [4.0, 40.0]]
