"""Dialogs on a screen of 1366 x 768 at 200 %: their buttons are in reach."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, QPointF, QSize, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QSlider,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

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


def _form():
    """Return a form of three fields that is too high for its window."""
    box, choice, slider = QSpinBox(), QComboBox(), QSlider(Qt.Orientation.Horizontal)
    choice.addItems(["a", "b", "c"])
    lines = QVBoxLayout()
    for widget in (box, choice, slider):
        lines.addWidget(widget)
    tall = QWidget()
    tall.setFixedHeight(2_000)
    lines.addWidget(tall)
    for widget in (box, slider):
        widget.setValue(10)
    choice.setCurrentIndex(1)
    return Scrolled(lines), (box, choice, slider), (box.value, choice.currentIndex, slider.value)


def _turn(widget):
    window = widget.window()
    place = widget.mapTo(window, widget.rect().center())
    QTest.wheelEvent(window.windowHandle(), QPointF(place), QPoint(0, -120))


@pytest.mark.parametrize("which", range(3))
def test_the_wheel_scrolls_the_page_and_turns_no_field_on_its_way(qtbot, which):
    page, fields, values = _form()
    qtbot.addWidget(page)
    page.resize(300, 200)
    page.show()
    qtbot.waitUntil(lambda: page.verticalScrollBar().maximum() > 0)
    before, field = values[which](), fields[which]
    page.setFocus()
    _turn(field)
    assert values[which]() == before
    assert page.verticalScrollBar().value() > 0
    page.verticalScrollBar().setValue(0)
    field.setFocus()
    qtbot.waitUntil(field.hasFocus)
    _turn(field)
    assert values[which]() != before


def test_a_wanted_size_gives_way_to_the_screen(qtbot):
    dialog = QDialog()
    qtbot.addWidget(dialog)
    QVBoxLayout(dialog)
    fit(dialog, 300, 200)
    assert dialog.size() == QSize(300, 200)
    fit(dialog, 30_000, 20_000)
    assert dialog.size() == dialog.screen().availableSize() - FRAME
