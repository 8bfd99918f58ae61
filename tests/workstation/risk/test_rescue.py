"""What dies next and what is done about it, by hand; and that it is carried out and nothing dies.

The isolated long: 6,000 + x + P - 60,000 = 0.005 P at 50,000, so x > 4,250; dead at 54,271.36.
"""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.workstation.risk.test_liquidation import PRICES, accounts, log_floats
from tests.workstation.risk.walks import mixed_accounts
from tests.workstation.risk.worlds import (
    BTC,
    ETH,
    MULTI,
    account,
    book,
    cross,
    isolated,
    world,
)
from workstation.risk.edits import account_of
from workstation.risk.inputs import MarkUsed
from workstation.risk.report import EventKind, MarkSource, Withdrawals
from workstation.risk.rescue import rescue
from workstation.risk.rescue_report import Action
from workstation.risk.scenario import Scenario, run
from workstation.risk.transfers import Route, SourceKind, TransferTerms

FALL = Scenario(moves={"BTC": 50_000.0}, funding_rate_8h=0.0)
SLOW = {"BTC": -0.01}  # 54,271 is ln(.90452) / ln(.99) = 9.98 hours away
TERMS = TransferTerms(minutes=20.0, fee_usd=2.0, slippage_rate=0.0)
LONG = isolated(BTC, 1.0, 60_000.0, 6_000.0)
DEAD_AT = 54_000 / 0.995


def desk(*others, wallet=0.0, **long_account):
    long_account.setdefault("taker_fee", 0.0005)  # a cut costs 30
    return book(account(LONG, balances={"USDT": wallet}, name="long", **long_account), *others)


def elsewhere(amount, *positions, name="other", **more):
    more.setdefault("venue", "okx")
    return account(*positions, balances={"USDT": amount}, name=name, **more)


def ask(portfolio, terms=TERMS, scenario=FALL, **inputs):
    inputs.setdefault("pace", SLOW)
    return rescue(portfolio, world(prices={"BTC": 60_000.0}, **inputs), scenario, terms)


def only_row(report):
    (row,) = report.rows
    return row


def test_a_calm_book_needs_no_rescue():
    report = ask(desk(wallet=1.0), scenario=replace(FALL, moves={"BTC": 59_000.0}))
    assert report.rows == ()
    assert report.alive


def test_the_row_says_price_distance_pace_and_the_loss_of_doing_nothing():
    row = only_row(ask(desk(wallet=9_000.0)))
    assert row.price == pytest.approx(DEAD_AT)
    assert row.coin_price == pytest.approx(DEAD_AT)
    assert row.distance == pytest.approx(DEAD_AT / 60_000 - 1)
    assert row.minutes_left == pytest.approx(math.log(DEAD_AT / 60_000) / math.log(0.99) * 60)
    assert row.loss_usd == pytest.approx(6_000)


def test_the_own_wallet_pays_first_at_once_and_for_nothing():
    report = ask(desk(elsewhere(9_000.0), wallet=9_000.0))
    (step,) = only_row(report).steps
    assert (step.kind, step.amount, step.cost_usd, step.arrives_min) == (
        SourceKind.OWN_WALLET, pytest.approx(4_250.01), 0.0, 0.0)  # fmt: skip
    assert report.alive
    saved = account_of(report.rescued, "long")
    assert saved.positions[0].isolated_margin == pytest.approx(10_250.01)
    assert saved.balances["USDT"] == pytest.approx(4_749.99)


def test_what_the_own_wallet_lacks_comes_from_the_same_venue_then_from_another():
    near = account(balances={"USDT": 1_000.0}, name="near")
    report = ask(desk(near, elsewhere(9_000.0), wallet=2_000.0))
    steps = only_row(report).steps
    assert [step.origin for step in steps] == ["long", "near", "other"]
    assert [step.amount for step in steps] == pytest.approx([1_999.99, 999.99, 1_250.03])
    assert sum(step.amount for step in steps) == pytest.approx(4_250.01)
    assert only_row(report).cost_usd == 2.0  # fee of the last one
    assert account_of(report.rescued, "other").balances["USDT"] == pytest.approx(7_747.97)
    assert report.alive


def test_of_other_venues_the_cheapest_comes_first():
    terms = replace(TERMS, routes={("bybit", "*"): Route(60.0, 1.0, assumed=False)})
    dear, cheap = elsewhere(9_000.0), elsewhere(9_000.0, name="cheap", venue="bybit")
    (step,) = only_row(ask(desk(dear, cheap), terms)).steps
    assert (step.origin, step.arrives_min, step.assumed) == ("cheap", 60.0, False)


def test_a_venue_that_lets_nothing_out_is_never_asked():
    report = ask(desk(elsewhere(9_000.0)), withdrawals={"okx": Withdrawals.SUSPENDED})
    row = only_row(report)
    assert [step.action for step in row.steps] == [Action.CUT]
    assert "other: Withdrawals of okx are suspended." in row.notes
    assert report.alive


def test_an_account_that_was_read_says_itself_whether_it_lets_out():
    shut, free = elsewhere(9_000.0, withdrawals_open=False), elsewhere(9_000.0, name="free")
    (step,) = only_row(ask(desk(shut, replace(free, withdrawals_open=True)))).steps
    assert (step.origin, step.withdrawals) == ("free", Withdrawals.OPEN)
    # what the user says beats what was read
    row = only_row(ask(desk(free), withdrawals={"okx": Withdrawals.SUSPENDED}))
    assert row.steps[0].action is Action.CUT


def test_what_arrives_after_the_price_is_no_rescue_and_the_answer_is_the_cut():
    # 6 % an hour: 54,271 is 97 minutes away
    terms = replace(TERMS, minutes=98.0)
    report = ask(desk(elsewhere(9_000.0)), terms, pace={"BTC": -0.06})
    row = only_row(report)
    assert row.minutes_left == pytest.approx(97.3, abs=0.1)
    (cut,) = row.steps
    assert (cut.action, cut.amount, cut.arrives_min) == (Action.CUT, 1.0, 0.0)
    assert any("too late" in note for note in row.notes)
    assert report.alive
    in_time = only_row(ask(desk(elsewhere(9_000.0)), replace(terms, minutes=97.0),
                           pace={"BTC": -0.06}))  # fmt: skip
    assert in_time.steps[0].action is Action.TRANSFER


def test_where_the_pace_is_not_known_only_what_is_there_at_once_counts():
    row = only_row(ask(desk(elsewhere(9_000.0)), pace={}))
    assert row.minutes_left is None
    assert row.steps[0].action is Action.CUT
    assert any("pace of the last hour is not known" in note for note in row.notes)


def test_a_price_that_does_not_approach_leaves_all_the_time():
    row = only_row(ask(desk(elsewhere(9_000.0)), pace={"BTC": 0.02}))
    assert row.minutes_left == math.inf
    assert row.steps[0].action is Action.TRANSFER


def test_a_wallet_gives_no_more_than_it_needs_itself():
    # other: 9,000 + P - 60,000 >= 0.005 P at 50,000 leaves nothing; with 12,000 it leaves 1,750
    needy = elsewhere(12_000.0, cross(BTC, 1.0, 60_000.0, leverage=100.0))
    rich = elsewhere(3_000.0, name="rich", venue="bybit")  # alone it does not suffice
    terms = replace(TERMS, routes={("bybit", "*"): Route(20.0, 3.0, assumed=False)})
    report = ask(desk(needy, rich), terms)
    # okx charges its taker fee in maintenance too: 12,000 - 10,000 - 250 - 25 = 1,725
    assert [step.amount for step in only_row(report).steps] == pytest.approx(
        [1_725.0 - 2.0 - 0.01, 4_250.01 - 1_722.99])  # fmt: skip
    assert report.alive


def test_a_wallet_gives_no_more_than_the_venue_lets_out():
    # at 4x 15,000 of 20,000 are tied up, though 8,000 would do at 50,000
    tied = elsewhere(20_000.0, cross(BTC, 1.0, 60_000.0, leverage=4.0))
    row = only_row(ask(desk(tied), replace(TERMS, fee_usd=0.0)))
    transfers = [step for step in row.steps if step.action is Action.TRANSFER]
    assert sum(step.amount for step in transfers) <= 5_000 - 25
    unknown = elsewhere(20_000.0, cross(BTC, 1.0, 60_000.0))
    row = only_row(ask(desk(unknown)))
    assert row.steps[0].action is Action.CUT
    assert any("has no leverage" in note for note in row.notes)


def test_a_wallet_whose_marks_are_stale_gives_nothing():
    key = ("okx", ETH)
    stale = elsewhere(50_000.0, cross(ETH, 1.0, 2_000.0, leverage=10.0))
    inputs = world(marks={key: 2_000.0}, prices={"BTC": 60_000.0}, pace=SLOW)
    old = {name: MarkUsed(price=2_000.0, source=MarkSource.ESTIMATED, age_s=60.0)
           for name in inputs.marks}  # fmt: skip
    inputs = replace(inputs, marks=old, silent=frozenset(old))
    row = only_row(rescue(desk(stale), inputs, FALL, TERMS))
    assert row.steps[0].action is Action.CUT
    assert any("stale" in note for note in row.notes)


def test_a_cut_is_made_smaller_by_what_can_be_paid_in():
    # 1 BTC needs 4,250.01; a half of it, whose margin is halved too, half of that: 2,125 is there
    report = ask(desk(wallet=2_125.5))
    cut, transfer = only_row(report).steps
    assert (cut.action, cut.amount) == (Action.CUT, pytest.approx(0.5))
    assert transfer.amount == pytest.approx(2_125.01)
    assert report.alive


def test_where_a_transfer_costs_more_than_the_cut_the_cut_is_made():
    dear = replace(TERMS, fee_usd=500.0)
    row = only_row(ask(desk(elsewhere(9_000.0)), dear))
    assert [step.action for step in row.steps] == [Action.CUT]
    assert row.cost_usd == pytest.approx(30.0)


def test_a_transfer_that_brings_next_to_nothing_gives_way_to_a_larger_cut():
    # 4,250.01 are needed; the other account can send 5 for 2, a cut that frees as much costs cents
    report = ask(desk(elsewhere(7.0), wallet=4_245.0))
    steps = only_row(report).steps
    assert [step.action for step in steps] == [Action.CUT, Action.TRANSFER]
    assert [step.origin for step in steps if step.origin] == ["long"]
    assert 0 < report.cost_usd < 1.0
    assert report.alive


def test_slippage_is_part_of_the_cost_of_a_cut():
    row = only_row(ask(desk(), replace(TERMS, slippage_rate=0.001)))
    assert row.cost_usd == pytest.approx(30.0 + 60.0)


def test_pools_come_in_the_order_in_which_they_die_and_share_no_money_twice():
    later = isolated(ETH, 10.0, 2_000.0, 3_000.0)
    owner = account(later, LONG, balances={"USDT": 5_000.0}, name="long")
    scenario = replace(FALL, betas={"ETH": 1.0})
    report = ask(book(owner), scenario=scenario)
    first, second = report.rows
    assert (first.symbol, second.symbol) == (BTC, ETH)
    assert first.coin_price > second.coin_price
    assert report.alive
    assert account_of(report.rescued, "long").balances["USDT"] >= 0


def test_a_wallet_keeps_what_the_later_pools_of_its_account_need():
    # the ether at okx needs 1,000 + x - 4,073 > .01 x 15,927: that stays in its wallet
    ether = replace(isolated(ETH, 10.0, 2_000.0, 1_000.0), maintenance_rate=0.01)
    terms = replace(TERMS, fee_usd=0.0)
    report = ask(desk(elsewhere(9_000.0, ether)), terms, scenario=replace(FALL, betas={"ETH": 1.0}))
    rows = {row.symbol: row for row in report.rows}
    assert [step.kind for step in rows[ETH].steps] == [SourceKind.OWN_WALLET]
    assert [step.kind for step in rows[BTC].steps] == [SourceKind.OTHER_VENUE]
    assert report.alive


def test_a_multi_asset_pool_is_saved_in_dollars_from_elsewhere():
    pool = account(
        cross(BTC, 1.0, 60_000.0), collateral=MULTI, balances={"BTC": 0.1}, name="multi",
        taker_fee=0.0005, haircuts={"BTC": 0.05, "USDT": 0.0},
    )  # fmt: skip
    report = ask(book(pool, elsewhere(9_000.0)))
    (step,) = only_row(report).steps
    # 0.095 x 50,000 + x - 10,000 > 250
    assert (step.asset, step.amount) == ("USDT", pytest.approx(5_500.01))
    assert report.alive


def dies(portfolio, inputs, scenario):
    kinds = (EventKind.LIQUIDATION, EventKind.PARTIAL)
    return any(event.kind in kinds for event in run(portfolio, inputs, scenario).events)


@given(
    st.one_of(accounts(), mixed_accounts()),
    st.one_of(accounts(), mixed_accounts()),
    log_floats(0.6, 1.6),
    st.sampled_from([None, -0.05, 0.05]),
    st.sampled_from([0.0, 0.1]),
)
@settings(max_examples=60)
def test_a_rescue_that_saves_every_row_leaves_everything_alive(one, two, ratio, pace, buffer):
    owner, tiers = one
    other, more_tiers = two
    owner, other = replace(owner, id="one"), replace(other, id="two")
    inputs = world(
        prices=PRICES, tiers={**tiers, **more_tiers}, pace={} if pace is None else {"BTC": pace},
        withdrawals={other.venue: Withdrawals.SUSPENDED} if buffer else {},
    )  # fmt: skip
    scenario = Scenario(
        moves={"BTC": PRICES["BTC"] * ratio}, funding_rate_8h=0.0, buffer=buffer
    )  # fmt: skip
    portfolio = book(owner, other)
    report = rescue(portfolio, inputs, scenario, TERMS)
    assert bool(report.rows) == dies(portfolio, inputs, scenario)
    assert report.alive == (not dies(report.rescued, inputs, scenario))
    if all(row.saved for row in report.rows):
        assert report.alive
    for row in report.rows:
        for step in row.steps:
            if step.kind is SourceKind.OTHER_VENUE:
                assert step.withdrawals is not Withdrawals.SUSPENDED
                assert row.minutes_left is not None
            assert step.arrives_min == 0 or step.arrives_min < row.minutes_left
    for before in portfolio.accounts:
        after = account_of(report.rescued, before.id)
        for coin, amount in before.balances.items():
            if amount > 0 and not report.rows:
                assert after.balances[coin] == amount
