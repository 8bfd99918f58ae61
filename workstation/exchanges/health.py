"""How a venue does, in a word and a sentence, from what its polls report."""

from __future__ import annotations

from workstation.errors import ExchangeError, ExchangeUnavailableError
from workstation.market.facts import VenueHealth, VenueState
from workstation.units import UnixMs, iso_utc


class HealthRecord:
    """Collects outcomes; ``at`` judges them.

    ``renewed`` is said of prices that are new, not of every answer: a venue that repeats itself is
    stale, however well it answers.
    """

    def __init__(self, venue: str, not_available: tuple[str, ...]) -> None:
        self._venue = venue
        self._not_available = not_available
        self._latency_ms: float | None = None
        self._renewed_ms: UnixMs | None = None
        self._fresh_for_ms = 0
        self._failure: ExchangeError | None = None
        self._next_try_ms: UnixMs | None = None
        self._held_until_ms = UnixMs(0)
        self._frozen: str | None = None  # a market whose price stands still
        self._partial: dict[str, str] = {}  # a poll other than the prices -> what is wrong

    def answered(
        self, renewed_ms: UnixMs, fresh_for_ms: int, latency_ms: float | None, frozen: str | None
    ) -> None:
        """Note an answer with prices, last renewed at ``renewed_ms``."""
        self._renewed_ms, self._fresh_for_ms = renewed_ms, fresh_for_ms
        self._latency_ms, self._frozen = latency_ms, frozen
        self._failure = self._next_try_ms = None

    def failed(self, error: ExchangeError, next_try_ms: UnixMs) -> None:
        """Note that the prices did not come."""
        self._failure, self._next_try_ms = error, next_try_ms

    def held(self, error: ExchangeError, until_ms: UnixMs) -> None:
        """Note that the venue asked to be left alone."""
        self._failure, self._next_try_ms, self._held_until_ms = error, until_ms, until_ms

    def part_failed(self, poll: str, error: ExchangeError) -> None:
        self._partial[poll] = f"{poll}: {error.user_message}"

    def part_answered(self, poll: str) -> None:
        self._partial.pop(poll, None)

    def at(self, now_ms: UnixMs) -> VenueHealth:
        """Return the state at a moment."""
        return VenueHealth(
            venue=self._venue,
            state=self._state(now_ms),
            latency_ms=self._latency_ms,
            last_success_ms=self._renewed_ms,
            next_try_ms=self._next_try_ms,
            error=self._sentence(now_ms),
            not_available=self._not_available,
        )

    def _fresh(self, now_ms: int) -> bool:
        return self._renewed_ms is not None and now_ms - self._renewed_ms <= self._fresh_for_ms

    def _state(self, now_ms: int) -> VenueState:
        if now_ms < self._held_until_ms:
            return VenueState.BACKING_OFF
        if self._fresh(now_ms):
            return VenueState.LIVE
        if isinstance(self._failure, ExchangeUnavailableError):
            return VenueState.DOWN
        if self._renewed_ms is None and self._failure is None:
            return VenueState.EXPECTED
        return VenueState.STALE

    def _sentence(self, now_ms: int) -> str | None:
        if self._failure is not None:
            return f"{self._failure.user_message}; the last values are kept."
        if self._renewed_ms is not None and not self._fresh(now_ms):
            if self._frozen is not None:
                return f"{self._frozen} stands still while the coin moves elsewhere."
            return f"{self._venue} has said nothing new since {iso_utc(self._renewed_ms)}."
        if self._partial:
            return "; ".join(self._partial.values()) + "."
        return None
