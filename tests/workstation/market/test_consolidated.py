"""One coin over all venues, by hand: weights, outliers, the split of open interest, volatility."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.workstation.market.facts import (
    DAY_MS,
    FRESH_MS,
    HOUR_MS,
    btc,
    candles_of,
    funding,
    interest,
    interest_history,
    liquidation,
    mark,
    store_of,
    ticker,
)
from workstation.market.consolidated import (
    MIN_RETURNS,
    consolidate,
    perpetuals_of,
    realised_volatility,
)
from workstation.market.facts import VenueHealth, VenueState
from workstation.market.instrument import Side

A, B, C, D = (btc(venue) for venue in ("binanceusdm", "bybit", "okx", "deribit"))


def venue(key, price, base, **times):
    """Mark and open interest of one venue."""
    return mark(key, price, **times), interest(key, base, base * price, **times)


# --- price -------------------------------------------------------------------------------------


def test_the_mark_is_weighted_by_open_interest():
    store = store_of(*venue(A, 70_000.0, 300.0), *venue(B, 70_040.0, 100.0))
    assert consolidate("BTC", store).mark_price == pytest.approx(70_010.0)


def test_venues_weigh_the_same_while_no_open_interest_is_known():
    store = store_of(mark(A, 70_000.0), mark(B, 70_040.0))
    assert consolidate("BTC", store).mark_price == pytest.approx(70_020.0)


def test_a_venue_without_open_interest_does_not_count_beside_those_that_have_it():
    store = store_of(*venue(A, 70_000.0, 300.0), mark(B, 70_040.0))
    assert consolidate("BTC", store).mark_price == pytest.approx(70_000.0)


def test_an_outlier_is_left_out_and_named():
    store = store_of(
        *venue(A, 70_000.0, 300.0), *venue(B, 70_040.0, 100.0), *venue(C, 66_500.0, 200.0)
    )
    overview = consolidate("BTC", store)
    assert overview.mark_price == pytest.approx(70_010.0)
    assert overview.outliers == ("okx at 66,500 is 5.0% below the others: left out",)
    assert overview.venues_live == ("binanceusdm", "bybit", "okx")
    assert overview.open_interest_base == 600.0  # its contracts are open all the same


def test_a_venue_as_heavy_as_all_others_against_all_others_is_said_and_all_count():
    store = store_of(
        *venue(A, 70_000.0, 900.0), *venue(B, 66_000.0, 10.0), *venue(C, 66_010.0, 10.0)
    )
    overview = consolidate("BTC", store)
    assert overview.mark_price == pytest.approx((900 * 70_000 + 10 * 66_000 + 10 * 66_010) / 920)
    assert overview.outliers == (
        "binanceusdm at 70,000 and bybit at 66,000 are 6.1% apart: both count",
    )


def test_one_wild_venue_is_left_out_though_it_weighs_most():
    store = store_of(
        *venue(A, 77_000.0, 400.0),
        *(fact for key in (B, C, D) for fact in venue(key, 70_000.0, 200.0)),
    )
    overview = consolidate("BTC", store)
    assert overview.mark_price == pytest.approx(70_000.0)
    assert overview.outliers == ("binanceusdm at 77,000 is 10.0% above the others: left out",)


def test_of_two_venues_that_disagree_both_count_and_it_is_said():
    store = store_of(*venue(A, 70_000.0, 100.0), *venue(B, 63_000.0, 100.0))
    overview = consolidate("BTC", store)
    assert overview.mark_price == pytest.approx(66_500.0)
    assert overview.outliers == (
        "binanceusdm at 70,000 and bybit at 63,000 are 11.1% apart: both count",
    )


def test_a_stale_venue_does_not_count():
    store = store_of(
        *venue(A, 70_000.0, 100.0, as_of_ms=FRESH_MS),
        *venue(B, 69_000.0, 100.0),
        now_ms=FRESH_MS + 1,
    )
    overview = consolidate("BTC", store)
    assert overview.mark_price == pytest.approx(70_000.0)
    assert overview.open_interest_base == 100.0
    assert overview.venues_live == ("binanceusdm",)
    assert overview.venues_expected == ("binanceusdm", "bybit")


def test_with_nothing_fresh_nothing_is_known():
    store = store_of(*venue(A, 70_000.0, 100.0), now_ms=FRESH_MS + 1)
    overview = consolidate("BTC", store)
    known = {
        name: getattr(overview, name)
        for name in overview.__dataclass_fields__
        if name not in ("coin", "now_ms", "venues_expected")
    }
    assert not any(known.values()), known


def test_a_venue_that_never_answered_is_expected():
    expected = VenueHealth(venue="okx", state=VenueState.EXPECTED)
    store = store_of(*venue(A, 70_000.0, 1.0), health=(expected,))
    assert consolidate("BTC", store).venues_expected == ("okx", "binanceusdm")


def test_dated_futures_and_other_quotes_are_not_perpetuals_of_the_coin():
    wanted = [A, btc("okx", "BTC/USD:BTC"), btc("hyperliquid", "BTC/USDC:USDC")]
    others = [
        btc("okx", "BTC/USD:BTC-260327"),
        btc("bybit", "BTC/EUR:EUR"),
        btc("okx", "ETH/USDT:USDT"),
    ]
    store = store_of(*(mark(key, 1.0) for key in [*wanted, *others]))
    assert list(perpetuals_of(store, "BTC")) == wanted


@given(st.lists(st.tuples(st.floats(1.0, 1e6), st.floats(0.001, 1e6)), min_size=1, max_size=4))
def test_the_mark_lies_between_those_that_count(quotes):
    keys = (A, B, C, D)
    facts = [
        f for key, (price, base) in zip(keys, quotes, strict=False) for f in venue(key, price, base)
    ]
    prices = [price for price, _ in quotes]
    overview = consolidate("BTC", store_of(*facts))
    assert min(prices) * (1 - 1e-12) <= overview.mark_price <= max(prices) * (1 + 1e-12)


# --- basis, funding, spread --------------------------------------------------------------------


def test_basis_is_the_weighted_mark_over_index_where_there_is_one():
    store = store_of(
        mark(A, 70_070.0, index=70_000.0),  # + 10 bp
        mark(B, 69_930.0, index=70_000.0),  # - 10 bp
        mark(C, 70_000.0),
        *(interest(key, base, 1.0) for key, base in ((A, 300.0), (B, 100.0), (C, 600.0))),
    )
    overview = consolidate("BTC", store)
    assert overview.basis_fraction == pytest.approx(0.0005)
    assert overview.index_price == pytest.approx(70_000.0)


def test_funding_is_brought_to_eight_hours_and_weighted_by_open_interest():
    store = store_of(
        *venue(A, 70_000.0, 300.0),
        *venue(B, 70_000.0, 100.0),
        funding(A, 0.0001, interval_h=8.0),
        funding(B, 0.00005, interval_h=1.0),  # 0.04 % in 8 h
    )
    overview = consolidate("BTC", store)
    assert overview.funding_rate_8h == pytest.approx((0.0001 * 300 + 0.0004 * 100) / 400)
    assert overview.funding_rate_yearly == pytest.approx(0.000175 * 3 * 365)


def test_the_spread_is_the_median_of_the_venues():
    store = store_of(
        *(mark(key, 100.0) for key in (A, B, C)),
        ticker(A, 99.99, 100.01),
        ticker(B, 99.9, 100.1),
        ticker(C, 95.0, 105.0),
    )
    assert consolidate("BTC", store).spread_fraction == pytest.approx(0.002)


# --- open interest -----------------------------------------------------------------------------


def day_of_interest(key, base, price):
    return interest_history([(0, base)], key=key, price=price)


def test_a_change_of_open_interest_is_split_into_quantity_and_price():
    # the article's case: 381,000 coins at 126,000 become 314,000 at 89,200: - 17.6 %, - 29.2 %
    store = store_of(
        mark(A, 89_200.0, as_of_ms=DAY_MS),
        interest(A, 314_000.0, 314_000.0 * 89_200, as_of_ms=DAY_MS),
        open_interest=(day_of_interest(A, 381_000.0, 126_000.0),),
        now_ms=DAY_MS,
    )
    change = consolidate("BTC", store).open_interest_change
    assert change.base_fraction == pytest.approx(-0.1759, abs=5e-5)
    assert change.price_fraction == pytest.approx(-0.2921, abs=5e-5)
    assert change.usd_fraction == pytest.approx(-0.4166, abs=5e-5)
    logs = [math.log1p(x) for x in (change.base_fraction, change.price_fraction)]
    assert math.log1p(change.usd_fraction) == pytest.approx(sum(logs), rel=1e-12)


def test_a_venue_known_at_one_end_only_is_no_change():
    store = store_of(
        *venue(A, 100.0, 50.0, as_of_ms=DAY_MS),
        *venue(B, 100.0, 70.0, as_of_ms=DAY_MS),
        open_interest=(day_of_interest(A, 40.0, 100.0),),
        now_ms=DAY_MS,
    )
    overview = consolidate("BTC", store)
    assert overview.open_interest_base == 120.0
    assert overview.open_interest_change.base_fraction == pytest.approx(0.25)


@pytest.mark.parametrize("reading_ms", [-3 * HOUR_MS, HOUR_MS])
def test_a_reading_far_from_a_day_ago_gives_no_change(reading_ms):
    history = interest_history([(reading_ms, 40.0)], key=A)
    store = store_of(
        *venue(A, 100.0, 50.0, as_of_ms=DAY_MS), open_interest=(history,), now_ms=DAY_MS
    )
    assert consolidate("BTC", store).open_interest_change is None


# --- price over time ---------------------------------------------------------------------------


def hours_of(closes, key=A):
    return candles_of(closes, key=key, interval_s=3_600)


def test_the_change_of_a_day_is_measured_from_the_candle_of_a_day_ago():
    closes = np.linspace(80_000.0, 75_000.0, 31)  # hour i ends at i + 1
    now_ms = 30 * HOUR_MS
    store = store_of(
        *venue(A, 72_000.0, 1.0, as_of_ms=now_ms), candles=(hours_of(closes),), now_ms=now_ms
    )
    overview = consolidate("BTC", store)
    assert overview.change_24h_fraction == pytest.approx(72_000 / closes[5] - 1)
    assert overview.peak_price == 80_000.0
    assert overview.from_peak_fraction == pytest.approx(-0.1)


def test_a_new_high_is_the_peak_itself():
    store = store_of(*venue(A, 90_000.0, 1.0), candles=(hours_of([80_000.0] * 3),))
    overview = consolidate("BTC", store)
    assert overview.peak_price == 90_000.0
    assert overview.from_peak_fraction == 0.0


def test_a_day_without_its_candle_has_no_change():
    now_ms = 30 * HOUR_MS
    store = store_of(
        *venue(A, 72_000.0, 1.0, as_of_ms=now_ms),
        candles=(candles_of([1.0, 2.0], key=A, interval_s=3_600, start_ms=20 * HOUR_MS),),
        now_ms=now_ms,
    )
    assert consolidate("BTC", store).change_24h_fraction is None


def test_volatility_of_returns_that_alternate_is_their_size():
    # every hour + 1 % or - 1 % in the logarithm: 0.01 a root of an hour
    closes = np.exp(np.cumsum(0.01 * (-1.0) ** np.arange(60)))
    assert realised_volatility(hours_of(closes)) == pytest.approx(0.01 * math.sqrt(24 * 365))


def test_volatility_is_of_hours_however_short_the_candles():
    closes = np.exp(np.cumsum(0.01 * (-1.0) ** np.arange(60)))
    quarters = candles_of(np.repeat(closes, 4), key=A, interval_s=900)
    assert realised_volatility(quarters) == pytest.approx(
        realised_volatility(hours_of(closes)), rel=1e-12
    )


def test_returns_across_a_hole_are_left_out():
    closes = np.exp(np.cumsum(0.01 * (-1.0) ** np.arange(80)))
    closes[40:] *= 2
    bars = hours_of(closes)
    keep = np.r_[0:40, 44:80]
    columns = {
        name: getattr(bars, name)[keep]
        for name in ("time_ms", "open", "high", "low", "close", "volume_base")
    }
    holed = type(bars)(key=bars.key, interval_s=3_600, **columns)
    assert realised_volatility(holed) == pytest.approx(0.01 * math.sqrt(24 * 365))


def test_volatility_of_too_few_returns_is_not_known():
    assert realised_volatility(hours_of(np.arange(1.0, MIN_RETURNS + 2))) is None
    assert realised_volatility(hours_of(np.arange(1.0, MIN_RETURNS + 3))) is not None


# --- liquidations ------------------------------------------------------------------------------


def test_liquidations_are_summed_by_side_over_a_day():
    now_ms = 2 * DAY_MS
    store = store_of(
        liquidations=(
            liquidation(A, Side.LONG, 2.0, 70_000.0, now_ms - HOUR_MS),
            liquidation(B, Side.LONG, 1.0, 60_000.0, now_ms - DAY_MS),
            liquidation(B, Side.SHORT, 0.5, 60_000.0, now_ms),
            liquidation(A, Side.LONG, 9.0, 60_000.0, now_ms - DAY_MS - 1),
            liquidation(btc("okx", "ETH/USDT:USDT"), Side.LONG, 9.0, 2_000.0, now_ms),
        ),
        now_ms=now_ms,
    )
    overview = consolidate("BTC", store)
    assert overview.long_liquidations_24h_usd == 200_000.0
    assert overview.short_liquidations_24h_usd == 30_000.0
    assert consolidate("SOL", store).long_liquidations_24h_usd is None
