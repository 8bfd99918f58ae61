"""What a reader of tiers is, and what all of them share: a table that is checked when it is made.

A reader asks a venue's endpoint, by ccxt's name for it, about some markets, and turns the answer
into tables in our units. Its table is believed only if it is one: floors rise from zero without a
hole, rates are fractions that rise with them, and where the scheme says that the requirement is
continuous, it is.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, ParamSpec

import numpy as np

from workstation.exchanges.base import Market
from workstation.market.facts import FloatArray
from workstation.market.instrument import MarketKey
from workstation.risk.tiers import TierMode, TierTable, TierUnit, deductions

log = logging.getLogger(__name__)

P = ParamSpec("P")
Ask = Callable[..., Awaitable[Any]]
Tables = Mapping[MarketKey, TierTable]
CONTINUOUS: Final = 0.02  # of the settlement coin, per step: venues print deductions to a cent


@dataclass(frozen=True, slots=True, kw_only=True)
class TierReader:
    """How one venue is asked.

    ``read`` gets the question to ask with, some markets, and the day; it leaves out a market that
    the venue did not answer, or of which it cannot make a table, and says so in the log.
    """

    read: Callable[[Ask, Sequence[Market], str], Awaitable[Tables]]
    markets_a_call: int  # more than there are: one call answers for all
    private: bool = False  # the endpoint wants a signature; public feeds leave it alone


class Tier(NamedTuple):
    """One row; ``amount`` is ``None`` where the venue prints no deduction."""

    floor: float
    cap: float  # infinite where there is no bound
    rate: float
    max_leverage: float
    amount: float | None = None


def collect(
    found: dict[MarketKey, TierTable],
    market: Market,
    table: Callable[P, TierTable],
    *rows: P.args,
    **named: P.kwargs,
) -> None:
    """Add a market's table of some rows; one bad table costs that market and no other."""
    try:
        found[market.key] = table(*rows, **named)
    except ValueError as error:
        log.warning("%s %s: its tiers are not used: %s", market.key.venue, market.key.symbol, error)


def table_of(
    tiers: Iterable[Tier], *, unit: TierUnit, mode: TierMode, as_of: str, source: str
) -> TierTable:
    """Return the table of some rows in any order.

    Raises
    ------
    ValueError
        The rows are no table.
    """
    rows = sorted(tiers)
    if not rows:
        raise ValueError("it has no rows")
    floor, cap, rate, leverage = (
        np.array([row[i] for row in rows], dtype=np.float64) for i in range(4)
    )
    _check(floor, cap, rate)
    return TierTable(
        floor=floor,
        cap=cap,
        rate=rate,
        amount=_amounts(rows, floor, rate, mode),
        max_leverage=leverage,
        unit=unit,
        mode=mode,
        label=f"live {as_of}",
        source=source,
        as_of=as_of,
    )


def _check(floor: FloatArray, cap: FloatArray, rate: FloatArray) -> None:
    if floor[0] != 0 or not np.array_equal(cap[:-1], floor[1:]):
        raise ValueError("its floors leave a hole")
    if not np.all(cap > floor):
        raise ValueError("a tier ends before it begins")
    if not np.all((rate > 0) & (rate <= 1)) or np.any(np.diff(rate) < 0):
        raise ValueError("its rates are not fractions that rise")


def _amounts(
    rows: Sequence[Tier], floor: FloatArray, rate: FloatArray, mode: TierMode
) -> FloatArray:
    """Return the deductions: the venue's own where it prints all of them, else their recursion."""
    if mode is not TierMode.MARGINAL:
        return np.zeros(len(rows))
    computed = deductions(floor, rate)
    if any(row.amount is None for row in rows[1:]):
        return computed
    printed = np.array([row.amount or 0.0 for row in rows])
    jumps = np.diff(printed) - floor[1:] * np.diff(rate)
    if np.abs(jumps).max(initial=0.0) > CONTINUOUS + 1e-9 * printed.max():
        raise ValueError("its deductions do not keep the margin continuous")
    return printed
