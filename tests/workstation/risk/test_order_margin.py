# ruff: noqa: E501 (a sentence that a person reads stands here in one piece)
"""What resting orders take: Binance's own formula by hand, and not known where it is not told."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.workstation.risk.worlds import (
    BTC,
    BTC_INVERSE,
    ETH,
    HEDGE,
    account,
    book,
    cross,
    isolated,
    only_pool,
    order,
    report_of,
    table,
    world,
)
from workstation.portfolio.model import OrderType
from workstation.risk.compiled_book import Evaluator
from workstation.risk.path import MarketPath
from workstation.risk.transfers import Sources, TransferTerms

LIMIT, STOP = OrderType.LIMIT, OrderType.STOP
HELD = cross(BTC, 1.0, 60_000.0, leverage=10.0)
INPUTS = world(prices={"BTC": 60_000.0})


def wallet(*orders, held=(HELD,), venue="binanceusdm", balances=None, **more):
    owner = account(
        *held, venue=venue, balances=balances or {"USDT": 20_000.0}, orders=orders, **more
    )
    found = report_of(owner, inputs=INPUTS)
    return found.accounts[0], found


@pytest.mark.parametrize(
    ("orders", "taken"),
    [
        ((), 0.0),
        ((order(LIMIT, BTC, 0.5, 58_000.0),), 2_900.0),  # |60,000 + 29,000| - 60,000, a tenth
        ((order(LIMIT, BTC, -0.5, 62_000.0),), 0.0),  # |60,000 - 31,000| is less than is held
        ((order(LIMIT, BTC, -3.0, 62_000.0),), 6_600.0),  # |60,000 - 186,000| - 60,000
        (
            (order(LIMIT, BTC, 0.5, 58_000.0), order(LIMIT, BTC, -3.0, 62_000.0)),
            6_600.0,
        ),  # the larger
        ((order(LIMIT, BTC, -3.0, 62_000.0, reduce_only=True),), 0.0),
        ((order(STOP, BTC, 3.0, 62_000.0),), 0.0),  # not in the book yet
    ],
)
def test_binance_margins_the_larger_side_of_the_book(orders, taken):
    row, _ = wallet(*orders)
    assert row.order_margin == pytest.approx(taken)
    assert row.initial_margin == pytest.approx(6_000.0 + taken)
    assert row.free_collateral == pytest.approx(14_000.0 - taken)
    bare, _ = wallet()
    assert row.liquidation_coin_price == bare.liquidation_coin_price


def test_an_inverse_order_takes_coins():
    # 60,000 USD at 50,000 are 1.2 coins, a tenth of it
    held = cross(BTC_INVERSE, 60_000.0, 60_000.0, leverage=10.0)
    row, _ = wallet(
        order(LIMIT, BTC_INVERSE, 60_000.0, 50_000.0),
        held=(held,),
        venue="binancecoinm",
        balances={"BTC": 1.0},
    )
    assert row.order_margin == pytest.approx(0.12)


def test_the_margin_of_an_isolated_positions_order_comes_from_the_wallet():
    held = isolated(BTC, 1.0, 60_000.0, 6_000.0, leverage=10.0)
    row, _ = wallet(order(LIMIT, BTC, 0.5, 58_000.0), held=(held,))
    assert (row.initial_margin, row.free_collateral) == (
        pytest.approx(2_900.0),
        pytest.approx(17_100.0),
    )


def test_in_hedge_mode_each_side_has_its_own():
    legs = (HELD, cross(BTC, -1.0, 60_000.0, leverage=10.0))
    orders = (order(LIMIT, BTC, 0.5, 58_000.0), order(LIMIT, BTC, -0.5, 62_000.0))
    row, _ = wallet(*orders, held=legs, position_mode=HEDGE)
    assert row.order_margin == pytest.approx(2_900.0 + 3_100.0)


def test_an_order_of_a_leverage_that_nobody_told_leaves_it_unknown():
    row, found = wallet(order(LIMIT, ETH, 1.0, 2_000.0))
    assert (row.order_margin, row.initial_margin, row.free_collateral) == (None, None, None)
    assert found.problems == (
        "a ETH/USDT:USDT: the leverage of its resting orders is not known, so initial margin and free collateral are not known either.",
    )


def test_where_a_venues_rule_is_not_known_it_is_not_known():
    row, found = wallet(order(LIMIT, BTC, 0.5, 58_000.0), venue="okx")
    assert (row.initial_margin, row.free_collateral) == (None, None)
    assert row.margin_ratio is not None
    assert found.problems == (
        "a: how OKX margins resting orders is not known here, so initial margin and free collateral are not known while they rest.",
    )
    closing, found = wallet(order(LIMIT, BTC, -0.5, 62_000.0), venue="okx")
    assert (closing.initial_margin, found.problems) == (pytest.approx(6_000.0), ())


def test_a_manual_venue_has_no_margin_of_orders():
    row, found = wallet(order(LIMIT, BTC, 0.5, 58_000.0), venue="manual")
    assert (row.initial_margin, found.problems) == (pytest.approx(6_000.0), ())


def test_orders_that_lift_a_position_at_bybit_into_a_higher_tier_are_doubted():
    tiers = {("bybit", BTC): table((0, 100_000, 0.005, 0), (100_000, None, 0.01, 500))}
    inputs = world(tiers=tiers, prices={"BTC": 60_000.0})
    held = replace(HELD, maintenance_rate=None)

    def doubts(size):
        bid = order(LIMIT, BTC, size, 58_000.0)
        owner = account(held, venue="bybit", balances={"USDT": 2e4}, orders=(bid,))
        return report_of(owner, inputs=inputs).positions[0].doubts

    assert doubts(0.5) == ()  # 89,000 in all
    assert doubts(1.0) == (
        "its resting orders lift it into a higher risk limit at Bybit, which asks for more maintenance margin than is counted here.",
    )


def test_a_rescue_takes_nothing_that_orders_hold():
    bid = order(LIMIT, BTC, 0.5, 58_000.0)
    giver = account(HELD, venue="binanceusdm", name="b", balances={"USDT": 2e4}, orders=(bid,))
    poor = account(HELD, name="a", balances={"USDT": 500.0})

    def spare(giver):
        wallets = Sources(
            inputs=INPUTS, path=MarketPath(rates={"BTC": 1.0}, funding={}),
            terms=TransferTerms(), buffer=0.0, use_orders=False,
        )  # fmt: skip
        return wallets.of(book(poor, giver), poor, only_pool(poor, INPUTS), "USDT")

    (with_bid,), _ = spare(giver)
    (without,), _ = spare(replace(giver, orders=()))
    assert without.spare - with_bid.spare == pytest.approx(2_900.0)
    found, barred = spare(replace(giver, venue="okx"))
    assert not found
    assert "how OKX margins resting orders is not known here" in barred[0].why


def test_a_compiled_book_says_the_same():
    owner = account(
        HELD, venue="binanceusdm", balances={"USDT": 2e4},
        orders=(order(LIMIT, BTC, 0.5, 58_000.0),),
    )  # fmt: skip
    row = Evaluator(many=0)(book(owner), INPUTS).accounts[0]
    assert row.free_collateral == pytest.approx(11_100.0)


@given(
    st.lists(st.tuples(st.floats(-3.0, 3.0), st.floats(4e4, 8e4)), max_size=4),
    st.floats(-2.0, 2.0),
)
def test_more_orders_never_take_less(found, more):
    orders = [order(LIMIT, BTC, quantity, price) for quantity, price in found if quantity]
    fewer, _ = wallet(*orders)
    if more:
        orders.append(order(LIMIT, BTC, more, 60_000.0))
    row, _ = wallet(*orders)
    assert row.order_margin >= fewer.order_margin - 1e-9
    assert row.order_margin >= 0
