"""The engine without a window: which mark is used, and what a question becomes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from tests.workstation.portfolio.books import account, json_file, position
from workstation.errors import PortfolioFileError, RiskInputError, UsageError
from workstation.market.facts import MarkPrice
from workstation.market.instrument import MarketKey
from workstation.risk.report import EventKind, MarkSource
from workstation.risk.scenario import Scenario
from workstation.risk.touch import touch_probability
from workstation.services import headless, mark_cache
from workstation.services.headless import Book, Ladder, MarkOption, Models, Move, Question
from workstation.services.scenario_library import named
from workstation.units import UnixMs, now_ms

BINANCE = MarketKey("binanceusdm", "BTC/USDT:USDT")


def book(path: Any, *marks: MarkOption, max_mark_age_s: float = 60.0) -> Book:
    return Book(path=path, marks=marks, max_mark_age_s=max_mark_age_s)


def cache(key: MarketKey, price: float, age_s: float = 10.0) -> None:
    at_ms = UnixMs(now_ms() - round(age_s * 1_000))
    mark_cache.save([MarkPrice(key=key, as_of_ms=at_ms, fresh_for_ms=1, mark_price=price)])


def isolated_long(**changes: Any) -> dict[str, Any]:
    """2 BTC bought at 70,000 with 25x: 5,600 of margin, bankrupt at 67,200."""
    given = {"quantity": 2, "entry_price": 70_000, "leverage": 25, "margin_mode": "isolated"}
    return position(**(given | {"mark_price": 70_000} | changes))


# --- marks ----------------------------------------------------------------------------------------


def test_the_files_mark_stands_before_a_cached_one(tmp_path):
    cache(BINANCE, 65_000.0)
    path = json_file(tmp_path, account(position(mark_price=64_000)))
    (row,) = headless.risk_now(book(path)).positions
    assert (row.mark_price, row.mark_source) == (64_000.0, MarkSource.FILE)


def test_an_option_stands_before_the_file(tmp_path):
    path = json_file(tmp_path, account(position(mark_price=64_000)))
    option = MarkOption(symbol="BTC/USDT:USDT", price=63_000.0)
    (row,) = headless.risk_now(book(path, option)).positions
    assert (row.mark_price, row.mark_source) == (63_000.0, MarkSource.OPTION)
    assert row.unrealized_pnl == pytest.approx(2.4 * (63_000 - 64_390))


def test_an_option_may_be_meant_for_one_venue(tmp_path):
    accounts = [
        account(position(mark_price=64_000), id=venue, venue=venue)
        for venue in ("binanceusdm", "bybit")
    ]
    option = MarkOption(symbol="BTC/USDT:USDT", price=63_000.0, venue="bybit")
    report = headless.risk_now(book(json_file(tmp_path, *accounts), option))
    assert [row.mark_price for row in report.positions] == [64_000.0, 63_000.0]


def test_a_cached_mark_is_used_with_its_age(tmp_path):
    cache(BINANCE, 65_000.0, age_s=30)
    (row,) = headless.risk_now(book(json_file(tmp_path, account(position())))).positions
    assert (row.mark_price, row.mark_source) == (65_000.0, MarkSource.CACHE)
    assert row.mark_age_s == pytest.approx(30, abs=5)


def test_an_old_cached_mark_is_refused_unless_it_is_asked_for(tmp_path):
    cache(BINANCE, 65_000.0, age_s=3_000)
    path = json_file(tmp_path, account(position()))
    with pytest.raises(RiskInputError, match=r"--max-mark-age 300[0-9] to use"):
        headless.risk_now(book(path))
    (row,) = headless.risk_now(book(path, max_mark_age_s=4_000)).positions
    assert row.mark_source is MarkSource.CACHE


def test_every_position_without_a_mark_is_named_and_how_to_give_one(tmp_path):
    held = account(position(), position(symbol="ETH/USDT:USDT"), balances={"USDT": 1})
    with pytest.raises(RiskInputError) as refusal:
        headless.risk_now(book(json_file(tmp_path, held)))
    said = refusal.value.user_message
    assert said.startswith("BTC/USDT:USDT at binanceusdm, ETH/USDT:USDT at binanceusdm: ")
    assert "give one with --mark BTC/USDT:USDT=PRICE, or as mark_price of the position" in said


def test_an_option_for_a_market_that_the_book_lacks_is_refused(tmp_path):
    path = json_file(tmp_path, account(position(mark_price=64_000)))
    option = MarkOption(symbol="SOL/USDT:USDT", price=90.0)
    with pytest.raises(UsageError, match="no market SOL/USDT:USDT; it has BTC/USDT:USDT"):
        headless.risk_now(book(path, option))


def test_a_balance_is_valued_by_an_option_else_by_the_cache(tmp_path):
    cache(MarketKey("bybit", "ETH/USDT:USDT"), 2_000.0)
    held = account(position(mark_price=64_390), balances={"USDT": 100.0, "ETH": 3.0})
    path = json_file(tmp_path, held)
    assert headless.risk_now(book(path)).totals.equity_usd == pytest.approx(100 + 3 * 2_000)
    option = MarkOption(symbol="ETH/USDT:USDT", price=2_500.0)
    assert headless.risk_now(book(path, option)).totals.equity_usd == pytest.approx(100 + 3 * 2_500)


def test_a_cached_price_never_replaces_a_positions_own(tmp_path):
    cache(MarketKey("bybit", "BTC/USDT:USDT"), 50_000.0)
    held = account(position(mark_price=64_390), balances={"BTC": 1.0})
    report = headless.risk_now(book(json_file(tmp_path, held)))
    assert report.totals.equity_usd == pytest.approx(64_390)


def test_a_bad_file_is_refused(tmp_path):
    with pytest.raises(PortfolioFileError, match="does not exist"):
        headless.risk_now(book(tmp_path / "missing.toml"))


# --- moves ----------------------------------------------------------------------------------------


def test_a_percentage_and_the_price_that_it_gives_mean_the_same(tmp_path):
    path = json_file(tmp_path, account(isolated_long()))
    by_price = headless.ask(book(path), Question(moves=[Move(coin="BTC", price=69_300.0)]))
    by_share = headless.ask(book(path), Question(moves=[Move(coin="BTC", fraction=-0.01)]))
    assert by_share.after.moves == pytest.approx(by_price.after.moves)
    assert by_share.after.pnl_usd == pytest.approx(by_price.after.pnl_usd)
    assert by_share.after.pnl_usd == pytest.approx(-1_400.0)  # 2 BTC, 700 each


def test_a_coin_is_found_whatever_its_case(tmp_path):
    path = json_file(tmp_path, account(isolated_long()))
    answer = headless.ask(book(path), Question(moves=[Move(coin="btc", price=69_000.0)]))
    assert dict(answer.after.moves) == {"BTC": 69_000.0}


def test_a_move_of_a_coin_that_the_book_lacks_is_refused(tmp_path):
    path = json_file(tmp_path, account(isolated_long()))
    with pytest.raises(UsageError, match="DOGE is no coin of this book; it has BTC"):
        headless.ask(book(path), Question(moves=[Move(coin="DOGE", price=1.0)]))


def test_bitcoin_may_drive_a_book_without_it_once_its_price_is_given(tmp_path):
    held = account(position(symbol="ETH/USDT:USDT", entry_price=2_000, mark_price=2_000))
    path, question = json_file(tmp_path, held), Question(moves=[Move(coin="BTC", fraction=-0.1)])
    with pytest.raises(RiskInputError, match="give one with --mark BTC/USDT:USDT=PRICE"):
        headless.ask(book(path), question)
    answer = headless.ask(book(path, MarkOption(symbol="BTC/USDT:USDT", price=70_000.0)), question)
    assert dict(answer.after.moves) == {"BTC": pytest.approx(63_000.0)}
    (price,) = answer.after.prices
    assert price.price == pytest.approx(2_000 * 0.9**1.25)  # the default beta


def test_a_ladder_needs_no_move_and_starts_each_price_at_the_mark(tmp_path):
    path = json_file(tmp_path, account(isolated_long()))
    ladder = Ladder(coin="BTC", prices=np.array([60_000.0, 69_000.0, 71_000.0]))
    answer = headless.ask(book(path), Question(ladder=ladder))
    assert not answer.after.events
    assert answer.after.ladder is not None
    assert answer.after.ladder.pnl_usd == pytest.approx([-5_600.0, -2_000.0, 2_000.0])
    assert answer.after.ladder.liquidated == pytest.approx([1, 0, 0])


# --- liquidated or not ----------------------------------------------------------------------------


def liquidates(path: Any, question: Question) -> bool:
    return headless.ask(book(path), question).liquidates()


def test_a_liquidation_on_the_way_or_on_the_ladder_counts(tmp_path):
    path = json_file(tmp_path, account(isolated_long()))
    far, near = Move(coin="BTC", price=60_000.0), Move(coin="BTC", price=69_000.0)
    answer = headless.ask(book(path), Question(moves=[far]))
    assert [event.kind for event in answer.after.events] == [EventKind.LIQUIDATION]
    assert answer.liquidates()
    assert not liquidates(path, Question(moves=[near]))
    rung = Ladder(coin="BTC", prices=np.array([60_000.0]))
    assert liquidates(path, Question(moves=[near], ladder=rung))


def test_a_stop_is_no_liquidation(tmp_path):
    stop = {"symbol": "BTC/USDT:USDT", "side": "sell", "type": "stop", "quantity": 2}
    held = account(isolated_long(), orders=[stop | {"price": 69_000, "reduce_only": True}])
    question = Question(moves=[Move(coin="BTC", price=60_000.0)])
    path = json_file(tmp_path, held)
    assert not liquidates(path, question)
    ignoring = Question(moves=question.moves, terms=Scenario(moves={}, use_orders=False))
    assert liquidates(path, ignoring)


def test_what_cannot_be_told_counts_as_a_liquidation(tmp_path):
    # okx has no tier table for this market: no liquidation price can be computed
    held = account(
        position(symbol="DOGE/USDT:USDT", entry_price=0.1, mark_price=0.1, leverage=5),
        venue="okx",
        balances={"USDT": 1_000.0},
    )
    question = Question(moves=[Move(coin="DOGE", fraction=-0.001)])
    assert liquidates(json_file(tmp_path, held), question)


# --- the models -----------------------------------------------------------------------------------


def asked_models(tmp_path, models, entry=None, **terms):
    path = json_file(tmp_path, account(isolated_long()))
    moves = () if entry else (Move(coin="BTC", price=60_000.0),)
    terms = Scenario(moves={}, funding_rate_8h=0.0, **terms)
    question = Question(moves=moves, terms=terms, entry=entry, models=models)
    return headless.ask(book(path), question).after


def test_without_a_recording_the_cascade_is_null_with_a_sentence(tmp_path):
    report = asked_models(tmp_path, Models(cascade=True))
    assert report.cascade is report.touch is None
    assert any("cascade" in problem and "map" in problem for problem in report.problems)


def test_a_volatility_of_ones_own_is_enough_for_the_touch_probability(tmp_path):
    report = asked_models(tmp_path, Models(implied_volatility=0.55))
    week = report.touch.touches[0].bands[1]
    assert (week.horizon_days, week.low, week.high) == (7, week.mid, week.mid)
    assert week.mid == pytest.approx(touch_probability(math.log(6 / 7), 7 / 365, 0.55))
    assert not any("cascade" in problem for problem in report.problems)


def test_models_that_are_not_asked_are_null_without_a_sentence(tmp_path):
    report = asked_models(tmp_path, None)
    assert report.cascade is report.touch is None
    assert report.problems == ()


def test_a_recording_answers_both_models_the_same_way_every_time(tmp_path, recording):
    models = Models(cascade=True, recording=recording)
    first, second = (asked_models(tmp_path, models, over_h=6.0) for _ in range(2))
    assert first.cascade == second.cascade
    assert first.touch == second.touch
    assert first.cascade.price.p5 <= first.cascade.price.p50 <= first.cascade.price.p95 <= 60_001
    assert first.cascade.deaths[0].share == 1.0  # the long dies long before 60,000
    (said,) = first.problems  # the book's mark is 70,000
    assert said.startswith("The recording ends with BTC at ")


def test_a_scenario_of_the_library_brings_its_moves_and_its_adl(tmp_path):
    report = asked_models(tmp_path, None, named("2025-10-10-adl"))
    assert report.moves["BTC"] == pytest.approx(70_000 * (1 - 0.1644))
    assert {event.kind for event in report.events} == {EventKind.LIQUIDATION}
