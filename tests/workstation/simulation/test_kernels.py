"""What the compiled steps keep: longs equal shorts, and nobody is liquidated before his price."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numba.core.dispatcher import Dispatcher

from tests.workstation.simulation.markets import coins_of, forced_since, open_interest, quantities
from workstation.risk.kernels import bars, book, flow
from workstation.simulation import kernels, publish, story
from workstation.simulation.generator import BTC
from workstation.simulation.market import new_market
from workstation.simulation.state import BLOCK, SLOTS

# --- worked examples ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("side", "price"),
    # margin 10, loss P - 100, maintenance 0.4 % of P: 10 + (P - 100) = 0.004 P, and its mirror
    [(1.0, 90 / 0.996), (-1.0, 110 / 1.004)],
)
def test_a_linear_account_is_liquidated_where_margin_meets_maintenance(side, price):
    assert kernels._liquidation_price(100.0, side, 10.0, 0.004, False) == pytest.approx(price)


@pytest.mark.parametrize("side", [1.0, -1.0])
@pytest.mark.parametrize("leverage", [3.0, 25.0, 100.0])
def test_an_inverse_account_is_liquidated_where_coin_margin_meets_maintenance(side, leverage):
    face, entry = 1_000.0, 70_000.0
    price = kernels._liquidation_price(entry, side, leverage, 0.004, True)
    margin = face / entry / leverage + side * face * (1 / entry - 1 / price)
    assert margin == pytest.approx(0.004 * face / price)


@pytest.mark.parametrize(
    ("premium", "rate"),
    [
        (0.0, 0.0001),  # the interest rate
        (0.0003, 0.0001),  # within the band the premium does not matter
        (-0.0003, 0.0001),
        (0.0010, 0.0005),  # beyond it, less half a tenth of a percent
        (-0.0010, -0.0005),
        (0.5, 0.003),  # the cap
        (-0.5, -0.003),
    ],
)
def test_funding_follows_the_premium_beyond_its_band(premium, rate):
    assert kernels.funding_rate(premium, 28_800, BTC) == pytest.approx(rate)
    assert kernels.funding_rate(premium, 3_600, BTC) == pytest.approx(rate / 8)


def test_every_kernel_runs_without_the_interpreter_lock_and_is_kept_on_disk():
    found = [
        value
        for module in (kernels, book, flow, bars)
        for value in vars(module).values()
        if isinstance(value, Dispatcher)
    ]
    assert len(found) > 20
    for kernel in found:
        assert kernel.targetoptions["nogil"], kernel
        assert type(kernel._cache).__name__ == "FunctionCache", kernel


# --- conservation ------------------------------------------------------------------------------


def test_every_contract_has_a_long_and_a_short_through_the_flush(before_the_flush):
    market = before_the_flush()
    for _ in range(8 * 60):
        market.advance(60)
        for item in market.coins:
            markets = item.state.markets
            longs = markets["long"] + markets["maker_long"]
            np.testing.assert_allclose(longs, markets["short"] + markets["maker_short"], rtol=1e-11)
            assert (markets["maker_long"] > 0).all()
            assert (markets["maker_short"] > 0).all()


def test_the_accounts_are_the_crowd_that_the_markets_count(before_the_flush):
    market = before_the_flush()
    market.advance(4 * 3_600)
    for item in market.coins:
        held, markets = quantities(item), item.state.markets
        np.testing.assert_allclose(np.maximum(held, 0).sum(axis=1), markets["long"], rtol=1e-9)
        np.testing.assert_allclose(-np.minimum(held, 0).sum(axis=1), markets["short"], rtol=1e-9)
        assert (SLOTS - np.count_nonzero(held, axis=1)).tolist() == markets["free"].tolist()


def test_open_interest_counts_each_contract_once(before_the_flush):
    item = before_the_flush().coin("BTC")
    markets = item.state.markets
    sides = np.abs(quantities(item)).sum(axis=1) + markets["maker_long"] + markets["maker_short"]
    assert coins_of(item, sides).sum() == pytest.approx(2 * open_interest(item), rel=1e-9)


# --- liquidations ------------------------------------------------------------------------------


def test_only_accounts_whose_price_was_reached_are_liquidated(before_the_flush):
    market = before_the_flush()
    item = market.coin("BTC")
    market.advance(2 * 60)  # to where the fall begins
    seen = 0
    for _ in range(1_200):
        before, number = item.state.accounts.copy(), int(item.state.core["forced"][0])
        market.advance(1)
        marks = item.state.markets["mark_price"]
        for row in forced_since(item, number):
            owners = before.reshape(-1, SLOTS)[row["market"]]
            mark, closed = marks[row["market"]], row["quantity"]
            all_or_half = (owners["quantity"] == closed) | (owners["quantity"] == 2 * closed)
            assert np.count_nonzero(all_or_half) == 1
            owner = owners[all_or_half][0]
            reached = mark <= owner["liquidation"] if closed > 0 else mark >= owner["liquidation"]
            assert reached
            stopped = mark <= owner["stop"] if closed > 0 else mark >= owner["stop"]
            assert not stopped
            seen += 1
    assert seen > 100


def test_a_liquidation_takes_exactly_its_quantity_out_of_open_interest():
    quiet = BTC._replace(arrivals_per_minute=0.0, hedged_reversion_s=math.inf, top_up_share=0.0)
    item = new_market(1, story.CROWD_START_S).coin("BTC")
    state = item.state
    kernels._open_account(state, 0, 1.0, quiet, item.rng)
    (at,) = np.flatnonzero(state.accounts["quantity"])
    quantity = float(state.accounts["quantity"][at])
    state.accounts["liquidation"][at] = 2 * state.markets["mark_price"][0]
    state.accounts["stop"][at] = 0.0
    state.blocks["below"][at // BLOCK] = math.inf
    before = publish.open_interest_base(item, 0)
    drive = story.drive(np.array([story.CROWD_START_S + 1]))
    kernels.advance(state, drive, 1, True, quiet, item.rng, np.empty((2, 1)))
    (row,) = forced_since(item, 0)
    assert row["quantity"] == quantity
    assert publish.open_interest_base(item, 0) == pytest.approx(before - quantity, rel=1e-12)
    assert state.markets["long"][0] == 0.0
    assert state.core["pending_base"][0] == -quantity  # it waits for the engines to sell it


# --- prices ------------------------------------------------------------------------------------


def test_prices_are_positive_and_venues_differ_by_little(before_the_flush):
    market = before_the_flush()
    for _ in range(8 * 12):
        market.advance(300)
        for item in market.coins:
            for name in ("last_price", "mark_price", "index_price"):
                assert (item.state.markets[name] > 0).all()
            marks = item.state.markets["mark_price"]
            assert len(set(marks.tolist())) == len(marks)
            assert marks.max() / marks.min() - 1 < 0.004


def test_a_market_that_halves_in_a_second_keeps_its_books(before_the_flush):
    market = before_the_flush()
    item = market.coin("BTC")
    item.state.core["log_price"] -= math.log(2)
    market.advance(600)
    markets = item.state.markets
    assert (markets["mark_price"] > 10_000).all()
    assert np.count_nonzero(quantities(item) > 0) < 1_000  # there were some thousand longs
    longs = markets["long"] + markets["maker_long"]
    np.testing.assert_allclose(longs, markets["short"] + markets["maker_short"], rtol=1e-11)
    assert (markets["long"] >= 0).all()
