"""What is kept of a book while its prices are missing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.workstation.risk.worlds import BTC, ETH, account, book, isolated, world
from workstation.market.facts import VenueHealth, VenueState
from workstation.market.instrument import MarketKey
from workstation.risk.engine import evaluate
from workstation.services.sight import LastSeen, answers
from workstation.units import UnixMs

BINANCE, OKX = MarketKey("binanceusdm", BTC), MarketKey("okx", ETH)
BOOK = book(
    account(isolated(BTC, 1.0, 60_000.0, 1_500.0), venue="binanceusdm", name="near"),
    account(isolated(ETH, 1.0, 2_000.0, 1_000.0), venue="okx", name="far"),
)
MARKS = {tuple(BINANCE): 60_000.0, tuple(OKX): 2_000.0}


def seen_at(seconds, *silent):
    """Return the report of a moment at which some markets have no mark any more."""
    marks = {key: price for key, price in MARKS.items() if MarketKey(*key) not in silent}
    inputs = replace(world(marks=marks), silent=frozenset(silent))
    return replace(evaluate(BOOK, inputs), as_of_ms=UnixMs(seconds * 1_000))


@pytest.fixture
def look():
    keeper = LastSeen()

    def look(report):
        sight = keeper.look(report, None, some_venue_answers=False)
        return sight, keeper.risk

    return look


def test_a_book_that_is_seen_whole_is_neither_blind_nor_lost(look):
    sight, kept = look(report := seen_at(1))
    assert (sight.blind, sight.lost, kept) == (False, None, report)


def test_without_any_mark_the_last_whole_report_stays_with_its_time(look):
    look(whole := seen_at(1))
    sight, kept = look(seen_at(20, BINANCE, OKX))
    assert (sight.blind_since_ms, sight.now_ms) == (1_000, 20_000)
    assert kept is whole


def test_blind_since_counts_from_the_last_mark_of_all(look):
    look(whole := seen_at(1))
    look(seen_at(5, BINANCE))
    sight, kept = look(seen_at(20, BINANCE, OKX))
    assert sight.blind_since_ms == 5_000
    assert kept is whole


def test_what_was_next_of_a_pool_that_is_not_seen_is_not_replaced_by_a_calmer_one(look):
    look(whole := seen_at(1))
    assert whole.next_liquidation.account == "near"
    half = seen_at(5, BINANCE)
    assert half.next_liquidation.account == "far"
    sight, _ = look(half)
    assert (sight.lost, sight.lost_since_ms) == (whole.next_liquidation, 1_000)
    assert not sight.blind


def test_a_far_one_that_is_lost_does_not_hide_what_is_near(look):
    look(seen_at(1))
    sight, _ = look(seen_at(5, OKX))
    assert sight.lost is None


def test_sight_comes_back_with_the_marks(look):
    look(seen_at(1))
    look(seen_at(20, BINANCE, OKX))
    sight, kept = look(back := seen_at(30))
    assert not sight.blind
    assert kept is back


def test_a_book_that_never_had_a_mark_is_not_called_blind(look):
    sight, _ = look(seen_at(1, BINANCE, OKX))
    assert not sight.blind


def test_a_venue_answers_when_its_state_is_live():
    down = VenueHealth(venue="okx", state=VenueState.DOWN)
    live = VenueHealth(venue="bybit", state=VenueState.LIVE)
    assert not answers([])
    assert not answers([down])
    assert answers([down, live])
