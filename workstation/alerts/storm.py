"""How much one channel may say: six messages a minute, the rest in one summary.

A critical message goes out at once while there is room; beyond that it waits at most a second for
others to join it in a summary, so none is dropped and none is late. Milder ones wait until the
minute is over. Everything that is held back is listed.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from workstation.alerts.facts import Fire, Severity
from workstation.units import MINUTE_MS, SECOND_MS

PER_MINUTE: Final = 6
_CRITICAL_WAIT_MS: Final = SECOND_MS


@dataclass(frozen=True, slots=True)
class Parcel:
    """What goes out as one message: a fire, or several in a summary."""

    fires: tuple[Fire, ...]

    @property
    def severity(self) -> Severity:
        return max((fire.severity for fire in self.fires), key=lambda severity: severity.rank)

    @property
    def title(self) -> str:
        if len(self.fires) == 1:
            return self.fires[0].title
        critical = sum(fire.severity is Severity.CRITICAL for fire in self.fires)
        grave = f", {critical} critical" if critical else ""
        return f"{len(self.fires)} more{grave}"

    def text(self, *, with_balance: bool) -> str:
        """Return the message; of a summary one line a fire, without its advice."""
        if len(self.fires) == 1:
            return self.fires[0].text(with_balance=with_balance)
        ranked = sorted(self.fires, key=lambda fire: -fire.severity.rank)
        return "\n".join([f"{self.title}:", *(fire.what for fire in ranked)])


class Budget:
    """What one channel has said lately and still has to say; time arrives as an argument."""

    def __init__(self, per_minute: int = PER_MINUTE) -> None:
        self._per_minute = per_minute
        self._sent_ms: deque[int] = deque()
        self._waiting: list[Fire] = []
        self._waiting_since_ms = 0

    @property
    def held_back(self) -> int:
        """How many fires wait for the next summary."""
        return len(self._waiting)

    def take(self, fires: Iterable[Fire], at_ms: int) -> tuple[Parcel, ...]:
        """Return what goes out now: of these fires, and of those that wait."""
        while self._sent_ms and at_ms - self._sent_ms[0] >= MINUTE_MS:
            self._sent_ms.popleft()
        parcels = []
        for fire in fires:
            if not self._waiting and len(self._sent_ms) < self._per_minute:
                parcels.append(self._sent((fire,), at_ms))
            else:
                self._hold(fire, at_ms)
        if self._is_due(at_ms):
            parcels.append(self._sent(self._waiting, at_ms))
            self._waiting = []
        return tuple(parcels)

    def _hold(self, fire: Fire, at_ms: int) -> None:
        if not any(other.severity is Severity.CRITICAL for other in self._waiting):
            self._waiting_since_ms = at_ms
        self._waiting.append(fire)

    def _is_due(self, at_ms: int) -> bool:
        if not self._waiting:
            return False
        if len(self._sent_ms) < self._per_minute:
            return True
        critical = any(fire.severity is Severity.CRITICAL for fire in self._waiting)
        return critical and at_ms - self._waiting_since_ms >= _CRITICAL_WAIT_MS

    def _sent(self, fires: Sequence[Fire], at_ms: int) -> Parcel:
        self._sent_ms.append(at_ms)
        return Parcel(tuple(fires))
