"""What the book holds of each coin, against what it gains when the coin moves."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.workstation.risk.worlds import (
    BTC,
    BTC_INVERSE,
    ETH,
    MULTI,
    account,
    cross,
    isolated,
    report_of,
    world,
)
from workstation.portfolio.model import MarginSystem

BITCOIN = {"BTC": 60_000.0}


def exposure(coin, *owners, prices=None):
    report = report_of(*owners, inputs=world(prices=prices or BITCOIN))
    return next(row for row in report.exposures if row.coin == coin)


def test_long_short_and_spot_stand_apart_and_by_venue():
    row = exposure(
        "BTC",
        account(cross(BTC, 2.0, 60_000.0), balances={"USDT": 9e4, "BTC": 0.5}, venue="bybit"),
        account(cross(BTC, -0.5, 60_000.0), balances={"USDT": 9e4}, venue="okx", name="b"),
    )
    assert (row.long_base, row.short_base, row.spot_base) == (2.0, 0.5, 0.5)
    assert row.net_base == pytest.approx(2.0)
    assert row.net_usd == row.beta_usd == pytest.approx(120_000)
    assert row.by_venue == {"bybit": pytest.approx(2.5), "okx": pytest.approx(-0.5)}


def test_a_beta_weighs_the_net_in_dollars():
    row = exposure("ETH", account(cross(ETH, 10.0, 2_000.0)))
    assert row.beta_usd == pytest.approx(20_000 * 1.25)


def test_dollars_are_no_exposure():
    report = report_of(account(cross(BTC, 1.0, 60_000.0), balances={"USDT": 1e5, "USDC": 1e5}))
    assert [row.coin for row in report.exposures] == ["BTC"]


def test_the_largest_comes_first():
    owner = account(cross(ETH, -40.0, 2_000.0), cross(BTC, 1.0, 60_000.0))
    assert [row.coin for row in report_of(owner).exposures] == ["ETH", "BTC"]


@given(
    st.sampled_from(["linear", "isolated", "inverse", "isolated inverse", "multi", "cross pair"]),
    st.floats(-5.0, 5.0).filter(lambda q: abs(q) > 0.01), st.floats(0.8, 1.25),
)  # fmt: skip
@settings(max_examples=60)
def test_the_net_is_what_a_small_move_brings(kind, coins, entry_ratio):
    """Equity is linear in the price for every contract, so the difference is exact."""

    def owner(mark):
        entry, face = 60_000 * entry_ratio, coins * 60_000
        pair = cross("ETH/BTC:BTC", coins, 0.03 * entry_ratio, 0.03 * 60_000 / mark)
        held = {
            "linear": account(cross(BTC, coins, entry, mark), balances={"USDT": 1e6, "BTC": 2.0}),
            "isolated": account(isolated(BTC, coins, entry, 1e6, mark)),
            "inverse": account(cross(BTC_INVERSE, face, entry, mark), balances={"BTC": 50.0}),
            "isolated inverse": account(isolated(BTC_INVERSE, face, entry, 50.0, mark)),
            "multi": account(
                cross(BTC, coins, entry, mark), collateral=MULTI, haircuts={"BTC": 0.3},
                balances={"BTC": 3.0, "USDT": -100.0},
            ),
            "cross pair": account(pair, balances={"BTC": 50.0}),
        }  # fmt: skip
        return held[kind]

    here, there = 60_000.0, 60_600.0
    prices = [{"BTC": mark, "ETH": 1_800.0} for mark in (here, there)]
    before, after = (
        report_of(owner(mark), inputs=world(prices=p)).totals.equity_usd
        for mark, p in zip((here, there), prices, strict=True)
    )
    row = exposure("BTC", owner(here), prices=prices[0])
    assert row.net_base * (there - here) == pytest.approx(after - before, rel=1e-6, abs=1e-6)


def test_the_totals_count_leverage_on_equity():
    owner = account(
        cross(BTC, 1.0, 60_000.0), cross(ETH, -10.0, 2_000.0), balances={"USDT": 40_000.0}
    )
    totals = report_of(owner).totals
    assert (totals.equity_usd, totals.gross_notional_usd) == (40_000, pytest.approx(80_000))
    assert totals.net_notional_usd == pytest.approx(40_000)
    assert (totals.gross_leverage, totals.net_leverage) == pytest.approx((2, 1))
    assert totals.not_included == ()


def test_equity_is_at_market_value_and_what_has_no_rule_is_named():
    backed = account(collateral=MULTI, balances={"BTC": 1.0}, haircuts={"BTC": 0.5}, name="backed")
    odd = account(
        cross(BTC, 1.0, 60_000.0), balances={"USDT": 5.0}, name="odd",
        margin_system=MarginSystem.UNIFIED_PORTFOLIO,
    )  # fmt: skip
    report = report_of(backed, odd, inputs=world(prices=BITCOIN))
    assert report.totals.equity_usd == 60_000
    assert report.totals.gross_notional_usd == 0
    assert report.totals.not_included == ("odd",)


def test_there_is_no_leverage_on_nothing():
    totals = report_of(account(cross(BTC, 1.0, 60_000.0))).totals
    assert totals.gross_leverage is None
    assert totals.net_leverage is None
