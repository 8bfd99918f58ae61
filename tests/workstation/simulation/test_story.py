"""The saved market and its flush, against the public record of February 2026.

381,000 -> 314,000 coins and a low of 59,800 are reported; a generator is not history, so the
bounds are wide.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pytest

from tests.workstation.simulation.conftest import SEED
from tests.workstation.simulation.markets import open_interest
from workstation.simulation import publish, story
from workstation.simulation.history import load_or_build
from workstation.simulation.kernels import funding_rate

DAY_S = 86_400
HOURS = 18


class Flush(NamedTuple):
    """BTC from two minutes before the flush on: one value every five minutes, and all forced."""

    mark: np.ndarray
    base: np.ndarray
    funding_8h: np.ndarray
    published: tuple


@pytest.fixture(scope="module", params=[SEED, 1])
def saved(request, saved_markets):
    return load_or_build(request.param, saved_markets)


@pytest.fixture(scope="module")
def peak(saved):
    bars = saved.coin("BTC").state.hours[0]
    top = bars[np.argmax(bars["high"])]
    return float(top["high"]), int(top["bar"]) * 3_600


@pytest.fixture(scope="module")
def flush(saved, peak):
    item, rows = saved.coin("BTC"), []
    forced = int(item.state.core["forced"][0])
    for _ in range(HOURS * 12):
        market = item.state.markets[0]
        rate = funding_rate(market["premium_mean"], 28_800, item.coin.generator)
        rows.append((market["mark_price"], open_interest(item), rate))
        saved.advance(300)
    return Flush(*np.array(rows).T, publish.liquidations(item, forced))


def test_the_history_reaches_the_peak_of_october(peak):
    price, time_s = peak
    assert price == pytest.approx(126_200, rel=0.02)
    assert story.unix_s("2025-10-05 00:00") < time_s < story.unix_s("2025-10-09 00:00")


def test_price_falls_through_70k_and_60k(flush):
    assert flush.mark[0] > 70_000
    assert 58_000 < flush.mark.min() < 60_500
    assert flush.mark[-1] > 62_000  # and recovers


def test_funding_goes_from_positive_to_negative(flush):
    assert flush.funding_8h[0] >= 0.0001
    assert flush.funding_8h.min() < -0.0001


def test_open_interest_falls_in_coins_and_more_in_dollars(flush):
    coins, usd = flush.base / flush.base[0], flush.base * flush.mark / flush.base[0] / flush.mark[0]
    assert 0.70 < coins.min() < 0.90
    low = np.argmin(flush.mark)
    assert usd[low] < coins[low] - 0.08
    assert flush.base[0] == pytest.approx(365_000, rel=0.1)


def test_longs_are_liquidated_in_a_cascade(flush):
    longs = [fact for fact in flush.published if fact.side == "long"]
    total = sum(fact.notional_usd for fact in longs)
    assert total > 1e9
    first_ms = story.PLAY_START_S * 1_000
    slots = np.bincount(
        [(fact.time_ms - first_ms) // 300_000 for fact in longs],
        weights=[fact.notional_usd for fact in longs],
    )
    assert slots.max() > 10 * total / (12 * HOURS)  # ten times what an even flow would be


def test_the_market_goes_on_for_weeks_without_drifting_away(flush, saved):
    item = saved.coin("BTC")
    for _ in range(15):
        saved.advance(DAY_S, step_s=10)
        assert 45_000 < item.state.markets["mark_price"].min() < 110_000
        assert 200_000 < open_interest(item) < 600_000
    assert (item.state.core["turned_away"] == 0).all()
