import pytest

from ui.charts.chart_group import BARS_AT_FIRST, EDGE_MARGIN, MAX_SPAN_MS, MIN_SPAN_MS, ChartGroup
from workstation.units import HOUR_MS

NOW = 1_770_325_200_000.0


@pytest.fixture
def group(qapp):
    group = ChartGroup()
    group.show_bars(900, NOW)
    return group


def test_the_newest_bars_are_shown_first_with_a_margin_at_the_edge(group):
    assert group.span_ms == BARS_AT_FIRST * 900_000
    assert group.end_ms == NOW + EDGE_MARGIN * group.span_ms
    assert group.following


def test_the_span_follows_the_edge_once_that_can_be_seen(group):
    span, end_ms = group.span_ms, group.end_ms
    group.set_edge(NOW + 1)
    assert group.end_ms == end_ms
    group.set_edge(NOW + HOUR_MS)
    assert (group.end_ms, group.span_ms) == (NOW + HOUR_MS + EDGE_MARGIN * span, span)


def test_panning_back_stops_following_until_the_user_asks_for_now(group, qtbot):
    with qtbot.waitSignal(group.following_changed) as changed:
        group.pan(-HOUR_MS)
    assert changed.args == [False]
    start = group.start_ms
    group.set_edge(NOW + 2 * HOUR_MS)
    assert group.start_ms == start
    group.follow()
    assert group.following
    assert group.end_ms == NOW + 2 * HOUR_MS + EDGE_MARGIN * group.span_ms


def test_panning_past_the_newest_data_follows_again(group):
    group.pan(-HOUR_MS)
    group.pan(5 * HOUR_MS)
    assert group.following
    assert group.end_ms == NOW + EDGE_MARGIN * group.span_ms


def test_zooming_keeps_the_time_under_the_mouse_where_it_is(group):
    around = group.start_ms + 0.25 * group.span_ms
    group.zoom(0.5, around)
    assert group.span_ms == BARS_AT_FIRST * 900_000 / 2
    assert (around - group.start_ms) / group.span_ms == pytest.approx(0.25)


def test_zooming_follows_the_edge_as_long_as_it_stays_in_view(group):
    group.zoom(2, group.end_ms)
    assert group.following
    group.zoom(0.5, group.start_ms)
    assert not group.following


def test_zooming_ends_at_some_minutes_and_some_years(group):
    group.zoom(1e-9, NOW)
    assert group.span_ms == pytest.approx(MIN_SPAN_MS)
    group.zoom(1e12, NOW)
    assert group.span_ms == pytest.approx(MAX_SPAN_MS)


def test_the_span_stays_when_the_same_interval_is_shown_again(group):
    group.zoom(0.5, NOW)
    span = group.span_ms
    group.show_bars(900, NOW + 1)
    assert group.span_ms == span
    group.show_bars(60, NOW)
    assert group.span_ms == BARS_AT_FIRST * 60_000


def test_home_shows_where_the_data_begins(group):
    group.first_ms = NOW - 1_000 * HOUR_MS
    group.go_to_start()
    assert group.start_ms == group.first_ms
    assert not group.following
