"""Partial liquidations by each venue's rule: by hand, and what must hold of every cut."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from tests.workstation.risk.test_liquidation import PRICES, log_floats
from tests.workstation.risk.walks import kinds, mixed_accounts, move, parts
from tests.workstation.risk.worlds import (
    BTC,
    BTC_INVERSE,
    ETH,
    account,
    cross,
    isolated,
    table,
    world,
)
from workstation.risk.profiles import PROFILES, Reduction
from workstation.risk.report import EventKind, PositionOutcome
from workstation.risk.tiers import TierUnit

PARTIAL, LIQUIDATION = EventKind.PARTIAL, EventKind.LIQUIDATION
TWO_TIERS = table((0, 50_000, 0.01, 0), (50_000, None, 0.02, 500))


def long_btc(venue, margin=6_000.0, tiers=TWO_TIERS, to=50_000.0, make=None, **more):
    held = make or cross(BTC, 1.0, 60_000.0, maintenance_rate=None, contract_size=1.0)
    owner = account(held, venue=venue, balances={"USDT": margin}, taker_fee=0.0, **more)
    return move(owner, inputs=world(tiers={(venue, BTC): tiers}), moves={"BTC": to})


@pytest.mark.parametrize("venue", ["binanceusdm", "bybit"])
def test_a_high_tier_is_stepped_down_first_and_the_rest_goes_whole(venue):
    # 6,000 + P - 60,000 = 0.02 P - 500 at 53,500 / 0.98 = 54,591.84, with 591.84 left; 50,000 of
    # value stay, q = 0.915888: 591.84 + q (P - 54,591.84) = 0.01 q P at 49,408.16 / (0.99 q)
    first = 53_500 / 0.98
    kept = 50_000 / first
    report = long_btc(venue)
    assert kinds(report) == [(PARTIAL, BTC), (LIQUIDATION, BTC)]
    cut, whole = report.events
    assert cut.price == pytest.approx(first)
    assert cut.quantity == pytest.approx(1 - kept)
    assert cut.loss_usd == pytest.approx((1 - kept) * (60_000 - first), rel=1e-6)
    assert cut.account_equity_after_usd == pytest.approx(first - 54_000)
    assert whole.price == pytest.approx((50_000 - (first - 54_000)) / (0.99 * kept), rel=1e-7)
    assert whole.quantity == pytest.approx(kept)
    assert cut.loss_usd + whole.loss_usd == pytest.approx(6_000)
    assert report.equity_after_usd == 0


def test_a_position_that_is_only_reduced_says_so():
    report = long_btc("bybit", to=54_550.0)
    assert kinds(report) == [(PARTIAL, BTC)]
    (row,) = report.positions
    assert row.status is PositionOutcome.REDUCED
    assert row.margin_ratio is not None
    assert parts(report) == pytest.approx(report.pnl_usd)


def test_what_is_assumed_of_cuts_is_said():
    assert long_btc("bybit").problems == (
        "a: Bybit cuts large positions step by step; the cuts are taken to fill at the mark.",
    )
    assert long_btc("binanceusdm").problems == (
        "a: Binance USD-M cuts large positions step by step; the cuts are taken to fill at the "
        "mark, and its liquidation fee is not counted where it is not known.",
    )
    assert long_btc("manual").problems == ()


def test_a_position_in_the_lowest_tier_goes_whole_at_once():
    report = long_btc("bybit", tiers=table((0, 70_000, 0.01, 0), (70_000, None, 0.02, 700)))
    assert kinds(report) == [(LIQUIDATION, BTC)]


def test_an_isolated_position_keeps_the_margin_that_a_cut_freed():
    alone = isolated(BTC, 1.0, 60_000.0, 6_000.0, maintenance_rate=None)
    report = long_btc("binanceusdm", margin=0.0, make=alone)
    assert kinds(report) == [(PARTIAL, BTC), (LIQUIDATION, BTC)]
    assert [e.price for e in report.events] == pytest.approx(
        [e.price for e in long_btc("binanceusdm").events]
    )
    assert sum(e.loss_usd for e in report.events) == pytest.approx(6_000)


def test_okx_steps_two_tiers_down_from_the_third():
    # 10 contracts of 0.1: floors 3 and 6; 60,000 k - 54,000 = 0.03 x 60,000 k at 54,000 / 58,200
    tiers = table((0, 3, 0.01, 0), (3, 6, 0.02, 0), (6, None, 0.03, 0),
                  unit=TierUnit.CONTRACTS, mode="flat")  # fmt: skip
    held = cross(BTC, 1.0, 60_000.0, maintenance_rate=None, contract_size=0.1)
    report = long_btc("okx", tiers=tiers, make=held)
    assert report.events[0].price == pytest.approx(54_000 / 0.97)
    assert report.events[0].quantity == pytest.approx(0.7)
    assert [event.kind for event in report.events] == [PARTIAL, LIQUIDATION]


def test_okx_takes_a_second_tier_whole():
    tiers = table((0, 3, 0.01, 0), (3, None, 0.02, 0), unit=TierUnit.CONTRACTS, mode="flat")
    held = cross(BTC, 1.0, 60_000.0, maintenance_rate=None, contract_size=0.1)
    assert kinds(long_btc("okx", tiers=tiers, make=held)) == [(LIQUIDATION, BTC)]


def test_okx_takes_whole_what_is_below_the_first_tiers_rate():
    # 400 left at the start, under 1 % of 60,000
    tiers = table((0, 3, 0.01, 0), (3, 6, 0.02, 0), (6, None, 0.03, 0),
                  unit=TierUnit.CONTRACTS, mode="flat")  # fmt: skip
    held = cross(BTC, 1.0, 60_000.0, maintenance_rate=None, contract_size=0.1)
    assert kinds(long_btc("okx", margin=400.0, tiers=tiers, make=held)) == [(LIQUIDATION, BTC)]


def test_hyperliquid_sends_a_fifth_of_a_large_position_first():
    # 5 at 60,000 with 30,000: 30,000 + 5 (P - 60,000) = 0.0125 x 5 P at 270,000 / 4.9375
    owner = account(
        cross(BTC, 5.0, 60_000.0, maintenance_rate=0.0125), venue="hyperliquid",
        balances={"USDT": 30_000.0}, taker_fee=0.0,
    )  # fmt: skip
    report = move(owner)
    assert kinds(report) == [(PARTIAL, BTC), (LIQUIDATION, BTC)]
    assert report.events[0].price == pytest.approx(270_000 / 4.9375)
    assert report.events[0].quantity == pytest.approx(1.0)
    assert report.events[1].quantity == pytest.approx(4.0)


def test_hyperliquid_takes_a_small_position_whole():
    owner = account(
        cross(BTC, 1.0, 60_000.0, maintenance_rate=0.0125), venue="hyperliquid",
        balances={"USDT": 6_000.0}, taker_fee=0.0,
    )  # fmt: skip
    assert kinds(move(owner)) == [(LIQUIDATION, BTC)]


def test_deribit_closes_eighths_and_takes_its_fee_of_each():
    # long 60,000 USD on 0.25 BTC, 1 %: 0.25 + 1 = 1.01 k at k = 1.25 / 1.01; P = 60,000 / k
    owner = account(
        cross(BTC_INVERSE, 60_000.0, 60_000.0, maintenance_rate=0.01), venue="deribit",
        balances={"BTC": 0.25}, taker_fee=0.0005,
    )  # fmt: skip
    report = move(owner, inputs=world(prices={"BTC": 60_000.0}), moves={"BTC": 40_000.0})
    assert [event.kind for event in report.events] == [PARTIAL] * 7 + [LIQUIDATION]
    first = report.events[0]
    k = 1.25 / 1.01
    assert first.price == pytest.approx(60_000 / k)
    assert [event.quantity for event in report.events] == pytest.approx([7_500.0] * 8)
    # equity 0.01 k BTC less 0.8 % of an eighth of k BTC, in USD at that price
    left = (0.01 - 0.008 / 8) * k * 60_000 / k
    assert first.account_equity_after_usd == pytest.approx(left)
    assert report.equity_after_usd == 0
    assert parts(report) == pytest.approx(report.pnl_usd)


def test_what_has_no_equity_left_goes_whole():
    report = long_btc("bybit", margin=-100.0)
    assert kinds(report) == [(LIQUIDATION, BTC)]


def test_the_leg_that_needs_most_margin_is_cut_first():
    tiers = {("bybit", BTC): TWO_TIERS, ("bybit", ETH): TWO_TIERS}
    owner = account(
        cross(BTC, 1.0, 60_000.0, maintenance_rate=None),
        cross(ETH, 100.0, 2_000.0, maintenance_rate=None),
        venue="bybit", balances={"USDT": 30_000.0}, taker_fee=0.0,
    )  # fmt: skip
    report = move(owner, inputs=world(tiers=tiers), moves={"BTC": 50_000.0})
    assert kinds(report)[0] == (PARTIAL, ETH)
    assert kinds(report)[-2:] == [(LIQUIDATION, BTC), (LIQUIDATION, ETH)]


def test_a_manual_venue_closes_whole():
    rules = PROFILES["manual"].liquidation
    assert rules.reduction is Reduction.WHOLE
    assert rules.fee_of("BTC") == 0
    assert kinds(long_btc("manual")) == [(LIQUIDATION, BTC)]


def test_every_rule_names_its_source():
    assert all(profile.liquidation.source for profile in PROFILES.values())
    assert all(0 <= profile.liquidation.backstop < 1 for profile in PROFILES.values())


@given(mixed_accounts(), log_floats(0.4, 2.5))
@settings(max_examples=120)
def test_cuts_only_take_from_what_is_there(drawn, ratio):
    owner, tiers = drawn
    report = move(
        owner, inputs=world(prices=PRICES, tiers=tiers), moves={"BTC": PRICES["BTC"] * ratio}
    )
    held = {(p.symbol, p.side): abs(p.quantity) for p in owner.positions}
    for event in report.events:
        key = (event.symbol, event.side)
        assert 0 < event.quantity <= held[key] * (1 + 1e-9)
        held[key] -= event.quantity
        if event.kind is PARTIAL:
            assert held[key] > 0
    assert parts(report) == pytest.approx(report.pnl_usd, abs=0.01)
