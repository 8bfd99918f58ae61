from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import TypeVar

import pytest

from workstation.services.latest import LatestWorker

T = TypeVar("T")


def taken(take: Callable[[], T | None]) -> T:
    end = time.monotonic() + 5.0
    while (value := take()) is None:
        assert time.monotonic() < end, "no answer came"
        time.sleep(0.001)
    return value


def test_questions_that_wait_behind_a_newer_one_are_dropped():
    gate, asked = threading.Event(), []

    def answer(question: int) -> int:
        asked.append(question)
        gate.wait(5.0)
        return question

    worker = LatestWorker("answers", answer)
    worker.start()
    worker.submit(1)
    while not asked:
        time.sleep(0.001)
    for question in range(2, 10):
        worker.submit(question)
    gate.set()
    while taken(worker.take) != 9:
        pass
    worker.stop()
    assert asked == [1, 9]


def test_an_answer_is_given_once():
    worker = LatestWorker("answers", str)
    worker.start()
    worker.submit(7)
    assert taken(worker.take) == "7"
    assert worker.take() is None
    worker.stop()


def test_a_failing_answer_is_told_and_the_thread_lives_on(caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.CRITICAL, logger="workstation.services.latest")
    worker = LatestWorker("ratio", lambda question: 1 / question)
    worker.start()
    worker.submit(0)
    assert "division by zero" in taken(worker.take_failure)
    worker.submit(2)
    assert taken(worker.take) == 0.5
    worker.stop()


def test_stopping_drops_what_waits():
    gate, asked = threading.Event(), []

    def answer(question: int) -> int:
        asked.append(question)
        gate.wait(5.0)
        return question

    worker = LatestWorker("answers", answer)
    worker.start()
    worker.submit(1)
    while not asked:
        time.sleep(0.001)
    worker.submit(2)
    threading.Timer(0.05, gate.set).start()
    worker.stop()
    assert asked == [1]


def test_a_long_answer_that_is_given_up_ends_at_its_next_checkpoint():
    asked = []

    def answer(question: int) -> int:
        asked.append(question)
        while question == 1:
            worker.checkpoint()
            time.sleep(0.001)
        return question

    worker = LatestWorker("answers", answer)
    worker.start()
    worker.submit(1)
    while not asked:
        time.sleep(0.001)
    worker.give_up()
    worker.submit(2)
    assert taken(worker.take) == 2
    assert worker.take_failure() is None
    worker.submit(1)
    while asked != [1, 2, 1]:
        time.sleep(0.001)
    worker.stop()  # does not wait for an answer that nobody wants


def test_it_knows_how_long_the_newest_answer_took():
    worker = LatestWorker("answers", lambda question: time.sleep(question) or question)
    worker.start()
    assert worker.took_s == 0.0
    worker.submit(0.05)
    assert taken(worker.take) == 0.05
    assert worker.took_s >= 0.05
    worker.stop()
