"""Large positions closed in parts: coins are conserved, and nothing is sold earlier."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy

from tests.workstation.risk.worlds import BTC
from workstation.market.instrument import MarketKey
from workstation.risk.cascade import ForcedBook, digest, impact_law
from workstation.risk.slices import in_slices, venue_weights

DELTA = 0.001
books = st_numpy.arrays(np.float64, 60, elements=st.floats(0, 100)).map(
    lambda masses: ForcedBook(
        delta=DELTA, cumulative_base=np.concatenate([[0.0], np.cumsum(masses)]), falls=True
    )
)
weights = st.sampled_from(
    [{"bybit": 1.0}, {"hyperliquid": 1.0}, {"bybit": 0.7, "hyperliquid": 0.3}]
)


def cluster(coins, bin_):
    """Return a book of one cluster that ends at an edge."""
    cumulative = np.zeros(61)
    cumulative[bin_:] = coins
    return ForcedBook(delta=DELTA, cumulative_base=cumulative, falls=True)


def test_half_of_the_large_ones_waits_for_a_further_percent():
    made = in_slices(cluster(100.0, 20), {"bybit": 1.0})
    edges = DELTA * np.arange(len(made.cumulative_base))
    at = np.interp([0.0195, 0.020, 0.0285, 0.030], edges, made.cumulative_base)
    # 0.88 of the coins stand in large positions, and half of those go at once
    assert at[1] == pytest.approx(56.0)
    assert at[2] == pytest.approx(56.0)
    assert at[3] == pytest.approx(100.0)


def test_hyperliquid_takes_a_fifth_and_the_rest_a_quarter_of_maintenance_later():
    made = in_slices(cluster(100.0, 20), {"hyperliquid": 1.0})
    edges = DELTA * np.arange(len(made.cumulative_base))
    at = np.interp([0.020, 0.0225], edges, made.cumulative_base)
    assert at[0] == pytest.approx(100 - 98 * 0.8)
    assert at[1] > 60.0
    assert made.total_base == pytest.approx(100.0)


def test_without_venues_the_book_stays_whole():
    book = cluster(100.0, 20)
    assert in_slices(book, {}) is book


@given(books, weights)
@settings(max_examples=50, deadline=None)
def test_coins_are_conserved_and_none_is_sold_earlier(book, shares):
    made = in_slices(book, shares)
    assert made.total_base == pytest.approx(book.total_base)
    assert made.cumulative_base[0] == 0.0
    assert np.all(np.diff(made.cumulative_base) >= -1e-9)
    assert np.all(made.cumulative_base[:61] <= book.cumulative_base + 1e-9)


@given(books, weights, st.floats(0.0, 0.05))
@settings(max_examples=50, deadline=None)
def test_the_price_ends_no_further_than_if_all_were_closed_whole(book, shares, push):
    impact = impact_law(0.04, 10_000.0, 50.0)
    whole, parts = digest(book, impact, push), digest(in_slices(book, shares), impact, push)
    assert push <= parts.distance <= whole.distance + 1e-9


def test_venues_weigh_as_their_open_interest_or_alike():
    known = {MarketKey("bybit", BTC): 300.0, MarketKey("okx", BTC): 100.0}
    assert venue_weights(("bybit", "okx"), known) == {"bybit": 0.75, "okx": 0.25}
    assert venue_weights(("x", "y"), known) == {"x": 0.5, "y": 0.5}
    assert venue_weights((), known) == {}
