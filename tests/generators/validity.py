"""Whether a generated market can grade a map: the true book against an even spread, no map at all.

    python -m tests.generators.validity [--runs 4] [--days 30] [--first-seed 301] [--kinds ...]

A market where even the truth cannot say where the next day's liquidations fall cannot grade a map,
and neither can one that looks like no real one. ``LIMITS`` were fixed before the markets they are
asked of (*whales*, *tiers*) had run once.
"""

from __future__ import annotations

import argparse
import sys

import numpy as np

from tests.generators.evaluate import KINDS, mean_and_error
from tests.generators.grading import ORACLE, add_up, against_truth, true_maps
from tests.generators.markets import BARS_A_DAY
from workstation.risk.heatmap_grade import plan_grading
from workstation.risk.heatmap_scorecard import THIS

LIMITS = {
    "liquidated a day / open interest": (0.01, 0.03),  # mean over all days and runs
    "worst day of a run": (0.04, 0.20),
    "longs' share of liquidations": (0.35, 0.65),  # over all runs
    "daily move": (0.017, 0.032),  # sd of log closes; Binance BTCUSDT 2023 to 2025: 0.024
    "kurtosis of hourly moves": (3.0, 40.0),  # the same: 13.8, above a normal's
    "shown by a throttled feed": (0.30, 0.60),
    "shown by a complete feed": (1.0, 1.0),
    "turnover a day / open interest": (1.0, 6.0),  # the same, June to August 2024: median 3.0
    "errors that the oracle's day gain is above 0": (2.0, np.inf),  # standard errors over runs
}


def oracle_gain(market):
    """Nats over an even spread of the true book, frozen for 24 hours and for one."""
    plan = plan_grading(market.bars, market.grid)
    maps = true_maps(market, plan)
    truth = add_up(market.bars, market.truth).base
    table = against_truth(market, plan, {THIS: maps, ORACLE: maps}, truth, truth).table
    row = next(row for row in table if row.name == ORACLE)
    return row.day_gain[0], row.hour_gain[0]


def figures(markets):
    """The market's statistics by the names of ``LIMITS``; some have a value a run."""
    shares, longs, days_worst, moves, kurtosis, turnover = [], [], [], [], [], []
    for market in markets:
        bars = market.bars
        interest = np.nanmean(bars.open_interest_base)
        liquidated = add_up(bars, market.truth).base
        daily = liquidated.sum(axis=1).reshape(-1, BARS_A_DAY).sum(axis=1) / interest
        shares.append(daily.mean())
        days_worst.append(daily.max())
        longs.append(liquidated.sum(axis=0))
        moves.append(np.diff(np.log(bars.close[BARS_A_DAY - 1 :: BARS_A_DAY])))
        hourly = np.diff(np.log(bars.close[11::12]))
        kurtosis.append(((hourly - hourly.mean()) ** 4).mean() / hourly.var() ** 2 - 3.0)
        turnover.append(bars.volume_base.sum() / len(daily) / interest)
    shown = np.array([market.reported for market in markets])
    gains = np.array([oracle_gain(market) for market in markets])
    mean, error = mean_and_error(gains)
    longs = np.sum(longs, axis=0)
    values = (
        np.mean(shares), days_worst, longs[0] / longs.sum(), np.concatenate(moves).std(),
        np.mean(kurtosis), shown[shown < 1.0], shown[shown == 1.0], np.mean(turnover),
        mean[0] / error[0],
    )  # fmt: skip
    return dict(zip(LIMITS, values, strict=True)), mean, error


def show(kind, markets, out):
    """Print a market's figures with their limits; returns whether all are kept."""
    found, mean, error = figures(markets)
    print(f"{kind}: {len(markets)} runs", file=out)
    valid = True
    for name, (low, high) in LIMITS.items():
        value = np.atleast_1d(found[name])
        kept = bool(((value >= low) & (value <= high)).all()) and len(value) > 0
        valid &= kept
        text = " ".join(f"{x:.3f}" for x in value)
        print(f"  {'' if kept else 'NOT '}{name}: {text} ({low:g} to {high:g})", file=out)
    for label, m, e in zip(("24 hours", "1 hour"), mean, error, strict=True):
        print(f"  gain of the true book, {label}: {m:+.3f} ± {e:.3f}", file=out, flush=True)
    return valid


def main(arguments=None):
    ask = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ask.add_argument("--runs", type=int, default=4)
    ask.add_argument("--days", type=int, default=30)
    ask.add_argument("--first-seed", type=int, default=301)
    ask.add_argument("--kinds", default="whales,tiers")
    options = ask.parse_args(arguments)
    seeds = range(options.first_seed, options.first_seed + options.runs)
    kinds = options.kinds.split(",")
    valid = [
        show(kind, [KINDS[kind](seed, options.days) for seed in seeds], sys.stdout)
        for kind in kinds
    ]
    return 0 if all(valid) else 1


if __name__ == "__main__":
    sys.exit(main())
