"""The book that is refitted every night: what it knew then, and what it conserves."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from tests.workstation.risk.bars import walk_bars
from tests.workstation.risk.observed import observed
from tests.workstation.risk.test_heatmap import conservation_error
from workstation.risk.heatmap import DEFAULT_PARAMETERS, Grid, HeatmapBook, blank_picture
from workstation.risk.heatmap_band import PRIOR_FACTORS
from workstation.risk.heatmap_fitted import FittedBook, column_band, join_taken
from workstation.units import DAY_MS

BAR_MS = 900_000  # a quarter of an hour: 96 bars a day
TRUE = DEFAULT_PARAMETERS.shares(0.004) * np.linspace(0.4, 2.5, 13)


def a_history(days, seed=1):
    """Bars, and liquidations of a book of the true mix, of which a third is published."""
    bars = walk_bars(seed, 96 * days, step=0.004)
    bars = dataclasses.replace(bars, interval_ms=BAR_MS, time_ms=BAR_MS * np.arange(len(bars)))
    grid = Grid.around(float(bars.low.min()), float(bars.high.max()), 0.001)
    book = HeatmapBook(grid, separate_hats=True)
    book.set_shares(TRUE)
    crossed = np.zeros((len(bars), 2, 13))
    book.advance(bars, crossed=crossed)
    mean = 0.36 * 0.8 * np.einsum("sj,nsj->ns", TRUE, crossed)
    amounts = 2.0 * np.random.default_rng(seed).poisson(mean / 2.0)
    return bars, observed(amounts, bars.time_ms), grid


@pytest.fixture(scope="module")
def history():
    return a_history(24)


@pytest.fixture(scope="module")
def walked(history):
    bars, seen, grid = history
    fitted = FittedBook(grid, "binanceusdm")
    return fitted, join_taken(fitted.advance(bars, seen))


def test_the_mix_that_made_the_liquidations_is_found(walked):
    fitted, _ = walked
    belief = fitted.belief
    assert belief.days == 23  # the last day has not ended
    assert belief.reported_share == 0.36
    reached = slice(3, 11)  # hats that price reaches and five-minute bars can tell apart
    ratio = belief.shares[:, reached].sum(axis=1) / TRUE[:, reached].sum(axis=1)
    assert ratio == pytest.approx([1.0, 1.0], abs=0.35)


def test_what_it_expects_comes_to_what_is_published(walked):
    _, taken = walked
    judged = slice(96 * 8, None)
    said = (taken.expected * taken.reported_share[:, np.newaxis])[judged].sum()
    assert said / taken.observed.base[judged].sum() == pytest.approx(1.0, abs=0.15)


def test_the_prior_speaks_until_enough_was_seen(history):
    bars, seen, grid = history
    fitted = FittedBook(grid, "binanceusdm")
    fitted.advance(bars[: 96 * 2], seen[: 96 * 2])
    assert fitted.belief.fit is None
    assert fitted.belief.factors == (PRIOR_FACTORS, PRIOR_FACTORS)
    np.testing.assert_array_equal(fitted.belief.shares, DEFAULT_PARAMETERS.shares(0.004))
    fitted.advance(bars[96 * 2 : 96 * 2 + 1], seen[96 * 2 : 96 * 2 + 1])  # midnight has passed
    assert fitted.belief.fit is not None
    assert fitted.belief.since_ms == 2 * DAY_MS


def test_without_a_feed_the_prior_speaks(history):
    bars, _, grid = history
    silent = observed(np.full((len(bars), 2), np.nan), bars.time_ms)
    fitted = FittedBook(grid, "binanceusdm")
    fitted.advance(bars, silent)
    plain = HeatmapBook(grid)
    plain.advance(bars)
    assert len(fitted.beliefs) == 1
    np.testing.assert_allclose(fitted.book.column(), plain.column(), rtol=1e-9, atol=1e-9)


def test_a_longer_history_repeats_what_was_said_then(history):
    bars, seen, grid = history
    short, long = FittedBook(grid, "binanceusdm"), FittedBook(grid, "binanceusdm")
    cut = 96 * 9 + 50
    for fitted, end in ((short, cut), (long, len(bars))):
        picture = blank_picture(end, grid)
        fitted.advance(bars[:end], seen[:end], picture, row=np.arange(end), rows=(0, end))
        fitted.picture = picture
    np.testing.assert_array_equal(short.picture.long, long.picture.long[:cut])
    np.testing.assert_array_equal(short.picture.short, long.picture.short[:cut])
    for early, late in zip(short.beliefs, long.beliefs, strict=False):
        np.testing.assert_array_equal(early.draws, late.draws)
        assert early.factors == late.factors


def test_bar_by_bar_is_the_same_as_at_once(history):  # I4, with refits
    bars, seen, grid = history
    end = 96 * 5
    once, pieces = FittedBook(grid, "binanceusdm"), FittedBook(grid, "binanceusdm")
    once.advance(bars[:end], seen[:end])
    for i in range(end):
        pieces.advance(bars[i : i + 1], seen[i : i + 1])
    np.testing.assert_allclose(pieces.book.column(), once.book.column(), rtol=1e-10, atol=1e-10)
    np.testing.assert_allclose(pieces.belief.factors, once.belief.factors)


def test_a_refit_conserves_open_interest(history):  # I1, I2
    bars, seen, grid = history
    fitted = FittedBook(grid, "binanceusdm")
    for i in range(96 * 4):
        fitted.advance(bars[i : i + 1], seen[i : i + 1])
        assert conservation_error(fitted.book) < 1e-12
        assert fitted.book.column().min() >= 0
        assert fitted.book.outside_base.min() >= 0


def test_shares_that_price_nearly_everything_still_conserve():
    bars, _, grid = a_history(2)
    book = HeatmapBook(grid, separate_hats=True)
    book.advance(bars)
    shares = np.zeros((2, 13))
    shares[:, 2] = 0.95
    book.set_shares(shares)
    assert conservation_error(book) < 1e-12
    assert book.outside_base.min() >= 0


def test_the_band_surrounds_the_column_and_holds_the_recent_errors(walked):
    fitted, _ = walked
    column = fitted.book.column()
    low, high = column_band(fitted.book, fitted.belief)
    assert (low <= column + 1e-12).all()
    for side, (least, most) in enumerate(fitted.belief.factors):
        there = column[side] > 1e-6
        assert (low[side][there] <= least * column[side][there] * (1 + 1e-9)).all()
        assert (high[side][there] >= most * column[side][there] * (1 - 1e-9)).all()


def test_the_spread_of_the_ensemble_is_that_of_its_mixes_one_by_one(walked):
    fitted, _ = walked
    book, draws = fitted.book, fitted.belief.draws
    unit = book.layers() / book.basis.weight[:, :, np.newaxis]
    told = book.variance(np.stack([np.cov(draws[:, side], rowvar=False) for side in (0, 1)]))
    for side in (0, 1):
        each = draws[:, side] @ unit[side]  # (64, bins): what would stand there with each mix
        np.testing.assert_allclose(told[side], each.var(axis=0, ddof=1), rtol=1e-9, atol=1e-18)


def test_a_trial_leaves_the_book_alone(walked, history):
    fitted, _ = walked
    bars, _, _ = history
    before = fitted.book.column()
    trial = fitted.copy()
    later = dataclasses.replace(bars[:1], time_ms=bars.time_ms[-1:] + BAR_MS)
    price = {name: getattr(bars, name)[-1:] for name in ("low", "high", "close", "middle")}
    trial.advance(dataclasses.replace(later, **price))
    np.testing.assert_array_equal(fitted.book.column(), before)


# --- a fit on demand --------------------------------------------------------------------------


def test_a_fit_that_is_asked_for_speaks_at_once_and_knows_the_day_until_then(history):
    bars, seen, grid = history
    fitted = FittedBook(grid, "binanceusdm")
    end = 96 * 3 + 40
    fitted.advance(bars[:end], seen[:end])
    midnight = fitted.belief
    assert fitted.refit() == end * BAR_MS
    assert fitted.belief.since_ms == end * BAR_MS
    assert not np.array_equal(fitted.belief.shares, midnight.shares)
    assert conservation_error(fitted.book) < 1e-12
    assert fitted.refit() is None  # nothing new since
    np.testing.assert_array_equal(fitted.book.basis.weight, fitted.belief.shares)


def test_a_fit_that_is_asked_for_too_early_changes_nothing(history):
    bars, seen, grid = history
    fitted = FittedBook(grid, "binanceusdm")
    fitted.advance(bars[:50], seen[:50])
    assert fitted.refit() is None
    assert len(fitted.beliefs) == 1


def test_given_its_time_a_fresh_start_repeats_a_fit_that_was_asked_for(history):
    bars, seen, grid = history
    grown, asked, end = FittedBook(grid, "binanceusdm"), 96 * 3 + 40, 96 * 5 + 10
    grown.advance(bars[:asked], seen[:asked])
    time_ms = grown.refit()
    alike = FittedBook(grid, "binanceusdm", refits_ms=(time_ms,))
    alike.advance(bars[:asked], seen[:asked])
    np.testing.assert_allclose(alike.belief.shares, grown.belief.shares, rtol=1e-9)
    grown.advance(bars[asked:end], seen[asked:end])
    fresh = FittedBook(grid, "binanceusdm", refits_ms=(time_ms,))
    fresh.advance(bars[: asked - 10], seen[: asked - 10])
    fresh.advance(bars[asked - 10 : end], seen[asked - 10 : end])
    assert [belief.since_ms for belief in fresh.beliefs] == [b.since_ms for b in grown.beliefs]
    np.testing.assert_allclose(fresh.book.column(), grown.book.column(), rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(fresh.belief.factors, grown.belief.factors)
