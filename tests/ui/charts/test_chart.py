import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QApplication, QWidget

from ui.charts.chart import BACK_FROM_PX, Chart
from ui.charts.chart_group import ChartGroup
from ui.charts.pixels import PixelMap
from ui.theme import DARK
from workstation.market.feed import FeedMode
from workstation.units import HOUR_MS

NOW = 1_770_325_200_000.0


class Fit:
    """Says 0 to 100, and remembers how often it was asked."""

    def __init__(self):
        self.asked = 0
        self.extent = (0.0, 100.0)

    def __call__(self, start_ms, end_ms):
        self.asked += 1
        return self.extent


@pytest.fixture
def group(qapp):
    group = ChartGroup()
    group.show_bars(900, NOW)
    return group


@pytest.fixture
def make(qtbot, group):
    hosts = []

    def make(fit=None):
        host = QWidget()  # pyqtgraph's own views do not survive a close()
        hosts.append(host)
        qtbot.addWidget(host)
        host.resize(800, 400)
        chart = Chart(
            group, DARK, text=lambda value, _: f"{value:g}", fit=fit or Fit(), parent=host
        )
        chart.resize(800, 400)
        host.show()
        return chart

    return make


def wheel(chart, place, notches=1.0, sideways=0.0):
    delta = QPoint(round(sideways * 120), round(notches * 120))
    where = QPointF(chart.viewport().mapToGlobal(place))
    event = QWheelEvent(
        QPointF(place),
        where,
        QPoint(),
        delta,
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(chart.viewport(), event)


def drag(qtbot, chart, start, end):
    port = chart.viewport()
    qtbot.mousePress(port, Qt.MouseButton.LeftButton, pos=start)
    for share in (0.3, 0.6, 1.0):
        _move(port, start + (end - start) * share, Qt.MouseButton.LeftButton)
    qtbot.mouseRelease(port, Qt.MouseButton.LeftButton, pos=end)


def _move(port, place, held=Qt.MouseButton.NoButton):
    event = QMouseEvent(
        QEvent.Type.MouseMove,
        QPointF(place),
        QPointF(port.mapToGlobal(place)),
        Qt.MouseButton.NoButton,
        held,
        Qt.KeyboardModifier.NoModifier,
    )
    QApplication.sendEvent(port, event)


def test_all_charts_of_a_group_show_the_same_time(make, group):
    one, other = make(), make()
    group.zoom(0.5, NOW)
    expected = [group.start_ms, group.end_ms]
    assert one.view.viewRange()[0] == other.view.viewRange()[0] == expected


def test_the_crosshair_stands_at_one_time_in_every_chart(make, group, qtbot):
    one, other = make(), make()
    _move(one.viewport(), QPoint(100, 50))
    pixels = PixelMap.of(one.view)
    assert group.cursor_ms == pytest.approx(float(pixels.time(100)), abs=pixels.ms_per_px)
    assert one.axis.cursor_value == pytest.approx(float(pixels.value(50)), abs=pixels.value_per_px)
    assert other.axis.cursor_value is None


def test_the_crosshair_goes_away_with_the_mouse(make, group):
    chart = make()
    _move(chart.viewport(), QPoint(100, 50))
    QApplication.sendEvent(chart, QEvent(QEvent.Type.Leave))
    assert group.cursor_ms is None
    assert chart.axis.cursor_value is None


def test_the_wheel_zooms_around_the_mouse(make, group):
    chart = make()
    before, span = float(PixelMap.of(chart.view).time(200)), group.span_ms
    wheel(chart, QPoint(200, 100))
    assert group.span_ms == pytest.approx(0.85 * span)
    assert float(PixelMap.of(chart.view).time(200)) == pytest.approx(before, abs=1)


def test_the_wheel_over_the_axis_changes_the_scale_until_the_height_is_fitted_again(make):
    fit = Fit()
    chart = make(fit)
    fitted = chart.view.viewRange()[1]
    wheel(chart, QPoint(790, 100))
    assert chart.view.viewRange()[1] != fitted
    chart.refit()
    assert chart.view.viewRange()[1] != fitted
    chart.fit_height()
    assert chart.view.viewRange()[1] == fitted


def test_dragging_pans_through_time(make, group, qtbot):
    chart = make()
    start, per_px = group.start_ms, PixelMap.of(chart.view).ms_per_px
    drag(qtbot, chart, QPoint(100, 50), QPoint(200, 50))
    assert group.start_ms == pytest.approx(start - 100 * per_px, rel=1e-9, abs=2 * per_px)
    assert not group.following


def test_a_line_is_dragged_by_its_price_and_the_time_stays(make, group, qtbot):
    chart = make()
    chart.draggable = 50.0
    y = round(float(PixelMap.of(chart.view).y(50.0)))
    asked = []
    chart.line_dragged.connect(asked.append)
    start = group.start_ms
    drag(qtbot, chart, QPoint(100, y), QPoint(150, y + 80))
    expected = float(PixelMap.of(chart.view).value(y + 80))
    assert asked[-1] == pytest.approx(expected, abs=PixelMap.of(chart.view).value_per_px)
    assert group.start_ms == start


def test_a_button_leads_back_to_now_while_the_past_is_shown(make, group, qtbot):
    chart = make()
    assert not chart._back.isVisible()
    group.pan(-1e7)
    assert chart._back.isVisible()
    qtbot.mouseClick(chart._back, Qt.MouseButton.LeftButton)
    assert group.following
    assert not chart._back.isVisible()


def test_a_low_chart_has_no_room_for_the_button(make, group):
    chart = make()
    chart.resize(800, BACK_FROM_PX - 1)
    group.pan(-1e7)
    assert not chart._back.isVisible()


@pytest.mark.parametrize(
    ("key", "moves"),
    [
        (Qt.Key.Key_Left, -0.1),
        (Qt.Key.Key_PageUp, -1.0),
    ],
)
def test_keys_move_through_time(make, group, qtbot, key, moves):
    chart = make()
    start, span = group.start_ms, group.span_ms
    qtbot.keyClick(chart, key)
    assert group.start_ms == pytest.approx(start + moves * span)


def test_the_end_key_leads_back_to_now(make, group, qtbot):
    chart = make()
    group.pan(-1e8)
    qtbot.keyClick(chart, Qt.Key.Key_End)
    assert group.following


def test_plus_zooms_around_the_edge_while_it_is_followed(make, group, qtbot):
    chart = make()
    end, span = group.end_ms, group.span_ms
    qtbot.keyClick(chart, Qt.Key.Key_Plus)
    assert group.span_ms == pytest.approx(0.75 * span)
    assert group.end_ms == pytest.approx(end)


def test_a_hidden_chart_does_nothing_until_it_is_shown(make, group):
    fit = Fit()
    chart = make(fit)
    chart.hide()
    asked, shown = fit.asked, chart.view.viewRange()[0]
    group.pan(-1e7)
    assert fit.asked == asked
    assert chart.view.viewRange()[0] == shown
    chart.show()
    assert chart.view.viewRange()[0] == [group.start_ms, group.end_ms]


def test_a_value_that_never_moved_still_has_some_height(make):
    fit = Fit()
    fit.extent = (5.0, 5.0)
    low, high = make(fit).view.viewRange()[1]
    assert low < 5 < high


@pytest.mark.parametrize(
    ("mode", "text"),
    [(FeedMode.LIVE, ""), (FeedMode.REPLAY, "REPLAY"), (FeedMode.SIMULATED, "SIMULATED")],
)
def test_a_watermark_lies_across_whatever_is_not_live(make, mode, text):
    chart = make()
    chart.set_mode(mode)
    assert chart._watermark.text == text


def test_a_chart_without_data_shows_its_message_and_no_scales(make):
    chart = make()
    chart.set_message("Waiting")
    assert not chart.axis.isVisible()
    chart.set_message("")
    assert chart.axis.isVisible()


def test_a_paint_moves_nothing_or_qt_would_paint_twice(make, group, qtbot):
    chart = make()
    group.pan(-HOUR_MS)
    with qtbot.assertNotEmitted(chart.view.sigTransformChanged):
        chart.viewport().grab()
