"""What the cascade is fed with: the map, the depth, the volume, and the user's own positions.

What is not known is taken in proportion to the open interest in the map, and a sentence says so.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from workstation.market.facts import FloatArray, OrderBook
from workstation.market.instrument import MarketKey, Side
from workstation.portfolio.model import Portfolio
from workstation.risk.cascade import CascadeMarket, ForcedBook, OwnPosition
from workstation.risk.inputs import PositionKey, RiskInputs
from workstation.risk.path import MarketPath
from workstation.risk.report import HeatmapColumns, ScenarioEvent
from workstation.risk.waterfall import Waterfall

# The market that the defaults were measured in: 630,000 BTC of open interest at 68,000 USD, of all
# venues, with 110bn$ traded a day (10 Oct 2025: futures 128, spot 44), 500M$ of bids within 1 %
# (Binance perpetual alone 244M$), and up to 20M$ of forced orders a second (peak of all coins 53).
_REFERENCE_USD: Final = 630_000 * 68_000
VOLUME_SHARE: Final = 110e9 / _REFERENCE_USD  # of the open interest, a day
DEPTH_SHARE: Final = 500e6 / _REFERENCE_USD  # of the open interest, within 1 %
CAPACITY_SHARE: Final = 20e6 / _REFERENCE_USD  # of the open interest, a second
STRESS_VOLATILITY: Final = 0.04  # a day, where no returns are at hand
DEPTH_FRACTION: Final = 0.01
LEAST_REACH: Final = 0.001  # [A] an order book that ends earlier says nothing about 1 %
_BOOK_POWER: Final = 1.16  # of the distance: cumulated depth (liquidation-cascade-research)
_BEYOND: Final = 0.5  # ln(price) beyond the scenario to which own deaths are looked for


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketFacts:
    """What is known of one coin's markets; ``None`` and empty are not known.

    ``books`` and ``open_interest_base`` (one-sided coins) are by market, of the map's venues.
    """

    volatility_daily: float | None = None
    volume_24h_base: float | None = None
    books: tuple[OrderBook, ...] = ()
    open_interest_base: Mapping[MarketKey, float] = field(default_factory=dict)


def forced_book(columns: HeatmapColumns, price: float, *, falls: bool) -> ForcedBook:
    """Return what the newest column of the map holds on one side of the price.

    The liquidatable share of it is sold. Bins are cut at the price; coins are conserved.
    """
    side = columns.long_base if falls else columns.short_base
    coins = columns.liquidatable_fraction * side[-1].astype(np.float64)
    edges = columns.delta * np.arange(columns.first_bin, columns.first_bin + len(coins) + 1)
    start, below = math.log(price), np.concatenate([[0.0], np.cumsum(coins)])
    reach = start - edges[0] if falls else edges[-1] - start
    count = max(1, math.ceil(reach / columns.delta))
    distance = columns.delta * np.arange(count + 1)
    at = np.interp(start - distance if falls else start + distance, edges, below)
    cumulative: FloatArray = at[0] - at if falls else at - at[0]
    return ForcedBook(delta=columns.delta, cumulative_base=cumulative, falls=falls)


def cascade_market(
    columns: HeatmapColumns, facts: MarketFacts, price: float, *, falls: bool
) -> CascadeMarket:
    """Return the market's state at the scale of the map, with what had to be assumed."""
    interest = float(columns.open_interest_base[-1])
    notes = [f"The liquidation map is an estimate of {', '.join(columns.venues) or 'no venue'}."]
    volatility, volume = facts.volatility_daily, facts.volume_24h_base
    depth = depth_near(facts, falls=falls)
    if volatility is None:
        notes.append(f"Volatility is assumed: {STRESS_VOLATILITY:.0%} a day, a stressed market's.")
    if volume is None:
        notes.append(f"Volume is assumed: {VOLUME_SHARE:.1f} times the open interest a day.")
    if depth is None:
        notes.append(f"Depth is assumed: {DEPTH_SHARE:.1%} of the open interest within 1 %.")
    else:
        seen = sum(facts.open_interest_base.get(book.key, 0.0) for book in facts.books)
        depth *= max(1.0, interest / seen) if seen > 0 else 1.0
        notes.append("Depth is that of the order books at hand, scaled up to the map's venues.")
    return CascadeMarket(
        coin=columns.coin,
        price=price,
        volatility_daily=STRESS_VOLATILITY if volatility is None else volatility,
        volume_24h_base=VOLUME_SHARE * interest if volume is None else volume,
        depth_base=DEPTH_SHARE * interest if depth is None else depth,
        capacity_base_s=CAPACITY_SHARE * interest,
        open_interest_base=interest,
        assumptions=tuple(notes),
    )


def depth_near(facts: MarketFacts, *, falls: bool) -> float | None:
    """Return coins within 1 % of the price on the side that is sold into; ``None``: not known.

    A book that ends before that is drawn on by the shape of books; one that hardly begins counts
    for nothing.
    """
    found = [_depth(book, falls=falls) for book in facts.books]
    known = [coins for coins in found if coins]
    return sum(known) if known else None


def _depth(book: OrderBook, *, falls: bool) -> float | None:
    if not len(book.bids) or not len(book.asks):
        return None
    middle = (book.bids[0, 0] + book.asks[0, 0]) / 2
    levels = book.bids if falls else book.asks
    away = np.abs(levels[:, 0] / middle - 1)
    reach = float(away[-1])
    if reach < LEAST_REACH:
        return None
    within = float(levels[away <= DEPTH_FRACTION, 1].sum())
    return within * max(1.0, math.pow(DEPTH_FRACTION / reach, _BOOK_POWER))


def own_positions(
    portfolio: Portfolio,
    inputs: RiskInputs,
    path: MarketPath,
    coin: str,
    *,
    use_orders: bool = True,
) -> Iterator[OwnPosition]:
    """Yield the positions that die on the path or beyond its end, with the coin's distance.

    ``path`` is the scenario's, from the mark; other coins go on with it at their own rates. The
    book is walked, so what a stop closes in time does not die, and what a venue closes in parts
    dies with the last of them.
    """
    rate, start = path.rate(coin), inputs.coin_price(coin)
    if not rate or start is None:
        return
    walk = Waterfall(
        portfolio, inputs, _longer(path, 1.0 + _BEYOND / abs(rate)), drivers=(coin,),
        use_orders=use_orders,
    )  # fmt: skip
    left = {
        PositionKey(pool.account.id, position.symbol, position.side)
        for pool in walk.end_pools()
        for position in pool.positions
    }
    forced: dict[PositionKey, list[ScenarioEvent]] = {}
    for event in walk.events:
        if event.kind.liquidates:
            key = PositionKey(event.account, event.symbol, event.side)
            forced.setdefault(key, []).append(event)
    for key, events in forced.items():
        if key not in left:
            yield OwnPosition(
                account=key.account,
                symbol=key.symbol,
                side=key.side,
                distance=abs(math.log(events[-1].coin_price[coin] / start)),
                quantity_base=sum(_sold(event, coin, falls=rate < 0) for event in events),
            )


def _longer(path: MarketPath, times: float) -> MarketPath:
    """Return the path that goes on at its pace; its clock still ends at 1."""
    return MarketPath(
        rates={coin: times * rate for coin, rate in path.rates.items()},
        funding={market: times * paid for market, paid in path.funding.items()},
    )


def _sold(event: ScenarioEvent, coin: str, *, falls: bool) -> float:
    """Return coins that a liquidation adds to the flow of the push; a hedge's closing does not."""
    base, slash, rest = event.symbol.partition("/")
    if base != coin or not slash or (event.side is Side.LONG) != falls:
        return 0.0
    inverse = rest.partition(":")[2] == base
    return event.quantity / event.price if inverse else event.quantity
