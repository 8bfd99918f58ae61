"""What each way out costs and leaves, by hand.

The isolated long of 1 at 60,000 with 6,000 of margin needs 4,250.01 to stand at 50,000. Cut whole
at 60,000 x (1 - .0005) it pays 30 of slippage and a fee of .0005; 9,000 are in the wallet.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.workstation.risk.test_frontier import ONE_TIER
from tests.workstation.risk.test_rescue import FALL, LONG, TERMS, account, ask, cross, desk, world
from tests.workstation.risk.worlds import BTC, ETH, book, isolated
from workstation.risk.alternatives import Means, leaves_more
from workstation.risk.transfers import TransferTerms
from workstation.services.decision_service import DecisionRequest, decide

INPUTS = world(prices={"BTC": 60_000.0}, pace={"BTC": -0.01})


def decided(portfolio, **changes):
    request = DecisionRequest(
        epoch=1, portfolio=portfolio, inputs=INPUTS, terms=FALL, transfers=TransferTerms()
    )
    return decide(replace(request, **changes))


def by_means(decision):
    return {other.means: other for other in decision.alternatives}


def test_cuts_alone_pay_fee_and_slippage_and_leave_what_they_keep_from_the_fall():
    decision = decided(desk(wallet=9_000.0))
    cuts = by_means(decision)[Means.CUTS]
    assert cuts.pays_usd == pytest.approx(60.0)
    assert cuts.left_usd == pytest.approx(15_000 - 30 - 59_970 * 0.0005)
    assert (cuts.outside_usd, cuts.liquidated) == (0.0, 0)


def test_fresh_collateral_is_counted_in_what_is_left_and_told_apart():
    fresh = by_means(decided(desk(wallet=9_000.0)))[Means.COLLATERAL]
    assert fresh.outside_usd == pytest.approx(4_250.01)
    assert fresh.left_usd == pytest.approx(15_000 + 4_250.01 - 10_000)
    assert fresh.left_of_own_usd == pytest.approx(5_000)
    assert (fresh.pays_usd, fresh.liquidated) == (0.0, 0)


def test_what_leaves_more_than_the_cheapest_way_is_found():
    decision = decided(desk(wallet=9_000.0))  # the cheapest moves the wallet's, and pays nothing
    assert decision.rescue.cost_usd == 0.0
    assert decision.rescue.equity_rescued_usd == pytest.approx(5_000)
    assert leaves_more(decision.rescue, decision.alternatives).means is Means.CUTS


def test_nothing_leaves_more_where_the_price_turns_just_beyond():
    # at 54,200 the saved long has lost 5,800 and the wallet nothing: 9,200 of 15,000
    decision = decided(desk(wallet=9_000.0), terms=replace(FALL, moves={"BTC": 54_200.0}))
    fresh = by_means(decision)[Means.COLLATERAL]
    assert leaves_more(decision.rescue, [fresh]) is None
    lost = replace(by_means(decision)[Means.CUTS], liquidated=1)
    assert leaves_more(decision.rescue, [lost]) is None  # it does not save all of them


def test_cuts_that_are_the_cheapest_way_are_no_alternative_to_it():
    decision = decided(desk())
    assert decision.repair.reduce
    assert Means.CUTS not in by_means(decision)


def test_a_calm_book_has_no_alternatives():
    calm = replace(FALL, moves={"BTC": 59_000.0})
    assert decided(desk(wallet=1.0), terms=calm).alternatives == ()


def test_a_whole_cut_costs_the_same_as_the_cheapest_way_and_as_the_repair():
    decision = decided(desk())
    (step,) = decision.rescue.rows[0].steps
    (cut,) = decision.repair.reduce
    assert step.cost_usd == cut.pays_usd == pytest.approx(60.0)
    assert cut.value_usd == step.value_usd == 60_000.0
    assert decision.frontier.cost_usd[-1] == pytest.approx(60.0)  # all of it is cut


def test_a_hedge_is_walked_with_the_book_and_what_it_does_not_save_is_counted():
    # the cross ETH long is liquidated before the isolated BTC long at 54,271
    owner = account(cross(ETH, 20.0, 2_000.0), balances={"USDT": 1_000.0}, taker_fee=0.0005)
    desk_of_two = book(owner, account(LONG, name="b"))
    inputs = world(prices={"BTC": 60_000.0}, tiers={("manual", BTC): ONE_TIER})
    decision = decided(desk_of_two, inputs=inputs)
    assert [row.account for row in decision.rescue.rows] == ["a", "b"]
    hedge = by_means(decision)[Means.HEDGE]
    worth = decision.hedge.quantity * 60_000
    assert hedge.pays_usd == pytest.approx(0.001 * worth)  # fee and slippage
    assert hedge.liquidated == 1  # the BTC long
    end = 2_000 * (5 / 6) ** 1.25
    paid = worth * 0.0005 + worth * 0.9995 * 0.0005  # the fee is on the price that is got
    kept = 1_000 - 20 * (2_000 - end) + 10_000 * decision.hedge.quantity - paid
    assert hedge.left_usd == pytest.approx(kept)


# --- the order of the steps -----------------------------------------------------------------------


def test_a_transfer_of_what_an_earlier_cut_frees_waits_for_it():
    # nothing can save ``a``: it is cut, and its margin of 6,000 saves ``b``, which needs 1,250.01
    first = account(LONG, name="a", taker_fee=0.0005)
    second = account(isolated(BTC, 1.0, 60_000.0, 9_000.0), name="b", taker_fee=0.0005)
    rows = ask(book(first, second)).rows
    (cut,), (moved,) = (row.steps for row in rows)
    assert (cut.waits_for, moved.waits_for) == (None, 1)
    assert (moved.origin, moved.amount) == ("a", pytest.approx(1_250.01))


def test_a_transfer_of_what_is_there_already_waits_for_nothing():
    first = account(LONG, name="a", taker_fee=0.0005)
    second = account(isolated(BTC, 1.0, 60_000.0, 9_000.0), name="b", balances={"USDT": 2_000.0})
    for row in ask(book(first, second), TERMS).rows:
        assert all(step.waits_for is None for step in row.steps)
