"""A keyring that keeps what it is given in memory: the system's is left alone."""

from __future__ import annotations

from collections.abc import Iterator

import keyring
import pytest
from keyring.backend import KeyringBackend


class MemoryKeyring(KeyringBackend):
    priority = 5.0  # type: ignore[assignment]

    def __init__(self) -> None:
        super().__init__()
        self.kept: dict[tuple[str, str], str] = {}

    def get_password(self, service, username):
        return self.kept.get((service, username))

    def set_password(self, service, username, password):
        self.kept[service, username] = password

    def delete_password(self, service, username):
        del self.kept[service, username]


class NoKeyring(MemoryKeyring):
    """What a server without a secret service has."""

    priority = 0.0  # type: ignore[assignment]


@pytest.fixture
def memory_keyring() -> Iterator[MemoryKeyring]:
    yield from _instead(MemoryKeyring())


@pytest.fixture
def no_keyring() -> Iterator[MemoryKeyring]:
    yield from _instead(NoKeyring())


def _instead(backend: MemoryKeyring) -> Iterator[MemoryKeyring]:
    before = keyring.get_keyring()
    keyring.set_keyring(backend)
    yield backend
    keyring.set_keyring(before)
