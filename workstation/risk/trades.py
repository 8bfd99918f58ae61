"""What a trade does to an account: closing, opening, and what moves to and from the wallet."""

from __future__ import annotations

from dataclasses import dataclass, replace

from workstation.market.instrument import Contract, Side, contract_of, split_symbol
from workstation.portfolio.model import Account, MarginMode, Position, PositionMode


@dataclass(frozen=True, slots=True, kw_only=True)
class Trade:
    """An account after a trade; money is in ``asset``, quantities are positive.

    ``to_wallet`` is what the closed part brought (profit, released margin, less the fee),
    ``from_wallet`` what the opened part took (margin and fee).
    """

    account: Account
    asset: str
    closed_side: Side
    closed: float = 0.0
    closed_fraction: float = 0.0
    to_wallet: float = 0.0
    opened: float = 0.0
    from_wallet: float = 0.0


def value_of(symbol: str, quantity: float, price: float) -> float:
    """Return the value of a positive quantity in its settlement coin."""
    return quantity * price if contract_of(symbol) is Contract.LINEAR else quantity / price


def execute(
    account: Account,
    symbol: str,
    quantity: float,
    price: float,
    *,
    fee_rate: float,
    reduce_only: bool = False,
    like: Position | None = None,
) -> Trade:
    """Return the account after buying (``quantity`` > 0) or selling at a price.

    One-way, a trade against a position closes it first and opens the rest; in hedge mode only a
    reducing trade closes. What cannot be closed by a reducing trade is not traded. A position that
    is new takes margin mode, leverage and overrides of ``like``, an earlier one of its symbol.
    """
    against = Side.SHORT if quantity > 0 else Side.LONG
    target = _find(account, symbol, against)
    closes = reduce_only or account.position_mode is PositionMode.ONE_WAY
    closed = min(abs(quantity), abs(target.quantity)) if target and closes else 0.0
    opened = 0.0 if reduce_only else abs(quantity) - closed
    trade = Trade(account=account, asset=split_symbol(symbol)[2], closed_side=against)
    if target and closed:
        trade = _close(trade, target, closed, price, fee_rate)
    if opened:
        trade = _open(trade, symbol, against.opposite, opened, price, fee_rate, target or like)
    return trade


def retained(trade: Trade, symbol: str) -> Trade:
    """Return a trade whose money stays in the margin of the isolated position that it reduced."""
    position = _find(trade.account, symbol, trade.closed_side)
    if position is None or position.isolated_margin is None:
        return trade
    grown = replace(position, isolated_margin=position.isolated_margin + trade.to_wallet)
    account = _with_position(trade.account, position, grown)
    return replace(trade, account=paid(account, trade.asset, -trade.to_wallet))


def _find(account: Account, symbol: str, side: Side) -> Position | None:
    found = (p for p in account.positions if p.symbol == symbol and p.side is side)
    return next(found, None)


def _close(trade: Trade, position: Position, closed: float, price: float, fee_rate: float) -> Trade:
    symbol, fraction = position.symbol, closed / abs(position.quantity)
    direction = position.side.sign * (1 if position.contract is Contract.LINEAR else -1)
    worth = value_of(symbol, closed, price)
    profit = direction * (worth - value_of(symbol, closed, position.entry_price))
    margin = (position.isolated_margin or 0.0) * fraction
    left = None
    if fraction < 1.0:
        kept = None if position.isolated_margin is None else position.isolated_margin - margin
        left = replace(position, quantity=position.quantity * (1 - fraction), isolated_margin=kept)
    to_wallet = profit + margin - worth * fee_rate
    account = _with_position(trade.account, position, left)
    return replace(
        trade,
        account=paid(account, trade.asset, to_wallet),
        closed=closed,
        closed_fraction=fraction,
        to_wallet=to_wallet,
    )


def _open(
    trade: Trade,
    symbol: str,
    side: Side,
    opened: float,
    price: float,
    fee_rate: float,
    like: Position | None,
) -> Trade:
    old = _find(trade.account, symbol, side)
    worth, quantity = value_of(symbol, opened, price), side.sign * opened
    model = old or like or Position(symbol=symbol, quantity=quantity, entry_price=price)
    isolated = model.margin_mode is MarginMode.ISOLATED
    margin = worth / _leverage(model) if isolated else 0.0
    if old:
        new = _grown(old, opened, price, margin)
    else:
        own = margin if isolated else None
        new = replace(model, quantity=quantity, entry_price=price, isolated_margin=own)
    from_wallet = margin + worth * fee_rate
    account = _with_position(trade.account, old, new)
    return replace(
        trade,
        account=paid(account, trade.asset, -from_wallet),
        opened=opened,
        from_wallet=from_wallet,
    )


def _leverage(position: Position) -> float:
    """Return the leverage of an isolated position; by its margin where none was chosen."""
    cost = value_of(position.symbol, abs(position.quantity), position.entry_price)
    return position.leverage or (cost / position.isolated_margin if position.isolated_margin else 1)


def _grown(old: Position, opened: float, price: float, margin: float) -> Position:
    """Return a position after an addition; the entry is the mean, harmonic for inverse ones."""
    size = abs(old.quantity)
    cost = value_of(old.symbol, size, old.entry_price) + value_of(old.symbol, opened, price)
    total = size + opened
    entry = cost / total if old.contract is Contract.LINEAR else total / cost
    kept = None if old.isolated_margin is None else old.isolated_margin + margin
    return replace(old, quantity=old.side.sign * total, entry_price=entry, isolated_margin=kept)


def _with_position(account: Account, old: Position | None, new: Position | None) -> Account:
    others = tuple(position for position in account.positions if position is not old)
    return replace(account, positions=others if new is None else (*others, new))


def paid(account: Account, asset: str, amount: float) -> Account:
    """Return the account with an amount more in its wallet (less, if it is negative)."""
    balances = {**account.balances, asset: account.balances.get(asset, 0.0) + amount}
    return replace(account, balances=balances)
