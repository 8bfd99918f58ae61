"""Where a pool has earned its costs: by hand, and by closing it there."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.workstation.risk.worlds import (
    BTC,
    BTC_INVERSE,
    ETH,
    account,
    book,
    cross,
    isolated,
    world,
)
from workstation.risk.break_even import break_even
from workstation.risk.path import MarketPath

MARKS = {("manual", BTC): 60_000.0, ("manual", BTC_INVERSE): 60_000.0, ("manual", ETH): 2_000.0}
WORLD = world(marks=MARKS, prices={"BTC": 60_000.0, "ETH": 2_000.0})
STILL = MarketPath(rates={}, funding={})
FEE = 0.0005


def owner(*positions, **more):
    return account(*positions, taker_fee=FEE, **more)


def only(portfolio_owner, path=STILL, volatility=None):
    (row,) = break_even(book(portfolio_owner), WORLD, path, volatility or {"BTC": 0.03})
    return row


@pytest.mark.parametrize("sign", [1, -1])
def test_one_linear_position_by_the_formula(sign):
    # e (1 + s f) / (1 - s f): liquidation-math, section 1
    row = only(owner(isolated(BTC, sign * 1.0, 58_000.0, 6_000.0)))
    assert row.end == pytest.approx(58_000 * (1 + sign * FEE) / (1 - sign * FEE))
    assert row.sigmas == pytest.approx(abs(math.log(row.end / 60_000)) / 0.03)
    assert row.profit_usd == pytest.approx(sign * 2_000)
    assert row.fees_usd == pytest.approx(FEE * (58_000 + 60_000))
    assert row.move_fraction == pytest.approx(row.end / 60_000 - 1)


@pytest.mark.parametrize("sign", [1, -1])
def test_one_inverse_position_by_the_formula(sign):
    row = only(owner(cross(BTC_INVERSE, sign * 100_000.0, 58_000.0), balances={"BTC": 1.0}))
    assert row.end == pytest.approx(58_000 * (1 + sign * FEE) / (1 - sign * FEE))


def test_funding_that_will_be_paid_moves_it_away():
    # 0.01 % per 8 h over 24 h on 60,000: 18 USD of one coin
    path = MarketPath(rates={}, funding={("main", BTC): 0.0003})
    row = only(owner(isolated(BTC, 1.0, 58_000.0, 6_000.0), name="main"), path)
    assert row.funding_usd == pytest.approx(18.0)
    assert row.end == pytest.approx((58_000 * (1 + FEE) + 18) / (1 - FEE))


def test_other_coins_come_along_by_their_betas():
    # half of the loss is ether's, which rises 1.25 times as far
    pool = owner(cross(BTC, 1.0, 61_000.0), cross(ETH, 30.0, 2_050.0), balances={"USDT": 50_000.0})
    row = only(pool)
    clock = math.log(row.end / 60_000)
    bitcoin, ether = 60_000 * math.exp(clock), 30 * 2_000 * math.exp(1.25 * clock)
    cost = 61_000 + 61_500
    assert bitcoin + ether - cost == pytest.approx(FEE * (bitcoin + ether + cost), abs=1e-4)


def test_a_pool_that_no_price_brings_there_says_so():
    # a hedge of equal sizes that was opened apart: its loss is locked in
    pool = owner(
        cross(BTC, 1.0, 61_000.0),
        cross(BTC, -1.0, 59_000.0),
        balances={"USDT": 50_000.0},
    )
    row = only(pool)
    assert row.end is None
    assert row.sigmas is None
    assert row.move_fraction is None


def test_the_nearest_stands_first():
    near = owner(isolated(BTC, 1.0, 59_500.0, 6_000.0), name="near")
    far = owner(isolated(BTC, 1.0, 50_000.0, 6_000.0), name="far")
    rows = break_even(book(far, near), WORLD, STILL, {})
    assert [row.account for row in rows] == ["near", "far"]
    assert rows[0].sigmas is None  # without a volatility none is told


@given(entry=st.floats(30_000, 90_000), size=st.floats(0.01, 50.0), long=st.booleans())
@settings(max_examples=50, deadline=None)
def test_closed_there_it_is_worth_what_it_cost(entry, size, long):
    sign = 1 if long else -1
    row = only(owner(isolated(BTC, sign * size, entry, 0.2 * size * entry)))
    profit = sign * size * (row.end - entry)
    assert profit == pytest.approx(FEE * size * (entry + row.end), rel=1e-6)
