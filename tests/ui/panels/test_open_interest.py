import numpy as np
import pytest

from tests.ui.charts.frozen import (
    BINANCE,
    DERIBIT,
    NOW,
    facts,
    interest_history,
    update,
)
from ui.panels.open_interest import OpenInterestPanel, axis_text
from workstation.market.facts import MarkPrice, OpenInterest, VenueHealth, VenueState
from workstation.market.feed import FeedMode, FeedUpdate, TapeState
from workstation.market.instrument import MarketKey
from workstation.units import MINUTE_MS


@pytest.fixture
def panel(qtbot, context):
    panel = OpenInterestPanel(context)
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


def test_before_any_reading_it_says_what_it_waits_for(panel):
    assert "Waiting for open interest of BTC" in panel.chart._message.text


def taped(first_ms):
    tape = TapeState(speed=1.0, paused=False, start_ms=NOW, end_ms=NOW, first_ms=first_ms)
    return FeedUpdate(mode=FeedMode.REPLAY, now_ms=NOW, tape=tape)


@pytest.mark.parametrize(
    ("first_ms", "words"),
    [
        ({("funding", "BTC"): 0, ("open_interest", "ETH"): 0},
         "This recording has no open interest of BTC: it is not available here."),
        ({("open_interest", "BTC"): NOW + 1_000}, "This recording has open interest of BTC from 2"),
        ({("open_interest", "BTC"): 0}, "Waiting for open interest of BTC"),
        (None, "Waiting for open interest of BTC"),
    ],
)  # fmt: skip
def test_a_recording_that_has_none_is_not_waited_for(panel, feed, first_ms, words):
    feed(taped(first_ms))
    assert panel.chart._message.text.startswith(words)


@pytest.mark.parametrize(
    ("never", "words"),
    [("open interest (its unit at this venue is not settled)", "None of the venues watched gives"),
     ("history of open interest", "Waiting for")],
)  # fmt: skip
def test_venues_that_never_give_any_are_not_waited_for(panel, feed, never, words):
    health = VenueHealth(venue="gate", state=VenueState.LIVE, not_available=(never,))
    feed(FeedUpdate(mode=FeedMode.LIVE, now_ms=NOW, health=(health,)))
    assert panel.chart._message.text.startswith(words)


def test_venues_are_stacked_in_the_order_of_their_colours(panel, feed):
    feed()
    assert [item.key for item in panel.series] == [BINANCE, DERIBIT]
    assert [band.series for band in panel._stack.bands] == [item.series for item in panel.series]
    assert panel.fit(NOW - 60.0 * MINUTE_MS, float(NOW)) == (0.0, 120_000.0)


def test_what_is_drawn_is_told(panel, feed):
    feed(update(NOW + 1_000))
    drawn = panel.drawn()
    assert drawn["points"] == 402
    assert drawn["gaps"] == 0
    assert [row["last_value"] for row in drawn["series"]] == [90_000.0, 30_000.0]


def test_the_header_sums_the_live_venues_and_says_how_many(panel, feed):
    feed()
    assert panel.header.text() == "Open interest BTC, coins, by venue 120 k"
    feed(update(NOW + 20_000, facts=facts(NOW + 20_000, deribit_age_ms=14_000)))
    assert panel.header.text().endswith("the sum is of 1 of 2 venues 90.0 k")
    assert panel.values.rows[1].dim


def test_the_crosshair_reads_history_and_a_hole_makes_the_sum_unknown(panel, feed, context):
    whole = interest_history(BINANCE, np.arange(200.0) + 50_000)
    keep = np.r_[0:100, 120:200]
    holed = type(whole)(
        key=BINANCE,
        time_ms=whole.time_ms[keep],
        open_interest_base=whole.open_interest_base[keep],
        open_interest_usd=whole.open_interest_usd[keep],
    )
    feed(update(open_interest=(holed, interest_history(DERIBIT, np.full(200, 30_000.0)))))
    context.charts.move_cursor(float(whole.time_ms[50]))
    assert panel.header.text().endswith(" 80.0 k")
    context.charts.move_cursor(float(whole.time_ms[110]))
    assert panel.header.text().endswith(" –")
    assert panel.drawn()["gaps"] == 1


def test_two_markets_of_one_venue_are_told_apart(panel, feed):
    usdc = MarketKey("binanceusdm", "BTC/USDC:USDC")
    times = {"key": usdc, "as_of_ms": NOW, "fresh_for_ms": 6_000}
    more = (
        MarkPrice(**times, mark_price=64_000.0),
        OpenInterest(**times, open_interest_base=5_000.0, open_interest_usd=3e8),
    )
    feed(update(facts=(*facts(), *more)))
    names = [row.name for row in panel.values.rows]
    assert names == ["Binance USDT", "Binance USDC", "Deribit"]


def test_another_coin_shows_nothing_of_the_first_one(panel, feed, desk, bridge):
    feed()
    desk.view = type(desk.view)(coin="ETH", interval_s=900, scenario_price=1_500.0)
    bridge.view_changed.emit(desk.view)
    assert panel.series == ()
    assert "ETH" in panel.chart._message.text


def test_another_source_voids_everything_drawn(panel, feed, desk, bridge):
    feed()
    desk.store.__init__(FeedMode.LIVE)
    bridge.source_changed.emit(FeedMode.LIVE)
    assert panel.drawn()["points"] == 0
    assert panel._stack.bands == []


def test_ticks_closer_than_three_digits_are_written_in_full():
    assert axis_text(300_000, 100_000) == "300 k"
    assert axis_text(286_500, 500) == "286,500"
