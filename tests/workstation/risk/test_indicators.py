"""Every gauge by hand; what all of them keep stands in ``tests/contracts``."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from tests.workstation.market.facts import DAY_MS, HOUR_MS, btc, order_book, store_of
from workstation.market.consolidated import consolidate
from workstation.risk.gauge_inputs import GaugeInputs
from workstation.risk.indicators import INDICATORS, MIN_DAYS

A, B = btc("binanceusdm"), btc("bybit")
NOW_MS = 40 * DAY_MS
BY_KEY = {indicator.key: indicator for indicator in INDICATORS}


def inputs(*, funding_days=(), interest=(), books=(), **overview):
    """Gauge inputs; ``funding_days`` are yearly rates a day, ``interest`` coins an hour."""
    empty = consolidate("BTC", store_of(now_ms=NOW_MS))
    days = len(funding_days)
    return GaugeInputs(
        overview=dataclasses.replace(empty, **overview),
        funding_ms=NOW_MS - 1 - HOUR_MS * np.arange(24 * days)[::-1],
        funding_yearly=np.repeat(np.array(funding_days, dtype=float), 24),
        open_interest_ms=NOW_MS - 1 - HOUR_MS * np.arange(len(interest))[::-1],
        open_interest_base=np.array(interest, dtype=float),
        open_interest_venues=("binanceusdm",),
        books=tuple(books),
    )


def test_running_funding_has_its_place_among_the_daily_means():
    days = [0.01 * day for day in range(20)]
    reading = BY_KEY["funding_now"].value(inputs(funding_days=days, funding_rate_yearly=0.145))
    assert reading.value == 0.145
    assert reading.percentile == pytest.approx(15 / 20)  # 0.00 to 0.14 lie below
    assert BY_KEY["funding_now"].band(reading.value).label == "usual"


def test_a_percentile_needs_two_weeks():
    known = inputs(funding_days=[0.1] * (MIN_DAYS - 1), funding_rate_yearly=0.1)
    assert BY_KEY["funding_now"].value(known).percentile is None


def test_the_week_of_funding_is_the_mean_of_seven_days():
    days = [0.0] * 10 + [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7]
    reading = BY_KEY["funding_week"].value(inputs(funding_days=days))
    assert reading.value == pytest.approx(0.4)
    assert BY_KEY["funding_week"].band(reading.value).label == "hot"
    assert BY_KEY["funding_week"].value(inputs(funding_days=days[:6])) is None


def test_open_interest_is_placed_among_its_own_hours():
    hours = [*range(1_000, 1_399), 1_199.5]
    reading = BY_KEY["open_interest"].value(inputs(interest=hours))
    assert reading.value == reading.percentile == pytest.approx(200 / 399)
    assert "between 1,000 and 1,398 in the 16 days at hand" in reading.basis
    assert BY_KEY["open_interest"].value(inputs(interest=hours[: 24 * MIN_DAYS])) is None


def test_depth_is_what_rests_within_a_percent_of_the_middle():
    whole = order_book(
        A,
        [(99.9, 1.0), (99.1, 2.0), (98.0, 50.0)],
        [(100.1, 3.0), (100.9, 4.0), (102.0, 50.0)],
    )
    reading = BY_KEY["depth"].value(inputs(books=[whole]))
    assert reading.value == pytest.approx(99.9 + 2 * 99.1 + 3 * 100.1 + 4 * 100.9)
    assert "At least" not in reading.basis


def test_a_book_that_ends_early_makes_depth_a_floor():
    short = order_book(B, [(99.9, 1.0)], [(100.1, 1.0)])
    reading = BY_KEY["depth"].value(inputs(books=[short]))
    assert reading.value == pytest.approx(200.0)
    assert "At least" in reading.basis
    assert BY_KEY["depth"].value(inputs(books=[order_book(B, [], [(100.1, 1.0)])])) is None


@pytest.mark.parametrize(
    ("key", "field", "value", "label"),
    [
        ("realised_volatility", "realised_volatility_yearly", 0.75, "high"),
        ("basis", "basis_fraction", -0.002, "below the index"),
        ("spread", "spread_fraction", 0.0001, "tight"),
    ],
)
def test_a_reading_of_the_overview_is_shown_as_it_is(key, field, value, label):
    indicator = BY_KEY[key]
    reading = indicator.value(inputs(**{field: value}))
    assert reading.value == value
    assert reading.percentile is None
    assert indicator.band(value).label == label
