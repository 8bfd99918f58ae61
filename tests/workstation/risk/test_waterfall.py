"""The walk of a scenario, by hand."""

from __future__ import annotations

import math

import pytest

from tests.workstation.risk.test_liquidation import (
    PRICES,
)
from tests.workstation.risk.walks import (
    LIMIT,
    STOP,
    TAKE_PROFIT,
    kinds,
    move,
    parts,
)
from tests.workstation.risk.worlds import (
    BTC,
    BTC_INVERSE,
    ETH,
    HEDGE,
    MULTI,
    account,
    cross,
    funding,
    isolated,
    order,
    table,
    world,
)
from workstation.portfolio.model import MarginSystem
from workstation.risk.report import EventKind, PositionOutcome
from workstation.risk.tiers import TierMode


def test_a_move_to_where_the_price_is_changes_nothing():
    report = move(
        account(cross(BTC, 1.0, 58_000.0, 60_000.0), balances={"USDT": 20_000.0}),
        moves={"BTC": 60_000.0},
    )
    assert report.events == ()
    assert report.pnl_usd == 0
    assert report.equity_after_usd == report.equity_before_usd == pytest.approx(22_000)
    assert report.repair.add_collateral == ()


def test_an_isolated_long_loses_its_margin_and_the_wallet_stays():
    # liquidated at 540,000 / 9.95 = 54,271.36
    report = move(account(isolated(BTC, 10.0, 60_000.0, 60_000.0), balances={"USDT": 7_000.0}))
    (event,) = report.events
    assert event.kind is EventKind.LIQUIDATION
    assert event.price == pytest.approx(540_000 / 9.95)
    assert event.coin_price["BTC"] == pytest.approx(540_000 / 9.95)
    assert event.quantity == 10
    assert event.loss_usd == pytest.approx(60_000)
    assert event.account_equity_after_usd == pytest.approx(7_000)
    assert report.equity_before_usd == pytest.approx(67_000)
    assert report.equity_after_usd == pytest.approx(7_000)
    (row,) = report.positions
    assert row.status is PositionOutcome.LIQUIDATED
    assert row.margin_ratio is None
    assert row.pnl_usd == pytest.approx(-60_000)


def test_profit_at_the_start_is_lost_with_the_margin():
    # margin 6,000 + profit 10,000; dead at (50,000 - 6,000) / 0.995 = 44,221
    report = move(account(isolated(BTC, 1.0, 50_000.0, 6_000.0, 60_000.0)), moves={"BTC": 40_000.0})
    assert report.events[0].price == pytest.approx(44_000 / 0.995)
    assert report.events[0].loss_usd == pytest.approx(16_000)


def test_a_cross_pool_dies_whole_at_each_legs_own_price():
    # BTC x 0.9, ETH x 0.9^1.25: 10,000 + (B - 60,000) + 5 (E - 2,000) = 0.005 (B + 5 E)
    owner = account(
        cross(BTC, 1.0, 60_000.0), cross(ETH, 5.0, 2_000.0), balances={"USDT": 10_000.0}
    )
    report = move(owner)
    assert kinds(report) == [(EventKind.LIQUIDATION, BTC), (EventKind.LIQUIDATION, ETH)]
    b, e = (event.price for event in report.events)
    assert e == pytest.approx(2_000 * (b / 60_000) ** 1.25)
    assert 10_000 + (b - 60_000) + 5 * (e - 2_000) == pytest.approx(0.005 * (b + 5 * e), abs=1e-3)
    assert [event.equity_after_usd for event in report.events] == [0.0, 0.0]
    assert sum(event.loss_usd for event in report.events) == pytest.approx(10_000)
    assert report.pnl_usd == pytest.approx(-10_000)


def test_a_stop_before_the_liquidation_saves_the_rest():
    # stop at 56,000 fills 5 bp lower, 55,972; no fee at a manual venue
    owner = account(
        isolated(BTC, 1.0, 60_000.0, 6_000.0),
        orders=(order(STOP, BTC, -1.0, 56_000.0, reduce_only=True),),
    )
    report = move(owner)
    (event,) = report.events
    assert event.kind is EventKind.STOP
    assert event.price == pytest.approx(55_972)
    assert event.loss_usd == pytest.approx(4_028)
    assert report.equity_after_usd == pytest.approx(1_972)
    assert report.positions[0].status is PositionOutcome.REDUCED
    assert report.balances == ()
    without = move(owner, use_orders=False)
    assert without.events[0].kind is EventKind.LIQUIDATION
    assert without.equity_after_usd == 0


def test_a_stop_pays_the_venues_fee():
    owner = account(
        isolated(BTC, 1.0, 60_000.0, 6_000.0), taker_fee=0.001,
        orders=(order(STOP, BTC, -1.0, 56_000.0, reduce_only=True),),
    )  # fmt: skip
    assert move(owner).equity_after_usd == pytest.approx(1_972 - 55.972)


def test_a_bid_below_doubles_the_position():
    # 1 at 60,000 and 1 at 55,000: entry 57,500; 40,000 - 2 x 7,500 at 50,000
    owner = account(
        cross(BTC, 1.0, 60_000.0), balances={"USDT": 40_000.0},
        orders=(order(LIMIT, BTC, 1.0, 55_000.0),),
    )  # fmt: skip
    report = move(owner)
    (event,) = report.events
    assert (event.kind, event.price, event.quantity) == (
        EventKind.FILL, pytest.approx(55_000), 1.0)  # fmt: skip
    assert report.equity_after_usd == pytest.approx(25_000)
    assert report.positions[0].margin_ratio == pytest.approx(0.005 * 100_000 / 25_000)


def test_a_stop_that_sells_more_than_is_held_turns_the_position_round():
    # long 1 closed and short 1 opened at 54,972.5 (55,000 less 5 bp); short gains 4,972.5 to 50,000
    owner = account(
        cross(BTC, 1.0, 60_000.0), balances={"USDT": 40_000.0},
        orders=(order(STOP, BTC, -2.0, 55_000.0),),
    )  # fmt: skip
    report = move(owner)
    assert report.equity_after_usd == pytest.approx(40_000 - 5_027.5 + 4_972.5)
    assert [p.side.value for p in report.positions] == ["long", "short"]
    assert report.positions[1].margin_ratio == pytest.approx(250 / 39_945)


def test_a_bid_after_the_stop_still_knows_its_market():
    owner = account(
        cross(BTC, 1.0, 60_000.0), balances={"USDT": 40_000.0},
        orders=(order(STOP, BTC, -1.0, 58_000.0), order(LIMIT, BTC, 1.0, 52_000.0)),
    )  # fmt: skip
    report = move(owner)
    assert kinds(report) == [(EventKind.STOP, BTC), (EventKind.FILL, BTC)]
    assert report.equity_after_usd == pytest.approx(40_000 - 2_029 - 2_000)


def test_a_dead_pools_bids_are_cancelled():
    owner = account(
        cross(BTC, 1.0, 60_000.0), balances={"USDT": 6_000.0},
        orders=(order(LIMIT, BTC, 1.0, 52_000.0), order(LIMIT, ETH, 1.0, 1_200.0)),
    )  # fmt: skip
    report = move(owner, inputs=world(marks={("manual", ETH): 2_000.0}), moves={"BTC": 30_000.0})
    assert kinds(report) == [(EventKind.LIQUIDATION, BTC)]


def test_the_stop_of_an_isolated_leg_outlives_the_cross_pool():
    owner = account(
        cross(ETH, 10.0, 2_000.0), isolated(BTC, 1.0, 60_000.0, 30_000.0),
        balances={"USDT": 1_000.0}, orders=(order(STOP, BTC, -1.0, 50_000.0, reduce_only=True),),
    )  # fmt: skip
    report = move(owner, moves={"BTC": 45_000.0})
    assert kinds(report) == [(EventKind.LIQUIDATION, ETH), (EventKind.STOP, BTC)]


def test_a_take_profit_and_an_offer_wait_for_a_rise():
    owner = account(
        cross(BTC, 2.0, 60_000.0), balances={"USDT": 40_000.0},
        orders=(order(TAKE_PROFIT, BTC, -1.0, 65_000.0), order(LIMIT, BTC, -1.0, 68_000.0)),
    )  # fmt: skip
    assert move(owner).events == ()
    report = move(owner, moves={"BTC": 70_000.0})
    assert [event.price for event in report.events] == pytest.approx([65_000, 68_000])
    assert report.equity_after_usd == pytest.approx(53_000)


def test_an_inverse_short_gains_what_its_collateral_loses():
    # 60,000 USD short on 1 BTC is 60,000 USD at any price
    inputs = world(prices={"BTC": 60_000.0})
    owner = account(cross(BTC_INVERSE, -60_000.0, 60_000.0), balances={"BTC": 1.0})
    report = move(owner, inputs=inputs, moves={"BTC": 30_000.0})
    assert report.events == ()
    assert report.pnl_usd == pytest.approx(0.0, abs=1e-8)
    assert report.positions[0].pnl_usd == pytest.approx(30_000)
    assert report.balances[0].pnl_usd == pytest.approx(-30_000)


def test_an_inverse_long_dies_with_its_coins_at_their_price_of_that_moment():
    # 60,000 x 1.005 / (0.5 + 1) = 40,200; 0.5 BTC was worth 30,000 and is worth 20,100 there
    inputs = world(prices={"BTC": 60_000.0})
    owner = account(cross(BTC_INVERSE, 60_000.0, 60_000.0), balances={"BTC": 0.5})
    report = move(owner, inputs=inputs, moves={"BTC": 30_000.0})
    (event,) = report.events
    assert event.price == pytest.approx(40_200)
    assert event.loss_usd == pytest.approx(20_100)
    assert report.balances[0].pnl_usd == pytest.approx(-9_900)
    assert report.pnl_usd == pytest.approx(-30_000)


def test_bitcoin_behind_a_linear_long_falls_with_it():
    # 0.9 B + (B - 60,000) = 0.005 B at B = 60,000 / 1.895
    inputs = world(prices={"BTC": 60_000.0})
    owner = account(
        cross(BTC, 1.0, 60_000.0), collateral=MULTI, balances={"BTC": 1.0}, haircuts={"BTC": 0.1}
    )
    report = move(owner, inputs=inputs, moves={"BTC": 30_000.0})
    (event,) = report.events
    dead = 60_000 / 1.895
    assert event.price == pytest.approx(dead)
    assert event.loss_usd == pytest.approx(dead)
    assert report.balances[0].pnl_usd == pytest.approx(dead - 60_000)
    assert report.equity_after_usd == 0.0
    assert parts(report) == pytest.approx(report.pnl_usd)


def test_funding_over_six_hours_is_paid_on_the_moving_value():
    # 0.01 per 8 h for 6 h on 1 BTC whose price falls from 60,000 to 50,000 linearly in its log
    owner = account(cross(BTC, 1.0, 60_000.0), balances={"USDT": 40_000.0})
    report = move(owner, over_h=6.0, funding_rate_8h=0.01)
    mean = 10_000 / math.log(1.2)
    assert report.pnl_usd == pytest.approx(-10_000 - 0.01 * 0.75 * mean)
    assert report.positions[0].pnl_usd == pytest.approx(report.pnl_usd)
    assert report.balances == ()


def test_funding_of_a_market_that_stands_still_is_a_plain_product():
    owner = account(isolated(BTC, -1.0, 60_000.0, 6_000.0))
    report = move(owner, over_h=8.0, funding_rate_8h=0.01, moves={"BTC": 60_000.0})
    assert report.pnl_usd == pytest.approx(600)


def test_running_rates_apply_where_none_is_given():
    inputs = world(funding=funding("manual", BTC, 0.001, interval_h=4.0))
    owner = account(cross(BTC, 1.0, 60_000.0), balances={"USDT": 40_000.0})
    report = move(owner, inputs=inputs, over_h=8.0, funding_rate_8h=None, moves={"BTC": 60_000.0})
    assert report.pnl_usd == pytest.approx(-120)


def test_funding_alone_can_liquidate_an_isolated_position():
    # 400 of margin against 300 of maintenance: 100 are paid after a third of 300 an hour
    owner = account(isolated(BTC, 1.0, 60_000.0, 400.0))
    report = move(owner, over_h=8.0, funding_rate_8h=0.005, moves={"BTC": 60_000.0})
    assert kinds(report) == [(EventKind.LIQUIDATION, BTC)]
    assert report.events[0].loss_usd == pytest.approx(400)
    assert report.pnl_usd == pytest.approx(-400)


def test_a_position_below_maintenance_goes_first_and_at_its_mark():
    owner = account(
        isolated(BTC, 1.0, 60_000.0, 200.0),
        orders=(order(STOP, BTC, -1.0, 61_000.0, reduce_only=True),),
    )
    report = move(owner)
    (event,) = report.events
    assert (event.step, event.kind, event.price) == (1, EventKind.LIQUIDATION, 60_000)
    assert event.loss_usd == pytest.approx(200)


def test_ties_run_by_account_symbol_and_side():
    def owner(name):
        legs = (cross(ETH, 10.0, 2_000.0), cross(BTC, -0.1, 60_000.0), cross(BTC, 0.5, 60_000.0))
        return account(*legs, name=name, balances={"USDT": 4_000.0}, position_mode=HEDGE)

    report = move(owner("b"), owner("a"))
    assert [(e.account, e.symbol, e.side.value) for e in report.events] == [
        (name, symbol, side)
        for name in ("a", "b")
        for symbol, side in ((BTC, "long"), (BTC, "short"), (ETH, "long"))
    ]


def test_a_loan_that_is_called_gives_an_event_for_its_collateral():
    # 0.9 B = 40,000 at 44,444.44; 20,000 of its own are gone
    loan = account(
        collateral=MULTI, balances={"BTC": 1.0, "USDT": -40_000.0}, haircuts={"BTC": 0.1}
    )
    report = move(loan, inputs=world(prices={"BTC": 60_000.0}), moves={"BTC": 44_000.0})
    (event,) = report.events
    assert (event.kind, event.symbol, event.side.value) == (EventKind.LIQUIDATION, "BTC", "long")
    assert event.price == pytest.approx(40_000 / 0.9)
    assert event.quantity == 1.0
    assert event.loss_usd == pytest.approx(20_000)
    assert report.equity_after_usd == 0
    assert parts(report) == pytest.approx(report.pnl_usd)


def test_debts_without_collateral_are_not_liquidated():
    debt = account(collateral=MULTI, balances={"USDT": -500.0})
    report = move(debt, inputs=world(prices={"BTC": 60_000.0}))
    assert report.events == ()
    assert report.equity_after_usd == pytest.approx(-500)


def test_what_has_no_rule_is_left_out_of_both_sides_of_the_sum():
    odd = account(
        cross(BTC, 1.0, 60_000.0), balances={"BTC": 1.0, "USDT": 10.0}, name="odd",
        margin_system=MarginSystem.PORTFOLIO,
    )  # fmt: skip
    plain = account(cross(BTC, 1.0, 60_000.0), balances={"USDT": 30_000.0}, name="plain")
    report = move(odd, plain, inputs=world(prices={"BTC": 60_000.0}))
    assert report.equity_before_usd == pytest.approx(30_000)
    assert parts(report) == pytest.approx(report.pnl_usd) == -10_000
    assert report.positions[0].status is PositionOutcome.UNKNOWN
    assert report.positions[0].pnl_usd is None


def test_a_position_without_tiers_is_valued_and_never_dies():
    owner = account(cross(BTC, 1.0, 60_000.0, maintenance_rate=None), balances={"USDT": 5_000.0})
    report = move(owner)
    assert report.events == ()
    assert report.equity_after_usd == pytest.approx(-5_000)
    assert report.positions[0].status is PositionOutcome.UNKNOWN
    assert "no maintenance tiers are known" in report.problems[0]


def test_a_growing_isolated_position_takes_margin_at_its_own_leverage():
    # 60,000 / 12,000: five times; the bid takes 55,000 / 5 from the wallet
    owner = account(
        isolated(BTC, 1.0, 60_000.0, 12_000.0), balances={"USDT": 20_000.0},
        orders=(order(LIMIT, BTC, 1.0, 55_000.0),),
    )  # fmt: skip
    report = move(owner, moves={"BTC": 55_000.0})
    (row,) = report.positions
    assert row.margin_ratio == pytest.approx(0.005 * 110_000 / (12_000 + 11_000 - 5_000))


def test_a_tier_that_rises_on_the_way_is_met_at_its_boundary():
    tiers = {("manual", BTC): table((0, 70_000, 0.01, 0), (70_000, None, 0.5, 0), mode="flat")}
    owner = account(cross(BTC, -1.0, 60_000.0, maintenance_rate=None), balances={"USDT": 20_000.0})
    report = move(owner, inputs=world(tiers=tiers), moves={"BTC": 75_000.0})
    assert report.events[0].price == pytest.approx(70_000)


def test_a_position_that_comes_and_goes_on_the_way_is_told_of():
    # an offer opens a short beside the long; the rise liquidates it
    owner = account(
        isolated(BTC, 1.0, 60_000.0, 12_000.0), balances={"USDT": 13_000.0}, position_mode=HEDGE,
        orders=(order(LIMIT, BTC, -1.0, 61_000.0),),
    )  # fmt: skip
    report = move(owner, moves={"BTC": 80_000.0})
    assert kinds(report) == [(EventKind.FILL, BTC), (EventKind.LIQUIDATION, BTC)]
    assert [(p.side.value, p.status.value) for p in report.positions] == [
        ("long", "open"), ("short", "liquidated")]  # fmt: skip
    assert parts(report) == pytest.approx(report.pnl_usd)


def test_a_leg_that_grows_back_over_a_floor_is_not_cut_without_end():
    """An inverse long's value grows while the price falls, over the floor that it was cut to."""
    tiers = table(
        (0, 0.078, 0.03, 0), (0.078, 0.246, 0.07, 0), (0.246, 0.687, 0.14, 0),
        (0.687, None, 0.2, 0), mode=TierMode.FLAT,
    )  # fmt: skip
    owner = account(
        cross(BTC_INVERSE, 43_965.0, 60_872.0, 64_000.0, maintenance_rate=None, contract_size=1.0),
        venue="binanceusdm",
        balances={"BTC": 0.0357},
    )
    report = move(
        owner, inputs=world(prices=PRICES, tiers={("binanceusdm", BTC_INVERSE): tiers}),
        moves={"BTC": 45_000.0},
    )  # fmt: skip
    cuts = [event for event in report.events if event.kind is EventKind.PARTIAL]
    assert 1 < len(cuts) < 100
    assert all(event.quantity > 0 for event in cuts)
    assert sum(event.quantity for event in report.events) <= 43_965.0 + 1e-6
    assert parts(report) == pytest.approx(report.pnl_usd, abs=0.02)
