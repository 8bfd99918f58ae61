"""How smooth the window is: paints counted, and how late the window's thread came to its work."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal, Slot
from PySide6.QtWidgets import QWidget

_BEAT_MS: Final = 10
_STALL_MS: Final = 50.0


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameReport:
    """What was measured since the last reset; a stall is the lateness of a beat of 10 ms."""

    painted: int
    longest_stall_ms: float
    stalls_over_50ms: int


class FrameMeter(QObject):
    """Counts the paints of one top-level window and times the beats of its thread.

    Signals
    -------
    first_painted : nothing; the window has been drawn for the first time
    """

    first_painted = Signal()

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._painted = self._stalls = 0
        self._longest_ms = 0.0
        self._was_painted = False
        self._beat = QTimer(self)
        self._beat.setTimerType(Qt.TimerType.PreciseTimer)
        self._beat.setInterval(_BEAT_MS)
        self._beat.timeout.connect(self._note_beat)
        window.installEventFilter(self)

    def start(self) -> None:
        self._last_s = time.perf_counter()
        self._beat.start()

    def stop(self) -> None:
        self._beat.stop()

    def reset(self) -> None:
        """Forget what was measured, as after the start."""
        self._painted = self._stalls = 0
        self._longest_ms = 0.0

    def report(self) -> FrameReport:
        return FrameReport(
            painted=self._painted,
            longest_stall_ms=self._longest_ms,
            stalls_over_50ms=self._stalls,
        )

    @Slot()
    def _note_beat(self) -> None:
        now_s = time.perf_counter()
        late_ms = (now_s - self._last_s) * 1_000 - _BEAT_MS
        self._last_s = now_s
        self._longest_ms = max(self._longest_ms, late_ms)
        self._stalls += late_ms > _STALL_MS

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        # every repaint of a widget or its children ends in one UpdateRequest to its window; only
        # the first picture comes without
        kind = event.type()
        if kind == QEvent.Type.UpdateRequest:
            self._painted += 1
        if not self._was_painted and kind in (QEvent.Type.UpdateRequest, QEvent.Type.Paint):
            self._was_painted = True
            QTimer.singleShot(0, self.first_painted.emit)
        return super().eventFilter(watched, event)
