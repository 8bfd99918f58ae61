"""Equity and maintenance over prices: by hand, and their shape."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.workstation.risk.test_liquidation import PRICES, accounts
from tests.workstation.risk.worlds import (
    BTC,
    BTC_INVERSE,
    MULTI,
    account,
    cross,
    only_pool,
    table,
    world,
)
from workstation.risk.surplus import equity, maintenance, maintenance_now, margin_balance_now, roots
from workstation.risk.tiers import TierMode


def over(pool, factors):
    legs = np.tile(factors, (len(pool.legs), 1))
    coins = np.tile(factors, (len(pool.coins), 1))
    return equity(pool, legs, coins), maintenance(pool, legs)


def test_a_linear_long_and_its_collateral_by_hand():
    owner = account(
        cross(BTC, 2.0, 50_000.0, 60_000.0), collateral=MULTI,
        balances={"BTC": 1.0, "USDT": -10_000.0}, haircuts={"BTC": 0.1},
    )  # fmt: skip
    pool = only_pool(owner, world(prices={"BTC": 60_000.0}))
    assert margin_balance_now(pool) == pytest.approx(20_000 + 54_000 - 10_000)
    assert maintenance_now(pool) == pytest.approx(600)
    moved = np.array([[0.5]]), np.array([[1.0], [0.5]])  # the debt in dollars stands still
    coins = [coin.coin for coin in pool.coins]
    order = moved[1] if coins == ["USDT", "BTC"] else moved[1][::-1]
    assert equity(pool, moved[0], order)[0] == pytest.approx(-40_000 + 27_000 - 10_000)
    assert maintenance(pool, moved[0])[0] == pytest.approx(300)


def test_an_inverse_long_gains_in_coins_when_its_value_shrinks():
    pool = only_pool(
        account(cross(BTC_INVERSE, 60_000.0, 60_000.0), balances={"BTC": 1.0}),
        world(prices={"BTC": 60_000.0}),
    )
    balance, required = over(pool, np.array([1.0, 0.5, 2.0]))  # the price stays, doubles, halves
    assert balance == pytest.approx([1.0, 1.5, 0.0])
    assert required == pytest.approx([0.005, 0.0025, 0.01])


def test_bitgets_maintenance_stays_at_the_mark():
    owner = account(cross(BTC, 1.0, 60_000.0), venue="bitget", taker_fee=0.0)
    _, required = over(only_pool(owner), np.array([0.1, 1.0, 3.0]))
    assert required == pytest.approx([300, 300, 300])


@given(accounts(), st.lists(st.floats(0.02, 30.0), min_size=3, max_size=3, unique=True))
@settings(max_examples=120)
def test_the_surplus_of_marginal_tiers_is_concave(drawn, factors):
    owner, tiers = drawn
    assume(all(t.mode is not TierMode.FLAT for t in tiers.values()))
    pool = only_pool(owner, world(prices=PRICES, tiers=tiers))
    low, middle, high = sorted(factors)
    balance, required = over(pool, np.array([low, middle, high]))
    left = balance - required
    share = (middle - low) / (high - low)
    chord = left[0] + share * (left[2] - left[0])
    assert left[1] >= chord - 1e-9 * (np.abs(balance) + required).max()


@given(accounts())
@settings(max_examples=120)
def test_the_surplus_is_zero_at_a_root_and_positive_on_the_way_to_it(drawn):
    owner, tiers = drawn
    assume(all(t.mode is not TierMode.FLAT for t in tiers.values()))
    pool = only_pool(owner, world(prices=PRICES, tiers=tiers))
    assume(margin_balance_now(pool) > maintenance_now(pool))
    down, up = roots(pool, lambda _: True, lambda _: True)
    for root in (down, up):
        if root.factor is None:
            continue
        way = 1 + (root.factor - 1) * np.array([0.0, 0.3, 0.9, 0.999, 1.0])
        balance, required = over(pool, way)
        left = balance - required
        assert np.all(left[:-1] > 0)
        assert left[-1] == pytest.approx(0.0, abs=1e-9 * (np.abs(balance) + required).max() + 1e-9)
    assert down.factor is None or down.factor < 1
    assert up.factor is None or up.factor > 1


@given(accounts())
@settings(max_examples=120)
def test_there_is_at_most_one_root_each_way(drawn):
    owner, tiers = drawn
    assume(all(t.mode is not TierMode.FLAT for t in tiers.values()))
    pool = only_pool(owner, world(prices=PRICES, tiers=tiers))
    assume(margin_balance_now(pool) > maintenance_now(pool))
    ends = zip((1e-3, 1e3), roots(pool, lambda _: True, lambda _: True), strict=True)
    for end, root in ends:
        balance, required = over(pool, np.geomspace(1.0, end, 400))
        dead = balance - required < -1e-9 * (np.abs(balance) + required)
        assert np.count_nonzero(np.diff(dead)) == int(dead.any())
        assert not dead.any() or root.factor is not None


def test_a_root_in_tiers_that_are_not_known_says_so():
    tiers = {("manual", BTC): table((0, 70_000, 0.01, 0))}
    held = cross(BTC, -1.0, 60_000.0, maintenance_rate=None)
    pool = only_pool(account(held, balances={"USDT": 20_000.0}), world(tiers=tiers))
    _, up = roots(pool, lambda _: True, lambda _: True)
    assert up.factor == pytest.approx(80_000 / 1.01 / 60_000)
    assert not up.known
