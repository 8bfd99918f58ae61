"""What a frame costs: from a change of the range to the end of its paint, in software, 1920x1080.

Each figure is the least 95th percentile of three runs of 300 frames after 30, with every wick
kept, and stands beside the same columns drawn by pyqtgraph's own curves in the same run (peaks
kept, clipped to the view). Measured on two cores of 2.6 GHz: the price chart alone 5 ms with 50,000
candles and 6 ms with 1,000,000; the whole window with three linked charts and the map 9 ms.
"""

from __future__ import annotations

import dataclasses
import time

import numpy as np
import pyqtgraph as pg
import pytest
from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtWidgets import QApplication

from tests.ui.charts.frozen import BINANCE, NOW, heatmap, update, walk
from tests.ui.conftest import StubDesk
from ui.bridge import Bridge
from ui.main_window import MainWindow
from ui.panels.base import PanelContext
from ui.panels.price import PricePanel
from ui.panels.price_tools import MAP_OFF
from ui.theme import DARK
from workstation.market.facts import FundingHistory, OpenInterestHistory
from workstation.units import HOUR_MS, MINUTE_MS

SIZE = (1_920, 1_080)
FRAMES, WARM_UP, RUNS = 300, 30, 3
MINUTE_S = 60


class Paints(QObject):
    """Counts the paints of one widget."""

    def __init__(self, widget):
        super().__init__(widget)
        self.count = 0
        widget.installEventFilter(self)

    def eventFilter(self, watched, event):
        self.count += event.type() == QEvent.Type.Paint
        return False


def paint(window):
    """Paint whatever of a window is due, now."""
    QApplication.sendEvent(window, QEvent(QEvent.Type.UpdateRequest))


class Panning:
    """A frame a call: the charts' range moves by a thousandth, and is painted."""

    def __init__(self, window, port, show, start_ms, end_ms):
        self._window, self._show = window, show
        self._range = (start_ms, end_ms)
        self._step = 0
        self.paints = Paints(port)

    def __call__(self):
        self._step += 1
        by = (self._range[1] - self._range[0]) * 1e-3 * (self._step % 50)
        self._show(self._range[0] - by, self._range[1] - by)
        paint(self._window)


def show_now(qtbot, window):
    with qtbot.waitExposed(window):
        window.show()


def p95_ms(frame, rounds=FRAMES):
    times = []
    for _ in range(rounds + WARM_UP):
        began = time.perf_counter()
        frame()
        times.append(time.perf_counter() - began)
        QApplication.processEvents()
    return float(np.percentile(times[WARM_UP:], 95)) * 1_000


def measure(benchmark, frame, reference_ms):
    """Run the frames; return the least p95 in milliseconds and its share of the reference."""
    painted = frame.paints.count
    benchmark.pedantic(frame, rounds=FRAMES, warmup_rounds=WARM_UP, iterations=1)
    assert frame.paints.count - painted >= FRAMES
    first = float(np.percentile(benchmark.stats.stats.data, 95)) * 1_000
    least = min(first, *(p95_ms(frame) for _ in range(RUNS - 1)))
    benchmark.extra_info |= {
        "p95_ms": least,
        "reference_p95_ms": reference_ms,
        "ratio": least / reference_ms,
    }
    return least, least / reference_ms


def plain_curves(qtbot, x, curves):
    """Return the p95 in milliseconds of pyqtgraph's own curves, panned in the same way."""
    plot = pg.PlotWidget(background=DARK.background)
    plot.resize(*SIZE)
    for y in curves:
        item = plot.plot(x, y)
        item.setDownsampling(auto=True, method="peak")
        item.setClipToView(True)
    show_now(qtbot, plot)

    def show(start_ms, end_ms):
        plot.setXRange(start_ms, end_ms, padding=0)

    frame = Panning(plot, plot.viewport(), show, float(x[0]), float(x[-1]))
    result = p95_ms(frame, rounds=60)
    plot.hide()
    return result


def minutes(count):
    return walk(count, MINUTE_S, end_ms=NOW)


def watch_minutes(desk, candles):
    desk.view = dataclasses.replace(desk.view, interval_s=MINUTE_S)
    news = update(candles=(candles,), **long_histories())
    desk.store.apply(news)
    return news


def long_histories():
    """Return 90 days of funding and 30 days of open interest, as at a start."""
    noise = np.random.default_rng(2)
    funding_ms = NOW + 8 * HOUR_MS * np.arange(-269, 1)
    interest_ms = NOW + 5 * MINUTE_MS * np.arange(-8_640, 0)
    coins = 90_000 + np.cumsum(noise.normal(0, 20, len(interest_ms)))
    return {
        "funding": (
            FundingHistory(
                key=BINANCE,
                time_ms=funding_ms,
                funding_rate=noise.normal(1e-4, 3e-5, len(funding_ms)),
                interval_h=np.full(len(funding_ms), 8.0),
            ),
        ),
        "open_interest": (
            OpenInterestHistory(
                key=BINANCE,
                time_ms=interest_ms,
                open_interest_base=coins,
                open_interest_usd=coins * 64_000,
            ),
        ),
    }


def hatched_map():
    """Return a map whose band is wide in all bins but one: as much hatching as there can be."""
    wide = np.stack([np.full((2, 1_500), 0.1), np.full((2, 1_500), 5.0)]).astype(np.float32)
    wide[:, :, 0] = 1e6  # by the whole side the band is narrow
    starts = tuple(range(0, 1_000, 32))
    return heatmap(
        1_000,
        1_500,
        interval_s=MINUTE_S,
        spread=(wide,) * len(starts),
        spread_from=starts,
    )


@pytest.fixture
def desk():
    return StubDesk()


@pytest.mark.parametrize(("count", "limit_ms"), [(50_000, 8.0), (1_000_000, 16.0)])
def test_a_frame_of_the_price_chart_with_the_map_off(qtbot, benchmark, desk, count, limit_ms):
    candles = minutes(count)
    columns = candles.open, candles.high, candles.low, candles.close
    reference_ms = plain_curves(qtbot, candles.time_ms, columns)
    bridge = Bridge(desk)
    context = PanelContext(bridge=bridge, theme=DARK)
    panel = PricePanel(context)
    qtbot.addWidget(panel)
    panel.tools.map_side.setCurrentText(MAP_OFF)
    panel.resize(*SIZE)
    show_now(qtbot, panel)
    bridge.market_changed.emit(watch_minutes(desk, candles))
    bridge.draw_all()
    group = context.charts
    start, end = float(candles.time_ms[0]), float(candles.time_ms[-1])
    frame = Panning(panel, panel.chart.viewport(), group._show, start, end)

    least, ratio = measure(benchmark, frame, reference_ms)

    assert least <= limit_ms
    assert ratio < 1.5  # noise aside, no slower


def test_a_frame_of_the_whole_window_with_three_charts_and_the_map(qtbot, benchmark, desk):
    candles = minutes(50_000)
    reference_ms = plain_curves(qtbot, candles.time_ms, [candles.close * k for k in range(1, 11)])
    bridge = Bridge(desk)
    window = MainWindow(bridge, desk.settings, DARK)
    qtbot.addWidget(window)
    window.setWindowState(Qt.WindowState.WindowNoState)  # Qt's own screen has 800 pixels
    window.resize(*SIZE)
    show_now(qtbot, window)
    bridge.market_changed.emit(watch_minutes(desk, candles))
    bridge.draw_all()
    desk.heatmap = desk.drawn_map = hatched_map()
    bridge.heatmap_changed.emit(desk.heatmap)
    bridge.draw_all()
    assert window.size().toTuple() == SIZE
    panel = window.workspace.panel("price")
    start, end = float(candles.time_ms[0]), float(candles.time_ms[-1])
    frame = Panning(window, panel.chart.viewport(), panel.group._show, start, end)

    least, ratio = measure(benchmark, frame, reference_ms)

    assert least <= 16.0
    assert ratio < 1.5  # noise aside, no slower


@pytest.mark.parametrize("bars", [400, 40_000])
def test_an_update_of_the_market_costs_the_same_with_a_long_history(qtbot, benchmark, desk, bars):
    """New facts, one new candle row: everything the panels do for them, without the paint."""
    bridge = Bridge(desk)
    window = MainWindow(bridge, desk.settings, DARK)
    qtbot.addWidget(window)
    window.setWindowState(Qt.WindowState.WindowNoState)  # Qt's own screen has 800 pixels
    window.resize(*SIZE)
    show_now(qtbot, window)
    bridge.market_changed.emit(watch_minutes(desk, minutes(bars)))
    bridge.draw_all()
    ticks = iter(range(1, 10_000))

    def fresh():
        news = update(NOW + 1_000 * next(ticks), candles=(), funding=(), open_interest=())
        desk.store.apply(news)
        return (news,), {}

    def show(news):
        bridge.market_changed.emit(news)
        bridge.draw_all()

    benchmark.pedantic(show, setup=fresh, rounds=100, warmup_rounds=5)
    assert benchmark.stats["median"] < 0.005
