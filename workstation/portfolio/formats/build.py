"""From a checked document to the book, and back."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Final

from workstation.market.catalogue import Catalogue
from workstation.market.instrument import Contract, MarketKey
from workstation.portfolio.formats.base import Table
from workstation.portfolio.formats.checks import warnings
from workstation.portfolio.formats.schema import (
    AccountTable,
    OrderSide,
    OrderTable,
    PortfolioDocument,
    PositionTable,
    ReportingCurrency,
)
from workstation.portfolio.model import (
    MANUAL_VENUE,
    Account,
    Collateral,
    MarginMode,
    MarginSystem,
    Order,
    Portfolio,
    Position,
    PositionMode,
    Trigger,
)
from workstation.units import UnixMs, from_datetime, to_datetime

MANUAL_CONTRACT_SIZE: Final = 0.001  # a lot of a venue without tables, where the file gives none
_MAX_EXACT_INT: Final = 2.0**53


def to_portfolio(
    document: PortfolioDocument,
    catalogue: Catalogue,
    *,
    written_ms: UnixMs,
    path: Path | None = None,
) -> Portfolio:
    """Return the book of a checked document.

    ``written_ms`` is the file's modification time, the book's time where the document gives none.
    Contracts become base coins or USD face, and an isolated position without its own margin gets
    the initial margin at entry.
    """
    as_of = document.portfolio.as_of
    return Portfolio(
        name=document.portfolio.name,
        reporting_currency=document.portfolio.reporting_currency.value,
        as_of_ms=written_ms if as_of is None else from_datetime(as_of),
        accounts=tuple(_account(table, catalogue) for table in document.accounts),
        path=path,
        warnings=tuple(warnings(document, catalogue)),
    )


def _account(table: AccountTable, catalogue: Catalogue) -> Account:
    return Account(
        id=table.id,
        venue=table.venue,
        positions=tuple(_position(item, table.venue, catalogue) for item in table.positions),
        balances=MappingProxyType(table.balances),
        haircuts=MappingProxyType(table.haircuts),
        orders=tuple(_order(item) for item in table.orders),
        position_mode=table.position_mode,
        collateral=table.collateral,
        margin_system=table.margin_system,
        taker_fee=table.taker_fee,
    )


def _position(table: PositionTable, venue: str, catalogue: Catalogue) -> Position:
    size = table.contract_size
    if size is None and venue == MANUAL_VENUE:
        size = MANUAL_CONTRACT_SIZE
    position = Position(
        symbol=table.symbol,
        quantity=table.side.sign
        * _quantity(table, size, MarketKey(venue, table.symbol), catalogue),
        entry_price=table.entry_price,
        leverage=table.leverage,
        margin_mode=table.margin_mode,
        isolated_margin=table.isolated_margin,
        mark_price=table.mark_price,
        maintenance_rate=table.maintenance_rate,
        maintenance_amount=table.maintenance_amount or 0.0,
        contract_size=size,
    )
    if position.margin_mode is MarginMode.ISOLATED and position.isolated_margin is None:
        return replace(position, isolated_margin=_margin_at_entry(position))
    return position


def _quantity(
    table: PositionTable, size: float | None, key: MarketKey, catalogue: Catalogue
) -> float:
    if table.quantity is not None:
        return table.quantity
    listed = catalogue.find(key)
    if size is None and listed is not None:
        size = listed.contract_size
    assert table.contracts is not None
    assert size is not None
    return table.contracts * size


def _margin_at_entry(position: Position) -> float:
    """Return the initial margin at entry in the settlement coin: notional / leverage."""
    assert position.leverage is not None
    if position.contract is Contract.INVERSE:
        return abs(position.quantity) / (position.entry_price * position.leverage)
    return abs(position.quantity) * position.entry_price / position.leverage


def _order(table: OrderTable) -> Order:
    return Order(
        symbol=table.symbol,
        quantity=table.quantity if table.side is OrderSide.BUY else -table.quantity,
        type=table.type,
        price=table.price,
        trigger=table.trigger,
        reduce_only=table.reduce_only,
    )


# --- and back -------------------------------------------------------------------------------------


def to_document(portfolio: Portfolio) -> Table:
    """Return the document that reads as this book again; keys at their defaults are left out."""
    head = _without_defaults(
        name=(portfolio.name, ""),
        reporting_currency=(portfolio.reporting_currency, ReportingCurrency.USD.value),
        as_of=(_iso(portfolio.as_of_ms), ""),
    )
    return {"portfolio": head, "accounts": [_account_table(item) for item in portfolio.accounts]}


def _account_table(account: Account) -> Table:
    return _without_defaults(
        id=(account.id, None),
        venue=(account.venue, None),
        position_mode=(account.position_mode.value, PositionMode.ONE_WAY.value),
        collateral=(account.collateral.value, Collateral.SINGLE_ASSET.value),
        taker_fee=(_plain(account.taker_fee), None),
        margin_system=(account.margin_system.value, MarginSystem.STANDARD.value),
        balances=(_plain_amounts(account.balances), {}),
        haircuts=(_plain_amounts(account.haircuts), {}),
        positions=([_position_table(item) for item in account.positions], []),
        orders=([_order_table(item) for item in account.orders], []),
    )


def _position_table(position: Position) -> Table:
    return _without_defaults(
        symbol=(position.symbol, None),
        side=(position.side.value, None),
        quantity=(_plain(abs(position.quantity)), None),
        entry_price=(_plain(position.entry_price), None),
        leverage=(_plain(position.leverage), None),
        margin_mode=(position.margin_mode.value, MarginMode.CROSS.value),
        isolated_margin=(_plain(position.isolated_margin), None),
        mark_price=(_plain(position.mark_price), None),
        maintenance_rate=(_plain(position.maintenance_rate), None),
        maintenance_amount=(_plain(position.maintenance_amount), 0),
        contract_size=(_plain(position.contract_size), None),
    )


def _order_table(order: Order) -> Table:
    side = OrderSide.BUY if order.quantity > 0 else OrderSide.SELL
    return _without_defaults(
        symbol=(order.symbol, None),
        side=(side.value, None),
        type=(order.type.value, None),
        quantity=(_plain(abs(order.quantity)), None),
        price=(_plain(order.price), None),
        trigger=(order.trigger.value, Trigger.MARK.value),
        reduce_only=(order.reduce_only, False),
    )


def _without_defaults(**pairs: tuple[object, object]) -> Table:
    return {key: value for key, (value, default) in pairs.items() if value != default}


def _plain(value: float | None) -> float | int | None:
    """Return a whole number as an ``int``, so that 25000.0 is written 25000."""
    if value is not None and value.is_integer() and abs(value) < _MAX_EXACT_INT:
        return int(value)
    return value


def _plain_amounts(amounts: Mapping[str, float]) -> Table:
    return {coin: _plain(amount) for coin, amount in amounts.items()}


def _iso(time_ms: UnixMs) -> str:
    moment = to_datetime(time_ms).astimezone(dt.UTC)
    precision = "milliseconds" if time_ms % 1_000 else "seconds"
    return moment.isoformat(timespec=precision).replace("+00:00", "Z")
