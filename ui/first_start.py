"""The bar of the first start: four ways out of the demo."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QSize, Signal, Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QSizePolicy, QToolButton

from ui.style import ElidedLabel

_WORDS: Final = "You are looking at an invented market{book}. Make it yours:"
_SAMPLE: Final = " and a sample book"
_KEEP, _CLOSE = "Keep the demo", "\N{MULTIPLICATION SIGN}"
_ROOMY_PX: Final = 800  # from here on there is room for words on the button that closes it
_LEAST_PX: Final = 620
_WAYS: Final = (  # command, what its button says
    ("market.live", "Watch live prices"),
    ("file.add_position", "Add a position"),
    ("file.open", "Open a file"),
    ("file.address", "Public Hyperliquid address"),
)


class FirstStartBar(QFrame):
    """Offers the four commands; goes away when one is taken or it is closed.

    Signals
    -------
    left : nothing; the bar has gone for good
    """

    left = Signal()

    def __init__(self, run_command: Callable[[str], None]) -> None:
        super().__init__()
        self._run = run_command
        self.setProperty("role", "bar")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(14, 6, 10, 6)
        self._sentence = ElidedLabel()
        self._sentence.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Preferred)
        layout.addWidget(self._sentence)
        for command, words in _WAYS:
            button = QPushButton(words)
            button.setObjectName(command)
            button.clicked.connect(self._take)
            layout.addWidget(button)
        layout.addStretch(1)
        self._close = QToolButton()
        self._close.setText(_KEEP)
        self._close.setToolTip("Hide this bar; everything on it stays in the File and Market menus")
        self._close.clicked.connect(self.leave)
        layout.addWidget(self._close)
        self.show_sample(on=True)

    def show_sample(self, *, on: bool) -> None:
        """Name the sample book while it is open."""
        self._sentence.setText(_WORDS.format(book=_SAMPLE if on else ""))

    def sentence(self) -> str:
        return self._sentence.text()

    def minimumSizeHint(self) -> QSize:
        return QSize(_LEAST_PX, super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._close.setText(_KEEP if self.width() >= _ROOMY_PX else _CLOSE)

    @Slot()
    def leave(self) -> None:
        """Go away: nobody needs the way out of the demo any more."""
        self.hide()
        self.left.emit()

    @Slot()
    def _take(self) -> None:
        command = self.sender().objectName()
        self.leave()
        self._run(command)
