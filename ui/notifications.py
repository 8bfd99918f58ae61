"""What went wrong, told twice: in the log, and as a sentence to the person. Never a traceback."""

from __future__ import annotations

import logging
import sys
import threading
from types import TracebackType
from typing import Final

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from ui.models.log_records import LogBook
from workstation.errors import WorkstationError

log = logging.getLogger(__name__)
_LOOK_MS: Final = 250


def install_excepthooks() -> None:
    """Route what nobody caught, in any thread, to the log; the window shows it from there."""
    sys.excepthook = _report
    threading.excepthook = _report_from_thread


def _report(
    kind: type[BaseException], error: BaseException, traceback: TracebackType | None
) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, traceback)
        return
    log.error("%s", sentence(error), exc_info=(kind, error, traceback))


def _report_from_thread(args: threading.ExceptHookArgs) -> None:
    if args.exc_value is None:
        return
    name = args.thread.name if args.thread is not None else "a thread"
    report = (args.exc_type, args.exc_value, args.exc_traceback)
    log.error("%s ended. %s", name, sentence(args.exc_value), exc_info=report)


def sentence(error: BaseException) -> str:
    """Return what to tell the person about an error."""
    if isinstance(error, WorkstationError):
        return error.user_message
    return "Something failed that should not. The program goes on; the log file has the details"


class Notifier(QObject):
    """Says in the window what the log received at WARNING or above, whichever thread wrote it.

    Signals
    -------
    noticed : str, a sentence for the status bar
    """

    noticed = Signal(str)

    def __init__(self, book: LogBook, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._book = book
        _, self._seen = book.since(0)
        self._timer = QTimer(self)
        self._timer.setInterval(_LOOK_MS)
        self._timer.timeout.connect(self.look)
        self._timer.start()

    def stop(self) -> None:
        self._timer.stop()

    @Slot()
    def look(self) -> None:
        """Say the newest of what came since the last look."""
        lines, self._seen = self._book.since(self._seen)
        grave = [line for line in lines if line.level >= logging.WARNING]
        if grave:
            self.noticed.emit(grave[-1].text)

    @Slot(str)
    def note(self, text: str) -> None:
        """Keep a sentence in the log and say it."""
        log.info("%s", text)
        self.noticed.emit(text)
