"""How often a venue is asked for its prices."""

from __future__ import annotations

import pytest

from workstation.exchanges.clock import FeedClock
from workstation.exchanges.registry import new_adapter
from workstation.exchanges.tiers.cache import TierCache
from workstation.exchanges.venue_cache import VenueCache
from workstation.exchanges.venue_poller import CoinPrices, VenuePoller
from workstation.market.feed import FeedMode, Watch
from workstation.market.instrument import MarketKey
from workstation.market.outbox import Outbox


@pytest.mark.parametrize(
    ("venue", "poll_s", "held_at", "expected"),
    [
        ("okx", 2.0, "okx", 1.0),
        ("okx", 2.0, "bybit", 2.0),
        ("okx", 0.5, "okx", 0.5),  # who wants all prices sooner has these sooner too
        ("hyperliquid", 2.0, "hyperliquid", 1.5),
        ("hyperliquid", 0.5, "hyperliquid", 0.5),
    ],
)
def test_prices_come_sooner_where_something_is_held(tmp_path, venue, poll_s, held_at, expected):
    clock = FeedClock()
    poller = VenuePoller(
        lambda: new_adapter(venue, {}, 1.0, clock.now_ms),
        clock=clock,
        outbox=Outbox(FeedMode.LIVE),
        prices=CoinPrices(),
        cache=VenueCache(tmp_path, "markets", venue, {}),
        tiers=TierCache(tmp_path, venue, {}),
        watch=Watch(markets=frozenset({MarketKey(held_at, "BTC/USDT:USDT")})),
        poll_s=poll_s,
        held_poll_s=1.0,
        renew_s=10.0,
    )
    prices, quotes = (
        next(poll for poll in poller._adapter.polls() if poll.name == name)
        for name in ("prices", "quotes")
    )
    assert poller._interval_s(prices, 1) == expected
    assert poller._interval_s(quotes, 1) == poll_s
