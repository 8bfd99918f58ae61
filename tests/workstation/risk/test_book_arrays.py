"""A book as arrays against the scalar engine, on random books of every venue."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
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
    listed,
    table,
    world,
)
from workstation.risk.book_compiler import compile_book, warm_up
from workstation.risk.engine import evaluate
from workstation.risk.path import MarketPath
from workstation.risk.surplus import equity, maintenance
from workstation.risk.tiers import TierMode

PRECISE = 1e-9


def known(rows, name):
    """Return a column of a report; what is not known is NaN."""
    values = [getattr(row, name) for row in rows]
    return np.array([np.nan if value is None else value for value in values])


def same(got, want, tolerance=PRECISE):
    assert np.array_equal(np.isnan(got), np.isnan(want)), (got, want)
    np.testing.assert_allclose(got, want, rtol=tolerance, atol=1e-7)


def in_order(report, arrays):
    rows = {(row.account, row.symbol, row.side): row for row in report.positions}
    return [
        rows[pool.account.id, leg.position.symbol, leg.position.side]
        for pool in arrays.pools
        for leg in pool.legs
    ]


@given(st.lists(st.one_of(accounts(), mixed_accounts()), min_size=1, max_size=3), st.booleans())
@settings(max_examples=200)
def test_every_column_is_the_engines(drawn, with_ticks):
    owners = [replace(owner, id=f"a{i}") for i, (owner, _) in enumerate(drawn)]
    tiers = {key: tier for _, found in drawn for key, tier in found.items()}
    markets = {(owner.venue, p.symbol) for owner in owners for p in owner.positions}
    instruments = [listed(*market, tick=0.5) for market in markets] if with_ticks else ()
    inputs = world(prices=PRICES, tiers=tiers, instruments=instruments)
    portfolio = book(*owners)
    report, arrays = evaluate(portfolio, inputs), compile_book(portfolio, inputs)
    found, rows = arrays.report(), in_order(report, arrays)
    legs = found.legs
    same(legs.first, known(rows, "liquidation_price"))
    same(legs.other, known(rows, "liquidation_price_other"))
    same(legs.bankruptcy, known(rows, "bankruptcy_price"))
    same(legs.common_shock, known(rows, "liquidation_price_common_shock"), 1e-8)
    same(legs.maintenance, known(rows, "maintenance_margin"))
    same(legs.initial, known(rows, "initial_margin"))
    same(legs.profit, known(rows, "unrealized_pnl"))
    same(found.notional_usd, known(rows, "notional_usd"))
    same(found.distance, known(rows, "distance"))
    same(found.leg_ratio, known(rows, "margin_ratio"))
    pools = np.flatnonzero(~arrays.book.pools.isolated)
    same(found.pools.balance[pools], known(report.accounts, "margin_balance"))
    same(found.pools.maintenance[pools], known(report.accounts, "maintenance_margin"))
    same(found.pool_ratio[pools], known(report.accounts, "margin_ratio"))
    same(found.free_collateral[pools], known(report.accounts, "free_collateral"))
    same(found.driver_price[pools], known(report.accounts, "liquidation_coin_price"), 1e-8)
    assert found.value_usd.sum() == pytest.approx(report.totals.equity_usd, abs=1e-6)
    assert found.notional_usd.sum() == pytest.approx(report.totals.gross_notional_usd)
    exposures = arrays.exposures(found, arrays.coin_price)
    for row in report.exposures:
        at = arrays.coins.index(row.coin)
        for name in ("long_base", "short_base", "spot_base", "net_base", "net_usd", "beta_usd"):
            want = getattr(row, name)
            assert getattr(exposures, name)[at] == pytest.approx(want, abs=1e-7), name


@given(st.one_of(accounts(), mixed_accounts()), st.booleans(), log_floats(0.3, 3.0))
@settings(max_examples=150)
def test_a_grid_of_prices_is_the_engines_price_by_price(drawn, falling, end):
    owner, tiers = drawn
    inputs = world(prices=PRICES, tiers=tiers)
    arrays = compile_book(book(owner), inputs)
    clock = np.linspace(0.0, np.log(end), 37)
    clock = clock[::-1] if falling else clock
    path = MarketPath(rates={"BTC": 1.0, "ETH": 1.25, "SOL": -0.7}, funding={})
    found = arrays.grid({coin: np.exp(path.rate(coin) * clock) for coin in ("BTC", "ETH", "SOL")})
    for p, pool in enumerate(arrays.pools):
        legs = path.legs(pool, clock)
        balance = equity(pool, legs, path.coins(pool, clock))
        np.testing.assert_allclose(found.balance[p], balance, rtol=1e-9, atol=1e-6)
        required = maintenance(pool, legs) if pool.has_margin else np.full(37, np.nan)
        np.testing.assert_allclose(found.maintenance[p], required, rtol=1e-9, atol=1e-6)


def test_a_book_is_compiled_once_for_any_marks():
    # 10,000 + (P - 60,000) = 0.005 P at 50,000 / 0.995, whatever the mark is
    inputs = world(prices={"BTC": 60_000.0})
    owner = account(cross(BTC, 1.0, 60_000.0), balances={"USDT": 10_000.0})
    arrays = compile_book(book(owner), inputs)
    for mark in (60_000.0, 55_000.0, 80_000.0):
        found = arrays.report(np.array([mark]))
        assert found.legs.first[0] == pytest.approx(50_000 / 0.995)
        assert found.pools.balance[0] == pytest.approx(10_000 + mark - 60_000)
    below = arrays.report(np.array([50_000.0]))
    assert below.legs.first[0] == 50_000
    assert below.pool_ratio[0] == np.inf or np.isnan(below.pool_ratio[0])


def test_an_answer_can_be_written_over():
    inputs = world(prices={"BTC": 60_000.0})
    arrays = compile_book(book(account(cross(BTC, 1.0, 60_000.0), balances={"USDT": 1e4})), inputs)
    first = arrays.grid({"BTC": np.array([0.9, 1.0])})
    again = arrays.grid({"BTC": np.array([1.0, 1.1])}, out=first)
    assert again is first
    assert first.balance.tolist() == [[10_000, pytest.approx(16_000)]]
    assert first.maintenance.tolist() == [[pytest.approx(300), pytest.approx(330)]]


def test_pools_without_a_value_are_left_out_and_without_tiers_are_not_known():
    inputs = world(prices={"BTC": 60_000.0})
    odd = account(cross("BTC/ETH:USDT", 1.0, 60_000.0), name="quanto")
    plain = account(cross(BTC, 1.0, 60_000.0, maintenance_rate=None), name="plain")
    arrays = compile_book(book(odd, plain), inputs)
    assert [pool.account.id for pool in arrays.pools] == ["plain"]
    found = arrays.report()
    assert np.isnan(found.legs.first[0])
    assert np.isnan(found.pools.maintenance[0])
    assert found.legs.profit[0] == 0.0
    assert np.isnan(arrays.grid({"BTC": np.ones(3)}).maintenance).all()


def test_a_loan_has_its_coins_price():
    # 0.9 B = 40,000
    loan = account(collateral=MULTI, balances={"BTC": 1.0, "USDT": -40_000.0},
                   haircuts={"BTC": 0.1})  # fmt: skip
    arrays = compile_book(book(loan), world(prices={"BTC": 60_000.0}))
    assert arrays.report().driver_price[0] == pytest.approx(40_000 / 0.9)


def test_without_a_price_of_bitcoin_the_largest_leg_leads():
    inputs = world()
    owner = account(cross(ETH, 10.0, 2_000.0), balances={"USDT": 4_000.0})
    arrays = compile_book(book(owner), inputs)
    report = evaluate(book(owner), inputs)
    want = report.accounts[0].liquidation_coin_price
    assert arrays.report().driver_price[0] == pytest.approx(want, rel=1e-8)


def test_a_flat_tiers_jump_is_met_by_a_common_shock():
    tiers = {("manual", BTC): table((0, 70_000, 0.01, 0), (70_000, None, 0.5, 0), mode="flat")}
    owner = account(cross(BTC, -1.0, 60_000.0, maintenance_rate=None), balances={"USDT": 20_000.0})
    assert tiers["manual", BTC].mode == TierMode.FLAT
    arrays = compile_book(book(owner), world(tiers=tiers, prices={"BTC": 60_000.0}))
    assert arrays.report().legs.common_shock[0] == pytest.approx(70_000)


def test_an_empty_book_has_no_columns():
    arrays = compile_book(book(), world())
    assert len(arrays.report().legs.first) == 0


def test_warming_up_says_what_it_does():
    said = []
    warm_up(said.append)
    assert said == [
        "Preparing the margin arithmetic of large books: compiled once, in half a minute."
    ]
