"""The live feed's clock: the computer's time, but never running with its jumps.

Ages are differences of this clock, so it advances with the monotonic clock. The wall clock is
consulted now and then: when it is ahead (the computer slept, or was set forward) ours follows, and
everything known looks as old as it is; when it was set back, every age would shrink, so the
feed must forget what it knows and start again (``settle`` says so).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from workstation.units import SECOND_MS, UnixMs

TOLERANCE_MS: Final = 2 * SECOND_MS


class FeedClock:
    """Milliseconds since 1970 that only ever advance between two ``settle``s."""

    def __init__(
        self,
        wall_s: Callable[[], float] = time.time,
        monotonic_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._wall_s = wall_s
        self._monotonic_s = monotonic_s
        self._anchor()

    def _anchor(self) -> None:
        self._offset_s = self._wall_s() - self._monotonic_s()

    def now_ms(self) -> UnixMs:
        return UnixMs(round((self._monotonic_s() + self._offset_s) * SECOND_MS))

    def settle(self) -> bool:
        """Follow a wall clock that jumped; return whether it jumped back."""
        ahead_ms = self._wall_s() * SECOND_MS - self.now_ms()
        if abs(ahead_ms) > TOLERANCE_MS:
            self._anchor()
        return ahead_ms < -TOLERANCE_MS
