"""Ten runs of sixty days of each generated market, graded; prints the table with standard errors.

    python -m tests.generators.evaluate [--runs 10] [--days 60] [--first-seed 1] [--kinds ...]

Not part of the tests that run every time: it takes minutes. Kinds: the markets by name, and
``flip``, which is ``queue`` and ``hawkes`` in turn with leverage changing its mix on day 40, in the
middle of the days that are scored. What came out is kept in ``RESULTS.md``.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass

import numpy as np

from tests.generators.grading import ORACLE, graded
from tests.generators.markets import FLOW, HAWKES, QUEUE, generate
from tests.generators.matched import generate_matched
from tests.generators.signals import generate_signals
from tests.generators.tiers import generate_tiers
from tests.generators.whales import generate_whales
from workstation.risk.heatmap_scorecard import DISTANCE, FIXED, PATH, PER_BIN, THIS, UNIFORM

FLIP_DAY = 40.0
ROWS = (THIS, ORACLE, UNIFORM, DISTANCE, FIXED, PER_BIN, PATH)


@dataclass(frozen=True)
class Result:
    grades: object
    reported: float
    priced: float
    width: np.ndarray  # (2,) longs and shorts: ln of the high over the low end of the drawn band


KINDS = {
    "flow": lambda seed, days: generate(FLOW, seed, days),
    "queue": lambda seed, days: generate(QUEUE, seed, days),
    "hawkes": lambda seed, days: generate(HAWKES, seed, days, complete=seed % 2 == 0),
    "flip": lambda seed, days: generate(
        QUEUE if seed % 2 else HAWKES, seed, days, flip_day=FLIP_DAY
    ),
    "matched": generate_matched,
    "signals": generate_signals,
    "whales": generate_whales,
    "tiers": generate_tiers,
}


def run(kind, seed, days):
    """Grade one run of a kind by name."""
    market = KINDS[kind](seed, days)
    grades, fitted = graded(market)
    nights = [belief.factors for belief in fitted.beliefs[-grades.days :]]
    low, high = np.array(nights).transpose(2, 0, 1)
    width = np.log(high / low).mean(axis=0)
    return Result(grades, market.reported, float(fitted.belief.shares.sum() / 2), width)


def mean_and_error(values):
    values = np.asarray(values, dtype=float)
    return values.mean(axis=0), values.std(axis=0, ddof=1) / np.sqrt(len(values))


def show(kind, results, out):
    """Print one kind's table: means over runs and their standard errors."""
    tables = [{row.name: row for row in result.grades.table} for result in results]
    reported = np.mean([result.reported for result in results])
    priced = np.mean([result.priced for result in results])
    print(
        f"{kind}: {len(results)} runs, feed {reported:.2f} of truth, priced {priced:.2f}", file=out
    )
    for name in ROWS:
        cells = [f"  {name:24s}"]
        for label, value in (
            ("day gain", lambda row: row.day_gain[0]),
            ("lead of map", lambda row: row.behind[0]),
            ("hour gain", lambda row: row.hour_gain[0]),
            ("lift", lambda row: row.day_lift[0]),
            ("skill", lambda row: row.skill),
            ("ratio", lambda row: row.total_ratio),
        ):
            mean, error = mean_and_error([value(table[name]) for table in tables])
            cells.append("" if np.isnan(mean) else f"{label} {mean:+.3f} ± {error:.3f}")
        print("  ".join(cells), file=out)
    own = [table[THIS] for table in tables]
    for label, value in (
        ("log-corr. long, short", [row.log_correlation for row in own]),
        ("ratio long, short", [row.ratio for row in own]),
        ("hourly coverage long, short", [result.grades.hour_coverage for result in results]),
        ("daily coverage long, short", [result.grades.day_coverage for result in results]),
        ("width of the band, ln(p90 / p10)", [result.width for result in results]),
    ):
        mean, error = mean_and_error(value)
        print(f"  {label}: {mean.round(3)} ± {error.round(3)}", file=out)
    for name in (FIXED, PER_BIN, PATH):
        mean, error = mean_and_error([table[THIS].skill - table[name].skill for table in tables])
        print(f"  lead of the map's skill over {name}: {mean:+.3f} ± {error:.3f}", file=out)
    day, truth = (
        np.array([table[name].day_gain[0] for table in tables]) for name in (THIS, ORACLE)
    )
    hour, hour_truth = (
        np.array([table[name].hour_gain[0] for table in tables]) for name in (THIS, ORACLE)
    )
    print(
        f"  share of the oracle's gain: day {day.sum() / truth.sum():.2f}, "
        f"hour {hour.sum() / hour_truth.sum():.2f}",
        file=out,
        flush=True,
    )


def main(arguments=None):
    ask = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ask.add_argument("--runs", type=int, default=10)
    ask.add_argument("--days", type=int, default=60)
    ask.add_argument("--first-seed", type=int, default=1)
    ask.add_argument("--kinds", default=",".join(KINDS))
    options = ask.parse_args(arguments)
    for kind in options.kinds.split(","):
        seeds = range(options.first_seed, options.first_seed + options.runs)
        results = [run(kind, seed, options.days) for seed in seeds]
        show(kind, results, sys.stdout)


if __name__ == "__main__":
    main()
