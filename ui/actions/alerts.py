"""The Alerts menu: what was seen, where alerts are pushed to, and whether they are heard."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, Protocol

from PySide6.QtCore import QObject, Slot
from PySide6.QtWidgets import QMainWindow

from ui.alert_center import AlertCenter
from ui.bridge import Bridge
from ui.commands import Command
from ui.dialogs.alert_rules import AlertRulesDialog
from ui.dialogs.push_address import PushAddressDialog
from ui.save_dialog import ask_for_target
from ui.theme import Theme
from workstation.alerts.grammar import Known
from workstation.market.instrument import split_symbol
from workstation.settings import AlertSettings, Settings

_NONE_WAITS: Final = (
    "No alert waits to be acknowledged; those that fired stand in the Alerts panel."
)
_EXPORTS: Final = "Tables (*.csv);;JSON lines (*.jsonl)"


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

    def set_theme(self, theme: Theme) -> None:
        """Open further dialogs in another theme."""
        self._theme = theme

    def commands(self) -> Sequence[Command]:
        chosen = self._alerting.settings.alerts
        return (
            Command(
                id="alerts.acknowledge", menu="Alerts", text="Acknowledge all",
                shortcut="Ctrl+Shift+A", help="Note that you have seen what stands in the banner",
                lacking="" if self._alerting.alerts.waiting else _NONE_WAITS,
                run=self._alerting.alerts.acknowledge_all,
            ),
            Command(
                id="alerts.rules", menu="Alerts", text="Rules…",
                help="Switch built-in rules, and type your own: price, distance, funding and more",
                run=self.show_rules,
            ),
            Command(
                id="alerts.export", menu="Alerts", text="Export the list…",
                help="Write all alerts of this session to a table (CSV) or JSON lines",
                run=self.ask_for_export,
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
            Command(
                id="alerts.test_sound", menu="Alerts", text="Test the sound", group=2,
                help="Play the sound of a critical alert", run=self.try_sound,
            ),
            Command(
                id="alerts.test_tray", menu="Alerts", text="Test the tray message", group=2,
                help="Show a message beside the clock", run=self.try_tray,
            ),
        )  # fmt: skip

    def show_rules(self) -> None:
        alerts = self._alerting.settings.alerts
        dialog = AlertRulesDialog(alerts, self._known(), self._theme, self._window)
        dialog.rules_chosen.connect(self.use_rules)
        dialog.open()

    @Slot(object)
    def use_rules(self, chosen: AlertSettings) -> None:
        """Watch by these rules from now on."""
        self._set(rules=chosen.rules, off=chosen.off)

    def ask_for_export(self) -> None:
        ask_for_target(
            self._window, "Export the list of alerts", "alerts.csv", _EXPORTS, self.export
        )

    @Slot(str)
    def export(self, path: str) -> None:
        self._bridge.desk.export_alerts(Path(path))

    def try_sound(self) -> None:
        """Play it, and say by what: a silent one is looked for in the right place."""
        self._bridge.noticed.emit(self._alerting.alerts.try_sound())

    def try_tray(self) -> None:
        """Show a message in the tray, or say that there is none."""
        if not self._alerting.alerts.try_tray():
            self._bridge.noticed.emit("There is no tray on this system to show a message in.")

    def show_addresses(self) -> None:
        dialog = PushAddressDialog(self._theme, self._window)
        dialog.addresses_chosen.connect(self.use_addresses)
        dialog.open()

    def use_addresses(self, addresses: tuple[str, ...]) -> None:
        """Keep the addresses, and push from now on; without any nothing is pushed."""
        self._bridge.desk.alerts.push.keep(addresses)
        self._set(push=bool(addresses))

    def _known(self) -> Known:
        """Return what a typed rule can be about: every coin that is listed, and the book."""
        desk, book = self._bridge.desk, self._bridge.desk.portfolio
        accounts = book.accounts if book is not None else ()
        held = {key.symbol for key in book.markets} if book is not None else set()
        venues = {*desk.settings.market.venues, *(account.venue for account in accounts)}
        listed = {symbol for venue in venues for symbol in desk.catalogue.symbols(venue)}
        return Known(
            coins=frozenset(split_symbol(symbol)[0] for symbol in listed | held),
            names=frozenset(venues | held | {account.id for account in accounts}),
        )

    def _toggler(self, name: str) -> Callable[[], None]:
        def toggle() -> None:
            self._set(**{name: not getattr(self._alerting.settings.alerts, name)})

        return toggle

    def _set(self, **changes: Any) -> None:
        settings = self._alerting.settings
        alerts = dataclasses.replace(settings.alerts, **changes)
        self._alerting.apply_settings(dataclasses.replace(settings, alerts=alerts))
