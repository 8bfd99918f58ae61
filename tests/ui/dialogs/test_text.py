from PySide6.QtGui import QGuiApplication

from ui.dialogs.text import TextDialog


def test_markup_of_a_file_is_shown_as_it_is_and_can_be_copied(qtbot):
    dialog = TextDialog("Problems", "<b>row 3</b>: no price")
    qtbot.addWidget(dialog)
    dialog.copy()
    assert QGuiApplication.clipboard().text() == dialog.text() == "<b>row 3</b>: no price"
