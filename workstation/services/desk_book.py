"""The book as the desk holds it: a file, the accounts that are read, and a what-if copy."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Future
from enum import Enum, auto
from pathlib import Path
from typing import Any, Final

from workstation.errors import PortfolioFileError
from workstation.exchanges.accounts.base import AccountSource
from workstation.exchanges.api_key import ApiKey
from workstation.market.catalogue import Catalogue
from workstation.market.instrument import MarketKey
from workstation.portfolio.model import Portfolio
from workstation.services.book import joined
from workstation.services.key_check import KeyCheck
from workstation.services.live_accounts import LiveAccount, LiveAccounts
from workstation.services.portfolio_service import PortfolioService
from workstation.settings import Settings

_ANSWERS_KEPT: Final = 8  # readings of the accounts that an answer of the risk worker may be behind


class BookChange(Enum):
    """What came of looking for a new book."""

    NONE = auto()
    READ_AGAIN = auto()  # the same accounts: what is shown of them stays until answered
    REPLACED = auto()


class DeskBook:
    """The newest of everything stands in the public attributes; ``take`` renews it."""

    def __init__(self, settings: Settings) -> None:
        self.portfolio: Portfolio | None = None
        self.copy: Portfolio | None = None  # the what-if copy that stands beside the book
        self.live: tuple[LiveAccount, ...] = ()  # the accounts that are read, as they are known
        self.from_file: Portfolio | None = None  # the part of the book that a file holds
        self._files = PortfolioService(Catalogue.embedded())
        self._accounts = LiveAccounts(settings.venues, settings.market.timeout_s)
        self._same: tuple[Portfolio, ...] = ()  # of the same accounts, an answer may be of
        self._replaced = self._copy_changed = False

    @property
    def markets(self) -> frozenset[MarketKey]:
        """The markets of the book's positions."""
        return self.portfolio.markets if self.portfolio else frozenset()

    def start(self) -> None:
        self._files.start()
        self._accounts.start()

    def stops(self) -> dict[str, Callable[[], object]]:
        """Return what stops each part, by its name."""
        return {"live-accounts": self._accounts.stop, "portfolio": self._files.stop}

    def set_catalogue(self, catalogue: Catalogue) -> None:
        """Read files by what the venues have listed from now on."""
        self._files.set_catalogue(catalogue)

    def is_of(self, portfolio: Portfolio) -> bool:
        """Tell whether a book is this one, or an earlier reading of the same accounts."""
        return any(portfolio is book for book in self._same)

    def take(self) -> BookChange:
        """Take up what the file's and the accounts' threads have read."""
        from_file, live = self._files.take(), self._accounts.take()
        if from_file is None and live is None:
            return BookChange.NONE
        self.from_file = from_file or self.from_file
        self.live = self.live if live is None else live
        book, known = joined(self.from_file, self.live), self.portfolio
        same = [a.id for a in known.accounts] if known else []
        if from_file is None and same == ([a.id for a in book.accounts] if book else []):
            self.portfolio = book
            if book is not None:
                self._same = (*self._same[-_ANSWERS_KEPT:], book)
            return BookChange.READ_AGAIN
        self._replace(book)
        return BookChange.REPLACED

    def _replace(self, portfolio: Portfolio | None) -> None:
        if self.copy is not None:
            self.set_copy(None)  # it was a copy of what is open no more
        self.portfolio, self._replaced = portfolio, True
        self._same = () if portfolio is None else (portfolio,)

    def take_changes(self) -> tuple[bool, bool]:
        """Tell once whether the book was replaced, and whether the copy changed."""
        changes = self._replaced, self._copy_changed
        self._replaced = self._copy_changed = False
        return changes

    def take_refusal(self) -> PortfolioFileError | None:
        return self._files.take_refusal()

    def take_notices(self) -> tuple[str, ...]:
        return (*self._accounts.take_notices(), *self._files.take_notices())

    # --- requests -----------------------------------------------------------------------------

    def open(self, path: Path) -> None:
        self._files.open(path)

    def reload(self) -> None:
        self._files.reload()

    def close(self) -> None:
        """Forget the file; the accounts that are read stay."""
        self._files.close()
        self.from_file = None
        self._replace(joined(None, self.live))

    def set_copy(self, copy: Portfolio | None) -> None:
        self.copy, self._copy_changed = copy, True

    def save(self, portfolio: Portfolio | None, path: Path, *, open_it: bool = False) -> None:
        """Write a book, if there is one, to a file."""
        if portfolio is not None:
            self._files.save(portfolio, path, open_it=open_it)

    def check_key(self, source: AccountSource, key: ApiKey | None) -> Future[KeyCheck]:
        return self._accounts.check(source, key)

    def add_account(
        self, source: AccountSource, key: ApiKey | None = None, *, keep: bool = True
    ) -> None:
        self._accounts.add(source, key, keep=keep)

    def follow(self, venue_options: Mapping[str, Mapping[str, Any]], timeout_s: float) -> None:
        """Read accounts by other settings of their venues."""
        self._accounts.follow(venue_options, timeout_s)

    def remove_account(self, account: str) -> None:
        self._accounts.remove(account)
