import pytest
from PySide6.QtCore import Qt

from ui.dialogs.hyperliquid_address import HyperliquidAddressDialog
from ui.theme import DARK
from workstation.exchanges.accounts.base import AccountSource
from workstation.exchanges.accounts.hyperliquid import short_name
from workstation.portfolio.model import Account
from workstation.services.live_accounts import LiveAccount

ADDRESS = "0x" + "aB12" * 10


@pytest.fixture
def dialog(qtbot, desk):
    dialog = HyperliquidAddressDialog(desk, DARK)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, on=False)  # the fixture closes it
    qtbot.addWidget(dialog)
    return dialog


def state(**facts):
    source = AccountSource(id=short_name(ADDRESS), venue="hyperliquid", address=ADDRESS)
    return LiveAccount(source=source, **facts)


def test_the_dialog_closes_when_an_address_has_been_read(dialog, desk, qtbot):
    dialog.address.setText(f"  {ADDRESS}\n")
    dialog.accept()
    assert desk.requests == [("read_address", ADDRESS)]
    assert "Reading" in dialog.problem()
    with qtbot.waitSignal(dialog.accepted):
        desk.live = (state(account=Account(id="x", venue="hyperliquid")),)


def test_the_dialog_stays_and_says_why_an_address_cannot_be_read(dialog, desk, qtbot):
    dialog.address.setText(ADDRESS)
    with qtbot.assertNotEmitted(dialog.accepted):
        dialog.accept()
        desk.live = (state(failure="hyperliquid cannot be reached"),)
        dialog.look()
    assert "hyperliquid cannot be reached" in dialog.problem()
    assert "Accounts at exchanges" in dialog.problem()
    dialog.reject()


def test_what_leaves_the_dialog_promises_to_cancel_nothing_once_the_address_is_read(dialog, desk):
    assert dialog.leave.text() == "Cancel"
    dialog.address.setText(ADDRESS)
    dialog.accept()
    desk.live = (state(failure="hyperliquid cannot be reached"),)
    dialog.look()
    assert dialog.leave.text() == "Close"
    assert "also when this window is closed" in dialog.problem()
    dialog.reject()
    assert [name for name, _ in desk.requests] == ["read_address"]


@pytest.mark.parametrize("text", ["", "0x12", "aB12" * 10, ADDRESS + "0", "0x" + "zz" * 20])
def test_what_is_no_address_is_refused_in_words(dialog, desk, qtbot, text):
    dialog.address.setText(text)
    with qtbot.assertNotEmitted(dialog.accepted):
        dialog.accept()
    assert "40 hexadecimal digits" in dialog.problem()
    assert desk.requests == []


def test_a_private_key_is_no_address(dialog, desk):
    dialog.address.setText("0x" + "ab" * 32)
    dialog.accept()
    assert desk.requests == []
