"""The dialog of the rules: what is typed, what is switched, what is chosen."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt

from ui.dialogs.alert_rules import AlertRulesDialog
from ui.theme import DARK
from workstation.alerts.grammar import Known
from workstation.alerts.rules.registry import RULES
from workstation.settings import AlertSettings

KNOWN = Known(coins=frozenset({"BTC", "ETH"}), names=frozenset({"main", "okx"}))


@pytest.fixture
def dialog(qtbot):
    settings = AlertSettings(rules=("ETH price > 5000",), off=("book_stale",), volume=0.3)
    dialog = AlertRulesDialog(settings, KNOWN, DARK)
    qtbot.addWidget(dialog)
    return dialog


def test_a_rule_is_read_while_it_is_typed(dialog):
    dialog.entry.setText("critical BTC price < 60000 for 5m")
    assert dialog.reading() == (
        "Critical when BTC is below 60,000 for 5 min; again after it was back by 300 and 2 min "
        "have passed."
    )
    dialog.entry.setText("BTC prise < 60000")
    assert dialog.reading() == "'prise' is no quantity; did you mean 'price'?"
    dialog.entry.setText("okx down once")
    assert dialog.reading() == (
        "Warn when okx has been down for 60 s; once until the program starts anew."
    )
    dialog.entry.setText("book distance < 8% cooldown 1h")
    assert dialog.reading() == (
        "Warn when distance of book is below 8 %; again after it was back by 2 % and 60 min have "
        "passed."
    )


def test_a_rule_that_cannot_be_read_is_not_added_and_its_word_is_chosen(dialog):
    dialog.entry.setText("BTC prise < 60000")
    dialog.add()
    assert dialog.entry.selectedText() == "prise"
    assert dialog.rules() == ("ETH price > 5000",)


def test_a_condition_that_stands_already_is_refused(dialog):
    dialog.entry.setText("critical ETH price > 5000 once")
    dialog.add()
    assert "its condition stands twice" in dialog.reading()
    assert dialog.rules() == ("ETH price > 5000",)


def test_the_form_begins_with_the_usual_coin_and_not_with_the_first_of_the_alphabet(qtbot):
    dialog = AlertRulesDialog(AlertSettings(), Known(coins=frozenset({"0G", "BTC", "ETH"})), DARK)
    qtbot.addWidget(dialog)
    assert dialog.subject.currentText() == "BTC"


def test_the_form_writes_the_rule(dialog):
    dialog.quantity.setCurrentText("distance")
    dialog.subject.setCurrentText("main")
    dialog.op.setCurrentText("<")
    dialog.value.setText("8%")
    dialog.value.textEdited.emit("8%")
    assert dialog.entry.text() == "warn main distance < 8%"
    dialog.quantity.setCurrentText("down")
    dialog.subject.setCurrentText("okx")
    dialog.value.setText("")
    dialog.write_text()
    assert dialog.entry.text() == "warn okx down"
    assert not dialog.op.isEnabled()
    assert "okx has been down for 60 s" in dialog.reading()


def test_what_is_kept_is_said_once_with_the_text_in_the_line(dialog, qtbot):
    dialog.entry.setText("  BTC   price < 60000 ")
    row = next(dialog.built_in.item(i) for i, rule in enumerate(RULES) if rule.id == "stop_missing")
    row.setCheckState(Qt.CheckState.Unchecked)
    with qtbot.waitSignal(dialog.rules_chosen) as chosen:
        dialog.accept()
    (settings,) = chosen.args
    assert settings.rules == ("ETH price > 5000", "BTC price < 60000")
    assert set(settings.off) == {"book_stale", "stop_missing"}
    assert settings.volume == 0.3


def test_a_wrong_text_in_the_line_keeps_the_dialog_open(dialog, qtbot):
    dialog.entry.setText("BTC")
    with qtbot.assertNotEmitted(dialog.rules_chosen):
        dialog.accept()
    assert dialog.result() == 0
    dialog.entry.clear()
    with qtbot.waitSignal(dialog.rules_chosen):
        dialog.accept()


def test_the_key_enter_adds_the_rule_and_keeps_the_dialog_open(dialog, qtbot):
    dialog.show()
    dialog.entry.setText("BTC price < 60000")
    qtbot.keyClick(dialog.entry, Qt.Key.Key_Return)
    assert dialog.rules() == ("ETH price > 5000", "BTC price < 60000")
    qtbot.keyClick(dialog.entry, Qt.Key.Key_Return)
    assert dialog.isVisible()


def test_a_chosen_rule_is_edited_or_removed(dialog):
    dialog.own.setCurrentRow(0)
    dialog.edit()
    assert (dialog.rules(), dialog.entry.text()) == ((), "ETH price > 5000")
    dialog.add()
    dialog.own.setCurrentRow(0)
    dialog.remove()
    assert dialog.rules() == ()
    dialog.remove()
