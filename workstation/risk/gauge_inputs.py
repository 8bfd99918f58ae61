"""What gauges read: the overview of one coin, and its series of funding and open interest."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from workstation.market.consolidated import perpetuals_of
from workstation.market.facts import FloatArray, FundingRate, OpenInterest, OrderBook, TimeArray
from workstation.market.instrument import MarketKey
from workstation.market.overview import MarketOverview
from workstation.market.steps import StepSeries, funding_steps, open_interest_steps
from workstation.market.store import MarketStore
from workstation.units import DAY_MS, HOUR_MS, HOURS_PER_YEAR

WHOLE_SHARE: Final = 0.9  # [A] of the time at hand that a market's open interest must be known


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GaugeInputs:
    """The overview, and hourly series up to now that do not stand in it.

    ``funding_yearly`` is the mean of all markets by open interest (of equal weights where no open
    interest is known), NaN where not known;
    ``open_interest_base`` the sum over ``open_interest_venues``, those that are known nearly all of
    the time at hand (a venue that came later would look like a rise).
    """

    overview: MarketOverview
    funding_ms: TimeArray
    funding_yearly: FloatArray
    open_interest_ms: TimeArray
    open_interest_base: FloatArray
    open_interest_venues: tuple[str, ...]
    books: tuple[OrderBook, ...]


def gauge_inputs(overview: MarketOverview, store: MarketStore) -> GaugeInputs:
    """Collect what gauges read of the overview's coin."""
    keys = tuple(perpetuals_of(store, overview.coin))
    funding = [
        funding_steps(store.funding_history(key), store.newest(FundingRate, key), store.now_ms)
        for key in keys
    ]
    interest = [
        open_interest_steps(
            store.open_interest_history(key), store.newest(OpenInterest, key), store.now_ms
        )
        for key in keys
    ]
    funding_ms = _hours(funding, store.now_ms)
    interest_ms, interest_base, counted = _whole_history(keys, interest, store.now_ms)
    return GaugeInputs(
        overview=overview,
        funding_ms=funding_ms,
        funding_yearly=_weighted(funding, interest, funding_ms) * HOURS_PER_YEAR / 8,
        open_interest_ms=interest_ms,
        open_interest_base=interest_base,
        open_interest_venues=tuple(dict.fromkeys(key.venue for key in counted)),
        books=tuple(
            book
            for key in keys
            if (book := store.newest(OrderBook, key)) and not book.is_stale(store.now_ms)
        ),
    )


def percentile_of_last(values: FloatArray) -> float:
    """Return the share of the earlier values below the last one, ties half; NaN without any."""
    earlier, last = values[:-1], values[-1:]
    if not len(earlier):
        return math.nan
    below, ties = np.count_nonzero(earlier < last), np.count_nonzero(earlier == last)
    return float((below + ties / 2) / len(earlier))


def daily_means(time_ms: TimeArray, values: FloatArray, now_ms: int) -> FloatArray:
    """Return the means of the 24-hour blocks that end now, oldest first, empty ones left out."""
    known = np.isfinite(values) & (time_ms <= now_ms)
    days = (now_ms - time_ms[known]) // DAY_MS
    if not len(days):
        return np.empty(0)
    counts = np.bincount(days)
    sums = np.bincount(days, values[known])
    means: FloatArray = (sums[counts > 0] / counts[counts > 0])[::-1]
    return means


def _hours(series: Sequence[StepSeries], now_ms: int) -> TimeArray:
    # whole hours since the first value, and the last instant before now
    first_ms = min((int(part.start_ms[0]) for part in series if len(part)), default=now_ms)
    return np.append(np.arange(-(-first_ms // HOUR_MS) * HOUR_MS, now_ms - 1, HOUR_MS), now_ms - 1)


def _weighted(
    values: Sequence[StepSeries], weights: Sequence[StepSeries], time_ms: TimeArray
) -> FloatArray:
    # Venues keep open interest for less time than funding: before its first reading a market
    # weighs as much as at it. Where none is known at all, markets weigh the same.
    summed, total = np.zeros(len(time_ms)), np.zeros(len(time_ms))
    nowhere = not any(len(weight) for weight in weights)
    for value, weight in zip(values, weights, strict=True):
        known, heavy = value.at(time_ms), np.full(len(time_ms), float(nowhere))
        if len(weight):
            heavy = np.nan_to_num(weight.at(np.maximum(time_ms, weight.start_ms[0])))
        heavy = np.where(np.isfinite(known), heavy, 0.0)
        summed += heavy * np.nan_to_num(known)
        total += heavy
    mean: FloatArray = np.divide(summed, total, out=np.full(len(time_ms), np.nan), where=total > 0)
    return mean


def _whole_history(
    keys: Sequence[MarketKey], interest: Sequence[StepSeries], now_ms: int
) -> tuple[TimeArray, FloatArray, list[MarketKey]]:
    time_ms = _hours(interest, now_ms)
    rows = np.array([series.at(time_ms) for series in interest]).reshape(len(keys), len(time_ms))
    known = np.isfinite(rows)
    share = known.mean(axis=1)
    whole = (share > 0) & (share >= WHOLE_SHARE * share.max(initial=0.0))
    complete = known[whole].all(axis=0) & whole.any()
    counted = [key for key, is_whole in zip(keys, whole, strict=True) if is_whole]
    return time_ms[complete], rows[whole][:, complete].sum(axis=0), counted
