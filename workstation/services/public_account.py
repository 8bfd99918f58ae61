"""Keep reading a public Hyperliquid address as a book, on a thread of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any, Final

from workstation.errors import WorkstationError
from workstation.portfolio.model import Account, Portfolio
from workstation.units import now_ms

READ_EVERY_S: Final = 15.0


def read_address(address: str, options: Mapping[str, Any], timeout_s: float) -> Account:
    """Read the account through the exchange's public interface; see ``exchanges``."""
    from workstation.exchanges.public_account import read_hyperliquid_account

    return read_hyperliquid_account(address, options, timeout_s)


class PublicAccountService:
    """One address at a time; the newest book and the newest failure wait to be taken."""

    def __init__(
        self,
        options: Mapping[str, Any],
        timeout_s: float,
        read: Callable[[str, Mapping[str, Any], float], Account] = read_address,
    ) -> None:
        self._options = options
        self._timeout_s = timeout_s
        self._read = read
        self._changed = threading.Condition()
        self._address: str | None = None
        self._book: Portfolio | None = None
        self._failure: str | None = None
        self._stopping = False
        self._thread: threading.Thread | None = None

    def open(self, address: str) -> None:
        """Read this address now and every fifteen seconds, until another one or ``close``."""
        with self._changed:
            self._address = address
            self._changed.notify()
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="public-account", daemon=True)
            self._thread.start()

    def close(self) -> None:
        with self._changed:
            self._address = self._book = None
            self._changed.notify()

    def stop(self) -> None:
        with self._changed:
            self._stopping = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join()

    def take(self) -> Portfolio | None:
        with self._changed:
            book, self._book = self._book, None
        return book

    def take_failure(self) -> str | None:
        with self._changed:
            failure, self._failure = self._failure, None
        return failure

    def _run(self) -> None:
        while not self._stopping:
            with self._changed:
                address = self._address
            if address:
                self._read_once(address)
            with self._changed:
                if self._address == address and not self._stopping:
                    self._changed.wait(READ_EVERY_S if address else None)

    def _read_once(self, address: str) -> None:
        try:
            account = self._read(address, self._options, self._timeout_s)
        except WorkstationError as error:
            with self._changed:
                self._failure = error.user_message
            return
        name = f"{address[:6]}\N{HORIZONTAL ELLIPSIS}{address[-4:]}"
        book = Portfolio(accounts=(account,), as_of_ms=now_ms(), name=name)
        with self._changed:
            if self._address == address:
                self._book = book
