"""The question that the heatmap answers: what a store knows of one coin's perpetuals."""

from __future__ import annotations

from dataclasses import dataclass

from workstation.market.consolidated import perpetuals_of
from workstation.market.facts import (
    Candles,
    KnownPositions,
    Liquidation,
    OpenInterest,
    OpenInterestHistory,
)
from workstation.market.feed import FeedMode
from workstation.market.instrument import MarketKey
from workstation.market.store import MarketStore
from workstation.risk.heatmap import (
    DEFAULT_MAINTENANCE_RATE,
    DEFAULT_PARAMETERS,
    HeatmapParameters,
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HeatmapMarket:
    """One market's share in the map; ``newest`` is open interest now, beside its history."""

    candles: Candles
    open_interest: OpenInterestHistory | None
    newest: OpenInterest | None = None
    liquidations: tuple[Liquidation, ...] = ()  # the newest; earlier ones are remembered
    maintenance_rate: float = DEFAULT_MAINTENANCE_RATE  # fraction, of the venue's first tier
    known: KnownPositions | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HeatmapRequest:
    """What the map is made of: candles of one interval, open interest of any resolution.

    Requests of different ``source`` share nothing.
    """

    source: FeedMode
    coin: str
    interval_s: int
    markets: tuple[HeatmapMarket, ...]
    parameters: HeatmapParameters = DEFAULT_PARAMETERS
    now_ms: int = 0  # on the feed's clock


def heatmap_request(store: MarketStore, coin: str, interval_s: int) -> HeatmapRequest | None:
    """Return the question that the store can answer now; ``None`` without a single candle."""
    forced: dict[MarketKey, list[Liquidation]] = {}
    for row in store.liquidations:
        forced.setdefault(row.key, []).append(row)
    markets = tuple(
        HeatmapMarket(
            candles=candles,
            open_interest=store.open_interest_history(key),
            newest=store.newest(OpenInterest, key),
            liquidations=tuple(forced.get(key, ())),
            known=store.newest(KnownPositions, key),
        )
        for key in perpetuals_of(store, coin)
        if (candles := store.candles(key, interval_s)) is not None and len(candles)
    )
    if not markets:
        return None
    return HeatmapRequest(
        source=store.mode,
        coin=coin,
        interval_s=interval_s,
        markets=markets,
        now_ms=store.now_ms,
    )
