"""Frozen market data for charts: one coin, two venues, nothing random but by seed."""

from __future__ import annotations

import numpy as np

from ui.charts.pixels import PixelMap
from workstation.market.facts import (
    Candles,
    Fact,
    FundingHistory,
    FundingRate,
    MarkPrice,
    OpenInterest,
    OpenInterestHistory,
)
from workstation.market.feed import FeedMode, FeedUpdate
from workstation.market.instrument import MarketKey
from workstation.risk.report import HeatmapColumns
from workstation.units import HOUR_MS, MINUTE_MS, UnixMs

NOW = UnixMs(1_770_325_200_000)  # 2026-02-05 21:00 UTC
BINANCE = MarketKey("binanceusdm", "BTC/USDT:USDT")
DERIBIT = MarketKey("deribit", "BTC/USD:BTC")
FRESH_MS = 6_000


def pixel_map(start_ms=0.0, end_ms=1_000.0, low=0.0, high=100.0, width=10, height=100) -> PixelMap:
    return PixelMap(
        start_ms=start_ms, end_ms=end_ms, low=low, high=high, width=width, height=height
    )


def walk(count: int, interval_s: int = 900, *, seed: int = 1, end_ms: int = NOW) -> Candles:
    """Return a random walk around 64,000 whose last candle opens one interval before the end."""
    noise = np.random.default_rng(seed)
    close = 64_000 + np.cumsum(noise.normal(0, 20, count))
    opened = np.concatenate(([close[0]], close[:-1]))
    step_ms = interval_s * 1_000
    return Candles(
        key=BINANCE,
        interval_s=interval_s,
        time_ms=end_ms + step_ms * np.arange(-count, 0),
        open=opened,
        high=np.maximum(opened, close) + noise.exponential(15, count),
        low=np.minimum(opened, close) - noise.exponential(15, count),
        close=close,
        volume_base=np.full(count, np.nan),
    )


def rows(candles: Candles, keep) -> Candles:
    """Return some rows of candles; ``keep`` indexes them."""
    opened, high, low, close, volume = (column[keep] for column in candles.columns())
    return Candles(
        key=candles.key,
        interval_s=candles.interval_s,
        time_ms=candles.time_ms[keep],
        open=opened,
        high=high,
        low=low,
        close=close,
        volume_base=volume,
    )


def facts(
    now_ms: int = NOW, *, mark: float = 64_000.0, deribit_age_ms: int = 0
) -> tuple[Fact, ...]:
    """Return mark, funding and open interest of both venues."""
    of_deribit = UnixMs(now_ms - deribit_age_ms)
    made: list[Fact] = []
    for key, as_of, rate, interest in (
        (BINANCE, UnixMs(now_ms), 0.0001, 90_000.0),
        (DERIBIT, of_deribit, -0.0002, 30_000.0),
    ):
        times = {"key": key, "as_of_ms": as_of, "fresh_for_ms": FRESH_MS}
        made += [
            MarkPrice(**times, mark_price=mark),
            FundingRate(**times, funding_rate=rate, interval_h=8.0),
            OpenInterest(**times, open_interest_base=interest, open_interest_usd=interest * mark),
        ]
    return tuple(made)


def funding_history(key: MarketKey, rates, *, end_ms: int = NOW, interval_h=8.0) -> FundingHistory:
    """Return settlements, the last one at the end."""
    count = len(rates)
    return FundingHistory(
        key=key,
        time_ms=end_ms + round(interval_h * HOUR_MS) * np.arange(1 - count, 1),
        funding_rate=np.array(rates, dtype=float),
        interval_h=np.full(count, interval_h),
    )


def interest_history(key: MarketKey, coins, *, end_ms: int = NOW) -> OpenInterestHistory:
    """Return readings five minutes apart, the last one five minutes before the end."""
    values = np.array(coins, dtype=float)
    return OpenInterestHistory(
        key=key,
        time_ms=end_ms + 5 * MINUTE_MS * np.arange(-len(values), 0),
        open_interest_base=values,
        open_interest_usd=values * 64_000,
    )


def update(now_ms: int = NOW, **parts) -> FeedUpdate:
    """Return an update with both venues' facts, a walk of candles, and histories."""
    parts.setdefault("facts", facts(now_ms))
    parts.setdefault("candles", (walk(400),))
    parts.setdefault(
        "funding",
        (
            funding_history(BINANCE, [0.0001, 0.0002, 0.0003]),
            funding_history(DERIBIT, [-0.0001, -0.0001, -0.0002]),
        ),
    )
    parts.setdefault(
        "open_interest",
        (
            interest_history(BINANCE, np.full(200, 90_000.0)),
            interest_history(DERIBIT, np.full(200, 30_000.0)),
        ),
    )
    parts.setdefault("mode", FeedMode.SIMULATED)
    return FeedUpdate(now_ms=UnixMs(now_ms), **parts)


def heatmap(bars: int = 40, bins: int = 60, *, seed: int = 3, **changes) -> HeatmapColumns:
    """Return a map whose bins span about 62,000 to 66,000, ending at now."""
    noise = np.random.default_rng(seed)
    delta = 0.001
    fields = {
        "coin": "BTC",
        "interval_s": 900,
        "time_ms": NOW + 900_000 * np.arange(-bars, 0),
        "first_bin": int(np.log(62_000) / delta),
        "delta": delta,
        "long_base": noise.gamma(0.5, 20, (bars, bins)).astype(np.float32),
        "short_base": noise.gamma(0.5, 20, (bars, bins)).astype(np.float32),
        "open_interest_base": 90_000.0 + np.arange(bars),
        "liquidatable_fraction": 0.7,
        "venues": ("binanceusdm", "deribit"),
        "final": bars - 2,
    }
    return HeatmapColumns(**(fields | changes))
