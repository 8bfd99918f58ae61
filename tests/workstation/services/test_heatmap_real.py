"""The map on recorded markets: conservation on real open interest, and its grades on real hours."""

from __future__ import annotations

import numpy as np
import pytest

from tests.workstation.recording.convert_shared_data import CRASHES, SYMBOL, convert
from tests.workstation.risk.test_heatmap import conservation_error
from workstation.recording.reader import read_recording
from workstation.risk.heatmap import Grid, HeatmapBook
from workstation.risk.heatmap_bars import join_bars
from workstation.risk.heatmap_scorecard import DISTANCE, FIXED, PATH, PER_BIN, UNIFORM
from workstation.services.heatmap_report import write_heatmap

pytestmark = pytest.mark.shared_data


@pytest.fixture(scope="module")
def february(shared_data, tmp_path_factory):
    folder = tmp_path_factory.mktemp("feb-2026")
    convert(CRASHES["feb-2026"], shared_data, folder)
    recording = read_recording(folder)
    return join_bars(recording.candles[0], recording.open_interest[0])


@pytest.fixture(scope="module")
def august(shared_data, tmp_path_factory):
    folder = tmp_path_factory.mktemp("aug-2024")
    convert(CRASHES["aug-2024"], shared_data, folder / "tape")
    return write_heatmap(folder / "tape", SYMBOL, folder / "map.parquet", every=24)


def a_book(bars, **options):
    grid = Grid.around(float(bars.low.min()), float(bars.high.max()), 0.001)
    return HeatmapBook(grid, **options)


@pytest.mark.parametrize("separate", [False, True])
def test_real_open_interest_is_conserved_at_every_bar(february, separate):  # I1, I2, I5
    book, worst = a_book(february, separate_hats=separate), 0.0
    for i in range(len(february)):
        book.advance(february[i : i + 1])
        worst = max(worst, conservation_error(book))
        assert book.column().min() >= 0
        assert book.outside_base.min() >= 0
    assert worst < 1e-12
    total = book.column().sum() + book.outside_base.sum()
    assert total == pytest.approx(2 * february.open_interest_base[-1], rel=1e-12)


def test_nothing_stands_where_a_real_price_has_been_since(february):  # I3
    book = a_book(february)
    for i in range(len(february)):
        book.advance(february[i : i + 1])
        column = book.column()
        low, high = (
            book.grid.index(price[i : i + 1])[0] for price in (february.low, february.high)
        )
        close = book.grid.index(february.close[i : i + 1])[0]
        assert not column[0, close:].any()
        assert not column[1, : close + 1].any()
        if i and low < book.grid.index(february.low[i - 1 : i])[0]:
            # only what this very bar opened can stand between its low and its close
            assert column[0, low:close].sum() <= 0.15 * february.open_interest_base[i]
    assert high >= low


def test_real_bars_at_once_or_in_pieces_give_the_same(february):  # I4
    once, pieces = a_book(february), a_book(february)
    once.advance(february)
    for begin in range(0, len(february), 97):
        pieces.advance(february[begin : begin + 97])
    np.testing.assert_allclose(pieces.column(), once.column(), rtol=1e-12, atol=1e-300)


def test_the_february_fall_swept_what_stood_in_its_way(february):
    book = a_book(february)
    fall = int(np.argmin(february.low))
    book.advance(february[: fall - 96])
    start, end = book.grid.index(np.array([february.low[fall], february.close[fall - 97]]))
    before = book.column()[0, start:end].sum()
    book.advance(february[fall - 96 : fall + 1])
    after = book.column()[0, start : book.grid.index(february.close[fall : fall + 1])[0]].sum()
    assert before > 500  # coins
    assert after < 0.1 * before


def test_the_grades_of_the_real_hours_of_august_2024(august):
    (venue,) = august.venues
    grades = venue.grades
    rivals = {grade.name: grade for grade in grades.table}
    own = grades.own
    assert august.conservation_error < 1e-12
    assert own.skill >= 0.55
    assert own.log_correlation[0] >= 0.80
    assert own.log_correlation[1] >= 0.65
    assert all(0.7 <= ratio <= 1.7 for ratio in own.ratio)
    for name in (UNIFORM, DISTANCE):
        lead, error = rivals[name].behind
        assert lead > -2 * error
    lead, error = rivals[FIXED].behind
    assert lead > 2 * error
    assert all(0.7 <= share <= 0.9 for share in grades.hour_coverage)
    # shown as it is: a constant per bin swept is beaten here; the path alone is about as good
    assert own.skill > rivals[PER_BIN].skill
    assert own.skill > rivals[PATH].skill - 0.1
