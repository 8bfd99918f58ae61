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

    def at_once(self) -> None:
        """Be due at the next look."""
        self._next_s = 0.0
