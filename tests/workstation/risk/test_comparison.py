"""The venue's figures beside ours, on one bitcoin long at 70,000 with a maintenance rate of 0.5 %.

Isolated with 7,000: 7,000 + P - 70,000 = 0.005 P, so P = 63,000 / 0.995 = 63,316.5829. At its mark
of 69,000 the margin balance is 6,000 and the maintenance margin 345.
"""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.workstation.risk.worlds import NOW_MS
from workstation.market.catalogue import Catalogue
from workstation.market.instrument import Contract, Instrument, MarketKey, Side
from workstation.portfolio.model import Account, MarginMode, Portfolio, Position, VenueFigures
from workstation.risk.comparison import (
    Input,
    compare_with_venue,
    lasting,
    with_verdicts,
)
from workstation.risk.engine import evaluate
from workstation.risk.inputs import RiskInputs
from workstation.risk.report import Withdrawals
from workstation.risk.tiers import TierBook

SYMBOL, VENUE = "BTC/USDT:USDT", "binanceusdm"
PRICE = 63_000 / 0.995
TICK = 0.1
FIGURES = VenueFigures(
    mark_price=69_000.0,
    unrealized_pnl=-1_000.0,
    margin_balance=6_000.0,
    maintenance_margin=345.0,
    liquidation_price=PRICE,
)
LONG = Position(
    symbol=SYMBOL,
    quantity=1.0,
    entry_price=70_000.0,
    leverage=10.0,
    margin_mode=MarginMode.ISOLATED,
    isolated_margin=7_000.0,
    mark_price=69_000.0,
    maintenance_rate=0.005,
    figures=FIGURES,
)
LISTED = Instrument(
    key=MarketKey(VENUE, SYMBOL),
    contract=Contract.LINEAR,
    base="BTC",
    quote="USDT",
    settle="USDT",
    contract_size=1.0,
    tick=TICK,
)
INPUTS = RiskInputs(
    now_ms=NOW_MS,
    marks={},
    coin_prices={},
    tiers=TierBook({}),
    catalogue=Catalogue.embedded().with_instruments([LISTED]),
)


def told(**figures) -> Position:
    return replace(LONG, figures=replace(FIGURES, **figures))


def account(position: Position = LONG, **more) -> Account:
    return Account(id="mine", venue=VENUE, positions=(position,), taker_fee=0.0005, **more)


def compare(position: Position = LONG, **more):
    return compare_with_venue(account(position, **more), INPUTS)


def crossing(**figures) -> Position:
    """The same long, backed by a wallet of 7,000."""
    own = {"margin_balance": None, "liquidation_price": PRICE} | figures
    mode = {"margin_mode": MarginMode.CROSS, "isolated_margin": None}
    return replace(LONG, **mode, figures=replace(FIGURES, **own))


def in_a_pool(position: Position, **pool):
    figures = {"margin_balance": 6_000.0, "maintenance_margin": 345.0} | pool
    balances = {"USDT": 7_000.0}
    return compare(position, balances=balances, figures={"USDT": VenueFigures(**figures)})


def test_the_same_price_is_no_difference():
    assert compare() == ()


def test_an_isolated_price_may_be_one_tick_apart_and_no_more():
    assert compare(told(liquidation_price=PRICE + TICK)) == ()
    (difference,) = compare(told(liquidation_price=PRICE + 2.01 * TICK))
    assert difference.key == ("mine", SYMBOL, Side.LONG)
    assert difference.ours == pytest.approx(PRICE)


def test_a_cross_price_may_be_a_thousandth_apart_and_no_more():
    assert in_a_pool(crossing(liquidation_price=PRICE * 1.0009)) == ()
    assert len(in_a_pool(crossing(liquidation_price=PRICE * 1.0012))) == 1


def test_a_venue_that_does_not_tell_is_not_compared():
    assert compare(told(liquidation_price=None)) == ()


def test_a_price_there_and_none_here_is_apart():
    safe = replace(told(), isolated_margin=80_000.0)
    (difference,) = compare(safe)
    assert math.isnan(difference.ours)
    assert "this program says no price" in difference.sentence


def test_none_there_agrees_with_none_here_and_with_a_price_out_of_reach():
    none = told(liquidation_price=math.nan)
    assert compare(replace(none, isolated_margin=80_000.0)) == ()
    far = replace(none, isolated_margin=66_000.0)  # ours: 4,020, below a tenth of the mark
    assert compare(far) == ()
    assert len(compare(none)) == 1


@pytest.mark.parametrize(
    ("figures", "differs", "words"),
    [
        ({"mark_price": 69_100.0}, Input.MARK, "the mark price differs, 69,100 there"),
        ({"unrealized_pnl": -900.0}, Input.ENTRY, "69,900 there and 70,000 here"),
        ({"maintenance_margin": 690.0}, Input.TIER, "690 there and 345 here by file"),
        ({"maintenance_margin": 345.0 + 34.5}, Input.FEE, "the fee differs, 379.5 there"),
        ({}, Input.RULE, "its rule is another one"),
    ],
)
def test_the_input_that_differs_is_named(figures, differs, words):
    (difference,) = compare(told(liquidation_price=62_000.0, **figures))
    assert difference.differs is differs
    assert words in difference.sentence


@pytest.mark.parametrize(
    ("pool", "differs"),
    [
        ({"margin_balance": 6_500.0}, Input.BALANCE),
        ({"maintenance_margin": 900.0}, Input.MAINTENANCE),
        ({}, Input.RULE),
    ],
)
def test_of_a_cross_position_the_pool_is_looked_at_too(pool, differs):
    (difference,) = in_a_pool(crossing(liquidation_price=62_000.0), **pool)
    assert difference.differs is differs


def test_the_sentence_says_who_says_what_and_how_far_apart():
    (difference,) = compare(told(liquidation_price=62_000.0, maintenance_margin=690.0))
    assert difference.sentence == (
        "mine BTC/USDT:USDT long: Binance USD-M liquidates it at 62,000, this program says "
        "63,316.58291 (2.12% apart): the maintenance tier, or the table of it, differs, 690 there "
        "and 345 here by file."
    )


@given(shift=st.floats(-0.2, 0.2).filter(lambda shift: abs(shift) > 2e-6))
def test_any_shift_beyond_a_tick_is_found(shift):
    (difference,) = compare(told(liquidation_price=PRICE * (1 + shift)))
    assert difference.differs is Input.RULE


def test_only_what_is_apart_twice_in_a_row_lasts():
    found = compare(told(liquidation_price=62_000.0))
    assert lasting((), found) == ()
    assert lasting(found, found) == found
    assert lasting(found, ()) == ()


def test_a_verdict_stands_beside_its_position_and_among_the_problems():
    found = compare(told(liquidation_price=62_000.0))
    judged = with_verdicts(account(told(liquidation_price=62_000.0)), found)
    book = Portfolio(accounts=(judged,), as_of_ms=NOW_MS)
    report = evaluate(book, INPUTS)
    assert report.positions[0].told.apart == found[0].sentence
    assert report.problems[0] == found[0].sentence


def test_what_a_venue_tells_comes_into_the_rows():
    pool = VenueFigures(margin_balance=100.0, withdrawable=40.0)
    held = account(
        replace(LONG, adl_rank=3),
        balances={"USDT": 100.0},
        figures={"USDT": pool},
        withdrawals_open=False,
        as_of_ms=NOW_MS,
    )
    book = Portfolio(accounts=(held,), as_of_ms=NOW_MS)
    report = evaluate(book, INPUTS)
    assert report.positions[0].adl_rank == 3
    (row,) = report.accounts
    assert (row.withdrawable, row.withdrawals, row.read_ms) == (
        40.0,
        Withdrawals.SUSPENDED,
        NOW_MS,
    )
