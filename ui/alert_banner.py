"""The bar above the charts that shows one alert at a time, the gravest and newest first."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QSize, Signal, Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QBoxLayout,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
)

from ui import format as fmt
from ui.style import plain_label, tint
from ui.theme import Theme
from ui.urgency import severity_token
from workstation.services.alert_service import AlertRecord

SNOOZES_MIN: Final = (5, 15, 60)
_ONE_LINE_PX: Final = 1_000  # below it the buttons stand under the sentence
_LEAST_PX: Final = 560


class AlertBanner(QFrame):
    """Shows a record and how many wait behind it; asks, and decides nothing.

    Signals
    -------
    acknowledged : nothing; a person has seen it
    dismissed : nothing; it is to go away
    snoozed : int, the minutes after which it is to come back if it still holds
    """

    acknowledged = Signal()
    dismissed = Signal()
    snoozed = Signal(int)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._record: AlertRecord | None = None
        self.setProperty("role", "bar")
        self._severity = plain_label()
        self._severity.setProperty("role", "badge")
        self._text = _wide_label()
        self._more = plain_label()
        self._lines = QBoxLayout(QBoxLayout.Direction.LeftToRight, self)
        self._lines.setContentsMargins(14, 6, 10, 6)
        says, layout = QHBoxLayout(), QHBoxLayout()
        says.addWidget(self._severity)
        says.addWidget(self._text, 1)
        says.addWidget(self._more)
        layout.addStretch(1)
        self._lines.addLayout(says, 1)
        self._lines.addLayout(layout)
        seen = self._button("Acknowledge", "Note in the list that you have seen it")
        seen.clicked.connect(self.acknowledged)
        layout.addWidget(seen)
        self._snooze_words = plain_label("Snooze")
        layout.addWidget(self._snooze_words)
        for minutes in SNOOZES_MIN:
            snooze = self._button(
                f"{minutes} min", f"Hide it; show it again in {minutes} minutes if it still holds"
            )
            snooze.setObjectName(str(minutes))
            snooze.clicked.connect(self._snooze)
            layout.addWidget(snooze)
        dismiss = self._button("Dismiss", "Hide it until it fires again; it stays in the list")
        dismiss.clicked.connect(self.dismissed)
        layout.addWidget(dismiss)
        self.hide()

    def minimumSizeHint(self) -> QSize:
        return QSize(_LEAST_PX, super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        ways = QBoxLayout.Direction
        one_line = self.width() >= _ONE_LINE_PX
        self._lines.setDirection(ways.LeftToRight if one_line else ways.TopToBottom)

    def text(self) -> str:
        return self._text.text()

    def show_record(self, record: AlertRecord | None, waiting: int) -> None:
        """Show an alert and how many wait behind it; ``None`` hides the bar."""
        self._record = record
        if record is None:
            self.hide()
            return
        fire = record.fire
        self._severity.setText(fire.severity.upper())
        held = " In its quiet hours: neither heard nor pushed now." if record.quiet else ""
        fired = f"Fired {fmt.utc_time(fire.time_ms)} UTC."  # its figures are of then
        self._text.setText(f"{fire.sentence}{held} {fired}")
        self._text.setToolTip(f"{fmt.full_time(fire.time_ms)}\n{fire.sentence}")
        self._more.setText(f"{waiting} more" if waiting else "")
        self._more.setToolTip(f"{waiting} more alerts wait; all stand in the Alerts panel")
        self._colour()
        self.show()

    def set_theme(self, theme: Theme) -> None:
        """Take on another theme's colours."""
        self._theme = theme
        self._colour()

    def _colour(self) -> None:
        if self._record is not None:
            token = severity_token(self._record.fire.severity)
            tint(self._severity, self._theme, token)
            tint(self._text, self._theme, "text")
        for label in (self._more, self._snooze_words):
            tint(label, self._theme, "dim")

    @staticmethod
    def _button(words: str, tip: str) -> QPushButton:
        button = QPushButton(words)
        button.setToolTip(tip)
        return button

    @Slot()
    def _snooze(self) -> None:
        self.snoozed.emit(int(self.sender().objectName()))


def _wide_label() -> QLabel:
    """Return a label for a long sentence that does not keep the window from becoming narrow."""
    label = plain_label()
    label.setWordWrap(True)
    label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
    return label
