"""Long answers pause while the window is at work.

The interpreter runs one thread at a time. A window and a worker that both compute hand it to and
fro at every call of Qt, and each then takes three times as long: what takes the window 4 ms alone
took it 10 ms of its own time and 20 to 40 on the clock. Measured with 600 markets at each of four
exchanges: the longest stall of the window fell from 73 ms to 30 ms.
"""

from __future__ import annotations

import threading
import time
from typing import Final

LONGEST_S: Final = 0.03  # of one pause: a window that is never idle must not stop the answers
STEP_S: Final = 0.01  # of work after such a pause, however often a worker asks


class Courtesy:
    """Says whether the window is at work. Without a window nobody ever waits."""

    def __init__(self) -> None:
        self._idle = threading.Event()
        self._idle.set()
        self._window: int | None = None  # its thread
        self._own = threading.local()  # of a worker: until when it has waited enough

    def busy(self) -> None:
        """Ask the workers to pause: the window, in this thread, takes in what is new."""
        self._window = threading.get_ident()
        self._idle.clear()

    def idle(self) -> None:
        """Let the workers go on: what was new has been drawn."""
        self._idle.set()

    def wait(self) -> None:
        """Pause while the window is at work, a while at most; it never waits for itself.

        Call it often: until it does, a worker is in the window's way.
        """
        if self._idle.is_set() or threading.get_ident() == self._window:
            return
        if time.monotonic() < getattr(self._own, "until_s", 0.0):
            return
        if not self._idle.wait(LONGEST_S):
            self._own.until_s = time.monotonic() + STEP_S
