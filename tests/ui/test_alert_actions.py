"""The Alerts menu through a window that keeps what it is asked for."""

from __future__ import annotations

import dataclasses
from types import SimpleNamespace

import pytest
from PySide6.QtWidgets import QFileDialog, QMainWindow

from ui.actions.alerts import AlertActions
from ui.dialogs.alert_rules import AlertRulesDialog
from ui.theme import DARK, LIGHT
from workstation.settings import AlertSettings, Settings


class Window(QMainWindow):
    def __init__(self):
        super().__init__()
        self.settings = Settings()
        self.seen = 0
        self.alerts = SimpleNamespace(
            waiting=1, acknowledge_all=self.see, try_sound=lambda: "Beeps.", try_tray=lambda: False
        )

    def see(self):
        self.seen += 1

    def apply_settings(self, settings):
        self.settings = settings


@pytest.fixture
def window(qtbot):
    window = Window()
    qtbot.addWidget(window)
    return window


@pytest.fixture
def actions(window, bridge):
    return AlertActions(window, window, bridge, DARK)


def run(actions, name):
    next(command for command in actions.commands() if command.id == name).run()


def test_sound_and_push_are_switched_in_the_settings(actions, window):
    run(actions, "alerts.sound")
    run(actions, "alerts.push")
    assert window.settings.alerts == dataclasses.replace(AlertSettings(), sound=False, push=True)
    checked = {command.id: command.checked for command in actions.commands()}
    assert (checked["alerts.sound"], checked["alerts.push"]) == (False, True)


def test_addresses_are_kept_and_switch_the_push_on_and_none_switch_it_off(
    actions, window, desk, monkeypatch
):
    kept = []
    monkeypatch.setattr(desk.alerts.push, "keep", kept.append)
    actions.use_addresses(("https://ntfy.sh/topic",))
    assert window.settings.alerts.push
    actions.use_addresses(())
    assert not window.settings.alerts.push
    assert kept == [("https://ntfy.sh/topic",), ()]


def test_everything_is_acknowledged_by_one_key(actions, window):
    run(actions, "alerts.acknowledge")
    assert window.seen == 1


def test_a_test_message_is_sent(actions, desk, monkeypatch):
    sent = []
    monkeypatch.setattr(desk.alerts.push, "send", sent.append)
    run(actions, "alerts.test")
    assert sent[0].title == "Risk Workstation: test"


def test_rules_are_offered_with_what_there_is_and_kept_in_the_settings(actions, window):
    run(actions, "alerts.rules")
    (dialog,) = window.findChildren(AlertRulesDialog)
    dialog.entry.setText("DOGE price < 0.1")
    assert "Warn when DOGE is below 0.1" in dialog.reading()
    dialog.entry.setText("DOGGE price < 0.1")
    assert "did you mean 'doge'?" in dialog.reading()
    dialog.entry.setText("bybit down")
    assert "bybit has been down" in dialog.reading()
    dialog.accept()
    assert window.settings.alerts.rules == ("bybit down",)


def test_the_list_is_exported_by_the_desk(actions, window, desk, tmp_path):
    run(actions, "alerts.export")
    (dialog,) = window.findChildren(QFileDialog)
    assert desk.requests == []
    dialog.selectFile(str(tmp_path / "alerts"))
    dialog.accept()
    assert desk.requests == [("export_alerts", tmp_path / "alerts.csv")]


def test_dialogs_open_in_the_theme_of_now(actions, window):
    actions.set_theme(LIGHT)
    run(actions, "alerts.rules")
    assert window.findChild(AlertRulesDialog)._theme is LIGHT


def test_every_channel_can_be_tried_and_a_missing_tray_is_said(actions, bridge, qtbot):
    with qtbot.waitSignal(bridge.noticed) as said:
        run(actions, "alerts.test_sound")
    assert said.args == ["Beeps."]
    with qtbot.waitSignal(bridge.noticed) as said:
        run(actions, "alerts.test_tray")
    assert said.args == ["There is no tray on this system to show a message in."]
