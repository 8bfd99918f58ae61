"""Alerts at the window: what stands in the banner, what is heard, what comes back."""

from __future__ import annotations

import dataclasses

import pytest
from PySide6.QtWidgets import QMainWindow, QPushButton

from tests.ui.alerts import FIRED, NOW_MS, record
from ui import alert_center, alert_sounds
from ui.alert_center import AlertCenter
from ui.theme import DARK, LIGHT
from workstation.alerts.facts import Severity
from workstation.alerts.tracker import Standing
from workstation.market.feed import FeedMode, FeedUpdate
from workstation.services.alert_service import AlertNews

WARN, INFO = Severity.WARN, Severity.INFO


class Clock:
    """A monotonic clock that a test moves."""

    now_s = 1_000.0

    def monotonic(self):
        return self.now_s


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(alert_center, "time", clock)
    return clock


@pytest.fixture
def center(qtbot, bridge, desk, clock, monkeypatch):
    window = QMainWindow()
    qtbot.addWidget(window)
    center = AlertCenter(window, bridge, DARK)
    window.setCentralWidget(center.banner)
    window.show()
    center.played = []
    center.play = lambda severity, volume: center.played.append((severity, volume))
    center.acknowledged = []
    monkeypatch.setattr(
        desk.alerts, "acknowledge", lambda numbers: center.acknowledged.extend(numbers) or ()
    )
    yield center
    center.stop()


def fire(bridge, *records):
    bridge.alerts_changed.emit(AlertNews(fired=records))


def press(center, name):
    button = next(b for b in center.banner.findChildren(QPushButton) if b.text() == name)
    button.click()


def standing(rule="distance", name="main BTC long"):
    return Standing(rule=rule, object=name, severity=WARN, threshold=0.08, told=True)


def test_nothing_is_shown_before_something_fires(center):
    assert not center.banner.isVisible()


def test_the_gravest_and_newest_stands_first_and_the_others_wait(center, bridge):
    fire(bridge, record(1, WARN, name="a"), record(2, name="b"), record(3, WARN, name="c"))
    assert center.banner.text() == f"alert 2. {FIRED}"
    press(center, "Dismiss")
    assert center.banner.text() == f"alert 3. {FIRED}"
    press(center, "Dismiss")
    press(center, "Dismiss")
    assert not center.banner.isVisible()
    assert center.acknowledged == []


def test_a_later_rung_takes_the_place_of_the_former(center, bridge):
    fire(bridge, record(1, WARN))
    fire(bridge, record(2))
    press(center, "Dismiss")
    assert not center.banner.isVisible()


def test_information_stands_in_the_list_only_and_is_heard(center, bridge):
    fire(bridge, record(1, INFO))
    assert not center.banner.isVisible()
    assert center.played == [(INFO, 0.6)]


def test_what_was_seen_is_noted(center, bridge):
    fire(bridge, record(1, name="a"), record(2, name="b"))
    press(center, "Acknowledge")
    assert center.acknowledged == [2]
    center.acknowledge_all()
    assert center.acknowledged == [2, 1]
    assert not center.banner.isVisible()


def test_a_snoozed_alert_comes_back_if_it_still_holds(center, bridge, desk, clock, monkeypatch):
    monkeypatch.setattr(type(desk.alerts), "standing", (standing(),))
    fire(bridge, record(1))
    press(center, "5 min")
    assert not center.banner.isVisible()
    clock.now_s += 299
    center.look()
    assert not center.banner.isVisible()
    clock.now_s += 2
    center.look()
    assert center.banner.text() == f"alert 1. {FIRED}"


def test_a_snoozed_alert_that_is_over_stays_away(center, bridge, clock):
    fire(bridge, record(1))
    press(center, "15 min")
    clock.now_s += 16 * 60
    center.look()
    assert not center.banner.isVisible()


def test_a_deeper_rung_breaks_through_a_snooze(center, bridge):
    fire(bridge, record(1, WARN))
    press(center, "60 min")
    fire(bridge, record(2))
    assert center.banner.text() == f"alert 2. {FIRED}"


def test_the_sound_is_that_of_the_gravest_at_the_volume_of_the_settings(center, bridge):
    fire(bridge, record(1, WARN, name="a"), record(2, name="b"))
    assert center.played == [(Severity.CRITICAL, 0.6)]


@pytest.mark.parametrize("mode", [FeedMode.SIMULATED, FeedMode.REPLAY])
def test_an_invented_market_is_silent_and_labelled(center, bridge, mode):
    fire(bridge, record(1, mode=mode))
    assert center.played == []
    assert center.banner.text() == f"{mode}: alert 1. {FIRED}"


def test_a_storm_is_heard_as_few_sounds(center, bridge, clock):
    for number in range(30):
        fire(bridge, record(number, WARN, name=f"o{number}"))
    assert len(center.played) == 6
    clock.now_s += 61
    center.look()
    assert len(center.played) == 7


def test_another_market_or_a_closed_book_empties_the_banner(center, bridge):
    fire(bridge, record(1))
    bridge.portfolio_changed.emit(None)
    assert not center.banner.isVisible()
    fire(bridge, record(2))
    bridge.source_changed.emit(FeedMode.LIVE)
    assert not center.banner.isVisible()


def test_a_tape_that_is_wound_back_leaves_no_alert_of_later(center, bridge):
    def show_time(now_ms):
        bridge.market_changed.emit(FeedUpdate(mode=FeedMode.REPLAY, now_ms=now_ms))

    fire(bridge, record(1, mode=FeedMode.REPLAY, name="a"))
    press(center, "5 min")
    fire(bridge, record(2, mode=FeedMode.REPLAY, name="b"))
    show_time(NOW_MS)
    assert center.banner.isVisible()
    show_time(NOW_MS - 1)
    assert not center.banner.isVisible()
    assert not center._snoozed


def test_the_banner_takes_another_theme(center, bridge):
    fire(bridge, record(1))
    center.banner.set_theme(LIGHT)
    assert center.banner.text() == f"alert 1. {FIRED}"


def test_what_fires_in_quiet_hours_is_seen_and_not_heard(center, bridge):
    fire(bridge, dataclasses.replace(record(1), quiet=True))
    assert center.banner.text() == (
        f"alert 1. In its quiet hours: neither heard nor pushed now. {FIRED}"
    )
    assert center.played == []


def test_a_rule_chooses_its_channels(center, bridge, monkeypatch):
    shown = []
    monkeypatch.setattr(alert_center.QSystemTrayIcon, "isSystemTrayAvailable", lambda: True)
    monkeypatch.setattr(center, "_show_tray_message", lambda *message: shown.append(message[1]))
    fire(bridge, record(1, via=frozenset({"push"}), name="a"))
    assert not center.banner.isVisible()
    assert (center.played, shown) == ([], [])
    fire(bridge, record(2, via=frozenset({"sound"}), name="b"))
    fire(bridge, record(3, WARN, via=frozenset({"tray", "banner"}), name="c"))
    assert center.played == [(Severity.CRITICAL, 0.6)]
    assert shown == ["alert 3."]
    assert center.banner.text() == f"alert 3. {FIRED}"


def test_sound_and_tray_can_be_tried(center, monkeypatch):
    shown = []
    monkeypatch.setattr(alert_center.QSystemTrayIcon, "isSystemTrayAvailable", lambda: True)
    monkeypatch.setattr(center, "_show_tray_message", lambda *message: shown.append(message[0]))
    assert center.try_sound()
    assert center.try_tray()
    assert center.played == [(Severity.CRITICAL, 0.6)]
    assert shown == ["Risk Workstation: test"]
    monkeypatch.setattr(alert_center.QSystemTrayIcon, "isSystemTrayAvailable", lambda: False)
    assert not center.try_tray()


# --- sounds ---------------------------------------------------------------------------------------


def test_every_urgency_has_its_own_sound_and_the_volume_is_in_it():
    files = {severity: alert_sounds.sound_file(severity, 0.5) for severity in Severity}
    contents = {path.read_bytes() for path in files.values()}
    assert len(contents) == len(Severity)
    assert all(content.startswith(b"RIFF") for content in contents)
    loud = alert_sounds.sound_file(WARN, 1.0).read_bytes()
    peak = max(abs(int.from_bytes(loud[i : i + 2], "little", signed=True))
               for i in range(44, len(loud), 2))  # fmt: skip
    assert peak == pytest.approx(32_767, rel=0.01)


def test_a_system_without_a_player_beeps(monkeypatch, qapp):
    beeps = []
    monkeypatch.setattr(alert_sounds.shutil, "which", lambda _: None)
    monkeypatch.setattr(alert_sounds.sys, "platform", "linux")
    monkeypatch.setattr(alert_sounds.QApplication, "beep", lambda: beeps.append(1))
    alert_sounds.play(WARN, 0.5)
    alert_sounds.play(WARN, 0.0)
    assert beeps == [1]
    assert "the system beeps instead" in alert_sounds.says_how(0.5)
    assert "volume is 0" in alert_sounds.says_how(0.0)
    monkeypatch.setattr(alert_sounds.shutil, "which", lambda name: f"/usr/bin/{name}")
    assert "played by pw-play" in alert_sounds.says_how(0.5)
