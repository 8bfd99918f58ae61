import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QDialog, QMainWindow

from tests.ui.test_palette import Source
from ui.commands import CommandBook


@pytest.fixture
def window(qtbot):
    window = QMainWindow()
    qtbot.addWidget(window)
    return window


@pytest.fixture
def source():
    return Source()


def actions(window, menu):
    top = next(action for action in window.menuBar().actions() if action.text() == f"&{menu}")
    return [action for action in top.menu().actions() if not action.isSeparator()]


def test_every_command_stands_in_its_menu_with_its_key(window, source):
    CommandBook(window, (source,))
    first, second = actions(window, "File")
    assert (first.text(), second.text()) == ("Open portfolio…", "Open sample")
    assert first.shortcut() == QKeySequence("Ctrl+O")


def test_menu_entry_runs_its_command(window, source):
    CommandBook(window, (source,))
    actions(window, "File")[1].trigger()
    assert source.ran == ["sample"]


def test_command_that_does_not_apply_is_greyed_and_does_not_run(window, source):
    book = CommandBook(window, (source,))
    market = next(a for a in window.menuBar().actions() if a.text() == "&Market").menu()
    market.aboutToShow.emit()
    assert not actions(window, "Market")[0].isEnabled()
    market.aboutToHide.emit()
    actions(window, "Market")[0].trigger()
    said = []
    book.refused.connect(said.append)
    book.run("step")
    assert source.ran == []
    assert said == ["Pause first."]  # a key without an effect says why


def test_a_key_works_as_soon_as_its_command_applies_though_no_menu_was_opened(
    window, source, qtbot
):
    source.offered = [source.command("step", "Step", shortcut="Ctrl+Right", lacking="Pause first.")]
    CommandBook(window, (source,))
    with qtbot.waitExposed(window):
        window.show()
    qtbot.keyClick(window, Qt.Key.Key_Right, Qt.KeyboardModifier.ControlModifier)
    assert source.ran == []
    source.offered = [source.command("step", "Step", shortcut="Ctrl+Right")]
    qtbot.keyClick(window, Qt.Key.Key_Right, Qt.KeyboardModifier.ControlModifier)
    assert source.ran == ["step"]


def test_a_key_works_in_another_window_of_the_program_and_not_under_a_dialog(window, source, qtbot):
    source.offered = [source.command("step", "Step", shortcut="Ctrl+Right")]
    CommandBook(window, (source,))
    floating = QMainWindow()  # a window of its own, as a block that floats
    qtbot.addWidget(floating)
    for each in (window, floating):
        with qtbot.waitExposed(each):
            each.show()
    floating.activateWindow()
    qtbot.waitUntil(floating.isActiveWindow)
    qtbot.keyClick(floating, Qt.Key.Key_Right, Qt.KeyboardModifier.ControlModifier)
    assert source.ran == ["step"]
    dialog = QDialog(window)
    dialog.open()
    qtbot.waitUntil(dialog.isActiveWindow)
    qtbot.keyClick(dialog, Qt.Key.Key_Right, Qt.KeyboardModifier.ControlModifier)
    assert source.ran == ["step"]


def test_new_and_gone_commands_change_the_menus_when_they_open(window, source):
    book = CommandBook(window, (source,))
    source.offered = [source.command("new", "New", menu="File/Recent files")]
    book.refresh()
    submenu = actions(window, "File")[0].menu()
    assert [action.text() for action in submenu.actions()] == ["New"]


def test_tick_follows_the_command_and_not_the_click(window, source):
    source.offered = [source.command("tick", "Tick", checked=True)]
    CommandBook(window, (source,))
    action = actions(window, "File")[0]
    action.trigger()
    assert action.isChecked()


def test_unknown_command_is_an_error(window, source):
    with pytest.raises(KeyError):
        CommandBook(window, (source,)).run("nothing")
