"""What a rescue leaves behind, by hand: who pays and is liquidated sooner, and what follows.

The isolated long needs 4,250.01 to stand at 50,000. ``needy`` holds a long of its own in cross and
12,000: 12,000 + P - 60,000 = .0055 P (okx counts its taker fee) at 48,265.46.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.workstation.risk.test_rescue import FALL, TERMS, ask, desk, elsewhere
from tests.workstation.risk.worlds import BTC, cross, world
from workstation.risk.report import EventKind
from workstation.risk.scenario import run
from workstation.risk.transfers import Route


def needy():
    return elsewhere(12_000.0, cross(BTC, 1.0, 60_000.0, leverage=100.0))


def drained_desk():
    rich = elsewhere(3_000.0, name="rich", venue="bybit")  # alone it does not suffice
    terms = replace(TERMS, routes={("bybit", "*"): Route(20.0, 3.0, assumed=False)})
    return ask(desk(needy(), rich), terms)


def test_a_payer_that_is_liquidated_sooner_for_it_is_named_with_both_prices():
    report = drained_desk()
    (drained,) = report.drained  # ``rich`` holds no position: nothing of it can be liquidated
    assert (drained.account, drained.asset) == ("other", "USDT")
    assert drained.amount == pytest.approx(1_722.99)
    assert drained.coin_price_before == pytest.approx(48_000 / 0.9945)
    # the transfer's fee of 2 is gone as well
    assert drained.coin_price == pytest.approx((48_000 + 1_722.99 + 2.0) / 0.9945)


def test_the_new_price_is_where_the_rescued_book_dies_and_not_before():
    report = drained_desk()
    (drained,) = report.drained
    inputs = world(prices={"BTC": 60_000.0})
    for factor, dies in ((1.000_01, False), (0.999_99, True)):
        scenario = replace(FALL, moves={"BTC": drained.coin_price * factor})
        events = run(report.rescued, inputs, scenario).events
        dead = {event.account for event in events if event.kind is EventKind.LIQUIDATION}
        assert ("other" in dead) == dies


def test_a_payer_without_a_position_is_not_named():
    assert ask(desk(elsewhere(9_000.0))).drained == ()


def test_what_is_liquidated_next_if_the_move_goes_on_is_said():
    # 10,250.01 + P - 60,000 = .005 P
    after = ask(desk(wallet=9_000.0)).next_after
    assert (after.account, after.symbol, after.isolated) == ("long", BTC, True)
    assert after.coin_price == pytest.approx((60_000 - 10_250.01) / 0.995)


def test_nothing_near_follows_a_position_that_is_closed():
    assert ask(desk()).next_after is None


def test_what_is_moved_and_what_is_closed_stand_apart_from_what_is_paid():
    moved = ask(desk(elsewhere(9_000.0)))
    assert (moved.moved_usd, moved.closed_usd, moved.cost_usd) == pytest.approx(
        (4_250.01, 0.0, 2.0)
    )
    cut = ask(desk())
    assert (cut.moved_usd, cut.closed_usd, cut.cost_usd) == pytest.approx((0.0, 60_000.0, 30.0))


def test_a_rescue_that_leaves_less_than_doing_nothing_says_how_much_less():
    # saved, the long loses 10,000 at 50,000; liquidated it has lost its margin of 6,000
    worse = ask(desk(wallet=9_000.0))
    assert worse.sacrifice_usd == pytest.approx(4_000)
    # just beyond its liquidation at 54,271 the saved one has lost less than its margin
    better = ask(desk(wallet=9_000.0), scenario=replace(FALL, moves={"BTC": 54_200.0}))
    assert better.rows
    assert better.equity_rescued_usd - better.equity_doing_nothing_usd == pytest.approx(200)
    assert better.sacrifice_usd == 0.0
