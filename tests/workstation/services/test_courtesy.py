"""Workers let the window go first, and never for good."""

import threading
import time

from workstation.services.courtesy import LONGEST_S, STEP_S, Courtesy
from workstation.services.latest import LatestWorker


def at_work(courtesy):
    """Let a window, in a thread of its own, begin its work."""
    window = threading.Thread(target=courtesy.busy, name="window")
    window.start()
    window.join()


def test_nobody_waits_for_a_window_that_is_idle():
    courtesy = Courtesy()
    at_work(courtesy)
    courtesy.idle()
    began_s = time.perf_counter()
    for _ in range(1_000):
        courtesy.wait()
    assert time.perf_counter() - began_s < LONGEST_S


def waited_s(courtesy):
    began_s = time.perf_counter()
    courtesy.wait()
    return time.perf_counter() - began_s


def test_a_window_that_is_never_idle_leaves_a_worker_its_share_however_often_that_asks():
    courtesy = Courtesy()
    at_work(courtesy)
    began_s, waits_s = time.perf_counter(), []
    while time.perf_counter() - began_s < 5 * (LONGEST_S + STEP_S):
        waits_s.append(waited_s(courtesy))
    paused = [wait_s for wait_s in waits_s if wait_s >= LONGEST_S / 2]
    assert 1 <= len(paused) <= 6
    assert len(waits_s) > 100


def test_the_window_never_waits_for_itself():
    courtesy = Courtesy()
    courtesy.busy()
    assert min(waited_s(courtesy) for _ in range(20)) < LONGEST_S / 10


def test_an_answer_goes_on_when_the_window_is_idle_again():
    courtesy, steps = Courtesy(), []
    asked = threading.Event()

    def answer(question):
        asked.wait()
        worker.checkpoint()
        steps.append(question)
        return question

    worker = LatestWorker("answers", answer, courtesy)
    worker.start()
    try:
        worker.submit("one")
        courtesy.busy()
        asked.set()
        time.sleep(LONGEST_S / 3)
        assert not steps
        courtesy.idle()
        end_s = time.perf_counter() + 5.0
        while worker.take() is None:
            assert time.perf_counter() < end_s
            time.sleep(0.001)
    finally:
        worker.stop()
    assert steps == ["one"]
