"""Between deposit and cut, and the hedge, by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings

from tests.workstation.risk.test_liquidation import PRICES, accounts, log_floats
from tests.workstation.risk.worlds import (
    BTC,
    ETH,
    HEDGE,
    account,
    book,
    cross,
    isolated,
    table,
    world,
)
from workstation.market.instrument import Side
from workstation.risk import scenario as engine
from workstation.risk.frontier import frontier, smallest_hedge
from workstation.risk.pools import pools_of
from workstation.risk.repair import AccountPlan
from workstation.risk.scenario import Scenario
from workstation.risk.tiers import TierMode
from workstation.risk.trades import execute

FALL = Scenario(moves={"BTC": 50_000.0}, funding_rate_8h=0.0)
ONE_TIER = table((0.0, None, 0.005, 0.0))


def plan_of(owner, scenario=FALL, slippage=0.0, **inputs):
    inputs.setdefault("prices", {"BTC": 60_000.0})
    living, known, path = engine.prepared(book(owner), world(**inputs), scenario)
    plan = AccountPlan(known, path, scenario.buffer, scenario.use_orders, living, slippage)
    return plan, living.accounts[0], list(pools_of(living.accounts[0], known))


def test_the_frontier_of_a_cross_long_is_a_line():
    # 6,000 + c - 10,000 (1 - x) > 250 (1 - x): c > 4,250 - 10,250 x
    plan, owner, (pool,) = plan_of(account(cross(BTC, 1.0, 60_000.0), balances={"USDT": 6_000.0}))
    found = frontier(plan, owner, pool)
    expected = np.maximum(0.0, 4_250.01 - 10_250.0 * found.share)
    assert found.deposit == pytest.approx(np.maximum(expected, 0.0), abs=0.011)
    assert found.asset == "USDT"


def test_half_an_isolated_long_needs_half_the_deposit():
    plan, owner, (pool, *_) = plan_of(
        account(isolated(BTC, 1.0, 60_000.0, 6_000.0), taker_fee=0.0005), slippage=0.0005
    )
    found = frontier(plan, owner, pool)
    assert found.deposit == pytest.approx(4_250.01 * (1 - found.share), abs=0.011)
    assert found.cost_usd == pytest.approx(60_000 * 0.001 * found.share)


@given(accounts(), log_floats(0.6, 1.5))
@settings(max_examples=40)
def test_the_frontier_falls_and_is_convex(drawn, ratio):
    owner, tiers = drawn
    scenario = Scenario(moves={"BTC": PRICES["BTC"] * ratio}, funding_rate_8h=0.0, use_betas=False)
    plan, owner, pools = plan_of(owner, scenario, prices=PRICES, tiers=tiers)
    for pool in pools:
        if not pool.can_die or pool.coins or plan.short(owner, pool) > 0:
            continue
        found = frontier(plan, owner, pool)
        size = 1.0 + float(np.nanmax(found.deposit))
        jumps = any(leg.table.mode is TierMode.FLAT for leg in pool.legs)  # at a tier's boundary
        if not owner.taker_fee and found.asset == "USDT" and not jumps:
            assert np.all(np.diff(found.deposit) <= 0.02 + 1e-9 * size)
            # closed whole there is nothing to liquidate: a debt that is left asks for no deposit
            bent = found.deposit if found.deposit[-1] else found.deposit[:-1]
            assert np.all(np.diff(bent, 2) >= -0.05 - 1e-9 * size)


def test_the_hedge_by_hand():
    # 1,000 + 10,000 q - 20 (2,000 - 1,592.03) > .005 (20 x 1,592.03 + 50,000 q), q > .7512
    owner = account(cross(ETH, 20.0, 2_000.0), balances={"USDT": 1_000.0})
    tiers = {("manual", BTC): ONE_TIER}
    plan, owner, (pool,) = plan_of(owner, tiers=tiers)
    hedge = smallest_hedge(plan, owner, pool, "BTC")
    end = 2_000 * (5 / 6) ** 1.25
    least = (20 * (2_000 - end) + 0.005 * 20 * end - 1_000) / (10_000 - 250)
    assert (hedge.symbol, hedge.side) == (BTC, Side.SHORT)
    assert least < hedge.quantity <= least + 0.001


def test_a_hedge_of_one_lot_less_is_too_small():
    owner = account(cross(ETH, 20.0, 2_000.0), balances={"USDT": 1_000.0})
    plan, owner, (pool,) = plan_of(owner, tiers={("manual", BTC): ONE_TIER})
    hedge = smallest_hedge(plan, owner, pool, "BTC")

    def left(quantity):
        like = cross(BTC, -1.0, 60_000.0, maintenance_rate=None)
        return plan.short(
            execute(owner, BTC, -quantity, 60_000.0, fee_rate=0.0, like=like).account, pool
        )

    assert left(hedge.quantity) > 0
    assert left(hedge.quantity - 0.001) <= 0


def test_there_is_no_hedge_where_it_would_be_a_cut_or_backs_nothing():
    tiers = {("manual", BTC): ONE_TIER}
    one_way = account(cross(BTC, 1.0, 60_000.0), balances={"USDT": 6_000.0})
    plan, owner, (pool,) = plan_of(one_way, tiers=tiers)
    assert smallest_hedge(plan, owner, pool, "BTC") is None
    alone = account(isolated(BTC, 1.0, 60_000.0, 6_000.0), position_mode=HEDGE)
    plan, owner, (pool,) = plan_of(alone, tiers=tiers)
    assert smallest_hedge(plan, owner, pool, "BTC") is None


def test_a_pool_without_room_for_margin_has_no_hedge():
    # below maintenance now: every hedge asks for more margin at the start
    owner = account(cross(ETH, 20.0, 2_000.0), balances={"USDT": 150.0})
    plan, owner, (pool,) = plan_of(owner, tiers={("manual", BTC): ONE_TIER})
    assert smallest_hedge(plan, owner, pool, "BTC") is None
