"""Garbage is collected by the window's thread, and by no other.

Python collects in whichever thread happens to allocate. A ring that holds one of Qt's objects then
dies outside the thread that the object lives in, and Qt ends the process: the window's tests beside
a thread that only makes garbage died with a segmentation fault at every run.
"""

from __future__ import annotations

import gc
from typing import Final

from pyqtgraph.util.garbage_collector import GarbageCollector

_EVERY_S: Final = 1.0
# young rings every second, older ones every minute, all of them every quarter of an hour
_THRESHOLDS: Final = (700, 60, 15)


class WindowCollector:
    """Collects now and then in the thread that made it, until it is stopped."""

    def __init__(self) -> None:
        self._collector = GarbageCollector(interval=_EVERY_S)
        self._collector.threshold = _THRESHOLDS

    def settle(self) -> None:
        """Take what lives now out of the collector's sight: it lives as long as the program.

        A walk over everything is a stall of the window, 0.2 s with the markets of four exchanges.
        """
        gc.collect()
        gc.freeze()

    def stop(self) -> None:
        """Let Python collect by itself again, for the time after the window."""
        self._collector.timer.stop()
        gc.enable()
