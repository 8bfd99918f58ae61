"""ADL what-if: what is closed, at which price, and that money is conserved through it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.workstation.risk.test_liquidation import PRICES, log_floats
from tests.workstation.risk.walks import mixed_accounts, orders
from tests.workstation.risk.worlds import BTC, account, book, cross, isolated, order, world
from workstation.portfolio.model import OrderType
from workstation.risk.deleveraging import Deleveraging
from workstation.risk.report import EventKind, PositionOutcome
from workstation.risk.scenario import Scenario, run

HALF = Deleveraging(coin="BTC", price=54_000.0, share=0.5)
FALL = Scenario(moves={"BTC": 48_000.0}, funding_rate_8h=0.0)


def hedged():
    """A long at one venue and its hedge at another."""
    long = account(cross(BTC, 1.0, 60_000.0), balances={"USDT": 50_000.0}, name="long")
    hedge = account(
        cross(BTC, -1.0, 60_000.0), balances={"USDT": 10_000.0}, name="hedge", venue="okx"
    )
    return long, hedge


def test_half_of_a_hedge_is_gone_by_hand():
    # the long loses 12,000; the hedge gains 6,000 x 1 and then 6,000 x 0.5
    report = run(book(*hedged()), world(), replace(FALL, deleveraging=(HALF,)))
    (event,) = report.events
    assert (event.kind, event.account, event.quantity) == (EventKind.ADL, "hedge", 0.5)
    assert event.price == pytest.approx(54_000)
    assert event.loss_usd == pytest.approx(-3_000)  # its half had won 3,000
    assert report.pnl_usd == pytest.approx(-12_000 + 6_000 + 3_000)
    assert [row.status for row in report.positions] == [
        PositionOutcome.OPEN, PositionOutcome.REDUCED]  # fmt: skip


def test_without_a_share_and_beyond_the_path_nothing_is_closed():
    plain = run(book(*hedged()), world(), FALL)
    for assumed in (replace(HALF, share=0.0), replace(HALF, price=40_000.0)):
        report = run(book(*hedged()), world(), replace(FALL, deleveraging=(assumed,)))
        assert report.events == plain.events == ()
        assert report.pnl_usd == pytest.approx(plain.pnl_usd)


def test_losers_other_coins_and_other_venues_are_left_alone():
    for assumed in (
        replace(HALF, venue="bybit"),
        replace(HALF, coin="ETH", price=1_000.0),
        replace(HALF, price=66_000.0),  # shorts lose there; the long would win
    ):
        report = run(
            book(*hedged()), world(prices={"ETH": 2_000.0}), replace(FALL, deleveraging=(assumed,))
        )
        assert report.events == ()


def test_it_happens_though_the_books_own_orders_are_left_out():
    long, hedge = hedged()
    stop = order(OrderType.STOP, BTC, -1.0, 57_000.0, reduce_only=True)
    scenario = replace(FALL, deleveraging=(HALF,), use_orders=False)
    report = run(book(replace(long, orders=(stop,)), hedge), world(), scenario)
    assert [event.kind for event in report.events] == [EventKind.ADL]


def test_what_was_hedged_is_walked_on_unhedged():
    # one pool, flat: no price kills it; without half of the short it dies as a long of 0.5
    owner = account(
        cross(BTC, 1.0, 60_000.0), cross(BTC, -1.0, 60_000.0), balances={"USDT": 3_000.0},
    )  # fmt: skip
    assert run(book(owner), world(), FALL).events == ()
    events = run(book(owner), world(), replace(FALL, deleveraging=(HALF,))).events
    assert [event.kind for event in events] == [
        EventKind.ADL, EventKind.LIQUIDATION, EventKind.LIQUIDATION]  # fmt: skip


def test_a_share_is_a_fraction():
    with pytest.raises(ValueError, match="share"):
        Deleveraging(coin="BTC", price=1.0, share=1.5)


def test_the_repair_is_asked_of_the_book_that_loses_its_hedge():
    owner = account(isolated(BTC, -1.0, 60_000.0, 6_000.0), cross(BTC, 1.0, 60_000.0),
                    balances={"USDT": 12_200.0})  # fmt: skip
    report = run(book(owner), world(), replace(FALL, deleveraging=(HALF,)))
    plain = run(book(owner), world(), FALL)
    assert plain.repair.add_collateral
    assert report.repair.add_collateral != plain.repair.add_collateral


@given(st.data(), log_floats(0.6, 1.6), st.floats(0.0, 1.0), st.floats(0.1, 0.9))
@settings(max_examples=40)
def test_money_is_conserved_through_it(data, ratio, share, at):
    owner, tiers = data.draw(mixed_accounts())
    owner = replace(owner, orders=data.draw(orders(owner)))
    inputs = world(prices=PRICES, tiers=tiers)
    assumed = Deleveraging(coin="BTC", price=PRICES["BTC"] * ratio**at, share=share)
    scenario = Scenario(
        moves={"BTC": PRICES["BTC"] * ratio}, funding_rate_8h=0.001, over_h=6.0,
        deleveraging=(assumed,),
    )  # fmt: skip
    report = run(book(owner), inputs, scenario)
    parts = [
        row.pnl_usd for row in (*report.positions, *report.balances) if row.pnl_usd is not None
    ]
    size = abs(report.equity_before_usd) + sum(abs(part) for part in parts)
    # wallets that change by less than half a cent are left out of the balances
    assert sum(parts) == pytest.approx(report.pnl_usd, abs=0.01 + 0.005 * 10 + 1e-9 * size)
