import dataclasses

import pytest
from PySide6.QtWidgets import QLabel

from ui.gauges.gauge import place_text, value_text
from ui.panels.gauges import GaugesPanel
from workstation.market.feed import FeedMode, FeedUpdate, TapeState
from workstation.risk.indicators import INDICATORS, Gauges, IndicatorValue, Unit
from workstation.units import UnixMs

NOW = UnixMs(1_770_326_048_000)
READINGS = {
    "funding_now": IndicatorValue(
        value=0.43, percentile=0.85, basis="Weighted.", venues=("binanceusdm", "okx")
    ),
    "open_interest": IndicatorValue(value=0.06, percentile=0.06, basis="364,780 coins."),
    "basis": IndicatorValue(value=-0.00012, basis="Live venues."),
    "depth": IndicatorValue(value=1.8e9, basis="Bids and asks."),
}


def gauges(coin="BTC", as_of_ms=NOW, readings=READINGS):
    rows = tuple((indicator, readings.get(indicator.key)) for indicator in INDICATORS)
    return Gauges(coin=coin, as_of_ms=as_of_ms, readings=rows)


@pytest.fixture
def panel(qtbot, context):
    panel = GaugesPanel(context)
    qtbot.addWidget(panel)
    panel.resize(1_300, 150)
    panel.show()
    return panel


def gauge(panel, key):
    return next(item for item in panel.gauges if item.indicator.key == key)


def texts(widget):
    return [label.text() for label in widget.findChildren(QLabel)]


def colour(widget, text):
    label = next(item for item in widget.findChildren(QLabel) if item.text() == text)
    return label.palette().windowText().color()


def test_a_reading_stands_with_its_unit_its_band_and_its_place_in_history(panel):
    panel.show_gauges(gauges())
    assert texts(gauge(panel, "funding_now")) == [
        "Funding now",
        "43.0 % a year",
        "hot · above 85 %",
    ]
    assert texts(gauge(panel, "open_interest")) == ["OI percentile", "6 %", "low"]
    assert texts(gauge(panel, "basis"))[1:] == ["\N{MINUS SIGN}0.0120 %", "at the index"]
    assert texts(gauge(panel, "depth"))[1:] == ["$1.80 B", "no scale"]


def test_what_is_not_known_is_a_dash_and_says_so(panel):
    panel.show_gauges(gauges(readings={}))
    for item in panel.gauges:
        assert texts(item)[1:] == ["–", "not known yet"]
        assert "Not known" in item.toolTip()


def test_a_tooltip_says_what_how_from_where_and_how_old(panel):
    panel.show_gauges(gauges())
    panel.show_time(FeedUpdate(mode=FeedMode.LIVE, now_ms=UnixMs(NOW + 2_000)))
    tip = gauge(panel, "funding_now").toolTip()
    for part in (
        "Longs pay when it is above zero.",
        "Weighted.",
        "Above 85 % of its own history",
        "From Binance, OKX.",
        "Read 2 s ago.",
    ):
        assert part in tip
    week = IndicatorValue(value=0.5, basis="Mean of 7 days.", venues=("okx",))
    panel.show_gauges(gauges(readings={"funding_week": week}))
    assert "8 of 12 episodes were false" in gauge(panel, "funding_week").toolTip()


def test_a_reading_that_is_not_renewed_is_dimmed(panel, context):
    panel.show_gauges(gauges())
    bright = colour(gauge(panel, "depth"), "$1.80 B")
    assert bright == context.theme.colour("text")
    panel.show_time(FeedUpdate(mode=FeedMode.LIVE, now_ms=UnixMs(NOW + 3_500)))
    assert colour(gauge(panel, "depth"), "$1.80 B") == context.theme.colour("faint")
    panel.show_gauges(gauges(as_of_ms=UnixMs(NOW + 4_000)))
    assert colour(gauge(panel, "depth"), "$1.80 B") == bright


def test_a_fast_tape_does_not_make_readings_old(panel, context, desk):
    panel.show_gauges(gauges())
    tape = TapeState(speed=60.0, paused=False, start_ms=NOW, end_ms=NOW)
    desk.store.apply(FeedUpdate(mode=FeedMode.SIMULATED, now_ms=NOW, tape=tape))
    panel.show_time(FeedUpdate(mode=FeedMode.SIMULATED, now_ms=UnixMs(NOW + 60_000)))
    assert colour(gauge(panel, "depth"), "$1.80 B") == context.theme.colour("text")


def test_another_coin_or_source_voids_the_readings(panel, desk, bridge):
    panel.show_gauges(gauges())
    assert any("BTC at 2026-02-05" in text for text in texts(panel))
    bridge.view_changed.emit(dataclasses.replace(desk.view, coin="ETH"))
    assert any("Waiting for the first prices" in text for text in texts(panel))
    assert "$1.80 B" not in texts(panel)
    panel.show_gauges(gauges())
    bridge.source_changed.emit(FeedMode.LIVE)
    assert "$1.80 B" not in texts(panel)


def test_a_change_of_the_scenario_keeps_the_readings(panel, desk, bridge):
    desk.gauges = gauges()
    bridge.gauges_changed.emit(desk.gauges)
    bridge.view_changed.emit(dataclasses.replace(desk.view, scenario_price=1.0))
    assert "$1.80 B" in texts(panel)


def test_narrow_panels_have_fewer_columns(panel, qtbot):
    def rows():
        return len({item.y() for item in panel.gauges})

    qtbot.waitUntil(lambda: rows() == 1)
    panel.resize(500, 400)
    qtbot.waitUntil(lambda: rows() == 3)


@pytest.mark.parametrize(
    ("unit", "value", "text"),
    [
        (Unit.FRACTION, 0.00003, "0.0030 %"),
        (Unit.FRACTION, 0.064, "6.4 %"),
        (Unit.FRACTION_YEARLY, 0.0, "0.0000 % a year"),
        (Unit.USD, 1.5e6, "$1.50 M"),
        (Unit.PERCENTILE, 0.0, "0 %"),
        (Unit.PERCENTILE, 0.934, "93 %"),
    ],
)
def test_values_are_written_with_their_unit(unit, value, text):
    assert value_text(unit, value) == text


def test_a_place_without_history_is_the_band_alone():
    assert place_text(INDICATORS[0], IndicatorValue(value=-0.1)) == "shorts pay"
