"""The simulated market's cost: its start from the cache, and how fast its time can pass.

Measured on a two-core machine of 2.6 GHz: first facts .2 s after start, a day of three coins in
seconds .3 s, one look at all markets 3 ms.
"""

from __future__ import annotations

import time

import pytest

from tests.workstation.simulation.conftest import SEED
from workstation.market.feed import FeedMode, Watch
from workstation.market.outbox import Outbox
from workstation.settings import MarketSettings
from workstation.simulation.feed import BEAT_S, SimulatedFeed, warm_up
from workstation.simulation.generator import VENUES
from workstation.simulation.history import load_or_build
from workstation.simulation.player import Player
from workstation.units import SECOND_MS, UnixMs


@pytest.fixture(scope="module")
def cache_dir(tmp_path_factory):
    folder = tmp_path_factory.mktemp("market")
    warm_up(lambda _: None, seed=SEED, cache_dir=folder)
    return folder


def first_facts(cache_dir):
    feed = SimulatedFeed(MarketSettings(), cache_dir)
    feed.start()
    try:
        while not feed.take_fresh().facts:
            time.sleep(0.002)
    finally:
        feed.stop()


def test_first_facts_come_well_before_three_seconds(benchmark, cache_dir):
    benchmark.pedantic(first_facts, args=(cache_dir,), rounds=5, iterations=1)
    assert benchmark.stats["median"] < 0.8


def test_a_cached_market_is_there_long_before_a_built_one(benchmark, cache_dir, tmp_path):
    began = time.perf_counter()
    load_or_build(SEED, tmp_path)
    built_s = time.perf_counter() - began
    benchmark.extra_info["built_s"] = built_s
    benchmark.pedantic(load_or_build, args=(SEED, cache_dir), rounds=5, iterations=1)
    assert benchmark.stats["median"] < built_s / 5


def test_a_day_passes_in_less_than_a_ten_thousandth_of_a_day(benchmark, cache_dir):
    market = load_or_build(SEED, cache_dir)
    benchmark.pedantic(market.advance, args=(86_400,), rounds=3, iterations=1, warmup_rounds=1)
    assert benchmark.stats["median"] < 86.4 / 10


def test_a_look_costs_little_of_the_time_between_two(benchmark, cache_dir):
    market, outbox = load_or_build(SEED, cache_dir), Outbox(FeedMode.SIMULATED)
    player = Player(market, VENUES, outbox)
    player.watch(Watch())

    def look():
        player.play_to(player.time_s + 15)
        player.publish(UnixMs(player.time_s * SECOND_MS), 3_000)
        outbox.take(UnixMs(0))

    benchmark.pedantic(look, rounds=100, iterations=1, warmup_rounds=2)
    assert benchmark.stats["median"] < BEAT_S / 10
