import pytest

from ui.dialogs.push_address import PushAddressDialog
from ui.theme import DARK


@pytest.fixture
def dialog(qtbot):
    dialog = PushAddressDialog(DARK)
    qtbot.addWidget(dialog)
    return dialog


def test_addresses_are_chosen_a_line_each(dialog, qtbot):
    dialog.addresses.setPlainText(" https://ntfy.sh/topic \n\ntgram://token/chat\n")
    with qtbot.waitSignal(dialog.addresses_chosen) as chosen:
        dialog.accept()
    assert chosen.args == [("https://ntfy.sh/topic", "tgram://token/chat")]


def test_nothing_entered_forgets_what_was_there(dialog, qtbot):
    with qtbot.waitSignal(dialog.addresses_chosen) as chosen:
        dialog.accept()
    assert chosen.args == [()]


def test_an_address_without_a_topic_is_refused_and_the_dialog_stays(dialog, qtbot):
    dialog.addresses.setPlainText("https://ntfy.sh")
    with qtbot.assertNotEmitted(dialog.addresses_chosen):
        dialog.accept()
    assert "write it with its topic" in dialog.problem()
