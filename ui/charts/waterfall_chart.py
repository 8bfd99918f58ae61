"""Equity as a waterfall: now, what each event leaves, and the scenario."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from ui import format as fmt
from ui.theme import MIN_FONT_PX, Theme, figure_font
from workstation.risk.report import ScenarioReport

_HEIGHT: Final = 96
_LABEL_PX: Final = 18
_MOST_BARS: Final = 24  # more have no room for their labels
_GAP: Final = 0.18  # of a bar's place


class Bar(NamedTuple):
    """From one equity to another; a bar from zero shows a state, not a change."""

    label: str
    start_usd: float
    end_usd: float


def bars_of(report: ScenarioReport) -> list[Bar]:
    """Return equity now, a bar an event (with the way to it), and equity at the scenario."""
    if report.equity_before_usd is None or report.equity_after_usd is None:
        return []
    level = report.equity_before_usd
    bars = [Bar("now", 0.0, level)]
    events = report.events[: _MOST_BARS - 2]
    for event in events:
        bars.append(Bar(str(event.step), level, event.equity_after_usd))
        level = event.equity_after_usd
    bars.append(Bar("rest", level, report.equity_after_usd))
    bars.append(Bar("then", 0.0, report.equity_after_usd))
    return bars


class WaterfallChart(QWidget):
    """Bars with a label below each and the equity above the first and the last."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._bars: Sequence[Bar] = ()
        self.setFixedHeight(_HEIGHT)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setToolTip(
            "Equity of all accounts in USD: now, the change to each event and by it (numbers are "
            "the table's), the rest of the way, and at the scenario."
        )

    def show_report(self, report: ScenarioReport) -> None:
        self._bars = bars_of(report)
        self.update()

    def paintEvent(self, _: QPaintEvent) -> None:
        if not self._bars:
            return
        painter = QPainter(self)
        painter.setFont(figure_font(MIN_FONT_PX))
        ends = [edge for bar in self._bars for edge in (bar.start_usd, bar.end_usd)]
        low, high = min(0.0, *ends), max(0.0, *ends)
        room = self.height() - 2 * _LABEL_PX
        per_usd = room / ((high - low) or 1.0)
        place = self.width() / len(self._bars)
        for at, bar in enumerate(self._bars):
            top = _LABEL_PX + (high - max(bar.start_usd, bar.end_usd)) * per_usd
            height = max(1.0, abs(bar.end_usd - bar.start_usd) * per_usd)
            left = at * place + place * _GAP / 2
            is_state = at in (0, len(self._bars) - 1)
            falls = bar.end_usd < bar.start_usd
            token = "dim" if is_state else "down" if falls else "up"
            painter.fillRect(
                QRectF(left, top, place * (1 - _GAP), height), self._theme.colour(token)
            )
            painter.setPen(self._theme.colour("dim"))
            below = QRectF(at * place, self.height() - _LABEL_PX, place, _LABEL_PX)
            painter.drawText(below, int(Qt.AlignmentFlag.AlignCenter), bar.label)
            if is_state:
                painter.setPen(self._theme.colour("text"))
                above = QRectF(left - 40, 0, place + 80, _LABEL_PX)
                above.moveLeft(max(0.0, min(above.left(), self.width() - above.width())))
                words = fmt.usd_short(bar.end_usd)
                painter.drawText(above, int(Qt.AlignmentFlag.AlignCenter), words)
