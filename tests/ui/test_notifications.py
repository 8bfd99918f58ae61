import logging
import sys
import threading

import pytest

from ui.models.log_records import LogBook
from ui.notifications import Notifier, install_excepthooks, sentence
from workstation.errors import WorkstationError


@pytest.fixture
def book():
    book = LogBook()
    root = logging.getLogger()
    root.addHandler(book)
    yield book
    root.removeHandler(book)


@pytest.fixture
def hooks(monkeypatch):
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)
    install_excepthooks()


def test_what_nobody_caught_is_a_sentence_in_the_window(hooks, book, qtbot):
    notifier = Notifier(book)
    error = WorkstationError("detail", user_message="The disk is full. Free some space.")
    with qtbot.waitSignal(notifier.noticed) as said:
        sys.excepthook(type(error), error, None)
    notifier.stop()
    assert said.args[0].startswith("The disk is full. Free some space.")


def test_failing_thread_is_reported_from_the_log(hooks, book, qtbot):
    def fail():
        raise ValueError("no")

    notifier = Notifier(book)
    thread = threading.Thread(target=fail, name="poller")
    with qtbot.waitSignal(notifier.noticed) as said:
        thread.start()
        thread.join()
    notifier.stop()
    assert said.args[0].startswith("poller ended.")


def test_unexpected_error_shows_no_internals():
    assert "KeyError" not in sentence(KeyError("x"))


def test_notice_is_kept_in_the_log(book, qtbot):
    notifier = Notifier(book)
    logging.getLogger("ui.notifications").setLevel(logging.INFO)
    with qtbot.waitSignal(notifier.noticed):
        notifier.note("The file was read again.")
    notifier.stop()
    assert [line.text for line in book.since(0)[0]] == ["The file was read again."]
