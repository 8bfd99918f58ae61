"""A large book's report at look after look: compiled once, then every figure in columns.

The scalar engine makes a report of thousands of positions in most of a second, nearly all of it
spent on objects. Here what does not change with the market is compiled when the book is read
(``book_compiler``); a look at the market values it in kernels, and a position's row reads a figure
out of the columns when it is asked for one (``lazy_rows``).

An account that is not *plain* goes to the scalar engine whole: one with a pool that has no value or
no maintenance margin here, that grew beyond its tiers or that the mark has passed, and one whose
orders take margin. So what is not known has one place for its rules, and the scalar engine is the
oracle of the rest. What this does not do well: a book whose accounts are hardly ever plain gains
nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import chain
from typing import Final

import numpy as np

from workstation.portfolio.model import Portfolio
from workstation.risk.book_compiler import compile_pools
from workstation.risk.book_marks import BookMarks
from workstation.risk.doubts import DoubtfulLegs, at_par
from workstation.risk.engine import ALIVE, apart, evaluate, next_liquidation, row_problems
from workstation.risk.exposure import in_all, joined
from workstation.risk.inputs import RiskInputs
from workstation.risk.kernels.margin_arrays import KIND_UNKNOWN, BoolArray, IntArray
from workstation.risk.lazy_rows import Columns, position_rows
from workstation.risk.order_margin import takes_margin
from workstation.risk.pool_rows import PoolRows
from workstation.risk.pools import pools_of
from workstation.risk.report import (
    AccountReport,
    Exposure,
    NextLiquidation,
    PositionReport,
    RiskReport,
    Totals,
)

MANY_POSITIONS: Final = 2_000  # from there on compiling pays, even for one look


class Evaluator:
    """``engine.evaluate`` for whoever asks again and again; a large book stays compiled.

    For one thread; the rows of its reports may be read by any.
    """

    def __init__(self, many: int = MANY_POSITIONS) -> None:
        self._many = many
        self._compiled: CompiledBook | None = None

    def __call__(self, portfolio: Portfolio, inputs: RiskInputs) -> RiskReport:
        if sum(len(account.positions) for account in portfolio.accounts) < self._many:
            self._compiled = None
            return evaluate(portfolio, inputs)
        if self._compiled is None or not self._compiled.fits(portfolio, inputs):
            self._compiled = CompiledBook(portfolio, inputs)
        return self._compiled.report(inputs)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Look:
    """The compiled part of a book at one moment, and what the scalar engine says of the rest."""

    columns: Columns
    plain: BoolArray  # (accounts,)
    pools: BoolArray  # (pools,) of plain accounts
    legs: BoolArray  # (legs,) of plain accounts
    rest: RiskReport


class CompiledBook:
    """A book, and what of the world it was compiled for."""

    def __init__(self, portfolio: Portfolio, inputs: RiskInputs) -> None:
        self._portfolio = portfolio
        self._marks = BookMarks(portfolio)
        self._seen = self._signature(inputs)
        inputs = self._marks.completed(inputs, self._marks.used(inputs))
        pools = [tuple(pools_of(account, inputs)) for account in portfolio.accounts]
        kept = [
            i
            for i, (account, own) in enumerate(zip(portfolio.accounts, pools, strict=True))
            if all(pool.has_margin for pool in own) and not takes_margin(account)
        ]
        self._arrays = compile_pools(list(chain(*(pools[i] for i in kept))), inputs)
        self._pool_account = np.repeat(kept, [len(pools[i]) for i in kept]).astype(np.int64)
        self._leg_account = self._pool_account[self._arrays.leg_pool]
        self._can_be_plain = np.isin(np.arange(len(pools)), kept)
        self._row_account, self._leg_of_row = self._placed()
        placed = np.flatnonzero(self._leg_of_row >= 0)
        self._row_of_leg = np.zeros(len(placed), dtype=np.int64)
        self._row_of_leg[self._leg_of_row[placed]] = placed
        self._leg_market = self._marks.of_row[self._row_of_leg]
        self._doubtful = DoubtfulLegs(self._arrays.pools, inputs)
        self._pool_rows = PoolRows(self._arrays)
        self._stated: dict[str, list[object]] = {}
        self._apart = tuple(chain(*map(apart, portfolio.accounts)))

    def _placed(self) -> tuple[IntArray, IntArray]:
        """Return the account and the leg of every position; -1 for none."""
        of_legs = zip(self._leg_account.tolist(), self._arrays.legs, strict=True)
        legs = {(account, id(leg.position)): k for k, (account, leg) in enumerate(of_legs)}
        held = [
            (i, legs.get((i, id(position)), -1))
            for i, account in enumerate(self._portfolio.accounts)
            for position in account.positions
        ]
        placed = np.array(held, dtype=np.int64).reshape(-1, 2)
        return placed[:, 0], placed[:, 1]

    def fits(self, portfolio: Portfolio, inputs: RiskInputs) -> bool:
        """Tell whether this is the book, and whether the same of the world is known as was."""
        return portfolio is self._portfolio and self._seen == self._signature(inputs)

    def _signature(self, inputs: RiskInputs) -> tuple[object, ...]:
        marked = tuple(used is not None for used in self._marks.used(inputs))
        prices, betas = frozenset(inputs.coin_prices), dict(inputs.betas)
        return inputs.tiers, inputs.catalogue, betas, prices, marked

    def report(self, inputs: RiskInputs) -> RiskReport:
        """Return what ``engine.evaluate`` says, its positions' rows made as they are read."""
        look = self._look(inputs)
        rows = self._rows(look)
        return replace(
            look.rest,
            accounts=self._accounts(look),
            positions=rows,
            exposures=joined([*self._exposures(look), *look.rest.exposures]),
            totals=self._totals(look),
            next_liquidation=self._next(look, rows),
            problems=tuple(dict.fromkeys(self._problems(look, rows))),
        )

    def _look(self, inputs: RiskInputs) -> _Look:
        used = self._marks.used(inputs)
        inputs = self._marks.completed(inputs, used)
        price = np.array([np.nan if found is None else found.price for found in used])
        coins = [inputs.coin_price(coin) for coin in self._arrays.coins]
        coin_price = np.array([np.nan if known is None else known for known in coins])
        mark = price[self._leg_market]
        found = self._arrays.report(mark, coin_price)
        columns = Columns(
            portfolio=self._portfolio,
            inputs=inputs,
            arrays=self._arrays,
            found=found,
            mark=mark,
            coin_price=coin_price,
            below=found.backed & (found.pools.balance <= found.pools.maintenance),
            doubtful=self._doubtful(found.legs.value, mark),
            stated=self._stated,
            leg_market=self._leg_market,
            used=used,
            funding=self._marks.funding(inputs),
        )
        plain = self._plain(columns)
        left = tuple(a for a, own in zip(self._portfolio.accounts, plain, strict=True) if not own)
        return _Look(
            columns=columns,
            plain=plain,
            pools=plain[self._pool_account],
            legs=plain[self._leg_account],
            rest=evaluate(
                replace(self._portfolio, accounts=left, warnings=()), replace(inputs, problems=())
            ),
        )

    def _plain(self, columns: Columns) -> BoolArray:
        """Tell of every account whether the columns hold all that there is to say of it."""
        inputs, legs, mark = columns.inputs, columns.found.legs, columns.mark
        gone = legs.value > self._arrays.book.legs.last_cap * (1 + 1e-12)
        if inputs.ranges:
            low, high = (ends[self._leg_market] for ends in self._marks.ranges(inputs))
            for end in (legs.first, legs.other):
                gone |= ((low <= end) & (end < mark)) | ((mark < end) & (end <= high))
        plain = self._can_be_plain.copy()
        plain[self._leg_account[gone]] = False
        lost = {key.account for key in inputs.presumed}
        if lost:
            plain &= [account.id not in lost for account in self._portfolio.accounts]
        return plain

    # --- the parts of the report ----------------------------------------------------------------

    def _rows(self, look: _Look) -> tuple[PositionReport, ...]:
        in_columns = look.plain[self._row_account]
        made = position_rows(look.columns, self._leg_of_row[in_columns].tolist())
        if in_columns.all():
            return tuple(made)
        rest = iter(look.rest.positions)
        return tuple(next(made if plain else rest) for plain in in_columns.tolist())

    def _accounts(self, look: _Look) -> tuple[AccountReport, ...]:
        rows: dict[str, list[AccountReport]] = {a.id: [] for a in self._portfolio.accounts}
        for row in chain(self._pool_rows(look.columns, look.pools), look.rest.accounts):
            rows[row.id].append(row)
        return tuple(chain(*rows.values()))

    def _exposures(self, look: _Look) -> Iterator[Exposure]:
        arrays, columns = self._arrays, look.columns
        held = arrays.exposures(columns.found, columns.coin_price, look.pools)
        for i in np.flatnonzero(held.long_base + held.short_base + np.abs(held.spot_base)):
            own = zip(arrays.venues, held.by_venue[:, i].tolist(), strict=True)
            price = columns.coin_price[i]
            yield Exposure(
                coin=arrays.coins[i],
                long_base=float(held.long_base[i]),
                short_base=float(held.short_base[i]),
                spot_base=float(held.spot_base[i]),
                net_base=float(held.net_base[i]),
                net_usd=None if np.isnan(price) else float(held.net_usd[i]),
                beta_usd=None if np.isnan(price) else float(held.beta_usd[i]),
                by_venue={venue: base for venue, base in own if base},
            )

    def _totals(self, look: _Look) -> Totals:
        found, rest = look.columns.found, look.rest.totals
        notional = np.where(look.legs, found.notional_usd, 0.0)
        return in_all(
            float(found.value_usd[look.pools].sum()) + (rest.equity_usd or 0.0),
            float(notional.sum()) + (rest.gross_notional_usd or 0.0),
            float(self._arrays.book.legs.sign @ notional) + (rest.net_notional_usd or 0.0),
            rest.not_included,
        )

    def _next(self, look: _Look, rows: tuple[PositionReport, ...]) -> NextLiquidation | None:
        """Return the nearest; the first in the book's order where several are as near."""
        columns, in_columns = look.columns, look.plain[self._row_account]
        away = np.full(len(rows), np.nan)
        away[in_columns] = columns.found.distance[self._leg_of_row[in_columns]]
        alive = (row.distance if row.status in ALIVE else None for row in look.rest.positions)
        away[~in_columns] = [np.nan if far is None else far for far in alive]
        if np.isnan(away).all():
            return None
        nearest = int(np.nanargmin(np.abs(away)))
        if not in_columns[nearest]:
            return look.rest.next_liquidation
        pool = self._arrays.leg_pool[self._leg_of_row[nearest]]
        value_usd = float(columns.found.value_usd[pool])
        return next_liquidation(rows[nearest], value_usd, columns.inputs)

    def _problems(self, look: _Look, rows: tuple[PositionReport, ...]) -> Iterator[str]:
        """Yield the report's sentences; the columns say of which rows there is something to say."""
        columns, legs = look.columns, look.columns.found.legs
        yield from self._apart
        yield from self._portfolio.warnings
        yield from columns.inputs.problems
        yield from look.rest.problems
        wrong = columns.below[self._arrays.leg_pool] | (legs.kind == KIND_UNKNOWN)
        wrong |= columns.doubtful
        for k in sorted(self._row_of_leg[wrong & look.legs].tolist()):
            yield from row_problems(rows[k], columns.inputs)
        pools = (pool for pool, own in zip(self._arrays.pools, look.pools, strict=True) if own)
        yield from at_par(pools, columns.inputs)
