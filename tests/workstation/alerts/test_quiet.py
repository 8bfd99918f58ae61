"""Quiet hours and the daily message, by the clock on the wall."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from tests.ui.alerts import record
from workstation.alerts.facts import Severity
from workstation.alerts.quiet import Daily, QuietHours

BERLIN = ZoneInfo("Europe/Berlin")
NIGHT = ("*=22:00-07:00", "distance=never", "book_stale=12:00-14:00")


def fire(rule="margin_ratio", severity=Severity.WARN, **more):
    return record(1, severity, rule=rule, **more).fire


def at(text, zone=BERLIN):
    return dt.datetime.fromisoformat(text).replace(tzinfo=zone)


@pytest.mark.parametrize(
    ("time", "rule", "quiet"),
    [
        ("21:59", "margin_ratio", False),
        ("22:00", "margin_ratio", True),
        ("06:59", "margin_ratio", True),
        ("07:00", "margin_ratio", False),
        ("23:00", "distance", False),
        ("23:00", "book_stale", False),
        ("13:00", "book_stale", True),
    ],
)
def test_hours_are_those_of_the_rule_and_may_go_over_midnight(time, rule, quiet):
    assert QuietHours(NIGHT).hold(fire(rule), at(f"2026-02-05T{time}")) is quiet


def test_a_critical_alert_breaks_through_unless_it_is_said_otherwise():
    night, critical = at("2026-02-05T23:00"), fire(severity=Severity.CRITICAL)
    assert not QuietHours(NIGHT).hold(critical, night)
    assert QuietHours(NIGHT, with_critical=True).hold(critical, night)
    assert QuietHours(NIGHT).hold(fire(severity=Severity.CRITICAL, quiet_ok=True), night)
    assert not QuietHours(()).hold(fire(), night)


def spans(hours, first_utc, count):
    """Return the local times, every quarter of an hour, at which an alert waits."""
    start = dt.datetime.fromisoformat(first_utc).replace(tzinfo=dt.UTC)
    times = [start + dt.timedelta(minutes=15 * step) for step in range(count)]
    local = [time.astimezone(BERLIN) for time in times]
    return [time for time in local if hours.hold(fire(), time)]


def test_an_hour_that_comes_twice_is_quiet_twice():
    # 2026-10-25: 03:00 summer time becomes 02:00; the hours from 02:00 to 03:00 last two hours
    held = spans(QuietHours(["*=02:00-03:00"]), "2026-10-24T22:00", 40)
    assert len(held) == 8
    assert {time.utcoffset() for time in held} == {dt.timedelta(hours=1), dt.timedelta(hours=2)}


def test_hours_that_end_within_the_missing_hour_end_after_it():
    # 2026-03-29: 02:00 becomes 03:00
    held = spans(QuietHours(["*=01:00-02:30"]), "2026-03-28T22:00", 40)
    assert [f"{time:%H:%M}" for time in held] == ["01:00", "01:15", "01:30", "01:45"]


def test_the_daily_message_comes_once_a_day_also_when_the_clock_is_changed():
    for day in ("2026-03-28", "2026-10-24"):
        start = dt.datetime.fromisoformat(f"{day}T12:00").replace(tzinfo=dt.UTC)
        times = [(start + dt.timedelta(minutes=m)).astimezone(BERLIN) for m in range(48 * 60)]
        daily = Daily("02:30", times[0])
        told = [time for time in times if daily.due(time)]
        assert len({time.date() for time in told}) == len(told) == 2
        assert all(time.hour in (2, 3) for time in told)


def test_a_day_on_which_it_begins_later_has_no_daily_message():
    daily = Daily("08:00", at("2026-02-05T09:00"))
    assert not daily.due(at("2026-02-05T23:59"))
    assert daily.due(at("2026-02-06T08:00"))
