"""What an update of the market costs the window in paints."""

from __future__ import annotations

import dataclasses

import pytest
from PySide6.QtCore import QEvent, QObject, Qt

from tests.ui.charts.frozen import NOW, update, walk
from ui.bridge import Bridge
from ui.main_window import MainWindow
from ui.theme import DARK
from workstation.units import HOUR_MS

CHARTS = ("price", "funding", "open_interest")


class Painted(QObject):
    """Notes in turn which of some widgets are painted, and when the window paints."""

    def __init__(self, window, widgets):
        super().__init__(window)
        self._names = {widget: name for name, widget in widgets.items()}
        self.order = []
        for watched in (window, *self._names):
            watched.installEventFilter(self)

    def eventFilter(self, watched, event):
        if event.type() == QEvent.Type.UpdateRequest:
            self.order.append("window")
        elif event.type() == QEvent.Type.Paint and watched in self._names:
            self.order.append(self._names[watched])
        return False


@pytest.fixture
def bridge(desk):
    return Bridge(desk)


@pytest.fixture
def painted(qtbot, desk, bridge):
    window = MainWindow(bridge, desk.settings, DARK, asks=False)
    qtbot.addWidget(window)
    window.setWindowState(Qt.WindowState.WindowNoState)
    window.resize(1_920, 1_080)
    with qtbot.waitExposed(window):
        window.show()
    panels = {key: window.workspace.panel(key) for key in CHARTS}
    return Painted(window, {key: panel.chart.viewport() for key, panel in panels.items()})


def test_every_chart_is_painted_once_an_update_and_no_two_together(qtbot, desk, bridge, painted):
    def feed(news):
        desk.store.apply(news)
        bridge.market_changed.emit(news)

    desk.view = dataclasses.replace(desk.view, interval_s=60)  # seconds move the charts
    feed(update(candles=(walk(400, 60),)))
    qtbot.wait(300)
    for number in range(1, 13):
        painted.order.clear()
        feed(update(NOW + 7_000 * number, candles=(), funding=(), open_interest=()))
        qtbot.wait(60)
        paints = [each.split() for each in " ".join(painted.order).split("window")]
        charts = [name for paint in paints for name in paint]
        assert sorted(charts) == sorted(CHARTS)
        assert all(len(paint) <= 1 for paint in paints)


def test_a_chart_is_never_painted_empty_when_time_jumps(qtbot, desk, bridge, painted):
    def feed(news):
        desk.store.apply(news)
        bridge.market_changed.emit(news)

    panel = painted.parent().workspace.panel("price")
    seen = []
    draw = panel._candles.draw
    panel._candles.draw = lambda *args: (seen.append(panel.drawn()["candles"]), draw(*args))
    for hour in range(4):
        feed(
            dataclasses.replace(update(NOW - hour * HOUR_MS, candles=(walk(400),)), restarted=True)
        )
        qtbot.wait(60)
    assert set(seen) == {400}
