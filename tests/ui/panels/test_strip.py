import dataclasses

import pytest
from PySide6.QtWidgets import QLabel

from ui.panels.strip import StripPanel, figures
from workstation.market.feed import FeedMode, FeedUpdate, TapeState
from workstation.market.overview import MarketOverview, OpenInterestChange
from workstation.paths import sample_path
from workstation.portfolio.model import Portfolio
from workstation.units import HOUR_MS, UnixMs

NOW = UnixMs(1_770_326_048_000)
OVERVIEW = MarketOverview(
    coin="BTC",
    now_ms=NOW,
    mark_price=64_212.4,
    index_price=64_220.0,
    change_24h_fraction=-0.118,
    peak_price=126_208.0,
    from_peak_fraction=-0.491,
    funding_rate_8h=-0.000061,
    funding_rate_yearly=-0.067,
    open_interest_base=318_000.0,
    open_interest_usd=20.4e9,
    open_interest_change=OpenInterestChange(
        hours=24, base_fraction=-0.041, usd_fraction=-0.154, price_fraction=-0.118
    ),
    long_liquidations_24h_usd=1.12e9,
    short_liquidations_24h_usd=0.21e9,
    venues_live=("binanceusdm", "bybit", "okx", "deribit"),
    venues_expected=("binanceusdm", "bybit", "okx", "hyperliquid", "deribit"),
    outliers=("OKX 61,000 lies 5 % from the others",),
)
UNKNOWN = dataclasses.replace(
    OVERVIEW,
    change_24h_fraction=None,
    peak_price=None,
    from_peak_fraction=None,
    funding_rate_8h=None,
    funding_rate_yearly=None,
    open_interest_base=None,
    open_interest_usd=None,
    open_interest_change=None,
    long_liquidations_24h_usd=None,
    short_liquidations_24h_usd=None,
)


@pytest.fixture
def panel(qtbot, context):
    panel = StripPanel(context)
    qtbot.addWidget(panel)
    panel.resize(1_900, 44)
    panel.show()
    return panel


def texts(panel):
    return [label.text() for label in panel.findChildren(QLabel) if label.isVisibleTo(panel)]


def test_figures_name_coin_venues_and_floors(panel):
    panel.show_overview(OVERVIEW)
    shown = texts(panel)
    assert "BTC mark · 4 of 5 venues" in shown
    assert "64,212" in shown
    assert "−11.8 % 24h" in shown
    assert "−4.1 % coins · 318 k" in shown  # the change in coins stands before that in USD
    assert "($20.4 B, −15.4 %)" in shown
    assert "≥ $1.12 B / ≥ $210 M" in shown


def test_tooltip_says_sources_what_is_missing_and_what_was_left_out(panel):
    panel.show_overview(OVERVIEW)
    tip = panel.findChild(QLabel).parentWidget().findChildren(type(panel._views[0]))[0].toolTip()
    assert "From Binance, Bybit, OKX, Deribit." in tip
    assert "Missing: Hyperliquid." in tip
    assert "Left out: OKX 61,000 lies 5 % from the others" in tip


def test_unknown_figures_are_dashes_and_never_zero():
    for figure in figures(UNKNOWN)[1:]:
        text = "".join(piece.text for piece in figure.value)
        assert "–" in text
        assert "0" not in text.replace("24h", "").replace("8h", "")


def test_before_the_first_price_it_says_that_it_waits(panel):
    assert "Waiting for the first prices" in texts(panel)


def test_badge_says_mode_and_speed(panel, desk):
    tape = TapeState(speed=60.0, paused=False, start_ms=NOW, end_ms=NOW)
    update = FeedUpdate(mode=FeedMode.SIMULATED, now_ms=NOW, tape=tape)
    desk.store.apply(update)
    panel.show_time(update)
    assert "SIMULATED 60×" in texts(panel)


def test_book_older_than_the_setting_is_in_the_warning_colour(panel, desk, context):
    book = Portfolio(accounts=(), as_of_ms=UnixMs(NOW - 2 * HOUR_MS), name="Desk <b>1</b>")
    panel.show_portfolio(book)
    panel.show_time(FeedUpdate(mode=FeedMode.LIVE, now_ms=NOW))
    label = next(w for w in panel.findChildren(QLabel) if w.text().startswith("Desk"))
    assert label.text() == "Desk <b>1</b> · 2 h old"  # not rendered
    assert label.palette().windowText().color() == context.theme.colour("warn")


def test_number_that_gets_shorter_keeps_its_width(panel, qtbot):
    panel.show_overview(dataclasses.replace(OVERVIEW, mark_price=126_208.0))
    wide = next(w for w in panel.findChildren(QLabel) if w.text() == "126,208")
    before = wide.minimumWidth()
    panel.show_overview(OVERVIEW)
    assert wide.text() == "64,212"
    assert wide.minimumWidth() == before > wide.fontMetrics().horizontalAdvance(wide.text())


def test_narrow_window_gives_up_the_name_first_and_then_the_dollars(panel, qtbot):
    panel.show_overview(OVERVIEW)
    assert "Risk Workstation" in texts(panel)
    panel.resize(1_200, 44)
    assert "Risk Workstation" not in texts(panel)
    assert "($20.4 B, −15.4 %)" not in texts(panel)
    assert "−4.1 % coins · 318 k" in texts(panel)
    panel.resize(800, 44)
    assert "−4.1 % coins · 318 k" not in texts(panel)
    assert "64,212" in texts(panel)
    panel.resize(1_200, 44)
    assert "−4.1 % coins · 318 k" in texts(panel)


def test_live_without_a_venue_that_answers_is_not_green(panel, desk):
    panel.show_mode(FeedMode.LIVE)
    assert panel._badge.text() == "LIVE · no venue answers"


def test_the_last_figures_stay_while_no_venue_is_live(panel):
    panel.show_overview(OVERVIEW)
    panel.show_overview(dataclasses.replace(UNKNOWN, mark_price=None, venues_live=()))
    assert "64,212" in texts(panel)


def test_a_tape_that_was_wound_back_shows_dashes_and_nothing_of_later(panel):
    panel.show_overview(OVERVIEW)
    start = UnixMs(NOW - 24 * 24 * HOUR_MS)
    unpriced = dataclasses.replace(UNKNOWN, mark_price=None, venues_live=(), now_ms=start)
    for _ in range(2):
        panel.show_overview(unpriced)
        assert "64,212" not in texts(panel)
        assert "BTC mark · 0 of 5 venues" in texts(panel)
        assert "–" in texts(panel)
        assert not any("Shown is what was known" in view.toolTip() for view in panel._views)
    panel.show_overview(dataclasses.replace(OVERVIEW, now_ms=UnixMs(start + HOUR_MS)))
    assert "64,212" in texts(panel)


def test_pausing_the_tape_is_said_at_once(panel, bridge, desk):
    running = TapeState(speed=60.0, paused=False, start_ms=NOW, end_ms=NOW)
    for tape in (running, dataclasses.replace(running, paused=True)):
        desk.store.apply(FeedUpdate(mode=FeedMode.SIMULATED, now_ms=NOW, tape=tape))
        bridge.market_changed.emit(FeedUpdate(mode=FeedMode.SIMULATED, now_ms=NOW, tape=tape))
    assert "SIMULATED paused" in texts(panel)


def test_the_sample_has_no_age_on_the_simulated_market(panel, bridge):
    sample = Portfolio(accounts=(), as_of_ms=NOW, path=sample_path())
    bridge.portfolio_changed.emit(sample)
    late = UnixMs(NOW + 5 * HOUR_MS)
    bridge.market_changed.emit(FeedUpdate(mode=FeedMode.SIMULATED, now_ms=late))
    assert "sample.toml · demo" in texts(panel)
    bridge.market_changed.emit(FeedUpdate(mode=FeedMode.LIVE, now_ms=UnixMs(late + 2_000)))
    assert "sample.toml · 5 h old" in texts(panel)
