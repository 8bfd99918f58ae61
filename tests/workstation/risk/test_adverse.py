"""The unfavourable end: beyond the price, and betas at the end of their bands that hurts."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from tests.workstation.risk.worlds import BTC, ETH, SOL, account, book, cross, isolated, world
from workstation.risk.adverse import adverse, overshoot
from workstation.risk.beta_estimates import BetaEstimate
from workstation.risk.rescue import rescue
from workstation.risk.scenario import Scenario
from workstation.risk.transfers import TransferTerms

FALL = Scenario(moves={"BTC": 50_000.0}, funding_rate_8h=0.0, over_h=6.0)
PRICES = {"BTC": 60_000.0, "ETH": 2_000.0, "SOL": 80.0}


def band(coin, low, high):
    return BetaEstimate(
        coin=coin, beta=1.2, downside=None, low=low, high=high, hours=100, source="a test"
    )


def test_a_fast_move_goes_further_beyond_its_end():
    assert overshoot(6.0) == pytest.approx(0.021)
    assert overshoot(1 / 6) == pytest.approx(0.049)
    assert overshoot(0.0) == overshoot(1 / 6)
    assert overshoot(168.0) == pytest.approx(0.021)
    assert 0.021 < overshoot(2.0) < 0.026


@pytest.mark.parametrize(("end", "sign"), [(50_000.0, -1), (70_000.0, 1)])
def test_the_price_overshoots_the_way_it_goes(end, sign):
    owner = account(cross(BTC, 1.0, 60_000.0), balances={"USDT": 50_000.0})
    harder = adverse(book(owner), world(prices=PRICES), replace(FALL, moves={"BTC": end}), ())
    assert harder.moves["BTC"] == pytest.approx(end * math.exp(sign * 0.021))


def test_betas_lie_at_the_end_that_hurts():
    owner = account(cross(ETH, 10.0, 2_000.0), cross(SOL, -10.0, 80.0), balances={"USDT": 50_000.0})
    bands = (band("ETH", 1.05, 1.6), band("SOL", 1.05, 1.9))
    harder = adverse(book(owner), world(prices=PRICES), FALL, bands)
    assert harder.betas == {"ETH": 1.6, "SOL": 1.05}
    rise = replace(FALL, moves={"BTC": 70_000.0})
    assert adverse(book(owner), world(prices=PRICES), rise, bands).betas == {
        "ETH": 1.05, "SOL": 1.9}  # fmt: skip


def test_a_beta_that_the_user_has_set_stands():
    owner = account(cross(ETH, 10.0, 2_000.0), balances={"USDT": 50_000.0})
    given = replace(FALL, betas={"ETH": 1.3})
    harder = adverse(book(owner), world(prices=PRICES), given, (band("ETH", 1.05, 1.6),))
    assert harder.betas == {"ETH": 1.3}


def test_a_rescue_for_the_unfavourable_end_asks_for_more():
    # 6,000 + x + P - 60,000 > 0.005 P at 50,000 exp(-.021) = 48,960.9
    owner = account(isolated(BTC, 1.0, 60_000.0, 6_000.0), balances={"USDT": 9_000.0})
    inputs = world(prices=PRICES)
    harder = adverse(book(owner), inputs, FALL, ())
    (row,) = rescue(book(owner), inputs, harder, TransferTerms()).rows
    assert row.needed == pytest.approx(54_000 - 0.995 * 50_000 * math.exp(-0.021), abs=0.011)
