"""One thread that answers only the newest question; older ones that still wait are dropped."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

from workstation.services.courtesy import Courtesy

log = logging.getLogger(__name__)
Q = TypeVar("Q")
A = TypeVar("A")


class GivenUpError(Exception):
    """The answer is wanted no more."""


class LatestWorker(Generic[Q, A]):
    """Runs ``answer(question)`` on its own named thread; newest question and newest answer win.

    ``submit`` and ``take`` never block. A long answer calls ``checkpoint`` now and then, which
    pauses out of ``courtesy`` and raises once the answer was given up. Whoever makes a worker
    starts it, stops it and so joins its thread. A failing answer is logged and dropped; the thread
    lives on. ``took_s`` is how long the newest answer took, 0 before the first.
    """

    def __init__(
        self, name: str, answer: Callable[[Q], A], courtesy: Courtesy | None = None
    ) -> None:
        self._courtesy = courtesy or Courtesy()
        self._answer = answer
        self._changed = threading.Condition()
        self._question: Q | None = None
        self._result: A | None = None
        self._failure: str | None = None
        self._stopping = False
        self._given_up = False
        self.took_s = 0.0
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Drop what waits, finish what runs, join the thread."""
        with self._changed:
            self._stopping = self._given_up = True
            self._question = None
            self._changed.notify()
        if self._thread.is_alive():
            self._thread.join()

    def submit(self, question: Q) -> None:
        with self._changed:
            self._question = question
            self._changed.notify()

    def give_up(self) -> None:
        """Drop what waits, and what runs at its next checkpoint."""
        with self._changed:
            self._question, self._given_up = None, True

    def checkpoint(self) -> None:
        """Let the window go first; raise if the answer in work is wanted no more."""
        self._courtesy.wait()
        if self._given_up:
            raise GivenUpError

    def take(self) -> A | None:
        """Return the newest answer once, ``None`` when there is no new one."""
        with self._changed:
            result, self._result = self._result, None
        return result

    def take_failure(self) -> str | None:
        """Return the newest failure once, as a sentence."""
        with self._changed:
            failure, self._failure = self._failure, None
        return failure

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._stopping or self._question is not None)
                if self._stopping:
                    return
                question, self._question = self._question, None
                self._given_up = False
            assert question is not None
            began_s = time.monotonic()
            try:
                result = self._answer(question)
            except GivenUpError:
                continue
            except Exception as error:  # the thread's outermost loop: log and continue
                log.exception("%s failed", threading.current_thread().name)
                with self._changed:
                    self._failure = f"{threading.current_thread().name}: {error}"
                continue
            self.took_s = time.monotonic() - began_s
            with self._changed:
                self._result = result
