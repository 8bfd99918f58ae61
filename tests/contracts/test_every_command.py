"""Every command of the window: it does what can be seen, or says why it does not apply now."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtWidgets import QApplication, QDialog, QMenu, QWidget

from tests.ui.alerts import record
from tests.ui.charts.frozen import heatmap
from tests.ui.charts.test_ladder_item import known_at
from tests.ui.conftest import StubDesk
from tests.ui.decisions import sample_answer, sample_decision, sample_scenario
from ui import layout_store
from ui.bridge import Bridge
from ui.commands import MENUS, Command
from ui.main_window import MainWindow
from ui.theme import DARK
from workstation.market.catalogue import Catalogue
from workstation.market.feed import FeedMode, TapeState
from workstation.market.store import MarketStore
from workstation.paths import sample_path
from workstation.portfolio.formats import registry
from workstation.portfolio.what_if import copy_of
from workstation.services import session
from workstation.services.alert_service import AlertNews
from workstation.services.session import Session
from workstation.units import UnixMs

LAST = "file.quit"  # closes the window


class Tape:
    """Keeps what it was asked for among the desk's requests."""

    def __init__(self, desk: StubDesk) -> None:
        self._desk = desk

    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda *asked: self._desk.requests.append((name, asked))


class Bench:
    """A window on a desk that only listens, and everything of it that a person could notice."""

    def __init__(self, qtbot: Any, monkeypatch: pytest.MonkeyPatch, desk: StubDesk) -> None:
        self.desk = desk
        self.noticed: list[str] = []
        self.window = MainWindow(
            Bridge(desk),
            desk.settings,
            DARK,
            save_state=lambda _: None,
            diagnostics=lambda: "ok",
            asks=False,
        )
        qtbot.addWidget(self.window)
        with qtbot.waitActive(self.window):
            self.window.show()
            self.window.activateWindow()
        self.window.notifier.noticed.connect(self.noticed.append)
        self.window.alerts.play = lambda *heard: self.noticed.append(str(heard))
        monkeypatch.setattr(desk.alerts.push, "send", self.noticed.append)

    def commands(self) -> tuple[Command, ...]:
        return self.window.book.commands()

    def run(self, command: Command) -> None:
        self.window.book.run(command.id)
        QApplication.processEvents()

    def look(self) -> tuple[object, ...]:
        """Return what can be noticed: what was asked for and said, what is where, what is open."""
        window = self.window
        return (
            len(self.desk.requests),
            len(self.noticed),
            window.isVisible(),
            window.settings,
            window.workspace.docks.save(),
            window.workspace.docks.arranging,
            window.alerts.waiting,
            layout_store.names(),
            window.focusWidget(),
            QApplication.focusWidget(),
            [id(widget) for widget in self.opened()],
        )

    def opened(self) -> list[QWidget]:
        """Return dialogs, menus and floating blocks."""
        shown = [widget for widget in QApplication.topLevelWidgets() if widget.isVisible()]
        return [widget for widget in shown if widget is not self.window]

    def tidy(self, command: Command) -> None:
        """Close what a command has opened, and show again what it has hidden."""
        for widget in self.opened():
            if isinstance(widget, QDialog | QMenu):
                widget.close()
        if command.id.startswith("view.panel."):
            self.run(command)
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


@pytest.fixture
def desk() -> StubDesk:
    return StubDesk()


@pytest.fixture
def make(qtbot, monkeypatch, desk) -> Iterator[Callable[[], Bench]]:
    made = []

    def build() -> Bench:
        made.append(Bench(qtbot, monkeypatch, desk))
        return made[-1]

    yield build
    for bench in made:
        bench.window.close()


def fill(desk: StubDesk) -> None:
    """Give a desk all that a command may need."""
    desk.portfolio = registry.read(sample_path(), Catalogue.embedded())
    desk.copy = copy_of(desk.portfolio)
    desk.risk, desk.scenario = sample_answer()[0].before, sample_scenario()
    desk.decision = sample_decision()
    desk.heatmap = known_at(heatmap(), 30)
    desk.tape = Tape(desk)
    desk.store.tape = TapeState(speed=60.0, paused=True, start_ms=UnixMs(0), end_ms=UnixMs(0))
    session.save(Session(recent=(str(sample_path()),)))
    layout_store.save("mine", layout_store.Layout())


def test_every_command_does_something_that_can_be_noticed(make, desk):
    fill(desk)
    bench = make()
    bench.window.bridge.repeat()
    idle = []
    commands = bench.commands()
    for command in sorted(commands, key=lambda command: command.id == LAST):
        if command.id == "alerts.acknowledge":
            bench.window.bridge.alerts_changed.emit(AlertNews(fired=(record(1),)))
        before = bench.look()
        bench.run(command)
        if bench.look() == before:
            idle.append(command.id)
        bench.tidy(command)
    assert not idle
    assert not bench.window.isVisible()
    assert {command.menu.partition("/")[0] for command in commands} == set(MENUS)
    assert len(commands) > 100


def test_a_command_that_does_not_apply_says_why_and_does_nothing(make, desk):
    desk.store = MarketStore(FeedMode.LIVE)
    desk.heatmap = dataclasses.replace(heatmap(), missing=("kraken",))
    bench = make()
    lacking = {command.id: command for command in bench.commands() if command.lacking}
    assert {"file.close", "file.add_to_copy", "market.pause", "market.step", "map.known"} <= set(
        lacking
    )
    assert {"map.missing.kraken", "alerts.acknowledge", "market.speed.60"} <= set(lacking)
    for command in lacking.values():
        assert len(command.lacking.split()) >= 5
        assert command.lacking.endswith(".")
        before = bench.look()
        bench.run(command)
        assert bench.noticed[-1] == command.lacking
        bench.noticed.pop()
        assert bench.look() == before


def test_keys_are_given_once(make):
    keys = [command.shortcut for command in make().commands() if command.shortcut]
    assert len(set(keys)) == len(keys)
