"""Keys of exchanges in the system's keyring; nowhere else, and never in a file of ours.

A backend that writes keys to a file, or hardly protects them (keyring's own priority below 1), is
not used: then keys live in memory until the program ends.
"""

from __future__ import annotations

import json
import threading
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, Final

from workstation.errors import KeyStoreError
from workstation.exchanges.api_key import ApiKey

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

_SERVICE: Final = "risk-workstation"
_GOOD_PRIORITY: Final = 1.0  # keyring's documentation: recommended from here on


class KeyStore:
    """Keeps keys by account; every method may wait for the user to unlock the keyring."""

    def problem(self) -> str | None:
        """Return why no key can be kept here, in a sentence; ``None`` where one can."""
        try:
            priority = float(_backend().priority)
        except _failures() as error:
            return f"This system's keyring cannot be used ({error})."
        if priority < _GOOD_PRIORITY:
            return (
                "This system has no keyring that keeps keys safely; install one (GNOME Keyring, "
                "KWallet, or on a server a secret service) and start again."
            )
        return None

    def load(self, account: str) -> ApiKey | None:
        """Return an account's key, ``None`` where none is kept.

        Raises
        ------
        KeyStoreError
            The keyring is locked, gone, or holds something else.
        """
        try:
            text = _backend().get_password(_SERVICE, account)
            return None if text is None else ApiKey(**json.loads(text))
        except _failures() as error:
            raise _failed(account, "does not give back the key", error) from error
        except (ValueError, TypeError):  # without its text, which is a key
            raise _failed(account, "holds no readable key", None) from None

    def save(self, account: str, key: ApiKey) -> None:
        """Keep an account's key.

        Raises
        ------
        KeyStoreError
            There is no keyring, or it does not take the key.
        """
        problem = self.problem()
        if problem is not None:
            raise KeyStoreError(problem)
        fields = {"key": key.key, "secret": key.secret, "passphrase": key.passphrase}
        try:
            _backend().set_password(_SERVICE, account, json.dumps(fields))
        except _failures() as error:
            raise _failed(account, "does not take the key", error) from error

    def delete(self, account: str) -> None:
        """Forget an account's key; nothing happens where none is kept."""
        try:
            if _backend().get_password(_SERVICE, account) is not None:
                _backend().delete_password(_SERVICE, account)
        except _failures() as error:
            raise _failed(account, "does not let go of the key", error) from error


def ask_problem() -> Future[str | None]:
    """Have ``KeyStore.problem`` asked in a thread: it wakes the system's keyring."""
    answer: Future[str | None] = Future()

    def ask() -> None:
        answer.set_result(KeyStore().problem())

    threading.Thread(target=ask, name="keyring", daemon=True).start()
    return answer


def _backend() -> KeyringBackend:
    import keyring  # it looks for backends of other packages: only where a key is at stake

    return keyring.get_keyring()


def _failures() -> tuple[Any, ...]:
    from keyring.errors import KeyringError

    return KeyringError, RuntimeError


def _failed(account: str, what: str, error: Exception | None) -> KeyStoreError:
    because = "" if error is None else f" ({error})"
    return KeyStoreError(f"The system's keyring {what} of {account}{because}.")
