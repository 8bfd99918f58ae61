"""Every source opens without a network, and what is no source is refused with a remedy."""

from __future__ import annotations

import pytest

from tests.workstation.recording.test_reader import candles
from workstation.errors import UsageError
from workstation.market.feed import FeedMode, Tape
from workstation.services.sources import SOURCES, check_source, mode_of, open_feed
from workstation.settings import Settings


@pytest.fixture
def names(tmp_path):
    candles(8).to_parquet(tmp_path / "candles.parquet")
    return {"live": "live", "simulated": "simulated", "replay": f"replay:{tmp_path}"}


@pytest.mark.parametrize("kind", SOURCES)
def test_a_source_opens_a_feed_of_its_mode(kind, names):
    feed = open_feed(names[kind], Settings())
    assert feed.mode is mode_of(names[kind])
    assert isinstance(feed, Tape) == (feed.mode is not FeedMode.LIVE)
    feed.stop()  # that was never started


def test_the_options_of_the_venues_reach_the_live_feed_whole():
    options = {"okx": {"ccxt": {"urls": {"api": "http://127.0.0.1:1"}}}}
    assert open_feed("live", Settings(venues=options))._venue_options == options


@pytest.mark.parametrize(
    ("source", "remedy"),
    [
        ("tarot", "known are live, simulated, replay:FOLDER"),
        ("replay:", "a replay is replay:FOLDER"),
        ("replay:/no/such/folder", "there is no such folder"),
    ],
)
def test_what_is_no_source_is_refused_with_a_remedy(source, remedy):
    with pytest.raises(UsageError, match=remedy):
        open_feed(source, Settings())
    with pytest.raises(UsageError, match=remedy):
        check_source(source)


def test_a_folder_without_a_recording_is_refused(tmp_path):
    with pytest.raises(UsageError, match="is not a recording"):
        open_feed(f"replay:{tmp_path}", Settings())
