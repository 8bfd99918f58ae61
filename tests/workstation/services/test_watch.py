"""The watch without a window, on a feed that says what it is told."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from functools import partial

import pytest

from tests.workstation.market.facts import btc, mark
from tests.workstation.portfolio.books import account, json_file, position
from tests.workstation.services.fake_feed import FakeFeed
from workstation.errors import PortfolioFileError, UsageError
from workstation.market.facts import VenueHealth, VenueState
from workstation.market.feed import FeedMode
from workstation.services import sources, watch
from workstation.services.sources import Source
from workstation.services.watch import WatchOptions
from workstation.units import now_ms

KEY = btc("okx")


@pytest.fixture
def feed(monkeypatch):
    feed = FakeFeed()
    monkeypatch.setitem(sources.SOURCES, "fake", Source(FeedMode.LIVE, lambda *_: feed))
    return feed


@pytest.fixture
def book(tmp_path):
    # liquidated at (70,000 - 14,000) / (1 - 0.0055), 19.6 % below 70,000
    held = position(
        symbol=KEY.symbol, quantity=1, entry_price=70_000, margin_mode="isolated",
        isolated_margin=14_000, maintenance_rate=0.005,
    )  # fmt: skip
    return json_file(tmp_path, account(held, venue="okx", balances={"USDT": 1}))


def say(feed, price):
    at = now_ms()
    feed.say(
        at,
        facts=[mark(KEY, price, as_of_ms=at)],
        health=[VenueHealth(venue="okx", state=VenueState.LIVE, last_success_ms=at)],
    )


def watched(options, feed, *prices):
    """Run the watch while prices fall, then end it as a service manager would."""
    said, warned = [], []

    def until(condition):
        end = time.monotonic() + 10.0
        while not condition() and time.monotonic() < end:
            time.sleep(0.01)

    def drive():
        for count, price in enumerate(prices):
            say(feed, price)
            until(partial(lambda n: len(said) >= n and any("Watching" in w for w in warned), count))
        os.kill(os.getpid(), signal.SIGTERM)

    driver = threading.Thread(target=drive, name="driver")
    driver.start()
    code = watch.run(options, said.append, warned.append)
    driver.join()
    return code, said, warned


def test_every_fire_is_one_json_line_and_the_rest_goes_elsewhere(feed, book):
    before = signal.getsignal(signal.SIGTERM)
    options = WatchOptions(portfolio=book, source="fake", as_json=True)
    code, said, warned = watched(options, feed, 70_000.0, 65_000.0, 60_500.0)
    assert code == 0
    fires = [json.loads(text) for text in said]
    assert [(fire["rule"], fire["threshold"]) for fire in fires] == [
        ("distance", 0.15), ("distance", 0.08),
    ]  # fmt: skip
    assert fires[0]["schema"] == 1
    assert fires[0]["price"] == 65_000.0
    assert fires[1]["severity"] == "critical"
    assert set(fires[0]) >= {"time", "object", "value", "source", "age_s", "todo", "sentence"}
    assert warned[0] == "book.json: waiting for prices (fake); Ctrl+C ends it."
    assert warned[1] == (
        "Watching 1 position: the nearest liquidation, BTC/USDT:USDT at main, is 19.6 % away."
    )
    assert signal.getsignal(signal.SIGTERM) is before


def test_people_get_a_sentence_a_line(feed, book):
    options = WatchOptions(portfolio=book, source="fake")
    _, (line,), _ = watched(options, feed, 70_000.0, 65_000.0)
    assert " WARN     main BTC/USDT:USDT long is 13.4 % from liquidation (rung 15 %)" in line
    assert "\n" not in line


def test_what_cannot_be_used_is_refused_before_anything_starts(feed, book, tmp_path):
    broken = tmp_path / "broken.json"
    broken.write_text("{}")
    with pytest.raises(PortfolioFileError):
        watch.run(WatchOptions(portfolio=broken, source="fake"), print, print)
    with pytest.raises(UsageError, match="push address"):
        watch.run(WatchOptions(portfolio=book, source="fake", ntfy="topic"), print, print)
    with pytest.raises(UsageError, match="dead-man URL"):
        watch.run(WatchOptions(portfolio=book, source="fake", dead_man="topic"), print, print)
    with pytest.raises(UsageError, match="there is no such folder"):
        watch.run(WatchOptions(portfolio=book, source=f"replay:{tmp_path / 'no'}"), print, print)
    assert not feed.running


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_and_a_service_manager_end_it_promptly(feed, book, number):
    ender = threading.Timer(0.3, os.kill, (os.getpid(), number))
    ender.start()
    began = time.monotonic()
    assert watch.run(WatchOptions(portfolio=book, source="fake"), print, print) == 0
    assert time.monotonic() - began < 3.0
