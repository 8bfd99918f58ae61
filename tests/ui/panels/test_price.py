import dataclasses
import re

import numpy as np
import pytest
from PySide6.QtCore import Qt

from tests.ui.charts.frozen import BINANCE, NOW, facts, heatmap, rows, update, walk
from tests.ui.charts.test_ladder_item import known_at
from tests.ui.charts.test_price_lines import account, position, report
from tests.workstation.services.test_heatmap_scores import scored
from ui import format as fmt
from ui.charts.map_levels import MapSide, MapUnit
from ui.panels.price import PricePanel
from ui.panels.price_tools import MAP_OFF
from workstation.market.facts import MarkPrice
from workstation.market.feed import FeedMode, FeedUpdate
from workstation.market.instrument import MarketKey
from workstation.services.map_choice import MapChoice


@pytest.fixture
def panel(qtbot, context):
    panel = PricePanel(context)
    qtbot.addWidget(panel)
    panel.resize(1_200, 500)
    panel.show()
    return panel


@pytest.fixture
def feed(desk, bridge):
    def feed(news=None):
        news = update() if news is None else news
        desk.store.apply(news)
        bridge.market_changed.emit(news)
        bridge.draw_all()

    return feed


def view(desk, bridge, **changes):
    desk.view = dataclasses.replace(desk.view, **changes)
    bridge.view_changed.emit(desk.view)
    bridge.draw_all()


def test_before_any_candle_it_says_what_it_waits_for(panel):
    assert panel.chart._message.text.startswith("Waiting for candles of BTC from Binance")
    assert panel.drawn() == {"candles": 0, "last_time": None, "last_close": None, "gaps": 0}


def test_what_is_drawn_is_told(panel, feed):
    candles = rows(walk(400), np.r_[0:100, 120:400])
    feed(update(candles=(candles,)))
    assert panel.drawn() == {
        "candles": 380,
        "last_time": "2026-02-05T20:45:00Z",
        "last_close": float(candles.close[-1]),
        "gaps": 1,
    }
    assert panel.chart._message.text == ""


def test_a_changed_last_candle_and_a_new_one_are_drawn(panel, feed):
    feed()
    longer = walk(401, end_ms=NOW + 900_000)
    feed(FeedUpdate(mode=FeedMode.SIMULATED, now_ms=NOW, candles=(rows(longer, slice(-2, None)),)))
    drawn = panel._candles.candles
    assert len(drawn) == 401
    assert drawn.close[-2:].tolist() == longer.close[-2:].tolist()


def test_the_chart_follows_the_market(panel, feed, context):
    feed()
    end = context.charts.end_ms
    feed(update(NOW + 3_600_000))
    assert context.charts.end_ms == end + 3_600_000


def test_the_mark_is_set_off_on_the_axis_and_shows_when_it_is_stale(panel, feed, desk):
    feed()
    mark = panel.chart.axis.flagged[-1]
    assert (mark.value, mark.background) == (64_000.0, panel.theme.colour("text"))
    feed(FeedUpdate(mode=FeedMode.SIMULATED, now_ms=NOW + 60_000))
    assert panel.chart.axis.flagged[-1].background == panel.theme.colour("warn")
    assert panel._candles.stale
    assert "60 s old" in panel.header.text()


def test_own_liquidations_and_the_scenario_are_lines(panel, feed, desk, bridge):
    feed()
    desk.risk = report([position()], [account()])
    bridge.risk_changed.emit(desk.risk)
    bridge.draw_all()
    assert [line.price for line in panel._lines.lines] == [62_063.0, 59_217.0, 60_000.0]
    view(desk, bridge, scenario_price=58_000.0)
    assert panel._lines.lines[-1].price == 58_000.0
    assert panel.chart.draggable == 58_000.0


def test_dragging_the_scenario_asks_the_desk_for_a_round_price(panel, feed, desk):
    feed()
    panel.chart.line_dragged.emit(61_234.567)
    (name, asked) = desk.requests[-1]
    assert name == "set_view"
    assert asked.scenario_price == pytest.approx(61_234.567, abs=50)
    assert asked.scenario_price == round(asked.scenario_price)


def test_an_interval_is_asked_for_by_its_button(panel, feed, desk, qtbot):
    feed()
    qtbot.mouseClick(panel.tools.intervals.button(3_600), Qt.MouseButton.LeftButton)
    assert desk.requests[-1][1].interval_s == 3_600


def test_another_interval_without_candles_shows_none_of_the_old_ones(panel, feed, desk, bridge):
    feed()
    view(desk, bridge, interval_s=60)
    assert panel.drawn()["candles"] == 0
    assert "Waiting" in panel.chart._message.text


def test_a_typed_coin_is_asked_for_and_an_unknown_one_is_not(panel, feed, desk, qtbot):
    eth = MarketKey("bybit", "ETH/USDT:USDT")
    mark = MarkPrice(key=eth, as_of_ms=NOW, fresh_for_ms=6_000, mark_price=2_000.0)
    feed(update(facts=(*facts(), mark)))
    edit = panel.tools.coin.lineEdit()
    edit.setText("eth")
    qtbot.keyClick(edit, Qt.Key.Key_Return)
    assert desk.requests[-1][1].coin == "ETH"
    edit.setText("nonsense")
    with qtbot.waitSignal(panel.bridge.noticed) as said:
        qtbot.keyClick(edit, Qt.Key.Key_Return)
    assert said.args == ["There is no market of NONSENSE in the simulated market; ETH stays."]
    assert desk.requests[-1][1].coin == "ETH"
    assert panel.tools.coin.currentText() == "ETH"


def test_the_crosshair_reads_the_candle_under_it_wherever_the_mouse_is(panel, feed, context):
    feed()
    candles = walk(400)
    context.charts.move_cursor(float(candles.time_ms[-5]) + 1)
    assert f"O {candles.open[-5]:,.0f}  H " in panel.header.text()
    context.charts.move_cursor(None)
    assert "  H " not in panel.header.text()


def test_the_crosshair_reads_nothing_in_a_gap(panel, feed, context):
    feed(update(candles=(rows(walk(400), np.r_[0:380, 390:400]),)))
    context.charts.move_cursor(float(walk(400).time_ms[385]))
    assert "  H " not in panel.header.text()


def test_map_ladder_and_legend_are_of_one_array_and_one_scale(panel, feed, desk, bridge):
    feed()
    desk.heatmap = desk.drawn_map = heatmap()
    bridge.heatmap_changed.emit(desk.heatmap)
    bridge.draw_all()
    assert panel._map.columns is desk.heatmap
    assert panel._ladder._top == panel._map.top
    assert panel.tools.legend.isVisible()
    np.testing.assert_array_equal(panel._ladder._edges, desk.heatmap.edges())


def test_the_map_of_another_coin_or_interval_is_not_drawn(panel, feed, desk, bridge):
    feed()
    desk.heatmap = desk.drawn_map = heatmap()
    bridge.heatmap_changed.emit(desk.heatmap)
    bridge.draw_all()
    view(desk, bridge, interval_s=60)
    assert panel._map.columns is None
    assert panel._ladder._sides == ()


def test_the_map_can_be_turned_off_and_is_kept_so(panel, feed, desk, bridge, qtbot, context):
    desk.heatmap = desk.drawn_map = heatmap()
    feed()
    panel.tools.map_side.setCurrentText(MAP_OFF)
    assert not panel._map.isVisible()
    assert not panel.tools.legend.isVisible()
    other = PricePanel(context)
    qtbot.addWidget(other)
    other.restore(panel.state())
    assert not other._map.isVisible()


def test_restoring_takes_what_it_understands(panel):
    panel.restore({"map": "nonsense"})
    panel.restore({"map": 7})
    assert panel._map.side is MapSide.BOTH
    panel.restore({"map": "Net", "unknown": 1})
    assert panel._map.side is MapSide.NET


def test_another_source_voids_everything_drawn(panel, feed, desk, bridge, context):
    feed()
    desk.heatmap = desk.drawn_map = heatmap()
    bridge.heatmap_changed.emit(desk.heatmap)
    bridge.draw_all()
    context.charts.pan(-1e7)
    desk.store.__init__(FeedMode.LIVE)
    desk.heatmap = desk.drawn_map = None
    bridge.source_changed.emit(FeedMode.LIVE)
    assert panel.drawn()["candles"] == 0
    assert panel._map.columns is None
    assert panel.chart._watermark.text == ""
    assert context.charts.following


def test_a_tape_that_was_wound_back_draws_only_what_came_since(panel, feed):
    feed()
    earlier = walk(10, end_ms=NOW - 86_400_000)
    feed(
        FeedUpdate(
            mode=FeedMode.SIMULATED,
            now_ms=NOW - 86_400_000,
            facts=facts(NOW - 86_400_000),
            candles=(earlier,),
            restarted=True,
        )
    )
    assert panel.drawn()["candles"] == 10


def test_a_hidden_panel_reads_nothing_until_it_is_shown(panel, feed, desk, bridge):
    panel.hide()
    feed()
    desk.heatmap = desk.drawn_map = heatmap()
    bridge.heatmap_changed.emit(desk.heatmap)
    bridge.draw_all()
    assert panel.drawn()["candles"] == 0
    assert panel._map.columns is None
    panel.show()
    assert panel.drawn()["candles"] == 400
    assert panel._map.columns is desk.heatmap


def test_the_reference_market_is_named(panel, feed):
    feed()
    assert panel._reference == BINANCE
    assert panel.header.text().startswith("BTC/USDT Binance 15m")


# --- the map's score, card and choices ---------------------------------------------------------


def show_map(desk, bridge, **changes):
    desk.heatmap = desk.drawn_map = heatmap(**changes)
    bridge.heatmap_changed.emit(desk.heatmap)
    bridge.draw_all()


def test_the_title_says_how_good_the_map_is(panel, feed, desk, bridge):
    feed()
    show_map(desk, bridge)
    assert panel.header.text().endswith("map of assumed leverage, not graded yet")
    since = fmt.utc_day(int(desk.heatmap.time_ms[0]))
    assert f"of this timeframe since {since}:" in panel.header.toolTip()
    show_map(desk, bridge, fitted=("binanceusdm",))
    assert panel.header.text().endswith("map estimated, not graded yet")
    show_map(desk, bridge, score=scored())
    assert panel.header.text().endswith("map better than distance only, 41 days")
    show_map(desk, bridge, fitted=("binanceusdm",), with_todays_fit=True)
    assert panel.header.text().endswith("map with today's fit, not scored")
    show_map(desk, bridge, with_todays_fit=True)
    assert panel.header.text().endswith("map of assumed leverage, nothing is fitted yet")
    panel.tools.map_side.setCurrentText(MAP_OFF)
    assert panel.header.text().endswith("Binance 15m")


@pytest.mark.parametrize(("times", "ending"), [(2.5, ", band ×17.5 wide"), (1.1, "41 days")])
def test_a_band_that_is_wide_all_over_stands_in_the_title(panel, feed, desk, bridge, times, ending):
    feed()
    column = np.stack([heatmap().long_base[-1], heatmap().short_base[-1]])
    band = np.stack([column / 7, column * times]).astype(np.float32)
    show_map(desk, bridge, score=scored(), band_base=band)
    assert panel.header.text().endswith(ending)


def test_the_scores_are_one_click_away(panel, feed, desk, bridge, qtbot):
    feed()
    asked = []
    bridge.command_requested.connect(asked.append)
    qtbot.mouseClick(panel.header, Qt.MouseButton.LeftButton)
    assert asked == []  # there is no map yet
    show_map(desk, bridge)
    qtbot.mouseClick(panel.header, Qt.MouseButton.LeftButton)
    assert asked == ["map.scores"]


def test_a_card_beside_the_mouse_says_what_waits_there(panel, feed, desk, bridge, context):
    feed()
    show_map(desk, bridge)
    context.charts.move_cursor(NOW - 1.0)
    assert panel._card.lines == ()  # the mouse is on another chart
    panel.chart.axis.cursor_value = 64_010.0
    context.charts.move_cursor(NOW - 2.0)
    texts = [text for text, _ in panel._card.lines]
    assert texts[0].endswith("from the mark now")
    assert texts[1].startswith("Longs  estimate $")
    panel.tools.map_side.setCurrentText(MAP_OFF)
    assert panel._card.lines == ()
    panel.tools.map_side.setCurrentText(MapSide.BOTH)
    context.charts.move_cursor(None)
    assert panel._card.lines == ()


def test_known_positions_are_told_beside_the_mouse_until_they_are_switched_off(
    panel, feed, desk, bridge, context
):
    feed()
    desk.heatmap = desk.drawn_map = known_at(heatmap(), slice(None))
    bridge.heatmap_changed.emit(desk.heatmap)
    bridge.draw_all()
    panel.chart.axis.cursor_value = 64_010.0
    context.charts.move_cursor(NOW - 2.0)
    assert panel._card.lines[-1][0].startswith("Exact now at Binance: $")
    assert panel._ladder._known is not None
    view(desk, bridge, known_positions=False)
    context.charts.move_cursor(NOW - 1.0)
    assert not panel._card.lines[-1][0].startswith("Exact")
    assert panel._ladder._known is None


def test_the_menu_offers_units_and_what_can_be_done_with_the_map(panel, feed, desk, bridge):
    feed()
    show_map(desk, bridge)
    panel.tools.fill_map_menu()
    actions = {action.text(): action for action in panel.tools.map_menu.actions()}
    assert not actions["Amounts in coins"].isChecked()
    usd = panel.tools.legend._high
    actions["Amounts in coins"].trigger()
    bridge.view_changed.emit(desk.view)
    assert panel._map.unit is MapUnit.COIN
    assert usd.startswith("$")
    assert "BTC per 0.1 %" in panel.tools.legend._high
    assert re.search(r"\d BTC of (longs|shorts) before it$", panel._lines.lines[-1].text)
    actions["Deribit in the map"].trigger()
    assert desk.view.map.off == {"deribit"}


def test_unit_and_venues_are_kept_and_todays_fit_is_not(panel, desk, qtbot, context):
    desk.view = dataclasses.replace(
        desk.view,
        map=MapChoice(off=frozenset({"deribit"}), with_todays_fit=True),
        known_positions=False,
    )
    view(panel.bridge.desk, panel.bridge, map_in_coins=True)
    state = panel.state()
    assert state == {"map": "Long and short", "unit": "Coins", "off": ["deribit"], "known": False}
    desk.view = dataclasses.replace(
        desk.view, map=MapChoice(), known_positions=True, map_in_coins=False
    )
    other = PricePanel(context)
    qtbot.addWidget(other)
    other.restore(state)
    assert desk.view.map_in_coins
    assert desk.view.map == MapChoice(off=frozenset({"deribit"}))
    assert not desk.view.known_positions
    other.restore({"unit": ["x"], "off": "deribit", "known": 1})
    assert desk.view.map_in_coins


def test_own_lines_say_what_dies_before_them(panel, feed, desk, bridge):
    feed()
    desk.risk = report([position()], [account()])
    bridge.risk_changed.emit(desk.risk)
    bridge.draw_all()
    show_map(desk, bridge)
    assert "of longs before it" in panel._lines.lines[0].text
    assert panel._lines.lines[-1].text.startswith("Scenario 60,000 · about $")


def test_a_map_that_is_off_in_the_settings_is_not_drawn_at_first(qtbot, context, desk):
    window = dataclasses.replace(desk.settings.window, show_heatmap=False)
    desk.settings = dataclasses.replace(desk.settings, window=window)
    panel = PricePanel(context)
    qtbot.addWidget(panel)
    assert not panel._map.isVisible()
    panel.tools.map_side.setCurrentText(MapSide.BOTH)
    assert panel._map.isVisible()
