from concurrent.futures import Future

import pytest
from PySide6.QtWidgets import QLabel

from ui.dialogs import keyring_note
from ui.dialogs.accounts import AccountsDialog
from ui.dialogs.add_account import AddAccountDialog
from ui.dialogs.keyring_note import KeyringNote
from ui.dialogs.push_address import PushAddressDialog
from ui.theme import DARK

MISSING = "This system has no keyring."


@pytest.fixture
def answer(monkeypatch):
    answer = Future()
    monkeypatch.setattr(keyring_note, "ask_problem", lambda: answer)
    return answer


@pytest.mark.parametrize("name", ["accounts", "add", "push"])
def test_keys_are_said_to_be_in_a_keyring_only_where_there_is_one(name, qtbot, desk, answer):
    makers = {
        "accounts": lambda: AccountsDialog(desk, DARK),
        "add": lambda: AddAccountDialog(desk, DARK),
        "push": lambda: PushAddressDialog(DARK),
    }
    dialog = makers[name]()
    qtbot.addWidget(dialog)
    assert "in this system's keyring" not in said(dialog)
    answer.set_result(MISSING)
    qtbot.waitUntil(lambda: MISSING in said(dialog))
    assert "kept in memory, and forgotten when the program ends" in said(dialog)
    assert "in this system's keyring" not in said(dialog)


def said(dialog):
    return "\n".join(label.text() for label in dialog.findChildren(QLabel))


def test_a_keyring_is_said(qtbot, answer):
    note = KeyringNote("Keys are", DARK)
    qtbot.addWidget(note)
    answer.set_result(None)
    qtbot.waitUntil(lambda: note.text() == "Keys are kept in this system's keyring.")
