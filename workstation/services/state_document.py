"""The ``--state`` document: everything that the workstation knows at one moment, as JSON values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import numpy as np

from workstation import __version__
from workstation.market.facts import (
    Fact,
    FloatArray,
    FundingRate,
    Liquidation,
    MarkPrice,
    OpenInterest,
    Ticker,
    VenueHealth,
    VenueState,
)
from workstation.market.instrument import MarketKey
from workstation.market.overview import MarketOverview
from workstation.market.store import MarketStore
from workstation.risk.document import risk_document, scenario_document
from workstation.risk.known_levels import KnownLevels
from workstation.risk.report import HeatmapColumns
from workstation.services.alert_export import record_document
from workstation.services.desk import Desk
from workstation.units import iso_utc

MAX_LIQUIDATIONS: Final = 200
LOG_LINES: Final = 50
_STATES: Final = {VenueState.EXPECTED: VenueState.DOWN}  # it has not answered yet


def state_document(
    desk: Desk,
    *,
    uptime_s: float,
    startup: Mapping[str, float | None],
    frames: Mapping[str, Any],
    memory_mb: float,
    charts: Mapping[str, Any],
    log_lines: Iterable[str],
) -> dict[str, Any]:
    """Return the document of ``--state``; what is not known is ``None``."""
    store, (risk, scenario) = desk.store, desk.known_now
    return {
        "schema": 1,
        "version": __version__,
        "source": desk.source,
        "uptime_s": uptime_s,
        "startup": dict(startup),
        "frames": dict(frames),
        "memory_mb": memory_mb,
        "venues": [_venue(health, store.now_ms) for health in store.health.values()],
        "markets": [_market(store, key) for key in _keys(store)],
        "consolidated": {desk.overview.coin: _consolidated(desk.overview)} if desk.overview else {},
        "liquidations": [_liquidation(row) for row in list(store.liquidations)[-MAX_LIQUIDATIONS:]],
        "risk": risk_document(risk) if risk else None,
        "scenario": scenario_document(scenario) if scenario else None,
        "heatmap": _heatmap(desk.heatmap) if desk.heatmap else None,
        "alerts": [record_document(record) for record in desk.alerts.records()],
        "charts": dict(charts),
        "log": list(log_lines)[-LOG_LINES:],
    }


def _keys(store: MarketStore) -> list[MarketKey]:
    kinds: tuple[type[Fact], ...] = (MarkPrice, Ticker, FundingRate, OpenInterest)
    return sorted({key for kind in kinds for key in store.all_of(kind)})


def _venue(health: VenueHealth, now_ms: int) -> dict[str, Any]:
    age_ms = None if health.last_success_ms is None else now_ms - health.last_success_ms
    wait_ms = None if health.next_try_ms is None else health.next_try_ms - now_ms
    return {
        "venue": health.venue,
        "state": _STATES.get(health.state, health.state).value,
        "latency_ms": health.latency_ms,
        "last_success_age_s": None if age_ms is None else age_ms / 1_000,
        "next_try_s": None if wait_ms is None else max(0, wait_ms) / 1_000,
        "error": health.error,
    }


def _market(store: MarketStore, key: MarketKey) -> dict[str, Any]:
    mark, ticker = store.newest(MarkPrice, key), store.newest(Ticker, key)
    funding, interest = store.newest(FundingRate, key), store.newest(OpenInterest, key)
    known: list[Fact] = [fact for fact in (mark, ticker, funding, interest) if fact is not None]
    next_ms = funding.next_funding_ms if funding else None
    return {
        "venue": key.venue,
        "symbol": key.symbol,
        "mark_price": mark.mark_price if mark else None,
        "index_price": mark.index_price if mark else None,
        "last_price": ticker.last_price if ticker else None,
        "funding_rate": funding.funding_rate if funding else None,
        "funding_interval_h": funding.interval_h if funding else None,
        "next_funding": None if next_ms is None else iso_utc(next_ms),
        "open_interest_base": interest.open_interest_base if interest else None,
        "open_interest_usd": interest.open_interest_usd if interest else None,
        "age_s": max(fact.age_s(store.now_ms) for fact in known),
        "stale": any(fact.is_stale(store.now_ms) for fact in known),
    }


def _consolidated(overview: MarketOverview) -> dict[str, Any]:
    return {
        "mark_price": overview.mark_price,
        "funding_rate_8h": overview.funding_rate_8h,
        "open_interest_base": overview.open_interest_base,
        "open_interest_usd": overview.open_interest_usd,
        "venues": list(overview.venues_live),
        "outliers": list(overview.outliers),
    }


def _liquidation(row: Liquidation) -> dict[str, Any]:
    return {
        "time": iso_utc(row.time_ms),
        "venue": row.key.venue,
        "symbol": row.key.symbol,
        "side": row.side.value,
        "quantity_base": row.quantity_base,
        "price": row.price,
        "notional_usd": row.notional_usd,
    }


def _heatmap(columns: HeatmapColumns) -> dict[str, Any]:
    edges = columns.edges()
    middle = np.sqrt(edges[:-1] * edges[1:])
    return {
        "as_of": iso_utc(int(columns.time_ms[-1]) + columns.interval_s * 1_000),
        "prices": middle.tolist(),
        "long_usd": (columns.long_base[-1] * middle).tolist(),
        "short_usd": (columns.short_base[-1] * middle).tolist(),
        "known": [_known(levels, middle) for levels in columns.known],
    }


def _known(levels: KnownLevels, middle: FloatArray) -> dict[str, Any]:
    longs, shorts = levels.coverage or (None, None)
    return {
        "venue": levels.key.venue,
        "symbol": levels.key.symbol,
        "holders": levels.holders,
        "as_of": iso_utc(levels.as_of_ms),
        "stale": levels.is_stale,
        "long_coverage": longs,
        "short_coverage": shorts,
        "long_usd": (levels.by_bin[0] * middle).tolist(),
        "short_usd": (levels.by_bin[1] * middle).tolist(),
    }
