"""A repair is exact: with it nothing is liquidated, with a step less something is."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.workstation.risk.test_liquidation import PRICES, accounts, log_floats
from tests.workstation.risk.walks import mixed_accounts
from tests.workstation.risk.worlds import (
    BTC,
    BTC_INVERSE,
    ETH,
    HEDGE,
    MULTI,
    account,
    book,
    cross,
    isolated,
    listed,
    order,
    world,
)
from workstation.portfolio.model import OrderType
from workstation.risk.betas import STABLECOINS
from workstation.risk.report import EventKind
from workstation.risk.scenario import Scenario, run
from workstation.risk.trades import execute

FALL = Scenario(moves={"BTC": 50_000.0}, funding_rate_8h=0.0)


def repair(owner, inputs=None, scenario=FALL):
    return run(book(owner), inputs or world(), scenario).repair


def dies(owner, inputs, scenario=FALL):
    events = run(book(owner), inputs, replace(scenario, buffer=0.0)).events
    return any(event.kind in (EventKind.LIQUIDATION, EventKind.PARTIAL) for event in events)


def deposited(owner, deposits, less=0):
    """Return the account after the deposits; the last one ``less`` steps smaller."""
    for i, deposit in enumerate(deposits):
        step = 0.01 if deposit.asset in STABLECOINS else 1e-8
        amount = deposit.amount - (less * step if i == len(deposits) - 1 else 0.0)
        if deposit.symbol is None:
            held = owner.balances.get(deposit.asset, 0.0) + amount
            owner = replace(owner, balances={**owner.balances, deposit.asset: held})
            continue
        owner = replace(owner, positions=tuple(
            replace(p, isolated_margin=p.isolated_margin + amount)
            if p.symbol == deposit.symbol and p.isolated_margin is not None else p
            for p in owner.positions
        ))  # fmt: skip
    return owner


def reduced(owner, cuts, fee_rate, less=0.0):
    for i, cut in enumerate(cuts):
        mark = next(p.mark_price for p in owner.positions if p.symbol == cut.symbol)
        quantity = cut.quantity - (less if i == len(cuts) - 1 else 0.0)
        signed = -cut.side.sign * quantity
        owner = execute(
            owner, cut.symbol, signed, mark, fee_rate=fee_rate, reduce_only=True
        ).account
    return owner


def test_the_least_deposit_of_an_isolated_long_by_hand():
    # 6,000 + x - 10,000 > 250: 4,250.01
    owner = account(isolated(BTC, 1.0, 60_000.0, 6_000.0))
    (deposit,) = repair(owner).add_collateral
    assert (deposit.symbol, deposit.asset) == (BTC, "USDT")
    assert deposit.amount == pytest.approx(4_250.01)
    assert not dies(deposited(owner, [deposit]), world())
    assert dies(deposited(owner, [deposit], less=1), world())


def test_a_buffer_is_a_share_of_maintenance_that_is_left_over():
    owner = account(isolated(BTC, 1.0, 60_000.0, 6_000.0))
    (deposit,) = repair(owner, scenario=replace(FALL, buffer=0.2)).add_collateral
    assert deposit.amount == pytest.approx(4_300.01)


def test_the_least_cut_of_a_cross_long_by_hand():
    # 6,000 - 10,000 q - 250 q > 0 at q < 0.58536...: 0.415 of 1 goes, at no profit and no fee
    owner = account(cross(BTC, 1.0, 60_000.0), balances={"USDT": 6_000.0})
    (cut,) = repair(owner).reduce
    assert cut.quantity == pytest.approx(0.415)
    assert cut.cost_usd == 0.0
    assert not dies(reduced(owner, [cut], 0.0), world())
    assert dies(reduced(owner, [cut], 0.0, less=0.001), world())


def test_a_cut_counts_lots_of_the_market_and_the_venues_fee():
    market = world(instruments=[listed("binanceusdm", BTC, lot=0.1)])
    owner = account(cross(BTC, 1.0, 60_000.0), balances={"USDT": 6_000.0}, venue="binanceusdm")
    (cut,) = repair(owner, market).reduce
    assert cut.quantity == pytest.approx(0.5)
    assert cut.cost_usd == pytest.approx(0.5 * 60_000 * 0.0005)


def test_no_part_of_an_isolated_long_helps_so_all_of_it_is_cut():
    # a cut releases margin in proportion: only closing ends the danger
    (cut,) = repair(account(isolated(BTC, 1.0, 60_000.0, 6_000.0))).reduce
    assert cut.quantity == 1.0


def test_an_inverse_pool_is_saved_with_coins():
    # at 30,000: W + 60,000 (1/60,000 - 1/30,000) > 60,000 x 0.005 / 30,000, so W > 1.01
    owner = account(cross(BTC_INVERSE, 60_000.0, 60_000.0), balances={"BTC": 0.5})
    fall = replace(FALL, moves={"BTC": 30_000.0})
    (deposit,) = repair(owner, world(prices={"BTC": 60_000.0}), fall).add_collateral
    assert (deposit.symbol, deposit.asset) == (None, "BTC")
    assert deposit.amount == pytest.approx(0.51 + 1e-8, abs=1.1e-8)


def test_a_loan_is_saved_in_what_it_owes():
    # 0.9 x 40,000 = 36,000 against 40,000
    loan = account(
        collateral=MULTI, balances={"BTC": 1.0, "USDT": -40_000.0},
        haircuts={"BTC": 0.1, "USDT": 0.0},
    )  # fmt: skip
    fall = replace(FALL, moves={"BTC": 40_000.0})
    report = run(book(loan), world(prices={"BTC": 60_000.0}), fall)
    (deposit,) = report.repair.add_collateral
    assert (deposit.asset, deposit.amount) == ("USDT", pytest.approx(4_000.01))
    assert report.repair.reduce == ()
    assert report.problems == (
        "No cut of positions keeps everything alive on the way; collateral does.",
    )


def test_a_list_that_cannot_save_every_pool_is_empty():
    # bankrupt already: closing the long leaves a debt of 5,500 on 0.05 BTC worth 3,000
    bankrupt = account(
        cross(BTC, 1.0, 65_500.0, 60_000.0), collateral=MULTI, name="bankrupt",
        balances={"BTC": 0.05, "USDT": 0.0}, haircuts={"BTC": 0.0, "USDT": 0.0},
    )  # fmt: skip
    sound = account(cross(BTC, 1.0, 60_000.0), balances={"USDT": 6_000.0})
    found = run(book(sound, bankrupt), world(), FALL).repair
    assert found.reduce == ()
    assert [deposit.account for deposit in found.add_collateral] == ["a", "bankrupt"]


def test_a_coin_whose_haircut_is_not_known_is_no_way_out():
    # USDT has no haircut at OKX: bitcoin, which has one, is paid in instead
    owner = account(
        cross(BTC, 1.0, 60_000.0), venue="okx", collateral=MULTI, taker_fee=0.0,
        balances={"BTC": 0.2}, haircuts={"BTC": 0.0},
    )  # fmt: skip
    inputs = world(prices={"BTC": 60_000.0})
    (deposit,) = repair(owner, inputs).add_collateral
    # (0.2 + x) 50,000 - 10,000 > 250
    assert deposit.asset == "BTC"
    assert deposit.amount == pytest.approx(0.005, abs=2e-8)


def test_a_position_below_maintenance_now_is_repaired_now():
    owner = account(isolated(BTC, 1.0, 60_000.0, 200.0))
    (deposit,) = repair(owner, scenario=replace(FALL, moves={"BTC": 60_000.0})).add_collateral
    assert deposit.amount == pytest.approx(100.01)


def test_a_bid_on_the_way_is_repaired_for_too():
    # doubled at 55,000: 6,000 + x - 10,000 - 5,000 > 500
    owner = account(
        cross(BTC, 1.0, 60_000.0), balances={"USDT": 6_000.0},
        orders=(order(OrderType.LIMIT, BTC, 1.0, 55_000.0),),
    )  # fmt: skip
    (deposit,) = repair(owner).add_collateral
    assert deposit.amount == pytest.approx(9_500.01)
    assert not dies(deposited(owner, [deposit]), world())


def test_every_pool_of_an_account_gets_its_own_repair():
    owner = account(
        isolated(BTC, 1.0, 60_000.0, 6_000.0), cross(ETH, 10.0, 2_000.0),
        balances={"USDT": 1_000.0}, position_mode=HEDGE,
    )  # fmt: skip
    inputs = world(prices={"BTC": 60_000.0})
    found = repair(owner, inputs)
    assert [d.symbol for d in found.add_collateral] == [BTC, None]
    assert not dies(deposited(owner, found.add_collateral), inputs)
    assert not dies(reduced(owner, found.reduce, 0.0), inputs)


def one_position_a_symbol(owner):
    """A deposit names its symbol only, so two isolated legs of one symbol cannot be told apart."""
    alone = [p.symbol for p in owner.positions if p.isolated_margin is not None]
    return len(alone) == len(set(alone))


@given(st.one_of(accounts(), mixed_accounts()), log_floats(0.6, 1.6), st.sampled_from([0.0, 0.3]))
@settings(max_examples=80)
def test_a_repair_that_is_carried_out_works_and_a_step_less_does_not(drawn, ratio, buffer):
    owner, tiers = drawn
    inputs = world(prices=PRICES, tiers=tiers)
    assume(one_position_a_symbol(owner))
    scenario = replace(FALL, moves={"BTC": PRICES["BTC"] * ratio}, buffer=buffer)
    found = repair(owner, inputs, scenario)
    assert bool(found.add_collateral) or buffer or not dies(owner, inputs, scenario)
    assert not dies(deposited(owner, found.add_collateral), inputs, scenario)
    if found.reduce:
        assert not dies(reduced(owner, found.reduce, owner.taker_fee), inputs, scenario)
    if found.add_collateral and not buffer:
        assert dies(deposited(owner, found.add_collateral, less=1), inputs, scenario)
    held = {(p.symbol, p.side): abs(p.quantity) for p in owner.positions}
    for at, cut in enumerate(found.reduce if not buffer else ()):
        lot = next(p.contract_size for p in owner.positions if p.symbol == cut.symbol) or 0.001
        if len(found.reduce) > 1 and cut.quantity > held[cut.symbol, cut.side] - 1.5 * lot:
            continue  # closed whole, and the last one of its pool has the rounding
        less = [replace(cut, quantity=cut.quantity - lot)] if cut.quantity > lot else []
        fewer = [*found.reduce[:at], *less, *found.reduce[at + 1 :]]
        assert dies(reduced(owner, fewer, owner.taker_fee), inputs, scenario)
