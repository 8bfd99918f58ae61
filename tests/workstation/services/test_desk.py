"""The desk, driven tick by tick: the feed, settings, and the end."""

from __future__ import annotations

import dataclasses
import time
from functools import partial

import pytest

from tests.workstation.market.facts import mark
from tests.workstation.recording.test_reader import KEY as REPLAYED
from tests.workstation.recording.test_reader import candles as recorded_candles
from tests.workstation.services.desks import (
    BINANCE,
    ETHER,
    NOW_MS,
    changed,
    notice,
    opened,
    say_marks,
    settings,
    taken,
    tick_until,
)
from workstation.errors import UsageError
from workstation.market.feed import FeedMode
from workstation.services import desk as desk_module
from workstation.services import mark_cache
from workstation.services.desk import Desk
from workstation.services.live_accounts import LiveAccounts
from workstation.services.tier_shelf import TierShelf
from workstation.settings import load as load_settings
from workstation.units import HOUR_MS


def test_making_a_desk_opens_nothing(feeds, tmp_path):
    desk = Desk(settings(), tmp_path / "settings.toml")
    assert feeds == {}
    assert desk.feed is None
    assert desk.store.mode is FeedMode.LIVE
    assert desk.tick().update is None
    desk.stop()


def test_a_source_that_does_not_exist_is_refused_at_once(tmp_path):
    with pytest.raises(UsageError, match="known are live, simulated, replay"):
        Desk(settings("tarot"), tmp_path / "settings.toml")


def test_the_feed_is_told_what_is_watched_before_it_starts(desk):
    assert desk.feed.running
    assert desk.feed.watched[0].coin == "BTC"
    assert desk.feed.watched[0].interval_s == 900


def test_what_the_feed_says_is_in_the_store_when_the_news_come(desk):
    say_marks(desk.feed, 70_000.0)
    update = tick_until(
        desk, lambda news: news.update if news.update and news.update.facts else None
    )
    assert update.now_ms == desk.store.now_ms == NOW_MS
    assert len(desk.store.snapshot().marks) == 2


def test_an_update_without_content_is_no_news_until_the_clocks_turn_comes(desk, monkeypatch):
    say_marks(desk.feed, 70_000.0)
    tick_until(desk, lambda news: news.update and news.update.facts)
    assert taken(desk).update is None
    desk._market._clock_every.at_once()
    assert taken(desk).update is not None


def test_what_comes_in_a_burst_is_taken_at_once_later(desk):
    say_marks(desk.feed, 70_000.0)
    tick_until(desk, lambda news: news.update and news.update.facts)
    for price in (69_000.0, 68_000.0):
        say_marks(desk.feed, price)
        assert desk.tick().update is None
    update = tick_until(desk, lambda news: news.update)
    assert {fact.mark_price for fact in update.facts} == {68_000.0}


def test_gauges_are_read_of_the_watched_coin_and_go_with_it(desk):
    priced = mark(BINANCE, 70_000.0, index=69_930.0, as_of_ms=NOW_MS)
    desk.feed.say(NOW_MS, facts=[priced])

    def basis(news):
        readings = news.gauges.readings if news.gauges else ()
        return {item.key: reading for item, reading in readings}.get("basis")

    assert tick_until(desk, basis).value == pytest.approx(70_000 / 69_930 - 1)
    assert desk.gauges.coin == "BTC"
    desk.set_view(dataclasses.replace(desk.view, coin="ETH"))
    assert desk.gauges is None


def test_gauges_and_overview_take_turns_and_none_is_of_before_a_jump_in_time(desk):
    def gauged(news):
        return news.gauges

    say_marks(desk.feed, 70_000.0)
    assert tick_until(desk, gauged).as_of_ms == NOW_MS
    desk._market._gauges_every.at_once()
    desk._market._overview_every.at_once()
    news = desk.tick()
    assert news.gauges is not None
    assert news.overview is None
    earlier_ms = NOW_MS - HOUR_MS
    desk._market._gauges_every.at_once()
    desk.feed.outbox.restart()
    say_marks(desk.feed, 71_000.0, earlier_ms)
    news = taken(desk)
    assert news.gauges is None
    assert news.overview.now_ms == earlier_ms
    desk._market._gauges_every.at_once()
    assert desk.tick().gauges.as_of_ms == earlier_ms


def test_the_overview_is_of_the_watched_coin(desk):
    say_marks(desk.feed, 70_000.0, facts=[mark(ETHER, 2_000.0, as_of_ms=NOW_MS)])
    priced = partial(tick_until, desk, lambda news: news.overview and news.overview.mark_price)
    assert priced() == 70_000.0
    desk.set_view(dataclasses.replace(desk.view, coin="ETH"))
    assert desk.overview is None
    assert priced() == 2_000.0


def test_another_source_takes_the_place_of_the_first_one(desk, feeds):
    first = desk.feed
    say_marks(first, 70_000.0)
    tick_until(desk, lambda news: news.overview)
    desk.open_source("tape:two")
    assert tick_until(desk, lambda news: news.source) is FeedMode.SIMULATED
    assert desk.feed is feeds["two"]
    assert desk.source == "tape:two"
    assert desk.tape is feeds["two"]
    assert desk.overview is None
    assert not desk.store.snapshot().marks
    tick_until(desk, lambda news: not first.running)


def test_a_live_market_has_no_tape(desk):
    assert desk.tape is None


@pytest.mark.parametrize("source", ["tarot", "fake:refused", "replay:", "replay:/no/such/folder"])
def test_a_source_that_cannot_be_opened_is_a_notice_and_changes_nothing(desk, source):
    before = desk.feed
    desk.open_source(source)
    assert notice(desk, source.removesuffix(":"))
    assert desk.feed is before
    assert before.running
    assert desk.source == "fake:one"


def test_a_folder_that_is_no_recording_is_refused(desk, tmp_path):
    desk.open_source(f"replay:{tmp_path}")
    assert "is not a recording" in notice(desk, str(tmp_path))


def test_a_recording_without_the_watched_interval_is_shown_at_its_shortest(make_desk, tmp_path):
    recorded_candles(8).to_parquet(tmp_path / "candles.parquet")  # of 15 minutes
    desk = make_desk(settings(f"replay:{tmp_path}", interval="1m", speed=10_000.0))
    view = tick_until(desk, lambda news: desk.view.interval_s != 60 and news.view)
    assert view.interval_s == 900
    tick_until(desk, lambda news: desk.store.candles(REPLAYED, 900))


def test_settings_are_used_and_written(desk, tmp_path):
    desk.apply_settings(changed(desk.settings, "window", theme="light"))
    assert desk.settings.window.theme == "light"
    desk.stop()
    written, problems = load_settings(tmp_path / "settings.toml")
    assert written.window.theme == "light"
    assert problems == ()


def test_settings_that_cannot_be_written_are_a_notice(make_desk, tmp_path):
    (tmp_path / "settings.toml").mkdir()
    desk = make_desk()
    desk.apply_settings(changed(desk.settings, "window", theme="light"))
    assert notice(desk, "could not be written")


@pytest.mark.parametrize(
    ("change", "reopens"),
    [
        ({"poll_interval_s": 1.0}, True),
        ({"held_poll_interval_s": 2.0}, True),
        ({"known_addresses": ("0x" + "ab" * 20,)}, True),
        ({"venues": ("okx",)}, True),
        ({"seed": 1}, False),
        ({"speed": 2.0}, False),
        ({"coin": "ETH"}, False),
    ],
)
def test_a_live_market_is_opened_again_for_what_it_reads_at_its_start(desk, feeds, change, reopens):
    asked = []
    desk.open_source = asked.append
    desk.apply_settings(changed(desk.settings, "market", **change))
    assert asked == (["fake:one"] if reopens else [])


def test_the_settings_of_venues_reach_their_tiers_and_the_accounts_there(desk, monkeypatch):
    told = []
    monkeypatch.setattr(TierShelf, "follow", lambda _, options: told.append(options))
    monkeypatch.setattr(LiveAccounts, "follow", lambda _, *given: told.append(given))
    venues = {"okx": {"ccxt": {"hostname": "elsewhere"}}}
    desk.apply_settings(dataclasses.replace(desk.settings, venues=venues))
    assert told == [venues, (venues, desk.settings.market.timeout_s)]


def test_the_coin_and_the_interval_of_the_settings_are_looked_at(desk):
    desk.apply_settings(changed(desk.settings, "market", coin="ETH", interval="1h"))
    assert (desk.view.coin, desk.view.interval_s) == ("ETH", 3_600)


def test_the_speed_of_the_settings_reaches_the_tape(make_desk, feeds):
    desk = make_desk(settings("tape:one"))
    opened(desk)
    desk.apply_settings(changed(desk.settings, "market", speed=5.0))
    assert feeds["one"].speeds == [5.0]


def test_what_the_command_line_asked_for_stands_until_it_is_changed(make_desk):
    in_file = settings("tape:file", poll_interval_s=2.0)
    desk = make_desk(settings("fake:one", poll_interval_s=1.0), chosen=in_file)
    opened(desk)
    asked = []
    desk.open_source = asked.append
    desk.apply_settings(changed(in_file, "window", theme="light"))
    assert asked == []
    assert desk.settings.market.source == "fake:one"
    assert desk.settings.market.poll_interval_s == 1.0
    desk.apply_settings(changed(in_file, "market", source="tape:other"))
    assert asked == ["tape:other"]


def test_live_marks_are_kept_for_commands(desk):
    say_marks(desk.feed, 70_000.0)
    tick_until(desk, lambda news: mark_cache.load())
    assert mark_cache.load()[BINANCE] == (70_000.0, NOW_MS)


def test_marks_of_a_simulated_market_are_not_kept(make_desk):
    desk = make_desk(settings("tape:one"))
    opened(desk)
    say_marks(desk.feed, 70_000.0)
    tick_until(desk, lambda news: news.overview and news.overview.mark_price)
    desk.stop()
    assert mark_cache.load() == {}


def test_stopping_does_not_wait_for_a_venue_that_hangs(make_desk, monkeypatch):
    monkeypatch.setattr(desk_module, "STOP_S", 0.2)
    desk = make_desk()
    feed = opened(desk)
    feed.may_stop.clear()
    began_s = time.monotonic()
    assert not desk.stop()
    assert time.monotonic() - began_s < 1.0
    assert feed.running
    feed.may_stop.set()


def test_a_desk_that_was_never_started_can_be_stopped(feeds, tmp_path):
    assert Desk(settings(), tmp_path / "settings.toml").stop()
