"""What the cascade is fed with: coins conserved, depth by hand, deaths as the engine has them."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy

from tests.workstation.risk.worlds import (
    BTC,
    BTC_INVERSE,
    ETH,
    NOW_MS,
    account,
    book,
    cross,
    isolated,
    order,
    world,
)
from workstation.market.facts import OrderBook
from workstation.market.instrument import MarketKey
from workstation.portfolio.model import OrderType
from workstation.risk.cascade_inputs import (
    DEPTH_SHARE,
    VOLUME_SHARE,
    MarketFacts,
    cascade_market,
    depth_near,
    forced_book,
    own_positions,
)
from workstation.risk.report import HeatmapColumns
from workstation.risk.scenario import Scenario, prepared, run

DELTA = 0.001


def columns_of(longs, shorts=None, *, first_bin=11_000, interest=1_000.0, share=0.8):
    longs = np.asarray(longs, np.float32)[np.newaxis]
    shorts = np.zeros_like(longs) if shorts is None else np.asarray(shorts, np.float32)[np.newaxis]
    return HeatmapColumns(
        coin="BTC",
        interval_s=60,
        time_ms=np.array([NOW_MS]),
        first_bin=first_bin,
        delta=DELTA,
        long_base=longs,
        short_base=shorts,
        open_interest_base=np.array([interest]),
        liquidatable_fraction=share,
        venues=("binanceusdm", "bybit"),
    )


def order_book(bids, asks, venue="binanceusdm"):
    return OrderBook(
        key=MarketKey(venue, BTC), as_of_ms=NOW_MS, fresh_for_ms=60_000,
        bids=np.array(bids, dtype=np.float64), asks=np.array(asks, dtype=np.float64),
    )  # fmt: skip


masses = st_numpy.arrays(
    np.float32, 50, elements=st.floats(0, 100, width=32, allow_subnormal=False)
)


@given(masses, masses, st.floats(0.001, 0.999))
@settings(max_examples=100)
def test_both_sides_of_the_price_are_cut_there_and_nothing_is_lost(longs, shorts, place):
    columns = columns_of(longs, shorts)
    price = math.exp(DELTA * (11_000 + 50 * place))
    below = forced_book(columns, price, falls=True)
    above = forced_book(columns, price, falls=False)
    inside = 50 * place
    whole, part = int(inside), inside - int(inside)
    longs_below = longs[:whole].sum(dtype=np.float64) + part * longs[whole]
    shorts_above = shorts.sum(dtype=np.float64) - shorts[:whole].sum(dtype=np.float64)
    assert below.total_base == pytest.approx(0.8 * longs_below, rel=1e-5, abs=1e-6)
    assert above.total_base == pytest.approx(
        0.8 * (shorts_above - part * shorts[whole]), rel=1e-5, abs=1e-6
    )
    for side in (below, above):
        assert side.cumulative_base[0] == 0
        assert np.all(np.diff(side.cumulative_base) >= -1e-9)


def test_a_bin_lies_at_its_distance():
    longs = np.zeros(50)
    longs[10] = 10.0  # between 39 and 40 bins below the upper edge of the grid
    made = forced_book(columns_of(longs), math.exp(DELTA * 11_050), falls=True)
    edges = DELTA * np.arange(len(made.cumulative_base))
    standing = np.interp([0.039, 0.040], edges, made.cumulative_base)
    assert standing == pytest.approx([0.0, 8.0], abs=1e-6)
    assert made.density(0.039, 0.040) == pytest.approx(8_000)


def test_depth_counts_what_stands_within_a_percent():
    deep = order_book([[99.9, 5.0], [99.1, 7.0], [98.0, 100.0]], [[100.1, 1.0], [101.5, 9.0]])
    assert depth_near(MarketFacts(books=(deep,)), falls=True) == pytest.approx(12)
    assert depth_near(MarketFacts(books=(deep,)), falls=False) == pytest.approx(1)


def test_a_book_that_ends_early_is_drawn_on_by_the_shape_of_books():
    # 4 coins within 0.25 %: 4 x 4 ** 1.16 within 1 %
    short = order_book([[99.95, 1.0], [99.75, 3.0]], [[100.05, 1.0], [100.25, 3.0]])
    assert depth_near(MarketFacts(books=(short,)), falls=True) == pytest.approx(4 * 4**1.16)


def test_a_book_that_hardly_begins_counts_for_nothing():
    stub = order_book([[99.99, 1.0], [99.98, 1.0]], [[100.01, 1.0], [100.02, 1.0]])
    assert depth_near(MarketFacts(books=(stub,)), falls=True) is None
    empty = order_book(np.empty((0, 2)), np.empty((0, 2)))
    assert depth_near(MarketFacts(books=(stub, empty)), falls=True) is None


def test_a_book_with_nothing_near_gives_no_depth():
    far = order_book([[100.0, 0.0], [95.0, 1.0]], [[100.1, 0.0], [105.0, 1.0]])
    assert depth_near(MarketFacts(books=(far,)), falls=True) is None


def test_what_is_known_is_used_and_depth_is_scaled_up_to_the_maps_venues():
    deep = order_book([[99.9, 5.0], [98.0, 1.0]], [[100.1, 5.0], [102.0, 1.0]])
    facts = MarketFacts(
        volatility_daily=0.03, volume_24h_base=2_000.0, books=(deep,),
        open_interest_base={deep.key: 250.0},
    )  # fmt: skip
    market = cascade_market(columns_of(np.ones(50)), facts, 100.0, falls=True)
    assert market.depth_base == pytest.approx(5 * 1_000 / 250)
    assert (market.volatility_daily, market.volume_24h_base) == (0.03, 2_000)
    assert not any("assumed" in note for note in market.assumptions)


def test_what_is_not_known_is_assumed_and_said():
    market = cascade_market(columns_of(np.ones(50)), MarketFacts(), 100.0, falls=True)
    assert market.depth_base == pytest.approx(1_000 * DEPTH_SHARE)
    assert market.volume_24h_base == pytest.approx(1_000 * VOLUME_SHARE)
    assert sum("assumed" in note for note in market.assumptions) == 3


def test_the_defaults_are_those_measured_for_bitcoin():
    # 630,000 BTC at 68,000: 110bn$ a day, 500M$ within 1 %
    interest_usd = 630_000 * 68_000
    assert interest_usd * VOLUME_SHARE == pytest.approx(110e9)
    assert interest_usd * DEPTH_SHARE == pytest.approx(500e6)


def own(portfolio, moves, **how):
    inputs = world(prices={"BTC": 60_000.0, "ETH": 2_000.0})
    scenario = Scenario(moves=moves, funding_rate_8h=0.0, **how)
    living, inputs, path = prepared(portfolio, inputs, scenario)
    return list(own_positions(living, inputs, path, "BTC"))


def test_own_positions_die_where_the_engine_says_beyond_the_scenario_too():
    # dead at 54,000 / 0.995 = 54,271 whatever the scenario's end is
    near = account(isolated(BTC, 1.5, 60_000.0, 9_000.0))
    for end in (59_000.0, 50_000.0):
        (found,) = own(book(near), {"BTC": end})
        assert found.distance == pytest.approx(math.log(60_000 / (54_000 / 0.995)))
        assert found.quantity_base == 1.5


def test_only_a_liquidation_that_pushes_the_same_way_adds_to_the_flow():
    short = account(isolated(BTC, -1.0, 60_000.0, 6_000.0), name="short")
    inverse = account(cross(BTC_INVERSE, 60_000.0, 60_000.0), balances={"BTC": 0.1}, name="inverse")
    other = account(isolated(ETH, 10.0, 2_000.0, 2_000.0), name="eth")
    falling = {item.account: item for item in own(book(short, inverse, other), {"BTC": 50_000.0})}
    assert "short" not in falling
    # 0.1 + 60,000 (1 / 60,000 - 1 / P) = 0.005 x 60,000 / P, so 60,000 / P = 1.1 / 1.005 coins
    assert falling["inverse"].quantity_base == pytest.approx(1.1 / 1.005)
    assert falling["eth"].quantity_base == 0.0
    rising = {item.account: item for item in own(book(short, inverse, other), {"BTC": 70_000.0})}
    assert rising["short"].quantity_base == 1.0


def test_what_is_closed_in_parts_dies_with_the_last_of_them():
    # Hyperliquid closes a fifth of what is worth more than 100,000 first, the rest half a minute on
    large = account(
        cross("BTC/USDC:USDC", 10.0, 60_000.0), balances={"USDC": 60_000.0}, venue="hyperliquid"
    )
    scenario = Scenario(moves={"BTC": 40_000.0}, funding_rate_8h=0.0)
    inputs = world(prices={"BTC": 60_000.0})
    events = run(book(large), inputs, scenario).events
    assert len(events) > 1
    living, inputs, path = prepared(book(large), inputs, scenario)
    (found,) = own_positions(living, inputs, path, "BTC")
    assert found.quantity_base == pytest.approx(10.0)
    assert found.distance == pytest.approx(-math.log(events[-1].coin_price["BTC"] / 60_000))


def test_a_coin_that_does_not_move_kills_nothing():
    owner = account(isolated(BTC, 1.0, 60_000.0, 6_000.0))
    assert own(book(owner), {"BTC": 60_000.0}) == []


def test_what_a_stop_closes_in_time_does_not_die():
    stop = order(OrderType.STOP, BTC, -1.0, 55_000.0, reduce_only=True)
    owner = account(isolated(BTC, 1.0, 60_000.0, 6_000.0), orders=(stop,))
    assert own(book(owner), {"BTC": 50_000.0}) == []
