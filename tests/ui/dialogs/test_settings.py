import dataclasses

import pytest
from PySide6.QtWidgets import QLabel, QTabWidget

from ui.dialogs.settings import SettingsDialog
from workstation.settings import PAGES, RiskSettings, Settings, WindowSettings


@pytest.fixture
def dialog(qtbot):
    dialog = SettingsDialog(Settings())
    qtbot.addWidget(dialog)
    return dialog


def test_every_declared_setting_has_an_editor(dialog):
    declared = {
        (page, item.name)
        for page in PAGES
        for item in dataclasses.fields(getattr(Settings(), page))
        if not item.metadata["own_dialog"]
    }
    assert dialog.editors.keys() == declared


def test_untouched_dialog_gives_the_settings_back(dialog, qtbot):
    with qtbot.waitSignal(dialog.settings_chosen) as chosen:
        dialog.accept()
    assert chosen.args == [Settings()]


def test_changed_settings_are_chosen(dialog, qtbot):
    dialog.editors["window", "theme"].write("light")
    dialog.editors["market", "venues"].write(("okx", "bybit"))
    with qtbot.waitSignal(dialog.settings_chosen) as chosen:
        dialog.accept()
    settings = chosen.args[0]
    assert settings.window == WindowSettings(theme="light")
    assert settings.market.venues == ("okx", "bybit")


def test_range_of_a_number_is_that_of_its_declaration(dialog):
    box = dialog.editors["market", "poll_interval_s"].widget
    assert (box.minimum(), box.maximum(), box.suffix()) == (0.5, 60.0, " s")


def test_a_share_is_written_in_percent_and_comes_back_as_it_was(qtbot):
    dialog = SettingsDialog(Settings(risk=RiskSettings(buffer=0.125)))
    qtbot.addWidget(dialog)
    box = dialog.editors["risk", "buffer"].widget
    assert (box.text(), box.maximum()) == ("12.5 %", 100.0)
    assert dialog.editors["alerts", "volume"].widget.text() == "60.0 %"
    with qtbot.waitSignal(dialog.settings_chosen) as chosen:
        dialog.accept()
    assert chosen.args[0].risk.buffer == 0.125


def test_a_volatility_is_written_in_percent_and_nothing_means_not_given(qtbot):
    dialog = SettingsDialog(Settings(risk=RiskSettings(implied_volatility=0.625)))
    qtbot.addWidget(dialog)
    editor = dialog.editors["risk", "implied_volatility"]
    assert (editor.widget.text(), editor.widget.maximum()) == ("62.5 %", 1_000.0)
    assert editor.read() == 0.625
    editor.widget.setValue(0.0)
    assert editor.widget.text() == "not given"
    assert editor.read() == 0.0


def test_a_label_is_of_words_and_names_no_unit_of_the_file(dialog):
    labels = {label.text() for label in dialog.findChildren(QLabel)}
    assert {"Withdrawal fee", "Slippage", "Quiet hours", "Alerts"} <= labels
    assert not {"On", "Quiet", "Fee usd", "Slippage bps", "Minutes"} & labels


def test_help_is_as_high_as_its_lines_so_that_it_stands_right_below_its_field(dialog):
    dialog.show()
    pages = dialog.findChild(QTabWidget)
    for number in range(pages.count()):
        pages.setCurrentIndex(number)
        for label in pages.currentWidget().findChildren(QLabel):
            if label.property("role") == "help":
                assert label.height() == label.heightForWidth(label.width()), label.text()


def test_defaults_come_back(qtbot):
    dialog = SettingsDialog(Settings(window=WindowSettings(theme="light")))
    qtbot.addWidget(dialog)
    dialog.show_defaults()
    with qtbot.waitSignal(dialog.settings_chosen) as chosen:
        dialog.accept()
    assert chosen.args == [Settings()]


def test_refused_setting_is_said_and_the_dialog_stays(dialog, qtbot, monkeypatch):
    editor = dialog.editors["window", "theme"]
    dialog.editors["window", "theme"] = dataclasses.replace(editor, read=lambda: "pink")
    with qtbot.assertNotEmitted(dialog.settings_chosen):
        dialog.accept()
    assert "window.theme: must be one of dark, light, was 'pink'" in dialog.problems()
