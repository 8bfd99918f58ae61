import dataclasses

import numpy as np
import pytest

from tests.ui.charts.frozen import BINANCE, DERIBIT, NOW, facts, funding_history, update
from ui.panels.funding import FundingPanel, axis_text
from workstation.market.facts import FundingRate
from workstation.market.feed import FeedMode, FeedUpdate
from workstation.units import HOUR_MS


@pytest.fixture
def panel(qtbot, context):
    panel = FundingPanel(context)
    qtbot.addWidget(panel)
    panel.resize(900, 160)
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


def curve(panel, key):
    return next(item.series for item in panel.series if item.key == key)


def test_before_any_funding_it_says_what_it_waits_for(panel):
    assert "Waiting for funding of BTC" in panel.chart._message.text
    assert panel.drawn()["points"] == 0


def test_there_is_a_curve_a_venue_and_the_mean_on_top(panel, feed):
    feed()
    assert [item.key for item in panel.series] == [BINANCE, DERIBIT]
    assert [curve.series for curve in panel._curves.curves[:2]] == [
        item.series for item in panel.series
    ]
    assert panel._curves.curves[-1].series is panel.mean
    assert panel._curves.curves[-1].colour == panel.theme.colour("text")


def test_the_mean_is_weighted_by_open_interest(panel, feed):
    feed()
    expected = (0.0003 * 90_000 - 0.0002 * 30_000) / 120_000
    assert float(panel.mean.at(NOW - HOUR_MS)) == pytest.approx(expected)


def test_a_venue_without_a_price_has_its_curve_and_without_weights_there_is_no_mean(panel, feed):
    feed(update(facts=tuple(f for f in facts() if isinstance(f, FundingRate)), open_interest=()))
    assert [item.key for item in panel.series] == [BINANCE, DERIBIT]
    assert panel.header.text().endswith("no mean: open interest is not known –")


def test_what_is_drawn_is_told(panel, feed):
    feed(update(NOW + 1_000))
    drawn = panel.drawn()
    assert drawn["points"] == 8  # three settlements each and the running rate
    assert drawn["gaps"] == 0
    assert drawn["last_time"] == "2026-02-05T21:00:01Z"
    assert drawn["series"][1] == {
        "venue": "deribit",
        "symbol": "BTC/USD:BTC",
        "last_time": "2026-02-05T21:00:01Z",
        "last_value": -0.0002,
    }


def test_a_missing_settlement_is_counted_and_left_open(panel, feed):
    history = funding_history(BINANCE, [0.0001, 0.0002, 0.0003, 0.0004])
    keep = np.array([True, False, True, True])
    holed = dataclasses.replace(
        history,
        time_ms=history.time_ms[keep],
        funding_rate=history.funding_rate[keep],
        interval_h=history.interval_h[keep],
    )
    feed(update(funding=(holed,)))
    assert panel.drawn()["gaps"] == 1
    assert np.isnan(curve(panel, BINANCE).at(NOW - 20 * HOUR_MS))


def test_the_column_shows_values_under_the_crosshair(panel, feed, context):
    feed()
    assert [row.value for row in panel.values.rows] == ["+0.0100", "−0.0200"]
    context.charts.move_cursor(NOW - 10.0 * HOUR_MS)
    assert [row.value for row in panel.values.rows] == ["+0.0200", "−0.0100"]
    context.charts.move_cursor(NOW - 1_000.0 * HOUR_MS)
    assert [row.value for row in panel.values.rows] == ["–", "–"]


def test_a_stale_venue_is_dimmed_and_says_its_age(panel, feed):
    feed(update(facts=facts(deribit_age_ms=14_000)))
    binance, deribit = panel.values.rows
    assert (binance.dim, deribit.dim) == (False, True)
    assert (binance.age, deribit.age) == ("", "14 s")
    assert curve(panel, DERIBIT).until_ms[-1] == NOW - 14_000 + 6_000


def test_the_tooltip_says_the_venues_own_interval_and_the_year(panel, feed):
    feed()
    second = panel.values.toolTip().splitlines()[1]
    assert second.startswith("Deribit: −0.0200 % per 8 h, −21.9 % a year, read 0 s ago")


def test_the_same_facts_again_make_nothing_anew(panel, feed, desk, bridge):
    feed()
    before = panel.series
    bridge.market_changed.emit(FeedUpdate(mode=FeedMode.SIMULATED, now_ms=NOW))
    bridge.draw_all()
    assert panel.series is before


def test_a_rate_that_still_holds_reaches_as_far_as_time_does(panel, feed):
    lasting = tuple(dataclasses.replace(fact, fresh_for_ms=8 * HOUR_MS) for fact in facts())
    feed(update(facts=lasting))
    feed(FeedUpdate(mode=FeedMode.SIMULATED, now_ms=NOW + HOUR_MS))
    assert curve(panel, BINANCE).until_ms[-1] == NOW + HOUR_MS


def test_another_source_voids_everything_drawn(panel, feed, desk, bridge):
    feed()
    desk.store.__init__(FeedMode.LIVE)
    bridge.source_changed.emit(FeedMode.LIVE)
    assert panel.series == ()
    assert panel.drawn()["points"] == 0
    assert panel.values.rows == []


def test_zero_is_always_in_view(panel, feed):
    feed()
    low, high = panel.fit(NOW - 8.0 * HOUR_MS, float(NOW))
    assert low <= 0 <= high


@pytest.mark.parametrize(
    ("rate", "step", "text"),
    [(0.0001, 0.0001, "+0.01 %"), (-0.0002, 0.0002, "−0.02 %"), (0.01, 0.01, "+1 %")],
)
def test_ticks_are_as_fine_as_their_distance(rate, step, text):
    assert axis_text(rate, step) == text
    assert axis_text(rate, None).endswith("00 %")
