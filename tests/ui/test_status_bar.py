import pytest

from ui.status_bar import venue_sentence, venue_words
from workstation.market.facts import VenueHealth, VenueState
from workstation.market.feed import FeedMode

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
