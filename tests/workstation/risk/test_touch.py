"""Touch probabilities: published values, limits, and three simulations against the closed form."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workstation.risk.touch import (
    FILTERED,
    GBM,
    HORIZONS_DAYS,
    IMPLIED,
    RELIABILITY,
    SKILL,
    Level,
    ReturnHistory,
    ewma_variance,
    monitored_at_bars,
    simulated_touch,
    touch_probability,
    touch_report,
)

A = math.log(60 / 68)  # 68k to 60k
DAYS = {days: days / 365 for days in (7, 30, 90)}
HOUR = 1 / (365 * 24)


def gaussian_history(volatility=0.55, days=365, seed=1):
    rng = np.random.default_rng(seed)
    hourly = volatility / math.sqrt(365 * 24)
    return ReturnHistory(coin="BTC", returns=hourly * rng.standard_normal(24 * days))


@pytest.mark.parametrize(("days", "published"), [(7, 0.1068), (30, 0.4543), (90, 0.6866)])
def test_68k_to_60k_at_55_percent(days, published):
    assert touch_probability(A, DAYS[days], 0.55) == pytest.approx(published, abs=5e-5)


def test_seen_at_the_ends_of_hours_only_it_is_less_likely():
    further = monitored_at_bars(A, 0.55, HOUR)
    assert further == pytest.approx(A - 0.5826 * 0.55 * math.sqrt(HOUR))
    assert touch_probability(further, DAYS[7], 0.55) == pytest.approx(0.0974, abs=5e-5)


@pytest.mark.parametrize("days", [7, 30, 90])
@pytest.mark.parametrize("side", [1, -1])
def test_simulation_with_a_bridge_agrees_within_four_standard_errors(days, side):
    distance = side * A
    rng = np.random.default_rng(days)
    found, error = simulated_touch(distance, DAYS[days], 0.55, rng, paths=40_000)
    assert error < 0.003
    assert abs(found - touch_probability(distance, DAYS[days], 0.55)) < 4 * error


def test_a_level_above_is_the_mirror_image_with_the_drift_turned_round():
    # ln S has drift -sigma^2/2; the mirrored path has +sigma^2/2, which is a drift of sigma^2
    assert touch_probability(-A, DAYS[30], 0.55) == pytest.approx(
        touch_probability(A, DAYS[30], 0.55, drift=0.55**2)
    )


@given(st.floats(-1.0, 1.0), st.floats(0.001, 1.0), st.floats(0.1, 2.0), st.floats(1.01, 3.0))
def test_it_grows_with_time_and_shrinks_with_distance(distance, years, volatility, factor):
    here = touch_probability(distance, years, volatility)
    assert 0.0 <= here <= 1.0
    assert touch_probability(distance, years * factor, volatility) >= here - 1e-12
    assert touch_probability(distance * factor, years, volatility) <= here + 1e-12


@given(st.floats(-1.0, -0.01), st.floats(0.001, 1.0), st.floats(0.1, 2.0))
def test_it_is_at_least_the_probability_of_ending_beyond(distance, years, volatility):
    spread = volatility * math.sqrt(years)
    ends_beyond = math.erfc(-(distance / spread + spread / 2) / math.sqrt(2)) / 2
    assert touch_probability(distance, years, volatility) >= ends_beyond


def test_where_the_price_stands_it_is_certain_and_without_time_or_volatility_impossible():
    assert touch_probability(0.0, 1.0, 0.5) == 1.0
    assert touch_probability(A, 0.0, 0.5) == 0.0
    assert touch_probability(A, 1.0, 0.0) == 0.0


def test_on_gaussian_returns_filtered_history_agrees_with_the_closed_form():
    report = touch_report(
        "BTC", 68_000.0, [Level(what="scenario", price=60_000.0)], gaussian_history(),
        np.random.default_rng(2),
    )  # fmt: skip
    bands = report.touches[0].bands
    assert [band.horizon_days for band in bands] == list(HORIZONS_DAYS)
    for band in bands:
        exact = touch_probability(A, band.horizon_days / 365, 0.55)
        assert band.models[FILTERED] == pytest.approx(exact, abs=0.02)
        assert band.models[GBM] == pytest.approx(exact, abs=0.02)


def test_a_calm_week_after_a_wild_year_makes_a_touch_less_likely():
    wild, calm = gaussian_history(0.7, 355), gaussian_history(0.2, 10, seed=3)
    after = ReturnHistory(coin="BTC", returns=np.concatenate([wild.returns, calm.returns]))
    levels = [Level(what="scenario", price=60_000.0)]
    now, before = (
        touch_report("BTC", 68_000.0, levels, history, np.random.default_rng(1)).touches[0].bands[1]
        for history in (after, wild)
    )
    assert now.models[FILTERED] < before.models[FILTERED] / 2


def test_the_band_is_the_range_of_the_models_and_the_default_stands_in_its_middle():
    report = touch_report(
        "BTC", 68_000.0, [Level(what="scenario", price=60_000.0)], gaussian_history(0.4),
        np.random.default_rng(2), implied_volatility=0.9,
    )  # fmt: skip
    for band in report.touches[0].bands:
        assert set(band.models) == {FILTERED, GBM, IMPLIED}
        assert (band.low, band.high) == (min(band.models.values()), max(band.models.values()))
        assert band.mid == band.models[FILTERED]
        exact = touch_probability(A, band.horizon_days / 365, 0.9)
        assert band.high == band.models[IMPLIED] == pytest.approx(exact)


@given(st.integers(0, 1_000))
@settings(max_examples=5)
def test_every_level_is_read_off_the_same_paths(seed):
    prices = (50_000.0, 60_000.0, 66_000.0, 70_000.0, 80_000.0)
    report = touch_report(
        "BTC", 68_000.0, [Level(what=f"{price:g}", price=price) for price in prices],
        gaussian_history(days=60), np.random.default_rng(seed), paths=2_000,
    )  # fmt: skip
    for k in range(len(HORIZONS_DAYS)):
        mid = [touch.bands[k].mid for touch in report.touches]
        assert mid[0] <= mid[1] <= mid[2]
        assert mid[3] >= mid[4]
    for touch in report.touches:
        assert touch.bands[0].mid <= touch.bands[1].mid <= touch.bands[2].mid


def test_without_history_only_what_was_given_is_used_and_without_either_nothing_is_said():
    levels = [Level(what="scenario", price=60_000.0)]
    rng = np.random.default_rng(1)
    assert touch_report("BTC", 68_000.0, levels, None, rng) is None
    short = gaussian_history(days=5)
    assert touch_report("BTC", 68_000.0, levels, short, rng) is None
    report = touch_report("BTC", 68_000.0, levels, short, rng, implied_volatility=0.55)
    band = report.touches[0].bands[1]
    assert band.low == band.mid == band.high == pytest.approx(0.1068, abs=5e-5)
    assert "Without 30 days" in report.assumptions[0]


def test_a_price_that_never_moved_is_no_history():
    still = ReturnHistory(coin="BTC", returns=np.zeros(24 * 40))
    assert touch_report("BTC", 68_000.0, [], still, np.random.default_rng(1)) is None


def test_a_short_history_is_said_to_be_short():
    report = touch_report(
        "BTC", 68_000.0, [], gaussian_history(days=40), np.random.default_rng(1), paths=10
    )
    assert "40 days" in report.assumptions[0]


def test_weights_halve_with_the_half_life():
    # ages 2, 1, 0 with half-life 1: weights 1/4, 1/2, 1
    assert ewma_variance(np.array([2.0, 1.0, 0.0]), 1.0) == pytest.approx((4 / 4 + 1 / 2) / 1.75)
    assert gaussian_history(0.55).daily_volatility() == pytest.approx(
        0.55 / math.sqrt(365), rel=0.1
    )


def test_the_reliability_of_the_models_is_given_with_its_events():
    assert all(len(row.predicted) == len(row.observed) for row in RELIABILITY)
    assert {row.event for row in SKILL} == {
        "-5 % in 7 d", "-10 % in 7 d", "-10 % in 30 d", "-20 % in 30 d"}  # fmt: skip
    assert all(0 < row.skill < 0.2 for row in SKILL)
