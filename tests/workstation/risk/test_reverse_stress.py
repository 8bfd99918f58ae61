"""Reverse stress: the moves that kill a pool, by hand, and proven by the waterfall."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.workstation.risk.test_liquidation import PRICES, accounts
from tests.workstation.risk.worlds import (
    BTC,
    BTC_INVERSE,
    ETH,
    MULTI,
    account,
    book,
    cross,
    isolated,
    world,
)
from workstation.risk.outlook import StressKind
from workstation.risk.report import EventKind
from workstation.risk.reverse_stress import FUNDING_DAILY_SIGMA, reverse_stress
from workstation.risk.scenario import Scenario, run

VOLATILITY = {"BTC": 0.03}
WORLD = world(prices={"BTC": 60_000.0, "ETH": 2_000.0})


def stresses(owner, inputs=WORLD, volatility=VOLATILITY):
    return {(s.kind, s.coin): s for s in reverse_stress(book(owner), inputs, volatility)}


def test_an_isolated_long_by_hand():
    # 6,000 of margin, 0.5 % maintenance: dead at 54,000 / 0.995 = 54,271
    found = stresses(account(isolated(BTC, 1.0, 60_000.0, 6_000.0)))
    alone = found[StressKind.COIN, "BTC"]
    assert alone.start == 60_000
    assert alone.end == pytest.approx(54_000 / 0.995)
    assert alone.move_fraction == pytest.approx(54_000 / 0.995 / 60_000 - 1)
    assert alone.sigmas == pytest.approx(math.log(60_000 * 0.995 / 54_000) / 0.03)
    assert found[StressKind.MARKET, "BTC"].end == pytest.approx(alone.end)


def test_funding_that_eats_the_surplus_in_a_day_by_hand():
    # 6,000 - 300 of surplus on 60,000 of value, three settlements
    found = stresses(account(isolated(BTC, 1.0, 60_000.0, 6_000.0)))[StressKind.FUNDING, None]
    assert found.end == pytest.approx(5_700 / 60_000 / 3)
    assert found.sigmas == pytest.approx(5_700 / 60_000 / FUNDING_DAILY_SIGMA)
    assert found.move_fraction is None


def test_a_short_is_killed_by_a_rise_by_shorts_paying_and_by_its_coin_of_settlement():
    found = stresses(account(isolated(BTC, -1.0, 60_000.0, 6_000.0)))
    assert found[StressKind.COIN, "BTC"].end > 60_000
    assert found[StressKind.FUNDING, None].end < 0
    # BTC stays in dollars while USDT falls, so it rises in USDT: 66,000 / 1.005 again
    peg = found[StressKind.DEPEG, "USDT"]
    assert 60_000 / peg.end == pytest.approx(66_000 / 1.005)
    assert peg.sigmas is None


def test_the_dollar_itself_has_no_peg_to_lose():
    owner = account(cross(BTC_INVERSE, -60_000.0, 60_000.0), balances={"BTC": 0.5})
    assert (StressKind.DEPEG, "USD") not in stresses(owner)
    assert (StressKind.COIN, "BTC") in stresses(owner)


def test_other_coins_follow_bitcoin_but_not_each_other():
    owner = account(cross(ETH, 10.0, 2_000.0), balances={"USDT": 4_000.0})
    found = stresses(owner)
    # 16,000 / 0.995 = 1,608: ETH alone; by its beta of 1.25 bitcoin has to fall less
    assert found[StressKind.COIN, "ETH"].end == pytest.approx(1_600 / 0.995)
    market = found[StressKind.MARKET, "BTC"]
    assert market.end == pytest.approx(60_000 * (1_600 / 0.995 / 2_000) ** (1 / 1.25))
    # without a volatility of its own ETH has bitcoin's times its beta
    assert found[StressKind.COIN, "ETH"].sigmas == pytest.approx(market.sigmas)


def test_what_is_likely_stands_first_and_what_has_no_law_last():
    near = account(isolated(BTC, 1.0, 60_000.0, 2_000.0), name="near")
    far = account(isolated(BTC, -1.0, 60_000.0, 20_000.0), name="far")
    found = reverse_stress(book(far, near), WORLD, VOLATILITY)
    known = [s.sigmas for s in found if s.sigmas is not None]
    assert known == sorted(known)
    assert found[0].account == "near"
    assert [s.sigmas for s in found[len(known) :]] == [None] * (len(found) - len(known))


def test_without_any_volatility_prices_are_given_and_sigmas_are_not_known():
    found = stresses(account(isolated(BTC, 1.0, 60_000.0, 6_000.0)), volatility={})
    assert found[StressKind.COIN, "BTC"].end == pytest.approx(54_000 / 0.995)
    assert found[StressKind.COIN, "BTC"].sigmas is None


def test_without_any_volatility_a_near_price_still_stands_before_an_absurd_funding_rate():
    found = reverse_stress(book(account(isolated(BTC, 1.0, 60_000.0, 6_000.0))), WORLD, {})
    kinds = [stress.kind for stress in found]
    assert kinds.index(StressKind.MARKET) < kinds.index(StressKind.FUNDING)
    assert found[kinds.index(StressKind.FUNDING)].sigmas > 90


@given(st.data())
@settings(max_examples=40)
def test_the_walk_kills_just_beyond_the_nearest_move_of_a_coin_and_not_before(data):
    owner, tiers = data.draw(accounts())
    owner, inputs = replace(owner, orders=()), world(prices=PRICES, tiers=tiers)
    alone = [
        s for s in reverse_stress(book(owner), inputs, VOLATILITY) if s.kind is StressKind.COIN
    ]
    nearest = {(s.coin, s.end < s.start): s for s in sorted(alone, key=_distance, reverse=True)}
    for stress in nearest.values():
        if _distance(stress) < 1e-3:
            continue
        assert _kills(owner, inputs, stress, 1.0001)
        assert not _kills(owner, inputs, stress, 0.999)


def _distance(stress):
    return abs(math.log(stress.end / stress.start))


def _kills(owner, inputs, stress, share):
    end = stress.start * (stress.end / stress.start) ** share
    how = Scenario(moves={stress.coin: end}, use_betas=False, funding_rate_8h=0.0)
    kinds = {event.kind for event in run(book(owner), inputs, how).events}
    return bool(kinds & {EventKind.LIQUIDATION, EventKind.PARTIAL})


def test_a_multi_asset_pool_dies_by_the_collateral_that_backs_it():
    owner = account(
        cross(BTC, 1.0, 60_000.0), balances={"ETH": 5.0}, collateral=MULTI,
        haircuts={"ETH": 0.0},
    )  # fmt: skip
    assert (StressKind.COIN, "ETH") in stresses(owner)
