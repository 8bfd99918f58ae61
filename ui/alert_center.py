"""Where alerts meet the person at the window: banner, sound, tray and taskbar.

In the quiet hours of a rule its alerts are seen and not heard.

Warnings and critical alerts stand in the banner until somebody does something about them; a later
rung of the same object takes the place of the former one. A snoozed alert comes back when its time
is over, if its condition still holds. At the first start the way out of the demo stands in place of
the banner: an invented alarm is not the first thing to read, and it stands in the list. Sounds and
tray messages keep to the budget of a channel. The tray informs and carries no actions: its clicks
cannot be told apart.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import QObject, QTimer, Slot
from PySide6.QtWidgets import QApplication, QMainWindow, QSystemTrayIcon

from ui import alert_sounds
from ui.alert_banner import AlertBanner
from ui.bridge import Bridge
from ui.icon import app_icon
from ui.theme import Theme
from workstation.alerts.facts import Fire, Severity
from workstation.alerts.storm import Budget, Parcel
from workstation.market.feed import FeedMode, FeedUpdate
from workstation.services.alert_post import TEST
from workstation.services.alert_service import AlertNews, AlertRecord

_LOOK_MS: Final = 1_000
_TRAY_MS: Final = 15_000
_FLASH_MS: Final = 10_000  # a critical one flashes until the window is looked at
_ICONS: Final = {
    Severity.INFO: QSystemTrayIcon.MessageIcon.Information,
    Severity.WARN: QSystemTrayIcon.MessageIcon.Warning,
    Severity.CRITICAL: QSystemTrayIcon.MessageIcon.Critical,
}
Key = tuple[str, str]


class AlertCenter(QObject):
    """Owns the banner; ``play`` is how a sound is made."""

    def __init__(self, window: QMainWindow, bridge: Bridge, theme: Theme) -> None:
        super().__init__(window)
        self._window = window
        self._bridge = bridge
        self._desk = bridge.desk
        self.banner = AlertBanner(theme)
        self.play = alert_sounds.play
        self._held = False
        self._open: dict[Key, AlertRecord] = {}
        self._snoozed: dict[Key, tuple[float, AlertRecord]] = {}
        self._budget = Budget()
        self._tray: QSystemTrayIcon | None = None
        self._timer = QTimer(self)
        self._timer.setInterval(_LOOK_MS)
        self._timer.timeout.connect(self.look)
        self.banner.acknowledged.connect(self.acknowledge)
        self.banner.dismissed.connect(self.dismiss)
        self.banner.snoozed.connect(self.snooze)
        bridge.alerts_changed.connect(self.take)
        bridge.portfolio_changed.connect(self.drop_closed)
        bridge.source_changed.connect(self.clear)
        bridge.market_changed.connect(self.drop_later)

    def stop(self) -> None:
        self._timer.stop()
        if self._tray is not None:
            self._tray.hide()

    def hold(self, *, on: bool) -> None:
        """Keep the banner away, or let it be seen; what fires meanwhile stands in the list."""
        self._held = on
        self._show()

    @Slot()
    def release(self) -> None:
        """Let the banner be seen."""
        self.hold(on=False)

    # --- what fires -----------------------------------------------------------------------------

    @Slot(object)
    def take(self, news: AlertNews) -> None:
        """Show what has fired, and let it be heard."""
        for record in news.fired:
            if record.fire.severity is not Severity.INFO and "banner" in record.fire.via:
                self._open[_key(record)] = record
                self._snoozed.pop(_key(record), None)
        for record in news.changed:
            if record.acknowledged_ms is not None:
                self._open.pop(_key(record), None)
        self._announce([record.fire for record in news.fired if not record.quiet])
        self._show()

    @Slot()
    def look(self) -> None:
        """Bring back what was snoozed and still holds; say what the budget held back."""
        now_s = time.monotonic()
        over = [key for key, (until_s, _) in self._snoozed.items() if until_s <= now_s]
        holding = {(one.rule, one.object) for one in self._desk.alerts.standing}
        for key in over:
            _, record = self._snoozed.pop(key)
            if key in holding:
                self._open[key] = record
        self._announce([])
        self._show()

    @Slot(object)
    def clear(self, *_: object) -> None:
        """Forget the alerts of another market."""
        self._open.clear()
        self._snoozed.clear()
        self._show()

    @Slot(object)
    def drop_closed(self, portfolio: object) -> None:
        """Forget the alerts of a book that was closed."""
        if portfolio is None:
            self.clear()

    @Slot(object)
    def drop_later(self, update: FeedUpdate) -> None:
        """Forget the alerts of later than a tape shows now: it was wound back."""
        if update.mode is FeedMode.LIVE:
            return
        waiting = [*self._open.values(), *(record for _, record in self._snoozed.values())]
        later = [_key(record) for record in waiting if record.fire.time_ms > update.now_ms]
        for key in later:
            self._open.pop(key, None)
            self._snoozed.pop(key, None)
        if later:
            self._show()

    # --- what the person does -------------------------------------------------------------------

    @property
    def waiting(self) -> int:
        """How many alerts nobody has done anything about."""
        return len(self._open)

    @Slot()
    def acknowledge(self) -> None:
        """Note that the alert in the banner was seen."""
        self._acknowledge(self._take_current())

    @Slot()
    def acknowledge_all(self) -> None:
        """Note that everything in the banner was seen."""
        records, self._open = list(self._open.values()), {}
        self._acknowledge(*records)

    @Slot()
    def dismiss(self) -> None:
        """Hide the alert in the banner."""
        self._take_current()
        self._show()

    @Slot(int)
    def snooze(self, minutes: int) -> None:
        """Hide the alert in the banner for a while."""
        record = self._take_current()
        if record is not None:
            self._snoozed[_key(record)] = (time.monotonic() + 60 * minutes, record)
        self._show()

    def _acknowledge(self, *records: AlertRecord | None) -> None:
        numbers = [record.fire.number for record in records if record is not None]
        changed = self._desk.alerts.acknowledge(numbers)
        if changed:
            self._bridge.alerts_changed.emit(AlertNews(changed=changed))
        self._show()

    # --- showing and sounding -------------------------------------------------------------------

    def _current(self) -> AlertRecord | None:
        def order(record: AlertRecord) -> tuple[int, int]:
            return record.fire.severity.rank, record.fire.number

        return max(self._open.values(), key=order, default=None)

    def _take_current(self) -> AlertRecord | None:
        record = self._current()
        return None if record is None else self._open.pop(_key(record))

    def _show(self) -> None:
        shown = None if self._held else self._current()
        self.banner.show_record(shown, max(0, len(self._open) - 1))
        waits = bool(self._snoozed) or self._budget.held_back > 0
        if waits and not self._timer.isActive():
            self._timer.start()
        elif not waits:
            self._timer.stop()

    def _announce(self, fires: list[Fire]) -> None:
        parcels = self._budget.take(fires, round(time.monotonic() * 1_000))
        if self._held:
            return
        for parcel in _by_way(parcels, "tray"):
            self._show_in_tray(parcel)
        if not parcels:
            return
        gravest = _gravest(parcels)
        if gravest is not Severity.INFO:
            until_looked_at = gravest is Severity.CRITICAL
            QApplication.alert(self._window, 0 if until_looked_at else _FLASH_MS)
        heard = _by_way(parcels, "sound")
        live = any(f.mode is FeedMode.LIVE for parcel in heard for f in parcel.fires)
        if self._desk.settings.alerts.sound and live:
            self.play(_gravest(heard), self._desk.settings.alerts.volume)

    # --- tests of the channels ------------------------------------------------------------------

    def try_sound(self) -> str:
        """Play the gravest sound, as loud as the settings say; return what it is played by."""
        volume = self._desk.settings.alerts.volume
        self.play(Severity.CRITICAL, volume)
        return alert_sounds.says_how(volume)

    def try_tray(self) -> bool:
        """Show a message in the tray; return whether there is one."""
        if not QSystemTrayIcon.isSystemTrayAvailable():
            return False
        self._show_tray_message(TEST.title, TEST.text, TEST.severity)
        return True

    def _show_in_tray(self, parcel: Parcel) -> None:
        if not self._desk.settings.alerts.tray or not QSystemTrayIcon.isSystemTrayAvailable():
            return
        text = parcel.text(with_balance=False)
        self._show_tray_message(parcel.title, text, parcel.severity)

    def _show_tray_message(self, title: str, text: str, severity: Severity) -> None:
        if self._tray is None:
            self._tray = QSystemTrayIcon(app_icon(), self)
            self._tray.setToolTip("Risk Workstation")
            self._tray.show()
        self._tray.showMessage(title, text, _ICONS[severity], _TRAY_MS)


def _key(record: AlertRecord) -> Key:
    return record.fire.rule, record.fire.object


def _by_way(parcels: Sequence[Parcel], channel: str) -> list[Parcel]:
    """Return the parcels without the alerts that are not to go that way."""
    kept = (tuple(f for f in parcel.fires if channel in f.via) for parcel in parcels)
    return [Parcel(fires) for fires in kept if fires]


def _gravest(parcels: Sequence[Parcel]) -> Severity:
    return max((parcel.severity for parcel in parcels), key=lambda one: one.rank)
