"""Initial margin that resting orders take from a wallet, where the venue's rule of it is known.

Only limit orders that would open or turn a position take margin: trigger orders take it once they
are in the book, and one that can only reduce needs none. Maintenance margin is asked of positions
alone, so that the liquidation price stands, but at Bybit, where orders help to pick the tier.

Source: Binance FAQ 4f83b65d83654b5e933f85ef12bf769d, How to Calculate the Margin Requirement on
Binance Futures Trading (2022-12-06); Bybit's tier: The New Margin Calculation (2025-09-18).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from workstation.market.instrument import Contract, contract_of
from workstation.portfolio.model import (
    MANUAL_VENUE,
    Account,
    Order,
    OrderType,
    Position,
    PositionMode,
)
from workstation.risk.inputs import RiskInputs
from workstation.risk.legs import Leg
from workstation.risk.pools import Pool
from workstation.risk.profiles import OrderMargin, profile_of
from workstation.risk.tiers import TierUnit


@dataclass(frozen=True, slots=True)
class Resting:
    """What the orders of a pool take, in its currency; ``None`` with the reason in a sentence."""

    margin: float | None = 0.0
    problem: str | None = None


def resting(pool: Pool, inputs: RiskInputs) -> Resting:
    """Return what resting orders take from a cross pool's wallet, on top of its positions."""
    account, total = pool.account, 0.0
    for symbol in dict.fromkeys(order.symbol for order in _open(account)):
        if not pool.trades(symbol):
            continue
        held = [position for position in account.positions if position.symbol == symbol]
        values = [_value(account, position, inputs) for position in held]
        bids, asks = _book(account, symbol)
        if None in values:
            return Resting(None, f"{account.id} {symbol}: its resting orders need its mark price.")
        signed = [value for value in values if value is not None]
        added = _added(account, signed, bids, asks)
        if not added:
            continue
        if profile_of(account.venue).orders is not OrderMargin.LARGER_SIDE:
            return Resting(None, _no_rule(account))
        leverage = next((position.leverage for position in held if position.leverage), None)
        if leverage is None:
            return Resting(
                None,
                f"{account.id} {symbol}: the leverage of its resting orders is not known, so "
                "initial margin and free collateral are not known either.",
            )
        total += added / leverage
    return Resting(total)


def initial_margin(pool: Pool, orders: float | None) -> float | None:
    """Return the initial margin of a pool's positions and orders; ``None`` where not known."""
    initials = [leg.initial() for leg in pool.legs]
    known = [initial for initial in initials if initial is not None]
    if orders is None or len(known) < len(initials):
        return None
    return sum(known) + orders


def takes_margin(account: Account) -> bool:
    """Tell whether an account has orders in the book that may take margin."""
    return any(True for _ in _open(account))


def lifted_tier(account: Account, leg: Leg) -> str | None:
    """Say that resting orders lift a position's tier, where the venue counts them for it."""
    table = leg.tiers
    if not profile_of(account.venue).orders_pick_tier or table is None:
        return None
    if table.unit is not TierUnit.VALUE:
        return None
    bids, asks = _book(account, leg.position.symbol)
    more = bids if leg.position.quantity > 0 else asks
    if not more or table.row(leg.value + more) == table.row(leg.value):
        return None
    return (
        f"its resting orders lift it into a higher risk limit at {profile_of(account.venue).name}, "
        "which asks for more maintenance margin than is counted here."
    )


def _no_rule(account: Account) -> str:
    return (
        f"{account.id}: how {profile_of(account.venue).name} margins resting orders is not known "
        "here, so initial margin and free collateral are not known while they rest."
    )


def _open(account: Account) -> Iterator[Order]:
    """Yield the orders that take margin by their kind."""
    if account.venue == MANUAL_VENUE:  # the file's rules have none for orders
        return
    for order in account.orders:
        if order.type is OrderType.LIMIT and not order.reduce_only:
            yield order


def _book(account: Account, symbol: str) -> tuple[float, float]:
    """Return what bids and asks of a symbol are worth at their own prices."""
    own = [order for order in _open(account) if order.symbol == symbol]
    return _worth(o for o in own if o.quantity > 0), _worth(o for o in own if o.quantity < 0)


def _worth(orders: Iterable[Order]) -> float:
    return sum(
        abs(order.quantity) * order.price
        if contract_of(order.symbol) is Contract.LINEAR
        else abs(order.quantity) / order.price
        for order in orders
    )


def _value(account: Account, position: Position, inputs: RiskInputs) -> float | None:
    """Return a position's value at its mark, signed."""
    used = inputs.mark(account.key(position.symbol), position)
    if used is None:
        return None
    linear = position.contract is Contract.LINEAR
    return position.quantity * used.price if linear else position.quantity / used.price


def _added(account: Account, values: list[float], bids: float, asks: float) -> float:
    """Return by how much bids and asks widen what is margined of positions of signed values.

    One-way: ``max(|position + bids|, |position - asks|)``. In hedge mode each side has its own, and
    an order that is not to reduce opens its side.
    """
    if account.position_mode is PositionMode.HEDGE:
        return bids + asks
    net = sum(values)
    return max(abs(net + bids), abs(net - asks)) - abs(net)
