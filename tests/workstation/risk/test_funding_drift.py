"""The sloping liquidation price: by hand, and against a position with that much less margin."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.workstation.risk.test_liquidation import PRICES, accounts
from tests.workstation.risk.worlds import (
    BTC,
    BTC_INVERSE,
    account,
    book,
    cross,
    funding,
    isolated,
    only_pool,
    row_of,
    table,
    world,
)
from workstation.portfolio.model import MarginMode
from workstation.risk.engine import evaluate
from workstation.risk.funding_drift import drift_per_day, hours_to_mark, liquidation_price_after
from workstation.risk.pools import pools_of

LONG = isolated(BTC, 1.0, 60_000.0, 6_000.0)
DAY = np.array([0.0, 24.0])


def test_a_longs_liquidation_price_climbs_as_it_pays():
    # 0.01 % an hour of 60,000 is 6 an hour: after a day 5,856 are left,
    # (60,000 - 5,856) / 0.995 instead of 54,000 / 0.995
    prices = liquidation_price_after(only_pool(account(LONG)), 1e-4, DAY)
    assert prices == pytest.approx([54_000 / 0.995, 54_144 / 0.995])
    assert drift_per_day(only_pool(account(LONG)), 1e-4) == pytest.approx(144 / 0.995)


def test_it_meets_the_mark_when_margin_is_down_to_maintenance():
    # 6,000 less 300 of maintenance at 6 an hour: 950 hours
    pool = only_pool(account(LONG))
    assert hours_to_mark(pool, 1e-4) == pytest.approx(950)
    assert liquidation_price_after(pool, 1e-4, np.array([949.999, 950.0, 2_000.0])) == (
        pytest.approx([60_000, 60_000, 60_000], abs=0.01)
    )


def test_a_side_that_receives_never_meets_it():
    pool = only_pool(account(LONG))
    assert hours_to_mark(pool, -1e-4) is None
    assert hours_to_mark(pool, 0.0) is None
    assert drift_per_day(pool, -1e-4) == pytest.approx(-144 / 0.995)
    short = only_pool(account(isolated(BTC, -1.0, 60_000.0, 6_000.0)))
    assert hours_to_mark(short, 1e-4) is None
    assert drift_per_day(short, 1e-4) == pytest.approx(144 / 1.005)


def test_an_inverse_position_pays_in_coins():
    # 60,000 USD at 60,000 is 1 BTC: 0.0001 an hour of 0.1; 60,000 x 1.005 / (1 + margin)
    pool = only_pool(account(isolated(BTC_INVERSE, 60_000.0, 60_000.0, 0.1)),
                     world(prices={"BTC": 60_000.0}))  # fmt: skip
    assert liquidation_price_after(pool, 1e-4, DAY) == pytest.approx(
        [60_300 / 1.1, 60_300 / 1.0976]
    )
    assert hours_to_mark(pool, 1e-4) == pytest.approx(950)


def test_what_no_price_liquidates_has_no_drift_until_it_has():
    # 60,100 of margin: none now; 59,956 after a day: (60,000 - 59,956) / 0.995
    pool = only_pool(account(isolated(BTC, 1.0, 60_000.0, 60_100.0)))
    prices = liquidation_price_after(pool, 1e-4, DAY)
    assert np.isnan(prices[0])
    assert prices[1] == pytest.approx(44 / 0.995)
    assert drift_per_day(pool, 1e-4) is None


def test_beyond_the_known_tiers_there_is_no_slope():
    tiers = {("manual", BTC): table((0, 70_000, 0.005, 0))}
    short = isolated(BTC, -1.0, 60_000.0, 30_000.0, maintenance_rate=None)
    pool = only_pool(account(short), world(tiers=tiers))
    assert np.isnan(liquidation_price_after(pool, 1e-4, DAY)).all()


def test_a_position_below_maintenance_is_there_already():
    pool = only_pool(account(isolated(BTC, 1.0, 60_000.0, 200.0)))
    assert hours_to_mark(pool, 1e-4) == 0.0


def test_the_row_tells_of_it_where_the_rate_runs():
    # 0.08 % in 8 hours is 0.01 % an hour
    row = row_of(LONG, world(funding=funding("manual", BTC, 8e-4)))
    assert row.liquidation_drift_per_day == pytest.approx(144 / 0.995)
    assert row.days_to_liquidation_by_funding == pytest.approx(950 / 24)
    assert row_of(LONG).liquidation_drift_per_day is None
    pooled = row_of(
        cross(BTC, 1.0, 60_000.0), world(funding=funding("manual", BTC, 8e-4)),
        balances={"USDT": 6_000.0},
    )  # fmt: skip
    assert pooled.liquidation_drift_per_day is None


def test_the_path_is_drawn_at_the_running_rate_or_at_a_chosen_one():
    # 0.08 % in 8 hours is 6 an hour: 5,700 to spend last 950 hours; at twice the rate half of that
    row = row_of(LONG, world(funding=funding("manual", BTC, 8e-4)))
    running, chosen = row.funding_path(None), row.funding_path(16e-4)
    assert (running.is_running, running.rate_8h) == (True, pytest.approx(8e-4))
    assert (chosen.is_running, chosen.rate_8h) == (False, 16e-4)
    assert running.meets_in_days == pytest.approx(950 / 24)
    assert chosen.meets_in_days == pytest.approx(475 / 24)
    assert chosen.drift_per_day == pytest.approx(288 / 0.995)
    for path in (running, chosen):
        assert path.price[0] == pytest.approx(54_000 / 0.995)
        at = np.searchsorted(path.days, path.meets_in_days)
        assert path.days[-1] == pytest.approx(1.1 * path.meets_in_days)
        assert np.all(path.price[:at] < path.mark_price)
        assert path.price[at:] == pytest.approx(path.mark_price)
        assert np.ptp(np.diff(path.price[:at]) / np.diff(path.days[:at])) < 1e-6  # a straight line


def test_a_path_that_never_meets_the_mark_is_drawn_for_a_month():
    row = row_of(LONG)
    assert row.funding_path(None) is None  # no running rate is known
    path = row.funding_path(-1e-4)
    assert (path.meets_in_days, path.days[-1]) == (None, 30.0)
    slow = row.funding_path(1e-6)  # 0.18 a day of 5,700: decades
    assert slow.meets_in_days == pytest.approx(5_700 / 0.18)
    assert slow.days[-1] == 30.0


def test_a_cross_position_and_one_without_tiers_have_no_path():
    pooled = row_of(cross(BTC, 1.0, 60_000.0), balances={"USDT": 6_000.0})
    untold = row_of(replace(LONG, maintenance_rate=None), venue="binanceusdm")
    assert pooled.funding_path(1e-4) is None
    assert untold.funding_path(1e-4) is None


@given(accounts(), st.floats(-1e-3, 1e-3), st.floats(0.0, 500.0))
@settings(max_examples=100)
def test_the_slope_is_the_price_with_that_much_less_margin(drawn, rate, hour):
    owner, tiers = drawn
    (position, *_) = owner.positions
    if position.margin_mode is not MarginMode.ISOLATED:
        return
    inputs = world(prices=PRICES, tiers=tiers)
    (pool,) = pools_of(owner, inputs)
    (got,) = liquidation_price_after(pool, rate, np.array([hour]))
    less = position.side.sign * rate * pool.legs[0].value * hour
    poorer = replace(position, isolated_margin=position.isolated_margin - less)
    row = evaluate(book(replace(owner, positions=(poorer,))), inputs).positions[0]
    want = np.nan if row.liquidation_price is None else row.liquidation_price
    assert got == pytest.approx(want, rel=1e-9, nan_ok=True)
