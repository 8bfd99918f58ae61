"""What leaves this machine: pushes within their budget, the digest of quiet hours, a sign of life.

Simulated and replayed markets never leave it. Local time arrives as an argument.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from workstation.alerts import words
from workstation.alerts.facts import Fire, Severity
from workstation.alerts.quiet import Daily, QuietHours
from workstation.alerts.storm import Budget, Parcel
from workstation.market.feed import FeedMode
from workstation.risk.report import RiskReport
from workstation.services.push_message import Delivery, Message
from workstation.settings import AlertSettings

if TYPE_CHECKING:
    from workstation.services.push import PushService

TEST: Final = Message(
    title="Risk Workstation: test",
    text="This is a test: alerts of the risk workstation arrive here.",
    severity=Severity.INFO,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchState:
    """How the watch goes: ``report`` is ``None`` while the book is not valued."""

    mode: FeedMode
    report: RiskReport | None
    alerts: int  # of the last day

    def message(self) -> Message:
        """Return the daily sign of life."""
        told = f"{self.alerts} alert{'' if self.alerts == 1 else 's'} in the last day."
        if self.report is None:
            return Message(
                title="Risk Workstation: running, but cannot watch",
                text=f"The book is not valued now: look at the venues. {told}",
                severity=Severity.WARN,
            )
        return Message(
            title="Risk Workstation: still watching",
            text=f"{words.standing(self.report)} {told}",
            severity=Severity.INFO,
        )


class AlertPost:
    """The way to the phones; of the owner's thread."""

    def __init__(self, push: PushService | None = None) -> None:
        self._push = push
        self._budget = Budget()
        self._waiting: list[Fire] = []  # for the end of their quiet hours
        self._daily_at = ""
        self._daily: Daily | None = None

    @property
    def push(self) -> PushService:
        """The way to the phones, made at its first use: what it imports takes its time."""
        if self._push is None:
            from workstation.services.push import PushService

            self._push = PushService()
        return self._push

    @property
    def held_back(self) -> int:
        """How many fires wait for a summary, or for the end of their quiet hours."""
        return self._budget.held_back + len(self._waiting)

    def send(
        self, fires: Sequence[Fire], settings: AlertSettings, hours: QuietHours, now: dt.datetime
    ) -> None:
        """Send what may leave and is wished, and what has waited long enough."""
        leaving = [fire for fire in fires if _leaves(fire, settings)]
        self._waiting += [fire for fire in leaving if hours.hold(fire, now)]
        loud = [fire for fire in leaving if not hours.hold(fire, now)]
        for parcel in self._budget.take(loud, round(time.monotonic() * 1_000)):
            self.push.send(_message(parcel, settings))
        over = [fire for fire in self._waiting if not hours.hold(fire, now)]
        if over:
            self._waiting = [fire for fire in self._waiting if hours.hold(fire, now)]
            digest = _message(Parcel(tuple(over)), settings)
            self.push.send(replace(digest, title=f"In quiet hours: {digest.title}"))

    def is_daily_due(self, settings: AlertSettings, now: dt.datetime) -> bool:
        """Tell whether the daily sign of life is to be sent now."""
        if settings.still_watching != self._daily_at:
            self._daily_at = settings.still_watching
            self._daily = Daily(self._daily_at, now) if self._daily_at else None
        return self._daily is not None and self._daily.due(now) and settings.push

    def say(self, state: WatchState) -> None:
        """Send the sign of life of a live market."""
        if state.mode is FeedMode.LIVE:
            self.push.send(state.message())

    def take(self) -> tuple[Delivery, ...]:
        """Return what has ended since the last time."""
        return self._push.take() if self._push is not None else ()

    def stop(self) -> None:
        if self._push is not None:
            self._push.stop()


def _leaves(fire: Fire, settings: AlertSettings) -> bool:
    """Tell whether a fire may leave this machine, and is to."""
    wanted = fire.severity.rank >= Severity(settings.push_from).rank
    return settings.push and wanted and fire.mode is FeedMode.LIVE and "push" in fire.via


def _message(parcel: Parcel, settings: AlertSettings) -> Message:
    return Message(
        title=parcel.title,
        text=parcel.text(with_balance=settings.push_balances),
        severity=parcel.severity,
        numbers=tuple(fire.number for fire in parcel.fires),
    )
