"""What a trade does to an account, by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.workstation.risk.worlds import BTC, BTC_INVERSE, HEDGE, account, cross, isolated
from workstation.market.instrument import Side
from workstation.portfolio.model import MarginMode
from workstation.risk.trades import execute, value_of

FREE = {"fee_rate": 0.0}


def test_selling_half_of_a_long_brings_half_of_the_profit_less_the_fee():
    owner = account(cross(BTC, 2.0, 50_000.0), balances={"USDT": 100.0})
    trade = execute(owner, BTC, -1.0, 60_000.0, fee_rate=0.001)
    assert (trade.closed, trade.opened, trade.closed_fraction) == (1.0, 0.0, 0.5)
    assert trade.to_wallet == pytest.approx(10_000 - 60)
    assert trade.account.balances == {"USDT": pytest.approx(10_040)}
    (left,) = trade.account.positions
    assert (left.quantity, left.entry_price) == (1.0, 50_000.0)


def test_a_cut_of_an_isolated_position_releases_its_margin_in_proportion():
    owner = account(isolated(BTC, 4.0, 60_000.0, 8_000.0))
    trade = execute(owner, BTC, -1.0, 60_000.0, **FREE)
    assert trade.account.positions[0].isolated_margin == 6_000
    assert trade.account.balances == {"USDT": 2_000}


def test_a_purchase_moves_the_entry_to_the_mean():
    owner = account(cross(BTC, 1.0, 60_000.0))
    (grown,) = execute(owner, BTC, 3.0, 50_000.0, **FREE).account.positions
    assert (grown.quantity, grown.entry_price) == (4.0, pytest.approx(52_500))


def test_the_mean_of_an_inverse_contract_is_harmonic():
    owner = account(cross(BTC_INVERSE, -100.0, 60_000.0))
    (grown,) = execute(owner, BTC_INVERSE, -100.0, 30_000.0, **FREE).account.positions
    assert (grown.quantity, grown.entry_price) == (-200.0, pytest.approx(40_000))


def test_a_trade_beyond_the_position_turns_it_round_with_its_overrides():
    held = cross(BTC, 1.0, 60_000.0, leverage=5.0)
    trade = execute(account(held), BTC, -3.0, 50_000.0, **FREE)
    assert (trade.closed, trade.opened, trade.closed_side) == (1.0, 2.0, Side.LONG)
    (turned,) = trade.account.positions
    assert turned == replace(held, quantity=-2.0, entry_price=50_000.0)
    assert trade.account.balances == {"USDT": -10_000}


def test_an_isolated_position_that_is_turned_round_is_backed_again_at_its_leverage():
    owner = account(isolated(BTC, 1.0, 60_000.0, 12_000.0), balances={"USDT": 50_000.0})
    trade = execute(owner, BTC, -2.0, 60_000.0, **FREE)
    (turned,) = trade.account.positions
    assert (turned.margin_mode, turned.isolated_margin) == (MarginMode.ISOLATED, 12_000)
    assert trade.account.balances == {"USDT": 50_000}


def test_a_reducing_trade_never_opens():
    owner = account(cross(BTC, 1.0, 60_000.0))
    trade = execute(owner, BTC, -5.0, 60_000.0, reduce_only=True, **FREE)
    assert (trade.closed, trade.opened) == (1.0, 0.0)
    assert trade.account.positions == ()
    again = execute(trade.account, BTC, -5.0, 60_000.0, reduce_only=True, **FREE)
    assert (again.closed, again.opened) == (0.0, 0.0)


def test_in_hedge_mode_a_sale_opens_the_other_leg_and_a_reducing_one_closes():
    owner = account(cross(BTC, 1.0, 60_000.0), position_mode=HEDGE)
    assert len(execute(owner, BTC, -1.0, 60_000.0, **FREE).account.positions) == 2
    assert not execute(owner, BTC, -1.0, 60_000.0, reduce_only=True, **FREE).account.positions


def test_an_inverse_sale_is_paid_in_coins():
    owner = account(cross(BTC_INVERSE, 60_000.0, 60_000.0), balances={"BTC": 1.0})
    trade = execute(owner, BTC_INVERSE, -60_000.0, 120_000.0, fee_rate=0.01)
    assert trade.account.balances["BTC"] == pytest.approx(1 + 0.5 - 0.005)


PRICES = st.floats(1e3, 1e5)


@given(
    st.sampled_from([BTC, BTC_INVERSE]), st.floats(-1e4, 1e4).filter(lambda q: abs(q) > 1),
    st.floats(-2e4, 2e4).filter(lambda q: abs(q) > 1), PRICES, PRICES, st.booleans(),
)  # fmt: skip
def test_a_trade_without_a_fee_changes_no_wealth(symbol, held, traded, entry, price, alone):
    made = isolated(symbol, held, entry, 3.0) if alone else cross(symbol, held, entry)
    owner = account(made, balances={"USDT": 7.0, "BTC": 7.0})
    asset = "BTC" if symbol == BTC_INVERSE else "USDT"

    def wealth(of):
        total = of.balances[asset]
        for p in of.positions:
            q, s = abs(p.quantity), p.side.sign
            gained = value_of(symbol, q, price) - value_of(symbol, q, p.entry_price)
            total += (p.isolated_margin or 0.0) + s * gained * (1 if symbol == BTC else -1)
        return total

    after = execute(owner, symbol, traded, price, **FREE).account
    assert wealth(after) == pytest.approx(wealth(owner), rel=1e-9, abs=1e-6)
