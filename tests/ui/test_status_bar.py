import pytest
from PySide6.QtWidgets import QMainWindow

from ui import format as fmt
from ui import status_bar
from ui.frame_meter import FrameMeter
from ui.status_bar import StatusBar, venue_sentence, venue_words
from ui.theme import DARK
from workstation.exchanges.accounts.base import AccountSource
from workstation.market.facts import VenueHealth, VenueState
from workstation.market.feed import FeedMode
from workstation.services.live_accounts import LiveAccount

NOW = 1_770_326_048_000


def health(state, **fields):
    return VenueHealth(venue="hyperliquid", state=state, **fields)


@pytest.mark.parametrize(
    ("venue", "mode", "words"),
    [
        (health(VenueState.LIVE, latency_ms=84.2), FeedMode.LIVE, "Hyperliquid 84 ms"),
        (health(VenueState.LIVE), FeedMode.LIVE, "Hyperliquid"),
        (health(VenueState.LIVE, latency_ms=3.0), FeedMode.REPLAY, "Hyperliquid replay"),
        (health(VenueState.EXPECTED), FeedMode.LIVE, "Hyperliquid connecting"),
        (
            health(VenueState.STALE, last_success_ms=NOW - 14_000, next_try_ms=NOW + 8_000),
            FeedMode.LIVE,
            "Hyperliquid 14 s old — next try in 8 s",
        ),
        (health(VenueState.DOWN), FeedMode.LIVE, "Hyperliquid down, no answer yet"),
    ],
)
def test_words_say_latency_or_what_is_wrong_and_what_comes_next(venue, mode, words):
    assert venue_words(venue, mode, NOW) == words


def test_narrow_window_leaves_a_healthy_venue_its_name():
    live = health(VenueState.LIVE, latency_ms=84.0)
    assert venue_words(live, FeedMode.LIVE, NOW, brief=True) == "Hyperliquid"


def test_trouble_is_said_in_full_however_narrow():
    down = health(VenueState.DOWN, next_try_ms=NOW + 30_000)
    words = venue_words(down, FeedMode.LIVE, NOW, brief=True)
    assert words == "Hyperliquid down, no answer yet — next try in 30 s"


def test_trouble_of_many_is_said_in_few_words():
    down = health(VenueState.DOWN, next_try_ms=NOW + 30_000)
    said = [venue_words(down, FeedMode.LIVE, NOW, terse=True)]
    waits = health(VenueState.BACKING_OFF, next_try_ms=NOW + 5_000)
    said += [venue_words(waits, FeedMode.LIVE, NOW, terse=True)]
    stale = health(VenueState.STALE, last_success_ms=NOW - 14_000)
    said += [venue_words(stale, FeedMode.LIVE, NOW, terse=True)]
    assert said == [
        "Hyperliquid down · retry 30 s",
        "Hyperliquid waits · retry 5 s",
        "Hyperliquid 14 s old",
    ]


def test_tooltip_has_the_whole_sentence_and_what_the_venue_never_gives():
    stale = health(
        VenueState.STALE,
        last_success_ms=NOW,
        error="Hyperliquid answered with a web page.",
        not_available=("liquidations",),
    )
    text = venue_sentence(stale, FeedMode.LIVE, NOW)
    assert "Hyperliquid answered with a web page." in text
    assert "Its last good values are kept and marked stale." in text
    assert "Never given by this venue: liquidations." in text


def test_a_venue_that_never_answered_has_no_last_good_values():
    text = venue_sentence(health(VenueState.DOWN), FeedMode.LIVE, NOW)
    assert "no answer yet" in text
    assert "last good values" not in text


@pytest.fixture
def bar(qtbot, bridge):
    window = QMainWindow()
    qtbot.addWidget(window)
    bar = StatusBar(bridge, FrameMeter(window), DARK, window)
    window.setStatusBar(bar)
    window.resize(1_900, 200)
    window.show()
    yield bar
    bar.stop()


@pytest.mark.parametrize(
    ("local", "says"),
    [
        ("2026-02-05 18:14:08 UTC", "2026-02-05 18:14:08 UTC"),
        ("2026-02-05 19:14:08 CET", "2026-02-05 18:14:08 UTC (2026-02-05 19:14:08 CET)"),
    ],
)
def test_the_clock_says_the_users_time_only_where_it_is_another(bar, monkeypatch, local, says):
    monkeypatch.setattr(fmt, "local_time", lambda _: local)
    monkeypatch.setattr(status_bar, "now_ms", lambda: 1_770_315_248_000)
    bar.show_time()
    assert bar._clock.toolTip() == says


def test_a_notice_gets_the_room_that_its_sentence_needs(bar, qtbot):
    bar.show_notice("The market is simulated: every price here is invented, none is real.")
    needs = bar._notice.fontMetrics().horizontalAdvance(bar._notice.text())
    qtbot.waitUntil(lambda: bar._notice.width() >= needs)


def test_what_is_wrong_is_never_cut_off(bar, desk, qtbot):
    venues = ("binanceusdm", "bybit", "okx", "hyperliquid", "deribit")
    down = [VenueHealth(venue=v, state=VenueState.DOWN, next_try_ms=NOW + 30_000) for v in venues]
    desk.store.health = {one.venue: one for one in down}
    desk.store.now_ms = NOW
    bar.show_time()
    assert all("next try" in label.text() for label in venue_labels(bar))
    bar.window().resize(1_366, 200)
    bar.show_time()
    assert all(label.text().endswith("down · retry 30 s") for label in venue_labels(bar))
    qtbot.waitUntil(
        lambda: all(label.width() >= label.sizeHint().width() for label in venue_labels(bar))
    )


VENUES = ("binanceusdm", "bybit", "okx", "hyperliquid", "deribit")


@pytest.mark.parametrize("px", [1_900, 1_366, 1_100, 900, 700, 500])
@pytest.mark.parametrize("state", [VenueState.LIVE, VenueState.DOWN])
def test_where_the_names_have_no_room_there_are_dots_and_no_shreds(bar, desk, qtbot, px, state):
    desk.store.health = {v: VenueHealth(venue=v, state=state) for v in VENUES}
    source = AccountSource(id="hyperliquid 0xabab…abab", venue="hyperliquid", address="0xab")
    desk.live = (LiveAccount(source=source, failure="hyperliquid cannot be reached"),)
    bar.window().resize(px, 200)
    bar.show_time()
    bar.show_notice("hyperliquid 0xabab…abab: hyperliquid cannot be reached; nothing is known yet.")
    qtbot.waitUntil(lambda: all(view._dot.isVisible() for view in bar._venues.values()))
    shown = [label for label in venue_labels(bar) if not label.isHidden()]
    assert len(shown) in {1_900: [5], 500: [0]}.get(px, [0, 5])
    qtbot.waitUntil(lambda: all(label.width() >= label.sizeHint().width() for label in shown))
    assert all(view.toolTip() for view in bar._venues.values())


def venue_labels(bar):
    return [view._words for view in bar._venues.values()]


def test_an_account_that_cannot_be_read_is_named_for_as_long_as_it_cannot(bar, desk):
    source = AccountSource(id="0xab", venue="hyperliquid", address="0xab")
    desk.live = (LiveAccount(source=source, failure="hyperliquid cannot be reached"),)
    bar.show_time()
    assert bar._failing.isVisible()
    assert bar._failing.text() == "Not read: 0xab"
    assert "hyperliquid cannot be reached" in bar._failing.toolTip()
    desk.live = (LiveAccount(source=source),)
    bar.show_time()
    assert not bar._failing.isVisible()
