"""The embedded tier tables, and how a tier is picked."""

from __future__ import annotations

import json

import numpy as np
import pytest

from tests.workstation.risk.worlds import table
from workstation.market.instrument import MarketKey
from workstation.risk.profiles import PROFILES
from workstation.risk.tiers import TierBook, TierMode, TierUnit, deductions, file_tier

TABLES = TierBook.embedded().tables
EACH = pytest.mark.parametrize("key", sorted(TABLES), ids=lambda key: f"{key.venue}-{key.symbol}")


@EACH
def test_a_table_is_in_order_and_without_holes(key):
    tiers = TABLES[key]
    assert tiers.floor[0] == 0.0
    assert np.all(np.diff(tiers.floor) > 0)
    assert np.all(np.diff(tiers.rate) >= 0)
    assert np.array_equal(tiers.cap[:-1], tiers.floor[1:])
    assert np.all((tiers.rate > 0) & (tiers.rate <= 1))


@EACH
def test_a_marginal_table_is_continuous_by_the_deductions_recursion(key):
    # c_n = c_(n-1) + floor_n (r_n - r_(n-1)); the venues print deductions to a cent or so
    tiers = TABLES[key]
    if tiers.mode is TierMode.MARGINAL:
        jumps = np.diff(tiers.amount) - np.diff(deductions(tiers.floor, tiers.rate))
        assert np.abs(jumps).max(initial=0.0) <= 0.011 + 1e-9 * tiers.amount.max()


@EACH
def test_a_table_says_its_date_and_source_and_its_venue_has_rules(key):
    assert TABLES[key].label.startswith("embedded 20")
    assert TABLES[key].source
    assert key.venue in PROFILES


def test_only_deribits_rates_are_linear_in_size():
    linear = {key.venue for key, t in TABLES.items() if t.mode is TierMode.LINEAR_IN_SIZE}
    assert linear == {"deribit"}


def test_the_bitcoin_table_of_binance_by_hand():
    # 0.4 % to 300,000; 0.5 % less 300 to 800,000
    tiers = TABLES[MarketKey("binanceusdm", "BTC/USDT:USDT")]
    assert [tiers.row(size) for size in (0.0, 299_999.99, 300_000.0, 799_999.0)] == [0, 0, 1, 1]
    assert (tiers.rate[1], tiers.amount[1]) == (0.005, 300)


def test_a_size_beyond_the_last_cap_keeps_the_last_tier_and_is_not_known():
    tiers = table((0, 10, 0.01, 0), (10, 50, 0.02, 0.1))
    assert tiers.row(1_000.0) == 1
    assert tiers.knows(50.0)
    assert not tiers.knows(50.1)


def test_a_table_without_a_last_cap_knows_every_size():
    assert table((0, None, 0.01, 0)).knows(1e18)


def test_the_files_tier_is_one_row_for_every_size():
    tiers = file_tier(0.01, 5.0)
    assert (tiers.row(1e12), tiers.knows(1e12), tiers.label) == (0, True, "file")
    assert (tiers.unit, tiers.mode) == (TierUnit.VALUE, TierMode.MARGINAL)


def test_the_book_counts_its_tables_by_venue():
    dates = TierBook.embedded().dates()
    assert sum(dates["binanceusdm"].values()) == 49
    assert dates["hyperliquid"] == {"embedded 2026-08-22": 37}
    assert sum(sum(counts.values()) for counts in dates.values()) == len(TABLES)


def test_a_market_without_a_table_has_none():
    assert TierBook.embedded().find(MarketKey("bybit", "PEPE/USDT:USDT")) is None


def test_a_level_whose_end_is_not_known_ends_what_is_known():
    tiers = TABLES[MarketKey("krakenfutures", "ETH/USD:USD")]
    assert (tiers.rate.tolist(), tiers.knows(2_000_000.0)) == ([0.01], True)
    assert not tiers.knows(2_000_001.0)
    assert tiers.label == "embedded 2025"


@pytest.mark.parametrize(
    ("file", "venue", "suffix"),
    [("binance-usdm", "binanceusdm", ""), ("hyperliquid", "hyperliquid", "/USDC:USDC")],
)
@pytest.mark.shared_data
def test_every_whole_table_of_the_shared_ones_ships_with_us(shared_data, file, venue, suffix):
    path = shared_data.parent / "reference" / "tiers" / f"{file}.json"
    tables = json.loads(path.read_text(encoding="utf-8"))["tiers"]
    for name, rows in tables.items():
        shipped = TABLES[MarketKey(venue, f"{name}{suffix}")]
        floor, cap, rate, amount, leverage = np.array(rows, dtype=np.float64).T
        np.testing.assert_array_equal(shipped.floor, floor)
        np.testing.assert_array_equal(shipped.cap, np.where(np.isnan(cap), np.inf, cap))
        np.testing.assert_allclose(shipped.rate, rate, rtol=1e-12)
        np.testing.assert_allclose(shipped.amount, amount, rtol=1e-12)
        np.testing.assert_array_equal(shipped.max_leverage, leverage)
