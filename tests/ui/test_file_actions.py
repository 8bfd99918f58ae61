"""What the window says of a file that is refused, and when it stops saying it."""

from __future__ import annotations

import dataclasses

import pytest
from PySide6.QtWidgets import QMainWindow

from ui.actions.file import FileActions
from ui.dialogs.text import TextDialog
from ui.theme import DARK
from workstation.errors import FileProblem, PortfolioFileError
from workstation.market.catalogue import Catalogue
from workstation.paths import sample_path
from workstation.portfolio.formats import registry


@pytest.fixture
def window(qtbot):
    window = QMainWindow()
    qtbot.addWidget(window)
    window.show()
    return window


@pytest.fixture
def actions(window, bridge):
    return FileActions(window, bridge, DARK, None, asks=False)


def refusal(words):
    problem = FileProblem(where="line 3", offending="", expected=words)
    return PortfolioFileError("book.toml", [problem])


def dialogs(window):
    return [dialog for dialog in window.findChildren(TextDialog) if dialog.isVisible()]


def test_a_refusal_does_not_block_the_window(actions, window):
    actions.show_refusal(refusal("is missing"))
    (dialog,) = dialogs(window)
    assert not dialog.isModal()


def test_another_refusal_takes_the_place_of_the_first(actions, window):
    actions.show_refusal(refusal("is missing"))
    actions.show_refusal(refusal("is too much"))
    (dialog,) = dialogs(window)
    assert "is too much" in dialog.text()


def test_the_refusal_goes_when_a_good_version_has_been_read(actions, window, bridge, desk):
    actions.show_refusal(refusal("is missing"))
    bridge.portfolio_changed.emit(None)  # a live account came or went: the file is as it was
    assert dialogs(window)
    desk.portfolio = registry.read(sample_path(), Catalogue.embedded())
    bridge.portfolio_changed.emit(desk.portfolio)
    assert not dialogs(window)
    desk.portfolio = dataclasses.replace(desk.portfolio)
    bridge.portfolio_changed.emit(desk.portfolio)  # and nothing is left to close


def test_accounts_without_a_file_leave_nothing_to_close(actions, desk, monkeypatch):
    (close,) = (command for command in actions.commands() if command.id == "file.close")
    assert "open a portfolio file" in close.lacking
    desk.portfolio = registry.read(sample_path(), Catalogue.embedded())
    monkeypatch.setattr(type(desk), "from_file", None)
    (close,) = (command for command in actions.commands() if command.id == "file.close")
    assert "Accounts at exchanges" in close.lacking
