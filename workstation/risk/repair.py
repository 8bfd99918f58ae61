"""The smallest deposits, or the smallest cuts, with which everything survives a path.

Nothing dies in the walks that are asked here: each pool then shows its smallest surplus on the way.
A deposit or a cut changes it nearly linearly, so the least number of steps (cents, lots) that makes
it positive is found by a secant between brackets, in whole steps: the answer is rounded up and
proven at once, and one step less is proven too small.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeVar

from workstation.market.instrument import split_symbol
from workstation.portfolio.model import Account, Portfolio, Position
from workstation.risk.betas import STABLECOINS
from workstation.risk.inputs import RiskInputs
from workstation.risk.path import MarketPath, lowest_surplus
from workstation.risk.pools import Leg, Pool, haircut_of, pools_of, taker_fee
from workstation.risk.report import AddCollateral, Reduce, Repair
from workstation.risk.trades import execute, paid, value_of
from workstation.risk.waterfall import Waterfall

_DOLLAR_STEP: Final = 0.01  # headless.md, "Repair"
_COIN_STEP: Final = 1e-8
_DEFAULT_LOT: Final = 0.001  # of a contract whose lot is not known: portfolio.md, manual venues
_Step = TypeVar("_Step")
_MOST_STEPS: Final = 10**15  # a deposit beyond it is no repair


def find_repair(
    portfolio: Portfolio, inputs: RiskInputs, path: MarketPath, *, buffer: float, use_orders: bool
) -> Repair:
    """Return what keeps every pool alive on the path: deposits, or cuts instead of them.

    A list is empty where it cannot do that for all pools. ``buffer`` is the share of maintenance
    margin that has to be left over.
    """
    deposits: list[Sequence[AddCollateral] | None] = []
    cuts: list[Sequence[Reduce] | None] = []
    for account in portfolio.accounts:
        book = replace(portfolio, accounts=(account,))
        plan = _Plan(book, inputs, path, buffer, use_orders)
        if not plan.survives(account):
            deposits.append(plan.deposits(account))
            cuts.append(plan.cuts(account))
    return Repair(add_collateral=_all_or_nothing(deposits), reduce=_all_or_nothing(cuts))


def _all_or_nothing(parts: Iterable[Sequence[_Step] | None]) -> tuple[_Step, ...]:
    steps: list[_Step] = []
    for part in parts:
        if part is None:
            return ()
        steps += part
    return tuple(steps)


@dataclass(frozen=True, slots=True)
class _Plan:
    """The repair of one account under one path."""

    book: Portfolio
    inputs: RiskInputs
    path: MarketPath
    buffer: float
    use_orders: bool

    def lowest(self, account: Account) -> dict[str, float]:
        """Return every pool's smallest surplus on the way if nothing is liquidated."""
        walk = Waterfall(
            replace(self.book, accounts=(account,)),
            self.inputs,
            self.path,
            use_orders=self.use_orders,
            liquidates=False,
        )
        found: dict[str, float] = {}
        for stage in walk.stages:
            for pool, since in zip(stage.pools, stage.since, strict=True):
                if pool.can_die:
                    left = lowest_surplus(
                        pool, self.path, stage.start, stage.end, since=since, buffer=self.buffer
                    )
                    found[pool.name] = min(found.get(pool.name, math.inf), left)
        return found

    def survives(self, account: Account) -> bool:
        return min(self.lowest(account).values(), default=1.0) > 0

    def _short(self, account: Account, pool: Pool) -> float:
        """Return the pool's smallest surplus; a pool that is closed is short of nothing."""
        return self.lowest(account).get(pool.name, math.inf)

    def deposits(self, account: Account) -> list[AddCollateral] | None:
        """Return the smallest deposit of every pool that falls short, ``None`` if one has none."""
        found = []
        for pool in pools_of(account, self.inputs):
            short, asset = self._short(account, pool), _deposit_asset(pool)
            if short > 0:
                continue
            deposit = self._deposit(account, pool, asset, short) if asset else None
            if asset is None or deposit is None:
                return None
            account = _deposited(account, pool, asset, deposit.amount)
            found.append(deposit)
        return found if self.survives(account) else None

    def _deposit(
        self, account: Account, pool: Pool, asset: str, short: float
    ) -> AddCollateral | None:
        step = _DOLLAR_STEP if asset in STABLECOINS else _COIN_STEP
        price = (self.inputs.coin_price(asset) or 1.0) if pool.coins else 1.0

        def surplus(steps: int) -> float:
            return self._short(_deposited(account, pool, asset, round(steps * step, 8)), pool)

        steps = _least_positive(surplus, math.floor(-short / price / step) + 1, _MOST_STEPS)
        if steps is None:
            return None
        return AddCollateral(
            account=account.id,
            symbol=pool.positions[0].symbol if pool.isolated else None,
            asset=asset,
            amount=round(steps * step, 8),
        )

    def cuts(self, account: Account) -> list[Reduce] | None:
        """Return the cheapest single cut of every pool that falls short, ``None`` if none helps.

        Where no single cut is enough, the position whose closing helps most is closed first. What
        a closed position leaves behind may fall short in its turn: a debt joins other balances.
        """
        found = []
        while not self.survives(account):
            pools = pools_of(account, self.inputs)
            short = next((pool for pool in pools if self._short(account, pool) <= 0), None)
            best = self._best_cut(account, short) if short else None
            if best is None:
                return None
            cut, account = best
            found.append(cut)
        return found

    def _best_cut(self, account: Account, pool: Pool) -> tuple[Reduce, Account] | None:
        positions = _positions(account, pool)
        options = [self._cut(account, pool, position) for position in positions]
        enough = [option for option in options if option is not None]
        if enough:
            return min(enough, key=lambda option: option[0].cost_usd)
        closings = [self._closing(account, position) for position in positions]
        return max(closings, key=lambda option: self._short(option[1], pool), default=None)

    def _cut(
        self, account: Account, pool: Pool, position: Position
    ) -> tuple[Reduce, Account] | None:
        size, lot = abs(position.quantity), self._lot(account, position)
        most = math.ceil(size / lot - 1e-9)

        def surplus(lots: int) -> float:
            return self._short(self._reduced(account, position, min(lots * lot, size))[1], pool)

        lots = _least_positive(surplus, most, most)
        return None if lots is None else self._reduced(account, position, min(lots * lot, size))

    def _closing(self, account: Account, position: Position) -> tuple[Reduce, Account]:
        return self._reduced(account, position, abs(position.quantity))

    def _reduced(
        self, account: Account, position: Position, quantity: float
    ) -> tuple[Reduce, Account]:
        symbol, fee_rate = position.symbol, taker_fee(account)
        used = self.inputs.mark(account.key(symbol), position)
        mark = used.price if used else position.entry_price
        whole = quantity >= abs(position.quantity)
        amount = quantity if whole else round(quantity, 12)
        trade = execute(
            account,
            symbol,
            -position.side.sign * quantity,
            mark,
            fee_rate=fee_rate,
            reduce_only=True,
        )
        usd = self.inputs.coin_price(split_symbol(symbol)[2]) or 0.0
        cost = value_of(symbol, quantity, mark) * fee_rate * usd
        cut = Reduce(
            account=account.id, symbol=symbol, side=position.side, quantity=amount, cost_usd=cost
        )
        return cut, trade.account

    def _lot(self, account: Account, position: Position) -> float:
        listed = self.inputs.listing(account.key(position.symbol), position)
        return (listed and listed.lot) or position.contract_size or _DEFAULT_LOT


def _positions(account: Account, pool: Pool) -> list[Position]:
    """Return the positions of a pool as they stand in the account now."""
    wanted = {(p.symbol, p.side, p.margin_mode) for p in pool.positions}
    return [p for p in account.positions if (p.symbol, p.side, p.margin_mode) in wanted]


def _deposit_asset(pool: Pool) -> str | None:
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


def _deposited(account: Account, pool: Pool, asset: str, amount: float) -> Account:
    if not pool.isolated:
        return paid(account, asset, amount)
    (position,) = _positions(account, pool)
    grown = replace(position, isolated_margin=(position.isolated_margin or 0.0) + amount)
    others = tuple(other for other in account.positions if other is not position)
    return replace(account, positions=(*others, grown))


def _least_positive(surplus: Callable[[int], float], guess: int, most: int) -> int | None:
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
