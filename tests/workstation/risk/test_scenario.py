"""The scenario's own words: moves, betas, prices, the ladder, and the rescue."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.workstation.risk.test_liquidation import PRICES, accounts, log_floats
from tests.workstation.risk.walks import mixed_accounts, orders
from tests.workstation.risk.worlds import (
    BTC,
    BTC_INVERSE,
    ETH,
    MULTI,
    NOW_MS,
    account,
    book,
    cross,
    isolated,
    world,
)
from workstation.errors import RiskInputError
from workstation.risk.engine import evaluate
from workstation.risk.inputs import PositionKey, Presumption
from workstation.risk.next_deposit import with_rescue
from workstation.risk.report import EventKind, PositionOutcome
from workstation.risk.scenario import Scenario, ladder, reference_price, run

FREE = {"funding_rate_8h": 0.0}


def test_other_coins_follow_by_their_betas_in_logarithms():
    owner = account(
        cross(BTC, 0.1, 60_000.0), cross(ETH, 1.0, 2_000.0), balances={"USDT": 50_000.0}
    )
    report = run(book(owner), world(), Scenario(moves={"BTC": 48_000.0}, **FREE))
    prices = {row.symbol: row.price for row in report.prices}
    assert prices == pytest.approx({BTC: 48_000, ETH: 2_000 * 0.8**1.25})
    assert report.betas == {"ETH": 1.25}
    assert report.pnl_usd == pytest.approx(-1_200 + 2_000 * (0.8**1.25 - 1))


@pytest.mark.parametrize(
    ("scenario", "end", "betas"),
    [
        ({"betas": {"ETH": 2.0}}, 2_000 * 0.64, {"ETH": 2.0}),
        ({"use_betas": False}, 2_000.0, {}),
        ({"moves": {"BTC": 48_000.0, "ETH": 1_900.0}}, 1_900.0, {}),
        ({"betas": {"ETH": 0.0}}, 2_000.0, {}),
        ({"moves": {"ETH": 1_900.0}}, 1_900.0, {}),
    ],
)
def test_an_explicit_move_beats_a_beta_and_a_beta_can_be_set_or_left_out(scenario, end, betas):
    owner = account(
        cross(BTC, 0.1, 60_000.0), cross(ETH, 1.0, 2_000.0), balances={"USDT": 50_000.0}
    )
    scenario = {"moves": {"BTC": 48_000.0}, **FREE, **scenario}
    report = run(book(owner), world(), Scenario(**scenario))
    assert report.prices[1].price == pytest.approx(end)
    assert report.betas == betas


def test_markets_of_one_coin_take_the_same_return_from_their_own_marks():
    owner = account(
        cross(BTC, 1.0, 60_000.0, 60_600.0), cross(BTC_INVERSE, -1_000.0, 60_000.0),
        balances={"USDT": 50_000.0, "BTC": 1.0},
    )  # fmt: skip
    report = run(book(owner), world(prices={"BTC": 60_000.0}), Scenario(moves={"BTC": 54_000.0}))
    assert [row.price for row in report.prices] == pytest.approx([54_540, 54_000])


def test_a_move_starts_at_the_consolidated_price_or_at_the_largest_positions_mark():
    owner = account(cross(BTC, 1.0, 60_000.0, 60_600.0), cross(BTC_INVERSE, -1_000.0, 60_000.0))
    assert reference_price("BTC", book(owner), world()) == 60_600
    assert reference_price("BTC", book(owner), world(prices={"BTC": 60_100.0})) == 60_100
    assert reference_price("DOGE", book(owner), world()) is None


def test_a_mark_in_another_coin_is_no_price_in_dollars():
    owner = account(cross("ETH/BTC:BTC", 100.0, 0.03), balances={"BTC": 1.0})
    assert reference_price("ETH", book(owner), world(prices={"BTC": 60_000.0})) is None


def test_a_coin_without_a_price_cannot_be_moved():
    owner = account(cross(BTC, 1.0, 60_000.0), balances={"USDT": 50_000.0})
    with pytest.raises(RiskInputError, match="DOGE"):
        run(book(owner), world(), Scenario(moves={"DOGE": 0.1}))


def test_a_stablecoin_that_slips_takes_its_wallet_and_the_marks_in_it_along():
    # 10,000 USDT at 0.97; BTC stays at 60,000 USD, so it gains in USDT
    owner = account(cross(BTC, 1.0, 60_000.0), balances={"USDT": 10_000.0})
    report = run(book(owner), world(), Scenario(moves={"USDT": 0.97}, **FREE))
    assert report.prices[0].price == pytest.approx(60_000 / 0.97)
    assert report.equity_after_usd == pytest.approx((10_000 + 60_000 / 0.97 - 60_000) * 0.97)


def test_what_is_presumed_lost_is_not_in_the_scenario_and_neither_is_its_wallet():
    lost = account(
        cross(BTC, 1.0, 60_000.0), cross(ETH, 1.0, 2_000.0), balances={"USDT": 9_000.0}, name="lost"
    )
    alive = account(cross(BTC, 0.1, 60_000.0), balances={"USDT": 5_000.0}, name="alive")
    passed = Presumption(sentence="It was passed.", price=57_000.0)
    inputs = world(presumed={PositionKey("lost", BTC, lost.positions[0].side): passed})
    report = run(book(lost, alive), inputs, Scenario(moves={"BTC": 59_000.0}, **FREE))
    assert report.equity_before_usd == pytest.approx(5_000)
    assert evaluate(book(lost, alive), inputs).totals.equity_usd == pytest.approx(5_000)
    assert [row.status for row in report.positions] == [
        PositionOutcome.LIQUIDATED, PositionOutcome.LIQUIDATED, PositionOutcome.OPEN]  # fmt: skip


def test_the_ladder_by_hand():
    # dead at 54,000 / 0.995 = 54,271
    owner = account(isolated(BTC, 1.0, 60_000.0, 6_000.0), balances={"USDT": 1_000.0})
    prices = np.array([50_000.0, 54_000.0, 55_000.0, 60_000.0, 70_000.0])
    curve = ladder(book(owner), world(), "BTC", prices, Scenario(moves={}, **FREE))
    assert curve.equity_usd == pytest.approx([1_000, 1_000, 2_000, 7_000, 17_000])
    assert curve.pnl_usd == pytest.approx([-6_000, -6_000, -5_000, 0, 10_000])
    assert curve.liquidated == pytest.approx([1, 1, 0, 0, 0])
    assert curve.maintenance_margin_usd == pytest.approx([0, 0, 275, 300, 350])


@given(st.data(), st.booleans(), st.sampled_from([0.0, 6.0]))
@settings(max_examples=25)
def test_every_rung_of_the_ladder_is_the_run_to_its_price(data, use_orders, over_h):
    owner, tiers = data.draw(st.one_of(accounts(), mixed_accounts()))
    owner = replace(owner, orders=data.draw(orders(owner)))
    inputs = world(prices=PRICES, tiers=tiers)
    ratios = sorted(data.draw(st.lists(log_floats(0.6, 1.6), min_size=1, max_size=4)))
    prices = PRICES["BTC"] * np.array([*ratios])
    how = Scenario(moves={}, over_h=over_h, funding_rate_8h=0.001, use_orders=use_orders)
    curve = ladder(book(owner), inputs, "BTC", prices, how)
    for k, price in enumerate(prices):
        end = run(book(owner), inputs, replace(how, moves={"BTC": float(price)}))
        size = 1.0 + abs(end.equity_before_usd)
        assert curve.equity_usd[k] == pytest.approx(end.equity_after_usd, abs=1e-7 * size)
        dead = [e for e in end.events if e.kind is EventKind.LIQUIDATION and "/" in e.symbol]
        assert curve.liquidated[k] == len({(e.symbol, e.side) for e in dead})


def test_the_rescue_is_the_deposit_into_the_pool_that_is_liquidated_next():
    # both die on the way to 50,000; the isolated one first
    near = isolated(BTC, 1.0, 60_000.0, 3_000.0)
    far = cross("BTC/USDC:USDC", 1.0, 60_000.0)
    owner = account(far, near, balances={"USDC": 8_000.0})
    risk, inputs = evaluate(book(owner), world()), world()
    fall = Scenario(moves={"BTC": 50_000.0}, **FREE)
    deposits = run(book(owner), inputs, fall).repair.add_collateral
    report = with_rescue(risk, deposits, fall.moves)
    # 3,000 + x - 10,000 = 250
    coming = report.next_liquidation
    assert (coming.symbol, coming.rescue_asset) == (BTC, "USDT")
    assert coming.rescue_amount == pytest.approx(7_250, abs=0.011)


def test_the_wallets_deposit_does_not_rescue_an_isolated_position():
    # a rise kills the cross short; the isolated long is nearest, yet no rise reaches it
    long = isolated(BTC, 1.0, 60_000.0, 3_000.0)
    short = cross(ETH, -10.0, 2_000.0)
    owner = account(long, short, balances={"USDT": 3_000.0})
    risk = evaluate(book(owner), world())
    assert risk.next_liquidation.symbol == BTC
    rise = Scenario(moves={"ETH": 3_000.0}, **FREE)
    deposits = run(book(owner), world(), rise).repair.add_collateral
    assert deposits
    assert with_rescue(risk, deposits, rise.moves).next_liquidation.rescue_amount is None


def test_the_time_to_the_price_is_the_last_hours_pace():
    owner = account(isolated(BTC, 1.0, 60_000.0, 6_000.0))
    inputs = world(pace={"BTC": -0.02})
    (row,) = evaluate(book(owner), inputs).positions
    minutes = evaluate(book(owner), inputs).next_liquidation.minutes_at_pace
    assert minutes == pytest.approx(60 * math.log(row.liquidation_price / 60_000) / math.log(0.98))
    away = replace(inputs, pace={"BTC": 0.02})
    assert evaluate(book(owner), away).next_liquidation.minutes_at_pace == math.inf
    unknown = replace(inputs, pace={})
    assert evaluate(book(owner), unknown).next_liquidation.minutes_at_pace is None


def test_a_multi_asset_book_walks_with_what_backs_it():
    owner = account(
        cross(ETH, -10.0, 2_000.0), collateral=MULTI,
        balances={"BTC": 0.5, "USDT": -5_000.0}, haircuts={"BTC": 0.05},
    )  # fmt: skip
    inputs = world(prices={"BTC": 60_000.0})
    report = run(book(owner), inputs, Scenario(moves={"BTC": 54_000.0}, **FREE))
    change = 0.5 * -6_000 - 10 * 2_000 * (0.9**1.25 - 1)
    assert report.pnl_usd == pytest.approx(change)
    assert report.balances[0].asset == "BTC"
    assert evaluate(book(owner), inputs).as_of_ms == NOW_MS


def test_haircuts_are_raised_from_the_start_and_never_lowered():
    # 1 BTC backs 1 BTC of long: 60,000 x (1 - 0.95) = 3,000 counts, 300 are needed; at 0.999 60 do
    owner = account(
        cross(BTC, 1.0, 60_000.0), balances={"BTC": 1.0}, collateral=MULTI, haircuts={"BTC": 0.95}
    )
    still = {"moves": {"BTC": 60_000.0}, **FREE}
    assert run(book(owner), world(), Scenario(**still)).events == ()
    lower = Scenario(**still, haircuts={"BTC": 0.1, "ETH": 0.5})
    assert run(book(owner), world(), lower).events == ()
    higher = Scenario(**still, haircuts={"BTC": 0.999})
    (event,) = run(book(owner), world(), higher).events
    assert event.kind is EventKind.LIQUIDATION
    curve = ladder(book(owner), world(), "BTC", np.array([60_000.0]), higher)
    assert curve.liquidated == pytest.approx([1])
