from __future__ import annotations

import json

import keyring
import pytest
from keyring.errors import KeyringLocked

from tests.end_to_end.memory_keyring import MemoryKeyring, memory_keyring, no_keyring
from workstation.errors import KeyStoreError
from workstation.exchanges.api_key import ApiKey
from workstation.services.key_store import KeyStore, ask_problem

__all__ = ["memory_keyring", "no_keyring"]
KEY = ApiKey(key="k", secret="s", passphrase="p")


class LockedKeyring(MemoryKeyring):
    def get_password(self, service, username):
        raise KeyringLocked("locked")

    def set_password(self, service, username, password):
        raise KeyringLocked("locked")


def test_a_key_comes_back_as_it_was(memory_keyring):
    KeyStore().save("mine", KEY)
    assert KeyStore().load("mine") == KEY
    KeyStore().delete("mine")
    assert KeyStore().load("mine") is None
    KeyStore().delete("mine")  # nothing to forget is no fault


def test_a_good_keyring_has_no_problem(memory_keyring):
    assert KeyStore().problem() is None


def test_without_a_good_keyring_nothing_is_kept(no_keyring):
    assert "no keyring" in KeyStore().problem()
    with pytest.raises(KeyStoreError, match="no keyring"):
        KeyStore().save("mine", KEY)
    assert no_keyring.kept == {}


def test_a_locked_keyring_is_said_in_a_sentence(memory_keyring):
    keyring.set_keyring(LockedKeyring())
    with pytest.raises(KeyStoreError, match="does not give back the key of mine"):
        KeyStore().load("mine")
    with pytest.raises(KeyStoreError, match="does not take the key of mine"):
        KeyStore().save("mine", KEY)


def test_something_else_in_the_keyring_is_not_repeated(memory_keyring):
    memory_keyring.kept["risk-workstation", "mine"] = json.dumps({"secret": "hush"})
    with pytest.raises(KeyStoreError) as caught:
        KeyStore().load("mine")
    assert "hush" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_the_keyring_is_asked_in_a_thread(no_keyring):
    assert "no keyring" in ask_problem().result(timeout=10)
