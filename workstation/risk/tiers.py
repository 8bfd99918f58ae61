"""Maintenance margin tiers: tables with a source and a date, embedded or from the user's file.

A tier holds where ``floor <= size < cap``. What ``size`` is says the table's unit: the contract's
value in its settlement coin, or a number of contracts. How a rate applies says its mode: *marginal*
(a deduction keeps the requirement continuous), *flat* (the rate of the tier on the whole position)
or *linear in size* (Deribit: ``rate + slope x coins``, no tiers at all).
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, lru_cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from workstation.market.facts import FloatArray
from workstation.market.instrument import MarketKey
from workstation.paths import resource


class TierUnit(StrEnum):
    """What the bounds of a tier count."""

    VALUE = "value"  # of the contract in its settlement coin
    CONTRACTS = "contracts"


class TierMode(StrEnum):
    """How a tier's rate applies."""

    MARGINAL = "marginal"
    FLAT = "flat"
    LINEAR_IN_SIZE = "linear_in_size"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TierTable:
    """The tiers of one contract: arrays of one length, by ascending floor.

    ``cap`` is infinite where the venue sets no bound; a finite last cap is the end of what is
    known. ``rate`` is a fraction, ``amount`` the deduction in the settlement coin. ``slope`` is a
    rate per coin (linear in size only); ``initial`` the initial rate and its slope, where given.
    """

    floor: FloatArray
    cap: FloatArray
    rate: FloatArray
    amount: FloatArray
    max_leverage: FloatArray  # NaN where not known
    unit: TierUnit
    mode: TierMode
    label: str  # "embedded 2026-09-29", "live 2026-11-25", "file": which table this is
    source: str
    as_of: str = ""  # the day it was true, ISO; empty in a file's
    slope: float = 0.0
    initial: tuple[float, float] | None = None

    def row(self, size: float) -> int:
        """Return the tier that holds a size; the last one beyond all caps."""
        return max(0, int(np.searchsorted(self.floor, size, side="right")) - 1)

    def rows(self, size: FloatArray) -> NDArray[np.int64]:
        """Return the tiers of an array of sizes."""
        return np.maximum(np.searchsorted(self.floor, size, side="right") - 1, 0)

    def knows(self, size: float) -> bool:
        """Tell whether a size lies below the end of what is known."""
        return size <= float(self.cap[-1]) * (1 + 1e-12)


def deductions(floor: ArrayLike, rate: ArrayLike) -> FloatArray:
    """Return the deductions that keep a marginal table continuous, (n,), from floors and rates.

    ``c_1 = 0; c_n = c_{n-1} + floor_n (r_n - r_{n-1})``, for venues that print no deduction of
    their own. Source: Binance FAQ ceccfcfb4e3a45e3b48b0b1bb1a8ae46; Hyperliquid's documentation.
    """
    floor, rate = np.asarray(floor, dtype=np.float64), np.asarray(rate, dtype=np.float64)
    amounts: FloatArray = np.cumsum(floor * np.diff(rate, prepend=rate[0]))
    return amounts


@lru_cache(maxsize=1024)
def file_tier(rate: float, amount: float) -> TierTable:
    """Return the one tier that a portfolio file gives for a position."""
    return TierTable(
        floor=np.zeros(1),
        cap=np.full(1, np.inf),
        rate=np.array([rate]),
        amount=np.array([amount]),
        max_leverage=np.full(1, np.nan),
        unit=TierUnit.VALUE,
        mode=TierMode.MARGINAL,
        label="file",
        source="the portfolio file",
    )


@dataclass(frozen=True, slots=True)
class TierBook:
    """The tables at hand, by market."""

    tables: Mapping[MarketKey, TierTable]

    @staticmethod
    def embedded() -> TierBook:
        """Return the tables that ship with the program (read once)."""
        return _embedded()

    def find(self, key: MarketKey) -> TierTable | None:
        return self.tables.get(key)

    def with_fresher(self, tables: Mapping[MarketKey, TierTable]) -> TierBook:
        """Return a book in which each of these tables replaces one that is not of a later day."""
        fresher = {
            key: table
            for key, table in tables.items()
            if key not in self.tables or table.as_of >= self.tables[key].as_of
        }
        return TierBook({**self.tables, **fresher}) if fresher else self

    def dates(self) -> dict[str, dict[str, int]]:
        """Return per venue how many tables there are of each label."""
        found: dict[str, dict[str, int]] = {}
        for key, table in self.tables.items():
            counts = found.setdefault(key.venue, {})
            counts[table.label] = counts.get(table.label, 0) + 1
        return found


@cache
def _embedded() -> TierBook:
    tables: dict[MarketKey, TierTable] = {}
    for entry in resource("tiers").iterdir():
        if entry.name.endswith(".json"):
            tables.update(read_tables(json.loads(entry.read_text(encoding="utf-8")), "embedded"))
    return TierBook(tables)


def read_tables(document: Mapping[str, Any], origin: str) -> Iterator[tuple[MarketKey, TierTable]]:
    """Yield the tables of a document; ``origin`` is the first word of their labels.

    Raises
    ------
    AttributeError, KeyError, TypeError, ValueError
        It is no such document.
    """
    label = f"{origin} {document['as_of']}"
    mode = TierMode(document["mode"])
    make = _linear_in_size if mode is TierMode.LINEAR_IN_SIZE else _tiered
    for symbol, rows in document["tiers"].items():
        yield MarketKey(document["venue"], symbol), make(document, rows, label)


def document_of(key: MarketKey, table: TierTable) -> dict[str, Any]:
    """Return one table of tiers as ``read_tables`` reads it; infinite and NaN become ``None``."""
    columns = (table.floor, table.cap, table.rate, table.amount, table.max_leverage)
    rows = np.column_stack(columns).tolist()
    return {
        "venue": key.venue,
        "as_of": table.as_of,
        "source": table.source,
        "unit": table.unit.value,
        "mode": table.mode.value,
        "tiers": {
            key.symbol: [[cell if math.isfinite(cell) else None for cell in row] for row in rows]
        },
    }


def _tiered(
    document: Mapping[str, Any], rows: Sequence[Sequence[float | None]], label: str
) -> TierTable:
    floor, cap, rate, amount, leverage = (
        np.array([np.nan if cell is None else cell for cell in column], dtype=np.float64)
        for column in zip(*rows, strict=True)
    )
    return TierTable(
        floor=floor,
        cap=np.where(np.isnan(cap), np.inf, cap),
        rate=rate,
        amount=amount,
        max_leverage=leverage,
        unit=TierUnit(document["unit"]),
        mode=TierMode(document["mode"]),
        label=label,
        source=document["source"],
        as_of=str(document["as_of"]),
    )


def _linear_in_size(
    document: Mapping[str, Any], rows: Sequence[Sequence[float]], label: str
) -> TierTable:
    ((initial, initial_slope, rate, slope, leverage),) = rows
    return TierTable(
        floor=np.zeros(1),
        cap=np.full(1, np.inf),
        rate=np.array([rate]),
        amount=np.zeros(1),
        max_leverage=np.array([leverage]),
        unit=TierUnit.VALUE,
        mode=TierMode.LINEAR_IN_SIZE,
        label=label,
        source=document["source"],
        as_of=str(document["as_of"]),
        slope=slope,
        initial=(initial, initial_slope),
    )
