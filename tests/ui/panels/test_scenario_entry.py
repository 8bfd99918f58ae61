"""The keyboard at the scenario's price."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence, QShortcut

from ui.panels.scenario_entry import ScenarioEntry


@pytest.fixture
def entry(qtbot, context):
    entry = ScenarioEntry(context)
    qtbot.addWidget(entry)
    entry.price.mark = 70_000.0
    entry.show()
    entry.price.setFocus()
    qtbot.waitUntil(entry.price.hasFocus)
    entry.price.selectAll()
    return entry


def test_after_enter_the_keys_of_the_menus_are_heard_again(qtbot, entry, desk):
    stepped = []
    QShortcut(QKeySequence("Ctrl+Right"), entry, lambda: stepped.append(True))
    qtbot.keyClicks(entry.price, "62k")
    qtbot.keyClick(entry.price, Qt.Key.Key_Return)
    assert desk.view.scenario_price == 62_000.0
    assert not entry.price.hasFocus()
    assert entry.price.lineEdit().selectedText() == ""
    qtbot.keyClick(entry.focusWidget(), Qt.Key.Key_Right, Qt.KeyboardModifier.ControlModifier)
    assert stepped
    assert desk.view.scenario_price == 62_000.0


def test_a_price_that_is_refused_keeps_the_keyboard(qtbot, entry):
    qtbot.keyClicks(entry.price, "-10")
    qtbot.keyClick(entry.price, Qt.Key.Key_Return)
    assert entry.price.hasFocus()
