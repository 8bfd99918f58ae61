"""Where alerts are pushed to. An address is a secret: who knows it reads, or writes, the messages.

It comes from the environment or from the system's keyring; it never stands in settings or logs.
"""

from __future__ import annotations

import os
from typing import Final
from urllib.parse import urlsplit

from workstation.errors import UsageError, WorkstationError
from workstation.services.key_store import KeyStore

VARIABLE: Final = "RISK_WORKSTATION_PUSH"  # addresses separated by blanks; beats the keyring
_SERVICE: Final = "risk-workstation"
_NAME: Final = "push-addresses"


def load() -> tuple[str, ...]:
    """Return the addresses, ``()`` without any.

    Raises
    ------
    WorkstationError
        There is a keyring, but it does not answer.
    """
    given = os.environ.get(VARIABLE)
    if given is not None:
        return tuple(given.split())
    import keyring  # asks the system, which takes its time
    from keyring.errors import KeyringError, NoKeyringError

    try:
        return tuple((keyring.get_password(_SERVICE, _NAME) or "").split())
    except NoKeyringError:
        return ()
    except KeyringError as error:
        raise WorkstationError(
            f"the keyring does not answer: {type(error).__name__}",
            user_message="The system's keyring does not give the push addresses: unlock it, or "
            f"set {VARIABLE}.",
        ) from error


def save(addresses: tuple[str, ...]) -> None:
    """Keep the addresses in the keyring; ``()`` forgets them.

    Raises
    ------
    WorkstationError
        The keyring takes none, or keeps nothing safely.
    """
    import keyring
    from keyring.errors import KeyringError, NoKeyringError

    try:
        if addresses and KeyStore().problem() is not None:
            raise NoKeyringError
        keyring.set_password(_SERVICE, _NAME, " ".join(addresses))
    except KeyringError as error:
        raise WorkstationError(
            f"the keyring takes no push address: {type(error).__name__}",
            user_message="The system's keyring cannot keep the push address: set the environment "
            f"variable {VARIABLE} instead.",
        ) from error


def name_of(address: str) -> str:
    """Return what a channel is called where people can read it: kind and host, no path, no token.

    The host of other schemes than http may be a token, so only the scheme is named.
    """
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https"):
        return parts.scheme or "push"
    return f"ntfy at {parts.hostname or 'nowhere'}"


def check(address: str) -> str:
    """Return the address without blanks around it.

    Raises
    ------
    UsageError
        It is no address, or an http address without a topic.
    """
    address = address.strip()
    usable = "://" in address and not _has_blank(address)
    if address.startswith(("http://", "https://")):
        usable &= _is_web(address) and bool(urlsplit(address).path.strip("/"))
    if not usable:
        raise UsageError(
            "The push address cannot be used: write it with its topic, such as "
            "https://ntfy.sh/a-topic-that-nobody-guesses, or as an address of apprise."
        )
    return address


def check_url(url: str) -> str:
    """Return a web address without blanks around it.

    Raises
    ------
    UsageError
        It is none.
    """
    url = url.strip()
    if not _is_web(url) or _has_blank(url):
        raise UsageError(
            "The dead-man URL cannot be used: write it with https:// and its whole path."
        )
    return url


def _is_web(address: str) -> bool:
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)


def _has_blank(address: str) -> bool:
    return any(character.isspace() for character in address)
