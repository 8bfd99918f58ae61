"""How doubt about a figure is said and coloured."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.workstation.risk.worlds import BTC, NOW_MS, account, isolated, report_of, world
from ui.trust import Trust, left_out_text, mark_note, marks_text, muted, sight_text, trust_of
from workstation.risk.report import MarkSource
from workstation.services.sight import Sight
from workstation.units import UnixMs

REPORT = report_of(account(isolated(BTC, 1.0, 60_000.0, 6_000.0)), inputs=world())
(ROW,) = REPORT.positions


def of(source, age_s=None):
    return replace(ROW, mark_source=source, mark_age_s=age_s)


@pytest.mark.parametrize(
    ("source", "trust"),
    [
        (MarkSource.VENUE, Trust.LIVE), (MarkSource.OPTION, Trust.LIVE),
        (MarkSource.ESTIMATED, Trust.ESTIMATED),
        (MarkSource.FILE, Trust.OLD), (MarkSource.CACHE, Trust.OLD),
    ],
)  # fmt: skip
def test_only_a_venues_own_mark_is_of_now(source, trust):
    assert trust_of([of(source)], blind=False) is trust
    assert trust_of([of(source)], blind=True) is Trust.OLD


def test_a_sum_is_as_doubtful_as_its_worst_part():
    rows = [of(MarkSource.VENUE), of(MarkSource.ESTIMATED), of(MarkSource.FILE)]
    assert trust_of(rows, blind=False) is Trust.OLD


def test_an_estimate_may_alarm_and_an_old_figure_may_not():
    assert muted("alarm", Trust.LIVE) == "alarm"
    assert muted("alarm", Trust.ESTIMATED) == "alarm"
    assert muted("up", Trust.ESTIMATED) == "dim"
    assert muted("alarm", Trust.OLD) == "dim"


def test_the_files_mark_is_as_old_as_the_book():
    later = replace(REPORT, as_of_ms=UnixMs(NOW_MS + 3 * 86_400_000), positions=(ROW,))
    assert ROW.mark_source is MarkSource.FILE
    assert mark_note(ROW, later) == "file, 3 d old"
    assert marks_text(later) == "marks (file, 3 d old): a BTC"


def test_an_estimate_says_how_old_its_start_is():
    assert mark_note(of(MarkSource.ESTIMATED, 12.0), REPORT) == "estimated, 12 s old"
    assert mark_note(of(MarkSource.VENUE, 2.0), REPORT) == ""


def test_blindness_says_since_when_and_why():
    sight = Sight(now_ms=NOW_MS, blind_since_ms=UnixMs(NOW_MS - 14_000), some_venue_answers=False)
    assert sight_text(sight) == (
        "blind since 21:09:46 (14 s): no venue answers; this is what was known"
    )
    assert "no price of the book is fresh" in sight_text(replace(sight, some_venue_answers=True))
    assert sight_text(Sight(now_ms=NOW_MS)) == ""


def test_what_no_sum_includes_is_named():
    assert left_out_text(("a", "b")) == "not included: a, b"
    assert left_out_text(()) == ""
