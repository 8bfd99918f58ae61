"""The desk, driven tick by tick on a feed that says what it is told."""

from __future__ import annotations

import dataclasses
import threading
import time
from functools import partial

import numpy as np
import pytest

from tests.workstation.market.facts import btc, candles_of, interest, mark
from tests.workstation.portfolio.books import account, json_file, position
from tests.workstation.recording.test_reader import KEY as REPLAYED
from tests.workstation.recording.test_reader import candles as recorded_candles
from tests.workstation.services.fake_feed import FakeFeed, FakeTape
from workstation.errors import ExchangeUnavailableError, UsageError
from workstation.exchanges.accounts.base import AccountReading
from workstation.market.catalogue import Catalogue
from workstation.market.facts import CandlePrice, VenueHealth, VenueState
from workstation.market.feed import FeedMode
from workstation.market.instrument import Contract, Instrument, MarketKey
from workstation.portfolio.formats.registry import read as read_portfolio
from workstation.portfolio.model import Account, Position
from workstation.portfolio.what_if import copy_of
from workstation.risk.report import MarkSource
from workstation.services import desk as desk_module
from workstation.services import desk_book, mark_cache, sources
from workstation.services.desk import Desk
from workstation.services.desk_answers import REST_S
from workstation.services.every import Every
from workstation.services.latest import LatestWorker
from workstation.services.live_accounts import LiveAccounts
from workstation.services.map_choice import AS_KNOWN
from workstation.services.risk_service import RiskWork, coin_paces
from workstation.services.sources import Source
from workstation.services.tier_shelf import TierShelf
from workstation.settings import MarketSettings, RiskSettings, Settings
from workstation.settings import load as load_settings

PATIENCE_S = 30.0
BINANCE, BYBIT = btc("binanceusdm"), btc("bybit")
ETHER = btc("bybit", "ETH/USDT:USDT")
NOW_MS = 1_770_315_248_000  # 2026-02-05 18:14:08 UTC


def settings(source="fake:one", **market):
    return Settings(market=MarketSettings(source=source, **market))


def tick_until(desk, wanted):
    """Tick until ``wanted`` finds something in the news; return what it found."""
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        if found := wanted(desk.tick()):
            return found
        time.sleep(0.002)
    raise AssertionError("the desk did not say what was waited for")


def opened(desk):
    """Tick until the feed that was asked for is there."""
    tick_until(desk, lambda news: news.source)
    return desk.feed


def notice(desk, part):
    """Tick until a notice says this; return it."""
    return tick_until(desk, lambda news: next((n for n in news.notices if part in n), None))


def say_marks(feed, price, now_ms=NOW_MS, **news):
    facts = [mark(key, price, as_of_ms=now_ms) for key in (BINANCE, BYBIT)]
    health = [VenueHealth(venue=key.venue, state=VenueState.LIVE) for key in (BINANCE, BYBIT)]
    feed.say(now_ms, facts=[*facts, *news.pop("facts", ())], health=health, **news)


@pytest.fixture
def feeds(monkeypatch):
    """Feeds by what follows ``fake:`` and ``tape:``, made when they are opened."""
    made = {}

    def open_as(kind, name, settings):
        if name == "refused":
            raise UsageError("fake:refused is refused")
        return made.setdefault(name, kind())

    monkeypatch.setitem(sources.SOURCES, "fake", Source(FeedMode.LIVE, partial(open_as, FakeFeed)))
    tape = Source(FeedMode.SIMULATED, partial(open_as, FakeTape))
    monkeypatch.setitem(sources.SOURCES, "tape", tape)
    return made


@pytest.fixture
def make_desk(feeds, tmp_path):
    desks = []

    def make(*args, **options):
        desk = Desk(*(args or (settings(),)), tmp_path / "settings.toml", **options)
        desks.append(desk)
        desk.start()
        return desk

    yield make
    for desk in desks:
        desk.stop()


@pytest.fixture
def desk(make_desk):
    desk = make_desk()
    opened(desk)
    return desk


@pytest.fixture
def book(tmp_path):
    return json_file(tmp_path, account(position(symbol="BTC/USDT:USDT", quantity=1)))


# --- the feed -------------------------------------------------------------------------------------


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
    update = tick_until(desk, lambda news: news.update if news.update.facts else None)
    assert update.now_ms == desk.store.now_ms == NOW_MS
    assert len(desk.store.snapshot().marks) == 2


def test_an_update_without_content_is_no_news_until_the_clocks_turn_comes(desk, monkeypatch):
    say_marks(desk.feed, 70_000.0)
    tick_until(desk, lambda news: news.update and news.update.facts)
    assert desk.tick().update is None
    desk._market._clock_every.at_once()
    assert desk.tick().update is not None


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


# --- the book -------------------------------------------------------------------------------------


def test_an_opened_book_is_watched_and_valued(desk, book):
    desk.open_portfolio(book)
    tick_until(desk, lambda news: news.portfolio_changed)
    assert desk.feed.watched[-1].markets == {BINANCE}
    say_marks(desk.feed, 70_000.0)
    risk = tick_until(desk, lambda news: news.risk)
    assert risk.positions[0].mark_price == 70_000.0
    assert risk.positions[0].mark_source is MarkSource.VENUE
    assert desk.risk is risk


def test_a_closed_book_leaves_nothing_behind(desk, book):
    desk.open_portfolio(book)
    say_marks(desk.feed, 70_000.0)
    tick_until(desk, lambda news: news.scenario)
    desk.close_portfolio()
    assert desk.tick().portfolio_changed
    assert desk.portfolio is desk.risk is desk.scenario is None
    assert desk.feed.watched[-1].markets == frozenset()


def test_a_refused_file_keeps_the_book(desk, book, tmp_path):
    desk.open_portfolio(book)
    tick_until(desk, lambda news: news.portfolio_changed)
    bad = tmp_path / "bad.json"
    bad.write_text("{")
    desk.open_portfolio(bad)
    refused = tick_until(desk, lambda news: news.refused)
    assert refused.path == str(bad)
    assert desk.portfolio.path == book


def test_a_contract_that_only_the_venue_knows_is_accepted_once_the_venue_has_listed_it(
    desk, tmp_path
):
    new = btc("binanceusdm", "NEWCOIN/USDT:USDT")
    desk.open_portfolio(json_file(tmp_path, account(position(symbol=new.symbol, quantity=1))))
    tick_until(desk, lambda news: news.refused)
    listed = Instrument(
        key=new,
        contract=Contract.LINEAR,
        base="NEWCOIN",
        quote="USDT",
        settle="USDT",
        contract_size=1.0,
    )
    desk.feed.say(NOW_MS, instruments=[listed])
    tick_until(desk, lambda news: news.portfolio_changed)
    assert desk.portfolio.markets() == {new}


def test_a_saved_book_is_opened(desk, book, tmp_path):
    desk.open_portfolio(book)
    tick_until(desk, lambda news: news.portfolio_changed)
    copy = tmp_path / "copy.toml"
    desk.save_portfolio(desk.portfolio, copy)
    tick_until(desk, lambda news: desk.portfolio.path == copy)


class _Addresses:
    """Stands for Hyperliquid; without an account it does not answer."""

    positions = (Position(symbol="BTC/USDC:USDC", quantity=1.0, entry_price=70_000.0),)
    fails = False

    def reader(self, source, key, options, timeout_s):
        self.source = source
        return self

    async def open(self):
        pass

    async def close(self):
        pass

    async def read(self):
        if self.fails:
            raise ExchangeUnavailableError("hyperliquid", "x", "y", user_message="No answer")
        account = Account(id=self.source.id, venue="hyperliquid", positions=self.positions)
        return AccountReading(account=account)


ADDRESS = "0x" + "ab" * 20
ADDRESS_NAME = "hyperliquid 0xabab…abab"


@pytest.fixture
def addresses(monkeypatch):
    found = _Addresses()
    service = partial(LiveAccounts, new_reader=found.reader, every_s=0.02)
    monkeypatch.setattr(desk_book, "LiveAccounts", service)
    return found


def accounts_of(desk):
    return [found.id for found in desk.portfolio.accounts] if desk.portfolio else []


def test_an_address_stands_beside_the_file(addresses, make_desk, book):
    desk = make_desk()
    opened(desk)
    desk.open_portfolio(book)
    tick_until(desk, lambda news: news.portfolio_changed)
    desk.read_address(ADDRESS)
    tick_until(desk, lambda news: ADDRESS_NAME in accounts_of(desk))
    assert accounts_of(desk) == ["main", ADDRESS_NAME]
    assert desk.portfolio.path == book
    assert BINANCE in desk.feed.watched[-1].markets
    assert MarketKey("hyperliquid", "BTC/USDC:USDC") in desk.feed.watched[-1].markets


def test_an_address_alone_is_a_book(addresses, make_desk):
    desk = make_desk()
    opened(desk)
    desk.read_address(ADDRESS)
    tick_until(desk, lambda news: news.portfolio_changed and desk.portfolio)
    assert accounts_of(desk) == [ADDRESS_NAME]
    assert desk.portfolio.path is None


def test_an_account_read_again_keeps_what_is_shown_of_it(addresses, make_desk):
    desk = make_desk()
    say_marks(opened(desk), 70_000.0)
    desk.read_address(ADDRESS)
    tick_until(desk, lambda news: news.risk and news.risk.positions)
    before, news = desk.portfolio, []
    tick_until(desk, lambda new: news.append(new) or desk.portfolio is not before)
    tick_until(desk, lambda new: news.append(new) or new.risk)
    assert desk.risk is not None
    assert not any(item.portfolio_changed for item in news)


def test_a_position_that_was_closed_there_is_gone_here(addresses, make_desk):
    desk = make_desk()
    opened(desk)
    desk.read_address(ADDRESS)
    tick_until(desk, lambda news: desk.portfolio and desk.portfolio.accounts[0].positions)
    addresses.positions = ()
    tick_until(desk, lambda news: not desk.portfolio.accounts[0].positions)


def test_an_address_that_cannot_be_read_keeps_the_file(addresses, make_desk, book):
    addresses.fails = True
    desk = make_desk()
    opened(desk)
    desk.open_portfolio(book)
    tick_until(desk, lambda news: news.portfolio_changed)
    desk.read_address(ADDRESS)
    notice(desk, "No answer")
    assert desk.portfolio.path == book
    assert accounts_of(desk) == ["main"]
    assert any("nothing is known of it yet" in text for text in desk.portfolio.warnings)


def test_a_closed_book_takes_the_live_accounts_along(addresses, make_desk):
    desk = make_desk()
    opened(desk)
    desk.read_address(ADDRESS)
    tick_until(desk, lambda news: desk.portfolio)
    desk.close_portfolio()
    until_s = time.monotonic() + 0.2
    tick_until(desk, lambda news: time.monotonic() > until_s)
    assert desk.portfolio is None


def test_a_live_account_is_saved_as_a_file(addresses, make_desk, tmp_path):
    desk = make_desk()
    opened(desk)
    desk.read_address(ADDRESS)
    tick_until(desk, lambda news: desk.portfolio)
    copy = tmp_path / "copy.toml"
    desk.save_book(copy)
    notice(desk, "was saved")
    saved = read_portfolio(copy, Catalogue.embedded())
    assert [found.id for found in saved.accounts] == [ADDRESS_NAME]
    assert saved.accounts[0].positions[0].quantity == 1.0
    assert desk.portfolio.path is None  # what is open stays


# --- the view and the scenario --------------------------------------------------------------------


def test_the_feed_follows_the_view(desk):
    desk.set_view(dataclasses.replace(desk.view, interval_s=60))
    assert desk.feed.watched[-1].interval_s == 60
    desk.set_view(dataclasses.replace(desk.view, coin="ETH"))
    assert desk.feed.watched[-1].coin == "ETH"
    count = len(desk.feed.watched)
    desk.set_view(dataclasses.replace(desk.view, scenario_price=1.0))
    assert len(desk.feed.watched) == count


def test_a_view_is_news_once(desk):
    desk.set_view(dataclasses.replace(desk.view, over_h=1.0))
    assert desk.tick().view is desk.view
    assert desk.tick().view is None


def priced(desk, price, **news):
    """Say a mark and tick until it stands in the overview."""
    say_marks(desk.feed, price, **news)
    tick_until(desk, lambda news: news.overview and news.overview.mark_price)
    return desk.view.scenario_price


def test_the_default_price_of_the_scenario_stays_while_the_mark_is_above_it(desk):
    assert priced(desk, 71_234.0) == 60_000.0


def test_a_mark_below_the_default_price_makes_it_a_fall_by_a_tenth(desk):
    assert priced(desk, 57_312.0) == 51_600.0  # 51,580.8 with three digits


def test_the_price_is_fitted_once_and_does_not_run_after_the_mark(desk):
    priced(desk, 71_234.0)
    assert priced(desk, 55_000.0, now_ms=NOW_MS + 60_000) == 60_000.0


def test_another_coin_gets_a_price_of_its_own_and_no_scenario_before_that(desk, book):
    desk.open_portfolio(book)
    say_marks(desk.feed, 70_000.0)
    tick_until(desk, lambda news: news.scenario)
    desk.set_view(dataclasses.replace(desk.view, coin="ETH"))
    assert desk.scenario is None
    # without a price of ether 60,000 would be nonsense: nothing is asked
    assert tick_until(desk, lambda news: news.risk)
    assert desk.scenario is None
    ether = mark(ETHER, 2_000.0, as_of_ms=NOW_MS)
    assert priced(desk, 70_000.0, facts=[ether]) == 1_800.0
    assert tick_until(desk, lambda news: news.scenario).moves == {"ETH": 1_800.0}


def test_a_price_that_the_user_chose_is_left_alone(desk):
    desk.set_view(dataclasses.replace(desk.view, scenario_price=75_000.0))
    assert priced(desk, 71_234.0) == 75_000.0


def test_a_chosen_price_is_kept_per_coin(desk):
    ether = mark(ETHER, 2_000.0, as_of_ms=NOW_MS)
    priced(desk, 71_234.0, facts=[ether])
    desk.set_view(dataclasses.replace(desk.view, scenario_price=62_000.0))
    desk.set_view(dataclasses.replace(desk.view, coin="ETH"))
    assert priced(desk, 71_234.0, facts=[ether]) == 1_800.0
    desk.set_view(dataclasses.replace(desk.view, scenario_price=1_500.0))
    desk.set_view(dataclasses.replace(desk.view, coin="BTC"))
    assert desk.view.scenario_price == 62_000.0
    desk.set_view(dataclasses.replace(desk.view, coin="ETH"))
    assert desk.view.scenario_price == 1_500.0


def test_the_users_price_survives_another_source(desk, feeds):
    desk.set_view(dataclasses.replace(desk.view, scenario_price=75_000.0))
    desk.open_source("tape:two")
    opened(desk)
    assert priced(desk, 71_234.0) == 75_000.0


def test_a_fitted_price_is_fitted_again_to_another_source(desk):
    assert priced(desk, 57_312.0) == 51_600.0
    desk.open_source("tape:two")
    opened(desk)
    assert priced(desk, 71_234.0) == 60_000.0


def test_a_new_view_is_calculated_without_waiting_for_the_next_turn(desk, book):
    desk.open_portfolio(book)
    say_marks(desk.feed, 70_000.0)
    tick_until(desk, lambda news: news.scenario)
    desk._answers._risk_every._next_s = float("inf")
    desk.set_view(dataclasses.replace(desk.view, scenario_price=65_000.0))
    assert tick_until(desk, lambda news: news.scenario).moves == {"BTC": 65_000.0}


# --- answers --------------------------------------------------------------------------------------


class _HeldWork(RiskWork):
    """Answers when it is allowed to."""

    def __init__(self):
        super().__init__()
        self.asked, self.allowed = threading.Event(), threading.Event()

    def __call__(self, request):
        self.asked.set()
        self.allowed.wait(PATIENCE_S)
        return super().__call__(request)


def test_an_answer_about_the_market_before_is_not_shown(desk, book):
    work = _HeldWork()
    desk._answers._risk_worker.stop()
    desk._answers._risk_worker = LatestWorker("risk", work)
    desk._answers._risk_worker.start()
    desk.open_portfolio(book)
    say_marks(desk.feed, 70_000.0)
    tick_until(desk, lambda news: work.asked.is_set())
    desk.open_source("tape:two")
    opened(desk)
    work.allowed.set()
    say_marks(desk.feed, 50_000.0)
    assert tick_until(desk, lambda news: news.risk).positions[0].mark_price == 50_000.0


def test_the_map_comes_from_the_watched_market(desk):
    bars = candles_of(np.linspace(70_000, 71_000, 40), key=BINANCE, start_ms=NOW_MS - 40 * 900_000)
    say_marks(
        desk.feed,
        71_000.0,
        candles=[bars],
        facts=[interest(BINANCE, 1_000.0, 71e6, as_of_ms=NOW_MS)],
    )
    heatmap = tick_until(desk, lambda news: news.heatmap)
    assert (heatmap.coin, heatmap.interval_s) == ("BTC", 900)
    assert desk.heatmap is heatmap
    desk.set_view(dataclasses.replace(desk.view, coin="ETH"))
    assert desk.heatmap is None


def with_a_map(desk):
    for key in (BINANCE, BYBIT):
        bars = candles_of(np.linspace(70_000, 71_000, 40), key=key, start_ms=NOW_MS - 40 * 900_000)
        say_marks(
            desk.feed,
            71_000.0,
            candles=[bars],
            facts=[interest(key, 1_000.0, 71e6, as_of_ms=NOW_MS)],
        )
    tick_until(desk, lambda _: desk.heatmap is not None and len(desk.heatmap.venues) == 2)


def test_a_venue_that_is_switched_off_leaves_the_map_that_risk_rests_on_whole(desk):
    with_a_map(desk)
    assert desk.drawn_map is desk.heatmap
    off = AS_KNOWN.with_venue("bybit", on=False)
    desk.set_view(dataclasses.replace(desk.view, map=off))
    assert desk.drawn_map is None  # that of before is not what is asked for
    tick_until(desk, lambda _: desk.drawn_map)
    assert desk.drawn_map.off == ("bybit",)
    assert desk.drawn_map.venues == ("binanceusdm",)
    assert desk.heatmap.venues == ("binanceusdm", "bybit")
    desk.set_view(dataclasses.replace(desk.view, map=AS_KNOWN))
    assert desk.drawn_map is desk.heatmap


def test_a_fit_that_is_asked_for_ends_in_a_sentence(desk):
    with_a_map(desk)
    desk.refit_map()
    said = notice(desk, "No leverage was fitted")
    assert said
    assert not any("fitted" in text for text in desk.tick().notices)  # once


def test_notices_of_the_feed_are_passed_on(desk):
    desk.feed.say(NOW_MS, notices=["okx has closed for lunch."])
    assert notice(desk, "lunch")


def test_a_failure_that_repeats_is_said_once(desk, book, monkeypatch):
    desk.open_portfolio(book)
    say_marks(desk.feed, 70_000.0)
    failures = []
    monkeypatch.setattr(desk._answers._risk_worker, "take_failure", lambda: "risk: broken")
    for _ in range(3):
        failures += [text for text in desk.tick().notices if text == "risk: broken"]
    assert failures == ["risk: broken"]


# --- settings, files, the end ---------------------------------------------------------------------


def changed(old, page, **values):
    return dataclasses.replace(old, **{page: dataclasses.replace(getattr(old, page), **values)})


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


# --- decisions and the copy -----------------------------------------------------------------------


@pytest.fixture
def decided(desk, book):
    """A desk that has decided what to do about its book at 60,000."""
    desk.open_portfolio(book)
    tick_until(desk, lambda news: news.portfolio_changed)
    say_marks(desk.feed, 71_000.0)
    tick_until(desk, lambda news: news.decision)
    return desk


def test_a_decision_follows_the_scenario_and_brings_its_repair(decided):
    assert decided.decision.terms.moves == decided.scenario.moves == {"BTC": 60_000.0}
    assert decided.scenario.repair == decided.decision.repair


def test_a_live_mark_of_the_book_is_asked_about_at_once_and_as_a_whole(desk, book, monkeypatch):
    desk.open_portfolio(book)
    say_marks(desk.feed, 70_000.0)
    tick_until(desk, lambda news: news.risk and news.risk.positions[0].mark_price == 70_000.0)
    tick_until(desk, lambda news: news.decision)
    asked = []
    monkeypatch.setattr(desk._answers._risk_worker, "submit", asked.append)
    desk._answers._risk_every = Every(3_600.0)
    desk._answers._risk_every.due()  # its turn has just been
    desk.feed.say(NOW_MS + 1, facts=[mark(btc("okx"), 69_000.0, as_of_ms=NOW_MS + 1)])
    desk.tick()
    assert asked == []  # nothing is held there
    for price in (69_000.0, 68_000.0):
        desk.set_view(dataclasses.replace(desk.view, scenario_price=price - 10_000.0))  # dragged
        say_marks(desk.feed, price)
        desk.tick()
        assert asked[-1].snapshot.marks[BINANCE].mark_price == price
    assert [request.coarse for request in asked] == [False, False]


def test_marks_of_a_tape_wait_for_their_turn(make_desk, book, monkeypatch):
    desk = make_desk(settings("tape:one"))
    opened(desk)
    desk.open_portfolio(book)
    say_marks(desk.feed, 70_000.0)
    tick_until(desk, lambda news: news.risk)
    asked = []
    monkeypatch.setattr(desk._answers._risk_worker, "submit", asked.append)
    desk._answers._risk_every = Every(3_600.0)
    desk._answers._risk_every.due()
    say_marks(desk.feed, 69_000.0)
    desk.tick()
    assert asked == []


def test_a_scenario_that_is_dragged_keeps_no_repair_of_another_price(decided):
    moved = dataclasses.replace(decided.view, scenario_price=50_000.0)
    decided.set_view(moved)
    tick_until(
        decided, lambda news: news.decision and news.decision.terms.moves == {"BTC": 50_000.0}
    )
    assert decided.scenario.moves == {"BTC": 50_000.0}
    assert decided.scenario.repair == decided.decision.repair


def test_what_takes_long_waits_until_a_dragged_price_rests(decided):
    decided._answers._decision_worker._worker.took_s = 1.0
    moved, end = decided.view, time.monotonic() + 4 * REST_S
    while time.monotonic() < end:
        moved = dataclasses.replace(moved, scenario_price=moved.scenario_price - 1.0)
        decided.set_view(moved)
        news = decided.tick()
        assert news.decision is None
        time.sleep(0.005)
    assert decided.scenario.moves["BTC"] < 60_000.0  # answers came all the while
    tick_until(
        decided, lambda news: news.decision and news.decision.terms.moves == decided.scenario.moves
    )
    assert decided.decision.terms.moves == {"BTC": moved.scenario_price}


def test_while_a_price_is_dragged_the_book_is_still_looked_at(decided):
    decided._answers._whole_every.restart(0.05)
    moved, looked = decided.view, 0
    risk, end = decided.risk, time.monotonic() + 5.0
    while looked < 1 and time.monotonic() < end:
        moved = dataclasses.replace(moved, scenario_price=moved.scenario_price - 1.0)
        decided.set_view(moved)
        decided.tick()
        looked += decided.risk is not risk
        time.sleep(0.005)
    assert looked


def test_repairs_may_be_asked_to_hold_beyond_the_scenario(decided):
    decided.set_view(dataclasses.replace(decided.view, unfavourable=True))
    harder = tick_until(
        decided,
        lambda news: (
            news.decision and news.decision.endured.moves["BTC"] < 60_000 and news.decision
        ),
    )
    assert harder.terms.moves == {"BTC": 60_000.0}
    assert harder.rescue.scenario == harder.endured


def test_a_copy_stands_beside_the_book_until_another_book_comes(decided, tmp_path):
    copy = copy_of(decided.portfolio)
    decided.set_copy(copy)
    assert decided.tick().copy_changed
    found = tick_until(decided, lambda news: news.decision and news.decision.what_if)
    assert found.portfolio == copy
    decided.save_copy(tmp_path / "copy.toml")
    notice(decided, "copy.toml was saved.")
    assert decided.portfolio.name != copy.name  # the book stays open
    decided.open_portfolio(tmp_path / "copy.toml")
    tick_until(decided, lambda news: news.portfolio_changed)
    assert decided.copy is None


def test_the_models_say_what_they_lack_and_answer_to_their_settings(make_desk, book):
    given = settings()
    desk = make_desk(dataclasses.replace(given, risk=RiskSettings(implied_volatility=0.6)))
    feed = opened(desk)
    desk.open_portfolio(book)
    say_marks(feed, 70_000.0)
    touch = tick_until(desk, lambda news: news.scenario and news.scenario.touch)
    assert touch.touches[0].price == desk.view.scenario_price
    assert desk.scenario.cascade is None
    assert not any("cascade" in problem for problem in desk.scenario.problems)
    desk.apply_settings(dataclasses.replace(given, risk=RiskSettings(cascade=True)))
    tick_until(desk, lambda news: news.scenario and len(news.scenario.problems) == 2)
    assert "liquidation map" in desk.scenario.problems[0]
    assert "touch probability" in desk.scenario.problems[1]


# --- blind ----------------------------------------------------------------------------------------


def test_when_no_mark_is_fresh_the_last_report_is_shown_and_the_truth_is_told(desk, book):
    desk.open_portfolio(book)
    say_marks(desk.feed, 70_000.0)
    whole = tick_until(desk, lambda news: news.risk and news.scenario and news.risk)
    desk.feed.now_ms = NOW_MS + 10 * 60_000  # nothing comes; every mark is stale now
    sight = tick_until(desk, lambda news: news.sight if news.sight and news.sight.blind else None)
    assert sight.now_ms - sight.blind_since_ms == 10 * 60_000
    assert desk.risk.totals == whole.totals
    assert desk.scenario is not None
    told, _ = desk.known_now
    assert told.totals.not_included == ("main",)
    assert told.positions[0].mark_price is None
    say_marks(desk.feed, 69_000.0, now_ms=NOW_MS + 11 * 60_000)
    tick_until(desk, lambda news: news.sight and not news.sight.blind)
    assert desk.risk.positions[0].mark_price == 69_000.0
    assert desk.known_now[0] is desk.risk


def test_another_source_voids_what_was_known_of_the_book(desk, book):
    desk.open_portfolio(book)
    say_marks(desk.feed, 70_000.0)
    tick_until(desk, lambda news: news.scenario)
    desk.open_source("fake:silent")
    tick_until(desk, lambda news: news.source)
    assert desk.risk is desk.scenario is desk.decision is None
    assert desk.known_now == (None, None)


def test_the_pace_of_a_coin_that_is_not_watched_is_known_by_its_mark_candles(desk, book):
    hour_ago = candles_of(
        np.full(120, 72_000.0), key=BINANCE, interval_s=60, start_ms=NOW_MS - 7_200_000
    )
    marks = dataclasses.replace(hour_ago, price=CandlePrice.MARK)
    desk.set_view(dataclasses.replace(desk.view, coin="ETH"))
    desk.open_portfolio(book)
    say_marks(desk.feed, 70_000.0, candles=[marks])
    tick_until(desk, lambda news: news.risk)
    paces = coin_paces(desk.store, desk.portfolio)
    assert paces["BTC"] == pytest.approx(70 / 72 - 1, rel=0.05)


def test_the_coins_of_typed_rules_are_watched_from_when_they_are_typed(desk):
    rules = ("SOL price < 100", "warn eth price crosses 2k", "okx down", "BTC prise < 1")
    desk.apply_settings(changed(desk.settings, "alerts", rules=rules))
    assert desk.feed.watched[-1].coins == {"SOL", "ETH"}
    desk.apply_settings(changed(desk.settings, "alerts", rules=()))
    assert desk.feed.watched[-1].coins == frozenset()


def test_alerts_are_exported_and_how_it_went_is_said(desk, tmp_path):
    desk.export_alerts(tmp_path / "alerts.csv")
    assert notice(desk, "0 alerts were written to")
    desk.export_alerts(tmp_path / "nowhere" / "alerts.csv")
    assert notice(desk, "could not be written")
