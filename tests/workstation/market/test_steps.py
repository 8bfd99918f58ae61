import numpy as np
import pytest

from workstation.market.facts import (
    FundingHistory,
    FundingRate,
    OpenInterest,
    OpenInterestHistory,
)
from workstation.market.instrument import MarketKey
from workstation.market.steps import (
    RunningMean,
    StepSeries,
    funding_steps,
    open_interest_steps,
    weighted_mean,
)
from workstation.units import DAY_MS, HOUR_MS, MINUTE_MS, UnixMs

KEY = MarketKey("bybit", "BTC/USDT:USDT")
NOW = UnixMs(1_770_325_200_000)
LAST = NOW - 5 * HOUR_MS  # 2026-02-05 16:00 UTC, a settlement


def settled(rates=(0.0001, 0.0002), interval_h=8.0, late_ms=0):
    count = len(rates)
    return FundingHistory(
        key=KEY,
        time_ms=LAST + late_ms + round(interval_h * HOUR_MS) * np.arange(1 - count, 1),
        funding_rate=np.array(rates),
        interval_h=np.full(count, interval_h),
    )


def running(rate=-0.0003, as_of=NOW, interval_h=8.0):
    return FundingRate(
        key=KEY,
        as_of_ms=UnixMs(as_of),
        fresh_for_ms=6_000,
        funding_rate=rate,
        interval_h=interval_h,
    )


def readings(coins, step_ms=5 * MINUTE_MS):
    values = np.array(coins, dtype=float)
    return OpenInterestHistory(
        key=KEY,
        time_ms=NOW + step_ms * np.arange(-len(values), 0),
        open_interest_base=values,
        open_interest_usd=values * 64_000,
    )


def reading(coins, as_of=NOW):
    return OpenInterest(
        key=KEY,
        as_of_ms=UnixMs(as_of),
        fresh_for_ms=6_000,
        open_interest_base=coins,
        open_interest_usd=coins * 64_000,
    )


def test_a_settled_rate_held_over_the_interval_before_its_settlement():
    series = funding_steps(settled(), None, NOW)
    times = [LAST - 16 * HOUR_MS, LAST - 8 * HOUR_MS - 1, LAST - 8 * HOUR_MS, LAST - 1, LAST]
    expected = [0.0001, 0.0001, 0.0002, 0.0002, np.nan]
    np.testing.assert_allclose(series.at(times), expected, equal_nan=True)


def test_hourly_funding_is_shown_per_eight_hours():
    series = funding_steps(settled((0.00001,), interval_h=1.0), None, NOW)
    assert series.value.tolist() == pytest.approx([0.00008])


def test_the_running_rate_holds_from_the_last_settlement_until_now():
    series = funding_steps(settled(), running(as_of=NOW - 2_000), NOW)
    assert float(series.at(LAST)) == pytest.approx(-0.0003)
    assert series.until_ms[-1] == NOW


def test_a_rate_that_went_stale_is_carried_no_further_than_it_was_true():
    series = funding_steps(settled(), running(as_of=NOW - HOUR_MS), NOW)
    assert series.until_ms[-1] == NOW - HOUR_MS + 6_000


def test_a_missing_settlement_stays_a_hole_before_the_running_rate():
    series = funding_steps(settled(), running(as_of=NOW + 8 * HOUR_MS), NOW + 8 * HOUR_MS)
    assert np.isnan(series.at(NOW))


def test_a_settlement_stamped_some_seconds_late_makes_no_hole():
    history = settled()
    history.time_ms[1] += 7_000
    series = funding_steps(history, None, NOW)
    np.testing.assert_array_equal(series.start_ms[1:], series.until_ms[:-1])


def test_open_interest_holds_until_the_next_reading():
    series = open_interest_steps(readings([90, 91, 92]), reading(93), NOW)
    assert float(series.at(NOW - 5 * MINUTE_MS)) == 92
    assert float(series.at(NOW - 5 * MINUTE_MS - 1)) == 91
    assert series.value[-1] == 93


def test_missing_readings_of_open_interest_are_a_hole():
    whole = readings(np.arange(20.0) + 1)
    keep = np.r_[0:5, 15:20]
    history = OpenInterestHistory(
        key=KEY,
        time_ms=whole.time_ms[keep],
        open_interest_base=whole.open_interest_base[keep],
        open_interest_usd=whole.open_interest_usd[keep],
    )
    series = open_interest_steps(history, None, NOW)
    assert np.isnan(series.at(whole.time_ms[10]))
    assert float(series.at(whole.time_ms[4] + 14 * MINUTE_MS)) == 5.0


def test_a_venue_without_history_begins_with_its_newest_reading():
    series = open_interest_steps(None, reading(93), NOW + 1_000)
    assert (series.start_ms.tolist(), series.value.tolist()) == ([NOW], [93])


def test_what_holds_since_and_before_a_time_is_what_held_around_it():
    series = funding_steps(settled(), running(), NOW)
    cut = int(LAST - 3 * HOUR_MS)
    times = np.arange(LAST - 20 * HOUR_MS, NOW, HOUR_MS)
    before, since = series.before(cut).at(times), series.since(cut).at(times)
    whole = series.at(times)
    np.testing.assert_array_equal(np.where(times < cut, before, since), whole)
    assert np.isnan(before[times >= cut]).all()
    assert np.isnan(since[times < cut]).all()


def hold(value, start, until):
    return StepSeries(
        start_ms=np.array([start]), until_ms=np.array([until]), value=np.array([float(value)])
    )


def test_the_mean_is_weighted_by_open_interest():
    mean = weighted_mean(
        [hold(0.0001, 0, 100), hold(0.0004, 0, 100)], [hold(90, 0, 100), hold(30, 0, 100)]
    )
    assert mean.value.tolist() == pytest.approx([(0.0001 * 90 + 0.0004 * 30) / 120])


def test_the_mean_is_over_those_that_are_known_with_their_weight():
    mean = weighted_mean(
        [hold(0.0001, 0, 100), hold(0.0004, 50, 100)], [hold(90, 0, 100), hold(90, 0, 60)]
    )
    assert mean.at([10, 55, 70]).tolist() == pytest.approx([0.0001, 0.00025, 0.0001])
    assert len(weighted_mean([], [])) == 0


def test_the_running_mean_is_the_mean_whatever_was_asked_before():
    noise = np.random.default_rng(5)
    rates, coins = noise.normal(0, 1e-4, 30), 90_000 + np.cumsum(noise.normal(0, 50, 2_000))
    running_mean = RunningMean()
    for shown in (1_000, 1_001, 1_300, 1_999, 700):
        now = int(readings(coins).time_ms[shown])
        history = readings(coins)
        known = OpenInterestHistory(
            key=KEY,
            time_ms=history.time_ms[:shown],
            open_interest_base=history.open_interest_base[:shown],
            open_interest_usd=history.open_interest_usd[:shown],
        )
        values = [funding_steps(settled(rates), None, now), hold(2e-4, NOW - 9 * DAY_MS, now)]
        weights = [open_interest_steps(known, None, now), hold(40_000, NOW - 9 * DAY_MS, now)]
        times = np.arange(NOW - 10 * DAY_MS, now, MINUTE_MS * 7)
        np.testing.assert_allclose(
            running_mean(values, weights).at(times),
            weighted_mean(values, weights).at(times),
            rtol=1e-12,
        )


def test_the_running_mean_notices_a_corrected_past():
    values, weights = [hold(1, 0, 9 * DAY_MS), hold(3, 0, 9 * DAY_MS)], [hold(1, 0, 9 * DAY_MS)] * 2
    running_mean = RunningMean()
    assert float(running_mean(values, weights).at(DAY_MS)) == 2
    values[1] = hold(5, 0, 9 * DAY_MS)
    assert float(running_mean(values, weights).at(DAY_MS)) == 3
