"""The map's cost: a new bar against all of them, and the whole map against plain numpy.

Ratios within one run, because machines differ; the absolute bounds are five times what a two-core
machine of 2.6 GHz needs. Measured there: 1,000 columns of five venues 25 ms, one bar more 2 ms.
"""

from __future__ import annotations

import time

from tests.workstation.market.facts import btc
from tests.workstation.risk.bars import walk_bars
from tests.workstation.risk.cohort_book import CohortBook
from tests.workstation.risk.test_heatmap import book_for
from tests.workstation.services.test_heatmap_service import a_walk, ask, known_until
from workstation.services.heatmap_service import COLUMNS, HeatmapAnswer

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
    assert benchmark.stats["median"] < 0.010


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
    assert benchmark.stats["median"] < 10 * few * 2
