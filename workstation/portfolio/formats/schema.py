"""The portfolio file as it may be written: the one model behind TOML, JSON, CSV and the form.

Every field has a description (the JSON Schema shows it) and, in its type, the phrase that a
problem with its value gets. What these models cannot say (one key excludes another, a symbol must
be listed) is in ``checks``.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any, Final, TypeAlias

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints
from pydantic.fields import FieldInfo

from workstation.market.instrument import Side
from workstation.portfolio.formats.base import KeyPath
from workstation.portfolio.model import (
    Collateral,
    MarginMode,
    MarginSystem,
    OrderType,
    PositionMode,
    Trigger,
)


class OrderSide(StrEnum):
    """What an order does."""

    BUY = "buy"
    SELL = "sell"


class ReportingCurrency(StrEnum):
    """Currencies that have a rate to USD: itself, and the dollar coins."""

    USD = "USD"
    USDT = "USDT"
    USDC = "USDC"


@dataclass(frozen=True, slots=True)
class Expect:
    """What should stand in a field, for the sentence about a value that should not."""

    phrase: str
    choices: tuple[str, ...] = ()


def _one_of(enum: type[StrEnum], lead: str = "expected") -> tuple[object, Expect]:
    names = tuple(item.value for item in enum)
    listed = ", ".join(f"'{name}'" for name in names)
    return Field(strict=False), Expect(f"{lead} one of {listed}", names)


def _moment(value: object) -> object:
    """Read the ISO text that JSON and CSV have for a time; the rest is for the schema to judge."""
    moment = dt.datetime.fromisoformat(value) if isinstance(value, str) else value
    if isinstance(moment, dt.datetime) and (moment.year < _FIRST_YEAR or moment.tzinfo is None):
        raise ValueError(value)
    return moment


_FIRST_YEAR: Final = 1970  # where UnixMs begins
_ONE_LINE: Final = r"^[^\s\p{Cc}]([^\p{Cc}]*[^\s\p{Cc}])?$"
_ONE_LINE_OR_EMPTY: Final = r"^([^\s\p{Cc}]([^\p{Cc}]*[^\s\p{Cc}])?)?$"

COIN: Final = Expect("expected a coin in capitals, such as USDT")

Positive: TypeAlias = Annotated[
    float, Field(gt=0, allow_inf_nan=False), Expect("expected a number greater than 0")
]
NotNegative: TypeAlias = Annotated[
    float, Field(ge=0, allow_inf_nan=False), Expect("expected a number, 0 or more")
]
Finite: TypeAlias = Annotated[float, Field(allow_inf_nan=False), Expect("expected a number")]
Leverage: TypeAlias = Annotated[
    float, Field(ge=1, allow_inf_nan=False), Expect("expected a number of at least 1")
]
Rate: TypeAlias = Annotated[
    float, Field(gt=0, lt=1), Expect("expected a fraction between 0 and 1, such as 0.004")
]
Fee: TypeAlias = Annotated[
    float, Field(gt=-1, lt=1), Expect("expected a fraction, such as 0.0005 for 0.05 %")
]
Haircut: TypeAlias = Annotated[
    float, Field(ge=0, le=1), Expect("expected a fraction from 0 to 1, such as 0.05")
]
YesNo: TypeAlias = Annotated[bool, Expect("expected true or false")]
Text: TypeAlias = Annotated[
    str,
    StringConstraints(pattern=_ONE_LINE_OR_EMPTY),
    Expect("expected a text in one line, without spaces at its ends"),
]
Name: TypeAlias = Annotated[
    str,
    StringConstraints(pattern=_ONE_LINE),
    Expect("expected a name in one line, without spaces at its ends"),
]
Coin: TypeAlias = Annotated[
    str,
    StringConstraints(pattern=r"^[^\s\p{Cc}\p{Ll}]+$"),
    COIN,
]
Moment: TypeAlias = Annotated[
    AwareDatetime,
    BeforeValidator(_moment, json_schema_input_type=str),
    Expect("expected a time with its zone, such as 2026-02-05T21:10:00Z"),
]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class PositionTable(_Table):
    """One position."""

    symbol: Name = Field(description="ccxt's unified symbol; BTC/USD:BTC is inverse")
    side: Annotated[Side, *_one_of(Side)] = Field(description="Side of the position")
    quantity: Positive | None = Field(
        default=None, description="Size: base coins (linear) or USD face value (inverse)"
    )
    contracts: Positive | None = Field(
        default=None, description="Size in contracts, instead of quantity"
    )
    entry_price: Positive = Field(description="Average entry price, quote per base")
    leverage: Leverage | None = Field(
        default=None, description="Leverage that is set; optional for cross"
    )
    margin_mode: Annotated[MarginMode, *_one_of(MarginMode)] = Field(
        default=MarginMode.CROSS, description="What backs it: the account, or its own margin"
    )
    isolated_margin: NotNegative | None = Field(
        default=None,
        description="Isolated wallet in the settlement coin; default initial margin at entry",
    )
    mark_price: Positive | None = Field(
        default=None, description="Mark price, used until a live one is known"
    )
    maintenance_rate: Rate | None = Field(
        default=None, description="Maintenance rate, instead of the venue's tiers"
    )
    maintenance_amount: NotNegative | None = Field(
        default=None, description="Deduction that goes with maintenance_rate; default 0"
    )
    contract_size: Positive | None = Field(
        default=None, description="Size of a contract, instead of the market list's"
    )


class OrderTable(_Table):
    """One resting or trigger order."""

    symbol: Name = Field(description="ccxt's unified symbol")
    side: Annotated[OrderSide, *_one_of(OrderSide)] = Field(description="Side of the order")
    type: Annotated[OrderType, *_one_of(OrderType)] = Field(description="Kind of order")
    quantity: Positive = Field(description="Size: base coins (linear) or USD face value (inverse)")
    price: Positive = Field(description="Limit or trigger price")
    trigger: Annotated[Trigger, *_one_of(Trigger)] = Field(
        default=Trigger.MARK, description="Price that a trigger order watches"
    )
    reduce_only: YesNo = Field(default=False, description="Whether it may only reduce")


class AccountTable(_Table):
    """One account at one venue."""

    id: Name = Field(description="Name of the account, unique in the file")
    venue: Name = Field(description="A ccxt exchange id, or manual")
    position_mode: Annotated[PositionMode, *_one_of(PositionMode)] = Field(
        default=PositionMode.ONE_WAY, description="One net position a symbol, or two legs"
    )
    collateral: Annotated[Collateral, *_one_of(Collateral)] = Field(
        default=Collateral.SINGLE_ASSET,
        description="Each coin backs its own positions, or every balance counts",
    )
    taker_fee: Fee | None = Field(
        default=None, description="Taker fee, a fraction; default the venue's base tier"
    )
    margin_system: Annotated[MarginSystem, *_one_of(MarginSystem)] = Field(
        default=MarginSystem.STANDARD,
        description="The venue's margin system; figures without a rule are null",
    )
    balances: dict[Coin, Finite] = Field(
        default_factory=dict,
        description="Wallet balances in coins, without unrealised PnL and isolated margin",
    )
    haircuts: dict[Coin, Haircut] = Field(
        default_factory=dict, description="Haircuts that override the venue's, multi-asset only"
    )
    positions: list[PositionTable] = Field(default_factory=list, description="Open positions")
    orders: list[OrderTable] = Field(default_factory=list, description="Resting orders")


class PortfolioTable(_Table):
    """The book as a whole."""

    name: Text = Field(default="", description="Name of the book")
    reporting_currency: Annotated[
        ReportingCurrency, *_one_of(ReportingCurrency, "has no rate to USD here; expected")
    ] = Field(default=ReportingCurrency.USD, description="Currency that the window shows")
    as_of: Moment | None = Field(
        default=None, description="When the book was true; default the file's modification time"
    )


class PortfolioDocument(_Table):
    """A portfolio file of the risk workstation."""

    portfolio: PortfolioTable = Field(
        default_factory=PortfolioTable, description="The book as a whole"
    )
    accounts: Annotated[list[AccountTable], Expect("expected at least one account")] = Field(
        min_length=1, description="Accounts, one or more"
    )


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of the TOML and JSON files."""
    return PortfolioDocument.model_json_schema()


_TABLES: dict[tuple[str, ...], type[BaseModel]] = {
    (): PortfolioDocument,
    ("portfolio",): PortfolioTable,
    ("accounts",): AccountTable,
    ("accounts", "positions"): PositionTable,
    ("accounts", "orders"): OrderTable,
}


def table_at(path: KeyPath) -> type[BaseModel] | None:
    """Return the model of the table at a key path, ``None`` where there is none."""
    return _TABLES.get(tuple(key for key in path if isinstance(key, str)))


def expectation(path: KeyPath) -> Expect | None:
    """Return what should stand at a key path, ``None`` where the path names no single value."""
    *front, last = path
    if front and front[-1] in _ENTRIES:
        return _ENTRIES[front[-1]]
    table = table_at(tuple(front))
    field = table.model_fields.get(str(last)) if table else None
    return next(_expectations(field), None) if field else None


_ENTRIES: dict[str | int, Expect] = {
    "balances": Expect("expected a number"),
    "haircuts": Expect("expected a fraction from 0 to 1, such as 0.05"),
}


def _expectations(field: FieldInfo) -> Iterator[Expect]:
    # ``Positive | None`` keeps its metadata inside the union, ``Positive`` beside the type.
    members = getattr(field.annotation, "__args__", ())
    inner = members if type(None) in members else ()
    nested = (item for part in inner for item in getattr(part, "__metadata__", ()))
    yield from (item for item in (*field.metadata, *nested) if isinstance(item, Expect))
