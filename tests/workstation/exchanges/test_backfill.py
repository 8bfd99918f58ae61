"""What a venue's histories are asked for, and in which order."""

from __future__ import annotations

import asyncio
import contextlib
from types import SimpleNamespace

import numpy as np
import pytest

from workstation.exchanges import backfill
from workstation.exchanges.backfill import Backfill
from workstation.exchanges.base import Market
from workstation.exchanges.clock import FeedClock
from workstation.exchanges.series import DAY_HOURS, YEAR_HOURS
from workstation.market.consolidated import HOUR_S
from workstation.market.feed import FeedMode
from workstation.market.instrument import Contract, Instrument, MarketKey
from workstation.market.outbox import Outbox
from workstation.units import DAY_MS, HOUR_MS


class _Venue:
    """Gives one row for whatever it is asked, and keeps the questions."""

    def __init__(self):
        self.asked = []
        self.capabilities = SimpleNamespace(
            candle_rows=1_000, mark_candle_rows=0, funding_rows=100, funding_step_h=8.0,
            open_interest_rows=500, open_interest_days=30,
        )  # fmt: skip

    def asking(self, kind):
        return contextlib.nullcontext()

    async def candles(self, market, interval_s, price, first_ms, rows):
        self.asked.append((market.id, interval_s, rows))
        return np.array([[first_ms, 1.0, 1.0, 1.0, 1.0, 1.0]])

    async def funding_history(self, market, since_ms, until_ms):
        self.asked.append((market.id, "funding", 1))
        return np.array([[since_ms, 1e-4]])

    async def open_interest_history(self, market, since_ms, until_ms):
        self.asked.append((market.id, "open interest", 1))
        return np.array([[since_ms, 1.0, 1.0]])


def _market(coin):
    key = MarketKey("bybit", f"{coin}/USDT:USDT")
    instrument = Instrument(
        key=key, contract=Contract.LINEAR, base=coin, quote="USDT", settle="USDT", contract_size=1.0
    )
    return Market(instrument=instrument, id=coin, info={})


@pytest.fixture
def asked(monkeypatch):
    monkeypatch.setattr(backfill, "PAUSE_S", 0.0)

    def ask(interval_s, enough):
        venue = _Venue()

        async def allowed():
            pass

        async def run():
            filler = Backfill(
                venue, FeedClock(), Outbox(FeedMode.LIVE),
                throttled=lambda _: None, allowed=allowed, poll_s=2.0,
            )  # fmt: skip
            filler.choose([_market("ETH")], [_market("SOL")], interval_s)
            task = asyncio.create_task(filler.run())
            while len(venue.asked) < enough:
                await asyncio.sleep(0)
            task.cancel()

        asyncio.run(asyncio.wait_for(run(), 10.0))
        return venue.asked

    return ask


def test_the_last_day_of_a_coin_is_asked_for_before_anything_that_no_chart_shows(asked):
    found = asked(60, 8)
    coin = [
        at
        for at, (market, interval_s, _) in enumerate(found)
        if (market, interval_s) == ("ETH", HOUR_S)
    ]
    book = next(at for at, (market, *_) in enumerate(found) if market == "SOL")
    assert coin[0] < book
    assert found[coin[0]][2] == DAY_HOURS
    assert (DAY_HOURS - 1) * HOUR_MS >= DAY_MS  # a moment a day ago lies within them
    assert DAY_HOURS < YEAR_HOURS


def test_a_chart_of_hours_needs_no_day_beside_it(asked):
    found = asked(HOUR_S, 4)
    before = found[: next(at for at, (market, *_) in enumerate(found) if market == "SOL")]
    assert DAY_HOURS not in [rows for *_, rows in before]
