"""The report of the present: accounts, positions, and what is said where a figure is missing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.workstation.risk.worlds import (
    BTC,
    BTC_INVERSE,
    ETH,
    HEDGE,
    MULTI,
    NOW_MS,
    account,
    book,
    cross,
    funding,
    isolated,
    listed,
    order,
    report_of,
    row_of,
    table,
    world,
)
from workstation.market.instrument import Side
from workstation.portfolio.model import MarginSystem, OrderType
from workstation.risk.engine import evaluate
from workstation.risk.inputs import PositionKey, Presumption
from workstation.risk.report import Figure, LiquidationKind, MarkSource, Status, Withdrawals

BITCOIN = {"BTC": 60_000.0}


def test_a_cross_account_by_hand():
    owner = account(cross(BTC, 1.0, 59_000.0, 60_000.0, leverage=10.0), balances={"USDT": 9_000.0})
    report = report_of(owner, inputs=world(withdrawals={"manual": Withdrawals.SUSPENDED}))
    (row,) = report.accounts
    assert (row.id, row.venue, row.currency) == ("a", "manual", "USDT")
    assert (row.wallet_balance, row.unrealized_pnl, row.margin_balance) == (9_000, 1_000, 10_000)
    assert (row.initial_margin, row.maintenance_margin) == (pytest.approx(6_000), 300)
    assert row.margin_ratio == pytest.approx(0.03)
    assert row.free_collateral == pytest.approx(4_000)
    assert row.withdrawals is Withdrawals.SUSPENDED
    assert row.status is Status.OK
    assert row.liquidation_coin == "BTC"
    assert row.liquidation_coin_price == pytest.approx(50_000 / 0.995)
    assert report.positions[0].margin_ratio == row.margin_ratio


def test_one_leverage_that_is_not_known_leaves_the_initial_margin_unknown():
    legs = cross(BTC, 1.0, 60_000.0, leverage=10.0), cross(ETH, 1.0, 2_000.0)
    (row,) = report_of(account(*legs, balances={"USDT": 9_000.0})).accounts
    assert row.initial_margin is None
    assert row.free_collateral is None


def test_isolated_positions_are_rows_of_positions_and_not_of_accounts():
    report = report_of(account(isolated(BTC, 1.0, 60_000.0, 6_000.0)))
    assert report.accounts == ()
    (row,) = report.positions
    assert row.margin_ratio == pytest.approx(0.05)
    assert (row.quantity, row.side, row.currency) == (1.0, Side.LONG, "USDT")


def test_positions_stand_in_the_files_order():
    first = account(cross(ETH, 1.0, 2_000.0), isolated(BTC, 1.0, 60_000.0, 6_000.0), name="b")
    second = account(cross(BTC, 1.0, 60_000.0), name="a")
    rows = report_of(first, second).positions
    assert [(row.account, row.symbol) for row in rows] == [("b", ETH), ("b", BTC), ("a", BTC)]


def test_others_may_go_first_at_every_position():
    gone_first = []
    inputs = world(checkpoint=lambda: gone_first.append(1))
    held = [cross(f"C{k}/USDT:USDT", 1.0, 100.0, 100.0) for k in range(50)]
    report_of(account(*held, balances={"USDT": 1_000.0}), inputs=inputs)  # one pool
    assert len(gone_first) >= 2 * 50  # when it is solved, and when its row is made


def test_notional_is_the_face_of_an_inverse_contract():
    row = row_of(cross(BTC_INVERSE, -5_000.0, 50_000.0, 60_000.0), world(prices=BITCOIN))
    assert (row.quantity, row.notional_usd, row.currency) == (5_000, 5_000, "BTC")
    assert row.unrealized_pnl == pytest.approx(-(5_000 / 50_000 - 5_000 / 60_000))


def test_a_ratio_of_a_balance_that_is_not_positive_is_none():
    report = report_of(account(cross(BTC, 1.0, 70_000.0, 60_000.0), balances={"USDT": 5_000.0}))
    assert report.accounts[0].margin_ratio is None
    assert report.accounts[0].status is Status.BELOW_MAINTENANCE
    assert report.positions[0].liquidation_price == 60_000
    assert report.problems == (
        "a BTC/USDT:USDT is below its maintenance margin: the venue may liquidate it now.",
    )


def test_a_wallet_that_backs_nothing_counts_in_equity_and_in_no_ratio():
    report = report_of(account(balances={"USDT": 500.0, "BTC": 0.1}), inputs=world(prices=BITCOIN))
    assert report.totals.equity_usd == pytest.approx(6_500)
    assert [row.margin_ratio for row in report.accounts] == [None, None]
    assert {row.status for row in report.accounts} == {Status.OK}


def test_a_debt_beside_a_position_costs_its_full_value():
    owner = account(
        cross(BTC, 1.0, 60_000.0), collateral=MULTI,
        balances={"BTC": 0.5, "USDT": -10_000.0}, haircuts={"BTC": 0.1},
    )  # fmt: skip
    (row,) = report_of(owner, inputs=world(prices=BITCOIN)).accounts
    assert row.currency == "USD"
    assert row.wallet_balance == pytest.approx(20_000)
    assert row.margin_balance == pytest.approx(17_000)


def test_an_option_is_valued_at_its_mark_and_its_pool_has_no_figures():
    # two calls at 0.05 BTC bought at 0.04: 0.02 BTC of profit, 6,000 USD of value
    owner = account(
        cross(BTC_INVERSE, -10_000.0, 60_000.0),
        cross("BTC/USD:BTC-260327-70000-C", 2.0, 0.04, 0.05, maintenance_rate=None),
        venue="deribit", balances={"BTC": 1.0},
    )  # fmt: skip
    report = report_of(owner, inputs=world(prices=BITCOIN))
    perpetual, option = report.positions
    assert option.notional_usd == pytest.approx(6_000)
    assert option.unrealized_pnl == pytest.approx(0.02)
    assert option.mark_price == 0.05
    (pool,) = report.accounts
    for row in (perpetual, option, pool):
        assert row.status is Status.UNKNOWN
        assert row.margin_ratio is row.maintenance_margin is row.initial_margin is None
    assert pool.margin_balance is pool.wallet_balance is None
    assert option.liquidation is LiquidationKind.UNKNOWN
    assert option.liquidation_price is option.bankruptcy_price is option.distance is None
    assert report.totals.not_included == ("a",)
    assert "no rule here for the margin of options" in report.problems[0]
    assert report.problems[0] in option.explain(Figure.RATIO)


def test_an_option_in_dollars_is_worth_its_dollars():
    owner = account(
        cross("ETH/USDC:USDC-260327-2000-P", -3.0, 90.0, 80.0), balances={"USDC": 500.0}
    )
    (row,) = report_of(owner).positions
    assert (row.notional_usd, row.unrealized_pnl) == (240.0, 30.0)


def test_an_options_price_is_no_coins_price():
    owner = account(cross("BTC/USD:BTC-260327-70000-C", 2.0, 0.04, 0.05), venue="deribit")
    assert world().completed(book(owner)).coin_price("BTC") is None


def test_portfolio_margin_is_unknown_and_named():
    odd = account(
        cross(BTC, 1.0, 60_000.0), balances={"USDT": 5_000.0}, margin_system=MarginSystem.PORTFOLIO
    )
    report = report_of(odd)
    (row,), (pool,) = report.positions, report.accounts
    assert row.status is pool.status is Status.UNKNOWN
    assert row.liquidation is LiquidationKind.UNKNOWN
    for name in ("unrealized_pnl", "maintenance_margin", "margin_ratio", "liquidation_price",
                 "liquidation_price_common_shock", "bankruptcy_price", "distance"):  # fmt: skip
        assert getattr(row, name) is None
    assert pool.margin_balance is pool.wallet_balance is pool.margin_ratio is None
    assert report.totals.equity_usd == 0
    assert report.totals.not_included == ("a",)
    assert report.next_liquidation is None


def test_a_missing_mark_takes_its_pool_along_and_leaves_the_others_alone():
    blind = replace(cross(ETH, 1.0, 2_000.0), mark_price=None)
    owner = account(
        blind, cross(BTC, 1.0, 60_000.0), isolated(BTC, -1.0, 60_000.0, 6_000.0),
        balances={"USDT": 9_000.0}, position_mode=HEDGE,
    )  # fmt: skip
    report = report_of(owner)
    assert [row.status for row in report.positions] == [Status.UNKNOWN, Status.UNKNOWN, Status.OK]
    assert report.positions[0].mark_price is None
    assert report.positions[1].mark_price == 60_000
    assert report.totals.not_included == ("a",)
    assert report.totals.equity_usd == pytest.approx(6_000)
    assert report.problems == (
        "a ETH/USDT:USDT has no mark price: give one with --mark SYMBOL=PRICE.",
    )


def test_a_venues_mark_stands_before_the_files_and_the_files_before_a_cached_one():
    held = cross(BTC, 1.0, 60_000.0)
    live = world(marks={("manual", BTC): 61_000.0})
    assert row_of(held, live).mark_price == 61_000
    old = replace(live, marks={
        key: replace(used, source=MarkSource.CACHE) for key, used in live.marks.items()
    })  # fmt: skip
    row = row_of(held, old)
    assert (row.mark_price, row.mark_source) == (60_000, MarkSource.FILE)
    silent = replace(old, marks={}, silent=frozenset(live.marks))
    assert row_of(held, silent).mark_price is None


def test_next_funding_is_received_by_shorts_while_the_rate_is_positive():
    inputs = world(funding=funding("manual", BTC, 0.0002, interval_h=4.0))
    legs = cross(BTC, -1.0, 60_000.0), isolated(BTC, 0.5, 60_000.0, 9_000.0)
    report = report_of(
        account(*legs, balances={"USDT": 9_000.0}, position_mode=HEDGE), inputs=inputs
    )
    short, long = report.positions
    assert (short.next_funding_usd, long.next_funding_usd) == pytest.approx((12, -6))
    assert short.next_funding_ms == NOW_MS + 3_600_000
    assert report.accounts[0].funding_24h_usd == pytest.approx(6 * 6)


def test_a_days_funding_is_that_of_the_pools_own_coin():
    dollars, tethers = "BTC/USD:USD", BTC
    rates = {**funding("krakenfutures", dollars, 0.001), **funding("krakenfutures", tethers, 0.002)}
    owner = account(
        cross(dollars, 1.0, 60_000.0), cross(tethers, 1.0, 60_000.0), venue="krakenfutures",
        balances={"USD": 9e3, "USDT": 9e3},
    )  # fmt: skip
    rows = report_of(owner, inputs=world(funding=rates)).accounts
    assert [row.funding_24h_usd for row in rows] == pytest.approx([-180, -360])


def test_a_days_funding_is_not_known_while_one_rate_is_not():
    inputs = world(funding=funding("manual", BTC, 0.0002))
    owner = account(cross(BTC, -1.0, 60_000.0), cross(ETH, 1.0, 2_000.0), balances={"USDT": 9e3})
    assert report_of(owner, inputs=inputs).accounts[0].funding_24h_usd is None


def test_the_stop_that_stands_nearest_is_shown():
    orders = (
        order(OrderType.STOP, BTC, -0.5, 55_000.0),
        order(OrderType.STOP, BTC, -0.5, 58_000.0),
        order(OrderType.STOP, BTC, 1.0, 59_000.0),
        order(OrderType.TAKE_PROFIT, BTC, -1.0, 60_100.0),
    )
    assert row_of(cross(BTC, 1.0, 60_000.0), orders=orders).stop_price == 58_000
    assert row_of(cross(BTC, 1.0, 60_000.0)).stop_price is None


def test_the_next_liquidation_is_the_nearest_and_not_one_that_is_lost_already():
    near, far = isolated(BTC, 1.0, 60_000.0, 1_000.0), isolated(ETH, 1.0, 2_000.0, 500.0)
    passed = Presumption(sentence="Passed at noon.", price=59_500.0)
    inputs = world(presumed={PositionKey("a", BTC, Side.LONG): passed})
    assert report_of(account(near, far)).next_liquidation.symbol == BTC
    report = report_of(account(near, far), inputs=inputs)
    assert report.next_liquidation.symbol == ETH
    assert report.next_liquidation.loss_of_doing_nothing_usd == pytest.approx(500)
    assert report.positions[0].status is Status.PRESUMED_LIQUIDATED
    assert report.positions[0].liquidation_price == 59_500
    assert report.problems == ("Passed at noon.",)
    assert report.totals.equity_usd == pytest.approx(500)
    assert [row.coin for row in report.exposures] == ["ETH"]


def test_what_cannot_be_liquidated_is_never_next():
    assert report_of(account(isolated(BTC, 1.0, 60_000.0, 60_000.0))).next_liquidation is None


def test_the_tooltip_gives_formula_inputs_and_tier():
    tiers = {("bybit", BTC): table((0, 50_000, 0.004, 0), (50_000, None, 0.005, 50))}
    held = cross(BTC, 1.0, 58_000.0, 60_000.0, maintenance_rate=None, leverage=10.0)
    inputs = world(tiers=tiers, instruments=[listed("bybit", BTC, tick=0.1)])
    row = row_of(held, inputs, venue="bybit", balances={"USDT": 5_000.0})
    assert row.explain(Figure.LIQUIDATION).splitlines() == [
        "Liquidated where margin balance = maintenance margin.",
        "Wallet 5,000 USDT, unrealised profit 2,000 of this position.",
        "Mark 60,000, file.",
        "Entry 58,000.",
        "Tier 2 of 2 now: 0.5000% of the value less 50 (test: a test).",
        "Tier 2 of 2 at that price: 0.5000% of the value less 50 (test: a test).",
        "Bybit: everything else in the pool stands still; maintenance includes the fee of closing "
        "at the bankruptcy price.",
        "Tick 0.1.",
        "Then a high tier is cut down to a lower one first, without a fee of its own (Bybit help "
        "centre, Trading Rules: Liquidation Process (UTA)).",
        "Rules: Bybit help centre, The New Margin Calculation (2025-09-18).",
    ]
    assert row.tier_source == "test"


def test_a_price_that_is_not_rounded_says_so():
    row = row_of(isolated(BTC, 1.0, 60_000.0, 6_000.0), venue="okx")
    assert "Not rounded: the tick is not known." in row.explain(Figure.LIQUIDATION)


def test_a_problem_is_said_once():
    odd = account(
        cross(BTC, 1.0, 60_000.0), isolated(ETH, 1.0, 2_000.0, 500.0), balances={"USDT": 5.0},
        margin_system=MarginSystem.PORTFOLIO,
    )  # fmt: skip
    inputs = replace(world(), problems=("The tape is old.",))
    warned = replace(book(odd), warnings=("The book is old.",))
    problems = evaluate(warned, inputs).problems
    assert problems[:2] == ("The book is old.", "The tape is old.")
    assert len(problems) == 3


@pytest.mark.parametrize("price", [None, 60_000.0])
def test_a_book_without_positions_is_a_report(price):
    report = report_of(account(), inputs=world(prices={"BTC": price} if price else {}))
    assert report.positions == report.accounts == report.exposures == ()
    assert report.totals.equity_usd == 0
    assert (report.as_of_ms, report.portfolio) == (NOW_MS, "test")
