from concurrent.futures import Future

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel

from ui.dialogs.accounts import AccountsDialog
from ui.dialogs.add_account import AddAccountDialog
from ui.theme import DARK
from workstation.exchanges.accounts.base import AccountSource
from workstation.exchanges.api_key import ApiKey
from workstation.portfolio.model import Account
from workstation.services.key_check import KeyCheck
from workstation.services.live_accounts import LiveAccount
from workstation.units import now_ms

KEY = ApiKey(key="k", secret="s", passphrase="p")
ADDRESS = "0x" + "ab" * 20
READS_ONLY = KeyCheck(accepted=True, sentence="okx says that this key can only read.")
NO_KEYRING = KeyCheck(accepted=True, sentence="Fine.", keyring_problem="There is no keyring.")
TRADES = KeyCheck(accepted=False, sentence="okx says that this key can trade.")


def live(name, **more):
    return LiveAccount(source=AccountSource(id=name, venue="okx"), **more)


def read(name):
    return live(name, account=Account(id=name, venue="okx", as_of_ms=now_ms()))


@pytest.fixture
def form(qtbot, desk):
    form = AddAccountDialog(desk, DARK)
    form.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)  # the fixture closes it too
    qtbot.addWidget(form)
    form.show()
    return form


def fill(form, venue="okx"):
    form.venue.setCurrentIndex(form.venue.findData(venue))
    form.label.setText("mine")
    for entry, text in ((form.key, "k"), (form.secret, "s"), (form.passphrase, "p")):
        entry.setText(text)


def answer(form, desk, check):
    desk.check = Future()
    form.accept()
    desk.check.set_result(check)


def test_a_key_is_checked_then_kept(form, desk, qtbot):
    fill(form)
    with qtbot.waitSignal(form.accepted):
        answer(form, desk, READS_ONLY)
    source = AccountSource(id="mine", venue="okx")
    assert desk.requests == [("check_key", (source, KEY)), ("add_account", (source, KEY, True))]


def test_a_key_that_can_trade_is_refused_in_a_sentence(form, desk, qtbot):
    fill(form)
    answer(form, desk, TRADES)
    qtbot.waitUntil(lambda: form.said() == TRADES.sentence)
    assert [name for name, _ in desk.requests] == ["check_key"]
    assert form.isVisible()


def test_without_a_keyring_the_user_has_to_agree(form, desk, qtbot):
    fill(form)
    answer(form, desk, NO_KEYRING)
    qtbot.waitUntil(form.for_now.isVisible)
    assert "There is no keyring." in form.said()
    assert [name for name, _ in desk.requests] == ["check_key"]
    form.for_now.setChecked(True)
    with qtbot.waitSignal(form.accepted):
        answer(form, desk, NO_KEYRING)
    assert desk.requests[-1] == (
        "add_account",
        (AccountSource(id="mine", venue="okx"), KEY, False),
    )


def test_hyperliquid_is_asked_an_address_and_never_a_key(form, desk, qtbot):
    form.venue.setCurrentIndex(form.venue.findData("hyperliquid"))
    assert not form.key.isVisible()
    assert not form.secret.isVisible()
    form.address.setText(ADDRESS)
    with qtbot.waitSignal(form.accepted):
        answer(form, desk, READS_ONLY)
    source = AccountSource(id="hyperliquid", venue="hyperliquid", address=ADDRESS)
    assert desk.requests[-1] == ("add_account", (source, None, True))


@pytest.mark.parametrize(("venue", "asks"), [("bybit", False), ("okx", True)])
def test_a_passphrase_is_asked_where_the_exchange_wants_one(form, venue, asks):
    form.venue.setCurrentIndex(form.venue.findData(venue))
    assert form.passphrase.isVisible() is asks


def test_what_is_missing_is_said(form, desk):
    form.venue.setCurrentIndex(form.venue.findData("bybit"))
    form.accept()
    assert form.said() == "Fill in the key and the secret."
    assert desk.requests == []


def test_a_name_that_is_taken_is_refused(form, desk):
    desk.live = (read("mine"),)
    fill(form)
    form.accept()
    assert "There is an account 'mine' already" in form.said()


def test_secrets_leave_the_entries_when_it_closes(form):
    fill(form)
    form.reject()
    assert [entry.text() for entry in (form.key, form.secret, form.passphrase)] == ["", "", ""]


@pytest.fixture
def listed(qtbot, desk):
    desk.live = (read("mine"), live("other", failure="okx cannot be reached"))
    dialog = AccountsDialog(desk, DARK)
    qtbot.addWidget(dialog)
    dialog.show()
    return dialog


def texts(dialog, column):
    model = dialog.table.model()
    return [model.index(row, column).data() for row in range(model.rowCount())]


def test_the_lines_of_an_empty_list_stand_together(qtbot, desk):
    dialog = AccountsDialog(desk, DARK)
    qtbot.addWidget(dialog)
    dialog.show()
    lines = [label.geometry() for label in dialog.findChildren(QLabel)]
    words, none = min(lines, key=lambda line: line.top()), max(lines, key=lambda line: line.top())
    assert none.top() - words.top() < 0.4 * dialog.height()


def test_every_account_is_listed_with_how_it_does(listed):
    assert texts(listed, 0) == ["mine", "other"]
    assert texts(listed, 2)[0].startswith("read ")
    assert texts(listed, 2)[1] == "okx cannot be reached"


def test_the_chosen_account_is_removed(listed, desk, qtbot):
    listed.table.selectRow(1)
    listed.remove_chosen()
    assert desk.requests == [("remove_account", "other")]
    desk.live = (read("mine"),)
    qtbot.waitUntil(lambda: texts(listed, 0) == ["mine"])
