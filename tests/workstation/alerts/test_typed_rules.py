"""Typed rules at work in the watcher."""

from __future__ import annotations

import dataclasses

import pytest

from tests.workstation.alerts.looks import BOOK, KEY, NAME, VENUE, look, price_at
from tests.workstation.market.facts import candles_of, funding, ticker
from tests.workstation.risk import worlds
from workstation.alerts import words
from workstation.alerts.facts import Severity
from workstation.alerts.grammar import parse
from workstation.alerts.typed_rules import read_rules, reading_of
from workstation.alerts.watcher import Watcher
from workstation.market.facts import CandlePrice, VenueState
from workstation.market.feed import FeedMode
from workstation.units import DAY_MS, HOUR_MS

BAR_MS = worlds.NOW_MS // 60_000 * 60_000 - 3 * 60_000


def watcher_of(*texts):
    rules, problems = read_rules(texts)
    assert problems == ()
    return Watcher(rules)


def fires_of(watcher, *prices, step_s=1.0, start_s=0.0, **options):
    looks = [look(price, start_s + i * step_s, **options) for i, price in enumerate(prices)]
    return [fire for one in looks for fire in watcher.look(one)]


def test_a_price_level_is_told_once_and_again_after_half_a_percent():
    watcher = watcher_of("BTC price < 70000 cooldown 1s note sell a third")
    fires = fires_of(watcher, 70_500.0, 69_990.0, 70_010.0, 69_900.0, 70_351.0, 69_999.0)
    assert [fire.price for fire in fires] == [69_990.0, 69_999.0]
    assert fires[0].what == "BTC is at 69,990: below 70,000. Note: sell a third."
    assert fires[0].source == "median mark of 1 venue"
    assert fires[0].title == "BTC price < 70000"
    assert fires[0].severity is Severity.WARN
    assert fires[1].repeats_held == 1


def test_a_crossing_is_told_both_ways_and_never_at_the_start():
    watcher = watcher_of("critical BTC price crosses 70000 cooldown 0s")
    way = (69_000.0, 70_100.0, 69_900.0, 70_400.0, 69_900.0)
    assert [fire.rule for fire in fires_of(watcher, *way)] == [
        "BTC price crosses 70000 upwards", "BTC price crosses 70000 downwards",
    ]  # fmt: skip
    assert watcher.standing == ()
    # at 69,900 the fall was told; 70,400 is half a percent above, so the next fall is told too
    # and the rise is not: 69,900 was not half a percent below


def test_a_wick_between_two_looks_counts():
    def bars(low):
        made = candles_of([70_500.0] * 4, interval_s=60, key=KEY, start_ms=BAR_MS)
        lows = made.low.copy()
        lows[-1] = low
        return {KEY: (dataclasses.replace(made, low=lows, price=CandlePrice.MARK),)}

    watcher = watcher_of("BTC price < 70000")
    assert watcher.look(look(70_500.0, candles=bars(70_400.0))) == ()
    (fire,) = watcher.look(look(70_600.0, 1.0, candles=bars(69_500.0)))
    assert fire.price == 69_500.0
    assert fire.what == "BTC was at 69,500, now 70,600: below 70,000."
    assert "candle of okx" in fire.source


def test_once_is_told_once_and_a_day_that_is_over_ends_the_rule():
    watcher = watcher_of("BTC price < 70000 once")
    day_s = DAY_MS / 1_000
    assert len(fires_of(watcher, 71_000.0, 69_000.0, 71_000.0, 69_000.0, step_s=day_s)) == 1
    over = watcher_of("BTC price < 70000 until 2020-01-01")
    assert fires_of(over, 71_000.0, 69_000.0) == []


def test_the_distance_of_a_part_of_the_book_is_told_by_the_built_in_words():
    for subject in ("book", "a", VENUE, "position", "btc", "BTC/USDT:USDT"):
        (fire,) = fires_of(watcher_of(f"info {subject} distance < 8%"), *map(price_at, (0.2, 0.07)))
        assert fire.object == NAME
        assert "is 7 % from liquidation (rung 8 %)" in fire.what
        assert fire.severity is Severity.INFO
    for subject in ("ETH", "bybit", "b", "account"):
        watcher = watcher_of(f"{subject} distance < 8%")
        assert fires_of(watcher, *map(price_at, (0.2, 0.07))) == []


def test_funding_has_to_stay_for_as_long_as_was_typed():
    watcher = watcher_of("BTC funding > 0.05%/8h for 2h")

    def seen(rate, at_h):
        one = look(70_000.0, at_h * 3_600)
        fact = funding(KEY, rate, as_of_ms=one.snapshot.now_ms)
        # a replay's clock may jump, a live one's counts no silence of an hour
        snapshot = dataclasses.replace(one.snapshot, funding={KEY: fact}, mode=FeedMode.REPLAY)
        return dataclasses.replace(one, snapshot=snapshot)

    told = [watcher.look(seen(rate, h)) for h, rate in enumerate((0.0, 0.001, 0.001, 0.001))]
    assert [len(fires) for fires in told] == [0, 0, 0, 1]
    assert told[3][0].what == "Funding of BTC is 0.1 % in 8 h, above 0.05 % in 8 h."


def test_a_spread_is_told_and_one_that_is_not_known_is_not():
    watcher = watcher_of("BTC spread > 0.1%")

    def seen(*quote, at_s):
        one = look(70_000.0, at_s)
        tickers = {KEY: ticker(KEY, *quote, as_of_ms=one.snapshot.now_ms)} if quote else {}
        return dataclasses.replace(one, snapshot=dataclasses.replace(one.snapshot, tickers=tickers))

    assert watcher.look(seen(69_990.0, 70_010.0, at_s=0)) == ()
    assert watcher.look(seen(at_s=1)) == ()
    (fire,) = watcher.look(seen(69_900.0, 70_100.0, at_s=2))
    assert fire.what == "The spread of BTC is 0.286 % of the price, above 0.1 %."


def test_the_silence_of_a_venue_has_the_severity_that_was_typed():
    watcher = watcher_of("info okx down for 30s")
    fires = fires_of(watcher, 70_000.0)
    fires += fires_of(watcher, *[70_000.0] * 40, start_s=1.0, state=VenueState.DOWN)
    (fire,) = fires
    assert fire.severity is Severity.INFO
    assert "Cannot watch okx: nothing new for 3" in fire.what


def test_an_unknown_price_of_a_critical_rule_cannot_be_watched_and_is_told_once():
    rules, _ = read_rules(["critical SOL price < 100", "warn DOGE price < 1"])
    watcher = Watcher([*rules, *(rule for rule in Watcher()._rules if rule.id == "cannot_watch")])
    fires = fires_of(watcher, *[70_000.0] * 130)
    assert [fire.what for fire in fires] == ["Cannot watch SOL: not known for 61 s."]


def test_what_cannot_be_used_is_named_and_the_others_work():
    rules, problems = read_rules(
        ["BTC prise < 1", "BTC price < 60000", "critical BTC price < 60000 once"]
    )
    assert [rule.id for rule in rules] == ["BTC price < 60000"]
    assert problems == (
        "The alert rule 'BTC prise < 1' is not used: 'prise' is no quantity; did you mean 'price'?",
        "The alert rule 'critical BTC price < 60000 once' is not used: its condition stands twice.",
    )


def test_a_rule_that_stays_keeps_what_it_knows_when_another_comes():
    watcher = watcher_of("BTC price < 70000")
    assert len(fires_of(watcher, 71_000.0, 69_000.0)) == 1
    rules, _ = read_rules(["BTC price < 70000", "BTC price < 65000"])
    watcher.use(rules)
    assert fires_of(watcher, 68_000.0, start_s=3.0) == []
    assert [fire.rule for fire in fires_of(watcher, 64_000.0, start_s=4.0)] == ["BTC price < 65000"]


def test_the_age_of_the_book_may_be_typed_in_hours():
    watcher = watcher_of("book stale for 2h")
    book = dataclasses.replace(BOOK, as_of_ms=worlds.NOW_MS - HOUR_MS)
    looks = {"step_s": 2_400.0, "book": book, "mode": FeedMode.REPLAY}
    (fire,) = fires_of(watcher, *[70_000.0] * 3, **looks)
    assert (fire.value, fire.threshold) == (pytest.approx(1 + 2 * 40 / 60), 2.0)


def test_a_small_share_keeps_the_digits_that_count():
    assert words.percent(0.0003) == "0.03 %"
    assert words.percent(-0.00456) == "-0.46 %"
    assert words.percent(0.000_000_12) == "0.000012 %"
    assert words.percent(0.0799) == "8 %"
    assert words.percent(0.0) == "0 %"
    said = reading_of(parse("BTC spread > 0.03%"))
    assert said.startswith(
        "Warn when spread of BTC is above 0.03 %; again after it was back by 0.006 %"
    )
