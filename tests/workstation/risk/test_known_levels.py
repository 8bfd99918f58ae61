"""The exact layer: what is known lies where it is known, and says how much of the market it is."""

from __future__ import annotations

import numpy as np
import pytest

from tests.workstation.market.facts import KEY
from workstation.market.facts import KnownPositions
from workstation.risk.known_levels import known_levels

EDGES = np.array([100.0, 110.0, 120.0, 130.0])


def positions(quantity, price, as_of_ms=1_000):
    return KnownPositions(
        key=KEY,
        as_of_ms=as_of_ms,
        fresh_for_ms=500,
        quantity_base=np.array(quantity, np.float64),
        liquidation_price=np.array(price, np.float64),
        holders="2 public addresses",
    )


def test_each_position_lies_in_the_bin_of_its_liquidation_price():
    known = positions([2.0, 3.0, -4.0, 1.0], [110.0, 119.9, 125.0, 100.0])
    levels = known_levels(known, EDGES, 100.0, 1_200)
    assert levels.by_bin.tolist() == [[1, 5, 0], [0, 0, 4]]
    assert levels.coverage == (0.06, 0.04)
    assert not levels.is_stale


def test_what_has_no_price_here_is_told_apart_and_covered_all_the_same():
    known = positions([2.0, 3.0, -4.0, 5.0], [np.nan, 99.0, 130.0, 105.0])
    levels = known_levels(known, EDGES, 40.0, 1_600)
    assert levels.by_bin.sum(axis=1).tolist() == [5, 0]
    assert levels.elsewhere.tolist() == [5, 4]
    assert levels.coverage == pytest.approx((0.25, 0.1))
    assert levels.is_stale


def test_without_open_interest_the_share_is_not_known():
    levels = known_levels(positions([], []), EDGES, None, 1_000)
    assert levels.coverage is None
    assert not levels.by_bin.any()
