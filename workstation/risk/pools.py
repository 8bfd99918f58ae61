"""Margin pools: what is liquidated together, as arrays.

An isolated position is a pool of its own. The cross positions of an account form one pool per
settlement coin; in a multi-asset account every balance backs one USD pool of all linear positions,
and coin-settled positions keep theirs.

Linear and inverse contracts obey one algebra. The *value* of a contract in its settlement coin is
``q P`` or ``Q / P``; while a price moves it scales by a factor ``k`` (``P / M`` for linear, ``M / P``
for inverse contracts), and the unrealised profit is ``direction x (value k - cost)`` with the value
at entry as cost and the side's sign, turned round for inverse contracts, as direction.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from workstation.market.facts import FloatArray
from workstation.market.instrument import Contract, MarketKey, split_symbol
from workstation.portfolio.model import Account, Collateral, MarginMode, MarginSystem, Position
from workstation.risk.betas import STABLECOINS
from workstation.risk.inputs import RiskInputs
from workstation.risk.profiles import FeeInMaintenance, VenueProfile, profile_of
from workstation.risk.tiers import TierMode, TierTable, TierUnit, file_tier


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """One position of a pool; money in the pool's currency, see the module's text for the words."""

    position: Position
    coin: str
    mark: float
    direction: float
    value: float  # at the mark
    cost: float  # value at entry
    coins: float | None  # size in coins of a linear contract; an inverse one's is its value
    contracts: float | None
    tiers: TierTable
    fee_rate: float  # part of maintenance that moves with the value
    fee_fixed: float  # part of maintenance that does not

    def size(self, factor: float) -> float | None:
        """Return what picks the tier when the value scales by ``factor``; ``None``: not known."""
        return self.contracts if self.tiers.unit is TierUnit.CONTRACTS else self.value * factor

    def rate_and_amount(self, factor: float) -> tuple[float, float]:
        """Return the rate and the deduction that hold at a factor."""
        row = self.tiers.row(self.size(factor) or 0.0)
        return float(self.tiers.rate[row]), float(self.tiers.amount[row])

    def maintenance(self, factor: FloatArray) -> FloatArray:
        """Return the requirement over an array of factors, in the pool's currency."""
        tiers, value = self.tiers, self.value * factor
        if tiers.mode is TierMode.LINEAR_IN_SIZE:
            coins = value if self.coins is None else self.coins
            required: FloatArray = value * (tiers.rate[0] + tiers.slope * coins)
            return required
        size = value if tiers.unit is TierUnit.VALUE else np.full_like(value, self.contracts or 0.0)
        row = np.maximum(np.searchsorted(tiers.floor, size, side="right") - 1, 0)
        required = value * (tiers.rate[row] + self.fee_rate) - tiers.amount[row] + self.fee_fixed
        return required

    def knows(self, factor: float) -> bool:
        """Tell whether the tier at a factor lies below the end of what is known."""
        size = self.size(factor)
        return size is not None and self.tiers.knows(size)


@dataclass(frozen=True, slots=True, kw_only=True)
class CoinCollateral:
    """A balance that backs a pool and moves with its coin; ``weight`` is 1 - haircut, 1 a debt."""

    coin: str
    amount: float
    weight: float
    value: float  # amount x price x weight, in the pool's currency


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """What is liquidated together. ``unknown`` says in a sentence why no figure can be derived."""

    account: Account
    profile: VenueProfile
    currency: str
    contract: Contract
    wallet: float  # collateral that does not move, without unrealised profit
    coins: tuple[CoinCollateral, ...]
    legs: tuple[Leg, ...]
    positions: tuple[Position, ...]
    usd_price: float | None  # of the currency
    isolated: bool
    unknown: str | None

    @property
    def name(self) -> str:
        if self.isolated:
            return f"{self.account.id} {self.positions[0].symbol}"
        return f"{self.account.id} {self.currency}"


def pools_of(account: Account, inputs: RiskInputs) -> Iterator[Pool]:
    """Yield the margin pools of an account: isolated positions first, then the cross pools."""
    for position in account.positions:
        if position.margin_mode is MarginMode.ISOLATED:
            currency = split_symbol(position.symbol)[2]
            wallet = position.isolated_margin or 0.0
            yield _pool(account, inputs, currency, wallet, (position,), isolated=True)
    cross = [p for p in account.positions if p.margin_mode is MarginMode.CROSS]
    if account.collateral is Collateral.MULTI_ASSET:
        yield from _multi_asset_pools(account, inputs, cross)
        return
    settled = dict.fromkeys(split_symbol(p.symbol)[2] for p in cross)
    for currency in dict.fromkeys([*settled, *account.balances]):
        own = tuple(p for p in cross if split_symbol(p.symbol)[2] == currency)
        balance = account.balances.get(currency, 0.0)
        if own or balance:
            yield _pool(account, inputs, currency, balance, own)


def _multi_asset_pools(
    account: Account, inputs: RiskInputs, cross: list[Position]
) -> Iterator[Pool]:
    linear = tuple(p for p in cross if p.contract is Contract.LINEAR)
    inverse = [p for p in cross if p.contract is Contract.INVERSE]
    own_pools = dict.fromkeys(split_symbol(p.symbol)[2] for p in inverse)
    coins, wallet, problem = [], 0.0, None
    for coin, amount in account.balances.items():
        if coin in own_pools or not amount:
            continue
        haircut, price = _haircut(account, coin, amount), inputs.coin_price(coin)
        if haircut is None or price is None:
            problem = problem or _no_collateral_value(account, coin, has_price=price is not None)
            continue
        weight = 1.0 - haircut
        if coin in STABLECOINS:
            wallet += amount * price * weight
        else:
            value = amount * price * weight
            coins.append(CoinCollateral(coin=coin, amount=amount, weight=weight, value=value))
    if linear or coins or wallet:
        yield _pool(
            account, inputs, "USD", wallet, linear, coins=tuple(coins), collateral_problem=problem
        )
    for currency in own_pools:
        own = tuple(p for p in inverse if split_symbol(p.symbol)[2] == currency)
        yield _pool(account, inputs, currency, account.balances.get(currency, 0.0), own)


def _haircut(account: Account, coin: str, amount: float) -> float | None:
    if amount < 0:
        return 0.0  # a debt counts in full
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
    positions: tuple[Position, ...],
    *,
    isolated: bool = False,
    coins: tuple[CoinCollateral, ...] = (),
    collateral_problem: str | None = None,
) -> Pool:
    legs, problems = [], [collateral_problem] if collateral_problem else []
    if account.margin_system is not MarginSystem.STANDARD:
        problems.append(
            f"{account.id}: there is no rule here for {account.margin_system} margin; "
            "the account is not included in any total."
        )
    for position in positions:
        leg = _leg(account, inputs, position, isolated=isolated)
        if isinstance(leg, Leg):
            legs.append(leg)
        else:
            problems.append(leg)
    contracts = {position.contract for position in positions} or {Contract.LINEAR}
    return Pool(
        account=account,
        profile=profile_of(account.venue),
        currency=currency,
        contract=contracts.pop(),
        wallet=wallet,
        coins=coins,
        legs=tuple(legs),
        positions=positions,
        usd_price=inputs.coin_price(currency),
        isolated=isolated,
        unknown=problems[0] if problems else None,
    )


def _leg(account: Account, inputs: RiskInputs, position: Position, *, isolated: bool) -> Leg | str:
    key = account.key(position.symbol)
    used, tiers = inputs.marks.get(key), _tiers(inputs, key, position)
    where = f"{account.id} {position.symbol}"
    if used is None:
        return f"{where} has no mark price: give one with --mark {position.symbol}=PRICE."
    if tiers is None:
        return (
            f"{where}: no maintenance tiers are known for it at {account.venue}; "
            "give maintenance_rate in the file."
        )
    size, mark, entry = abs(position.quantity), used.price, position.entry_price
    linear = position.contract is Contract.LINEAR
    value, cost = (size * mark, size * entry) if linear else (size / mark, size / entry)
    sign = position.side.sign
    contract_size = position.contract_size or inputs.contract_size(key)
    leg = Leg(
        position=position,
        coin=split_symbol(position.symbol)[0],
        mark=mark,
        direction=sign if linear else -sign,
        value=value,
        cost=cost,
        coins=size if linear else None,
        contracts=size / contract_size if contract_size else None,
        tiers=tiers,
        fee_rate=_fee_rate(account),
        fee_fixed=0.0 if isolated else _closing_fee(account, position, cost),
    )
    if not leg.knows(1.0):
        return (
            f"{where}: its size lies above the tiers that are known ({tiers.label}); "
            "give maintenance_rate in the file."
        )
    return leg


def _tiers(inputs: RiskInputs, key: MarketKey, position: Position) -> TierTable | None:
    if position.maintenance_rate is not None:
        return file_tier(position.maintenance_rate, position.maintenance_amount)
    return inputs.tiers.find(key)


def _taker_fee(account: Account) -> float:
    profile = profile_of(account.venue)
    return account.taker_fee if account.taker_fee is not None else profile.taker_fee or 0.0


def _fee_rate(account: Account) -> float:
    charged = profile_of(account.venue).fee is FeeInMaintenance.RATE
    return _taker_fee(account) if charged else 0.0


def _closing_fee(account: Account, position: Position, cost: float) -> float:
    """Return the fee of closing at the bankruptcy price from entry, a constant.

    Linear ``q e (1 - s / L) t``, inverse ``(Q / e)(1 + s / L) t``; it stands in the isolated
    margin too and cancels there. Source: Bybit, "The New Margin Calculation" (2025-09-18).
    """
    if profile_of(account.venue).fee is not FeeInMaintenance.BANKRUPTCY:
        return 0.0
    side = position.side.sign * (1 if position.contract is Contract.INVERSE else -1)
    per_leverage = side / position.leverage if position.leverage else 0.0
    return cost * (1 + per_leverage) * _taker_fee(account)
