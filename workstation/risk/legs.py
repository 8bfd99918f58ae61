"""One position of a margin pool, in the pool's currency.

Linear and inverse contracts obey one algebra. The *value* of a contract in its settlement coin is
``q P`` or ``Q / P``; while a price moves it scales by a factor ``k`` (``P / M`` for linear and
``M / P`` for inverse contracts), and the unrealised profit is ``direction x (value k - cost)`` with
the value at entry as cost and the side's sign, turned round for inverse contracts, as direction.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from workstation.market.facts import FloatArray
from workstation.market.instrument import Contract, MarketKey, is_option, split_symbol
from workstation.portfolio.model import Account, Position
from workstation.risk.inputs import MarkUsed, RiskInputs
from workstation.risk.kernels.way_arrays import LegRow
from workstation.risk.profiles import FeeInMaintenance, profile_of
from workstation.risk.tiers import TierMode, TierTable, TierUnit, file_tier


@dataclass(frozen=True, kw_only=True)  # without slots: what is asked often is cached
class Leg:
    """One position of a pool; money in the pool's currency, see the module's text for the words."""

    position: Position
    coin: str
    quote: str
    mark_used: MarkUsed
    direction: float
    value: float  # at the mark
    cost: float  # value at entry
    coins: float | None  # size in coins of a linear contract; an inverse one's is its value
    contracts: float | None
    tiers: TierTable | None  # None: not known, and so no maintenance margin either
    fee_rate: float  # part of maintenance that moves with the value
    fee_fixed: float  # part of maintenance that does not

    @property
    def mark(self) -> float:
        return self.mark_used.price

    @cached_property
    def linear(self) -> bool:
        """Whether the value is quantity times price; an option's is, in its settlement coin."""
        return _is_linear(self.position)

    @property
    def table(self) -> TierTable:
        """The tiers of a leg whose maintenance margin is known."""
        if self.tiers is None:
            raise ValueError(f"{self.position.symbol} has no tiers")
        return self.tiers

    def price(self, factor: float) -> float:
        """Return the price at which the value has scaled by a factor."""
        return self.mark * factor if self.linear else self.mark / factor

    def at(self, used: MarkUsed) -> Leg:
        """Return the leg at another mark."""
        size = abs(self.position.quantity)
        value = size * used.price if self.linear else size / used.price
        return replace(self, mark_used=used, value=value)

    def profit(self, factor: FloatArray) -> FloatArray:
        """Return unrealised profit over an array of factors, in the pool's currency."""
        gained: FloatArray = self.direction * (self.value * factor - self.cost)
        return gained

    @cached_property
    def profit_now(self) -> float:
        return self.direction * (self.value - self.cost)

    @cached_property
    def maintenance_now(self) -> float:
        return float(self.maintenance(np.ones(1))[0])

    def size(self, factor: float) -> float | None:
        """Return what picks the tier when the value scales by ``factor``; ``None``: not known."""
        return self.contracts if self.table.unit is TierUnit.CONTRACTS else self.value * factor

    def rate_and_amount(self, factor: float) -> tuple[float, float]:
        """Return the rate and the deduction that hold at a factor."""
        row = self.table.row(self.size(factor) or 0.0)
        return float(self.table.rate[row]), float(self.table.amount[row])

    def maintenance(self, factor: FloatArray) -> FloatArray:
        """Return the requirement over an array of factors, in the pool's currency."""
        tiers, value = self.table, self.value * factor
        if tiers.mode is TierMode.LINEAR_IN_SIZE:
            coins = value if self.coins is None else self.coins
            rate: FloatArray = tiers.rate[0] + tiers.slope * coins
            return value * rate
        size = value if tiers.unit is TierUnit.VALUE else np.full_like(value, self.contracts or 0.0)
        row = tiers.rows(size)
        return value * (tiers.rate[row] + self.fee_rate) - tiers.amount[row] + self.fee_fixed

    def initial(self) -> float | None:
        """Return the initial margin now; ``None`` where no leverage is known."""
        tiers = self.tiers
        if tiers is not None and tiers.initial is not None:
            base, slope = tiers.initial
            return self.value * (base + slope * (self.value if self.coins is None else self.coins))
        leverage = self.position.leverage
        return self.value / leverage + self.fee_fixed if leverage else None

    @cached_property
    def row(self) -> LegRow:
        """The leg among the arrays of its pool."""
        tiers = self.tiers
        by_contracts = tiers is not None and tiers.unit is TierUnit.CONTRACTS
        linear = tiers is not None and tiers.mode is TierMode.LINEAR_IN_SIZE
        return LegRow(
            direction=self.direction,
            value=self.value,
            cost=self.cost,
            size=self.contracts or 0.0 if by_contracts else math.nan,
            slope=tiers.slope if tiers is not None and linear else math.nan,
            coins=math.nan if self.coins is None else self.coins,
            fee_rate=self.fee_rate,
            fee_fixed=self.fee_fixed,
        )

    @cached_property
    def log_kinks(self) -> FloatArray:
        """Logarithms of the factors at which the tier changes, none where there are no tiers."""
        kinks = [] if self.tiers is None else [kink for kink in self.kinks() if kink > 0]
        return np.log(np.array(kinks, np.float64))

    def kinks(self) -> list[float]:
        """Return the factors at which the tier changes, ascending."""
        if self.table.unit is TierUnit.CONTRACTS:
            return []
        return [float(floor / self.value) for floor in self.table.floor[1:]]

    def knows(self, factor: float) -> bool:
        """Tell whether the tier at a factor lies below the end of what is known."""
        size = self.size(factor)
        return size is not None and self.table.knows(size)


def leg_of(
    account: Account, inputs: RiskInputs, position: Position, *, isolated: bool
) -> Leg | None:
    """Return a position as a leg, ``None`` without a mark; the same one while nothing changes."""
    known = (id(position), account.venue, account.taker_fee)
    leg = inputs.legs.get(known)
    if leg is None or leg.position is not position:
        leg = inputs.legs[known] = _new_leg(account, inputs, position, isolated=isolated)
    return leg


def _new_leg(
    account: Account, inputs: RiskInputs, position: Position, *, isolated: bool
) -> Leg | None:
    key = account.key(position.symbol)
    used = inputs.mark(key, position)
    if used is None:
        return None
    size, mark, entry = abs(position.quantity), used.price, position.entry_price
    linear = _is_linear(position)
    value, cost = (size * mark, size * entry) if linear else (size / mark, size / entry)
    sign = position.side.sign
    contract_size = inputs.contract_size(key, position)
    coin, quote, _ = split_symbol(position.symbol)
    return Leg(
        position=position,
        coin=coin,
        quote=quote,
        mark_used=used,
        direction=sign if linear else -sign,
        value=value,
        cost=cost,
        coins=size if linear else None,
        contracts=size / contract_size if contract_size else None,
        tiers=_tiers(inputs, key, position),
        fee_rate=_fee_rate(account),
        fee_fixed=0.0 if isolated else _closing_fee(account, position, cost),
    )


def _is_linear(position: Position) -> bool:
    return position.contract is Contract.LINEAR or is_option(position.symbol)


def _tiers(inputs: RiskInputs, key: MarketKey, position: Position) -> TierTable | None:
    if position.maintenance_rate is not None:
        return file_tier(position.maintenance_rate, position.maintenance_amount)
    return inputs.tiers.find(key)


def taker_fee(account: Account) -> float:
    """Return the account's taker fee, or the venue's base tier; a fraction."""
    profile = profile_of(account.venue)
    return account.taker_fee if account.taker_fee is not None else profile.taker_fee or 0.0


def _fee_rate(account: Account) -> float:
    charged = profile_of(account.venue).fee is FeeInMaintenance.RATE
    return taker_fee(account) if charged else 0.0


def _closing_fee(account: Account, position: Position, cost: float) -> float:
    """Return the fee of closing at the bankruptcy price from entry, a constant.

    Linear ``q e (1 - s / L) t``, inverse ``(Q / e)(1 + s / L) t``; it stands in the isolated
    margin too and cancels there. Source: Bybit, "The New Margin Calculation" (2025-09-18).
    """
    if profile_of(account.venue).fee is not FeeInMaintenance.BANKRUPTCY:
        return 0.0
    side = position.side.sign * (1 if position.contract is Contract.INVERSE else -1)
    per_leverage = side / position.leverage if position.leverage else 0.0
    return cost * (1 + per_leverage) * taker_fee(account)
