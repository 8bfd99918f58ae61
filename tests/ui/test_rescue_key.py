"""One key brings the rescue to the front, with what the desk knows already."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt

from tests.ui.decisions import sample_answer, sample_decision, sample_scenario
from ui.bridge import Bridge
from ui.main_window import MainWindow
from ui.theme import DARK
from workstation.market.catalogue import Catalogue
from workstation.paths import sample_path
from workstation.portfolio.formats import registry


@pytest.fixture
def window(qtbot, desk):
    desk.portfolio = registry.read(sample_path(), Catalogue.embedded())
    window = MainWindow(Bridge(desk), desk.settings, DARK, asks=False)
    qtbot.addWidget(window)
    window.show()
    yield window
    window.close()


def test_f9_shows_the_list_of_what_is_liquidated_next(qtbot, window, desk):
    desk.risk, desk.scenario = sample_answer()[0].before, sample_scenario()
    desk.decision = sample_decision()
    window.bridge.repeat()
    panel = window.workspace.panel("rescue")
    assert not panel.isVisible()  # a tab behind another
    qtbot.keyClick(window, Qt.Key.Key_F9)
    qtbot.waitUntil(panel.isVisible)
    assert panel.model.rowCount() >= 3
    assert panel._head.text().startswith("Cheapest way out at BTC 60,000: pays $75.92")


def test_the_rescue_is_in_the_palette_with_its_key(window):
    command = next(c for c in window.book.commands() if c.id == "view.rescue")
    assert command.shortcut == "F9"


def test_a_position_is_added_to_the_copy_only_while_there_is_one(window, desk):
    def offered():
        return next(c for c in window.book.commands() if c.id == "file.add_to_copy").enabled

    assert not offered()
    desk.copy = desk.portfolio
    assert offered()
