import pytest

from ui.dialogs.hyperliquid_address import HyperliquidAddressDialog
from ui.theme import DARK

ADDRESS = "0x" + "aB12" * 10


@pytest.fixture
def dialog(qtbot, desk):
    dialog = HyperliquidAddressDialog(desk, DARK)
    qtbot.addWidget(dialog)
    return dialog


def test_an_address_is_read_and_the_dialog_closes(dialog, desk, qtbot):
    dialog.address.setText(f"  {ADDRESS}\n")
    with qtbot.waitSignal(dialog.accepted):
        dialog.accept()
    assert desk.requests == [("read_address", ADDRESS)]


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
