"""The simulated market as a feed with a tape: time, controls, and the end of its thread."""

from __future__ import annotations

import dataclasses
import threading
import time
from collections.abc import Callable

import pytest

from tests.workstation.simulation.conftest import SEED
from workstation.market.facts import MarkPrice, VenueState
from workstation.market.feed import FeedMode, Watch
from workstation.market.store import MarketStore
from workstation.settings import MarketSettings
from workstation.simulation import feed as feed_module
from workstation.simulation import history
from workstation.simulation.feed import SimulatedFeed, warm_up
from workstation.simulation.story import PLAY_START_S
from workstation.units import SECOND_MS, UnixMs

START_MS = PLAY_START_S * SECOND_MS


class Watcher:
    """A running feed, a store fed from it, and all that was said."""

    def __init__(self, cache_dir, **settings):
        self.feed = SimulatedFeed(
            dataclasses.replace(MarketSettings(), **{"seed": SEED, **settings}), cache_dir
        )
        self.store = MarketStore(FeedMode.SIMULATED)
        self.notices: list[str] = []
        self.restarts = self.beats = 0

    def __enter__(self):
        self.feed.start()
        return self

    def __exit__(self, *_: object):
        self.feed.stop()

    def look(self):
        update = self.feed.take_fresh()
        self.notices += update.notices
        self.restarts += update.restarted
        self.beats += bool(update.facts)
        self.store.apply(update)
        return update

    def until(self, condition: Callable[[], object], seconds: float = 20.0):
        end = time.monotonic() + seconds
        while self.look() and not condition():
            assert time.monotonic() < end, "the condition never held"
            time.sleep(0.005)

    def until_time(self, time_ms):
        self.until(lambda: self.store.now_ms >= time_ms and self.mark() is not None)

    def mark(self):
        keys = list(self.store.markets_of("BTC"))
        return self.store.newest(MarkPrice, keys[0]) if keys else None


@pytest.fixture
def watcher(saved_markets):
    with Watcher(saved_markets) as watcher:
        yield watcher


def test_it_begins_two_minutes_before_the_flush_at_the_speed_of_the_settings(watcher):
    watcher.until(watcher.mark)
    assert watcher.feed.mode is FeedMode.SIMULATED
    assert watcher.store.tape.start_ms == START_MS
    assert watcher.store.tape.speed == 60.0
    assert START_MS <= watcher.store.now_ms < START_MS + 120_000
    assert watcher.notices == [f"The market is simulated (seed {SEED})."]


def test_time_passes_at_its_speed(watcher):
    watcher.until(watcher.mark)
    began, from_ms = time.monotonic(), watcher.store.now_ms
    watcher.until_time(from_ms + 60_000)
    passed_s = time.monotonic() - began
    assert 0.4 < passed_s < 10.0  # a minute in a second, seen in beats of a quarter


def test_facts_are_fresh_while_it_plays_and_turn_stale_when_nothing_comes(watcher):
    watcher.until(watcher.mark)
    mark = watcher.mark()
    assert not mark.is_stale(watcher.store.now_ms)
    assert mark.is_stale(mark.as_of_ms + 3_000 * 60 + 1)


def test_a_pause_holds_time_and_keeps_facts_fresh(watcher):
    watcher.until(watcher.mark)
    watcher.feed.set_paused(True)
    watcher.until(lambda: watcher.store.tape.paused)
    held_ms, beats = watcher.store.now_ms, watcher.beats
    watcher.until(lambda: watcher.beats >= beats + 3)
    assert watcher.store.now_ms == held_ms
    assert not watcher.mark().is_stale(held_ms)


def test_a_step_is_one_candle_of_the_watched_interval(watcher):
    watcher.feed.set_paused(True)
    watcher.until(lambda: watcher.mark() and watcher.store.tape.paused)
    held_ms = watcher.store.now_ms
    watcher.feed.watch(Watch(interval_s=300))
    watcher.feed.step()
    watcher.feed.step()
    watcher.until_time(held_ms + 600_000)
    assert watcher.store.now_ms == held_ms + 600_000
    assert watcher.store.tape.end_ms == held_ms + 600_000


def test_seeking_back_voids_what_was_known_and_plays_the_same_market_again(watcher):
    watcher.feed.set_paused(True)
    watcher.until(lambda: watcher.mark() and watcher.store.tape.paused)
    watcher.feed.watch(Watch(interval_s=3_600))
    watcher.feed.step()
    watcher.until_time(START_MS + 3_600_000)
    there_ms, there = watcher.store.now_ms, watcher.mark()
    watcher.feed.seek(UnixMs(START_MS))
    watcher.until(lambda: watcher.mark() and watcher.store.now_ms == START_MS)
    assert watcher.restarts == 1
    key = watcher.mark().key
    watcher.until(lambda: watcher.store.candles(key, 3_600) is not None)
    assert watcher.store.candles(key, 3_600).time_ms[-1] < START_MS
    watcher.feed.seek(UnixMs(there_ms))
    watcher.until_time(there_ms)
    assert watcher.mark() == there


def test_nothing_can_be_sought_that_was_not_reached(watcher):
    watcher.feed.set_paused(True)
    watcher.until(lambda: watcher.mark() and watcher.store.tape.paused)
    end_ms = watcher.store.tape.end_ms
    watcher.feed.seek(UnixMs(end_ms + 10**9))
    watcher.feed.watch(Watch(interval_s=60))
    watcher.feed.step()
    watcher.until_time(end_ms + 60_000)
    assert watcher.store.now_ms == end_ms + 60_000


def test_a_slow_reader_gets_the_newest_and_not_all(saved_markets):
    with Watcher(saved_markets, speed=10_000.0) as watcher:
        watcher.until(watcher.mark)
        time.sleep(0.8)  # nothing is taken for three beats
        update = watcher.look()
    kinds = [(type(fact), fact.key) for fact in update.facts]
    assert len(kinds) == len(set(kinds))
    assert watcher.mark().as_of_ms > START_MS + 5_000_000


def test_venues_that_are_not_simulated_are_down_and_the_others_not_delayed(saved_markets):
    with Watcher(saved_markets, venues=("okx", "kraken")) as watcher:
        watcher.until(watcher.mark)
        watcher.until(lambda: watcher.store.health["okx"].state is VenueState.LIVE)
        assert watcher.store.health["kraken"].state is VenueState.DOWN
        assert "not part of the simulated market" in watcher.store.health["kraken"].error
        assert {key.venue for key in watcher.store.markets_of("BTC")} == {"okx"}


def test_a_cold_start_says_what_it_does_and_a_stop_does_not_wait_for_it(tmp_path):
    with Watcher(tmp_path, seed=9) as watcher:
        watcher.until(lambda: any("is built once" in notice for notice in watcher.notices))
        assert watcher.store.health["okx"].state is VenueState.EXPECTED
        began = time.monotonic()
    assert time.monotonic() - began < 1.5
    assert not list(tmp_path.iterdir())


def test_a_failure_is_a_sentence_and_not_a_silent_end(saved_markets, monkeypatch, caplog):
    def broken(*_: object, **__: object):
        raise MemoryError("no room for the market")

    monkeypatch.setattr(feed_module, "load_or_build", broken)
    with Watcher(saved_markets) as watcher:
        watcher.until(lambda: any("no room" in notice for notice in watcher.notices))


def test_a_feed_that_never_started_stops(saved_markets):
    SimulatedFeed(MarketSettings(), saved_markets).stop()


def test_its_thread_has_a_name_and_is_gone_after_stop(saved_markets):
    with Watcher(saved_markets) as watcher:
        assert "simulated-market" in {thread.name for thread in threading.enumerate()}
        watcher.until(watcher.mark)
    assert "simulated-market" not in {thread.name for thread in threading.enumerate()}


def test_warming_up_saves_the_market_that_the_feed_then_loads(tmp_path, monkeypatch):
    short = history.Phase("a year", history.story.YEARS_START_S + 60_000, 600, with_accounts=True)
    monkeypatch.setattr(history, "PHASES", (short,))
    said: list[str] = []
    warm_up(said.append, seed=3, cache_dir=tmp_path)
    assert len(said) == 3
    assert len(list(tmp_path.glob("simulated-market-3-*.npz"))) == 1
    said.clear()
    warm_up(said.append, seed=3, cache_dir=tmp_path)
    assert not said
