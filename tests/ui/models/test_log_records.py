import logging
import threading

import pytest

from ui.models.log_records import MAX_LINES, LogBook, LogRecordModel
from ui.theme import DARK


@pytest.fixture
def book():
    return LogBook()


def record(text, level=logging.INFO, error=None):
    info = (type(error), error, None) if error is not None else None
    return logging.LogRecord("a.module", level, "file.py", 1, text, (), info)


def test_only_what_came_since_the_last_look_is_returned(book):
    book.handle(record("first"))
    lines, seen = book.since(0)
    book.handle(record("second"))
    newer, _ = book.since(seen)
    assert [line.text for line in lines] == ["first"]
    assert [line.text for line in newer] == ["second"]


def test_burst_keeps_the_newest_lines(book):
    for number in range(MAX_LINES + 5):
        book.handle(record(str(number)))
    lines, seen = book.since(0)
    assert (len(lines), lines[0].text, seen) == (MAX_LINES, "5", MAX_LINES + 5)


def test_error_is_one_sentence_without_traceback(book):
    book.handle(record("The poll failed", logging.ERROR, ValueError("no price")))
    (line,), _ = book.since(0)
    assert line.text == "The poll failed: ValueError: no price"


def test_lines_of_many_threads_all_arrive(book):
    def write():
        for _ in range(100):
            book.handle(record("x"))

    threads = [threading.Thread(target=write, name=f"writer {n}") for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert book.since(0)[1] == 400


def test_model_keeps_qt_rules_and_its_bound(book, qtmodeltester):
    model = LogRecordModel(DARK)
    for number in range(MAX_LINES):
        book.handle(record(str(number)))
    model.append(book.since(0)[0])
    book.handle(record("newest", logging.ERROR))
    model.append(book.since(MAX_LINES)[0])
    assert model.rowCount() == MAX_LINES
    assert model.line(MAX_LINES - 1).text == "newest"
    qtmodeltester.check(model)
