"""The market at the end of a recording, as a store: what commands know of it without a window."""

from __future__ import annotations

from pathlib import Path

from workstation.market.feed import FeedMode, Watch
from workstation.market.outbox import Outbox
from workstation.market.store import MarketStore
from workstation.recording.player import Player
from workstation.recording.reader import read_recording
from workstation.risk.report import HeatmapColumns
from workstation.services.heatmap_request import heatmap_request
from workstation.services.heatmap_service import HeatmapAnswer
from workstation.units import UnixMs


def recorded_market(folder: Path, coin: str) -> tuple[MarketStore, HeatmapColumns | None]:
    """Return the store at the recording's end, and the map of a coin from its finest candles.

    The map is ``None`` where the recording has no open interest.

    Raises
    ------
    RecordingError
        The folder holds no recording.
    """
    recording = read_recording(folder)
    interval_s = min((bars.interval_s for bars in recording.candles), default=3_600)
    outbox = Outbox(FeedMode.REPLAY)
    player = Player(recording, outbox)
    player.watch(Watch(coin=coin, interval_s=interval_s))
    player.play_to(player.end_ms)
    store = MarketStore(FeedMode.REPLAY)
    store.apply(outbox.take(UnixMs(player.end_ms)))
    request = heatmap_request(store, coin, interval_s)
    return store, None if request is None else HeatmapAnswer()(request)
