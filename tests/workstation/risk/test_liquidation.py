"""Liquidation prices: against a search by bisection, by hand, and by what must always hold."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.workstation.risk.oracle import FARTHEST, Oracle
from tests.workstation.risk.worlds import (
    BTC,
    BTC_INVERSE,
    ETH,
    ETH_INVERSE,
    HEDGE,
    MULTI,
    SOL,
    account,
    cross,
    isolated,
    listed,
    report_of,
    row_of,
    table,
    world,
)
from workstation.market.instrument import Contract, MarketKey
from workstation.portfolio.model import PositionMode
from workstation.risk.inputs import MarkRange
from workstation.risk.profiles import PROFILES, Rounding
from workstation.risk.report import LiquidationKind, Status
from workstation.risk.tiers import TierMode, TierUnit

PRICES = {"BTC": 64_000.0, "ETH": 1_900.0, "SOL": 80.0}
LINEAR, INVERSE = (BTC, ETH, SOL), (BTC_INVERSE, "BTC/USD:BTC-260327", ETH_INVERSE)


def log_floats(low, high):
    return st.floats(math.log(low), math.log(high)).map(math.exp)


@st.composite
def tier_tables(draw, scale):
    """Tiers whose floors lie around ``scale``, continuous where they are marginal."""
    if draw(st.booleans()):
        slope = draw(st.sampled_from([0.0, 5e-5, 4e-6]))
        rate = draw(st.sampled_from([0.01, 0.02]))
        return table((0, None, rate, 0.0), mode=TierMode.LINEAR_IN_SIZE, slope=slope)
    mode = draw(st.sampled_from([TierMode.MARGINAL, TierMode.FLAT]))
    unit = TierUnit.VALUE if mode is TierMode.MARGINAL else draw(st.sampled_from(TierUnit))
    cuts = sorted(draw(st.lists(log_floats(0.05, 20.0), min_size=1, max_size=4, unique=True)))
    rates = sorted(draw(st.lists(st.floats(0.002, 0.2), min_size=len(cuts) + 1,
                                 max_size=len(cuts) + 1)))  # fmt: skip
    floors = [0.0, *(cut * scale for cut in cuts)]
    amounts = [0.0]
    for i in range(1, len(rates)):
        amounts.append(amounts[-1] + floors[i] * (rates[i] - rates[i - 1]))
    if mode is TierMode.FLAT:
        amounts = [0.0] * len(rates)
    rows = zip(floors, [*floors[1:], None], rates, amounts, strict=True)
    return table(*rows, unit=unit, mode=mode)


@st.composite
def positions(draw, symbols, *, isolated_margin=False):
    symbol = draw(st.sampled_from(symbols))
    mark = PRICES[symbol.partition("/")[0]]
    entry = mark * draw(log_floats(0.8, 1.25))
    usd = draw(log_floats(1e3, 1e6))
    inverse = symbol in INVERSE
    quantity = draw(st.sampled_from([1.0, -1.0])) * (usd if inverse else usd / mark)
    leverage = draw(st.sampled_from([None, 1.0, 2.0, 5.0, 20.0]))
    rate = draw(st.sampled_from([None, 0.004, 0.01, 0.05]))
    make = isolated if isolated_margin else cross
    margin = (abs(quantity) / (entry if inverse else 1 / entry)) / draw(log_floats(0.7, 30.0))
    head = (symbol, quantity, entry, *([margin] if isolated_margin else []), mark)
    return make(*head, leverage=leverage, maintenance_rate=rate, contract_size=1.0)


@st.composite
def accounts(draw):
    """An account of one pool at any venue, and the tier tables of its positions."""
    venue = draw(st.sampled_from(sorted(PROFILES)))
    kind = draw(st.sampled_from(["isolated", "linear", "inverse", "multi"]))
    symbols = INVERSE[:2] if kind == "inverse" else LINEAR
    if kind == "isolated":
        held = [draw(positions((*LINEAR, *INVERSE), isolated_margin=True))]
    else:
        held = draw(st.lists(positions(symbols), min_size=1, max_size=4))
        held = list({(p.symbol, p.side): p for p in held}.values())
    if PROFILES[venue].nets_maturities:  # no rule for both sides of a coin there
        held = [p for p in held if p.side is held[0].side]
    tiers = {}
    for p in held:
        value = abs(p.quantity) * (p.mark_price if p.contract is Contract.LINEAR else 1.0)
        value = value if p.contract is Contract.LINEAR else value / p.mark_price
        tiers[venue, p.symbol] = draw(tier_tables(value))
    size = sum(abs(p.quantity) * (p.mark_price if p.symbol in LINEAR else 1.0) for p in held)
    usd = size * draw(log_floats(0.02, 2.0))
    balances = {"USDT": usd}
    if kind == "inverse":
        balances = {"BTC": usd / PRICES["BTC"]}
    if kind == "multi":
        debt = draw(st.sampled_from([0.0, 0.3])) * usd
        balances = {"USDT": -debt, "BTC": 1.5 * usd / PRICES["BTC"], "SOL": 0.2 * usd / 80.0}
    return account(
        *held, venue=venue, balances=balances if kind != "isolated" else {},
        position_mode=HEDGE, taker_fee=draw(st.sampled_from([0.0, 0.0005, 0.001])),
        collateral=MULTI if kind == "multi" else account().collateral,
        haircuts={"USDT": 0.0, "BTC": 0.05, "SOL": 0.1} if kind == "multi" else {},
    ), tiers  # fmt: skip


@given(accounts())
@settings(max_examples=250)
def test_every_price_is_the_one_that_a_search_finds(drawn):
    owner, tiers = drawn
    inputs = world(prices=PRICES, tiers=tiers)
    for position, row in zip(
        owner.positions, report_of(owner, inputs=inputs).positions, strict=True
    ):
        oracle = Oracle.of(owner, position, tiers, PRICES)
        if oracle.surplus(position.symbol, 1.0) <= 0:
            assert row.status is Status.BELOW_MAINTENANCE
            assert row.liquidation_price == position.mark_price
            continue
        assert row.status is Status.OK
        found = sorted(
            (ratio for ratio in oracle.ends(position.symbol) if ratio is not None),
            key=lambda ratio: abs(math.log(ratio)),
        )
        printed = [row.liquidation_price, row.liquidation_price_other]
        got = [price / position.mark_price for price in printed if price is not None]
        assert within_reach(got) == pytest.approx(within_reach(found), rel=1e-7), position


def within_reach(ratios):
    """Leave out ratios so far off that a search in floats cannot tell them from none."""
    return [ratio for ratio in ratios if 10 / FARTHEST < ratio < FARTHEST / 10]


@given(accounts(), st.floats(1.0001, 3.0))
@settings(max_examples=60)
def test_more_collateral_never_brings_a_price_nearer(drawn, times):
    owner, tiers = drawn
    inputs = world(prices=PRICES, tiers=tiers)
    richer = replace(
        owner,
        balances={c: a * times if a > 0 else a / times for c, a in owner.balances.items()},
        positions=tuple(
            replace(p, isolated_margin=p.isolated_margin * times) if p.isolated_margin else p
            for p in owner.positions
        ),
    )
    # a balance in the coin itself is exposure too: then more of it may turn the near end round
    assume(owner.collateral is not MULTI)
    before, after = report_of(owner, inputs=inputs), report_of(richer, inputs=inputs)
    for old, new in zip(before.positions, after.positions, strict=True):
        if old.liquidation is LiquidationKind.NONE:
            assert new.liquidation is LiquidationKind.NONE
        elif new.distance is not None:
            assert abs(math.log1p(new.distance)) >= abs(math.log1p(old.distance)) * (1 - 1e-9)


@given(accounts())
@settings(max_examples=60)
def test_liquidation_comes_before_bankruptcy(drawn):
    owner, tiers = drawn
    for row in report_of(owner, inputs=world(prices=PRICES, tiers=tiers)).positions:
        if row.status is not Status.OK or row.bankruptcy_price is None:
            continue
        ends = [row.liquidation_price, row.liquidation_price_other]
        same_side = [
            end
            for end in ends
            if end is not None and (end < row.mark_price) == (row.bankruptcy_price < row.mark_price)
        ]
        if PROFILES[owner.venue].others.value == "frozen":
            for end in same_side:
                past = abs(math.log(row.bankruptcy_price / row.mark_price))
                assert abs(math.log(end / row.mark_price)) <= past * (1 + 1e-9)


@given(accounts())
@settings(max_examples=40)
def test_the_order_of_positions_does_not_matter(drawn):
    owner, tiers = drawn
    inputs = world(prices=PRICES, tiers=tiers)
    there = report_of(owner, inputs=inputs).positions
    back = report_of(replace(owner, positions=owner.positions[::-1]), inputs=inputs).positions
    for row, same in zip(there, back[::-1], strict=True):
        for name in ("liquidation_price", "liquidation_price_other", "bankruptcy_price"):
            assert alike(getattr(row, name), getattr(same, name), 1e-9)
        shocks = row.liquidation_price_common_shock, same.liquidation_price_common_shock
        assert alike(*shocks, 1e-7)


def alike(one, other, rel):
    return one == other if one is None or other is None else math.isclose(one, other, rel_tol=rel)


@pytest.mark.parametrize("symbol", [BTC, BTC_INVERSE])
@pytest.mark.parametrize("side", [1, -1])
@given(share=st.floats(0.05, 0.6), entry=log_floats(0.9, 1.1))
@settings(max_examples=15)
def test_one_symbol_alone_dies_at_the_same_price_in_a_common_shock(symbol, side, share, entry):
    mark = PRICES["BTC"]
    inverse = symbol == BTC_INVERSE
    held = cross(symbol, side * (1e5 if inverse else 1.5), mark * entry, mark)
    wallet = {"BTC": share * 1e5 / mark} if inverse else {"USDT": share * 1.5 * mark}
    row = row_of(held, world(prices=PRICES), balances=wallet)
    assume(row.status is Status.OK)
    assert row.liquidation_price_common_shock == pytest.approx(row.liquidation_price, rel=1e-7)


def test_an_isolated_long_by_hand():
    # (10 x 60,000 - 60,000) / (10 x 0.995)
    row = row_of(isolated(BTC, 10.0, 60_000.0, 60_000.0))
    assert row.liquidation_price == pytest.approx(540_000 / 9.95)
    assert row.bankruptcy_price == pytest.approx(54_000)
    assert row.distance == pytest.approx(540_000 / 9.95 / 60_000 - 1)
    assert row.liquidation_price_other is None


def test_an_inverse_long_by_hand():
    # Q (1 + R) / (W + Q / e) = 60,000 x 1.005 / (0.5 + 1)
    row = row_of(isolated(BTC_INVERSE, 60_000.0, 60_000.0, 0.5))
    assert row.liquidation_price == pytest.approx(60_300 / 1.5)


@pytest.mark.parametrize("mark", [20_000.0, 60_000.0, 300_000.0])
def test_an_inverse_short_of_one_leverage_is_a_dollar_that_no_price_liquidates(mark):
    held = isolated(BTC_INVERSE, -60_000.0, 60_000.0, 1.0, mark)
    report = report_of(account(held), inputs=world(prices={"BTC": mark}))
    (row,) = report.positions
    assert row.liquidation is LiquidationKind.NONE
    assert row.liquidation_price is None
    assert row.distance is None
    assert report.exposures[0].net_base == pytest.approx(0.0, abs=1e-12)
    assert report.totals.equity_usd == pytest.approx(60_000.0)


def test_a_short_just_above_one_leverage_dies_far_away_yet_at_a_price():
    # Q (R - 1) / (W - Q / e): 60,000 x (1 - 0.005) / (1 - 0.9) = 597,000
    row = row_of(isolated(BTC_INVERSE, -60_000.0, 60_000.0, 0.9))
    assert row.liquidation_price == pytest.approx(597_000)


def test_a_fully_backed_long_has_no_price():
    row = row_of(isolated(BTC, 1.0, 60_000.0, 60_000.0))
    assert row.liquidation is LiquidationKind.NONE
    assert row.bankruptcy_price is None


def test_a_hedged_pair_dies_of_a_rise():
    # 10,000 of wallet against maintenance of 0.005 x 2 P: P = 1,000,000
    pair = (cross(BTC, 1.0, 60_000.0), cross(BTC, -1.0, 60_000.0))
    report = report_of(account(*pair, position_mode=HEDGE, balances={"USDT": 10_000.0}))
    assert [row.liquidation_price for row in report.positions] == pytest.approx([1e6, 1e6])


def test_an_almost_hedged_long_dies_of_a_rise_too():
    pair = (cross(BTC, 1.0, 60_000.0), cross(BTC, -0.995, 60_000.0))
    report = report_of(account(*pair, position_mode=HEDGE, balances={"USDT": 10_000.0}))
    assert report.positions[0].liquidation_price > 60_000


def test_a_coin_backed_hedge_has_two_ends():
    # 1 BTC of collateral, 3 BTC short in dollars: dies of a rise; a debt makes it die of a fall
    held = cross(BTC, -0.5, 60_000.0)
    row = row_of(
        held, world(prices={"BTC": 60_000.0}), collateral=MULTI,
        balances={"BTC": 1.0, "USDT": -40_000.0}, haircuts={"BTC": 0.0},
    )  # fmt: skip
    # k x 60,000 - 40,000 + 30,000 - 30,000 k - 150 k = 0: k = 10,000 / 29,850
    assert row.liquidation_price == pytest.approx(60_000 * 10_000 / 29_850)


def test_a_position_below_maintenance_has_its_mark_for_a_price():
    row = row_of(isolated(BTC, 1.0, 60_000.0, 200.0))
    assert row.status is Status.BELOW_MAINTENANCE
    assert row.liquidation_price == 60_000
    assert row.distance == 0


def test_a_flat_tier_that_jumps_through_zero_liquidates_at_its_boundary():
    tiers = {("manual", BTC): table(
        (0, 70_000, 0.01, 0), (70_000, None, 0.5, 0), mode=TierMode.FLAT)}  # fmt: skip
    held = cross(BTC, -1.0, 60_000.0, maintenance_rate=None)
    row = row_of(held, world(tiers=tiers), balances={"USDT": 20_000.0})
    assert row.liquidation_price == pytest.approx(70_000)


def test_tiers_that_end_before_the_price_leave_it_unknown():
    tiers = {("manual", BTC): table((0, 70_000, 0.01, 0))}
    held = cross(BTC, -1.0, 60_000.0, maintenance_rate=None)
    report = report_of(account(held, balances={"USDT": 20_000.0}), inputs=world(tiers=tiers))
    (row,) = report.positions
    assert row.liquidation is LiquidationKind.UNKNOWN
    assert row.liquidation_price is None
    assert row.maintenance_margin == pytest.approx(600)
    assert any("beyond the tiers that are known (test)" in text for text in report.problems)


def test_a_size_above_the_last_known_tier_has_no_maintenance_margin():
    tiers = {("manual", BTC): table((0, 50_000, 0.01, 0))}
    held = cross(BTC, -1.0, 60_000.0, maintenance_rate=None)
    report = report_of(account(held, balances={"USDT": 20_000.0}), inputs=world(tiers=tiers))
    (row,) = report.positions
    assert row.status is Status.UNKNOWN
    assert row.maintenance_margin is None
    assert row.unrealized_pnl == 0.0
    assert report.problems == (
        "a BTC/USDT:USDT: its size lies above the tiers that are known (test); "
        "give maintenance_rate in the file.",
    )


# 540,000 / 9.95 = 54,271.357 up; 660,000 / 10.05 = 65,671.642 down
@pytest.mark.parametrize(("side", "expected"), [(1, 54_271.4), (-1, 65_671.6)])
def test_bybit_prints_on_the_tick_towards_earlier_liquidation(side, expected):
    held = isolated(BTC, side * 10.0, 60_000.0, 60_000.0)
    tick = listed("bybit", BTC, tick=0.1)
    printed = row_of(held, world(instruments=[tick]), venue="bybit").liquidation_price
    assert printed == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("side", [1, -1])
def test_okx_prints_isolated_prices_one_tick_towards_the_mark(side):
    held = isolated(BTC, side * 10.0, 60_000.0, 60_000.0)
    exact = row_of(held, venue="okx").liquidation_price
    tick = world(instruments=[listed("okx", BTC, tick=0.1)])
    assert row_of(held, tick, venue="okx").liquidation_price == pytest.approx(exact + side * 0.1)
    crossed = cross(BTC, side * 10.0, 60_000.0)
    wallet = {"USDT": 60_000.0}
    assert PROFILES["okx"].rounding is Rounding.PLUS_SIDE_TICK
    there = row_of(crossed, tick, venue="okx", balances=wallet).liquidation_price
    assert there == row_of(crossed, venue="okx", balances=wallet).liquidation_price


def test_bitget_freezes_maintenance_of_cross_pools_only():
    # cross: 54,000 + 60,000 (0.005 + 0.001); isolated: 54,000 / (1 - 0.006)
    crossed = cross(BTC, 1.0, 60_000.0)
    there = {"venue": "bitget", "taker_fee": 0.001}
    row = row_of(crossed, balances={"USDT": 6_000.0}, **there)
    assert row.liquidation_price == pytest.approx(54_360)
    row = row_of(isolated(BTC, 1.0, 60_000.0, 6_000.0), **there)
    assert row.liquidation_price == pytest.approx(54_000 / 0.994)


def test_deribit_states_one_ratio_for_every_contract_of_a_coin():
    legs = (
        cross(BTC_INVERSE, 100_000.0, 60_000.0, maintenance_rate=0.004),
        cross("BTC/USD:BTC-260327", -40_000.0, 61_000.0, maintenance_rate=0.01),
    )
    report = report_of(account(*legs, venue="deribit", balances={"BTC": 0.5}))
    ratios = [row.liquidation_price / row.mark_price for row in report.positions]
    assert ratios == pytest.approx([1 - 0.32216998191681745] * 2)  # derived by bisection


def test_a_dollar_balance_stands_still_in_deribits_common_shock():
    held = cross("BTC/USDC:USDC", 1.0, 60_000.0, maintenance_rate=0.01)
    row = row_of(
        held, world(prices={"BTC": 60_000.0}), venue="deribit", collateral=MULTI,
        balances={"USDC": 12_000.0}, haircuts={"USDC": 0.0},
    )  # fmt: skip
    assert row.liquidation_price == pytest.approx(48_000 / 0.99)


def test_isolated_legs_of_one_symbol_are_pools_of_their_own():
    long = isolated(BTC, 1.0, 60_000.0, 6_000.0)
    short = isolated(BTC, -1.0, 60_000.0, 6_000.0)
    rows = report_of(account(long, short, position_mode=PositionMode.HEDGE)).positions
    assert rows[0].liquidation_price == pytest.approx(54_000 / 0.995)
    assert rows[1].liquidation_price == pytest.approx(66_000 / 1.005)


def test_a_beta_of_nothing_leaves_a_position_out_of_the_common_shock():
    inputs = world(prices=PRICES, betas={"ETH": 0.0})
    row = row_of(isolated(ETH, 1.0, 1_900.0, 190.0), inputs)
    assert row.liquidation_price_common_shock is None
    assert row.liquidation is LiquidationKind.PRICE


def test_a_loan_dies_where_its_collateral_after_haircut_meets_the_debt():
    # 1 BTC x (1 - 0.1) x P = 40,000
    loan = account(
        collateral=MULTI, balances={"BTC": 1.0, "USDT": -40_000.0}, haircuts={"BTC": 0.1}
    )
    report = report_of(loan, inputs=world(prices={"BTC": 60_000.0}))
    (row,) = report.accounts
    assert row.liquidation_coin == "BTC"
    assert row.liquidation_coin_price == pytest.approx(40_000 / 0.9)
    assert row.margin_balance == pytest.approx(14_000)
    assert row.wallet_balance == pytest.approx(20_000)


def test_a_loan_on_another_coin_dies_at_that_coins_price_while_bitcoin_has_none():
    loan = account(
        collateral=MULTI, balances={"ETH": 10.0, "USDT": -9_000.0}, haircuts={"ETH": 0.1}
    )
    (row,) = report_of(loan, inputs=world(prices={"ETH": 2_000.0})).accounts
    assert row.liquidation_coin == "ETH"
    assert row.liquidation_coin_price == pytest.approx(1_000)


def test_a_mark_that_passed_the_price_takes_the_whole_pool_along():
    seen = MarkRange(low=54_000.0, low_ms=0, high=60_000.0, high_ms=0, source="a test")
    legs = (cross(BTC, 1.0, 60_000.0), cross(ETH, 1.0, 2_000.0))
    owner = account(*legs, balances={"USDT": 6_000.0})
    report = evaluate_with_range(owner, MarketKey("manual", BTC), seen)
    assert {row.status for row in report.positions} == {Status.PRESUMED_LIQUIDATED}
    assert report.totals.equity_usd == 0.0
    assert report.next_liquidation is None
    higher = replace(seen, low=54_300.0)
    report = evaluate_with_range(owner, MarketKey("manual", BTC), higher)
    assert {row.status for row in report.positions} == {Status.OK}


def evaluate_with_range(owner, key, seen):
    return report_of(owner, inputs=world(ranges={key: seen}))
