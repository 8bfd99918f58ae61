"""A move on one clock: prices, funding, and the first breach."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.workstation.risk.worlds import (
    BTC,
    BTC_INVERSE,
    ETH,
    account,
    cross,
    isolated,
    only_pool,
    world,
)
from workstation.risk.path import MarketPath, lowest_surplus
from workstation.risk.pools import pools_of

BITCOIN = {"BTC": 60_000.0}


def path(funding=None, **rates):
    return MarketPath(rates=rates, funding=funding or {})


def long_pool(wallet=6_000.0):
    return only_pool(account(cross(BTC, 1.0, 60_000.0), balances={"USDT": wallet}))


def test_a_linear_contract_follows_its_base_against_its_quote():
    (leg,) = long_pool().legs
    assert path(BTC=-0.2).leg_factor(leg, 0.5) == pytest.approx(math.exp(-0.1))
    assert path(USDT=-0.03).leg_rate(leg) == pytest.approx(0.03)


def test_an_inverse_contract_is_worth_more_coins_as_the_price_falls():
    owner = account(cross(BTC_INVERSE, 100.0, 60_000.0), balances={"BTC": 1.0})
    pool = only_pool(owner, world(prices=BITCOIN))
    assert path(BTC=-0.2).leg_factor(pool.legs[0], 1.0) == pytest.approx(math.exp(0.2))
    assert path(BTC=-0.2).usd_price(pool, np.array([1.0]))[0] == pytest.approx(
        60_000 * math.exp(-0.2)
    )


@pytest.mark.parametrize("rate", [-0.5, 0.0, 1e-14, 0.4])
@pytest.mark.parametrize("symbol", [BTC, BTC_INVERSE])
@given(since=st.floats(0.0, 0.9))
@settings(max_examples=10)
def test_funding_is_the_integral_over_the_moving_value(rate, symbol, since):
    owner = account(cross(symbol, -120.0, 60_000.0), balances={"USDT": 1.0})
    pool = next(pool for pool in pools_of(owner, world(prices=BITCOIN)) if pool.legs)
    (leg,) = pool.legs
    way = path({("a", symbol): 0.01}, BTC=rate)
    clock = np.linspace(since, 1.0, 4_001)
    values = leg.value * np.exp(way.leg_rate(leg) * clock)
    summed = -0.01 * np.trapezoid(values, clock)
    paid = way.leg_funding(pool, leg, np.array([1.0]), since)[0]
    assert paid == pytest.approx(summed, rel=1e-6)


def test_the_first_breach_is_where_the_surplus_ends():
    # 6,000 + 60,000 (k - 1) = 300 k
    way = path(BTC=math.log(0.5))
    when = way.first_breach(long_pool(), 0.0, 1.0)
    assert math.exp(way.rate("BTC") * when) == pytest.approx(54_000 / 59_700, rel=1e-10)
    assert way.surplus(long_pool(), np.array([when]))[0] <= 0


def test_there_is_no_breach_on_a_way_that_ends_before_it():
    assert path(BTC=math.log(0.91)).first_breach(long_pool(), 0.0, 1.0) is None


def test_a_pool_that_is_short_already_breaches_at_once():
    assert path(BTC=-0.1).first_breach(long_pool(100.0), 0.25, 1.0) == 0.25


def test_a_way_can_be_walked_backwards():
    when = path(BTC=1.0).first_breach(long_pool(), 0.0, -1.0)
    assert when == pytest.approx(math.log(54_000 / 59_700))


def test_a_dip_on_the_way_is_seen_though_the_end_is_fine():
    # short ETH, beta 2, against long BTC: the loss is deepest between start and end
    owner = account(
        cross(BTC, 2.0, 60_000.0), cross(ETH, -30.0, 2_000.0), balances={"USDT": 7_000.0}
    )
    pool, way = only_pool(owner), path(BTC=math.log(0.5), ETH=math.log(0.2))
    clock = np.linspace(0, 1, 20_001)
    left = way.surplus(pool, clock)
    assert lowest_surplus(pool, way, 0.0, 1.0).surplus == pytest.approx(left.min(), abs=1e-2)
    when = way.first_breach(pool, 0.0, 1.0)
    below = np.flatnonzero(left <= 0)
    assert (when is None) == (len(below) == 0)
    if when is not None:
        assert when == pytest.approx(clock[below[0]], abs=1e-4)


def test_funding_brings_the_breach_nearer_and_a_buffer_the_need():
    pool = only_pool(account(isolated(BTC, 1.0, 60_000.0, 6_000.0)))
    way = path({("a", BTC): 0.01}, BTC=math.log(0.5))
    assert way.first_breach(pool, 0.0, 1.0) < path(BTC=math.log(0.5)).first_breach(pool, 0.0, 1.0)
    plain = lowest_surplus(pool, way, 0.0, 1.0).surplus
    assert lowest_surplus(pool, way, 0.0, 1.0, buffer=0.5).surplus == pytest.approx(
        plain - 75, abs=1e-6
    )
