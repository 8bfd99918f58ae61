"""The book that is shown: the accounts of the file and the accounts that are read, side by side."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from workstation.portfolio.model import Account, Portfolio
from workstation.services.live_accounts import LiveAccount


def joined(from_file: Portfolio | None, live: Iterable[LiveAccount]) -> Portfolio | None:
    """Return one book of both; ``None`` when there is neither.

    Accounts of the file keep their identity, so that it can be seen which of them are new. A live
    account whose name the file has already is called "live". The book's time is the file's; live
    accounts carry their own.
    """
    states = tuple(live)
    problems = tuple(problem for state in states for problem in state.problems())
    taken = {account.id for account in from_file.accounts} if from_file else set()
    accounts = tuple(_renamed(state.account, taken) for state in states if state.account)
    if from_file is not None:
        if not states:
            return from_file
        return replace(
            from_file,
            accounts=(*from_file.accounts, *accounts),
            warnings=(*from_file.warnings, *problems),
        )
    times = [account.as_of_ms for account in accounts if account.as_of_ms is not None]
    if not times:
        return None
    return Portfolio(accounts=accounts, as_of_ms=min(times), name=_name(states), warnings=problems)


def _name(states: tuple[LiveAccount, ...]) -> str:
    return states[0].source.id if len(states) == 1 else "Live accounts"


def _renamed(account: Account, taken: set[str]) -> Account:
    return replace(account, id=f"{account.id} live") if account.id in taken else account
