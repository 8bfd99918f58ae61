"""Looks at one small book, for the tests of the watcher and its rules."""

from __future__ import annotations

import dataclasses

from tests.workstation.market.facts import btc, mark, store_of
from tests.workstation.risk import worlds
from workstation.alerts.situation import Look
from workstation.market.facts import VenueHealth, VenueState
from workstation.market.feed import FeedMode
from workstation.risk.engine import evaluate
from workstation.risk.inputs import MarkUsed
from workstation.risk.report import MarkSource, RiskReport

VENUE = "okx"
KEY = btc(VENUE, worlds.BTC)
# 1 BTC, isolated at 10,000: what is left meets maintenance (0.5 %) and the fee of OKX (0.05 %)
RATE = 0.0055
LONG = worlds.isolated(worlds.BTC, 1.0, 70_000.0, 10_000.0)
LIQUIDATION = 60_000 / (1 - RATE)
BOOK = worlds.book(worlds.account(LONG, venue=VENUE))
NAME = "a BTC/USDT:USDT long"


def price_at(distance: float) -> float:
    """Return the mark from which the liquidation price is that far away."""
    return LIQUIDATION / (1 - distance)


def health(state=VenueState.LIVE, last_success_ms=None, venue=VENUE) -> VenueHealth:
    return VenueHealth(venue=venue, state=state, last_success_ms=last_success_ms)


def look(
    price: float | None,
    at_s: float = 0.0,
    *,
    book=BOOK,
    state=VenueState.LIVE,
    source=MarkSource.VENUE,
    mode=FeedMode.LIVE,
    candles=None,
    report: RiskReport | None = None,
    **changes,
) -> Look:
    """Return a look at the book with one mark everywhere; ``None`` is a mark that is not known."""
    now_ms = round(worlds.NOW_MS + at_s * 1_000)
    used = {} if price is None else {KEY: MarkUsed(price=price, source=source, age_s=1.0)}
    prices = {} if price is None else {"BTC": price}
    inputs = dataclasses.replace(
        worlds.world(prices=prices), now_ms=now_ms, marks=used, silent=frozenset({KEY}), **changes
    )
    facts = () if price is None else (mark(KEY, price, as_of_ms=now_ms),)
    snapshot = store_of(*facts, now_ms=now_ms, health=(health(state),)).snapshot()
    return Look(
        snapshot=dataclasses.replace(snapshot, mode=mode),
        book=book,
        report=report or evaluate(book, inputs),
        inputs=inputs,
        candles=candles or {},
    )
