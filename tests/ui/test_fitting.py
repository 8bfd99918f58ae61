"""Dialogs on a screen of 1366 x 768 at 200 %: their buttons are in reach."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QSize
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QVBoxLayout

from tests.ui.conftest import StubDesk
from ui.dialogs.add_account import AddAccountDialog
from ui.dialogs.add_position import AddPositionDialog
from ui.dialogs.alert_rules import AlertRulesDialog
from ui.dialogs.settings import SettingsDialog
from ui.dialogs.text import TextDialog
from ui.fitting import FRAME, Scrolled, fit
from ui.theme import DARK
from workstation.alerts.grammar import Known
from workstation.settings import Settings

SMALL = QSize(683, 384) - FRAME
DIALOGS = {
    "settings": lambda: SettingsDialog(Settings()),
    "position": lambda: AddPositionDialog(StubDesk(), DARK),
    "account": lambda: AddAccountDialog(StubDesk(), DARK),
    "rules": lambda: AlertRulesDialog(Settings().alerts, Known(), DARK),
    "text": lambda: TextDialog("Text", "A text."),
}


@pytest.mark.parametrize("name", DIALOGS)
def test_a_dialog_fits_a_small_screen_with_its_buttons(qtbot, name):
    dialog = DIALOGS[name]()
    qtbot.addWidget(dialog)
    dialog.resize(SMALL)
    dialog.show()
    assert dialog.size() == SMALL
    buttons = dialog.findChild(QDialogButtonBox)
    assert dialog.rect().contains(buttons.geometry())


def test_a_form_that_scrolls_is_as_high_as_it_needs_where_there_is_room(qtbot):
    form = DIALOGS["position"]()
    qtbot.addWidget(form)
    area = form.findChild(Scrolled)
    assert area.sizeHint() == area.widget().sizeHint()
    assert area.minimumSizeHint().height() < area.sizeHint().height()


def test_a_wanted_size_gives_way_to_the_screen(qtbot):
    dialog = QDialog()
    qtbot.addWidget(dialog)
    QVBoxLayout(dialog)
    fit(dialog, 300, 200)
    assert dialog.size() == QSize(300, 200)
    fit(dialog, 30_000, 20_000)
    assert dialog.size() == dialog.screen().availableSize() - FRAME
