import dataclasses

import pytest

from ui.dialogs.settings import SettingsDialog
from workstation.settings import PAGES, Settings, WindowSettings


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
