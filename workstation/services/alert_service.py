"""Alerts between the market and people: looks in the engine's thread, is read in the owner's.

``look`` runs where the risk report is made, so that ten thousand positions cost the window nothing.
The owner calls ``take`` as often as it ticks: it numbers what has fired, keeps the list, hands it
to the channels within their budgets, and brings back how deliveries ended. Time of the rules is the
market's; time of the channels is the wall's.

In quiet hours alerts wait, and go out together when their hours are over.

Simulated and replayed markets are watched alike, but nothing of them leaves this machine.
"""

from __future__ import annotations

import datetime as dt
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from workstation.alerts.facts import Fire, Severity
from workstation.alerts.quiet import QuietHours
from workstation.alerts.rules.base import Limits
from workstation.alerts.rules.registry import RULES
from workstation.alerts.situation import Look
from workstation.alerts.tracker import Standing
from workstation.alerts.typed_rules import read_rules
from workstation.alerts.watcher import Watcher
from workstation.risk.inputs import RiskInputs
from workstation.risk.report import RiskReport
from workstation.services.alert_post import TEST, AlertPost, WatchState
from workstation.services.push_message import Delivery
from workstation.services.risk_service import RiskAnswer, RiskRequest, Valued
from workstation.settings import Settings
from workstation.units import DAY_MS, UnixMs, now_ms

if TYPE_CHECKING:
    from workstation.services.push import PushService

log = logging.getLogger(__name__)
MAX_RECORDS: Final = 500
_VALUED_WITHIN_S: Final = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertRecord:
    """A fire in the list: when it was told, how it was delivered, and whether it was seen."""

    fire: Fire
    told_ms: UnixMs
    deliveries: tuple[Delivery, ...] = ()
    acknowledged_ms: UnixMs | None = None
    quiet: bool = False  # it fired in its quiet hours: neither heard nor sent at once

    @property
    def delivery_words(self) -> str:
        """Say in a few words how it went out."""
        if not self.deliveries:
            return "window, quiet hours" if self.quiet else "window"
        return ", ".join(f"{end.channel}: {end.problem or 'delivered'}" for end in self.deliveries)


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertNews:
    """What is new since the last time; ``notices`` are sentences about channels."""

    fired: tuple[AlertRecord, ...] = ()
    changed: tuple[AlertRecord, ...] = ()
    notices: tuple[str, ...] = ()


def _local_time() -> dt.datetime:
    return dt.datetime.now().astimezone()


class AlertService:
    """See the module's text; ``settings`` may be replaced at any time."""

    def __init__(
        self,
        settings: Settings,
        push: PushService | None = None,
        local_time: Callable[[], dt.datetime] = _local_time,
    ) -> None:
        self.settings = settings
        self._post = AlertPost(push)
        self._local_time = local_time
        self._lock = threading.Lock()  # one look at a time, and never during a change of markets
        self._watcher = Watcher()
        self._epoch = 0
        self._fired: deque[Fire] = deque()
        self._records: dict[int, AlertRecord] = {}
        self._number = 0
        self._valued_s: float | None = None
        self._newest: Look | None = None
        self._rule_texts: tuple[str, ...] = ()
        self._off: tuple[str, ...] = ()
        self._notices: deque[str] = deque()

    @property
    def push(self) -> PushService:
        return self._post.push

    # --- in the engine's thread -----------------------------------------------------------------

    def look(self, epoch: int, look: Look) -> None:
        """Look at the book; another epoch is another market, which is watched from the start."""
        alerts, risk = self.settings.alerts, self.settings.risk
        if not alerts.on:
            return
        with self._lock:
            if epoch != self._epoch:
                self._epoch, self._watcher = epoch, Watcher()
                self._rule_texts = self._off = ()
            self._follow_rules(alerts.rules, alerts.off)
            limits = Limits(silence_s=alerts.silence_s, book_age_h=risk.book_age_warning_h)
            self._fired.extend(self._watcher.look(look, limits))
        if look.report is not None:
            self._valued_s, self._newest = time.monotonic(), look

    def _follow_rules(self, texts: tuple[str, ...], off: tuple[str, ...]) -> None:
        if (texts, off) == (self._rule_texts, self._off):
            return
        self._rule_texts, self._off = texts, off
        own, problems = read_rules(texts)
        self._watcher.use([*(rule for rule in RULES if rule.id not in off), *own])
        self._notices.extend(problems)

    # --- in the owner's thread ------------------------------------------------------------------

    def take(self) -> AlertNews:
        """Return what has fired, and what has come of it, since the last time."""
        now = self._local_time()
        alerts = self.settings.alerts
        hours = QuietHours(alerts.quiet, with_critical=alerts.quiet_critical)
        fired = [self._record(self._fired.popleft(), hours, now) for _ in range(len(self._fired))]
        self._post.send([record.fire for record in fired], alerts, hours, now)
        if self._post.is_daily_due(alerts, now) and self._newest is not None:
            self._post.say(self._watch_state(self._newest))
        changed, notices = self._take_deliveries()
        said = [self._notices.popleft() for _ in range(len(self._notices))]
        return AlertNews(fired=tuple(fired), changed=changed, notices=(*said, *notices))

    def records(self) -> tuple[AlertRecord, ...]:
        """Return the list, oldest first."""
        return tuple(self._records.values())

    @property
    def standing(self) -> tuple[Standing, ...]:
        """What holds now, told or not."""
        return self._watcher.standing

    @property
    def held_back(self) -> tuple[int, int]:
        """Crossings that hysteresis kept quiet, and fires that wait for a summary."""
        return self._watcher.held_back, self._post.held_back

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
        self.push.send(TEST)

    def ping(self, url: str) -> None:
        """Say to a dead-man's switch that all is well."""
        self.push.ping(url)

    def stop(self) -> None:
        self._post.stop()

    def _watch_state(self, newest: Look) -> WatchState:
        since_ms = now_ms() - DAY_MS
        return WatchState(
            mode=newest.snapshot.mode,
            report=newest.report if self.valued_within(_VALUED_WITHIN_S) else None,
            alerts=sum(record.told_ms > since_ms for record in self._records.values()),
        )

    # --- the list and the channels --------------------------------------------------------------

    def _record(self, fire: Fire, hours: QuietHours, now: dt.datetime) -> AlertRecord:
        self._number += 1
        fire = replace(fire, number=self._number)
        log.log(
            logging.INFO if fire.severity is Severity.INFO else logging.WARNING,
            "alert %d, %s: %s (value %.6g, threshold %.6g, price %s)",
            fire.number, fire.severity, fire.sentence, fire.value, fire.threshold, fire.price,
        )  # fmt: skip
        quiet = hours.hold(fire, now)
        record = self._keep(AlertRecord(fire=fire, told_ms=now_ms(), quiet=quiet))
        if len(self._records) > MAX_RECORDS:
            del self._records[min(self._records)]
        return record

    def _keep(self, record: AlertRecord) -> AlertRecord:
        self._records[record.fire.number] = record
        return record

    def _take_deliveries(self) -> tuple[tuple[AlertRecord, ...], tuple[str, ...]]:
        changed: dict[int, AlertRecord] = {}
        notices = []
        for ended in self._post.take():
            numbers = ended.message.numbers if ended.message is not None else ()
            for number in numbers:
                record = self._records.get(number)
                if record is not None:
                    deliveries = (*record.deliveries, ended)
                    changed[number] = self._keep(replace(record, deliveries=deliveries))
            if ended.problem:
                lost = "Not delivered, " if ended.message is not None else ""
                notices.append(f"{lost}{ended.channel}: {ended.problem}.")
            elif ended.message is TEST:
                notices.append(f"The test message was delivered: {ended.channel}.")
        return tuple(changed.values()), tuple(notices)


class WatchedRisk:
    """The work of the risk worker, with a look by the alerts as soon as the book is valued."""

    def __init__(
        self, work: Callable[[RiskRequest, Valued], RiskAnswer], alerts: AlertService
    ) -> None:
        self._work = work
        self._alerts = alerts

    def __call__(self, request: RiskRequest) -> RiskAnswer:
        """Return the answer; a book that cannot be valued is looked at too: it is not known.

        A price that is dragged moves nothing of the book; a whole answer comes every second.
        """
        looked, answer = False, None

        def look(risk: RiskReport | None, inputs: RiskInputs | None) -> None:
            nonlocal looked
            looked = True
            seen = Look(
                snapshot=request.snapshot,
                book=request.portfolio,
                report=risk,
                inputs=inputs,
                candles=request.candles,
                funding=request.funding,
            )
            self._alerts.look(request.epoch, seen)

        try:
            answer = self._work(request, look)
        finally:
            if not looked and not request.coarse:
                look(answer.risk if answer else None, answer.inputs if answer else None)
        return answer
