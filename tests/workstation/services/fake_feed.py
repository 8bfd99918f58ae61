"""A feed that says what a test tells it to, from no thread at all."""

from __future__ import annotations

import threading

from workstation.market.feed import FeedMode, FeedUpdate, Watch
from workstation.market.outbox import Outbox


class FakeFeed:
    """Keeps what it was asked for; ``outbox`` takes what it is to say."""

    def __init__(self, mode=FeedMode.LIVE):
        self.mode = mode
        self.now_ms = 0
        self.outbox = Outbox(mode)
        self.watched: list[Watch] = []
        self.running = False
        self.may_stop = threading.Event()
        self.may_stop.set()

    def start(self) -> None:
        self.running = True

    def stop(self) -> None:
        self.may_stop.wait()
        self.running = False

    def watch(self, watch: Watch) -> None:
        self.watched.append(watch)

    def take_fresh(self) -> FeedUpdate:
        return self.outbox.take(self.now_ms)

    def say(self, now_ms: int, **news) -> None:
        self.now_ms = now_ms
        self.outbox.put(**news)


class FakeTape(FakeFeed):
    """The same with the controls of a tape."""

    def __init__(self, mode=FeedMode.SIMULATED):
        super().__init__(mode)
        self.speeds: list[float] = []

    def set_paused(self, paused: bool) -> None:
        self.paused = paused

    def set_speed(self, speed: float) -> None:
        self.speeds.append(speed)

    def seek(self, time_ms: int) -> None:
        self.now_ms = time_ms

    def step(self) -> None:
        self.now_ms += 1
