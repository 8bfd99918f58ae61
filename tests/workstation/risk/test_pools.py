"""What is liquidated together, and what a pool says when a figure is missing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.workstation.risk.worlds import (
    BTC,
    BTC_INVERSE,
    ETH,
    ETH_INVERSE,
    HEDGE,
    MULTI,
    account,
    cross,
    isolated,
    listed,
    only_pool,
    order,
    table,
    world,
)
from workstation.portfolio.model import MarginSystem, OrderType
from workstation.risk.legs import taker_fee
from workstation.risk.pools import pools_of, without
from workstation.risk.tiers import TierMode, TierUnit

BITCOIN = {"BTC": 60_000.0, "ETH": 2_000.0}


def names(owner, inputs=None):
    return [pool.name for pool in pools_of(owner, inputs or world(prices=BITCOIN))]


def test_an_isolated_position_is_a_pool_and_each_settlement_coin_another():
    owner = account(
        isolated(BTC, 1.0, 60_000.0, 6_000.0), isolated(BTC, -1.0, 60_000.0, 6_000.0),
        cross(ETH, 1.0, 2_000.0), cross(BTC_INVERSE, 100.0, 60_000.0),
        balances={"USDT": 1.0, "BTC": 0.1, "USDC": 5.0, "SOL": 0.0}, position_mode=HEDGE,
    )  # fmt: skip
    assert names(owner) == [
        "a BTC/USDT:USDT long", "a BTC/USDT:USDT short", "a USDT", "a BTC", "a USDC",
    ]  # fmt: skip


def test_a_multi_asset_account_backs_one_dollar_pool_and_coin_settled_positions_keep_theirs():
    owner = account(
        cross(BTC, 1.0, 60_000.0), cross("ETH/USDC:USDC", 1.0, 2_000.0),
        cross(ETH_INVERSE, 100.0, 2_000.0), collateral=MULTI,
        balances={"USDT": 1_000.0, "BTC": 1.0, "ETH": 2.0}, haircuts={"BTC": 0.05},
    )  # fmt: skip
    dollars, ether = pools_of(owner, world(prices=BITCOIN))
    assert (dollars.name, dollars.assets) == ("a USD", ("USDT", "BTC"))
    assert {leg.position.symbol for leg in dollars.legs} == {BTC, "ETH/USDC:USDC"}
    assert (ether.name, ether.assets, ether.wallet) == ("a ETH", ("ETH",), 2.0)
    assert [(coin.coin, coin.value) for coin in dollars.coins] == [
        ("USDT", 1_000), ("BTC", 57_000)]  # fmt: skip


def test_a_contract_that_settles_in_bitcoin_is_no_part_of_the_dollar_pool():
    owner = account(cross("ETH/BTC:BTC", 1.0, 0.03), collateral=MULTI, balances={"BTC": 1.0})
    (pool,) = pools_of(owner, world(prices=BITCOIN))
    assert (pool.currency, pool.wallet) == ("BTC", 1.0)
    assert pool.legs[0].value == pytest.approx(0.03)


def test_a_debt_has_no_haircut():
    owner = account(collateral=MULTI, balances={"BTC": -0.1}, haircuts={"BTC": 0.5})
    (coin,) = only_pool(owner, world(prices=BITCOIN)).coins
    assert coin.value == -6_000


@pytest.mark.parametrize(
    ("owner", "sentence"),
    [
        (
            account(cross(BTC, 1.0, 60_000.0, margin_mode="cross"), balances={"USDT": 1.0},
                    margin_system=MarginSystem.PORTFOLIO),
            "a: there is no rule here for portfolio margin; "
            "the account is not included in any total.",
        ),
        (
            account(cross("BTC/EUR:EUR", 1.0, 55_000.0), balances={"EUR": 1.0}),
            "a: EUR has no price: give one with --mark SYMBOL=PRICE.",
        ),
        (
            account(cross("ETH/USD:BTC", 1.0, 2_000.0), balances={"BTC": 1.0}),
            "a ETH/USD:BTC: there is no rule here for its settlement in BTC.",
        ),
        (
            account(collateral=MULTI, balances={"SOL": 1.0}, haircuts={"SOL": 0.1}),
            "a: SOL has no price, so the pool that it backs is not known.",
        ),
        (
            account(venue="bybit", collateral=MULTI, balances={"BTC": 1.0}),
            "a: the haircut of BTC at bybit is not known; give it in [accounts.haircuts].",
        ),
    ],
    ids=["portfolio margin", "no price", "quanto", "no coin price", "no haircut"],
)  # fmt: skip
def test_a_pool_without_a_value_says_why(owner, sentence):
    pool = only_pool(owner, world(prices=BITCOIN))
    assert pool.unknown == sentence
    assert not pool.has_margin
    assert not pool.can_die


def test_a_position_without_a_mark_says_so():
    blind = replace(cross(BTC, 1.0, 60_000.0), mark_price=None)
    pool = only_pool(account(blind, balances={"USDT": 1.0}))
    assert pool.unknown == ("a BTC/USDT:USDT has no mark price: give one with --mark SYMBOL=PRICE.")


def test_a_position_without_tiers_says_so():
    pool = only_pool(account(cross(BTC, 1.0, 60_000.0, maintenance_rate=None)))
    assert pool.unknown is None
    assert pool.unknown_margin == (
        "a BTC/USDT:USDT: no maintenance tiers are known for it at manual; "
        "give maintenance_rate in the file."
    )


def test_tiers_in_contracts_need_the_size_of_one():
    by_contracts = {("okx", BTC): table(
        (0, 1, 0.004, 0), unit=TierUnit.CONTRACTS, mode=TierMode.FLAT)}  # fmt: skip
    owner = account(cross(BTC, 0.005, 60_000.0, maintenance_rate=None), venue="okx")
    assert only_pool(owner, world(tiers=by_contracts)).unknown_margin == (
        "a BTC/USDT:USDT: the contract size is not known; give contract_size in the file."
    )
    known = world(tiers=by_contracts, instruments=[listed("okx", BTC, contract_size=0.01)])
    (leg,) = only_pool(owner, known).legs
    assert leg.contracts == pytest.approx(0.5)
    assert only_pool(owner, known).has_margin


def test_the_fee_of_closing_is_in_bybits_cross_margins():
    # 60,000 x (1 - 1/10) x 0.001 = 54 for a long, 60,000 x 1.1 x 0.001 = 66 for a short
    legs = [cross(BTC, side, 60_000.0, leverage=10.0) for side in (1.0, -1.0)]
    owner = account(*legs, venue="bybit", taker_fee=0.001, position_mode=HEDGE)
    long, short = only_pool(owner).legs
    assert (long.fee_fixed, short.fee_fixed) == pytest.approx((54, 66))
    assert long.initial() == pytest.approx(6_054)
    assert long.maintenance_now == pytest.approx(354)
    inverse = account(
        cross(BTC_INVERSE, 60_000.0, 60_000.0, leverage=10.0), venue="bybit", taker_fee=0.001
    )
    (leg,) = only_pool(inverse, world(prices=BITCOIN)).legs
    assert leg.fee_fixed == pytest.approx(0.0011)


def test_a_fee_that_moves_with_the_value_is_part_of_the_rate():
    owner = account(cross(BTC, 1.0, 60_000.0), venue="okx", taker_fee=0.001)
    assert only_pool(owner).legs[0].maintenance_now == pytest.approx(360)


def test_an_account_without_a_fee_of_its_own_pays_the_base_tiers():
    assert taker_fee(account(venue="bybit")) == 0.00055
    assert taker_fee(account(venue="bybit", taker_fee=0.0)) == 0.0
    assert taker_fee(account()) == 0.0


def test_deribits_margins_grow_with_the_size():
    rates = table(
        (0, None, 0.01, 0), mode=TierMode.LINEAR_IN_SIZE, slope=5e-5, initial=(0.02, 5e-5)
    )
    tiers = {("deribit", BTC_INVERSE): rates}
    held = cross(BTC_INVERSE, 600_000.0, 60_000.0, maintenance_rate=None)
    (leg,) = only_pool(account(held, venue="deribit"), world(prices=BITCOIN, tiers=tiers)).legs
    assert leg.maintenance_now == pytest.approx(10 * 0.0105)  # 1 % + 0.005 % x 10 BTC
    assert leg.initial() == pytest.approx(10 * 0.0205)


def test_initial_margin_is_not_known_without_leverage():
    assert only_pool(account(cross(BTC, 1.0, 60_000.0))).legs[0].initial() is None


def test_what_a_pool_takes_along():
    stop = order(OrderType.STOP, BTC, -1.0, 50_000.0)
    bid = order(OrderType.LIMIT, "SOL/USDT:USDT", 1.0, 50.0)
    inverse_bid = order(OrderType.LIMIT, BTC_INVERSE, 1.0, 50_000.0)
    owner = account(
        isolated(BTC, 1.0, 60_000.0, 6_000.0), cross(ETH, 1.0, 2_000.0),
        balances={"USDT": 1.0, "BTC": 1.0}, orders=(stop, bid, inverse_bid),
    )  # fmt: skip
    alone, dollars, _ = pools_of(owner, world(prices=BITCOIN))
    left = without(owner, dollars)
    assert [p.symbol for p in left.positions] == [BTC]
    assert left.balances == {"BTC": 1.0}
    assert left.orders == (stop, inverse_bid)
    left = without(owner, alone)
    assert [p.symbol for p in left.positions] == [ETH]
    assert left.balances == owner.balances
    assert left.orders == (bid, inverse_bid)


def test_contracts_that_a_venue_nets_have_no_margin_here():
    # Kraken's multi-collateral contracts need the larger of long and short margin only
    perpetual, dated = "BTC/USD:USD", "BTC/USD:USD-260327"
    both = account(
        cross(perpetual, 1.0, 60_000.0), cross(dated, -1.0, 60_000.0), venue="krakenfutures",
        balances={"USD": 10_000.0},
    )  # fmt: skip
    pool = only_pool(both)
    assert pool.unknown is None
    assert not pool.has_margin
    assert "nets long and short contracts on BTC" in pool.unknown_margin
    one_side = account(
        cross(perpetual, 1.0, 60_000.0), cross("ETH/USD:USD", -1.0, 2_000.0),
        venue="krakenfutures", balances={"USD": 10_000.0},
    )  # fmt: skip
    assert only_pool(one_side).has_margin
    elsewhere = replace(both, venue="binanceusdm")
    assert only_pool(elsewhere).has_margin
