"""Where a secret is kept: in this system's keyring, or in memory where there is none."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QTimer, Slot
from PySide6.QtWidgets import QLabel

from ui.style import tint
from ui.theme import Theme
from workstation.services.key_store import ask_problem

LOOK_MS: Final = 50
_ASKED: Final = "This system is asked whether it has a keyring…"


class KeyringNote(QLabel):
    """Says it once the system has answered; it is asked in a thread, for it may take its time.

    ``what`` is kept: "Keys are"; ``instead``: what else can be done without a keyring.
    """

    def __init__(self, what: str, theme: Theme, *, instead: str = "") -> None:
        super().__init__(_ASKED)
        self._what, self._instead = what, instead
        self.setWordWrap(True)
        tint(self, theme, "dim")
        self._problem = ask_problem()
        self._timer = QTimer(self)
        self._timer.setInterval(LOOK_MS)
        self._timer.timeout.connect(self.look)
        self._timer.start()

    @Slot()
    def look(self) -> None:
        """Take the answer, once it is there."""
        if not self._problem.done():
            return
        self._timer.stop()
        problem = self._problem.result()
        if problem is None:
            self.setText(f"{self._what} kept in this system's keyring.")
            return
        memory = f"{self._what} kept in memory, and forgotten when the program ends"
        self.setText(f"{memory}{self._instead}. {problem}")
