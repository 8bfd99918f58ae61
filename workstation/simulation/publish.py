"""From the state of the simulated market to what venues publish of it: facts, series, books.

Everything here only reads. Units are converted as an adapter would: inverse contracts are USD of
face value inside, coins outside. Liquidations go through the rule of each venue's feed, so their
sum is a floor here too; ``known_positions`` is the truth behind them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, TypedDict

import numpy as np

from workstation.market.catalogue import Catalogue
from workstation.market.facts import (
    Candles,
    Fact,
    FloatArray,
    FundingHistory,
    FundingRate,
    KnownPositions,
    Liquidation,
    MarkPrice,
    OpenInterest,
    OpenInterestHistory,
    OrderBook,
    Ticker,
)
from workstation.market.instrument import Instrument, MarketKey, Side
from workstation.simulation.kernels import funding_rate
from workstation.simulation.market import SimulatedCoin
from workstation.simulation.state import INTEREST_S, Records
from workstation.units import DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS, UnixMs

BOOK_LEVELS: Final = 40
_BOOK_REACH: Final = 0.02  # of the price, on each side
_BOOK_SHAPE: Final = 1.16  # depth grows with distance ** 1.16
_EATEN: Final = 0.7  # [A] of the side that forced orders have pushed into, at the largest stretch
_TICKS: Final = {"BTC": 0.1, "ETH": 0.01, "SOL": 0.01}  # [A] where the market list has none


class _Times(TypedDict):
    key: MarketKey
    as_of_ms: UnixMs
    fresh_for_ms: int
    time_ms: UnixMs


def instruments(item: SimulatedCoin) -> Iterator[Instrument]:
    """Yield the contracts of a coin as the embedded market lists have them."""
    catalogue = Catalogue.embedded()
    for row in item.markets:
        instrument = catalogue.find(row.key)
        if instrument is not None:
            yield instrument


def tick_of(key: MarketKey) -> float:
    """Return the price step of a contract."""
    instrument = Catalogue.embedded().find(key)
    known = instrument.tick if instrument is not None else None
    return known or _TICKS[key.symbol.partition("/")[0]]


def _to_tick(price: float, tick: float) -> float:
    return round(round(price / tick) * tick, 8)


def facts(item: SimulatedCoin, now_ms: UnixMs, fresh_for_ms: int) -> Iterator[Fact]:
    """Yield mark, ticker, funding and open interest of every market of a coin."""
    p, volatility = item.coin.generator, float(item.state.core["volatility"][0])
    for k, row in enumerate(item.markets):
        market = item.state.markets[k]
        key, tick = row.key, tick_of(row.key)
        times = _Times(key=key, as_of_ms=now_ms, fresh_for_ms=fresh_for_ms, time_ms=now_ms)
        mark, last = float(market["mark_price"]), float(market["last_price"])
        half_spread = max(0.5 * tick, 0.5 * last * p.spread_rate * volatility)
        interval_ms = int(market["funding_interval_s"]) * SECOND_MS
        yield MarkPrice(**times, mark_price=mark, index_price=float(market["index_price"]))
        yield Ticker(
            **times,
            last_price=_to_tick(last, tick),
            bid_price=_to_tick(np.floor((last - half_spread) / tick) * tick, tick),
            ask_price=_to_tick(np.ceil((last + half_spread) / tick) * tick, tick),
            volume_24h_base=_volume_24h(item, k),
        )
        yield FundingRate(
            **times,
            funding_rate=funding_rate(market["premium_mean"], market["funding_interval_s"], p),
            interval_h=interval_ms / HOUR_MS,
            next_funding_ms=UnixMs((now_ms // interval_ms + 1) * interval_ms),
        )
        base = open_interest_base(item, k)
        yield OpenInterest(**times, open_interest_base=base, open_interest_usd=base * mark)


def open_interest_base(item: SimulatedCoin, k: int) -> float:
    """Return the one-sided open interest of a market in coins: all its longs."""
    market = item.state.markets[k]
    face = float(market["long"] + market["maker_long"])
    return face / float(market["mark_price"]) if market["inverse"] else face


def _volume_24h(item: SimulatedCoin, k: int) -> float:
    rows = _newest(item.state.minutes[k], item.state.core["time_s"][0] // 60, DAY_MS // MINUTE_MS)
    return float(rows["volume_base"].sum())


def _newest(ring: Records, number: int, count: int) -> Records:
    """Return up to ``count`` rows of a ring up to row ``number``, oldest first; holes left out."""
    numbers = np.arange(number - min(count, len(ring)) + 1, number + 1)
    rows = ring[numbers % len(ring)]
    present: Records = rows[rows["bar"] == numbers]
    return present


def candles(item: SimulatedCoin, interval_s: int, count: int) -> Iterator[Candles]:
    """Yield the newest ``count`` candles of every market of a coin; the last one is running."""
    bar_s = 60 if interval_s < 3_600 else 3_600
    time_s, per_candle = int(item.state.core["time_s"][0]), interval_s // bar_s
    number = time_s // bar_s
    for k, row in enumerate(item.markets):
        ring = (item.state.minutes if bar_s == 60 else item.state.hours)[k]
        rows = _newest(ring, number, (count - 1) * per_candle + number % per_candle + 1)
        rows = rows[np.argmax(rows["bar"] % per_candle == 0) :]  # whole candles only
        yield _join(row.key, interval_s, rows, per_candle)


def _join(key: MarketKey, interval_s: int, rows: Records, per_candle: int) -> Candles:
    number, first = np.unique(rows["bar"] // per_candle, return_index=True)
    last = np.append(first[1:], len(rows)) - 1
    return Candles(
        key=key,
        interval_s=interval_s,
        time_ms=number * interval_s * SECOND_MS,
        open=rows["open"][first],
        high=np.maximum.reduceat(rows["high"], first),
        low=np.minimum.reduceat(rows["low"], first),
        close=rows["close"][last],
        volume_base=np.add.reduceat(rows["volume_base"], first),
    )


def interest_history(item: SimulatedCoin, since_s: int) -> Iterator[OpenInterestHistory]:
    """Yield the open interest of every market since a time, every five minutes."""
    number = int(item.state.core["time_s"][0]) // INTEREST_S
    for k, row in enumerate(item.markets):
        rows = _newest(item.state.interest[k], number, max(1, number - since_s // INTEREST_S))
        yield OpenInterestHistory(
            key=row.key,
            time_ms=rows["bar"] * INTEREST_S * SECOND_MS,
            open_interest_base=rows["base"].copy(),
            open_interest_usd=rows["usd"].copy(),
        )


def funding_history(item: SimulatedCoin, since_s: int) -> Iterator[FundingHistory]:
    """Yield the settled funding of every market after a time."""
    for k, row in enumerate(item.markets):
        rows = item.state.settlements[k]
        rows = np.sort(rows[rows["time_s"] > since_s], order="time_s")
        hours = float(item.state.markets[k]["funding_interval_s"]) / 3_600
        yield FundingHistory(
            key=row.key,
            time_ms=rows["time_s"] * SECOND_MS,
            funding_rate=rows["rate"].copy(),
            interval_h=np.full(len(rows), hours),
        )


def order_books(item: SimulatedCoin, now_ms: UnixMs, fresh_for_ms: int) -> Iterator[OrderBook]:
    """Yield the order book of every market: depth shrinks with volatility and where it was hit."""
    core, p = item.state.core[0], item.coin.generator
    calm = p.depth_base / (1 + p.depth_collapse * (core["volatility"] - 1))
    eaten = _EATEN * min(1.0, abs(core["stretch"]) / p.stretch_cap)
    bid_depth = calm * (1 - eaten if core["stretch"] < 0 else 1)
    ask_depth = calm * (1 - eaten if core["stretch"] > 0 else 1)
    for k, row in enumerate(item.markets):
        texture = np.random.default_rng((now_ms, k)).uniform(0.5, 1.5, (2, BOOK_LEVELS))
        last, tick = float(item.state.markets[k]["last_price"]), tick_of(row.key)
        yield OrderBook(
            key=row.key,
            as_of_ms=now_ms,
            fresh_for_ms=fresh_for_ms,
            time_ms=now_ms,
            bids=_levels(last, -1, tick, bid_depth * row.share * texture[0]),
            asks=_levels(last, 1, tick, ask_depth * row.share * texture[1]),
        )


def _levels(price: float, side: int, tick: float, depth: FloatArray) -> FloatArray:
    """Return (n, 2) price and coins, best first; ``depth`` is coins per 1 %, one per level."""
    distance = np.geomspace(tick / price, _BOOK_REACH, BOOK_LEVELS)
    cumulated = (distance / 0.01) ** _BOOK_SHAPE
    coins = depth * np.diff(cumulated, prepend=0.0)
    steps, first = np.unique(np.ceil(price * distance / tick), return_index=True)
    prices = (np.floor(price / tick) + side * steps) * tick
    return np.column_stack([prices, np.add.reduceat(coins, first)])


def liquidations(item: SimulatedCoin, since: int, *, since_ms: int = 0) -> tuple[Liquidation, ...]:
    """Return what the venues published from liquidation number ``since`` and a time on."""
    ring, count = item.state.forced, int(item.state.core["forced"][0])
    rows = ring[np.arange(max(since, count - len(ring)), count) % len(ring)]
    rows = rows[rows["time_ms"] >= since_ms]
    published: dict[tuple[int, int], np.void] = {}
    for number, row in enumerate(rows):
        market, second = int(row["market"]), int(row["time_ms"]) // SECOND_MS
        rule = item.markets[market].venue.published
        if rule == "none":
            continue
        slot = (market, -1 - number if rule == "all" else second)
        known = published.get(slot)
        if known is None or (rule == "largest" and abs(row["quantity"]) > abs(known["quantity"])):
            published[slot] = row
    facts = (_liquidation(item, row) for row in published.values())
    return tuple(sorted(facts, key=lambda fact: fact.time_ms))


def _liquidation(item: SimulatedCoin, row: np.void) -> Liquidation:
    market = item.markets[int(row["market"])]
    quantity, price = float(row["quantity"]), float(row["price"])
    return Liquidation(
        key=market.key,
        time_ms=UnixMs(int(row["time_ms"])),
        side=Side.LONG if quantity > 0 else Side.SHORT,
        quantity_base=abs(quantity) / price if market.is_inverse else abs(quantity),
        price=_to_tick(price, tick_of(market.key)),
    )


def known_positions(
    item: SimulatedCoin, now_ms: UnixMs, fresh_for_ms: int
) -> Iterator[KnownPositions]:
    """Yield the truth: the accounts of every market, and where each is liquidated."""
    of_market = np.split(item.state.accounts, len(item.markets))
    for row, state, accounts in zip(item.markets, item.state.markets, of_market, strict=True):
        held = accounts[accounts["quantity"] != 0]
        price, mark = held["liquidation"], float(state["mark_price"])
        yield KnownPositions(
            key=row.key,
            as_of_ms=now_ms,
            fresh_for_ms=fresh_for_ms,
            time_ms=now_ms,
            quantity_base=held["quantity"] / mark if row.is_inverse else held["quantity"].copy(),
            liquidation_price=np.where((price > 0) & np.isfinite(price), price, np.nan),
            holders="every account of the simulation",
        )
