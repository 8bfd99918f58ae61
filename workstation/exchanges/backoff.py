"""How long to stay away from a venue after it failed."""

from __future__ import annotations

from typing import Final

LONGEST_RETRY_S: Final = 15.0
LONGEST_THROTTLE_S: Final = 900.0
BAN_S: Final = 120.0  # after HTTP 418; Binance's shortest ban is two minutes


class Backoff:
    """Doubles with every failure in a row, and is forgotten with the first success."""

    def __init__(self, longest_s: float = LONGEST_RETRY_S) -> None:
        self._longest_s = longest_s
        self.failures = 0

    def succeeded(self) -> None:
        self.failures = 0

    def failed(self, at_least_s: float = 0.0) -> float:
        """Return how many seconds to wait: ``2^n``, and no less than what the venue asked for."""
        self.failures += 1
        return max(at_least_s, min(self._longest_s, 2.0**self.failures))
