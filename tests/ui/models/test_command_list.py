from tests.ui.test_palette import Source
from ui.models.command_list import CommandListModel


def test_model_keeps_qt_rules(qtmodeltester):
    model = CommandListModel(Source().commands())
    qtmodeltester.check(model)
    model.replace(())
    assert model.rowCount() == 0


def test_row_says_text_menu_and_key(qapp):
    model = CommandListModel(Source().commands())
    assert [model.index(2, column).data() for column in range(3)] == ["Crash layout", "View", "F12"]
