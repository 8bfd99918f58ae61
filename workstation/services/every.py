"""Something to be done so often in real time, by someone who looks more often than that."""

from __future__ import annotations

import time


class Every:
    """Says when a period has passed since it last said so; the first time at once."""

    def __init__(self, period_s: float) -> None:
        self._period_s = period_s
        self._next_s = 0.0

    def due(self) -> bool:
        """Tell whether it is time, and begin the next period if it is."""
        now_s = time.monotonic()
        if now_s < self._next_s:
            return False
        self._next_s = now_s + self._period_s
        return True

    def restart(self, period_s: float | None = None) -> None:
        """Begin a period now, if need be another one."""
        self._next_s = time.monotonic() + (self._period_s if period_s is None else period_s)

    def within(self, seconds: float) -> None:
        """Be due in so many seconds, if not before."""
        self._next_s = min(self._next_s, time.monotonic() + seconds)

    def at_once(self) -> None:
        """Be due at the next look."""
        self._next_s = 0.0
