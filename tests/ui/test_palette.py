import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMainWindow

from ui.commands import Command, CommandBook
from ui.palette import Palette, matching, score


class Source:
    """Offers what a test gives it, and keeps what was run."""

    def __init__(self):
        self.ran = []
        self.offered = [
            self.command("open", "Open portfolio…", shortcut="Ctrl+O"),
            self.command("sample", "Open sample"),
            self.command("crash", "Crash layout", menu="View", shortcut="F12"),
            self.command("step", "Step", menu="Market", lacking="Pause first."),
        ]

    def command(self, name, text, menu="File", **kwargs):
        return Command(
            id=name, menu=menu, text=text, help=text, run=lambda: self.ran.append(name), **kwargs
        )

    def commands(self):
        return self.offered


@pytest.fixture
def source():
    return Source()


@pytest.fixture
def palette(qtbot, source):
    window = QMainWindow()
    qtbot.addWidget(window)
    palette = Palette(CommandBook(window, (source,)), window)
    palette.show()
    return palette


def test_letters_must_stand_in_order():
    assert score("crl", "Crash layout") is not None
    assert score("lrc", "Crash layout") is None


def test_letters_that_begin_words_win():
    assert score("cl", "Crash layout") > score("cl", "Recall")


def test_best_match_stands_first(source):
    found = matching("crash", source.commands())
    assert found[0].text == "Crash layout"


def test_the_menu_may_be_typed_before_the_command_or_after_it(source):
    for letters in ("view crash", "crash view"):
        assert matching(letters, source.commands())[0].text == "Crash layout"


def test_a_name_weighs_more_than_the_menu(source):
    offered = [
        source.command("sound", "Sound", menu="Alerts"),
        source.command("log", "Log in its own window", menu="View/In its own window"),
        source.command("columns", "Columns of Alerts…", menu="View/Columns"),
        source.command("float", "Alerts in its own window", menu="View/In its own window"),
        source.command("alerts", "Alerts", menu="View/Panels"),
        source.command("live", "Live", menu="Market"),
    ]
    found = [command.id for command in matching("alerts", offered)]
    assert found == ["alerts", "float", "columns", "sound"]
    assert matching("Live", offered)[0].id == "live"


def test_what_shows_a_panel_stands_before_what_may_hide_it(source):
    offered = [
        source.command("toggle", "Alerts", menu="View/Panels", checked=True),
        source.command("go", "Go to Alerts", menu="View/Go to", also="Alerts"),
    ]
    for letters in ("Alerts", "al"):
        assert matching(letters, offered)[0].id == "go"


def test_without_letters_everything_stands_in_menu_order(source):
    assert matching(" ", source.commands()) == source.commands()


def test_command_that_does_not_apply_is_not_offered(palette):
    texts = [palette.model.command(row).text for row in range(palette.model.rowCount())]
    assert "Step" not in texts
    assert len(texts) == 3


def test_keyboard_alone_finds_and_runs_a_command(qtbot, palette, source):
    qtbot.keyClicks(palette.entry, "op")
    qtbot.keyClick(palette.entry, Qt.Key.Key_Down)
    qtbot.keyClick(palette.entry, Qt.Key.Key_Return)
    assert source.ran == ["open"] or source.ran == ["sample"]
    assert not palette.isVisible()


def test_enter_without_a_match_runs_nothing(qtbot, palette, source):
    assert not palette._nothing.isVisible()
    qtbot.keyClicks(palette.entry, "zzz")
    assert palette._nothing.isVisible()
    qtbot.keyClick(palette.entry, Qt.Key.Key_Return)
    assert source.ran == []
    assert palette.isVisible()
