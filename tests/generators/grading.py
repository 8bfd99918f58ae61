"""Walk the fitted book through a generated market and grade it against what truly happened."""

from __future__ import annotations

import numpy as np

from workstation.risk.heatmap_bars import Observed
from workstation.risk.heatmap_fit import reported_spread
from workstation.risk.heatmap_fitted import FittedBook, join_taken
from workstation.risk.heatmap_grade import grade, plan_grading
from workstation.risk.heatmap_score import place_events
from workstation.risk.heatmap_scorecard import THIS

ORACLE = "oracle"


def add_up(bars, orders):
    """``Observed`` of a generated feed."""
    bar, inside = bar_of(bars, orders)
    base = np.zeros((len(bars), 2))
    np.add.at(base, (bar[inside], orders.side[inside]), orders.quantity[inside])
    stamped = np.stack([orders.time_ms // 1_000, orders.side], axis=1)[inside]
    return Observed(base=base, orders=stamped, bar=bar[inside])


def bar_of(bars, orders):
    bar = np.searchsorted(bars.time_ms, orders.time_ms, "right") - 1
    inside = (bar >= 0) & (orders.time_ms < bars.time_ms[bar] + bars.interval_ms)
    return bar, np.flatnonzero(inside)


def walk(market, seed=1):
    """The fitted book after all bars, its columns at the plan's anchors, and what it took in."""
    plan = plan_grading(market.bars, market.grid)
    observed = add_up(market.bars, market.feed)
    fitted = FittedBook(market.grid, market.venue, seed=seed)
    maps, taken, at = [], [], 0
    for anchor in plan.anchors:
        piece = slice(at, int(anchor) + 1)
        taken += fitted.advance(market.bars[piece], observed[piece])
        maps.append(fitted.book.column().astype(np.float32))
        at = int(anchor) + 1
    taken += fitted.advance(market.bars[at:], observed[at:])
    return fitted, plan, np.stack(maps), join_taken(taken)


def graded(market, seed=1):
    """The grades against the truth, the oracle beside the map; and the book."""
    fitted, plan, maps, taken = walk(market, seed)
    band_of = taken.observed.base / taken.reported_share[:, np.newaxis]
    maps = {THIS: maps, ORACLE: true_maps(market, plan)}
    unsure = reported_spread(fitted.belief.reported_share)
    return against_truth(market, plan, maps, taken.expected, band_of, unsure), fitted


def true_maps(market, plan):
    """The true book as it last stood at each of the plan's anchors."""
    ends = market.bars.time_ms[plan.anchors] + market.bars.interval_ms
    return market.books[np.clip(np.searchsorted(market.book_ms, ends, "right") - 1, 0, None)]


def against_truth(market, plan, maps, expected, band_of, unsure=0.0):
    """The grades of maps by name, and of expected amounts, against what truly happened.

    ``unsure`` is the reported spread of ``band_of``.
    """
    bars = market.bars
    bar, inside = bar_of(bars, market.truth)
    events = place_events(
        bars, market.grid, bar[inside], market.truth.side[inside],
        market.truth.price[inside], market.truth.quantity[inside],
    )  # fmt: skip
    truth = add_up(bars, market.truth).base
    return grade(
        bars, market.grid, plan, events, maps, expected, truth,
        band_of=band_of, reported_spread=unsure,
    )  # fmt: skip
