"""What a trader can do about a position, done to a copy of the account: nothing is ever ordered."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace
from typing import Final, NamedTuple

from workstation.market.instrument import Side, split_symbol
from workstation.portfolio.model import Account, Portfolio, Position
from workstation.risk.betas import STABLECOINS
from workstation.risk.inputs import RiskInputs
from workstation.risk.legs import taker_fee
from workstation.risk.pools import Pool
from workstation.risk.repair_report import AddCollateral, Reduce
from workstation.risk.trades import execute, paid, value_of

DOLLAR_STEP: Final = 0.01  # headless.md, "Repair"
COIN_STEP: Final = 1e-8
DEFAULT_LOT: Final = 0.001  # of a contract whose lot is not known: portfolio.md, manual venues


class Reduced(NamedTuple):
    """A cut, and the account after it."""

    cut: Reduce
    account: Account


def step_of(asset: str) -> float:
    """Return the smallest amount of an asset: cents of a dollar coin, 1e-8 of another."""
    return DOLLAR_STEP if asset in STABLECOINS else COIN_STEP


def lot_of(account: Account, position: Position, inputs: RiskInputs) -> float:
    """Return the smallest size that is traded of a position's market."""
    listed = inputs.listing(account.key(position.symbol), position)
    return (listed and listed.lot) or position.contract_size or DEFAULT_LOT


def positions_of(account: Account, pool: Pool) -> list[Position]:
    """Return the positions of a pool as they stand in the account now."""
    wanted = {(p.symbol, p.side, p.margin_mode) for p in pool.positions}
    return [p for p in account.positions if (p.symbol, p.side, p.margin_mode) in wanted]


def deposited(account: Account, pool: Pool, asset: str, amount: float) -> Account:
    """Return the account with an amount more behind a pool: in the wallet, or as its own margin."""
    if not pool.isolated:
        return paid(account, asset, amount)
    held = positions_of(account, pool)
    return with_margin(account, held[0], amount) if held else account


def with_margin(account: Account, position: Position, amount: float) -> Account:
    """Return the account with an amount more of isolated margin behind a position."""
    grown = replace(position, isolated_margin=(position.isolated_margin or 0.0) + amount)
    others = tuple(other for other in account.positions if other is not position)
    return replace(account, positions=(*others, grown))


def with_deposit(account: Account, deposit: AddCollateral) -> Account:
    """Return the account after a deposit of a repair."""
    if deposit.symbol is None:
        return paid(account, deposit.asset, deposit.amount)
    held = find_position(account, deposit.symbol, deposit.side)
    return with_margin(account, held, deposit.amount) if held else account


def find_position(account: Account, symbol: str, side: Side | None) -> Position | None:
    """Return a position of a symbol; of either side where none is named."""
    held = (p for p in account.positions if p.symbol == symbol and side in (None, p.side))
    return next(held, None)


def reduced(
    account: Account,
    position: Position,
    quantity: float,
    inputs: RiskInputs,
    slippage_rate: float = 0.0,
) -> Reduced:
    """Return the account after closing a quantity of a position by a market order.

    ``slippage_rate`` is the fraction of the mark that the order's price lies behind it.
    """
    symbol, fee_rate = position.symbol, taker_fee(account)
    used = inputs.mark(account.key(symbol), position)
    mark = used.price if used else position.entry_price
    whole = quantity >= abs(position.quantity)
    amount = quantity if whole else round(quantity, 12)
    sign = -position.side.sign
    trade = execute(
        account,
        symbol,
        sign * quantity,
        mark * (1 + sign * slippage_rate),
        fee_rate=fee_rate,
        reduce_only=True,
    )
    usd = inputs.coin_price(split_symbol(symbol)[2]) or 0.0
    worth_usd = value_of(symbol, quantity, mark) * usd
    cut = Reduce(
        account=account.id,
        symbol=symbol,
        side=position.side,
        quantity=amount,
        cost_usd=worth_usd * fee_rate,
        slippage_usd=worth_usd * slippage_rate,
        value_usd=worth_usd,
    )
    return Reduced(cut, trade.account)


def with_size(
    portfolio: Portfolio,
    account_id: str,
    symbol: str,
    side: Side,
    quantity: float,
    mark: float | None,
    slippage_rate: float = 0.0,
) -> Portfolio:
    """Return the book after a market order that takes a position to a size; 0 closes it.

    Without a ``mark`` it is traded at its entry. What it brings or takes (profit, margin, fee and
    slippage) is in the wallet then.
    """
    account = account_of(portfolio, account_id)
    held = find_position(account, symbol, side)
    if held is None:
        return portfolio
    change = quantity - abs(held.quantity)
    bought = side.sign * change
    price = held.entry_price if mark is None else mark
    trade = execute(
        account,
        symbol,
        bought,
        price * (1 + math.copysign(slippage_rate, bought)),
        fee_rate=taker_fee(account),
        reduce_only=change < 0,
    )
    return with_account(portfolio, trade.account)


def with_cuts(
    portfolio: Portfolio, cuts: Iterable[Reduce], inputs: RiskInputs, slippage_rate: float
) -> Portfolio:
    """Return the book after the cuts of a repair, each by a market order."""
    for cut in cuts:
        account = account_of(portfolio, cut.account)
        held = find_position(account, cut.symbol, cut.side)
        if held is not None:
            done = reduced(account, held, cut.quantity, inputs, slippage_rate)
            portfolio = with_account(portfolio, done.account)
    return portfolio


def with_deposits(portfolio: Portfolio, deposits: Iterable[AddCollateral]) -> Portfolio:
    """Return the book after the deposits of a repair."""
    for deposit in deposits:
        account = with_deposit(account_of(portfolio, deposit.account), deposit)
        portfolio = with_account(portfolio, account)
    return portfolio


def with_account(portfolio: Portfolio, account: Account) -> Portfolio:
    """Return the book with one of its accounts replaced."""
    accounts = tuple(account if old.id == account.id else old for old in portfolio.accounts)
    return replace(portfolio, accounts=accounts)


def account_of(portfolio: Portfolio, account_id: str) -> Account:
    """Return an account of the book by its id."""
    return next(account for account in portfolio.accounts if account.id == account_id)
