"""The recorded crashes through feed, store, consolidation, gauges and map, at a high speed."""

from __future__ import annotations

import math
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from tests.workstation.recording.convert_shared_data import CRASHES, SYMBOL, VENUE, convert
from workstation.market.consolidated import consolidate
from workstation.market.feed import FeedMode, Watch
from workstation.market.instrument import MarketKey
from workstation.market.outbox import Outbox
from workstation.market.overview import MarketOverview
from workstation.market.store import MarketStore
from workstation.recording.player import Player
from workstation.recording.reader import read_recording
from workstation.recording.replay import ReplayFeed
from workstation.risk.gauge_inputs import gauge_inputs
from workstation.risk.indicators import INDICATORS
from workstation.risk.report import HeatmapColumns
from workstation.services.heatmap_request import heatmap_request
from workstation.services.heatmap_service import HeatmapAnswer
from workstation.units import UnixMs

KEY = MarketKey(VENUE, SYMBOL)
STRIDE_MS = 2 * 3_600_000  # of the tape, between two looks


class Picture(NamedTuple):
    """What was seen at one moment of the tape; ``excess`` is the map's mass over open interest."""

    overview: MarketOverview
    readings: dict[str, float]
    excess: float | None


class Replayed(NamedTuple):
    """A crash from its first to its last hour, and the map at its end."""

    crash: str
    store: MarketStore
    pictures: list[Picture]
    heatmap: HeatmapColumns | None


@pytest.fixture(scope="module", params=["feb-2026", "oct-2025"])
def folder(request, shared_data: Path, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("recording") / request.param
    convert(CRASHES[request.param], shared_data, folder)
    return folder


@pytest.fixture(scope="module")
def replayed(folder: Path) -> Replayed:
    outbox, store = Outbox(FeedMode.REPLAY), MarketStore(FeedMode.REPLAY)
    player, answer, pictures, heatmap = (
        Player(read_recording(folder), outbox),
        HeatmapAnswer(),
        [],
        None,
    )
    player.watch(Watch(interval_s=900))
    for now_ms in range(player.start_ms, player.end_ms + 1, STRIDE_MS):
        player.play_to(now_ms)
        store.apply(outbox.take(UnixMs(now_ms)))
        request = heatmap_request(store, "BTC", 900)
        heatmap = answer(request) if request else None
        pictures.append(_look(store, heatmap))
    return Replayed(folder.name, store, pictures, heatmap)


def _look(store: MarketStore, heatmap: HeatmapColumns | None) -> Picture:
    overview = consolidate("BTC", store)
    inputs = gauge_inputs(overview, store)
    readings = {
        indicator.key: reading.value
        for indicator in INDICATORS
        if (reading := indicator.value(inputs)) is not None
    }
    return Picture(overview, readings, heatmap and _excess(heatmap))


def _excess(heatmap: HeatmapColumns) -> float:
    sides = (heatmap.long_base[-1].sum(), heatmap.short_base[-1].sum())
    return max(sides) / heatmap.open_interest_base[-1] - 1


def test_the_crash_is_seen_in_the_mark_and_the_candles(replayed):
    crash, store, pictures, _ = replayed
    marks = [seen.overview.mark_price for seen in pictures if seen.overview.mark_price]
    peak, low = {"feb-2026": (96_000, 63_000), "oct-2025": (124_000, 113_000)}[crash]
    assert max(marks) > peak
    assert min(marks) < low
    assert all(seen.overview.outliers == () for seen in pictures)
    assert store.candles(KEY, 900).gaps() == 0


def test_every_reading_is_a_finite_number(replayed):
    pictures = replayed.pictures
    assert {"funding_week", "realised_volatility"} <= set(pictures[-1].readings)
    for seen in pictures:
        assert all(math.isfinite(value) for value in seen.readings.values()), seen.readings


def test_realised_volatility_multiplies_in_the_crash(replayed):
    pictures = replayed.pictures
    known = [seen.readings.get("realised_volatility", math.nan) for seen in pictures]
    assert np.nanmax(known) > 2.5 * np.nanmin(known)


def test_open_interest_falls_in_coins_and_more_in_dollars(replayed):
    crash, _, pictures, _ = replayed
    changes = [
        seen.overview.open_interest_change
        for seen in pictures
        if seen.overview.open_interest_change is not None
    ]
    if crash == "oct-2025":
        assert not changes  # nobody recorded it: not known, and not zero
        return
    worst = min(changes, key=lambda change: change.usd_fraction)
    assert worst.usd_fraction < worst.base_fraction < 0
    assert worst.price_fraction < -0.05


def test_the_map_holds_no_more_than_open_interest_and_sweeps_the_longs(replayed):
    crash, _, pictures, last = replayed
    excesses = [seen.excess for seen in pictures if seen.excess is not None]
    if crash == "oct-2025":
        assert not excesses  # without open interest there is no map
        return
    assert max(excesses) < 1e-6
    assert last.missing == ()
    swept = slice(*np.searchsorted(last.edges(), [60_000, 66_000]))
    low_row = int(np.searchsorted(last.time_ms, 1_770_336_900_000))  # 2026-02-06 00:15
    before, after = last.long_base[[low_row - 8 * 4, low_row], swept].sum(axis=1)
    assert after < 0.2 * before


def test_the_feed_plays_it_to_its_end_without_a_complaint(folder):
    feed, store, notices = ReplayFeed(folder, speed=1e7), MarketStore(FeedMode.REPLAY), []
    feed.start()
    end = time.monotonic() + 30
    try:
        while store.tape is None or not store.tape.paused:  # a tape pauses at its end
            assert time.monotonic() < end, "the replay never ended"
            update = feed.take_fresh()
            notices += update.notices
            store.apply(update)
            time.sleep(0.01)
    finally:
        feed.stop()
    assert notices == []
    assert store.now_ms == store.tape.end_ms
