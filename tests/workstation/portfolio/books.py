"""Small books for the tests, and hypothesis strategies for any book that a file can hold."""

from __future__ import annotations

import json
from pathlib import Path
from types import MappingProxyType
from typing import Any

from hypothesis import strategies as st

from workstation.market.catalogue import Catalogue
from workstation.portfolio.model import (
    MANUAL_VENUE,
    Account,
    Collateral,
    MarginMode,
    MarginSystem,
    Order,
    OrderType,
    Portfolio,
    Position,
    PositionMode,
    Trigger,
)
from workstation.units import UnixMs

CATALOGUE = Catalogue.embedded()


def position(**changes: Any) -> dict[str, Any]:
    """Return a valid position table; a change to ``None`` takes the key away."""
    table = {"symbol": "BTC/USDT:USDT", "side": "long", "quantity": 2.4, "entry_price": 64390}
    return {key: value for key, value in {**table, **changes}.items() if value is not None}


def order(**changes: Any) -> dict[str, Any]:
    table = {
        "symbol": "BTC/USDT:USDT",
        "side": "sell",
        "type": "stop",
        "quantity": 2.4,
        "price": 63000,
    }
    return {key: value for key, value in {**table, **changes}.items() if value is not None}


def account(*positions: dict[str, Any], **changes: Any) -> dict[str, Any]:
    table = {"id": "main", "venue": "binanceusdm", "positions": list(positions), **changes}
    return {key: value for key, value in table.items() if value is not None}


def json_file(folder: Path, *accounts: dict[str, Any], **portfolio: Any) -> Path:
    """Write a JSON portfolio file; NaN and infinity are written as Python writes them."""
    path = folder / "book.json"
    path.write_text(json.dumps({"portfolio": portfolio, "accounts": list(accounts)}))
    return path


# --- any book -------------------------------------------------------------------------------------

_LINE = st.characters(exclude_categories=("Cc", "Cs"))
names = st.text(_LINE, min_size=1, max_size=12).filter(lambda text: text == text.strip())
coins = st.sampled_from(["USDT", "USDC", "BTC", "ETH", "1INCH", "币安"])
amounts = st.floats(allow_nan=False, allow_infinity=False)
positive = st.floats(min_value=1e-300, max_value=1e300)
rates = st.floats(min_value=1e-6, max_value=0.999)
sides = st.sampled_from([1.0, -1.0])
_SYMBOLS = ("BTC/USDT:USDT", "ETH/USDT:USDT", "SOL/USDT:USDT")


@st.composite
def positions(draw: st.DrawFn, symbol: str, *, manual: bool) -> Position:
    isolated = draw(st.booleans())
    rate = draw(rates if manual else st.none() | rates)
    size = draw(positive if manual else st.none() | positive)
    return Position(
        symbol=symbol,
        quantity=draw(positive) * draw(sides),
        entry_price=draw(positive),
        leverage=draw(st.none() | st.floats(min_value=1, max_value=1000)),
        margin_mode=MarginMode.ISOLATED if isolated else MarginMode.CROSS,
        isolated_margin=draw(positive) if isolated else None,
        mark_price=draw(st.none() | positive),
        maintenance_rate=rate,
        maintenance_amount=0.0 if rate is None else draw(st.just(0.0) | positive),
        contract_size=size,
    )


@st.composite
def orders(draw: st.DrawFn) -> Order:
    return Order(
        symbol=draw(st.sampled_from(_SYMBOLS)),
        quantity=draw(positive) * draw(sides),
        type=draw(st.sampled_from(OrderType)),
        price=draw(positive),
        trigger=draw(st.sampled_from(Trigger)),
        reduce_only=draw(st.booleans()),
    )


@st.composite
def accounts(draw: st.DrawFn, name: str) -> Account:
    venue = draw(st.sampled_from(["binanceusdm", "okx", MANUAL_VENUE]))
    symbols = draw(st.lists(st.sampled_from(_SYMBOLS), unique=True))
    held = [draw(positions(symbol, manual=venue == MANUAL_VENUE)) for symbol in symbols]
    return Account(
        id=name,
        venue=venue,
        positions=tuple(held),
        balances=MappingProxyType(draw(st.dictionaries(coins, amounts, min_size=1))),
        haircuts=MappingProxyType(draw(st.dictionaries(coins, st.floats(0, 1)))),
        orders=tuple(draw(st.lists(orders(), max_size=2))),
        position_mode=draw(st.sampled_from(PositionMode)),
        collateral=draw(st.sampled_from(Collateral)),
        margin_system=draw(st.sampled_from(MarginSystem)),
        taker_fee=draw(st.none() | st.floats(-0.01, 0.01)),
    )


@st.composite
def portfolios(draw: st.DrawFn) -> Portfolio:
    ids = draw(st.lists(names, min_size=1, max_size=3, unique=True))
    return Portfolio(
        name=draw(st.just("") | names),
        reporting_currency=draw(st.sampled_from(["USD", "USDT", "USDC"])),
        as_of_ms=UnixMs(draw(st.integers(0, 4_000_000_000_000))),
        accounts=tuple(draw(accounts(name)) for name in ids),
    )
