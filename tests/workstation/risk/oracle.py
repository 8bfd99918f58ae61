"""Equity and maintenance written out leg by leg, and a liquidation price found by searching.

Scalar Python after the formulas of the margin literature (linear ``s q (P - e)``, inverse
``s Q (1/e - 1/P)``, maintenance ``value x rate - amount``): no arrays, no factors, no closed form.
The engine must agree with it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from workstation.market.instrument import Contract, split_symbol
from workstation.portfolio.model import Account, Collateral, MarginMode, Position
from workstation.risk.profiles import (
    PROFILES,
    FeeInMaintenance,
    MaintenancePrice,
    Others,
)
from workstation.risk.tiers import TierMode, TierTable, TierUnit

DOLLARS = ("USD", "USDT", "USDC")
STEPS = 160
FARTHEST = 1e5  # prices beyond this many marks are not searched


@dataclass
class Wallets:
    """What backs the positions: an amount that stands still, and coins with price and haircut."""

    amount: float
    coins: list[tuple[str, float, float, float]] = field(default_factory=list)


class Oracle:
    def __init__(self, account: Account, positions, wallets: Wallets, tiers, prices):
        self.account, self.positions, self.wallets = account, positions, wallets
        self.tiers, self.prices = tiers, prices
        self.profile = PROFILES[account.venue]
        self.isolated = positions[0].margin_mode is MarginMode.ISOLATED

    @classmethod
    def of(cls, account: Account, position: Position, tiers, prices) -> Oracle:
        """Return the oracle of the pool that a position belongs to."""
        settle = split_symbol(position.symbol)[2]
        if position.margin_mode is MarginMode.ISOLATED:
            return cls(account, [position], Wallets(position.isolated_margin), tiers, prices)
        crossed = [p for p in account.positions if p.margin_mode is MarginMode.CROSS]
        if account.collateral is Collateral.SINGLE_ASSET or position.contract is Contract.INVERSE:
            own = [p for p in crossed if split_symbol(p.symbol)[2] == settle]
            return cls(account, own, Wallets(account.balances.get(settle, 0.0)), tiers, prices)
        own = [p for p in crossed if p.contract is Contract.LINEAR]
        taken = {split_symbol(p.symbol)[2] for p in crossed if p.contract is Contract.INVERSE}
        coins = [
            (coin, amount, prices.get(coin, 1.0), account.haircuts.get(coin, 0.0))
            for coin, amount in account.balances.items()
            if coin not in taken
        ]
        return cls(account, own, Wallets(0.0, coins), tiers, prices)

    def marks(self) -> list[float]:
        return [p.mark_price for p in self.positions]

    def equity(self, marks, coin_ratio=None) -> float:
        total = self.wallets.amount
        for coin, amount, price, haircut in self.wallets.coins:
            weight = 1.0 if amount < 0 else 1.0 - haircut
            total += amount * price * (coin_ratio or {}).get(coin, 1.0) * weight
        for p, mark in zip(self.positions, marks, strict=True):
            s, q, e = p.side.sign, abs(p.quantity), p.entry_price
            total += s * q * (mark - e if p.contract is Contract.LINEAR else 1 / e - 1 / mark)
        return total

    def maintenance(self, marks) -> float:
        frozen = self.profile.maintenance_price is MaintenancePrice.MARK and not self.isolated
        marks = self.marks() if frozen else marks
        return sum(self._required(p, m) for p, m in zip(self.positions, marks, strict=True))

    def _required(self, p: Position, mark: float) -> float:
        q, linear = abs(p.quantity), p.contract is Contract.LINEAR
        value = q * mark if linear else q / mark
        tiers = self.tiers.get((self.account.venue, p.symbol))
        if p.maintenance_rate is not None:
            margin = value * p.maintenance_rate - p.maintenance_amount
        elif tiers.mode is TierMode.LINEAR_IN_SIZE:
            return value * (tiers.rate[0] + tiers.slope * (q if linear else value))
        else:
            margin = _tiered(tiers, value, q / (p.contract_size or 1.0))
        return margin + self._fee(p, value)

    def _fee(self, p: Position, value: float) -> float:
        rule = self.profile.fee
        taker = self.account.taker_fee
        if rule is FeeInMaintenance.RATE:
            return value * taker
        if rule is FeeInMaintenance.BANKRUPTCY and not self.isolated:
            q, e, s, inverse_leverage = abs(p.quantity), p.entry_price, p.side.sign, 0.0
            if p.leverage:
                inverse_leverage = 1 / p.leverage
            if p.contract is Contract.LINEAR:
                return q * e * (1 - s * inverse_leverage) * taker
            return q / e * (1 + s * inverse_leverage) * taker
        return 0.0

    def surplus(self, symbol: str, ratio: float) -> float:
        """Return equity minus maintenance when ``symbol``'s price is ``ratio`` marks."""
        everything = self.profile.others is Others.COMMON_SHOCK
        marks = [
            p.mark_price * (ratio if everything or p.symbol == symbol else 1.0)
            for p in self.positions
        ]
        base = split_symbol(symbol)[0]
        moved = {
            coin: ratio
            for coin, *_ in self.wallets.coins
            if coin == base or (everything and coin not in DOLLARS)
        }
        return self.equity(marks, moved) - self.maintenance(marks)

    def ends(self, symbol: str) -> tuple[float | None, float | None]:
        """Return the ratios to the mark below and above at which the pool is liquidated."""
        return self._search(symbol, 1 / FARTHEST), self._search(symbol, FARTHEST)

    def _search(self, symbol: str, end: float) -> float | None:
        last = 1.0
        for ratio in self._stations(end):
            if self.surplus(symbol, ratio) <= 0:
                return self._bisect(symbol, last, ratio)
            last = ratio
        return None

    def _stations(self, end: float) -> list[float]:
        """Return ratios from the mark outwards that hold both sides of every tier's boundary."""
        found = [math.exp(i / STEPS * math.log(end)) for i in range(1, STEPS + 1)]
        for p in self.positions:
            tiers = self.tiers.get((self.account.venue, p.symbol))
            if tiers is None or tiers.unit is TierUnit.CONTRACTS:
                continue
            value = abs(p.quantity)
            value *= p.mark_price if p.contract is Contract.LINEAR else p.mark_price**-1
            for floor in tiers.floor[1:]:
                ratio = floor / value if p.contract is Contract.LINEAR else value / floor
                found += [ratio * (1 - 1e-12), ratio * (1 + 1e-12)]
        lowest, highest = min(1.0, end), max(1.0, end)
        inside = [ratio for ratio in found if lowest <= ratio <= highest]
        return sorted(inside, reverse=end < 1.0)

    def _bisect(self, symbol: str, alive: float, dead: float) -> float:
        for _ in range(80):
            middle = math.sqrt(alive * dead)
            if self.surplus(symbol, middle) <= 0:
                dead = middle
            else:
                alive = middle
        return dead


def _tiered(tiers: TierTable, value: float, contracts: float) -> float:
    size = contracts if tiers.unit is TierUnit.CONTRACTS else value
    rate, amount = tiers.rate[0], tiers.amount[0]
    for floor, of_tier, less in zip(tiers.floor, tiers.rate, tiers.amount, strict=True):
        if size >= floor:
            rate, amount = of_tier, less
    return value * rate - amount
