"""A desk on a feed that says what it is told: what its tests share."""

from __future__ import annotations

import dataclasses
import time

import numpy as np

from tests.workstation.market.facts import btc, candles_of, interest, mark
from workstation.market.facts import VenueHealth, VenueState
from workstation.settings import MarketSettings, Settings

PATIENCE_S = 30.0
BINANCE, BYBIT = btc("binanceusdm"), btc("bybit")
ETHER = btc("bybit", "ETH/USDT:USDT")
NOW_MS = 1_770_315_248_000  # 2026-02-05 18:14:08 UTC


def settings(source="fake:one", **market):
    return Settings(market=MarketSettings(source=source, **market))


def tick_until(desk, wanted):
    """Tick until ``wanted`` finds something in the news; return what it found."""
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        if found := wanted(desk.tick()):
            return found
        time.sleep(0.002)
    raise AssertionError("the desk did not say what was waited for")


def taken(desk):
    """Tick once, with its turn to take what the feed says; return the news."""
    desk._market._take_every.at_once()
    return desk.tick()


def opened(desk):
    """Tick until the feed that was asked for is there."""
    tick_until(desk, lambda news: news.source)
    return desk.feed


def notice(desk, part):
    """Tick until a notice says this; return it."""
    return tick_until(desk, lambda news: next((n for n in news.notices if part in n), None))


def say_marks(feed, price, now_ms=NOW_MS, **news):
    facts = [mark(key, price, as_of_ms=now_ms) for key in (BINANCE, BYBIT)]
    health = [VenueHealth(venue=key.venue, state=VenueState.LIVE) for key in (BINANCE, BYBIT)]
    feed.say(now_ms, facts=[*facts, *news.pop("facts", ())], health=health, **news)


def priced(desk, price, **news):
    """Say a mark and tick until it stands in the overview."""
    say_marks(desk.feed, price, **news)
    tick_until(desk, lambda news: news.overview and news.overview.mark_price)
    return desk.view.scenario_price


def changed(old, page, **values):
    return dataclasses.replace(old, **{page: dataclasses.replace(getattr(old, page), **values)})


def with_a_map(desk):
    for key in (BINANCE, BYBIT):
        bars = candles_of(np.linspace(70_000, 71_000, 40), key=key, start_ms=NOW_MS - 40 * 900_000)
        say_marks(
            desk.feed,
            71_000.0,
            candles=[bars],
            facts=[interest(key, 1_000.0, 71e6, as_of_ms=NOW_MS)],
        )
    tick_until(desk, lambda _: desk.heatmap is not None and len(desk.heatmap.venues) == 2)
