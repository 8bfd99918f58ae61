"""The conserved book: its five invariants, worked examples, and a naive book beside it."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.workstation.risk.bars import flat_bars, walk_bars, with_price
from tests.workstation.risk.cohort_book import LONG, SHORT, CohortBook
from workstation.risk.heatmap import Grid, HeatmapBook, HeatmapParameters, blank_picture

QUIET = HeatmapParameters(churn=0.0)


def book_for(bars, parameters=None, **options):
    parameters = parameters or HeatmapParameters()
    grid = Grid.around(float(bars.low.min()), float(bars.high.max()), parameters.delta)
    return HeatmapBook(grid, parameters, **options)


def conservation_error(book):
    """The worse of both sides, from the running sums and from the bins, against open interest."""
    sums = np.stack([book.priced_base, book.column().sum(axis=1)]) + book.outside_base
    return np.abs(sums / book.open_interest_base - 1).max()


# --- worked examples ---------------------------------------------------------------------------


def test_open_interest_of_before_the_history_has_no_place():
    book = book_for(bars := flat_bars([100.0]))
    book.advance(bars)
    assert book.outside_base == pytest.approx([100.0, 100.0])
    assert not book.column().any()


def test_new_open_interest_is_placed_by_the_priced_share_below_longs_above_shorts():
    book = book_for(bars := flat_bars([100.0, 110.0]), QUIET)
    book.advance(bars)
    column, price = book.column(), np.exp(0.001 * (book.grid.first_bin + np.arange(book.grid.bins)))
    assert column.sum(axis=1) == pytest.approx([1.5, 1.5])  # 15 % of the ten coins opened
    assert price[column[LONG] > 0].max() < 100 * (1 - 0.001)
    assert price[column[LONG] > 0].min() == pytest.approx(100 * (0.5 + 0.004), rel=0.002)  # 2x
    assert price[column[SHORT] > 0].min() > 100
    assert price[column[SHORT] > 0].max() == pytest.approx(100 * (1.5 - 0.004), rel=0.002)


def test_what_price_reaches_is_swept_and_only_the_liquidated_part_leaves():
    bars = with_price(flat_bars([100.0, 110.0, 110.0]), 2, low=80.0, high=100.0, close=100.0)
    before = book_for(bars, QUIET)
    before.advance(bars[:2])
    swept = before.column()[LONG, before.grid.index(np.array([80.0]))[0] :].sum()
    assert swept > 0.5
    after = before.copy()
    after.advance(dataclasses.replace(bars[2:], open_interest_base=np.array([110 - 0.8 * swept])))
    # 80 % were liquidated: the rest lives on outside, nothing new was opened by longs
    assert after.column()[LONG, after.grid.index(np.array([80.0]))[0] :].max() < 1e-12
    assert after.outside_base[LONG] == pytest.approx(108.5 + 0.2 * swept)
    # the shorts lost as much by closing, although no short was reached
    assert after.priced_base[SHORT] < before.priced_base[SHORT]


def test_fast_positions_close_before_slow_ones():
    bars = flat_bars([100.0, 140.0, 130.0])
    book = book_for(bars, QUIET)
    book.advance(bars)
    # 24 fast and 16 + 100 slow; hazards 30 and 1: of 10 coins 720/836 come from the fast ones
    fast, slow = 24 - 10 * 720 / 836, 116 - 10 * 116 / 836
    placed = 0.15 * (fast + slow * 16 / 116)
    assert book.priced_base == pytest.approx([placed, placed])


def test_the_colour_of_a_candle_matters_only_between_its_open_and_its_close():
    flat = flat_bars([100.0, 120.0])
    rising = with_price(flat, 1, low=99.0, high=101.0, close=100.5)
    falling = with_price(flat, 1, low=99.0, high=101.0, close=99.5)
    up, down = book_for(rising, QUIET), book_for(falling, QUIET)
    up.advance(rising)
    down.advance(falling)
    low, high = up.grid.index(np.array([99.5, 100.5]))
    np.testing.assert_array_equal(up.column()[LONG, :low], down.column()[LONG, :low])
    np.testing.assert_array_equal(up.column()[SHORT, high + 1 :], down.column()[SHORT, high + 1 :])
    assert up.column()[LONG, low:high].any()
    assert not down.column()[LONG, low:high].any()


def test_no_long_stands_above_the_close_and_no_short_below_it():
    bars = with_price(flat_bars([100.0, 150.0]), 1, low=90.0, high=110.0, close=95.0)
    book = book_for(bars, QUIET)
    book.advance(bars)
    close = book.grid.index(np.array([95.0]))[0]
    assert not book.column()[LONG, close:].any()
    assert not book.column()[SHORT, : close + 1].any()
    assert conservation_error(book) < 1e-12


def test_one_wild_reading_of_open_interest_is_bridged_and_counted():
    book = book_for(bars := flat_bars([100.0, 101.0, 1010.0, 102.0]), QUIET)
    book.advance(bars)
    assert book.bridged.glitches == 1
    assert book.open_interest_base == 102.0
    steady = book_for(bars, QUIET)
    steady.advance(flat_bars([100.0, 101.0, 101.0, 102.0]))
    assert np.array_equal(book.column(), steady.column())


def test_a_jump_that_is_read_twice_is_believed():
    book = book_for(bars := flat_bars([100.0, 300.0, 301.0]), QUIET)
    book.advance(bars)
    assert book.bridged.glitches == 1
    assert book.open_interest_base == 301.0


@pytest.mark.parametrize("unknown", [np.nan, 0.0, -5.0])
def test_an_unknown_reading_holds_the_last_one(unknown):
    book = book_for(bars := flat_bars([100.0, unknown, 101.0]), QUIET)
    book.advance(bars)
    assert book.bridged.glitches == 1
    assert book.open_interest_base == 101.0


def test_bars_before_the_first_open_interest_are_not_invented():
    bars = flat_bars([np.nan, np.nan, 100.0, 110.0])
    book = book_for(bars, QUIET)
    picture = blank_picture(4, book.grid)
    book.advance(bars, picture, row=np.arange(4), rows=(0, 4))
    assert picture.open_interest.tolist() == [0.0, 0.0, 100.0, 110.0]


def test_missing_bars_repeat_the_book_and_are_counted():
    bars = flat_bars([100.0, 110.0, 111.0, 112.0])
    bars = dataclasses.replace(bars, time_ms=bars.time_ms + np.array([0, 0, 0, 120_000]))
    book = book_for(bars, QUIET)
    picture = blank_picture(6, book.grid)
    book.advance(bars, picture, row=bars.time_ms // 60_000, rows=(0, 6))
    assert book.bridged.missing_bars == 2
    assert np.array_equal(picture.long[2], picture.long[3])
    assert np.array_equal(picture.long[2], picture.long[4])
    assert picture.long[5].sum() > picture.long[4].sum()


def test_a_bar_beyond_the_grid_is_refused():
    book = book_for(flat_bars([100.0]))
    with pytest.raises(ValueError, match="leave"):
        book.advance(flat_bars([100.0], price=200.0))


def test_a_bar_that_does_not_follow_is_refused():
    book = book_for(bars := flat_bars([100.0, 101.0]))
    book.advance(bars)
    with pytest.raises(ValueError, match="do not follow"):
        book.advance(bars[1:])


def test_a_copy_on_trial_leaves_the_book_alone():
    bars = walk_bars(1, 50)
    book = book_for(bars)
    book.advance(bars[:40])
    before = book.column()
    trial = book.copy()
    trial.advance(bars[40:])
    assert np.array_equal(book.column(), before)
    assert book.open_interest_base == bars.open_interest_base[39]
    assert trial.open_interest_base == bars.open_interest_base[-1]


# --- invariants --------------------------------------------------------------------------------


def test_longs_and_shorts_each_add_up_to_open_interest_at_every_bar():  # I1
    bars = walk_bars(2, 600)
    book = book_for(bars)
    worst = 0.0
    for i in range(len(bars)):
        book.advance(bars[i : i + 1])
        worst = max(worst, conservation_error(book))
    assert worst < 1e-12


@settings(max_examples=60)
@given(
    seed=st.integers(0, 2**32 - 1),
    interest=st.lists(st.floats(1.0, 1e6) | st.just(float("nan")), min_size=2, max_size=40),
    churn=st.floats(0.0, 2.0),
    priced_share=st.floats(0.0, 0.95),
    fraction=st.floats(0.0, 1.0),
    step=st.floats(1e-5, 0.05),
)
def test_conservation_holds_whatever_open_interest_does(
    seed, interest, churn, priced_share, fraction, step
):
    parameters = HeatmapParameters(
        churn=churn, priced_share=priced_share, liquidatable_fraction=fraction, glitch_factor=1e9
    )
    bars = walk_bars(seed, len(interest), step=step)
    bars = dataclasses.replace(bars, open_interest_base=np.array(interest))
    book = book_for(bars, parameters)
    for i in range(len(bars)):
        book.advance(bars[i : i + 1])
        if book.open_interest_base is not None:
            assert conservation_error(book) < 1e-12  # I1
            assert book.column().min() >= 0  # I2
            assert book.outside_base.min() >= 0


def test_the_book_agrees_with_one_of_cohorts_kept_naively():  # I3 among others
    bars = walk_bars(3, 120, step=0.006)
    book = book_for(bars)
    naive = CohortBook(book.grid, book.parameters, book.basis)
    for i in range(len(bars)):
        book.advance(bars[i : i + 1])
        naive.advance(bars, i)
        column = np.stack(
            [sum(c.bins for c in naive.cohorts if c.side == side) for side in (LONG, SHORT)]
        )
        np.testing.assert_allclose(book.column(), column, rtol=1e-9, atol=1e-9)
    for cohort in naive.cohorts:
        reached = slice(cohort.lowest, None) if cohort.side == LONG else slice(cohort.highest + 1)
        assert not cohort.bins[reached].any()


@pytest.mark.parametrize("cuts", [(1, 2, 3), (255, 256, 257), (100, 400)])
def test_taking_bars_in_one_by_one_or_at_once_gives_the_same(cuts):  # I4
    bars = walk_bars(4, 600)
    once, pieces = book_for(bars), book_for(bars)
    once.advance(bars)
    for begin, end in zip((0, *cuts), (*cuts, len(bars)), strict=True):
        pieces.advance(bars[begin:end])
    np.testing.assert_allclose(pieces.column(), once.column(), rtol=1e-12, atol=0)
    np.testing.assert_allclose(pieces.outside_base, once.outside_base, rtol=1e-12)


def test_columns_and_outside_add_up_to_twice_open_interest():  # I5
    bars = walk_bars(5, 300)
    book = book_for(bars)
    picture = blank_picture(len(bars), book.grid)
    book.advance(bars, picture, row=np.arange(len(bars)), rows=(0, len(bars)))
    total = book.column().sum() + book.outside_base.sum()
    assert total == pytest.approx(2 * bars.open_interest_base[-1], rel=1e-12)
    assert picture.open_interest == pytest.approx(bars.open_interest_base, rel=1e-12)
    drawn = picture.long[-1].sum(dtype=float) + picture.short[-1].sum(dtype=float)
    assert drawn == pytest.approx(book.column().sum(), rel=1e-5)  # the picture is in single


def test_columns_are_the_book_as_it_was_known_then():
    bars = walk_bars(6, 80)
    book = book_for(bars)
    picture = blank_picture(80, book.grid)
    book.advance(bars, picture, row=np.arange(80), rows=(0, 80))
    early = book_for(bars)
    early.advance(bars[:50])
    np.testing.assert_allclose(picture.long[49], early.column()[LONG], rtol=1e-5, atol=1e-3)


def test_hats_kept_apart_give_the_same_book_as_their_mixture():
    bars = walk_bars(7, 300)
    mixed, apart = book_for(bars), book_for(bars, separate_hats=True)
    mixed.advance(bars)
    apart.advance(bars)
    assert apart.layers().shape[1] == 13
    np.testing.assert_allclose(apart.column(), mixed.column(), rtol=1e-9, atol=1e-9)
    assert conservation_error(apart) < 1e-12


def test_a_book_that_closes_everything_over_and_over_does_not_underflow():
    parameters = HeatmapParameters(churn=50.0)
    bars = walk_bars(8, 400)
    book = book_for(bars, parameters)
    book.advance(bars)
    assert np.isfinite(book.column()).all()
    assert conservation_error(book) < 1e-12


@pytest.mark.parametrize("separate", [False, True])
def test_a_copy_into_the_memory_of_an_earlier_one_is_a_copy(separate):
    bars = walk_bars(3, 400)
    book = book_for(bars, separate_hats=separate)
    book.advance(bars[:200])
    spare = book.copy()
    spare.advance(bars[200:400])  # price has been elsewhere there
    book.advance(bars[200:210])
    fresh, again = book.copy(), book.copy(spare)
    for twin in (fresh, again):
        twin.advance(bars[210:230])
    np.testing.assert_array_equal(again.layers(), fresh.layers())
    np.testing.assert_array_equal(again.outside_base, fresh.outside_base)
    np.testing.assert_array_equal(again.priced_base, fresh.priced_base)
