"""Position rows of a large book that read a figure out of its columns when it is first asked for.

A row is a ``PositionReport`` like any other to whoever reads it. It is made without its fields; one
that is not there yet is looked up and kept. A field is a list of all legs, made when the first row
is asked for it: what positions state once a book, what moves once a look. What the columns do not
hold (explanations, the drift by funding) is asked of the scalar engine, account by account.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from operator import attrgetter
from typing import Any, Final

import numpy as np

from workstation.market.facts import FloatArray, FundingRate
from workstation.market.instrument import split_symbol
from workstation.portfolio.model import Account, Portfolio
from workstation.risk.book_arrays import KINDS, BookArrays, BookReport
from workstation.risk.doubts import doubts
from workstation.risk.engine import evaluate, stop_price
from workstation.risk.funding_path import FundingPath
from workstation.risk.inputs import MarkUsed, RiskInputs
from workstation.risk.kernels.margin_arrays import BoolArray, IntArray
from workstation.risk.legs import Leg
from workstation.risk.pools import Pool
from workstation.risk.report import Figure, PositionReport, Status


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Columns:
    """A compiled book at one moment, in the order of its legs and pools."""

    portfolio: Portfolio
    inputs: RiskInputs
    arrays: BookArrays
    found: BookReport
    mark: FloatArray  # (legs,)
    coin_price: FloatArray  # (coins,) USD, NaN where not known
    below: BoolArray  # (pools,) below maintenance margin
    doubtful: BoolArray  # (legs,) there are doubts of it
    stated: dict[str, list[Any]]  # lists of the book, kept from look to look
    moving: dict[str, list[Any]] = field(default_factory=dict)  # lists of this look
    leg_market: IntArray  # (legs,) into the next two
    used: tuple[MarkUsed | None, ...]
    funding: tuple[FundingRate | None, ...]

    def pool(self, k: int) -> Pool:
        return self.arrays.pools[int(self.arrays.leg_pool[k])]

    def all_of(self, name: str) -> list[Any] | None:
        """Return one field of all legs; ``None`` for one that is read row by row."""
        found = self.stated.get(name) or self.moving.get(name)
        if found is not None:
            return found
        if name in _STATED:
            pools, legs = self.arrays.pools, self.arrays.legs
            owners = (pools[p].account for p in self.arrays.leg_pool.tolist())
            self.stated[name] = list(map(_STATED[name], owners, legs))
        elif name in _MOVING:
            self.moving[name] = _MOVING[name](self)
        return self.stated.get(name) or self.moving.get(name)

    def scalar(self, k: int) -> PositionReport:
        """Return the scalar engine's row, with all that it says of the position."""
        position, owner = self.arrays.legs[k].position, self.pool(k).account
        book = replace(self.portfolio, accounts=(owner,), warnings=())
        rows = evaluate(book, replace(self.inputs, problems=())).positions
        return rows[next(i for i, held in enumerate(owner.positions) if held is position)]

    def explain(self, k: int, figure: Figure) -> str:
        return self.scalar(k).explain(figure)

    def funding_path(self, k: int, rate_8h: float | None) -> FundingPath | None:
        return self.scalar(k).funding_path(rate_8h)


class LazyRow(PositionReport):
    """A row that knows where its figures are."""

    __slots__ = ("_columns", "_leg")

    _columns: Columns
    _leg: int

    def __getattr__(self, name: str) -> Any:
        if name not in _FIELDS:
            raise AttributeError(f"a position's row has no {name}")
        known = self._columns.all_of(name)
        value = _RARE[name](self._columns, self._leg) if known is None else known[self._leg]
        object.__setattr__(self, name, value)
        return value


def position_rows(columns: Columns, legs: Iterable[int]) -> Iterator[LazyRow]:
    """Yield the rows of legs; ten thousand take three milliseconds."""
    new, set_columns, set_leg = object.__new__, _slot("_columns"), _slot("_leg")
    for leg in legs:
        row: LazyRow = new(LazyRow)
        set_columns(row, columns)
        set_leg(row, leg)
        yield row


def _slot(name: str) -> Callable[[LazyRow, object], None]:
    """Return what fills a slot of a row that is frozen otherwise, by the shortest way."""
    fill: Callable[[LazyRow, object], None] = LazyRow.__dict__[name].__set__
    return fill


def known(values: FloatArray) -> list[float | None]:
    """Return figures as reports have them: what is not known, or no price, is ``None``."""
    found: list[float | None] = values.tolist()
    for k in np.flatnonzero(np.isnan(values)).tolist():
        found[k] = None
    return found


# --- where each field is --------------------------------------------------------------------------


def _column(name: str) -> Callable[[Columns], list[float | None]]:
    column = attrgetter(name)
    return lambda columns: known(column(columns.found))


def _of_market(facts: str, name: str) -> Callable[[Columns], list[Any]]:
    """Return what of the marks or the funding of its market a leg shows."""

    def laid(columns: Columns) -> list[Any]:
        found = [getattr(fact, name, None) for fact in getattr(columns, facts)]
        return _chosen(found, columns.leg_market)

    return laid


def _chosen(of: Sequence[Any], which: IntArray) -> list[Any]:
    """Return ``of[k]`` for every ``k``; several times faster than to ask one by one."""
    objects = np.empty(len(of), dtype=object)
    objects[:] = of
    found: list[Any] = objects[which].tolist()
    return found


def _statuses(columns: Columns) -> list[Status]:
    below = columns.below[columns.arrays.leg_pool].astype(np.int64)
    return _chosen((Status.OK, Status.BELOW_MAINTENANCE), below)


def _funding_usd(columns: Columns) -> list[float | None]:
    """Return what legs receive at the next settlement, at the running rates and the marks."""
    rate = np.array([np.nan if f is None else f.funding_rate for f in columns.funding])
    signed = columns.arrays.book.legs.sign * columns.found.notional_usd
    return known(-signed * rate[columns.leg_market])


def _doubts(columns: Columns) -> list[tuple[str, ...]]:
    found: list[tuple[str, ...]] = [()] * len(columns.doubtful)
    for k in np.flatnonzero(columns.doubtful).tolist():
        leg, used = columns.arrays.legs[k], columns.used[columns.leg_market[k]]
        if used is not None:
            found[k] = tuple(doubts(columns.pool(k).account, leg.at(used), columns.inputs))
    return found


def _stop(columns: Columns, k: int) -> float | None:
    owner, position = columns.pool(k).account, columns.arrays.legs[k].position
    return stop_price(owner, position, float(columns.mark[k]))


def _of_scalar(name: str) -> Callable[[Columns, int], Any]:
    """Return a reader of what only isolated positions have, and the columns do not."""

    def read(columns: Columns, k: int) -> Any:
        return getattr(columns.scalar(k), name) if columns.pool(k).isolated else None

    return read


_STATED: Final[Mapping[str, Callable[[Account, Leg], Any]]] = {
    "account": lambda owner, _: owner.id,
    "venue": lambda owner, _: owner.venue,
    "symbol": lambda _, leg: leg.position.symbol,
    "side": lambda _, leg: leg.position.side,
    "contract": lambda _, leg: leg.position.contract,
    "quantity": lambda _, leg: abs(leg.position.quantity),
    "entry_price": lambda _, leg: leg.position.entry_price,
    "leverage": lambda _, leg: leg.position.leverage,
    "margin_mode": lambda _, leg: leg.position.margin_mode,
    "currency": lambda _, leg: split_symbol(leg.position.symbol)[2],
    "tier_source": lambda _, leg: leg.table.label,
    "adl_rank": lambda _, leg: leg.position.adl_rank,
    "told": lambda _, leg: leg.position.figures,
}
_MOVING: Final[Mapping[str, Callable[[Columns], list[Any]]]] = {
    "notional_usd": _column("notional_usd"),
    "mark_price": lambda columns: columns.mark.tolist(),
    "unrealized_pnl": _column("legs.profit"),
    "initial_margin": _column("legs.initial"),
    "maintenance_margin": _column("legs.maintenance"),
    "margin_ratio": _column("leg_ratio"),
    "liquidation": lambda columns: _chosen(KINDS, columns.found.legs.kind),
    "liquidation_price": _column("legs.first"),
    "liquidation_price_other": _column("legs.other"),
    "liquidation_price_common_shock": _column("legs.common_shock"),
    "bankruptcy_price": _column("legs.bankruptcy"),
    "distance": _column("distance"),
    "mark_source": _of_market("used", "source"),
    "mark_age_s": _of_market("used", "age_s"),
    "next_funding_usd": _funding_usd,
    "next_funding_ms": _of_market("funding", "next_funding_ms"),
    "status": _statuses,
    "doubts": _doubts,
}
_RARE: Final[Mapping[str, Callable[[Columns, int], Any]]] = {
    "stop_price": _stop,
    "liquidation_drift_per_day": _of_scalar("liquidation_drift_per_day"),
    "days_to_liquidation_by_funding": _of_scalar("days_to_liquidation_by_funding"),
    "explain": lambda columns, k: partial(columns.explain, k),
    "funding_path": lambda columns, k: partial(columns.funding_path, k),
}
_FIELDS: Final = _STATED.keys() | _MOVING.keys() | _RARE.keys()
