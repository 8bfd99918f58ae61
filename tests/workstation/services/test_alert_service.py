"""Alerts between the engine's thread and the owner's: the list, the channels, what never leaves."""

from __future__ import annotations

import dataclasses
import datetime as dt
import logging

import pytest

from tests.workstation.alerts.looks import BOOK, look, price_at
from workstation.market.feed import FeedMode
from workstation.services.alert_service import MAX_RECORDS, AlertService, WatchedRisk
from workstation.services.push_message import Delivery, Message
from workstation.services.risk_service import RiskAnswer, RiskRequest
from workstation.settings import AlertSettings, Settings


class FakePush:
    """Keeps what it is asked to send, and says what a test tells it to."""

    def __init__(self):
        self.sent: list[Message] = []
        self.ended: list[Delivery] = []

    def send(self, message):
        self.sent.append(message)

    def take(self):
        ended, self.ended = tuple(self.ended), []
        return ended

    def stop(self):
        pass


class Clock:
    """Local time, as a test sets it."""

    def __init__(self, time="12:00"):
        self.set(time)

    def set(self, time, day="2026-02-05"):
        self.now = dt.datetime.fromisoformat(f"{day}T{time}").astimezone()

    def __call__(self):
        return self.now


def service(clock=None, **alerts):
    return AlertService(Settings(alerts=AlertSettings(**alerts)), FakePush(), clock or Clock())


def fall(alerts, *distances, epoch=1, start_s=0.0, **options):
    for step, distance in enumerate(distances):
        alerts.look(epoch, look(price_at(distance), start_s + step, **options))
    return alerts.take()


def test_what_fires_is_numbered_listed_and_logged(caplog):
    caplog.set_level(logging.INFO)
    alerts = service()
    news = fall(alerts, 0.2, 0.14, 0.07)
    assert [record.fire.number for record in news.fired] == [1, 2]
    assert alerts.records() == news.fired
    assert "alert 2, critical: a BTC/USDT:USDT long is 7.0 %" in caplog.text.replace("7 %", "7.0 %")
    assert alerts.take().fired == ()


def test_nothing_is_pushed_unless_it_is_wished():
    alerts = service()
    fall(alerts, 0.2, 0.07)
    assert alerts.push.sent == []


def test_a_push_has_the_sentence_and_the_numbers_of_its_fires():
    alerts = service(push=True)
    (record,) = fall(alerts, 0.2, 0.07).fired
    (message,) = alerts.push.sent
    assert message.text == record.fire.sentence
    assert message.numbers == (1,)


def test_milder_alerts_than_wished_are_not_pushed():
    alerts = service(push=True, push_from="critical")
    assert len(fall(alerts, 0.2, 0.135).fired) == 1
    assert alerts.push.sent == []


def test_balances_are_pushed_only_where_a_setting_allows_it():
    from tests.workstation.risk import worlds

    pool = worlds.account(
        worlds.cross(worlds.BTC, 1.0, 70_000.0), venue="okx", balances={"USDT": 10_000.0}
    )
    told = []
    for allowed in (False, True):
        alerts = service(push=True, push_balances=allowed)
        fall(alerts, 0.2, 0.07, book=worlds.book(pool))
        told.append(any("Margin balance" in message.text for message in alerts.push.sent))
    assert told == [False, True]


@pytest.mark.parametrize("mode", [FeedMode.SIMULATED, FeedMode.REPLAY])
def test_an_invented_market_is_listed_and_never_pushed(mode):
    alerts = service(push=True)
    news = fall(alerts, 0.2, 0.07, mode=mode)
    assert [record.fire.mode for record in news.fired] == [mode]
    assert alerts.push.sent == []


def test_how_a_delivery_ended_stands_beside_its_fires_and_a_failure_is_said():
    alerts = service(push=True)
    fall(alerts, 0.2, 0.07)
    (message,) = alerts.push.sent
    alerts.push.ended = [
        Delivery(channel="ntfy at h", message=message, attempts=1),
        Delivery(channel="tgram", message=message, attempts=4, problem="answered HTTP 503"),
    ]
    news = alerts.take()
    assert [record.fire.number for record in news.changed] == [1]
    assert news.changed[0].delivery_words == "ntfy at h: delivered, tgram: answered HTTP 503"
    assert news.notices == ("Not delivered, tgram: answered HTTP 503.",)


def test_a_test_message_that_arrived_is_said():
    alerts = service()
    alerts.send_test()
    (message,) = alerts.push.sent
    alerts.push.ended = [Delivery(channel="ntfy at h", message=message, attempts=1)]
    assert alerts.take().notices == ("The test message was delivered: ntfy at h.",)


def test_acknowledging_is_kept_once():
    alerts = service()
    fall(alerts, 0.2, 0.07)
    (record,) = alerts.acknowledge([1, 99])
    assert record.acknowledged_ms is not None
    assert alerts.acknowledge([1]) == ()


def test_another_market_is_watched_from_the_start():
    alerts = service()
    fall(alerts, 0.2, 0.07)
    (record,) = fall(alerts, 0.07, epoch=2).fired
    assert record.fire.before_start


def test_alerts_that_are_off_look_at_nothing():
    alerts = service(on=False)
    assert fall(alerts, 0.2, 0.07).fired == ()
    assert not alerts.valued_within(60.0)


def test_the_list_keeps_the_newest():
    alerts = service()
    for epoch in range(1, MAX_RECORDS + 3):
        alerts.look(epoch, look(price_at(0.07)))
    alerts.take()
    numbers = [record.fire.number for record in alerts.records()]
    assert numbers == list(range(3, MAX_RECORDS + 3))


def test_a_book_that_cannot_be_valued_is_looked_at_and_the_failure_goes_on():
    alerts = service(silence_s=5.0)
    seen = look(price_at(0.2))
    request = RiskRequest(epoch=1, portfolio=BOOK, snapshot=seen.snapshot, catalogue=None)
    answer = RiskAnswer(
        epoch=1, portfolio=BOOK, risk=seen.report, scenario=None, inputs=seen.inputs
    )
    WatchedRisk(lambda *_: answer, alerts)(request)
    assert alerts.valued_within(60.0)

    def fail(*_):
        raise ZeroDivisionError

    for second in range(1, 10):
        later = dataclasses.replace(request, snapshot=look(price_at(0.2), second).snapshot)
        with pytest.raises(ZeroDivisionError):
            WatchedRisk(fail, alerts)(later)
    (record,) = alerts.take().fired
    assert record.fire.rule == "cannot_watch"


def test_quiet_hours_end_with_one_message_and_a_critical_alert_does_not_wait():
    clock = Clock("23:00")
    alerts = service(clock, push=True, quiet=("*=22:00-07:00",), rules=("BTC price < 70000",))
    news = fall(alerts, 0.2, 0.14, 0.07)
    assert [record.quiet for record in news.fired if record.fire.severity != "critical"] == [
        True, True,
    ]  # fmt: skip
    assert [message.severity for message in alerts.push.sent] == ["critical"]
    assert alerts.held_back[1] == 2
    assert alerts.records()[0].delivery_words == "window, quiet hours"
    clock.set("06:59", day="2026-02-06")
    alerts.take()
    assert len(alerts.push.sent) == 1
    clock.set("07:00", day="2026-02-06")
    alerts.take()
    alerts.take()
    _, digest = alerts.push.sent
    assert digest.title == "In quiet hours: 2 more"
    assert "rung 15 %" in digest.text
    assert "below 70,000" in digest.text
    assert alerts.held_back[1] == 0


def test_the_daily_message_says_where_the_book_stands_and_only_of_a_live_market():
    clock = Clock("07:00")
    alerts = service(clock, push=True, still_watching="08:00", push_from="critical")
    fall(alerts, 0.2, 0.135)
    alerts.take()
    clock.set("08:00")
    alerts.take()
    alerts.take()
    (message,) = alerts.push.sent
    assert message.title == "Risk Workstation: still watching"
    assert "Watching 1 position: the nearest liquidation, BTC/USDT:USDT at a, is 13.5 % away." in (
        message.text
    )
    assert message.text.endswith("1 alert in the last day.")
    clock.set("08:00", day="2026-02-06")
    alerts._valued_s = -1e9  # the engine has been silent since
    alerts.take()
    assert alerts.push.sent[1].title == "Risk Workstation: running, but cannot watch"
    alerts.push.ended = [Delivery(channel="ntfy at h", message=message, attempts=1)]
    assert alerts.take().notices == ()
    other = service(Clock("07:00"), push=True, still_watching="08:00")
    fall(other, 0.2, mode=FeedMode.REPLAY)
    other._local_time.set("08:00")
    other.take()
    assert other.push.sent == []


def test_own_rules_are_followed_as_they_change_and_what_cannot_be_read_is_said_once():
    alerts = service(rules=("BTC price < 70000", "BTC prise < 1"), off=("distance",))
    news = fall(alerts, 0.2, 0.135)
    assert [record.fire.rule for record in news.fired] == ["BTC price < 70000"]
    assert news.notices == (
        "The alert rule 'BTC prise < 1' is not used: 'prise' is no quantity; did you mean 'price'?",
    )
    settings = dataclasses.replace(alerts.settings.alerts, rules=(), off=())
    alerts.settings = dataclasses.replace(alerts.settings, alerts=settings)
    news = fall(alerts, 0.2, 0.135, start_s=10.0)
    assert [record.fire.rule for record in news.fired] == ["distance"]
    assert news.notices == ()


def test_a_rule_may_leave_out_the_phone():
    alerts = service(push=True, rules=("BTC price < 70000 via sound",), off=("distance",))
    assert len(fall(alerts, 0.2, 0.135).fired) == 1
    assert alerts.push.sent == []
