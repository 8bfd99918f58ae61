"""The ways between a deposit and a cut, and the hedge: what else keeps one pool alive.

The frontier closes the share ``x`` of the positions, each in proportion, and adds ``c(x)``: along a
path without orders ``c`` is convex and piecewise linear, since every surplus is concave in ``x``.
The hedge opens a short (or long) perpetual of the coin that moves in the same pool; it costs margin
at the start and gains on the way, so there may be a size that is enough, or none.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from workstation.market.facts import FloatArray
from workstation.market.instrument import MarketKey, Side, split_symbol
from workstation.portfolio.model import Account, MarginMode, Position, PositionMode
from workstation.risk.edits import lot_of, positions_of, reduced
from workstation.risk.inputs import RiskInputs
from workstation.risk.legs import taker_fee
from workstation.risk.path import MarketPath
from workstation.risk.pools import Pool
from workstation.risk.repair import AccountPlan, deposit_asset, least_positive
from workstation.risk.trades import execute, value_of

SHARES: Final = np.linspace(0.0, 1.0, 11)  # of the positions that are cut
_GOLDEN: Final = (math.sqrt(5) - 1) / 2


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Frontier:
    """Cut ``share`` of every position of a pool, (n,), and add ``deposit`` of ``asset``, (n,).

    ``cost_usd`` are fees and slippage of the cut, (n,).
    """

    account: str
    pool: str
    asset: str
    share: FloatArray
    deposit: FloatArray
    cost_usd: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Hedge:
    """The smallest position against the move that saves a pool; ``quantity`` is positive.

    ``cost_usd`` are fee and slippage; ``hedged`` is a copy of the account that holds it.
    """

    account: str
    symbol: str
    side: Side
    quantity: float
    cost_usd: float
    hedged: Account


def frontier(plan: AccountPlan, account: Account, pool: Pool) -> Frontier | None:
    """Return what has to be added after each cut; ``None`` for a pool that takes no deposit."""
    asset = deposit_asset(pool)
    if asset is None:
        return None
    needs, costs = np.zeros(len(SHARES)), np.zeros(len(SHARES))
    for row, share in enumerate(SHARES):
        smaller, costs[row] = _cut_evenly(plan, account, pool, float(share))
        needs[row] = _need(plan, smaller, pool, asset)
    return Frontier(
        account=account.id,
        pool=pool.name,
        asset=asset,
        share=SHARES,
        deposit=needs,
        cost_usd=costs,
    )


def _cut_evenly(
    plan: AccountPlan, account: Account, pool: Pool, share: float
) -> tuple[Account, float]:
    cost = 0.0
    for position in positions_of(account, pool) if share > 0 else ():
        size = abs(position.quantity) * share
        done = reduced(account, position, size, plan.inputs, plan.slippage_rate)
        account, cost = done.account, cost + done.cut.pays_usd
    return account, cost


def _need(plan: AccountPlan, account: Account, pool: Pool, asset: str) -> float:
    """Return the smallest deposit, rounded up to its step; 0 where none is needed."""
    if plan.short(account, pool) > 0:
        return 0.0
    deposit = plan.deposit(account, pool)
    return math.nan if deposit is None or deposit.asset != asset else deposit.amount


def smallest_hedge(plan: AccountPlan, account: Account, pool: Pool, coin: str) -> Hedge | None:
    """Return the smallest hedge of a cross pool in the coin that moves; ``None`` if none helps.

    ``None`` too where the account is one-way and holds the other side: that would be a cut.
    """
    if pool.isolated or plan.short(account, pool) > 0:
        return None
    model = _model(plan.inputs, plan.path, account, pool, coin)
    if model is None:
        return None
    lot = lot_of(account, model, plan.inputs)
    mark = model.mark_price or math.nan

    def hedged(lots: int) -> Account:
        sign = model.side.sign
        price = mark * (1 + sign * plan.slippage_rate)
        fee_rate = taker_fee(account)
        return execute(
            account, model.symbol, sign * lots * lot, price, fee_rate=fee_rate, like=model
        ).account

    def surplus(lots: int) -> float:
        return plan.short(hedged(lots), pool) if lots else plan.short(account, pool)

    most = max(1, math.ceil(2 * sum(leg.value for leg in pool.legs) / (_unit(model, mark) * lot)))
    best = _highest(surplus, most)
    lots = least_positive(surplus, best, best) if surplus(best) > 0 else None
    if lots is None:
        return None
    usd = plan.inputs.coin_price(split_symbol(model.symbol)[2]) or 0.0
    worth_usd = value_of(model.symbol, lots * lot, mark) * usd
    cost = worth_usd * (taker_fee(account) + plan.slippage_rate)
    return Hedge(
        account=account.id,
        symbol=model.symbol,
        side=model.side,
        quantity=round(lots * lot, 12),
        cost_usd=cost,
        hedged=hedged(lots),
    )


def _unit(model: Position, mark: float) -> float:
    return value_of(model.symbol, 1.0, mark)


def _model(
    inputs: RiskInputs, path: MarketPath, account: Account, pool: Pool, coin: str
) -> Position | None:
    """Return a position of size one against the move, in the pool's own settlement."""
    price, sign = inputs.coin_price(coin), -1.0 if path.rate(coin) < 0 else 1.0
    linear = sorted(split_symbol(leg.position.symbol)[2] for leg in pool.legs if leg.linear)
    if price is None or not linear:
        return None
    symbol = f"{coin}/{linear[0]}:{linear[0]}"
    against = [p for p in account.positions if p.symbol == symbol and p.quantity * sign < 0]
    if against and account.position_mode is PositionMode.ONE_WAY:
        return None
    key = MarketKey(account.venue, symbol)
    if inputs.tiers.find(key) is None:
        return None
    used = inputs.marks.get(key)
    return Position(
        symbol=symbol,
        quantity=sign,
        entry_price=price,
        margin_mode=MarginMode.CROSS,
        mark_price=used.price if used else price,
    )


def _highest(surplus: Callable[[int], float], most: int) -> int:
    """Return the size from 1 to ``most`` with the highest surplus, which is concave in the size."""
    low, high = 1, most
    while high - low > 2:
        left = high - max(1, round(_GOLDEN * (high - low)))
        right = low + max(1, round(_GOLDEN * (high - low)))
        left, right = min(left, right), max(left, right)
        if left == right:
            right += 1
        if surplus(left) < surplus(right):
            low = left + 1
        else:
            high = right
    return max(range(low, high + 1), key=surplus)
