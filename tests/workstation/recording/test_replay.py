from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.workstation.recording.convert_shared_data import CRASHES, convert
from tests.workstation.recording.test_reader import KEY, candles, table
from workstation.market.facts import FundingRate, MarkPrice, Ticker
from workstation.market.feed import FeedMode, Watch
from workstation.market.outbox import Outbox
from workstation.market.store import MarketStore
from workstation.recording.player import Player
from workstation.recording.reader import read_recording
from workstation.recording.replay import ReplayFeed
from workstation.units import UnixMs

START = 1_770_249_600_000  # 2026-02-05 00:00 UTC
QUARTER = 900_000


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    frame = candles(8)
    frame["close"] = np.arange(8) + 1.0
    frame["high"] = 10.0
    frame.to_parquet(tmp_path / "candles.parquet")
    table(8, mark_price=np.arange(8) + 100.0, index_price=np.nan).to_parquet(
        tmp_path / "marks.parquet"
    )
    table(8, funding_rate=0.0001, interval_h=8.0, settled=True).to_parquet(
        tmp_path / "funding.parquet"
    )
    return tmp_path


def played(folder: Path, *moments_ms: int, interval_s: int = 900) -> MarketStore:
    outbox, store = Outbox(FeedMode.REPLAY), MarketStore(FeedMode.REPLAY)
    player = Player(read_recording(folder), outbox)
    player.watch(Watch(interval_s=interval_s))
    for moment in moments_ms:
        player.play_to(moment)
        store.apply(outbox.take(UnixMs(moment)))
    return store


def test_a_candle_is_known_at_its_end_and_not_before(folder: Path):
    assert played(folder, START + QUARTER - 1).candles(KEY, 900) is None
    assert len(played(folder, START + QUARTER).candles(KEY, 900)) == 1


@pytest.mark.parametrize("interval_s", [900, 86_400])
def test_the_hours_are_there_whatever_the_interval(folder: Path, interval_s: int):
    store = played(folder, START + 8 * QUARTER, interval_s=interval_s)
    assert store.candles(KEY, 3_600).close.tolist() == [4.0, 8.0]
    if interval_s == 900:
        assert store.newest(Ticker, KEY).last_price == 8.0


def test_playing_in_steps_gives_what_one_jump_gives(folder: Path):
    steps = played(folder, *range(START, START + 7 * QUARTER, 60_000))
    jump = played(folder, START + 7 * QUARTER - 60_000)
    assert steps.candles(KEY, 900).close.tolist() == jump.candles(KEY, 900).close.tolist()
    assert steps.newest(MarkPrice, KEY) == jump.newest(MarkPrice, KEY)


def test_the_present_is_the_newest_row_that_the_tape_has_reached(folder: Path):
    store = played(folder, START + 2 * QUARTER + 1)
    assert store.newest(MarkPrice, KEY).mark_price == 102.0
    assert store.newest(MarkPrice, KEY).index_price is None
    assert store.newest(Ticker, KEY).last_price == 2.0


def test_seeking_back_forgets_the_future(folder: Path):
    store = played(folder, START + 6 * QUARTER, START + 2 * QUARTER)
    assert store.newest(MarkPrice, KEY).mark_price == 102.0
    assert len(store.candles(KEY, 900)) == 2


def test_longer_candles_are_made_of_the_recorded_ones(folder: Path):
    bars = played(folder, START + 8 * QUARTER, interval_s=3_600).candles(KEY, 3_600)
    assert bars.close.tolist() == [4.0, 8.0]
    assert bars.volume_base.tolist() == [12.0, 12.0]


def test_a_recording_without_short_candles_gives_its_finest(folder: Path):
    store = played(folder, START + QUARTER, interval_s=60)
    assert store.candles(KEY, 60) is None
    assert len(store.candles(KEY, 900)) == 1


def test_settled_funding_is_history_and_the_next_settlement_follows(folder: Path):
    store = played(folder, START + QUARTER)
    assert len(store.funding_history(KEY)) == 2
    assert store.newest(FundingRate, KEY).next_funding_ms == START + 8 * 3_600_000


def test_a_value_that_the_tape_stops_renewing_turns_stale(folder: Path):
    store = played(folder, START + 7 * QUARTER)
    mark = store.newest(MarkPrice, KEY)
    assert not mark.is_stale(START + 10 * QUARTER)
    assert mark.is_stale(START + 10 * QUARTER + 1)


def wait_for(condition: Callable[[], bool], seconds: float = 5.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "the condition never held"
        time.sleep(0.005)


def test_the_feed_plays_pauses_seeks_steps_and_stops(folder: Path):
    feed, store = ReplayFeed(folder, speed=60.0), MarketStore(FeedMode.REPLAY)

    def tape_at_least(moment: int) -> Callable[[], bool]:
        def look() -> bool:
            store.apply(feed.take_fresh())
            return store.now_ms >= moment

        return look

    feed.start()
    try:
        wait_for(tape_at_least(START + 10_000))
        feed.set_paused(True)
        feed.seek(UnixMs(START + 4 * QUARTER))
        wait_for(lambda: tape_at_least(START + 4 * QUARTER)() and store.tape.paused)
        feed.step()
        wait_for(tape_at_least(START + 5 * QUARTER))
        assert store.now_ms == START + 5 * QUARTER
        assert store.newest(MarkPrice, KEY).mark_price == 105.0
        feed.set_speed(1e9)
        feed.set_paused(False)
        wait_for(lambda: tape_at_least(START + 8 * QUARTER)() and store.tape.paused)
    finally:
        feed.stop()


def test_a_folder_that_cannot_be_played_is_a_sentence(tmp_path: Path):
    feed = ReplayFeed(tmp_path / "nowhere")
    feed.start()
    notices: list[str] = []
    wait_for(lambda: bool(notices.extend(feed.take_fresh().notices) or notices))
    feed.stop()
    assert "is not a folder" in notices[0]


@pytest.mark.parametrize(
    ("crash", "low", "at"),
    [
        ("feb-2026", 59_800.0, "2026-02-06 00:15"),
        ("oct-2025", 101_516.5, "2025-10-10 21:20"),
    ],
)
def test_real_crashes_replay_to_their_known_lows(
    shared_data: Path, tmp_path: Path, crash: str, low: float, at: str
):
    convert(CRASHES[crash], shared_data, tmp_path)
    end = int(pd.Timestamp(CRASHES[crash].end, tz="UTC").value // 1_000_000)
    bars = played(tmp_path, end, interval_s=900).candles(KEY, 900)
    lowest = int(np.argmin(bars.low))
    assert bars.low[lowest] == low
    bar = pd.Timestamp(at, tz="UTC").floor("15min").value // 1_000_000
    assert bars.time_ms[lowest] == bar
    assert bars.gaps() == 0


def test_a_tape_says_from_when_on_it_has_funding_and_open_interest(folder: Path):
    assert read_recording(folder).first_ms() == {("funding", "BTC"): START}
    table(8, open_interest_base=1.0, open_interest_usd=1.0).iloc[3:].to_parquet(
        folder / "open_interest.parquet"
    )
    first_ms = read_recording(folder).first_ms()
    assert first_ms["open_interest", "BTC"] == START + 3 * QUARTER
    feed = ReplayFeed(folder)
    feed.start()
    try:
        wait_for(lambda: (tape := feed.take_fresh().tape) and tape.first_ms == first_ms)
    finally:
        feed.stop()
