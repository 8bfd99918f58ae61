"""The what-if copy: a book beside the book, changed at will; nothing of it reaches a venue.

Sizes are changed by trades (``risk.edits``), which is what moves money between margin and wallet.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from workstation.market.instrument import Side
from workstation.portfolio.model import Account, Portfolio

NAME_SUFFIX: Final = "what-if copy"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One position (``side`` given) or balance in the book and in its copy; amounts are positive.

    A balance has its asset in ``symbol``, and may be a debt. ``None``: it is not there.
    ``margin_book`` and ``margin_copy`` are of isolated positions.
    """

    account: str
    symbol: str
    side: Side | None
    book: float | None
    copy: float | None
    margin_book: float | None = None
    margin_copy: float | None = None

    @property
    def changed(self) -> bool:
        return (self.book, self.margin_book) != (self.copy, self.margin_copy)


def copy_of(portfolio: Portfolio) -> Portfolio:
    """Return a copy to change; it belongs to no file."""
    name = f"{portfolio.name} ({NAME_SUFFIX})" if portfolio.name else NAME_SUFFIX
    return replace(portfolio, name=name, path=None)


def with_balance(copy: Portfolio, account_id: str, asset: str, amount: float) -> Portfolio:
    """Return the copy with another balance; 0 drops it."""

    def changed(account: Account) -> Account:
        balances = {**account.balances, asset: amount}
        return replace(account, balances={k: v for k, v in balances.items() if v})

    return _with(copy, account_id, changed)


def lines(book: Portfolio, copy: Portfolio) -> tuple[Line, ...]:
    """Return every position and balance of the book or its copy, account by account."""
    copies = {account.id: account for account in copy.accounts}
    books = {account.id: account for account in book.accounts}
    return tuple(
        line
        for account_id in dict.fromkeys([*books, *copies])
        for line in _lines_of(account_id, books.get(account_id), copies.get(account_id))
    )


def _lines_of(account_id: str, book: Account | None, copy: Account | None) -> Iterator[Line]:
    old = {(p.symbol, p.side): p for p in book.positions} if book else {}
    new = {(p.symbol, p.side): p for p in copy.positions} if copy else {}
    for key in dict.fromkeys([*old, *new]):
        before, after = old.get(key), new.get(key)
        yield Line(
            account=account_id,
            symbol=key[0],
            side=key[1],
            book=abs(before.quantity) if before else None,
            copy=abs(after.quantity) if after else None,
            margin_book=before.isolated_margin if before else None,
            margin_copy=after.isolated_margin if after else None,
        )
    had, has = book.balances if book else {}, copy.balances if copy else {}
    for asset in dict.fromkeys([*had, *has]):
        yield Line(
            account=account_id,
            symbol=asset,
            side=None,
            book=had.get(asset),
            copy=has.get(asset),
        )


def _with(copy: Portfolio, account_id: str, changed: Callable[[Account], Account]) -> Portfolio:
    accounts = tuple(changed(a) if a.id == account_id else a for a in copy.accounts)
    return replace(copy, accounts=accounts)
