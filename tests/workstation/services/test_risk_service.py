"""One isolated long, hand calculated: what the worker answers, and what it keeps between answers.

1 BTC at 70,000 with 7,000 of isolated margin and a maintenance rate of 0.5 %, without a fee:
7,000 + P - 70,000 = 0.005 P, so P = 63,000 / 0.995 = 63,316.58.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from tests.workstation.market.facts import FRESH_MS, btc, candles_of, funding, mark, store_of
from tests.workstation.risk.worlds import table
from workstation.market.catalogue import Catalogue
from workstation.market.consolidated import consolidate
from workstation.market.facts import CandlePrice, VenueHealth, VenueState
from workstation.market.feed import FeedMode
from workstation.portfolio.model import Account, MarginMode, Portfolio, Position
from workstation.risk.report import MarkSource, Status, Withdrawals
from workstation.risk.tiers import TierBook
from workstation.services.risk_service import (
    CURVE_POINTS,
    Move,
    RiskRequest,
    RiskWork,
    curve_prices,
    mark_candles,
)

BINANCE, BYBIT = btc("binanceusdm"), btc("bybit")
SERVED = tuple(
    VenueHealth(venue=venue, state=VenueState.LIVE) for venue in ("binanceusdm", "bybit")
)
LONG = Position(
    symbol="BTC/USDT:USDT",
    quantity=1.0,
    entry_price=70_000.0,
    leverage=10.0,
    margin_mode=MarginMode.ISOLATED,
    isolated_margin=7_000.0,
    maintenance_rate=0.005,
)
SECOND = 1_000


def book(*positions, as_of_ms=0, balances=None):
    account = Account(
        id="main",
        venue="binanceusdm",
        positions=positions or (LONG,),
        balances=balances or {"USDT": 100.0},
        taker_fee=0.0,
    )
    return Portfolio(accounts=(account,), as_of_ms=as_of_ms, name="test")


BOOK = book()


def request(portfolio, *facts, now_ms=0, epoch=1, move_to=None, candles=()):
    store = store_of(*facts, now_ms=now_ms, health=SERVED, candles=candles)
    move = Move(coin="BTC", price=move_to or 60_000.0, over_h=0.0, use_betas=True, buffer=0.0)
    return RiskRequest(
        epoch=epoch,
        portfolio=portfolio,
        snapshot=store.snapshot(),
        catalogue=Catalogue.embedded(),
        overview=consolidate("BTC", store),
        move=move if move_to else None,
        candles=mark_candles(store, portfolio.markets),
    )


def at(price, now_ms=0, portfolio=BOOK, **options):
    """A request in which both venues have one fresh mark."""
    marks = (mark(BINANCE, price, as_of_ms=now_ms), mark(BYBIT, price, as_of_ms=now_ms))
    return request(portfolio, *marks, now_ms=now_ms, **options)


def row(answer):
    return answer.risk.positions[0]


def mark_bars(closes, **options):
    return dataclasses.replace(candles_of(closes, **options), price=CandlePrice.MARK)


def test_a_position_is_valued_at_its_venues_fresh_mark():
    answer = RiskWork()(at(71_000.0))
    assert row(answer).mark_price == 71_000.0
    assert row(answer).mark_source is MarkSource.VENUE
    assert row(answer).unrealized_pnl == pytest.approx(1_000.0)
    assert row(answer).liquidation_price == pytest.approx(63_000 / 0.995, rel=1e-3)


def test_a_stale_venues_position_moves_with_the_live_ones():
    work = RiskWork()
    work(at(70_000.0))
    later_ms = FRESH_MS + SECOND
    facts = (mark(BINANCE, 70_000.0), mark(BYBIT, 66_500.0, as_of_ms=later_ms))
    answer = work(request(BOOK, *facts, now_ms=later_ms))
    assert row(answer).mark_price == pytest.approx(66_500.0)
    assert row(answer).mark_source is MarkSource.ESTIMATED
    assert row(answer).mark_age_s == later_ms / 1_000


def test_what_went_stale_is_still_known_after_the_book_was_read_again():
    work = RiskWork()
    work(at(70_000.0))
    later_ms = FRESH_MS + SECOND
    facts = (mark(BINANCE, 70_000.0), mark(BYBIT, 66_500.0, as_of_ms=later_ms))
    answer = work(request(book(as_of_ms=later_ms), *facts, now_ms=later_ms))
    assert row(answer).mark_price == pytest.approx(66_500.0)


def test_a_position_whose_only_venue_is_silent_is_unknown_though_the_file_has_a_mark():
    marked = book(dataclasses.replace(LONG, mark_price=71_000.0))
    work = RiskWork()
    work(at(70_000.0, portfolio=marked))
    answer = work(request(marked, mark(BINANCE, 70_000.0), now_ms=FRESH_MS + SECOND))
    assert row(answer).mark_price is None
    assert row(answer).status is Status.UNKNOWN


def test_the_files_mark_stands_in_until_the_venue_has_one():
    answer = RiskWork()(request(book(dataclasses.replace(LONG, mark_price=71_000.0))))
    assert (row(answer).mark_price, row(answer).mark_source) == (71_000.0, MarkSource.FILE)


def test_a_position_that_the_mark_has_passed_counts_as_lost_when_the_price_is_back():
    work = RiskWork()
    assert row(work(at(70_000.0))).status is Status.OK
    work(at(62_000.0, SECOND))
    answers = [work(at(70_000.0, time_ms)) for time_ms in (2 * SECOND, 3 * SECOND)]
    assert {row(answer).status for answer in answers} == {Status.PRESUMED_LIQUIDATED}
    problem, note = answers[-1].risk.problems
    assert note.startswith("USDT: counted as 1 USD")
    assert "62,000" in problem
    assert "1970-01-01T00:00:01Z (marks of this session)" in problem


def test_what_was_passed_keeps_its_price_wherever_the_mark_goes():
    work = RiskWork()
    price = row(work(at(70_000.0))).liquidation_price
    work(at(62_000.0, SECOND))
    later = (70_000.0, 61_000.0, 55_000.0)
    rows = [row(work(at(now, (k + 2) * SECOND))) for k, now in enumerate(later)]
    assert [held.liquidation_price for held in rows] == [price] * 3
    assert rows[-1].distance == pytest.approx(price / 55_000 - 1)


def test_a_wallet_that_was_passed_has_no_way_left_and_its_leg_the_price_of_then():
    held = dataclasses.replace(LONG, margin_mode=MarginMode.CROSS, isolated_margin=None)
    wallet = book(held, balances={"USDT": 7_000.0})
    work = RiskWork()
    answers = [work(at(p, k * SECOND, wallet)) for k, p in enumerate((70_000.0, 62_000.0))]
    answers += [work(at(p, (k + 2) * SECOND, wallet)) for k, p in enumerate((70_000.0, 61_000.0))]
    (pool,) = answers[-1].risk.accounts
    assert pool.status is Status.PRESUMED_LIQUIDATED
    assert pool.liquidation_coin_price is None
    assert row(answers[-1]).liquidation_price == row(answers[0]).liquidation_price


def test_what_stands_beyond_its_price_counts_as_lost_without_a_way_back():
    work = RiskWork()
    price = row(work(at(70_000.0))).liquidation_price
    assert row(work(at(62_000.0, SECOND))).status is Status.BELOW_MAINTENANCE
    now = work(at(61_500.0, 2 * SECOND))
    assert row(now).status is Status.PRESUMED_LIQUIDATED
    assert row(now).liquidation_price == price
    assert any("the mark stood at 62,000 at 1970-01-01T00:00:01Z" in p for p in now.risk.problems)
    assert now.risk.next_liquidation is None


def test_what_was_below_when_it_was_read_may_be_alive():
    work = RiskWork()
    for k in range(3):
        answer = work(at(62_000.0, k * SECOND, book(as_of_ms=0)))
        assert row(answer).status is Status.BELOW_MAINTENANCE


def test_what_was_alive_at_the_files_mark_alone_may_be_alive():
    marked = book(dataclasses.replace(LONG, mark_price=71_000.0))
    work = RiskWork()
    assert row(work(request(marked))).status is Status.OK
    for k in range(2):
        answer = work(at(62_000.0, (k + 1) * SECOND, marked))
        assert row(answer).status is Status.BELOW_MAINTENANCE


def test_an_account_that_is_read_anew_and_is_below_then_may_be_alive():
    work = RiskWork()
    work(at(70_000.0))
    anew = book(as_of_ms=SECOND)
    for k in range(2):
        assert row(work(at(62_000.0, (k + 1) * SECOND, anew))).status is Status.BELOW_MAINTENANCE


def test_what_falls_below_maintenance_by_other_tiers_is_not_presumed_lost():
    tiered = book(dataclasses.replace(LONG, maintenance_rate=None))
    shelf = {BINANCE: table((0, None, 0.005, 0))}
    work = RiskWork(lambda: TierBook(dict(shelf)))
    assert row(work(at(64_000.0, 0, tiered))).status is Status.OK
    shelf[BINANCE] = table((0, None, 0.05, 0))
    for k in range(2):
        answer = work(at(63_990.0, (k + 1) * SECOND, tiered))
        assert row(answer).status is Status.BELOW_MAINTENANCE


def test_a_pool_goes_whole_where_another_legs_mark_took_it():
    lots = (
        dataclasses.replace(LONG, margin_mode=MarginMode.CROSS, isolated_margin=None),
        dataclasses.replace(
            LONG, symbol="BTC/USDC:USDC", margin_mode=MarginMode.CROSS, isolated_margin=None,
            mark_price=70_000.0,
        ),
    )  # fmt: skip
    pair = book(*lots, balances={"USDT": 4_000.0, "USDC": 900.0})
    work = RiskWork()
    for k, price in enumerate((70_000.0, 65_000.0, 65_000.0)):
        answer = work(at(price, k * SECOND, pair))
    statuses = {held.symbol: held.status for held in answer.risk.positions}
    assert statuses["BTC/USDT:USDT"] is Status.PRESUMED_LIQUIDATED
    assert statuses["BTC/USDC:USDC"] is Status.OK  # another coin's wallet


def test_a_mark_that_comes_near_is_not_a_mark_that_passed():
    work = RiskWork()
    work(at(63_400.0))
    assert row(work(at(70_000.0, SECOND))).status is Status.OK


def test_an_estimated_mark_presumes_nothing():
    work = RiskWork()
    work(at(70_000.0))
    later_ms = FRESH_MS + SECOND
    facts = (mark(BINANCE, 70_000.0), mark(BYBIT, 62_000.0, as_of_ms=later_ms))
    work(request(BOOK, *facts, now_ms=later_ms))
    assert row(work(at(70_000.0, later_ms + SECOND))).status is Status.OK


def test_reading_a_book_that_is_true_now_clears_what_was_presumed():
    work = RiskWork()
    work(at(62_000.0))
    assert row(work(at(70_000.0, SECOND))).status is Status.PRESUMED_LIQUIDATED
    fresh = book(as_of_ms=2 * SECOND)
    assert row(work(at(70_000.0, 2 * SECOND, fresh))).status is Status.OK


def test_reading_a_book_of_the_same_moment_again_presumes_the_same():
    work = RiskWork()
    work(at(62_000.0))
    work(at(70_000.0, SECOND))
    assert row(work(at(70_000.0, 2 * SECOND, book()))).status is Status.PRESUMED_LIQUIDATED


@pytest.mark.parametrize(
    ("mode", "status"),
    [(FeedMode.REPLAY, Status.OK), (FeedMode.LIVE, Status.PRESUMED_LIQUIDATED)],
)
def test_a_tape_that_is_wound_back_forgets_and_a_clock_that_is_set_back_does_not(mode, status):
    work = RiskWork()
    for price, now_ms in ((70_000.0, SECOND), (62_000.0, 10 * SECOND), (70_000.0, 5 * SECOND)):
        asked = at(price, now_ms)
        snapshot = dataclasses.replace(asked.snapshot, mode=mode)
        answer = work(dataclasses.replace(asked, snapshot=snapshot))
    assert row(answer).status is status


def test_another_market_knows_nothing_of_the_last_one():
    work = RiskWork()
    work(at(62_000.0))
    assert row(work(at(70_000.0, SECOND, epoch=2))).status is Status.OK


def test_mark_candles_tell_what_happened_before_the_program_ran():
    now_ms = 300 * SECOND
    bars = mark_bars([70_000.0, 62_000.0, 69_000.0, 70_000.0], key=BINANCE, interval_s=60)
    work = RiskWork()
    work(at(70_000.0, now_ms, candles=[bars]))
    answer = work(at(70_000.0, now_ms, candles=[bars]))
    assert row(answer).status is Status.PRESUMED_LIQUIDATED
    assert "1970-01-01T00:01:00Z (1m mark candles of binanceusdm" in answer.risk.problems[0]


def test_candles_of_before_the_book_was_true_do_not_count():
    now_ms = 300 * SECOND
    bars = mark_bars([70_000.0, 62_000.0, 69_000.0, 70_000.0], key=BINANCE, interval_s=60)
    late = book(as_of_ms=200 * SECOND)
    assert row(RiskWork()(at(70_000.0, now_ms, late, candles=[bars]))).status is Status.OK


def test_a_trade_beyond_the_liquidation_price_liquidates_nobody():
    bars = candles_of([70_000.0, 62_000.0, 70_000.0], key=BINANCE, interval_s=60)
    assert row(RiskWork()(at(70_000.0, 300 * SECOND, candles=[bars]))).status is Status.OK


def test_a_book_that_is_younger_than_the_tape_is_watched_from_where_they_met():
    work = RiskWork()
    young = book(as_of_ms=10**12)
    work(at(70_000.0, SECOND, young))
    work(at(62_000.0, 2 * SECOND, young))
    assert row(work(at(70_000.0, 3 * SECOND, young))).status is Status.PRESUMED_LIQUIDATED


def test_the_scenario_has_the_moves_end_and_a_curve_around_the_mark():
    answer = RiskWork()(at(70_000.0, move_to=60_000.0))
    assert answer.scenario.moves == {"BTC": 60_000.0}
    # the isolated margin of 7,000 is lost on the way and nothing more
    assert answer.scenario.pnl_usd == pytest.approx(-7_000.0)
    curve = answer.scenario.ladder
    assert curve.coin == "BTC"
    # from 0.6 to 1.25 times the mark, at round prices
    assert curve.price[[0, -1]] == pytest.approx([42_000, 87_500])
    assert np.diff(curve.price) == pytest.approx(500)
    assert curve.equity_usd[-1] == pytest.approx(7_100 + 0.25 * 70_000)


def test_a_coarse_request_moves_the_scenario_at_the_last_prices_and_keeps_the_curve():
    work = RiskWork()
    whole = work(at(70_000.0, move_to=60_000.0))
    drag = dataclasses.replace(at(71_000.0, move_to=69_000.0), coarse=True, portfolio=BOOK)
    moved = work(drag)
    assert moved.coarse
    assert not whole.coarse
    assert moved.scenario.moves == {"BTC": 69_000.0}
    assert moved.scenario.pnl_usd == pytest.approx(-1_000.0)  # from 70,000, not from 71,000
    assert moved.scenario.ladder is whole.scenario.ladder
    assert moved.risk is whole.risk


def test_a_coarse_request_about_another_book_is_answered_whole():
    work = RiskWork()
    work(at(70_000.0, move_to=60_000.0))
    other = book(LONG, balances={"USDT": 5.0})
    drag = dataclasses.replace(at(70_000.0, move_to=69_000.0, portfolio=other), coarse=True)
    assert not work(drag).coarse


def test_a_venue_that_lets_nothing_out_is_known_to_the_engine():
    asked = dataclasses.replace(at(70_000.0), suspended=frozenset({"okx"}))
    assert RiskWork()(asked).inputs.withdrawals == {"okx": Withdrawals.SUSPENDED}


def test_what_counts_as_lost_is_not_lost_again_in_the_scenario():
    work = RiskWork()
    work(at(62_000.0))
    answer = work(at(70_000.0, SECOND, move_to=60_000.0))
    assert row(answer).status is Status.PRESUMED_LIQUIDATED
    assert answer.scenario.pnl_usd == pytest.approx(0.0)


def test_without_a_price_to_move_from_there_is_no_scenario():
    assert RiskWork()(request(BOOK, move_to=60_000.0)).scenario is None


def test_funding_that_is_no_longer_fresh_is_not_known():
    rate = funding(BINANCE, 0.0001)
    work = RiskWork()
    assert row(work(request(BOOK, mark(BINANCE, 70_000.0), rate))).next_funding_usd == (
        pytest.approx(-7.0)
    )
    later_ms = FRESH_MS + SECOND
    facts = (mark(BINANCE, 70_000.0, as_of_ms=later_ms), rate)
    assert row(work(request(BOOK, *facts, now_ms=later_ms))).next_funding_usd is None


def test_a_coin_that_is_held_but_not_traded_has_the_price_of_the_venues():
    ether = btc("bybit", "ETH/USDT:USDT")
    held = book(balances={"ETH": 2.0})
    answer = RiskWork()(request(held, mark(BINANCE, 70_000.0), mark(ether, 2_000.0)))
    # two ether and the isolated margin
    assert answer.risk.totals.equity_usd == pytest.approx(4_000.0 + 7_000.0)


# --- accounts that are read again -----------------------------------------------------------------


def two(live_ms, *, of_file=None):
    """The file's account, and a live one that was read at a time."""
    live = Account(id="live", venue="bybit", positions=(LONG,), as_of_ms=live_ms)
    return Portfolio(accounts=(of_file or BOOK.accounts[0], live), as_of_ms=0, name="both")


def statuses(answer):
    return {row.account: row.status for row in answer.risk.positions}


def test_a_reading_clears_the_account_that_was_read_and_no_other():
    lost = Status.PRESUMED_LIQUIDATED
    held = two(0)
    work = RiskWork()
    work(at(70_000.0, portfolio=held))
    work(at(63_000.0, now_ms=SECOND, portfolio=held))
    back = work(at(70_000.0, now_ms=2 * SECOND, portfolio=held))
    assert statuses(back) == {"main": lost, "live": lost}
    again = two(3 * SECOND, of_file=held.accounts[0])
    after = work(at(70_000.0, now_ms=4 * SECOND, portfolio=again))
    assert statuses(after) == {"main": lost, "live": Status.OK}


def test_what_was_before_a_live_account_was_read_does_not_count_against_it():
    work = RiskWork()
    early = at(63_000.0, now_ms=SECOND, portfolio=two(2 * SECOND))
    work(early)
    answer = work(at(70_000.0, now_ms=3 * SECOND, portfolio=two(2 * SECOND)))
    assert statuses(answer)["live"] is Status.OK


def test_the_book_is_told_of_before_the_move_is_worked_out():
    told = []

    def note(risk, inputs):
        told.append((risk, inputs))
        raise ZeroDivisionError  # nothing that comes later is needed

    with pytest.raises(ZeroDivisionError):
        RiskWork()(at(71_000.0, move_to=60_000.0), note)
    ((risk, inputs),) = told
    assert risk.positions[0].mark_price == 71_000.0
    assert inputs.marks[BINANCE].price == 71_000.0


@pytest.mark.parametrize("end", [60_000.0, 20_000.0, 500_000.0])
def test_the_curve_reaches_beyond_the_scenario(end):
    prices = curve_prices(100_000.0, end)
    assert prices[0] < min(end, 61_000.0)
    assert prices[-1] > max(end, 124_000.0)
    assert (np.diff(prices) > 0).all()
    assert prices[0] > 0
    assert len(prices) <= CURVE_POINTS + 1
