import logging

import pytest
from PySide6.QtGui import QGuiApplication

from tests.ui.models.test_log_records import record
from ui.panels.log import LogPanel


@pytest.fixture
def panel(qtbot, context):
    context.log_book.handle(record("all is well"))
    context.log_book.handle(record("it is late", logging.WARNING))
    panel = LogPanel(context)
    qtbot.addWidget(panel)
    yield panel
    panel.close()


def test_lines_before_and_after_it_was_built_are_shown(panel, context):
    context.log_book.handle(record("later"))
    panel.take_lines()
    assert panel.model.rowCount() == 3


def test_level_hides_lesser_lines_and_is_kept(panel, qtbot, context):
    panel.restore({"level": "Warnings and errors"})
    panel.copy()
    assert "it is late" in QGuiApplication.clipboard().text()
    assert "all is well" not in QGuiApplication.clipboard().text()
    assert panel.state() == {"level": "Warnings and errors"}


def test_unreadable_state_is_the_default(panel):
    panel.restore({"level": 7})
    assert panel.state() == {"level": "Everything"}


def test_shown_panel_takes_lines_by_itself(panel, qtbot, context):
    panel.show()
    context.log_book.handle(record("later"))
    qtbot.waitUntil(lambda: panel.model.rowCount() == 3)
