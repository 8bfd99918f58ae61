"""A saved market two minutes before the flush, built once a test run, loaded anew for each test."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from workstation.settings import MarketSettings
from workstation.simulation.history import load_or_build
from workstation.simulation.market import SimulatedMarket

SEED = MarketSettings().seed


@pytest.fixture(scope="session")
def saved_markets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The cache folder that holds the market of the default seed."""
    folder = tmp_path_factory.mktemp("markets")
    load_or_build(SEED, folder)
    return folder


@pytest.fixture
def before_the_flush(saved_markets: Path) -> Callable[[], SimulatedMarket]:
    """Return the saved market, a new one at every call."""

    def load() -> SimulatedMarket:
        market = load_or_build(SEED, saved_markets)
        assert market is not None
        return market

    return load
