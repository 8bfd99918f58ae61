"""The smallest deposits, or the smallest cuts, with which everything survives a path.

Nothing dies in the walks that are asked here: each pool then shows its smallest surplus on the way.
A deposit or a cut changes it nearly linearly, so the least number of steps (cents, lots) that makes
it positive is found by a secant between brackets, in whole steps: the answer is rounded up and
proven at once, and one step less is proven too small.

Which positions of a pool are cut is a continuous knapsack: those that help most for their size at
the pool's worst moment go first, whole, and the last one as far as it has to (Dantzig 1957).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, NamedTuple, TypeVar

import numpy as np

from workstation.market.instrument import split_symbol
from workstation.portfolio.model import Account, Portfolio, Position
from workstation.risk.edits import (
    Reduced,
    deposited,
    lot_of,
    positions_of,
    reduced,
    step_of,
)
from workstation.risk.inputs import RiskInputs
from workstation.risk.legs import Leg, taker_fee
from workstation.risk.path import MarketPath, lowest_surplus
from workstation.risk.pools import Pool, haircut_of, pools_of
from workstation.risk.repair_report import AddCollateral, Reduce, Repair
from workstation.risk.waterfall import Waterfall

_Step = TypeVar("_Step")
_MOST_STEPS: Final = 10**15  # a deposit beyond it is no repair
_REMEMBERED: Final = 8  # accounts whose worst moments are kept


class Worst(NamedTuple):
    """A pool's smallest surplus on the way, in its currency: when, and how the pool stood then."""

    surplus: float
    clock: float
    since: float
    pool: Pool


class Extra(NamedTuple):
    """A deposit that is at hand, to go with a cut."""

    asset: str
    amount: float


NO_EXTRA: Final = Extra("", 0.0)


def find_repair(
    portfolio: Portfolio,
    inputs: RiskInputs,
    path: MarketPath,
    *,
    buffer: float,
    use_orders: bool,
    slippage_rate: float = 0.0,
) -> Repair:
    """Return what keeps every pool alive on the path: deposits, or cuts instead of them.

    A list is empty where it cannot do that for all pools. ``buffer`` is the share of maintenance
    margin that has to be left over, ``slippage_rate`` of the orders that cut.
    """
    deposits: list[Sequence[AddCollateral] | None] = []
    cuts: list[Sequence[Reduce] | None] = []
    for account in portfolio.accounts:
        plan = AccountPlan(inputs, path, buffer, use_orders, portfolio, slippage_rate)
        if not plan.survives(account):
            deposits.append(plan.deposits(account))
            cuts.append(plan.cuts(account))
    return Repair(add_collateral=_all_or_nothing(deposits), reduce=_all_or_nothing(cuts))


def with_slippage(repair: Repair, slippage_rate: float) -> Repair:
    """Return a repair whose cuts, of the same size, cost what market orders do."""
    cuts = (replace(cut, slippage_usd=cut.value_usd * slippage_rate) for cut in repair.reduce)
    return replace(repair, reduce=tuple(cuts))


def _all_or_nothing(parts: Iterable[Sequence[_Step] | None]) -> tuple[_Step, ...]:
    steps: list[_Step] = []
    for part in parts:
        if part is None:
            return ()
        steps += part
    return tuple(steps)


@dataclass(frozen=True, slots=True)
class AccountPlan:
    """The repair of one account of a book under one path; it changes copies of the account."""

    inputs: RiskInputs
    path: MarketPath
    buffer: float
    use_orders: bool
    book: Portfolio
    slippage_rate: float = 0.0  # of the orders that cut
    _known: dict[int, tuple[Account, dict[str, Worst]]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def worst(self, account: Account) -> dict[str, Worst]:
        """Return every pool's worst moment on the way if nothing is liquidated.

        The last few accounts are remembered: each pool of one asks for all of them.
        """
        known = self._known.get(id(account))
        if known is not None and known[0] is account:
            return known[1]
        if len(self._known) >= _REMEMBERED:
            self._known.clear()
        found = self._walked(account)
        self._known[id(account)] = account, found
        return found

    def _walked(self, account: Account) -> dict[str, Worst]:
        walk = Waterfall(
            replace(self.book, accounts=(account,)),
            self.inputs,
            self.path,
            use_orders=self.use_orders,
            liquidates=False,
        )
        found: dict[str, Worst] = {}
        for stage in walk.stages:
            for pool, since in zip(stage.pools, stage.since, strict=True):
                if pool.can_die:
                    left = lowest_surplus(
                        pool, self.path, stage.start, stage.end, since=since, buffer=self.buffer
                    )
                    if pool.name not in found or left.surplus < found[pool.name].surplus:
                        found[pool.name] = Worst(left.surplus, left.clock, since, pool)
        return found

    def survives(self, account: Account) -> bool:
        return min((worst.surplus for worst in self.worst(account).values()), default=1.0) > 0

    def short(self, account: Account, pool: Pool) -> float:
        """Return the pool's smallest surplus; a pool that is closed is short of nothing."""
        worst = self.worst(account).get(pool.name)
        return math.inf if worst is None else worst.surplus

    # --- deposits -------------------------------------------------------------------------------

    def deposits(self, account: Account) -> list[AddCollateral] | None:
        """Return the smallest deposit of every pool that falls short, ``None`` if one has none."""
        found = []
        for pool in pools_of(account, self.inputs):
            if self.short(account, pool) > 0:
                continue
            deposit = self.deposit(account, pool)
            if deposit is None:
                return None
            account = deposited(account, pool, deposit.asset, deposit.amount)
            found.append(deposit)
        return found if self.survives(account) else None

    def deposit(self, account: Account, pool: Pool) -> AddCollateral | None:
        """Return the smallest deposit that saves a pool; ``None`` if it is short of none."""
        short, asset = self.short(account, pool), deposit_asset(pool)
        if asset is None or short > 0:
            return None
        step = step_of(asset)
        price = (self.inputs.coin_price(asset) or 1.0) if pool.coins else 1.0

        def surplus(steps: int) -> float:
            return self.short(deposited(account, pool, asset, round(steps * step, 8)), pool)

        steps = least_positive(surplus, math.floor(-short / price / step) + 1, _MOST_STEPS)
        if steps is None:
            return None
        return AddCollateral(
            account=account.id,
            symbol=pool.positions[0].symbol if pool.isolated else None,
            asset=asset,
            amount=round(steps * step, 8),
            side=pool.positions[0].side if pool.isolated else None,
        )

    # --- cuts -----------------------------------------------------------------------------------

    def cuts(self, account: Account) -> list[Reduce] | None:
        """Return the smallest cuts that save every pool, ``None`` if none do.

        What a closed position leaves behind may fall short in its turn: a debt joins other
        balances.
        """
        found: list[Reduced] = []
        while not self.survives(account):
            pools = pools_of(account, self.inputs)
            short = next((pool for pool in pools if self.short(account, pool) <= 0), None)
            part = self.cut(account, short) if short else None
            if not part:
                return None
            found += part
            account = part[-1].account
        return [done.cut for done in found]

    def cut(self, account: Account, pool: Pool, extra: Extra = NO_EXTRA) -> list[Reduced]:
        """Return the smallest cuts that save a pool, in order; empty if none do.

        ``extra`` is paid in after the cut. In an isolated position a part is seldom enough: its
        margin is released with it. Of a hedged pool that is short at its start already the answer
        saves it, but a smaller one may exist: two moments are to be mended, and one ranks.
        """
        found: list[Reduced] = []
        while True:
            ranked = self._ranked(account, pool)
            if not ranked:
                return []
            whole = self._closed(account, ranked[0])
            if self._short_with(whole.account, pool, extra) > 0:
                return [*found, self._least_cut(account, pool, ranked[0], extra)]
            found.append(whole)
            account = whole.account

    def _ranked(self, account: Account, pool: Pool) -> list[Position]:
        """Return the positions whose cut helps at the pool's worst moment, the best one first."""
        worst = self.worst(account).get(pool.name)
        if worst is None:
            return []
        if worst.pool.isolated:
            return positions_of(account, pool)
        gain = np.array([self._gain(worst, leg) for leg in worst.pool.legs])
        size = np.array([leg.value for leg in worst.pool.legs])
        best = np.argsort(-gain / size, kind="stable")
        legs = [worst.pool.legs[row] for row in best if gain[row] > 0]
        held = {(p.symbol, p.side): p for p in positions_of(account, worst.pool)}
        keys = [(leg.position.symbol, leg.position.side) for leg in legs]
        return [held[key] for key in keys if key in held]

    def _gain(self, worst: Worst, leg: Leg) -> float:
        """Return what closing a leg at the mark adds to its pool's surplus at its worst moment."""
        factor = np.array([self.path.leg_factor(leg, worst.clock)])
        paid = self.path.leg_funding(worst.pool, leg, np.array([worst.clock]), worst.since)
        freed = (1 + self.buffer) * leg.maintenance(factor) - leg.profit(factor) + paid
        cost_rate = taker_fee(worst.pool.account) + self.slippage_rate
        return float(freed[0]) + leg.profit_now - leg.value * cost_rate

    def _least_cut(self, account: Account, pool: Pool, position: Position, extra: Extra) -> Reduced:
        size, lot = abs(position.quantity), lot_of(account, position, self.inputs)
        most = math.ceil(size / lot - 1e-9)

        def cut(lots: int) -> Reduced:
            quantity = min(lots * lot, size)
            return reduced(account, position, quantity, self.inputs, self.slippage_rate)

        def surplus(lots: int) -> float:
            return self._short_with(cut(lots).account, pool, extra)

        lots = least_positive(surplus, most, most)
        return cut(most if lots is None else lots)

    def _closed(self, account: Account, position: Position) -> Reduced:
        size = abs(position.quantity)
        return reduced(account, position, size, self.inputs, self.slippage_rate)

    def _short_with(self, account: Account, pool: Pool, extra: Extra) -> float:
        if extra.amount:
            account = deposited(account, pool, extra.asset, extra.amount)
        return self.short(account, pool)


def deposit_asset(pool: Pool) -> str | None:
    """Return what is paid in: the pool's currency.

    A multi-asset pool takes what it settles in, owes or holds: the first whose haircut is known.
    """
    if pool.isolated or pool.assets == (pool.currency,):
        return pool.currency
    settled = [split_symbol(leg.position.symbol)[2] for leg in sorted(pool.legs, key=_value)[::-1]]
    owed = [coin.coin for coin in pool.coins if coin.market_value < 0]
    held = [coin.coin for coin in pool.coins if coin.market_value > 0]
    known = (c for c in (*settled, *owed, *held) if haircut_of(pool.account, c) is not None)
    return next(known, None)


def _value(leg: Leg) -> float:
    return leg.value


def least_positive(surplus: Callable[[int], float], guess: int, most: int) -> int | None:
    """Return the least number of steps with a positive surplus; ``None`` if ``most`` has none.

    ``surplus`` grows with the steps and is not positive at 0. A secant between brackets, halved
    every third time so that a bent function cannot hold it up.
    """
    low, at_low = 0, surplus(0)
    high = max(1, min(guess, most))
    while (at_high := surplus(high)) <= 0:
        if high >= most:
            return None
        low, at_low, high = high, at_high, min(most, 2 * high)
    turn = 0
    while high - low > 1:
        turn += 1
        share = 0.5 if turn % 3 == 0 or math.isinf(at_high) else -at_low / (at_high - at_low)
        middle = min(max(low + math.ceil(share * (high - low)), low + 1), high - 1)
        value = surplus(middle)
        if value > 0:
            high, at_high = middle, value
        else:
            low, at_low = middle, value
    return high
