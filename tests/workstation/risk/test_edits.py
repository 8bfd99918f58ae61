"""What a trade does to a copy of the book, by hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.workstation.risk.worlds import BTC, account, book, isolated, world
from workstation.market.instrument import Side
from workstation.risk.edits import with_size
from workstation.risk.engine import evaluate
from workstation.risk.legs import taker_fee

MARK = 63_000.0
HELD = isolated(BTC, 2.0, 60_000.0, 6_000.0, leverage=20.0)
BOOK = book(account(HELD, balances={"USDT": 10_000.0}))
FEE = taker_fee(BOOK.accounts[0])


def resized(quantity, mark=MARK, slippage_rate=0.0):
    (owner,) = with_size(BOOK, "a", BTC, Side.LONG, quantity, mark, slippage_rate).accounts
    return owner.balances["USDT"], owner.positions


def test_a_smaller_size_takes_its_profit_and_its_margin_to_the_wallet():
    wallet, (left,) = resized(1.0)
    assert (left.quantity, left.isolated_margin) == (1.0, pytest.approx(3_000))
    assert wallet == pytest.approx(10_000 + 3_000 + 3_000 - MARK * FEE)


def test_a_dropped_position_is_closed():
    wallet, positions = resized(0.0)
    assert positions == ()
    assert wallet == pytest.approx(10_000 + 6_000 + 6_000 - 2 * MARK * FEE)


def test_a_larger_size_takes_its_margin_from_the_wallet():
    wallet, (grown,) = resized(3.0)
    assert grown.entry_price == pytest.approx(61_000)
    assert grown.isolated_margin == pytest.approx(6_000 + MARK / 20)
    assert wallet == pytest.approx(10_000 - MARK / 20 - MARK * FEE)


def test_slippage_is_paid_on_either_side():
    cut, bought = resized(1.0, slippage_rate=0.001)[0], resized(3.0, slippage_rate=0.001)[1][0]
    assert cut == pytest.approx(10_000 + 2_937 + 3_000 - 62_937 * FEE)
    assert bought.entry_price == pytest.approx((120_000 + 63_063) / 3)


def test_without_a_mark_it_is_traded_at_its_entry():
    wallet, _ = resized(1.0, mark=None)
    assert wallet == pytest.approx(10_000 + 3_000 - 60_000 * FEE)


@given(st.floats(0.0, 5.0))
def test_equity_changes_by_the_fee_alone(quantity):
    inputs = world(marks={("manual", BTC): MARK})
    changed = with_size(BOOK, "a", BTC, Side.LONG, quantity, MARK)
    before, after = (evaluate(each, inputs).totals.equity_usd for each in (BOOK, changed))
    paid = abs(quantity - 2.0) * MARK * FEE
    assert after == pytest.approx(before - paid, abs=1e-6)
