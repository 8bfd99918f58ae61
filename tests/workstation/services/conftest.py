"""A recorded market, as small as the map and the models need it."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

from tests.workstation.portfolio.books import account, json_file, position
from tests.workstation.recording.test_reader import table
from tests.workstation.services.desks import (
    opened,
    settings,
)
from tests.workstation.services.fake_feed import FakeFeed, FakeTape
from workstation.errors import UsageError
from workstation.market.feed import FeedMode
from workstation.services import sources
from workstation.services.desk import Desk
from workstation.services.sources import Source


@pytest.fixture
def recording(tmp_path):
    """40 days of quarters of one market, with open interest that grows."""
    count = 40 * 96
    closes = 70_000 * np.exp(np.cumsum(np.random.default_rng(1).normal(0, 0.002, count)))
    table(
        count, interval_s=900, open=closes, high=closes * 1.001, low=closes * 0.999, close=closes,
        volume_base=500.0,
    ).to_parquet(tmp_path / "candles.parquet")  # fmt: skip
    base = 80_000 + 10 * np.arange(count)
    table(count, open_interest_base=base, open_interest_usd=base * closes).to_parquet(
        tmp_path / "open_interest.parquet"
    )
    table(count, mark_price=closes, index_price=np.nan).to_parquet(tmp_path / "marks.parquet")
    return tmp_path


@pytest.fixture
def feeds(monkeypatch):
    """Feeds by what follows ``fake:`` and ``tape:``, made when they are opened."""
    made = {}

    def open_as(kind, name, settings):
        if name == "refused":
            raise UsageError("fake:refused is refused")
        return made.setdefault(name, kind())

    monkeypatch.setitem(sources.SOURCES, "fake", Source(FeedMode.LIVE, partial(open_as, FakeFeed)))
    tape = Source(FeedMode.SIMULATED, partial(open_as, FakeTape))
    monkeypatch.setitem(sources.SOURCES, "tape", tape)
    return made


@pytest.fixture
def make_desk(feeds, tmp_path):
    desks = []

    def make(*args, **options):
        desk = Desk(*(args or (settings(),)), tmp_path / "settings.toml", **options)
        desks.append(desk)
        desk.start()
        return desk

    yield make
    for desk in desks:
        desk.stop()


@pytest.fixture
def desk(make_desk):
    desk = make_desk()
    opened(desk)
    return desk


@pytest.fixture
def book(tmp_path):
    return json_file(tmp_path, account(position(symbol="BTC/USDT:USDT", quantity=1)))
