"""Gauges: what each shows, its bands, and what such readings were followed by.

A band describes, with its record where one was measured; none is a forecast. The records are of
daily BTC data 2019-09 to 2026-06 and count days that were followed, within 30 days, by a low 15 %
below that day's close (base rate 30 %); thresholds of absolute rules were seen before they were
chosen, so they flatter. ``[A]`` marks an assumption without a source.

To add a gauge, add one ``Indicator`` to ``INDICATORS``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np

from workstation.market.facts import FloatArray, OrderBook
from workstation.market.overview import MarketOverview
from workstation.risk.gauge_inputs import GaugeInputs, daily_means, percentile_of_last
from workstation.units import DAY_MS, UnixMs

DEPTH_FRACTION: Final = 0.01  # how far from the middle depth is counted
FUNDING_DAYS: Final = 7  # the mean of which the records below were measured
MIN_DAYS: Final = 14  # [A] of history before a percentile is stated


class Unit(StrEnum):
    """What a gauge's value counts; the window turns it into text."""

    FRACTION = "fraction"
    FRACTION_YEARLY = "fraction a year"
    PERCENTILE = "percentile"
    USD = "USD"


@dataclass(frozen=True, slots=True)
class Band:
    """A range of values ``below`` a bound (the last one's is infinite) and what it means."""

    below: float
    label: str
    record: str = ""  # what such readings were followed by, where it was measured


@dataclass(frozen=True, slots=True, kw_only=True)
class IndicatorValue:
    """A reading; ``percentile`` is its place (0 to 1) in its own history, where there is enough."""

    value: float
    percentile: float | None = None
    basis: str = ""  # a sentence: what it is made of, and how long the history is
    venues: tuple[str, ...] = ()  # that stand behind it


@dataclass(frozen=True, slots=True, kw_only=True)
class Indicator:
    """One gauge: how it is called, read and judged. ``value`` is ``None`` when it is not known."""

    key: str
    title: str
    unit: Unit
    help: str
    bands: tuple[Band, ...]
    value: Callable[[GaugeInputs], IndicatorValue | None]

    def band(self, value: float) -> Band:
        """Return the band that holds a value."""
        return next(band for band in self.bands if value < band.below)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gauges:
    """Every gauge of one coin at one moment; a reading is ``None`` where it is not known."""

    coin: str
    as_of_ms: UnixMs
    readings: tuple[tuple[Indicator, IndicatorValue | None], ...]


def read_gauges(inputs: GaugeInputs) -> Gauges:
    """Read every gauge, in the order of ``INDICATORS``."""
    return Gauges(
        coin=inputs.overview.coin,
        as_of_ms=inputs.overview.now_ms,
        readings=tuple((indicator, indicator.value(inputs)) for indicator in INDICATORS),
    )


# --- the readings -----------------------------------------------------------------------------


def _funding_now(inputs: GaugeInputs) -> IndicatorValue | None:
    yearly = inputs.overview.funding_rate_yearly
    if yearly is None:
        return None
    days = daily_means(inputs.funding_ms, inputs.funding_yearly, inputs.overview.now_ms)
    return IndicatorValue(
        value=yearly,
        percentile=_percentile_among(np.append(days, yearly)),
        basis=f"Weighted by open interest; percentile among {len(days)} daily means.",
        venues=inputs.overview.venues_live,
    )


def _funding_week(inputs: GaugeInputs) -> IndicatorValue | None:
    days = daily_means(inputs.funding_ms, inputs.funding_yearly, inputs.overview.now_ms)
    if len(days) < FUNDING_DAYS:
        return None
    weeks = np.convolve(days, np.full(FUNDING_DAYS, 1 / FUNDING_DAYS), "valid")
    return IndicatorValue(
        value=float(weeks[-1]),
        percentile=_percentile_among(weeks),
        basis=f"Mean of 7 days, weighted by open interest; {len(days)} days at hand.",
        venues=inputs.overview.venues_live,
    )


def _percentile_among(days: FloatArray) -> float | None:
    return percentile_of_last(days) if len(days) > MIN_DAYS else None


def _open_interest_place(inputs: GaugeInputs) -> IndicatorValue | None:
    coins, times = inputs.open_interest_base, inputs.open_interest_ms
    if not len(coins) or times[-1] - times[0] < MIN_DAYS * DAY_MS:
        return None
    place = percentile_of_last(coins)
    days = (times[-1] - times[0]) // DAY_MS
    return IndicatorValue(
        value=place,
        percentile=place,
        basis=(
            f"{coins[-1]:,.0f} coins; between {coins.min():,.0f} and {coins.max():,.0f} "
            f"in the {days} days at hand."
        ),
        venues=inputs.open_interest_venues,
    )


def _overview_reading(
    read: Callable[[MarketOverview], float | None], basis: str
) -> Callable[[GaugeInputs], IndicatorValue | None]:
    def value(inputs: GaugeInputs) -> IndicatorValue | None:
        reading = read(inputs.overview)
        if reading is None:
            return None
        return IndicatorValue(value=reading, basis=basis, venues=inputs.overview.venues_live)

    return value


def _depth(inputs: GaugeInputs) -> IndicatorValue | None:
    books = [book for book in inputs.books if len(book.bids) and len(book.asks)]
    if not books:
        return None
    sides = [side for book in books for side in _sides_within(book)]
    short = sum(1 for _, reaches in sides if not reaches)
    floor = " At least: some books at hand end before that." if short else ""
    return IndicatorValue(
        value=math.fsum(usd for usd, _ in sides),
        basis=f"Bids and asks within 1 % of the middle.{floor}",
        venues=tuple(dict.fromkeys(book.key.venue for book in books)),
    )


def _sides_within(book: OrderBook) -> Iterator[tuple[float, bool]]:
    # USD of each side within the distance, and whether the book at hand reaches that far
    middle = (book.bids[0, 0] + book.asks[0, 0]) / 2
    for levels in (book.bids, book.asks):
        near = np.abs(levels[:, 0] / middle - 1) <= DEPTH_FRACTION
        yield float((levels[near, 0] * levels[near, 1]).sum()), not near[-1]


# --- the gauges -------------------------------------------------------------------------------

_FUNDING_BANDS: Final = (
    Band(0.0, "shorts pay", "16 % of 260 such days were followed by a 15 % fall; base rate 30 %."),
    Band(0.15, "usual"),
    Band(0.30, "warm"),
    Band(
        math.inf,
        "hot",
        "50 % of 238 such days were followed by a 15 % fall (base rate 30 %); 8 of 12 episodes "
        "were false.",
    ),
)

INDICATORS: Final[tuple[Indicator, ...]] = (
    Indicator(
        key="funding_now",
        title="Funding now",
        unit=Unit.FRACTION_YEARLY,
        help="The running rate of the live venues a year, simple, weighted by open interest. "
        "Longs pay when it is above zero.",
        bands=tuple(Band(band.below, band.label) for band in _FUNDING_BANDS),
        value=_funding_now,
    ),
    Indicator(
        key="funding_week",
        title="Funding, 7 days",
        unit=Unit.FRACTION_YEARLY,
        help="Settled and running funding a year, mean of 7 days, weighted by open interest. Many "
        "settlements are exactly 0.01 % in 8 h (11 % a year): the percentile jumps there.",
        bands=_FUNDING_BANDS,
        value=_funding_week,
    ),
    Indicator(
        key="open_interest",
        title="OI percentile",
        unit=Unit.PERCENTILE,
        help="The share of the hours at hand with less open interest in coins than now. In coins, "
        "because most of a change in dollars is price. Basis trades are in it, and are no bets.",
        bands=(
            Band(0.1, "low"),
            Band(0.9, "usual"),
            Band(
                math.inf,
                "most geared",
                "51 % of 178 such days of 2026 were followed by a 15 % fall, against 36 %: two "
                "falls only, so no proof.",
            ),
        ),
        value=_open_interest_place,
    ),
    Indicator(
        key="realised_volatility",
        title="Realised volatility",
        unit=Unit.FRACTION_YEARLY,
        help="Of hourly returns over the last 7 days, a year.",
        bands=(Band(0.3, "calm"), Band(0.6, "usual"), Band(0.9, "high"), Band(math.inf, "extreme")),
        value=_overview_reading(
            lambda overview: overview.realised_volatility_yearly,
            "Hourly returns of the venue with most open interest, last 7 days at most.",
        ),
    ),
    Indicator(
        key="basis",
        title="Mark over index",
        unit=Unit.FRACTION,
        help="How far the perpetuals' mark stands above the spot index, weighted by open interest.",
        bands=(
            Band(-0.001, "below the index"),
            Band(0.001, "at the index"),
            Band(math.inf, "above the index"),
        ),
        value=_overview_reading(
            lambda overview: overview.basis_fraction, "Live venues that publish an index."
        ),
    ),
    Indicator(
        key="spread",
        title="Spread",
        unit=Unit.FRACTION,
        help="(ask - bid) / middle, the median of the live venues.",
        bands=(Band(0.0002, "tight"), Band(0.001, "wide"), Band(math.inf, "very wide")),
        value=_overview_reading(
            lambda overview: overview.spread_fraction, "Median of the live venues."
        ),
    ),
    Indicator(
        key="depth",
        title="Depth within 1 %",
        unit=Unit.USD,
        help="Bids and asks within 1 % of the middle of each live book, in USD. It evaporates when "
        "it is needed: in liquidation events it fell to a third in the median (636 events). Coins "
        "differ too much for a scale.",
        bands=(Band(math.inf, "no scale"),),
        value=_depth,
    ),
)
