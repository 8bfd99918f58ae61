"""The desk, driven tick by tick: the book, and what is seen of it."""

from __future__ import annotations

import dataclasses
from functools import partial

import numpy as np
import pytest

from tests.workstation.market.facts import btc, candles_of
from tests.workstation.portfolio.books import account, json_file, position
from tests.workstation.services.desks import (
    BINANCE,
    NOW_MS,
    changed,
    notice,
    opened,
    say_marks,
    settings,
    taken,
    tick_until,
)
from workstation.errors import ExchangeUnavailableError
from workstation.exchanges.accounts.base import AccountReading
from workstation.market.catalogue import Catalogue
from workstation.market.facts import CandlePrice
from workstation.market.instrument import Contract, Instrument, MarketKey
from workstation.portfolio.formats.registry import read as read_portfolio
from workstation.portfolio.model import Account, Position
from workstation.risk.report import MarkSource
from workstation.services import desk_book
from workstation.services.live_accounts import LiveAccounts
from workstation.services.risk_service import coin_paces
from workstation.units import HOUR_MS


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
    assert desk.portfolio.markets == {new}


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


def test_a_closed_file_leaves_the_live_accounts_and_they_can_be_removed(addresses, make_desk, book):
    desk = make_desk()
    opened(desk)
    desk.open_portfolio(book)
    desk.read_address(ADDRESS)
    tick_until(desk, lambda news: accounts_of(desk) == ["main", ADDRESS_NAME])
    desk.close_portfolio()
    assert desk.tick().portfolio_changed
    assert desk.from_file is None
    assert accounts_of(desk) == [ADDRESS_NAME] == [state.source.id for state in desk.live]
    desk.remove_account(ADDRESS_NAME)
    tick_until(desk, lambda news: news.portfolio_changed and not desk.live)
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


def test_a_tape_that_is_wound_back_voids_what_is_of_later(make_desk, book, monkeypatch):
    desk = make_desk(settings("tape:one"))
    opened(desk)
    desk.open_portfolio(book)
    say_marks(desk.feed, 70_000.0)
    tick_until(desk, lambda news: news.risk and news.risk.positions[0].mark_price)
    later = desk._answers.newest
    desk.feed.outbox.restart()
    desk.feed.seek(NOW_MS - HOUR_MS)  # nothing is known at that time
    with monkeypatch.context() as patched:
        patched.setattr(desk._answers._risk_worker, "take", lambda: later)  # was on its way
        taken(desk)
    assert desk.risk is desk.scenario is None
    assert tick_until(desk, lambda news: news.risk).positions[0].mark_price is None
    assert not desk.sight.blind


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
