from PySide6.QtGui import QGuiApplication

from ui.dialogs.text import TextDialog


def test_markup_of_a_file_is_shown_as_it_is_and_can_be_copied(qtbot):
    dialog = TextDialog("Problems", "<b>row 3</b>: no price")
    qtbot.addWidget(dialog)
    dialog.copy()
    assert QGuiApplication.clipboard().text() == dialog.text() == "<b>row 3</b>: no price"


def test_a_text_of_our_own_is_shown_as_it_is_meant_and_copied_as_it_was_written(qtbot):
    text = "# Title\n\n![a picture](resources/none.png)\n\n- **bold**\n"
    dialog = TextDialog("About", text, markdown=True)
    qtbot.addWidget(dialog)
    shown = dialog._text.toPlainText()
    assert "#" not in shown
    assert "**" not in shown
    assert "picture" not in shown
    assert dialog.text() == text
