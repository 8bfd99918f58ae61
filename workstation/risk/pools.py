"""Margin pools: what is liquidated together, as arrays.

An isolated position is a pool of its own. The cross positions of an account form one pool per
settlement coin; in a multi-asset account every balance backs one USD pool of all positions that
settle in dollars, and coin-settled positions keep theirs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

from workstation.market.instrument import Side, is_option, split_symbol
from workstation.portfolio.model import (
    Account,
    Collateral,
    MarginMode,
    MarginSystem,
    Order,
    Position,
)
from workstation.risk.betas import STABLECOINS
from workstation.risk.inputs import RiskInputs
from workstation.risk.legs import Leg, leg_of
from workstation.risk.pool_arrays import PoolArrays
from workstation.risk.profiles import MaintenancePrice, VenueProfile, profile_of

_ACCOUNTS_KEPT: Final = 256  # by one set of inputs: a search tries many copies of an account


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


@dataclass(frozen=True, kw_only=True)  # without slots: its arrays are cached
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

    @cached_property
    def arrays(self) -> PoolArrays:
        """What of its legs is the same on every path."""
        return PoolArrays.of(self.legs)

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
    legs = [leg_of(account, inputs, position, isolated=isolated) for position in positions]
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
