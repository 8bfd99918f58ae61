"""One coin over all venues: which markets count, and the figures of ``MarketOverview``.

Everything here reads the newest facts and the series of a store and keeps nothing. It runs in the
window's thread a few times a second, so it looks at each series in constant time where it can.

A market counts while its mark is fresh. Its weight is its newest open interest in coins; where no
open interest is known at all, markets weigh the same.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from workstation.market.facts import (
    CandlePrice,
    Candles,
    FundingRate,
    MarkPrice,
    OpenInterest,
    OpenInterestHistory,
    Ticker,
)
from workstation.market.instrument import MarketKey, Side
from workstation.market.overview import MarketOverview, OpenInterestChange
from workstation.market.returns import step_closes
from workstation.market.store import MarketStore
from workstation.units import DAY_MS, HOUR_MS, HOURS_PER_YEAR, SECOND_MS

USD_QUOTES: Final = frozenset({"USD", "USDT", "USDC", "USDE"})
INTERVALS_S: Final = (60, 300, 900, 3_600, 14_400, 86_400)  # those a chart can ask for
OUTLIER_FRACTION: Final = 0.005  # [A] venues of one coin seldom differ by a tenth of that
OUTLIER_MADS: Final = 5.0  # [A] about 3.4 standard deviations of a normal spread
MIN_VENUES_FOR_OUTLIERS: Final = 3  # of two that disagree nobody knows which is wrong
HOUR_S: Final = HOUR_MS // SECOND_MS
OLDEST_READING_MS: Final = 2 * HOUR_MS  # [A] of open interest; some venues publish it hourly
VOLATILITY_DAYS: Final = 7
MIN_RETURNS: Final = 40  # [A] below, the standard error of a volatility exceeds 11 %


@dataclass(frozen=True, slots=True)
class _Market:
    """A market with a fresh mark, and what it weighs (coins; ``None``: not known)."""

    key: MarketKey
    mark: MarkPrice
    weight_base: float | None


def perpetuals_of(store: MarketStore, coin: str) -> Iterator[MarketKey]:
    """Yield the coin's perpetuals against the dollar and its stablecoins."""
    for key in store.markets_of(coin):
        quote, _, settle = key.symbol.partition("/")[2].partition(":")
        if quote in USD_QUOTES and "-" not in settle:
            yield key


def consolidate(coin: str, store: MarketStore) -> MarketOverview:
    """Return the coin's consolidated figures; ``None`` wherever nothing fresh is known."""
    fresh = _fresh_markets(coin, store)
    counted, outliers = _without_outliers(fresh)
    mark_price = _mean((market.mark.mark_price, market.weight_base) for market in counted)
    peak_price = _peak(store, counted, mark_price)
    funding_8h = _funding_8h(store, fresh)
    interest = [fact for market in fresh if (fact := _fresh_interest(store, market.key))]
    floors = _liquidation_floors(coin, store)
    return MarketOverview(
        coin=coin,
        now_ms=store.now_ms,
        mark_price=mark_price,
        index_price=_mean(
            (market.mark.index_price, market.weight_base)
            for market in counted
            if market.mark.index_price is not None
        ),
        change_24h_fraction=_change(store, counted, hours=24.0),
        peak_price=peak_price,
        from_peak_fraction=mark_price / peak_price - 1 if mark_price and peak_price else None,
        funding_rate_8h=funding_8h,
        funding_rate_yearly=None if funding_8h is None else funding_8h * HOURS_PER_YEAR / 8,
        open_interest_base=sum(fact.open_interest_base for fact in interest) if interest else None,
        open_interest_usd=sum(fact.open_interest_usd for fact in interest) if interest else None,
        open_interest_change=_open_interest_change(store, interest, hours=24.0),
        long_liquidations_24h_usd=floors[Side.LONG] if floors else None,
        short_liquidations_24h_usd=floors[Side.SHORT] if floors else None,
        venues_live=_venues(market.key for market in fresh),
        venues_expected=tuple(dict.fromkeys([*store.health, *_venues(perpetuals_of(store, coin))])),
        outliers=outliers,
        basis_fraction=_mean(
            (market.mark.mark_price / market.mark.index_price - 1, market.weight_base)
            for market in counted
            if market.mark.index_price is not None
        ),
        spread_fraction=_median_spread(store, fresh),
        realised_volatility_yearly=_realised_volatility(store, counted),
        pace_per_hour_fraction=_change(store, counted, hours=1.0),
    )


def pace_per_hour(coin: str, store: MarketStore) -> float | None:
    """Return the change of a coin's mark over the last hour; ``None`` where that is not known."""
    counted, _ = _without_outliers(_fresh_markets(coin, store))
    return _change(store, counted, hours=1.0)


def _venues(keys: Iterable[MarketKey]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(key.venue for key in keys))


def _fresh_markets(coin: str, store: MarketStore) -> tuple[_Market, ...]:
    markets = []
    for key in perpetuals_of(store, coin):
        mark, interest = store.newest(MarkPrice, key), store.newest(OpenInterest, key)
        if mark is not None and not mark.is_stale(store.now_ms):
            weight_base = interest.open_interest_base if interest else None
            markets.append(_Market(key, mark, weight_base))
    return tuple(markets)


def _mean(weighted: Iterable[tuple[float | None, float | None]]) -> float | None:
    """Return the mean by weight; unknown weights count only where all are unknown or zero."""
    pairs = [(value, weight or 0.0) for value, weight in weighted if value is not None]
    if not pairs:
        return None
    total = math.fsum(weight for _, weight in pairs)
    if total <= 0:
        return math.fsum(value for value, _ in pairs) / len(pairs)
    return math.fsum(value * weight for value, weight in pairs) / total


# --- outliers ---------------------------------------------------------------------------------


def _without_outliers(markets: Sequence[_Market]) -> tuple[tuple[_Market, ...], tuple[str, ...]]:
    """Return the markets that count, and a sentence for each that does not, or disagrees."""
    if len(_venues(market.key for market in markets)) < MIN_VENUES_FOR_OUTLIERS:
        return tuple(markets), _disagreement(markets)
    middle = _weighted_median(markets)
    deviations = [market.mark.mark_price / middle - 1 for market in markets]
    limit = max(OUTLIER_FRACTION, OUTLIER_MADS * statistics.median(map(abs, deviations)))
    judged = list(zip(markets, deviations, strict=True))
    counted = tuple(market for market, deviation in judged if abs(deviation) <= limit)
    left_out = tuple(_left_out(*item) for item in judged if abs(item[1]) > limit)
    return counted, left_out or _disagreement(counted)


def _weighted_median(markets: Sequence[_Market]) -> float:
    prices = np.array([market.mark.mark_price for market in markets])
    weights = np.array([market.weight_base or 0.0 for market in markets])
    if weights.sum() <= 0:
        weights = np.ones_like(prices)
    order = np.argsort(prices)
    reached = np.cumsum(weights[order]) >= weights.sum() / 2
    return float(prices[order][np.argmax(reached)])


def _left_out(market: _Market, deviation: float) -> str:
    where = "above" if deviation > 0 else "below"
    price = market.mark.mark_price
    return (
        f"{market.key.venue} at {price:,.6g} is {abs(deviation):.1%} {where} the others: left out"
    )


def _disagreement(markets: Sequence[_Market]) -> tuple[str, ...]:
    if len(markets) < 2:
        return ()
    low = min(markets, key=lambda market: market.mark.mark_price)
    high = max(markets, key=lambda market: market.mark.mark_price)
    gap = high.mark.mark_price / low.mark.mark_price - 1
    if gap <= OUTLIER_FRACTION:
        return ()
    return (
        f"{high.key.venue} at {high.mark.mark_price:,.6g} and {low.key.venue} at "
        f"{low.mark.mark_price:,.6g} are {gap:.1%} apart: both count",
    )


# --- price over time --------------------------------------------------------------------------


def _series(
    store: MarketStore, key: MarketKey, price: CandlePrice = CandlePrice.LAST
) -> Iterator[Candles]:
    """Yield what candles of a market there are, the shortest interval first."""
    for interval_s in INTERVALS_S:
        candles = store.candles(key, interval_s, price)
        if candles is not None and len(candles):
            yield candles


def _peak(store: MarketStore, markets: Sequence[_Market], mark_price: float | None) -> float | None:
    highs = [
        float(candles.high.max()) for market in markets for candles in _series(store, market.key)
    ]
    if not highs or mark_price is None:
        return None
    return max(*highs, mark_price)


def _change(store: MarketStore, markets: Sequence[_Market], *, hours: float) -> float | None:
    """Return the mark's change over ``hours``, by weight.

    Measured from the edge of a candle nearest to that moment, and scaled in the logarithm by the
    little that the edge is off.
    """
    changes = []
    for market in markets:
        then = _price_near(store, market.key, store.now_ms - round(hours * HOUR_MS), hours)
        if then is not None:
            edge_ms, price = then
            pace = math.log(market.mark.mark_price / price) / (store.now_ms - edge_ms)
            changes.append((math.expm1(pace * hours * HOUR_MS), market.weight_base))
    return _mean(changes)


def _price_near(
    store: MarketStore, key: MarketKey, time_ms: int, hours: float
) -> tuple[int, float] | None:
    """Return the candle edge nearest to a moment and its price; ``None`` if no candle holds it."""
    # of a coin that is held but not watched there are mark candles alone
    for candles in (*_series(store, key), *_series(store, key, CandlePrice.MARK)):
        if candles.interval_s > max(HOUR_S, hours * HOUR_S / 6):
            continue
        at = int(np.searchsorted(candles.time_ms, time_ms, side="right")) - 1
        length_ms = candles.interval_s * SECOND_MS
        since_ms = time_ms - int(candles.time_ms[at])
        if at < 0 or since_ms >= length_ms:
            continue
        if since_ms < length_ms / 2:
            return time_ms - since_ms, float(candles.open[at])
        return time_ms - since_ms + length_ms, float(candles.close[at])
    return None


def _realised_volatility(store: MarketStore, markets: Sequence[_Market]) -> float | None:
    """Return the yearly volatility of the heaviest market that has enough returns."""
    for market in sorted(markets, key=lambda item: -(item.weight_base or 0.0)):
        for candles in _series(store, market.key):
            volatility = realised_volatility(candles)
            if volatility is not None:
                return volatility
    return None


def realised_volatility(candles: Candles, days: float = VOLATILITY_DAYS) -> float | None:
    """Return the yearly volatility of the newest ``days``, a fraction, without a mean.

    Of hourly log returns, or of the candles' own where they are longer; returns across a missing
    candle are left out. ``None`` with fewer than ``MIN_RETURNS``.
    """
    step_ms = max(HOUR_MS, candles.interval_s * SECOND_MS)
    since_ms = candles.time_ms[-1] - days * DAY_MS
    times, closes = step_closes(candles, step_ms)
    recent = times > since_ms
    returns = np.diff(np.log(closes[recent]))[np.diff(times[recent]) == step_ms]
    if len(returns) < MIN_RETURNS:
        return None
    per_year = HOURS_PER_YEAR * HOUR_MS / step_ms
    return float(np.sqrt(np.mean(returns**2) * per_year))


# --- funding, open interest, spread, liquidations ---------------------------------------------


def _funding_8h(store: MarketStore, markets: Sequence[_Market]) -> float | None:
    return _mean(
        (fact.rate_8h, market.weight_base)
        for market in markets
        if (fact := store.newest(FundingRate, market.key)) and not fact.is_stale(store.now_ms)
    )


def _fresh_interest(store: MarketStore, key: MarketKey) -> OpenInterest | None:
    fact = store.newest(OpenInterest, key)
    return None if fact is None or fact.is_stale(store.now_ms) else fact


def _open_interest_change(
    store: MarketStore, newest: Sequence[OpenInterest], *, hours: float
) -> OpenInterestChange | None:
    """Return the change over the markets that are known at both ends."""
    then_ms = store.now_ms - round(hours * HOUR_MS)
    base_now = usd_now = base_then = usd_then = 0.0
    for fact in newest:
        then = _interest_at(store.open_interest_history(fact.key), then_ms)
        if then is not None:
            base_now += fact.open_interest_base
            usd_now += fact.open_interest_usd
            base_then += then[0]
            usd_then += then[1]
    if min(base_now, usd_now, base_then, usd_then) <= 0:
        return None
    base, usd = base_now / base_then, usd_now / usd_then
    return OpenInterestChange(
        hours=hours,
        base_fraction=base - 1,
        usd_fraction=usd - 1,
        price_fraction=usd / base - 1,
    )


def _interest_at(history: OpenInterestHistory | None, time_ms: int) -> tuple[float, float] | None:
    """Return the reading at or before a moment, in coins and USD, unless it was old even then."""
    if history is None:
        return None
    at = int(np.searchsorted(history.time_ms, time_ms, side="right")) - 1
    if at < 0 or time_ms - history.time_ms[at] > OLDEST_READING_MS:
        return None
    return float(history.open_interest_base[at]), float(history.open_interest_usd[at])


def _median_spread(store: MarketStore, markets: Sequence[_Market]) -> float | None:
    spreads = [
        ticker.spread_fraction
        for market in markets
        if (ticker := store.newest(Ticker, market.key))
        and not ticker.is_stale(store.now_ms)
        and ticker.spread_fraction is not None
    ]
    return statistics.median(spreads) if spreads else None


def _liquidation_floors(coin: str, store: MarketStore) -> dict[Side, float] | None:
    """Return what venues published of the last 24 h, by side; ``None`` if they never did."""
    since_ms, prefix = store.now_ms - DAY_MS, f"{coin}/"
    floors, known = {Side.LONG: 0.0, Side.SHORT: 0.0}, False
    for item in store.liquidations:
        if item.key.symbol.startswith(prefix):
            known = True
            if item.time_ms >= since_ms:
                floors[item.side] += item.quantity_base * item.price
    return floors if known else None
