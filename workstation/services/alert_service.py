"""Alerts between the market and people: looks in the engine's thread, is read in the owner's.

``look`` runs where the risk report is made, so that ten thousand positions cost the window nothing.
The owner calls ``take`` as often as it ticks: it numbers what has fired, keeps the list, hands it
to the channels within their budgets, and brings back how deliveries ended. Time of the rules is the
market's; time of the channels is the wall's.

Simulated and replayed markets are watched alike, but nothing of them leaves this machine.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from workstation.alerts.facts import Fire, Severity
from workstation.alerts.rules.base import Limits
from workstation.alerts.situation import Look
from workstation.alerts.storm import Budget, Parcel
from workstation.alerts.tracker import Standing
from workstation.alerts.watcher import Watcher
from workstation.market.feed import FeedMode
from workstation.services.push_message import Delivery, Message
from workstation.services.risk_service import RiskAnswer, RiskRequest
from workstation.settings import Settings
from workstation.units import UnixMs, now_ms

if TYPE_CHECKING:
    from workstation.services.push import PushService

log = logging.getLogger(__name__)
MAX_RECORDS: Final = 500
_TEST: Final = Message(
    title="Risk Workstation: test",
    text="This is a test: alerts of the risk workstation arrive here.",
    severity=Severity.INFO,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertRecord:
    """A fire in the list: when it was told, how it was delivered, and whether it was seen."""

    fire: Fire
    told_ms: UnixMs
    deliveries: tuple[Delivery, ...] = ()
    acknowledged_ms: UnixMs | None = None

    @property
    def delivery_words(self) -> str:
        """Say in a few words how it went out."""
        if not self.deliveries:
            return "window"
        return ", ".join(f"{end.channel}: {end.problem or 'delivered'}" for end in self.deliveries)


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertNews:
    """What is new since the last time; ``notices`` are sentences about channels."""

    fired: tuple[AlertRecord, ...] = ()
    changed: tuple[AlertRecord, ...] = ()
    notices: tuple[str, ...] = ()


class AlertService:
    """See the module's text; ``settings`` may be replaced at any time."""

    def __init__(self, settings: Settings, push: PushService | None = None) -> None:
        self.settings = settings
        self._push = push
        self._budget = Budget()
        self._lock = threading.Lock()  # one look at a time, and never during a change of markets
        self._watcher = Watcher()
        self._epoch = 0
        self._fired: deque[Fire] = deque()
        self._records: dict[int, AlertRecord] = {}
        self._number = 0
        self._valued_s: float | None = None

    @property
    def push(self) -> PushService:
        """The way to the phones, made at its first use: what it imports takes its time."""
        if self._push is None:
            from workstation.services.push import PushService

            self._push = PushService()
        return self._push

    # --- in the engine's thread -----------------------------------------------------------------

    def look(self, epoch: int, look: Look) -> None:
        """Look at the book; another epoch is another market, which is watched from the start."""
        alerts, risk = self.settings.alerts, self.settings.risk
        if not alerts.on:
            return
        with self._lock:
            if epoch != self._epoch:
                self._epoch, self._watcher = epoch, Watcher()
            limits = Limits(silence_s=alerts.silence_s, book_age_h=risk.book_age_warning_h)
            self._fired.extend(self._watcher.look(look, limits))
        if look.report is not None:
            self._valued_s = time.monotonic()

    # --- in the owner's thread ------------------------------------------------------------------

    def take(self) -> AlertNews:
        """Return what has fired, and what has come of it, since the last time."""
        fired = [self._record(self._fired.popleft()) for _ in range(len(self._fired))]
        leaving = [record.fire for record in fired if self._leaves(record.fire)]
        for parcel in self._budget.take(leaving, round(time.monotonic() * 1_000)):
            self.push.send(self._message(parcel))
        changed, notices = self._take_deliveries()
        return AlertNews(fired=tuple(fired), changed=changed, notices=notices)

    def records(self) -> tuple[AlertRecord, ...]:
        """Return the list, oldest first."""
        return tuple(self._records.values())

    @property
    def standing(self) -> tuple[Standing, ...]:
        """What holds now, told or not."""
        return self._watcher.standing

    @property
    def held_back(self) -> tuple[int, int]:
        """Crossings that hysteresis kept quiet, and fires that wait for the next summary."""
        return self._watcher.held_back, self._budget.held_back

    def valued_within(self, seconds: float) -> bool:
        """Tell whether the book was valued so lately that it may be called watched."""
        return self._valued_s is not None and time.monotonic() - self._valued_s <= seconds

    def acknowledge(self, numbers: Iterable[int]) -> tuple[AlertRecord, ...]:
        """Note that a person has seen these; return the records that changed."""
        changed = []
        for number in numbers:
            record = self._records.get(number)
            if record is not None and record.acknowledged_ms is None:
                log.info("alert %d was acknowledged", number)
                changed.append(self._keep(replace(record, acknowledged_ms=now_ms())))
        return tuple(changed)

    def send_test(self) -> None:
        """Send a test message to every address; how it ended comes with the news."""
        self.push.send(_TEST)

    def ping(self, url: str) -> None:
        """Say to a dead-man's switch that all is well."""
        self.push.ping(url)

    def stop(self) -> None:
        if self._push is not None:
            self._push.stop()

    # --- the list and the channels --------------------------------------------------------------

    def _record(self, fire: Fire) -> AlertRecord:
        self._number += 1
        fire = replace(fire, number=self._number)
        log.log(
            logging.INFO if fire.severity is Severity.INFO else logging.WARNING,
            "alert %d, %s: %s (value %.6g, threshold %.6g, price %s)",
            fire.number, fire.severity, fire.sentence, fire.value, fire.threshold, fire.price,
        )  # fmt: skip
        record = self._keep(AlertRecord(fire=fire, told_ms=now_ms()))
        if len(self._records) > MAX_RECORDS:
            del self._records[min(self._records)]
        return record

    def _keep(self, record: AlertRecord) -> AlertRecord:
        self._records[record.fire.number] = record
        return record

    def _leaves(self, fire: Fire) -> bool:
        """Tell whether a fire may leave this machine, and is to."""
        alerts = self.settings.alerts
        wanted = fire.severity.rank >= Severity(alerts.push_from).rank
        return alerts.push and wanted and fire.mode is FeedMode.LIVE

    def _message(self, parcel: Parcel) -> Message:
        return Message(
            title=parcel.title,
            text=parcel.text(with_balance=self.settings.alerts.push_balances),
            severity=parcel.severity,
            numbers=tuple(fire.number for fire in parcel.fires),
        )

    def _take_deliveries(self) -> tuple[tuple[AlertRecord, ...], tuple[str, ...]]:
        changed: dict[int, AlertRecord] = {}
        notices = []
        for ended in self._push.take() if self._push is not None else ():
            numbers = ended.message.numbers if ended.message is not None else ()
            for number in numbers:
                record = self._records.get(number)
                if record is not None:
                    deliveries = (*record.deliveries, ended)
                    changed[number] = self._keep(replace(record, deliveries=deliveries))
            if ended.problem:
                lost = "Not delivered, " if ended.message is not None else ""
                notices.append(f"{lost}{ended.channel}: {ended.problem}.")
            elif not numbers:
                notices.append(f"The test message was delivered: {ended.channel}.")
        return tuple(changed.values()), tuple(notices)


class WatchedRisk:
    """The work of the risk worker, with a look by the alerts after every answer."""

    def __init__(self, work: Callable[[RiskRequest], RiskAnswer], alerts: AlertService) -> None:
        self._work = work
        self._alerts = alerts

    def __call__(self, request: RiskRequest) -> RiskAnswer:
        """Return the answer; a book that cannot be valued is looked at too: it is not known.

        A price that is dragged moves nothing of the book; a whole answer comes every second.
        """
        if request.coarse:
            return self._work(request)
        answer: RiskAnswer | None = None
        try:
            answer = self._work(request)
        finally:
            look = Look(
                snapshot=request.snapshot,
                book=request.portfolio,
                report=answer.risk if answer else None,
                inputs=answer.inputs if answer else None,
                candles=request.candles,
            )
            self._alerts.look(request.epoch, look)
        return answer
