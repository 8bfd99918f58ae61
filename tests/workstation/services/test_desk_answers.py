"""The desk, driven tick by tick: the view, the scenario, and what the workers answer."""

from __future__ import annotations

import dataclasses
import threading
import time

import numpy as np
import pytest

from tests.workstation.market.facts import btc, candles_of, interest, mark
from tests.workstation.services.desks import (
    BINANCE,
    ETHER,
    NOW_MS,
    PATIENCE_S,
    notice,
    opened,
    priced,
    say_marks,
    settings,
    taken,
    tick_until,
    with_a_map,
)
from workstation.portfolio.what_if import copy_of
from workstation.services.desk_answers import REST_S
from workstation.services.every import Every
from workstation.services.latest import LatestWorker
from workstation.services.map_choice import AS_KNOWN
from workstation.services.risk_service import RiskWork
from workstation.settings import RiskSettings


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


def test_a_live_mark_of_the_book_is_asked_about_as_a_whole_while_the_price_is_dragged(
    desk, book, monkeypatch
):
    desk.open_portfolio(book)
    say_marks(desk.feed, 70_000.0)
    tick_until(desk, lambda news: news.risk and news.risk.positions[0].mark_price == 70_000.0)
    tick_until(desk, lambda news: news.decision)
    asked = []
    monkeypatch.setattr(desk._answers._risk_worker, "submit", asked.append)
    desk._answers._risk_every = Every(3_600.0)
    desk._answers._risk_every.due()  # its turn has just been
    desk.feed.say(NOW_MS + 1, facts=[mark(btc("okx"), 69_000.0, as_of_ms=NOW_MS + 1)])
    taken(desk)
    assert asked == []  # nothing is held there
    for price in (69_000.0, 68_000.0):
        desk.set_view(dataclasses.replace(desk.view, scenario_price=price - 10_000.0))  # dragged
        say_marks(desk.feed, price)
        taken(desk)
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
    taken(desk)
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
    assert decided.risk.next_liquidation.rescue_until == harder.endured.moves


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
