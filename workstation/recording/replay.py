"""Play a recording through the same door as a live market: facts appear when the tape is there."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from workstation.errors import WorkstationError
from workstation.market.feed import FeedMode, FeedUpdate, TapeState, Watch
from workstation.market.outbox import Outbox
from workstation.recording.player import Player
from workstation.recording.reader import read_recording
from workstation.units import UnixMs

BEAT_S: Final = 0.05


@dataclass(slots=True)
class _Controls:
    """What the user asked for, and what the thread has not yet done about it."""

    paused: bool
    speed: float
    seek_ms: int | None = None
    step: bool = False
    watch: Watch = field(default_factory=Watch)
    watch_changed: bool = True


class ReplayFeed:
    """A recording as a feed with a tape; see ``market.feed`` for the contract."""

    def __init__(self, folder: Path, *, speed: float = 1.0) -> None:
        self._folder = folder
        self._outbox = Outbox(FeedMode.REPLAY)
        self._changed = threading.Condition()
        self._controls = _Controls(paused=False, speed=speed)
        self._stopping = False
        self._now_ms = 0
        self._thread = threading.Thread(target=self._run, name="replay", daemon=True)

    @property
    def mode(self) -> FeedMode:
        return FeedMode.REPLAY

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        with self._changed:
            self._stopping = True
            self._changed.notify()
        if self._thread.is_alive():
            self._thread.join()

    def take_fresh(self) -> FeedUpdate:
        return self._outbox.take(UnixMs(self._now_ms))

    def watch(self, watch: Watch) -> None:
        with self._changed:
            self._controls.watch = watch
            self._controls.watch_changed = True
            self._changed.notify()

    def set_paused(self, paused: bool) -> None:
        with self._changed:
            self._controls.paused = paused
            self._changed.notify()

    def set_speed(self, speed: float) -> None:
        with self._changed:
            self._controls.speed = speed
            self._changed.notify()

    def seek(self, time_ms: UnixMs) -> None:
        with self._changed:
            self._controls.seek_ms = time_ms
            self._changed.notify()

    def step(self) -> None:
        with self._changed:
            self._controls.step = True
            self._changed.notify()

    def _run(self) -> None:
        try:
            recording = read_recording(self._folder)
        except WorkstationError as error:
            self._outbox.put(notices=[error.user_message])
            return
        player = Player(recording, self._outbox)
        self._now_ms = player.start_ms
        beat = time.monotonic()
        while not self._stopping:
            elapsed_s, beat = time.monotonic() - beat, time.monotonic()
            self._advance(player, elapsed_s)
            with self._changed:
                self._changed.wait(BEAT_S)

    def _advance(self, player: Player, elapsed_s: float) -> None:
        with self._changed:
            controls = self._controls
            seek_ms, step = controls.seek_ms, controls.step
            watch = controls.watch if controls.watch_changed else None
            controls.seek_ms, controls.step, controls.watch_changed = None, False, False
        if watch is not None:
            player.watch(watch)
        if seek_ms is not None:
            now_ms = seek_ms
        elif step:
            now_ms = self._now_ms + player.interval_ms
        elif controls.paused:
            now_ms = self._now_ms
        else:
            now_ms = self._now_ms + round(elapsed_s * 1_000 * controls.speed)
        now_ms = min(max(now_ms, player.start_ms), player.end_ms)
        if now_ms == player.end_ms and not controls.paused:
            self.set_paused(True)
        player.play_to(now_ms)
        self._now_ms = now_ms
        self._outbox.set_tape(
            TapeState(
                speed=controls.speed,
                paused=controls.paused,
                start_ms=UnixMs(player.start_ms),
                end_ms=UnixMs(player.end_ms),
                first_ms=player.first_ms,
            )
        )
