"""What every registered gauge keeps, whatever it reads."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from tests.workstation.market.facts import store_of
from workstation.market.consolidated import consolidate
from workstation.market.feed import FeedMode, Watch
from workstation.market.outbox import Outbox
from workstation.market.store import MarketStore
from workstation.risk.gauge_inputs import GaugeInputs, gauge_inputs
from workstation.risk.indicators import INDICATORS, Indicator, Unit, read_gauges
from workstation.settings import MarketSettings
from workstation.simulation.generator import VENUES
from workstation.simulation.history import load_or_build
from workstation.simulation.player import Player
from workstation.simulation.story import PLAY_START_S
from workstation.units import SECOND_MS, UnixMs

NOW_MS = UnixMs((PLAY_START_S + 60) * SECOND_MS)
every_indicator = pytest.mark.parametrize("indicator", INDICATORS, ids=lambda item: item.key)


def inputs_of(store: MarketStore, coin: str = "BTC") -> GaugeInputs:
    return gauge_inputs(consolidate(coin, store), store)


@pytest.fixture(scope="module")
def sample(saved_markets: Path) -> MarketStore:
    """The simulated market a minute after its beginning, with all its history."""
    market = load_or_build(MarketSettings().seed, saved_markets)
    assert market is not None
    outbox, store = Outbox(FeedMode.SIMULATED), MarketStore(FeedMode.SIMULATED)
    player = Player(market, VENUES, outbox)
    player.watch(Watch())
    player.play_to(NOW_MS // SECOND_MS)
    player.publish(NOW_MS, 60_000)
    store.apply(outbox.take(NOW_MS))
    return store


def test_keys_and_titles_are_unique():
    for name in ("key", "title"):
        assert len({getattr(item, name) for item in INDICATORS}) == len(INDICATORS)


@every_indicator
def test_a_gauge_says_what_it_is_and_its_unit(indicator: Indicator):
    assert indicator.title
    assert indicator.help.endswith(".")
    assert indicator.unit in Unit


@every_indicator
def test_the_bands_are_in_order_named_and_cover_every_value(indicator: Indicator):
    bounds = [band.below for band in indicator.bands]
    assert bounds == sorted(set(bounds))
    assert bounds[-1] == math.inf
    assert all(band.label for band in indicator.bands)
    for value in (-1e12, 0.0, 1e12, *bounds[:-1]):
        assert value < indicator.band(value).below


@every_indicator
def test_a_record_stands_beside_what_happened_anyway(indicator: Indicator):
    for band in indicator.bands:
        assert "%" not in band.record or "base rate" in band.record or "against" in band.record


@every_indicator
def test_a_gauge_without_data_is_not_known(indicator: Indicator):
    assert indicator.value(inputs_of(store_of(now_ms=NOW_MS))) is None


@every_indicator
def test_a_reading_of_the_sample_is_finite_and_says_of_what_it_is_made(
    indicator: Indicator, sample: MarketStore
):
    reading = indicator.value(inputs_of(sample))
    assert reading is not None
    assert math.isfinite(reading.value)
    assert reading.percentile is None or 0 <= reading.percentile <= 1
    assert reading.basis.endswith(".")
    assert reading.venues
    assert set(reading.venues) <= set(sample.health)


def test_all_gauges_are_read_at_once_in_the_order_of_the_registry(sample: MarketStore):
    gauges = read_gauges(inputs_of(sample))
    assert (gauges.coin, gauges.as_of_ms) == ("BTC", NOW_MS)
    assert tuple(indicator for indicator, _ in gauges.readings) == INDICATORS
