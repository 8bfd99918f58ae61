"""Margin pools: what is liquidated together, as arrays.

An isolated position is a pool of its own. The cross positions of an account form one pool per
settlement coin; in a multi-asset account every balance backs one USD pool of all positions that
settle in dollars, and coin-settled positions keep theirs.

Linear and inverse contracts obey one algebra. The *value* of a contract in its settlement coin is
``q P`` or ``Q / P``; while a price moves it scales by a factor ``k`` (``P / M`` for linear and
``M / P`` for inverse contracts), and the unrealised profit is ``direction x (value k - cost)`` with
the value at entry as cost and the side's sign, turned round for inverse contracts, as direction.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

import numpy as np

from workstation.market.facts import FloatArray
from workstation.market.instrument import Contract, MarketKey, Side, is_option, split_symbol
from workstation.portfolio.model import (
    Account,
    Collateral,
    MarginMode,
    MarginSystem,
    Order,
    Position,
)
from workstation.risk.betas import STABLECOINS
from workstation.risk.inputs import MarkUsed, RiskInputs
from workstation.risk.kernels.way_arrays import LegRow
from workstation.risk.profiles import FeeInMaintenance, MaintenancePrice, VenueProfile, profile_of
from workstation.risk.tiers import TierMode, TierTable, TierUnit, file_tier

_ACCOUNTS_KEPT: Final = 256  # by one set of inputs: a search tries many copies of an account


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


@dataclass(frozen=True, slots=True, kw_only=True)
class CoinCollateral:
    """A balance that backs a multi-asset pool; ``weight`` is 1 - haircut, and 1 for a debt."""

    coin: str
    market_value: float  # in USD
    weight: float

    @property
    def value(self) -> float:
        """What the venue counts of it, in USD."""
        return self.market_value * self.weight


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """What is liquidated together.

    ``unknown`` says in a sentence why the pool has no value here; ``unknown_margin`` why it has a
    value but no maintenance margin, and so no liquidation price. A pool of coin collateral
    (multi-asset) is counted in USD and has its wallet in ``coins``.
    """

    account: Account
    profile: VenueProfile
    currency: str
    wallet: float  # collateral that does not move, without unrealised profit
    assets: tuple[str, ...]  # the balances that back it, and are lost with it
    coins: tuple[CoinCollateral, ...]
    legs: tuple[Leg, ...]
    positions: tuple[Position, ...]
    usd_price: float | None  # of the currency
    isolated: bool
    unknown: str | None
    unknown_margin: str | None

    @property
    def has_margin(self) -> bool:
        """Whether the maintenance margin is known."""
        return self.unknown is None and self.unknown_margin is None

    @property
    def maintenance_stands(self) -> bool:
        """Whether maintenance margin is frozen at the mark while another price is tried."""
        return self.profile.maintenance_price is MaintenancePrice.MARK and not self.isolated

    @property
    def owes(self) -> bool:
        """Whether some balances back the debt in others: then there is something to liquidate."""
        values = [coin.market_value for coin in self.coins]
        return bool(values) and min(values) < 0 < max(values)

    @property
    def can_die(self) -> bool:
        """Whether there is something to liquidate, and rules to judge it by."""
        return self.has_margin and (bool(self.legs) or self.owes)

    @property
    def name(self) -> str:
        if self.isolated:
            position = self.positions[0]
            return f"{self.account.id} {position.symbol} {position.side}"
        return f"{self.account.id} {self.currency}"

    def trades(self, symbol: str) -> bool:
        """Tell whether an order of a symbol belongs to this pool."""
        if self.isolated:
            return symbol == self.positions[0].symbol
        settle = split_symbol(symbol)[2]
        in_dollars = self.account.collateral is Collateral.MULTI_ASSET and self.currency == "USD"
        return settle == self.currency or (in_dollars and settle in STABLECOINS)


def pools_of(account: Account, inputs: RiskInputs) -> tuple[Pool, ...]:
    """Return the margin pools of an account: isolated positions first, then the cross pools."""
    known: tuple[Account, tuple[Pool, ...]] | None = inputs.pools.get(id(account))
    if known is not None and known[0] is account:
        return known[1]
    inputs.checkpoint()
    if len(inputs.pools) >= _ACCOUNTS_KEPT:
        inputs.pools.clear()
    pools = tuple(_pools(account, inputs))
    inputs.pools[id(account)] = account, pools
    return pools


def _pools(account: Account, inputs: RiskInputs) -> Iterator[Pool]:
    for position in account.positions:
        if position.margin_mode is MarginMode.ISOLATED:
            currency = split_symbol(position.symbol)[2]
            wallet = position.isolated_margin or 0.0
            yield _pool(account, inputs, currency, wallet, (), (position,), isolated=True)
    cross = [p for p in account.positions if p.margin_mode is MarginMode.CROSS]
    if account.collateral is Collateral.MULTI_ASSET:
        yield from _multi_asset_pools(account, inputs, cross)
        return
    settled = dict.fromkeys(split_symbol(p.symbol)[2] for p in cross)
    for currency in dict.fromkeys([*settled, *account.balances]):
        own = tuple(p for p in cross if split_symbol(p.symbol)[2] == currency)
        balance = account.balances.get(currency, 0.0)
        if own or balance:
            yield _pool(account, inputs, currency, balance, (currency,), own)


def without(account: Account, pool: Pool) -> Account:
    """Return an account that has lost a pool: positions, what backed them, and their orders.

    An order that would close a position which is left stays.
    """
    gone = {id(position) for position in pool.positions}
    left = tuple(position for position in account.positions if id(position) not in gone)

    def stays(order: Order) -> bool:
        closes = (p.symbol == order.symbol and p.quantity * order.quantity < 0 for p in left)
        return not pool.trades(order.symbol) or any(closes)

    return replace(
        account,
        balances={k: v for k, v in account.balances.items() if k not in pool.assets},
        positions=left,
        orders=tuple(order for order in account.orders if stays(order)),
    )


def _multi_asset_pools(
    account: Account, inputs: RiskInputs, cross: list[Position]
) -> Iterator[Pool]:
    in_dollars = tuple(p for p in cross if split_symbol(p.symbol)[2] in STABLECOINS)
    in_coins = [p for p in cross if split_symbol(p.symbol)[2] not in STABLECOINS]
    own_pools = dict.fromkeys(split_symbol(p.symbol)[2] for p in in_coins)
    backing = tuple(c for c, amount in account.balances.items() if amount and c not in own_pools)
    coins, problem = [], None
    for coin in backing:
        amount, price = account.balances[coin], inputs.coin_price(coin)
        haircut = 0.0 if amount < 0 else haircut_of(account, coin)  # a debt counts in full
        if haircut is None or price is None:
            problem = problem or _no_collateral_value(account, coin, has_price=price is not None)
            continue
        coins.append(CoinCollateral(coin=coin, market_value=amount * price, weight=1.0 - haircut))
    if in_dollars or backing:
        held = tuple(coins)
        yield _pool(account, inputs, "USD", 0.0, backing, in_dollars, coins=held, problem=problem)
    for currency in own_pools:
        own = tuple(p for p in in_coins if split_symbol(p.symbol)[2] == currency)
        balance = account.balances.get(currency, 0.0)
        yield _pool(account, inputs, currency, balance, (currency,), own)


def haircut_of(account: Account, coin: str) -> float | None:
    """Return what is not counted of a balance, a fraction; ``None`` where it is not known."""
    profile = profile_of(account.venue)
    return account.haircuts.get(coin, profile.haircuts.get(coin, profile.unknown_haircut))


def _no_collateral_value(account: Account, coin: str, *, has_price: bool) -> str:
    if not has_price:
        return f"{account.id}: {coin} has no price, so the pool that it backs is not known."
    return (
        f"{account.id}: the haircut of {coin} at {account.venue} is not known; "
        f"give it in [accounts.haircuts]."
    )


def _pool(
    account: Account,
    inputs: RiskInputs,
    currency: str,
    wallet: float,
    assets: tuple[str, ...],
    positions: tuple[Position, ...],
    *,
    isolated: bool = False,
    coins: tuple[CoinCollateral, ...] = (),
    problem: str | None = None,
) -> Pool:
    legs = [_leg(account, inputs, position, isolated=isolated) for position in positions]
    usd_price = inputs.coin_price(currency)
    unknown = [problem] if problem else []
    if account.margin_system is not MarginSystem.STANDARD:
        unknown.append(
            f"{account.id}: there is no rule here for {account.margin_system} margin; "
            "the account is not included in any total."
        )
    if usd_price is None:
        unknown.append(f"{account.id}: {currency} has no price: {inputs.remedy}.")
    unknown += [_no_rule(account, p) for p in positions if _is_quanto(p.symbol)]
    unknown += [_no_option_rule(account, p) for p in positions if is_option(p.symbol)]
    missing = (p for p, leg in zip(positions, legs, strict=True) if leg is None)
    unknown += [_no_mark(account, position, inputs) for position in missing]
    known = tuple(leg for leg in legs if leg)
    unknown_margin = [text for leg in known if (text := _no_tier(account, leg))]
    unknown_margin += _no_netting_rule(account, known)
    return Pool(
        account=account,
        profile=profile_of(account.venue),
        currency=currency,
        wallet=wallet,
        assets=assets,
        coins=coins,
        legs=known,
        positions=positions,
        usd_price=usd_price,
        isolated=isolated,
        unknown=unknown[0] if unknown else None,
        unknown_margin=unknown_margin[0] if unknown_margin else None,
    )


def _is_quanto(symbol: str) -> bool:
    """Tell whether a contract settles in neither its base nor its quote; dollars are alike."""
    base, quote, settle = split_symbol(symbol)
    return settle not in (base, quote) and not {quote, settle} <= STABLECOINS


def _no_rule(account: Account, position: Position) -> str:
    settle = split_symbol(position.symbol)[2]
    return f"{account.id} {position.symbol}: there is no rule here for its settlement in {settle}."


def _no_option_rule(account: Account, position: Position) -> str:
    return (
        f"{account.id} {position.symbol}: there is no rule here for the margin of options; it is "
        "valued at its mark, and the pool that it belongs to is not included in any total."
    )


def _no_netting_rule(account: Account, legs: tuple[Leg, ...]) -> list[str]:
    """Name the coins on which a venue nets long and short contracts: that is not built here."""
    if not profile_of(account.venue).nets_maturities:
        return []
    sides: dict[str, set[Side]] = {}
    for leg in legs:
        if leg.linear:
            sides.setdefault(leg.coin, set()).add(leg.position.side)
    return [
        f"{account.id}: {account.venue} nets long and short contracts on {coin}, for which there "
        "is no rule here; its maintenance margin is not known."
        for coin, both in sides.items()
        if len(both) > 1
    ]


def _no_mark(account: Account, position: Position, inputs: RiskInputs) -> str:
    return f"{account.id} {position.symbol} has no mark price: {inputs.remedy}."


def _no_tier(account: Account, leg: Leg) -> str | None:
    where = f"{account.id} {leg.position.symbol}"
    if leg.tiers is None:
        return (
            f"{where}: no maintenance tiers are known for it at {account.venue}; "
            "give maintenance_rate in the file."
        )
    if leg.size(1.0) is None:
        return f"{where}: the contract size is not known; give contract_size in the file."
    if not leg.knows(1.0):
        return (
            f"{where}: its size lies above the tiers that are known ({leg.tiers.label}); "
            "give maintenance_rate in the file."
        )
    return None


def _leg(account: Account, inputs: RiskInputs, position: Position, *, isolated: bool) -> Leg | None:
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
