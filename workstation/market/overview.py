"""Consolidated figures of one coin over the live venues: what the strip and the gauges show."""

from __future__ import annotations

from dataclasses import dataclass

from workstation.units import UnixMs


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenInterestChange:
    """A change of open interest, split: ``ln(usd ratio) = ln(coin ratio) + ln(price ratio)``.

    Fractions of the earlier value. Show the coins first: most of a dollar change is price.
    """

    hours: float
    base_fraction: float | None
    usd_fraction: float | None
    price_fraction: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketOverview:
    """One coin, consolidated; every aggregate says how many of the venues stand behind it.

    ``mark_price`` is weighted by open interest over live venues, with outliers left out and named.
    Liquidations are floors: venues throttle their feeds.
    """

    coin: str
    now_ms: UnixMs
    mark_price: float | None
    index_price: float | None
    change_24h_fraction: float | None
    peak_price: float | None  # highest price in the history at hand
    from_peak_fraction: float | None
    funding_rate_8h: float | None
    funding_rate_yearly: float | None
    open_interest_base: float | None
    open_interest_usd: float | None
    open_interest_change: OpenInterestChange | None
    long_liquidations_24h_usd: float | None
    short_liquidations_24h_usd: float | None
    venues_live: tuple[str, ...]
    venues_expected: tuple[str, ...]
    outliers: tuple[str, ...]  # sentences: venue, price, how far from the others
    basis_fraction: float | None = None  # mark over index, weighted
    spread_fraction: float | None = None  # median of the live venues' (ask - bid) / middle
    realised_volatility_yearly: float | None = None  # of hourly returns, last 7 days
    pace_per_hour_fraction: float | None = None  # change of the mark over the last hour
