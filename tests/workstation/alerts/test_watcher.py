"""The watcher over the real engine: what fires, what it says, and what it keeps quiet about."""

from __future__ import annotations

import dataclasses

import pytest

from tests.workstation.alerts.looks import (
    BOOK,
    KEY,
    LIQUIDATION,
    LONG,
    NAME,
    RATE,
    VENUE,
    look,
    price_at,
)
from tests.workstation.market.facts import candles_of
from tests.workstation.risk import worlds
from workstation.alerts.facts import Severity
from workstation.alerts.rules.base import Limits
from workstation.alerts.watcher import Watcher
from workstation.market.facts import CandlePrice, VenueState
from workstation.market.feed import FeedMode
from workstation.portfolio.model import OrderType
from workstation.risk.report import MarkSource, Status
from workstation.units import HOUR_MS, UnixMs

SILENT = VenueState.DOWN


def fires_of(looks, rule=None, watcher=None):
    watcher = watcher or Watcher()
    fires = [fire for one in looks for fire in watcher.look(one)]
    return [fire for fire in fires if rule is None or fire.rule == rule]


def falling(*distances, step_s=1.0, **options):
    return [look(price_at(d), i * step_s, **options) for i, d in enumerate(distances)]


def test_every_rung_of_a_fall_is_told_once_with_its_price():
    fires = fires_of(falling(0.2, 0.149, 0.1, 0.079, 0.05, 0.039, 0.03, 0.019), "distance")
    assert [fire.threshold for fire in fires] == [0.15, 0.08, 0.04, 0.02]
    assert [fire.severity for fire in fires] == [Severity.WARN, *[Severity.CRITICAL] * 3]
    assert [fire.price for fire in fires] == pytest.approx(
        [price_at(d) for d in (0.149, 0.079, 0.039, 0.019)]
    )
    assert {fire.object for fire in fires} == {NAME}


def test_a_message_says_what_is_at_stake_and_what_restores_the_distance():
    (fire,) = fires_of(falling(0.2, 0.079), "distance")
    mark = price_at(0.079)
    assert f"{NAME} is 7.9 % from liquidation (rung 8 %)" in fire.sentence
    assert f"mark {mark:,.2f}, liquidation at {LIQUIDATION:,.2f}" in fire.sentence
    assert f"At stake: long 1 BTC, ${mark:,.0f}." in fire.sentence
    # by hand: margin and profit meet maintenance and fee at 92 % of the mark, to the next cent
    end = 0.92 * mark
    missing = RATE * end - (10_000 + end - 70_000)
    amount = float(fire.todo.split()[1].replace(",", ""))
    assert fire.todo.startswith("Add ")
    assert fire.todo.endswith("USDT or close BTC/USDT:USDT long to restore 8 %.")
    assert amount == pytest.approx(missing, abs=0.0101)
    assert amount > missing


def test_a_cross_position_can_be_cut_as_well():
    book = worlds.book(
        worlds.account(
            worlds.cross(worlds.BTC, 1.0, 70_000.0), venue=VENUE, balances={"USDT": 10_000.0}
        )
    )
    (fire,) = fires_of(falling(0.2, 0.079, book=book), "distance")
    assert "Add " in fire.todo
    assert " or cut " in fire.todo
    assert "of BTC/USDT:USDT long to restore 8 %." in fire.todo
    assert "Margin balance" not in fire.sentence
    assert "Margin balance" in fire.text(with_balance=True)


def test_oscillation_around_a_rung_is_told_once_and_counted():
    watcher = Watcher()
    fires = fires_of(falling(0.2, *[0.149, 0.151] * 20), "distance", watcher)
    assert len(fires) == 1
    assert watcher.held_back == 19


def test_an_estimated_mark_fires_and_says_that_it_is_one():
    looks = [look(price_at(0.2)), look(price_at(0.07), 1.0, source=MarkSource.ESTIMATED)]
    (fire,) = fires_of(looks, "distance")
    assert "estimated from the other venues' move" in fire.sentence


def test_what_is_not_known_fires_nothing_and_clears_nothing():
    looks = [
        look(price_at(0.2)),
        look(price_at(0.07), 1.0),
        *(look(None, 1.0 + i) for i in range(1, 30)),
        look(price_at(0.07), 40.0),
    ]
    fires = fires_of(looks)
    assert [fire.rule for fire in fires] == ["distance"]


def test_a_position_that_is_not_known_for_a_minute_cannot_be_watched_and_it_is_said_once():
    looks = [look(price_at(0.2)), *(look(None, float(i)) for i in range(1, 300))]
    fires = fires_of(looks)
    assert [(fire.rule, fire.object) for fire in fires] == [("cannot_watch", VENUE)]
    assert f"Cannot watch {NAME}" in fires[0].sentence
    assert fires[0].severity is Severity.CRITICAL
    assert fires[0].value == pytest.approx(60.0, abs=1.5)


def test_forty_positions_of_a_silent_venue_are_one_message():
    book = worlds.book(
        *(worlds.account(LONG, venue=VENUE, name=f"a{i}") for i in range(40)),
    )
    looks = [look(price_at(0.2), book=book)]
    looks += [look(None, float(i), book=book, state=SILENT) for i in range(1, 200)]
    (fire,) = fires_of(looks)
    assert (fire.rule, fire.severity) == ("venue_down", Severity.CRITICAL)
    assert f"Cannot watch {VENUE}" in fire.sentence
    assert "40 positions there, 40 not known." in fire.sentence


def test_a_silent_venue_without_positions_is_a_warning():
    elsewhere = worlds.book(worlds.account(LONG, venue="bybit"))
    looks = [look(price_at(0.2), float(i), book=elsewhere, state=SILENT) for i in range(100)]
    fires = fires_of(looks, "venue_down")
    assert [fire.severity for fire in fires] == [Severity.WARN]
    assert "You hold nothing there." in fires[0].sentence


def test_silence_is_what_the_settings_say():
    watcher = Watcher()
    fired = [
        fire.value
        for i in range(20)
        for fire in watcher.look(look(price_at(0.2), float(i), state=SILENT), Limits(silence_s=5.0))
    ]
    assert fired == [pytest.approx(6.0)]


def test_a_venue_that_came_back_and_went_again_is_told_again_after_its_cooldown():
    def silence(start_s):
        return [look(price_at(0.2), start_s + i, state=SILENT) for i in range(70)]

    soon = [look(price_at(0.2), 75.0)]
    later = [look(price_at(0.2), 75.0 + 25 * i) for i in range(8)]
    assert len(fires_of([*silence(0), *soon, *silence(80)], "venue_down")) == 1
    assert len(fires_of([*silence(0), *later, *silence(280)], "venue_down")) == 2


def test_a_suspended_computer_was_not_a_silent_venue():
    looks = [look(price_at(0.2)), look(price_at(0.2), 8 * 3_600.0, state=SILENT)]
    assert fires_of(looks, "venue_down") == []


def test_a_clock_that_jumps_back_neither_fires_nor_holds_for_hours():
    looks = [look(price_at(d), t) for d, t in ((0.2, 0), (0.07, 10), (0.12, 11), (0.12, -3_600))]
    looks += [look(price_at(0.12), -3_600.0 + 20 * i) for i in range(8)]
    looks += [look(price_at(0.07), -3_400.0)]
    assert len(fires_of(looks, "distance")) == 2


def test_at_the_start_a_critical_condition_is_told_as_such_and_a_mild_one_only_stands():
    watcher = Watcher()
    (fire,) = watcher.look(look(price_at(0.07)))
    assert fire.before_start
    assert fire.sentence.startswith("True since before start: ")
    mild = Watcher()
    assert mild.look(look(price_at(0.14))) == ()
    standing = [s for s in mild.standing if s.rule == "distance"]
    assert [(s.threshold, s.told) for s in standing] == [(0.15, False)]


@pytest.mark.parametrize(
    ("hours", "age"), [(1.2, "72 min"), (30.0, "30.0 h"), (540_300 / 3_600, "6.3 d")]
)
def test_the_age_of_a_book_is_said_in_minutes_hours_or_days(hours, age):
    watcher = Watcher()
    fires_of([look(price_at(0.2))], watcher=watcher)
    old = dataclasses.replace(BOOK, as_of_ms=UnixMs(worlds.NOW_MS - round(hours * HOUR_MS)))
    (fire,) = fires_of([look(price_at(0.2), book=old)], watcher=watcher)
    assert f"{age} ago." in fire.sentence
    assert fire.sentence.endswith(f"[the book's as_of, {age} old]")


def test_an_hour_old_book_stands_at_the_start_and_is_told_when_it_becomes_old():
    old = dataclasses.replace(BOOK, as_of_ms=UnixMs(worlds.NOW_MS - 2 * HOUR_MS))
    watcher = Watcher()
    assert fires_of([look(price_at(0.2), book=old)], watcher=watcher) == []
    assert "book_stale" in [s.rule for s in watcher.standing]
    looks = [look(price_at(0.2), t) for t in (0, 3_590, 3_610, 3_630)]
    (fire,) = fires_of(looks, "book_stale")
    assert "60 min ago" in fire.sentence


def test_a_wick_between_two_polls_counts_and_names_its_price():
    def bars(low, opened_s=0):
        start_ms = worlds.NOW_MS // 60_000 * 60_000 + opened_s * 1_000
        closes = [price_at(0.2)] * 3
        made = candles_of(closes, key=KEY, interval_s=60, start_ms=start_ms - 120_000)
        lows = made.low.copy()
        lows[-1] = low
        return {KEY: (dataclasses.replace(made, low=lows, price=CandlePrice.MARK),)}

    wick = price_at(0.07)
    watcher = Watcher()
    assert watcher.look(look(price_at(0.2), candles=bars(price_at(0.2)))) == ()
    (fire,) = watcher.look(look(price_at(0.2), 1.0, candles=bars(wick)))
    assert (fire.rule, fire.threshold) == ("distance", 0.08)
    assert fire.price == pytest.approx(wick)
    assert "1m mark candle of okx" in fire.sentence
    assert not fire.late
    # the same wick is no second crossing, however long it stands in the candle
    assert watcher.look(look(price_at(0.2), 600.0, candles=bars(wick))) == ()


def test_what_candles_show_after_a_gap_is_told_as_late():
    start_ms = worlds.NOW_MS // 60_000 * 60_000
    calm = candles_of([price_at(0.2)] * 3, key=KEY, interval_s=60, start_ms=start_ms - 120_000)
    gap = candles_of(
        [price_at(0.2)] * 2 + [price_at(0.07)] + [price_at(0.2)] * 57,
        key=KEY, interval_s=60, start_ms=start_ms,
    )  # fmt: skip
    calm, gap = (dataclasses.replace(bars, price=CandlePrice.MARK) for bars in (calm, gap))
    watcher = Watcher()
    watcher.look(look(price_at(0.2), candles={KEY: (calm,)}))
    fires = watcher.look(look(price_at(0.2), 3_600.0, candles={KEY: (gap,)}))
    (fire,) = [fire for fire in fires if fire.rule == "distance"]
    assert fire.late
    assert fire.sentence.startswith("Late, 2026-02-05T")
    assert fire.price == pytest.approx(price_at(0.07))


def test_a_stop_that_goes_away_is_told_after_half_a_minute():
    stop = worlds.order(OrderType.STOP, worlds.BTC, -1.0, 63_000.0)
    guarded = worlds.book(worlds.account(LONG, venue=VENUE, orders=(stop,)))
    looks = [look(price_at(0.2), book=guarded)]
    looks += [look(price_at(0.2), float(i)) for i in range(1, 40)]
    (fire,) = fires_of(looks, "stop_missing")
    assert fire.time_ms == worlds.NOW_MS + 31_000
    assert "has no stop" in fire.sentence


def test_a_stop_that_comes_too_late_is_no_stop():
    late = worlds.order(OrderType.STOP, worlds.BTC, -1.0, 60_000.0)
    good = worlds.order(OrderType.STOP, worlds.BTC, -1.0, 63_000.0)
    books = [worlds.book(worlds.account(LONG, venue=VENUE, orders=(o,))) for o in (good, late)]
    looks = [look(price_at(0.2), book=books[0])]
    looks += [look(price_at(0.2), float(i), book=books[1]) for i in range(1, 40)]
    (fire,) = fires_of(looks, "stop_missing")
    assert "stop at 60,000, beyond its liquidation price" in fire.sentence


def test_a_position_that_counts_as_lost_is_told_once():
    lost = look(price_at(0.2), 1.0)
    row = dataclasses.replace(lost.report.positions[0], status=Status.PRESUMED_LIQUIDATED)
    lost = dataclasses.replace(lost, report=dataclasses.replace(lost.report, positions=(row,)))
    fires = fires_of([look(price_at(0.2)), lost, lost])
    assert [fire.rule for fire in fires] == ["liquidation_passed"]
    assert "counts as liquidated" in fires[0].sentence


def test_margin_ratio_rungs_fire_upwards():
    book = worlds.book(
        worlds.account(
            worlds.cross(worlds.BTC, 1.0, 70_000.0), venue=VENUE, balances={"USDT": 10_000.0}
        )
    )
    # ratio = 0.005 P / (10,000 + P - 70,000)
    prices = [0.005 * (r * 60_000 / (r - 0.005)) / 0.005 for r in (0.3, 0.55, 0.75, 0.9)]
    fires = fires_of([look(p, float(i), book=book) for i, p in enumerate(prices)], "margin_ratio")
    assert [fire.threshold for fire in fires] == [0.5, 0.7, 0.85]
    assert {fire.object for fire in fires} == {"a USDT"}


def test_an_engine_that_fails_leaves_everything_unknown():
    blind = [dataclasses.replace(look(None, float(i)), report=None) for i in range(1, 80)]
    fires = fires_of([look(price_at(0.2)), *blind])
    assert [fire.rule for fire in fires] == ["cannot_watch"]


def test_a_position_that_is_closed_is_forgotten():
    empty = worlds.book(worlds.account(venue=VENUE, balances={"USDT": 1.0}))
    looks = [*falling(0.2, 0.07), look(price_at(0.2), 3.0, book=empty)]
    looks += [look(price_at(0.07), 4.0)]
    first, second = fires_of(looks, "distance")
    assert (first.before_start, second.before_start) == (False, True)


@pytest.mark.parametrize("mode", [FeedMode.SIMULATED, FeedMode.REPLAY])
def test_what_is_not_live_says_so_first(mode):
    (fire,) = fires_of(falling(0.2, 0.07, mode=mode), "distance")
    assert fire.sentence.startswith(f"{mode}: ")
    assert fire.title.startswith(f"{mode}: ")
