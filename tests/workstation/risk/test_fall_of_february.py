"""The fall of February 2026, bar by bar, against one walk to the same low in the same time.

The sample book stands at 71,000. From the last quarter of an hour that traded there, every bar is
walked from its open to its low, its high and its close, the accounts carried from leg to leg; the
waterfall goes from 71,000 to the lowest low in one straight move. Other coins follow by their
betas, and a funding of 0.01 % per 8 h is paid in both. The way there is no straight one (bounces of
2 %, thirteen hours), but what dies is decided by how low the mark has been: so the events, their
order and their prices are the same. Funding, which depends on the way, moves a price by less than
0.02 %.
"""

from __future__ import annotations

import math
from dataclasses import replace

import pandas as pd
import pytest

from workstation.market.catalogue import Catalogue
from workstation.market.instrument import split_symbol
from workstation.paths import sample_path
from workstation.portfolio.formats import registry
from workstation.risk import scenario as engine
from workstation.risk.inputs import MarkUsed
from workstation.risk.report import EventKind, MarkSource
from workstation.risk.scenario import Scenario
from workstation.risk.waterfall import Waterfall
from workstation.services import headless

START = 71_000.0
FUNDING_8H = 0.0001
BAR_H = 0.25
CANDLES = "binance_btcusdt_perp_15m_2025-12_on.parquet"

pytestmark = pytest.mark.shared_data


@pytest.fixture(scope="module")
def bars(shared_data):
    """Quarters of an hour from the last one at 71,000 to the one of the low."""
    frame = pd.read_parquet(shared_data / CANDLES)
    frame["time"] = pd.to_datetime(frame["time"], utc=True)
    frame = frame[(frame["time"] >= "2026-02-05") & (frame["time"] < "2026-02-07")]
    lowest = frame["low"].idxmin()
    at_start = frame[(frame["low"] <= START) & (frame["high"] >= START)].loc[:lowest].index[-1]
    return frame.loc[at_start:lowest]


@pytest.fixture(scope="module")
def book():
    return registry.read(sample_path(), Catalogue.embedded())


@pytest.fixture(scope="module")
def world(book):
    sample = headless.Book(path=sample_path())
    inputs = headless.risk_inputs(book, Catalogue.embedded(), sample, book.as_of_ms)
    return inputs.completed(book)


def legs(bars):
    """Yield where each leg of the way ends, and how long it takes."""
    last = len(bars) - 1
    for at, bar in enumerate(bars.itertuples()):
        ends = [bar.low] if at == last else [bar.low, bar.high, bar.close]
        for end in ends:
            yield float(end), BAR_H / len(ends)


def moved(world, book, price, factor_of):
    """Return the world with every mark and coin at what bitcoin's price makes of it."""
    marks = {
        account.key(p.symbol): MarkUsed(
            price=p.mark_price * factor_of(split_symbol(p.symbol)[0]), source=MarkSource.VENUE
        )
        for account in book.accounts
        for p in account.positions
    }
    coins = {coin: value * factor_of(coin) for coin, value in world.coin_prices.items()}
    return replace(world, marks=marks, coin_prices=coins)


def terms(price, over_h):
    return Scenario(moves={"BTC": price}, over_h=over_h, funding_rate_8h=FUNDING_8H)


def walk(book, world, price, over_h):
    living, inputs, path = engine.prepared(book, world, terms(price, over_h))
    return Waterfall(living, inputs, path, drivers=("BTC",)), path


@pytest.fixture(scope="module")
def bar_by_bar(book, world, bars):
    """All events of the way, and the equity at its end."""
    events, now, log_moves = [], book, {}
    for end, over_h in legs(bars):
        here = moved(world, book, end, lambda coin: math.exp(log_moves.get(coin, 0.0)))
        done, path = walk(now, here, end, over_h)
        for coin, rate in path.rates.items():
            log_moves[coin] = log_moves.get(coin, 0.0) + rate
        events += done.events
        now = replace(now, accounts=tuple(done.accounts.values()))
    return events, done.equity_usd(1.0)


def told(event):
    return event.account, event.symbol, event.side, event.kind


def test_the_fall_is_the_one_of_february(bars):
    assert len(bars) == 54
    assert bars["low"].min() == 59_800.0
    assert str(bars["time"].iloc[-1]) == "2026-02-06 00:15:00+00:00"


def test_the_same_things_happen_in_the_same_order_as_on_one_straight_way(
    book, world, bars, bar_by_bar
):
    events, equity_usd = bar_by_bar
    straight, _ = walk(book, world, float(bars["low"].min()), len(bars) * BAR_H)
    assert [told(event) for event in events] == [told(event) for event in straight.events]
    assert sum(event.kind is EventKind.LIQUIDATION for event in events) >= 3
    for own, other in zip(events, straight.events, strict=True):
        assert own.price == pytest.approx(other.price, rel=2e-4)
        assert own.quantity == pytest.approx(other.quantity)
        # a loss counts from the start of its walk, which is another bar's: equity does not
        assert own.equity_after_usd == pytest.approx(other.equity_after_usd, rel=2e-3)
    assert equity_usd == pytest.approx(straight.equity_usd(1.0), rel=2e-3)
