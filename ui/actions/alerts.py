"""The Alerts menu: what was seen, where alerts are pushed to, and whether they are heard."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QMainWindow

from ui.alert_center import AlertCenter
from ui.bridge import Bridge
from ui.commands import Command
from ui.dialogs.push_address import PushAddressDialog
from ui.theme import Theme
from workstation.settings import Settings


class Alerting(Protocol):
    """What this menu needs of the window."""

    @property
    def settings(self) -> Settings: ...

    @property
    def alerts(self) -> AlertCenter: ...

    def apply_settings(self, settings: Settings) -> None: ...


class AlertActions(QObject):
    """Acknowledges, sends a test, and sets what is pushed and heard."""

    def __init__(
        self, window: QMainWindow, alerting: Alerting, bridge: Bridge, theme: Theme
    ) -> None:
        super().__init__(window)
        self._window = window
        self._alerting = alerting
        self._bridge = bridge
        self._theme = theme

    def commands(self) -> Sequence[Command]:
        chosen = self._alerting.settings.alerts
        return (
            Command(
                id="alerts.acknowledge", menu="Alerts", text="Acknowledge all",
                shortcut="Ctrl+Shift+A", help="Note that you have seen what stands in the banner",
                run=self._alerting.alerts.acknowledge_all,
            ),
            Command(
                id="alerts.sound", menu="Alerts", text="Sound", group=1, checked=chosen.sound,
                help="A sound by urgency; live markets only", run=self._toggler("sound"),
            ),
            Command(
                id="alerts.push", menu="Alerts", text="Push to the phone", group=1,
                checked=chosen.push, help="Send alerts of live markets to the push addresses",
                run=self._toggler("push"),
            ),
            Command(
                id="alerts.address", menu="Alerts", text="Push addresses…", group=2,
                help="Where alerts are sent to: a topic of ntfy, or an address of apprise",
                run=self.show_addresses,
            ),
            Command(
                id="alerts.test", menu="Alerts", text="Send a test message", group=2,
                help="One message to every push address; the status bar says how it ended",
                run=self._bridge.desk.alerts.send_test,
            ),
        )  # fmt: skip

    def show_addresses(self) -> None:
        dialog = PushAddressDialog(self._theme, self._window)
        dialog.addresses_chosen.connect(self.use_addresses)
        dialog.open()

    def use_addresses(self, addresses: tuple[str, ...]) -> None:
        """Keep the addresses, and push from now on; without any nothing is pushed."""
        self._bridge.desk.alerts.push.keep(addresses)
        self._set(push=bool(addresses))

    def _toggler(self, name: str) -> Callable[[], None]:
        def toggle() -> None:
            self._set(**{name: not getattr(self._alerting.settings.alerts, name)})

        return toggle

    def _set(self, **changes: Any) -> None:
        settings = self._alerting.settings
        alerts = dataclasses.replace(settings.alerts, **changes)
        self._alerting.apply_settings(dataclasses.replace(settings, alerts=alerts))
