"""What the models need of a market, collected from what a store holds.

The collecting is done where the store lives; the models run on a worker's thread.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Final

import numpy as np

from workstation.market.consolidated import perpetuals_of
from workstation.market.facts import CandlePrice, Candles, OpenInterest, OrderBook, Ticker
from workstation.market.feed import INTERVALS_S
from workstation.market.instrument import MarketKey
from workstation.market.returns import longest_hourly, step_returns
from workstation.market.store import MarketStore
from workstation.risk.cascade import CascadeMarket, ForcedBook, PushedMove, run_cascade
from workstation.risk.cascade_inputs import MarketFacts
from workstation.risk.outlook_model import OutlookMarket
from workstation.risk.report import HeatmapColumns
from workstation.risk.touch import LEAST_RETURNS, ReturnHistory, touch_report
from workstation.units import HOUR_MS

SEED: Final = 20260205  # of the models: the same question has the same answer
_LEAST_RETURNS: Final = 24  # [A] a day, below which no volatility is told


def outlook_market(
    store: MarketStore,
    coin: str,
    columns: HeatmapColumns | None,
    implied: float | None = None,
    *,
    others: Iterable[str] = (),
) -> OutlookMarket:
    """Return what the store knows of a coin; the volume is that of the map's venues.

    ``others`` are coins whose volatility is wanted too.
    """
    keys = tuple(perpetuals_of(store, coin))
    history = _history(store, coin, keys)
    mapped = [key for key in keys if columns is not None and key.venue in columns.venues]
    facts = MarketFacts(
        volatility_daily=(history.daily_volatility() or None) if history else None,
        volume_24h_base=_volume(store, mapped),
        books=tuple(
            book
            for key in mapped
            if (book := store.newest(OrderBook, key)) and not book.is_stale(store.now_ms)
        ),
        open_interest_base={
            key: interest.open_interest_base
            for key in mapped
            if (interest := store.newest(OpenInterest, key)) is not None
        },
    )
    return OutlookMarket(
        coin=coin,
        columns=columns,
        facts=facts,
        history=history,
        implied_volatility=implied,
        volatilities=dict(_volatilities(store, others)),
    )


def _volatilities(store: MarketStore, coins: Iterable[str]) -> Iterator[tuple[str, float]]:
    for coin in coins:
        history = _history(store, coin, tuple(perpetuals_of(store, coin)))
        if history is not None and (daily := history.daily_volatility()):
            yield coin, daily


def _volume(store: MarketStore, keys: list[MarketKey]) -> float | None:
    """Return the coins traded in a day; ``None`` unless every venue of the map says."""
    tickers = [store.newest(Ticker, key) for key in keys]
    volumes = [ticker.volume_24h_base if ticker else None for ticker in tickers]
    known = [volume for volume in volumes if volume]
    return sum(known) if known and len(known) == len(volumes) else None


def reaches_back(store: MarketStore, coin: str) -> bool:
    """Tell whether the hourly prices at hand may be enough for a touch probability."""
    longest = _longest(store, tuple(perpetuals_of(store, coin)))
    if longest is None:
        return False
    return int(longest.time_ms[-1] - longest.time_ms[0]) >= LEAST_RETURNS * HOUR_MS


def _longest(store: MarketStore, keys: tuple[MarketKey, ...]) -> Candles | None:
    return longest_hourly(bars for key in keys for bars in _series(store, key))


def _history(store: MarketStore, coin: str, keys: tuple[MarketKey, ...]) -> ReturnHistory | None:
    """Return the longest hourly history of the coin, of marks where there are as many."""
    longest = _longest(store, keys)
    if longest is None:
        return None
    returns = step_returns(longest, HOUR_MS)
    return ReturnHistory(coin=coin, returns=returns) if len(returns) >= _LEAST_RETURNS else None


def _series(store: MarketStore, key: MarketKey) -> Iterator[Candles]:
    for price in (CandlePrice.MARK, CandlePrice.LAST):
        for interval_s in INTERVALS_S.values():
            candles = store.candles(key, interval_s, price)
            if candles is not None:
                yield candles


def warm_up(progress: Callable[[str], None]) -> None:
    """Compile the models' kernels and keep them on disk, so that later starts find them."""
    progress("Preparing the cascade model and touch probabilities: five seconds.")
    rng = np.random.default_rng(SEED)
    book = ForcedBook(delta=0.01, cumulative_base=np.array([0.0, 1.0]), falls=True)
    market = CascadeMarket(
        coin="BTC",
        price=1.0,
        volatility_daily=0.04,
        volume_24h_base=1.0,
        depth_base=1.0,
        capacity_base_s=1.0,
        open_interest_base=1.0,
    )
    run_cascade(book, market, PushedMove(distance=0.01, over_s=60.0), (), rng, paths=1)
    history = ReturnHistory(coin="BTC", returns=rng.standard_normal(LEAST_RETURNS) / 100)
    touch_report("BTC", 1.0, (), history, rng, paths=1)
