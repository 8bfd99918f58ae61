"""Small books and the world around them, for the tests of the engine."""

from __future__ import annotations

from typing import Any

import numpy as np

from workstation.market.catalogue import Catalogue
from workstation.market.facts import FundingRate
from workstation.market.instrument import Contract, Instrument, MarketKey, split_symbol
from workstation.portfolio.model import (
    Account,
    Collateral,
    MarginMode,
    Order,
    OrderType,
    Portfolio,
    Position,
    PositionMode,
)
from workstation.risk.engine import evaluate
from workstation.risk.inputs import MarkUsed, RiskInputs
from workstation.risk.pools import pools_of
from workstation.risk.report import MarkSource
from workstation.risk.tiers import TierBook, TierMode, TierTable, TierUnit
from workstation.units import UnixMs

NOW_MS = UnixMs(1_770_325_800_000)
BTC, ETH, SOL = "BTC/USDT:USDT", "ETH/USDT:USDT", "SOL/USDT:USDT"
BTC_INVERSE, ETH_INVERSE = "BTC/USD:BTC", "ETH/USD:ETH"
EMPTY = Catalogue(frozenset(), {}, frozenset(), frozenset())
NO_TIERS = TierBook({})
DOLLARS = {"USDT": 1.0, "USDC": 1.0}

HEDGE, MULTI = PositionMode.HEDGE, Collateral.MULTI_ASSET


def cross(symbol: str, quantity: float, entry: float, mark: float | None = None, **more: Any):
    more.setdefault("maintenance_rate", 0.005)
    mark = entry if mark is None else mark
    return Position(symbol=symbol, quantity=quantity, entry_price=entry, mark_price=mark, **more)


def isolated(symbol: str, quantity: float, entry: float, margin: float, mark=None, **more: Any):
    more = {"margin_mode": MarginMode.ISOLATED, "isolated_margin": margin, **more}
    return cross(symbol, quantity, entry, mark, **more)


def order(kind: OrderType, symbol: str, quantity: float, price: float, *, reduce_only=False):
    return Order(symbol=symbol, quantity=quantity, type=kind, price=price, reduce_only=reduce_only)


def account(*positions: Position, venue: str = "manual", name: str = "a", **more: Any) -> Account:
    return Account(id=name, venue=venue, positions=positions, **more)


def book(*accounts: Account) -> Portfolio:
    return Portfolio(accounts=accounts, as_of_ms=NOW_MS, name="test")


def world(marks=None, prices=None, tiers=None, instruments=(), **more: Any) -> RiskInputs:
    """Return inputs; ``marks`` and ``tiers`` by (venue, symbol), ``prices`` by coin.

    The dollars have a price, so that the report need not note that it takes them at par.
    """
    used = {
        MarketKey(*key): MarkUsed(price=price, source=MarkSource.VENUE, age_s=1.0)
        for key, price in (marks or {}).items()
    }
    tables = {MarketKey(*key): table for key, table in (tiers or {}).items()}
    return RiskInputs(
        now_ms=NOW_MS,
        marks=used,
        coin_prices=DOLLARS | (prices or {}),
        tiers=TierBook(tables),
        catalogue=EMPTY.with_instruments(instruments),
        **more,
    )


def table(*rows, unit=TierUnit.VALUE, mode=TierMode.MARGINAL, **more: Any) -> TierTable:
    """Return tiers of rows (floor, cap, rate, amount); ``None`` as cap is no bound."""
    floor, cap, rate, amount = (
        np.array([np.inf if cell is None else cell for cell in column], dtype=np.float64)
        for column in zip(*rows, strict=True)
    )
    return TierTable(
        floor=floor, cap=cap, rate=rate, amount=amount, max_leverage=np.full(len(rows), np.nan),
        unit=unit, mode=mode, label="test", source="a test", **more,
    )  # fmt: skip


def listed(venue: str, symbol: str, *, contract_size=1.0, tick=None, lot=None) -> Instrument:
    base, quote, settle = split_symbol(symbol)
    return Instrument(
        key=MarketKey(venue, symbol),
        contract=Contract.INVERSE if settle == base else Contract.LINEAR,
        base=base, quote=quote, settle=settle, contract_size=contract_size, tick=tick, lot=lot,
    )  # fmt: skip


def funding(venue: str, symbol: str, rate: float, interval_h: float = 8.0):
    key = MarketKey(venue, symbol)
    return {
        key: FundingRate(
            key=key, as_of_ms=NOW_MS, fresh_for_ms=60_000, funding_rate=rate, interval_h=interval_h,
            next_funding_ms=UnixMs(NOW_MS + 3_600_000),
        )
    }  # fmt: skip


def row_of(positions, inputs: RiskInputs | None = None, **account_more: Any):
    """Return the report's row of the first position of a one-account book."""
    positions = positions if isinstance(positions, tuple) else (positions,)
    return report_of(account(*positions, **account_more), inputs=inputs).positions[0]


def report_of(*accounts: Account, inputs: RiskInputs | None = None):
    return evaluate(book(*accounts), inputs or world())


def only_pool(owner: Account, inputs: RiskInputs | None = None):
    (pool,) = pools_of(owner, inputs or world())
    return pool
