"""What charts share: the span of time they show, the crosshair's time, and following the edge."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QObject, Signal

from workstation.units import DAY_MS, MINUTE_MS

EDGE_MARGIN: Final = 0.03  # share of the span that stays free to the right of the newest data
BARS_AT_FIRST: Final = 180
MIN_SPAN_MS: Final = 5.0 * MINUTE_MS
MAX_SPAN_MS: Final = 20.0 * 366 * DAY_MS
_VISIBLE_MOVE: Final = 1 / 2_000  # of the span: half a pixel on a wide chart


class ChartGroup(QObject):
    """One time axis for many charts; each chart shows it, and asks here to move it.

    Signals
    -------
    range_changed : the user chose another span, ``start_ms`` to ``end_ms``
    cursor_moved : the crosshair is elsewhere, ``cursor_ms``
    following_changed : bool, whether the charts follow the newest data
    """

    range_changed = Signal()
    cursor_moved = Signal()
    following_changed = Signal(bool)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.start_ms = 0.0
        self.end_ms = 60.0 * MINUTE_MS
        self.interval_s = 0  # of the candles; 0 before any were shown
        self.first_ms = 0.0  # where the data begins
        self.edge_ms = 0.0  # where it ends: now, on the feed's clock
        self.cursor_ms: float | None = None
        self.following = True

    @property
    def span_ms(self) -> float:
        return self.end_ms - self.start_ms

    def show_bars(self, interval_s: int, edge_ms: float) -> None:
        """Show the newest bars of an interval and follow the edge; once an interval."""
        self.edge_ms, known, self.interval_s = edge_ms, self.interval_s, interval_s
        if interval_s == known:
            return
        span = BARS_AT_FIRST * interval_s * 1_000.0
        self.start_ms, self.end_ms = edge_ms - span, edge_ms
        self.follow()

    def set_edge(self, edge_ms: float) -> None:
        """Say where now is; the span follows, once that can be seen.

        No signal: charts show the span when their data is drawn, each in its own turn.
        """
        self.edge_ms, span_ms = edge_ms, self.span_ms
        if self.following and abs(self._end_at_edge() - self.end_ms) > span_ms * _VISIBLE_MOVE:
            self.start_ms, self.end_ms = self._end_at_edge() - span_ms, self._end_at_edge()

    def pan(self, by_ms: float) -> None:
        """Move by hand; moving past the newest data follows it again."""
        end = min(self.end_ms + by_ms, self._end_at_edge())
        self._show(end - self.span_ms, end)
        self._set_following(end >= self._end_at_edge())

    def zoom(self, factor: float, around_ms: float) -> None:
        """Show ``factor`` times the span; what lies at ``around_ms`` stays where it is.

        The newest data is followed as long as it stays in view.
        """
        span = min(max(self.span_ms * factor, MIN_SPAN_MS), MAX_SPAN_MS)
        share = (around_ms - self.start_ms) / self.span_ms
        start = around_ms - share * span
        self._show(start, start + span)
        self._set_following(self.end_ms >= self.edge_ms)

    def follow(self) -> None:
        """Go back to now and stay there."""
        self._show(self._end_at_edge() - self.span_ms, self._end_at_edge())
        self._set_following(True)

    def go_to_start(self) -> None:
        """Show the beginning of the data."""
        self._show(self.first_ms, self.first_ms + self.span_ms)
        self._set_following(self.end_ms >= self._end_at_edge())

    def move_cursor(self, time_ms: float | None) -> None:
        self.cursor_ms = time_ms
        self.cursor_moved.emit()

    def _end_at_edge(self) -> float:
        return self.edge_ms + EDGE_MARGIN * self.span_ms

    def _show(self, start_ms: float, end_ms: float) -> None:
        self.start_ms, self.end_ms = start_ms, end_ms
        self.range_changed.emit()

    def _set_following(self, following: bool) -> None:
        if following != self.following:
            self.following = following
            self.following_changed.emit(following)
