"""The map's cost: a new bar against all of them, and the whole map against plain numpy.

Ratios within one run, because machines differ. The absolute bounds are those that the map has to
keep on two cores of 2.6 GHz, and hold for the least of many rounds.

A new bar is that of five venues at once, on 1,000 bars by 1,700 bins, from the candles and open
interest of all of them (joined, compared with what was taken in before, booked, banded, told by
leverage) to the pixels of a chart of 1280 x 720: shaded, hatched, the whole picture painted. Not in
it: the venues' answers, the way between the two threads, and what else the chart shows.

A tick costs the map nothing by itself: it changes the running candle, and the running bar is played
on a copy of the book once a question. That trial, over the ticks of a quarter of a second, is the
amortised cost of one.
"""

from __future__ import annotations

import dataclasses
import time

import numpy as np
import pandas as pd
from PySide6.QtGui import QImage, QPainter

from tests.workstation.market.facts import btc, liquidation
from tests.workstation.risk.bars import walk_bars
from tests.workstation.risk.cohort_book import CohortBook
from tests.workstation.risk.observed import observed
from tests.workstation.risk.test_heatmap import book_for
from tests.workstation.services.test_heatmap_service import a_walk, ask, known_until
from ui.charts.heatmap_item import HeatmapItem
from ui.charts.pixels import PixelMap
from ui.charts.plotting import ViewBox
from ui.theme import DARK
from workstation.market.instrument import Side
from workstation.risk.heatmap import Grid, HeatmapBook, blank_picture
from workstation.risk.heatmap_fitted import FittedBook
from workstation.services.heatmap_map import COLUMNS
from workstation.services.heatmap_service import HeatmapAnswer

VENUES = ("binanceusdm", "bybit", "okx", "hyperliquid", "deribit")
WALKS = [a_walk(COLUMNS + 200, seed=i, key=btc(venue)) for i, venue in enumerate(VENUES)]


def question(end):
    return ask(*(known_until(walk, end) for walk in WALKS))


def seconds(action, *arguments):
    began = time.perf_counter()
    action(*arguments)
    return time.perf_counter() - began


def test_one_bar_more_costs_a_fraction_of_the_whole_map(benchmark):
    HeatmapAnswer()(question(COLUMNS))  # kernels are loaded
    whole = min(seconds(HeatmapAnswer(), question(COLUMNS)) for _ in range(5))
    answer, ends = HeatmapAnswer(), iter(range(COLUMNS, COLUMNS + 200))
    answer(question(next(ends)))
    benchmark.pedantic(answer, setup=lambda: ((question(next(ends)),), {}), rounds=50, iterations=1)
    benchmark.extra_info["whole_map_s"] = whole
    assert benchmark.stats["median"] < whole / 3


class Screen:
    """A chart of a window of 1920 x 1080; the view stands still, with room for the bars to come."""

    def __init__(self, whole):
        self.answer = HeatmapAnswer()
        self.item = HeatmapItem(ViewBox(enableMenu=False), DARK)
        self.image = QImage(1_280, 720, QImage.Format.Format_RGB32)
        columns = self.answer(whole)
        edges, bar_ms = columns.edges(), 1_000 * columns.interval_s
        self.pixels = PixelMap(
            start_ms=float(columns.time_ms[0] + 250 * bar_ms),
            end_ms=float(columns.time_ms[-1] + 250 * bar_ms),
            low=float(edges[len(edges) // 3]),
            high=float(edges[2 * len(edges) // 3]),
            width=self.image.width(),
            height=self.image.height(),
        )

    def show(self, asked):
        columns = self.answer(asked)
        self.item.set_columns(columns)
        painter = QPainter(self.image)
        self.item.draw(painter, self.pixels)
        painter.end()
        return columns


def test_a_new_bar_is_on_the_screen_within_two_milliseconds(qapp, benchmark):
    ends = iter(range(COLUMNS, COLUMNS + 200))
    screen = Screen(question(next(ends)))
    screen.show(question(next(ends)))
    benchmark.pedantic(
        screen.show, setup=lambda: ((question(next(ends)),), {}), rounds=150, iterations=1
    )
    image = screen.image
    assert image.pixelColor(400, 360) != image.pixelColor(1_270, 360)  # the map, and beyond it
    assert benchmark.stats["min"] <= 0.002


def test_a_new_bar_of_fitted_books_is_there_hardly_later(qapp, benchmark):
    """Three of five venues have had their leverage fitted for days; 4,400 bars were taken in."""
    count, fresh = 4_400, 120  # a fit at midnight needs two days before it
    walks = [a_walk(count + fresh, seed=i, key=btc(venue)) for i, venue in enumerate(VENUES)]
    orders = [two_a_minute(candles, seed=i) for i, (candles, _) in enumerate(walks[:3])] + [[], []]

    def asked(end, newest):
        markets = (known_until(walk, end) for walk in walks)
        return ask(
            *(
                dataclasses.replace(market, liquidations=tuple(rows[: 2 * end][-newest:]))
                for market, rows in zip(markets, orders, strict=True)
            )
        )

    ends = iter(range(count, count + fresh))
    screen = Screen(asked(next(ends), 2 * count))
    told = screen.show(asked(next(ends), 100))
    assert [line.split(" to ")[0] for line in told.mix[:3]] == [
        f"{venue}: leverage fitted" for venue in VENUES[:3]
    ]
    benchmark.pedantic(
        screen.show, setup=lambda: ((asked(next(ends), 100),), {}), rounds=100, iterations=1
    )
    assert benchmark.stats["min"] <= 0.003


def two_a_minute(candles, seed):
    rng = np.random.default_rng(seed)
    times = np.repeat(candles.time_ms, 2) + np.tile([0, 30_000], len(candles))
    sides, amounts = rng.integers(0, 2, len(times)), rng.exponential(1, len(times))
    return [
        liquidation(candles.key, list(Side)[side], float(amount), 70_000.0, int(time_ms))
        for side, amount, time_ms in zip(sides, amounts, times, strict=True)
    ]


def test_the_book_is_hundreds_of_times_faster_than_the_naive_one(benchmark):
    bars = walk_bars(1, 200)
    book = book_for(bars)
    book.copy().advance(bars)
    naive = CohortBook(book.grid, book.parameters, book.basis)
    plain = seconds(lambda: [naive.advance(bars, i) for i in range(len(bars))])
    benchmark.pedantic(
        lambda trial: trial.advance(bars), setup=lambda: ((book.copy(),), {}), rounds=20
    )
    benchmark.extra_info["naive_s"] = plain
    assert benchmark.stats["median"] < plain / 100


def test_the_thousandth_bar_costs_as_much_as_the_first(benchmark):
    bars = walk_bars(1, 10_000, step=0.0005)
    book = book_for(bars)
    book.copy().advance(bars[:10])
    few = min(seconds(book.copy().advance, bars[:1_000]) for _ in range(5))
    benchmark.pedantic(
        lambda trial: trial.advance(bars), setup=lambda: ((book.copy(),), {}), rounds=5
    )
    benchmark.extra_info["per_bar_us"] = benchmark.stats["median"] / len(bars) * 1e6
    assert benchmark.stats["min"] < 10 * few * 2


# --- the whole map, 2,000 bars by 1,000 bins ------------------------------------------------------

BARS, BINS = 2_000, 1_000


def a_thousand_bins():
    """Bars that move little enough for all their liquidations to fit into a thousand bins or so."""
    bars = walk_bars(1, BARS, step=0.0002)
    grid = Grid.around(float(bars.low.min()), float(bars.high.max()), 0.001, margin=0.0)
    return bars, grid


def plain_numpy(bars, grid, basis, liquidatable=0.8, churn=0.1):
    """The same rule with one age and one array expression a step: how one writes it first."""
    kernels = (basis.weight[:, :, np.newaxis] * basis.kernel).sum(axis=1)
    mass, picture = np.zeros((2, grid.bins)), np.zeros((BARS, 2, grid.bins), np.float32)
    outside = np.full(2, bars.open_interest_base[0])
    low, high = grid.index(bars.low), grid.index(bars.high)
    reach = kernels.shape[1]
    for i in range(len(bars)):
        crossed = np.array([mass[0, low[i] :].sum(), mass[1, : high[i] + 1].sum()])
        mass[0, low[i] :] = 0.0
        mass[1, : high[i] + 1] = 0.0
        outside += (1 - liquidatable) * crossed
        held = mass.sum(axis=1) + outside
        closed = np.maximum(0.0, held - bars.open_interest_base[i]) + churn * bars.volume_base[i]
        keep = np.maximum(0.0, 1 - closed / held)
        mass *= keep[:, np.newaxis]
        outside *= keep
        opened = np.maximum(0.0, bars.open_interest_base[i] - mass.sum(axis=1) - outside)
        profile = np.full(high[i] - low[i] + 1, 1.0 / (high[i] - low[i] + 1))
        for side, base in ((0, low[i] - reach + 1), (1, low[i])):
            spread = opened[side] * np.convolve(profile, kernels[side])
            mass[side, base : base + len(spread)] += spread
            outside[side] += opened[side] - spread.sum()
        picture[i] = mass
    return picture


def rows_appended(trades):
    """One row of a table a trade and level, as the row-appending tools do it."""
    table = pd.DataFrame(columns=["price", "amount"])
    for i in range(trades):
        table.loc[len(table)] = [60_000.0 * (1 - 0.01 * (i % 4)), 1.0]
    return table


def test_the_whole_map_is_many_times_faster_than_plain_numpy_and_appended_rows(benchmark):
    bars, grid = a_thousand_bins()
    assert grid.bins >= BINS  # 2x longs and shorts alone need 1,100
    picture, row = blank_picture(BARS, grid), np.arange(BARS)

    def recompute():
        HeatmapBook(grid).advance(bars, picture, row=row, rows=(0, BARS))

    recompute()
    plain = seconds(plain_numpy, bars, grid, HeatmapBook(grid).basis)
    appended = seconds(rows_appended, 200) / 200 * BARS
    benchmark.pedantic(recompute, rounds=100)
    benchmark.extra_info["times_plain_numpy"] = plain / benchmark.stats["median"]
    benchmark.extra_info["times_appended_rows"] = appended / benchmark.stats["median"]
    assert benchmark.stats["median"] < plain / 5
    assert benchmark.stats["median"] < appended / 50
    assert benchmark.stats["min"] <= 0.005


def test_a_tick_costs_a_microsecond_of_the_running_bar_s_trial(benchmark):
    bars, grid = a_thousand_bins()
    book = HeatmapBook(grid)
    book.advance(bars[: BARS - 1])

    def trial():
        twin = book.copy()
        twin.advance(bars[BARS - 1 :])
        return twin.column()

    trial()
    benchmark.pedantic(trial, rounds=50)
    ticks = 250  # in a quarter of a second, when a market is busy
    benchmark.extra_info["us_a_tick"] = benchmark.stats["median"] / ticks * 1e6
    assert benchmark.stats["min"] <= ticks * 1e-6


# --- the nightly refit ----------------------------------------------------------------------------


def test_a_refit_of_thirty_days_of_five_minute_bars_takes_seconds(benchmark):
    day = 288
    bars = walk_bars(1, 31 * day, step=0.002)
    bars = type(bars)(
        interval_ms=300_000,
        time_ms=300_000 * np.arange(len(bars)),
        **{
            name: getattr(bars, name)
            for name in ("low", "high", "close", "middle", "volume_base", "open_interest_base")
        },
    )
    rng = np.random.default_rng(1)
    amounts = rng.exponential(5.0, (len(bars), 2)) * (rng.random((len(bars), 2)) < 0.3)
    seen = observed(amounts, bars.time_ms)
    grid = Grid.around(float(bars.low.min()), float(bars.high.max()), 0.001)
    fitted = FittedBook(grid, "binanceusdm")
    fitted.advance(bars[: 30 * day], seen[: 30 * day])

    def midnight():
        fitted.advance(bars[30 * day : 30 * day + 1], seen[30 * day : 30 * day + 1])

    before = len(fitted.beliefs)
    benchmark.pedantic(midnight, rounds=1, iterations=1)
    assert len(fitted.beliefs) == before + 1
    assert fitted.belief.days == 30
    assert benchmark.stats["min"] <= 3.0
