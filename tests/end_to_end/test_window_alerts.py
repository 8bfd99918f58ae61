"""The window on the loopback: a fall through the rungs stands in its banner, in time and once."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Final

import pytest

from tests.end_to_end.test_watch import BOOK, RUNGS, SECONDS, stairs
from tests.loopback.__main__ import settings_toml
from tests.loopback.faults import Fault
from tests.loopback.listener import Listener
from tests.loopback.server import LoopbackExchange
from ui.bridge import Bridge
from ui.main_window import MainWindow
from ui.theme import DARK
from workstation import settings as settings_file
from workstation.market.facts import MarkPrice
from workstation.services.desk import Desk

VENUES: Final = ("okx", "bybit")
EACH_S: Final = 3.4  # no multiple of the poll interval: a step meets each of its phases
WAY: Final = (0.14, 0.079, 0.084, 0.077, 0.039, 0.019)  # swings around 8 % on the way
CROSSED_AT: Final = (0, 1, 4, 5)  # which step crosses 15, 8, 4 and 2 %


def make_desk(loopback: LoopbackExchange, folder: Path, phone: Listener) -> Desk:
    path = folder / "settings.toml"
    lines = "[market]\nsource = 'live'\nvenues = ['okx', 'bybit']\n"  # polled as by default
    lines += "[alerts]\npush = true\npush_from = 'info'\nsilence_s = 3.0\nsound = false\n"
    path.write_text(lines + settings_toml(loopback.url, list(VENUES)), encoding="utf-8")
    settings, problems = settings_file.load(path)
    assert problems == ()
    desk = Desk(settings, path, maps=False)
    desk.alerts.push.use((f"{phone.url}/topic",))
    book = folder / "book.toml"
    book.write_text(BOOK, encoding="utf-8")
    desk.open_portfolio(book)
    return desk


@pytest.fixture
def phone():
    with Listener() as listener:
        yield listener


@pytest.fixture
def desk(loopback_server, tmp_path, phone):
    loopback_server.reset()
    desk = make_desk(loopback_server, tmp_path, phone)
    yield desk
    desk.stop()


@pytest.fixture
def window(qtbot, desk):
    bridge = Bridge(desk)
    window = MainWindow(bridge, desk.settings, DARK, panels=(), asks=False)
    qtbot.addWidget(window)
    window.show()
    desk.start()
    bridge.start()
    yield window
    bridge.stop()
    window.close()


def is_valued(desk: Desk) -> bool:
    return desk.risk is not None and desk.risk.positions[0].distance is not None


def is_stale(desk: Desk, venue: str) -> bool:
    marks = desk.store.all_of(MarkPrice).items()
    return all(mark.is_stale(desk.store.now_ms) for key, mark in marks if key.venue == venue)


def test_every_rung_is_in_the_banner_and_on_the_phone_once_and_within_two_seconds(
    qtbot, window, desk, loopback_server, phone
):
    qtbot.waitUntil(lambda: is_valued(desk), timeout=30_000)
    shown: dict[str, float] = {}

    def look() -> bool:
        text = window.alerts.banner.text()
        for rung in RUNGS:
            if f"(rung {rung * 100:.0f} %)" in text:
                shown.setdefault(f"{rung}", time.time())
        return len(shown) == len(RUNGS)

    loopback_server.world.play(stairs(*WAY, each_s=EACH_S))
    began_s = loopback_server.world.begin_ms / 1_000
    qtbot.waitUntil(look, timeout=40_000)
    qtbot.waitUntil(lambda: len(phone.at("/topic")) >= len(desk.alerts.records()), timeout=5_000)
    for rung, step in zip(RUNGS, CROSSED_AT, strict=True):
        crossed_s = began_s + EACH_S * (step + 1)
        pushes = [push for push in phone.heard if f"(rung {rung * 100:.0f} %)" in push.text]
        assert len(pushes) == 1
        assert 0 <= pushes[0].at_s - crossed_s <= SECONDS
        assert 0 <= shown[f"{rung}"] - crossed_s <= SECONDS
    distance = [r for r in desk.alerts.records() if r.fire.rule == "distance"]
    assert [r.fire.threshold for r in distance] == list(RUNGS)
    qtbot.waitUntil(
        lambda: all(r.deliveries for r in desk.alerts.records() if r.fire.rule == "distance"),
        timeout=5_000,
    )


def test_with_no_venue_live_the_position_is_unknown_and_cannot_be_watched(
    qtbot, window, desk, loopback_server
):
    qtbot.waitUntil(lambda: is_valued(desk), timeout=30_000)
    loopback_server.break_venue("bybit", Fault.UNAVAILABLE)
    qtbot.waitUntil(lambda: is_stale(desk, "bybit"), timeout=30_000)  # no help for okx's position
    loopback_server.break_venue("okx", Fault.UNAVAILABLE)
    qtbot.waitUntil(lambda: "Cannot watch okx" in window.alerts.banner.text(), timeout=30_000)
    # the banner does not wait for the scenario of the same answer
    qtbot.waitUntil(lambda: desk.sight.blind, timeout=5_000)
    now, _ = desk.known_now  # what is shown stays, dimmed
    (row,) = now.positions
    assert (row.status, row.mark_price, row.distance) == ("unknown", None, None)
    assert desk.sight.blind
    assert "1 position there, 1 not known." in window.alerts.banner.text()
    assert [r.fire.object for r in desk.alerts.records() if r.fire.severity == "critical"] == [
        "okx"
    ]
