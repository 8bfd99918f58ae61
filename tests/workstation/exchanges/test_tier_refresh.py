"""When a venue is asked for its tiers, for which markets, and what a failure costs."""

from __future__ import annotations

import asyncio
import logging
from contextlib import asynccontextmanager
from typing import Any

import pytest

from tests.workstation.exchanges.test_tier_readers import market
from tests.workstation.risk.worlds import table
from workstation import paths
from workstation.errors import (
    ExchangeThrottledError,
    ExchangeUnavailableError,
    UnsupportedByExchangeError,
)
from workstation.exchanges.clock import FeedClock
from workstation.exchanges.tiers import refresh
from workstation.exchanges.tiers.base import TierReader
from workstation.exchanges.tiers.cache import TierCache
from workstation.exchanges.tiers.refresh import FRESH_MS, TierRefresh
from workstation.units import UnixMs

BTC = market("bybit", "BTC/USDT:USDT", "BTCUSDT")
ETH = market("bybit", "ETH/USDT:USDT", "ETHUSDT")
PEPE = market("bybit", "1000PEPE/USDT:USDT", "1000PEPEUSDT")


class Venue:
    """An adapter that lists bitcoin and ether, and a reader that answers or fails."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []
        self.failure: Exception | None = None
        self.reader = TierReader(read=self.read, markets_a_call=1)
        self.held_up: list[ExchangeThrottledError] = []

    def main_market(self, coin: str) -> Any:
        return {"BTC": BTC, "ETH": ETH}.get(coin)

    async def ask(self, endpoint: str, **params: Any) -> Any:
        raise AssertionError(endpoint)

    @asynccontextmanager
    async def asking(self, call: str):
        assert call == "tiers"
        yield

    async def read(self, ask: Any, markets: Any, day: str) -> Any:
        assert len(day) == len("2026-11-25")
        self.asked.append([item.id for item in markets])
        if self.failure is not None:
            raise self.failure
        return {item.key: table((0, None, 0.01, 0)) for item in markets}


class Clock(FeedClock):
    def __init__(self) -> None:
        super().__init__()
        self.ahead_ms = 0

    def now_ms(self) -> UnixMs:
        return UnixMs(super().now_ms() + self.ahead_ms)


@pytest.fixture
def venue() -> Venue:
    return Venue()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def task(venue, clock, monkeypatch) -> TierRefresh:
    for name in ("FIRST_S", "PAUSE_S", "LOOK_S"):
        monkeypatch.setattr(refresh, name, 0.001)
    return new_task(venue, clock)


def new_task(venue: Venue, clock: Clock) -> TierRefresh:
    async def allowed() -> None:
        return None

    return TierRefresh(
        venue,
        venue.reader,
        TierCache(paths.cache_dir(), "bybit", {}),
        clock,
        throttled=venue.held_up.append,
        allowed=allowed,
    )


def run(task: TierRefresh, seconds: float = 0.1) -> None:
    async def for_a_while() -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(task.run(), seconds)

    asyncio.run(for_a_while())


def test_what_is_held_comes_first_then_the_largest_each_once(venue, task):
    task.choose([PEPE, ETH])
    run(task)
    assert venue.asked == [["1000PEPEUSDT"], ["ETHUSDT"], ["BTCUSDT"]]


def test_what_the_last_start_read_is_asked_for_when_half_a_day_has_passed(venue, task, clock):
    run(task)
    assert venue.asked == [["BTCUSDT"], ["ETHUSDT"]]
    run(new_task(venue, clock))
    assert len(venue.asked) == 2
    clock.ahead_ms = FRESH_MS + 60_000
    run(new_task(venue, clock))
    assert len(venue.asked) == 4


def test_a_market_that_is_held_later_is_asked_for_at_the_next_look(venue, task):
    async def later() -> None:
        running = asyncio.create_task(task.run())
        while len(venue.asked) < 2:
            await asyncio.sleep(0.001)
        task.choose([PEPE])
        while len(venue.asked) < 3:
            await asyncio.sleep(0.001)
        running.cancel()

    asyncio.run(asyncio.wait_for(later(), 5.0))
    assert venue.asked[-1] == ["1000PEPEUSDT"]


def test_one_call_for_all_names_them_all(venue, clock, task):
    venue.reader = TierReader(read=venue.read, markets_a_call=1_000)
    run(new_task(venue, clock))
    assert venue.asked == [["BTCUSDT", "ETHUSDT"]]


@pytest.mark.parametrize(
    ("failure", "level"),
    [
        (ExchangeUnavailableError("bybit", "tiers", "no answer", user_message="no"), "WARNING"),
        (UnsupportedByExchangeError("bybit", "tiers", "no such", user_message="no"), "INFO"),
    ],
)
def test_a_failure_is_told_once_and_waits(venue, task, caplog, failure, level):
    venue.failure = failure
    with caplog.at_level(logging.INFO):
        run(task)
    assert venue.asked == [["BTCUSDT"], ["ETHUSDT"]]  # once each, not again and again
    assert [record.levelname for record in caplog.records] == [level, level]


def test_a_venue_that_asks_for_patience_is_left_alone_as_a_whole(venue, task):
    venue.failure = ExchangeThrottledError(
        "bybit", "tiers", "slow down", user_message="no", retry_after_s=5.0
    )
    run(task)
    assert venue.held_up
    assert all(error.retry_after_s == 5.0 for error in venue.held_up)
