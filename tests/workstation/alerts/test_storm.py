"""Six messages a minute and a summary: nothing critical is dropped or late."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from workstation.alerts.facts import Fire, Severity
from workstation.alerts.storm import PER_MINUTE, Budget
from workstation.market.feed import FeedMode
from workstation.units import UnixMs


def fire(number, severity=Severity.WARN):
    return Fire(
        rule="distance", object=f"o{number}", severity=severity, value=0.1, threshold=0.15,
        time_ms=UnixMs(0), mode=FeedMode.LIVE, what=f"fire {number}.",
    )  # fmt: skip


def test_six_go_out_and_the_others_follow_in_one_summary_after_the_minute():
    budget = Budget()
    out = budget.take([fire(n) for n in range(20)], 0)
    assert [len(parcel.fires) for parcel in out] == [1] * PER_MINUTE
    assert budget.held_back == 14
    assert budget.take([], 59_999) == ()
    (summary,) = budget.take([], 60_000)
    assert summary.title == "14 more"
    assert summary.text(with_balance=False).splitlines() == [
        "14 more:", *(f"fire {n}." for n in range(6, 20)),
    ]  # fmt: skip
    assert budget.held_back == 0


def test_critical_ones_beyond_the_budget_come_within_a_second_and_first():
    budget = Budget()
    budget.take([fire(n) for n in range(6)], 0)
    budget.take([fire(n) for n in range(6, 18)], 100)
    assert budget.take([fire(18, Severity.CRITICAL), fire(19, Severity.CRITICAL)], 200) == ()
    (summary,) = budget.take([], 1_200)
    assert summary.title == "14 more, 2 critical"
    assert summary.severity is Severity.CRITICAL
    assert summary.text(with_balance=False).splitlines()[1] == "fire 18."


def test_a_storm_of_five_hundred_is_few_messages_and_loses_none():
    budget = Budget()
    fires = [fire(n, Severity.CRITICAL) for n in range(500)]
    parcels = [*budget.take(fires, 0), *budget.take([], 1_000)]
    assert len(parcels) == PER_MINUTE + 1
    assert sum(len(parcel.fires) for parcel in parcels) == 500


@given(st.lists(st.tuples(st.integers(0, 30_000), st.booleans()), max_size=60))
def test_every_fire_goes_out_exactly_once_and_critical_ones_in_time(steps):
    budget, at_ms, put, got = Budget(), 0, {}, {}
    for number, (wait_ms, grave) in enumerate(steps):
        for at in range(at_ms, at_ms + wait_ms, 250):
            for parcel in budget.take([], at):
                got |= {one.object: at for one in parcel.fires}
        at_ms += wait_ms
        one = fire(number, Severity.CRITICAL if grave else Severity.WARN)
        put[one.object] = (at_ms, grave)
        for parcel in budget.take([one], at_ms):
            got |= {other.object: at_ms for other in parcel.fires}
    for at in range(at_ms, at_ms + 61_000, 250):
        for parcel in budget.take([], at):
            assert not got.keys() & {one.object for one in parcel.fires}
            got |= {one.object: at for one in parcel.fires}
    assert got.keys() == put.keys()
    assert all(got[name] - at <= (1_250 if grave else 60_250) for name, (at, grave) in put.items())
