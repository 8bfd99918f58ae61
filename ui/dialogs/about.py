"""Version, licence, and what the program is built on."""

from __future__ import annotations

from importlib.metadata import version
from typing import Final

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QVBoxLayout, QWidget

from ui.icon import app_icon
from ui.style import plain_label
from workstation import __version__

_BUILT_ON: Final = ("PySide6-Essentials", "PySide6-QtAds", "pyqtgraph", "numpy", "numba", "ccxt")
_WORDS: Final = (
    "A desktop risk workstation for people who hold leveraged crypto positions.\n"
    "It reads markets and books; it never places an order. MIT licence."
)


class AboutDialog(QDialog):
    """The usual words."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("About Risk Workstation")
        icon = plain_label()
        icon.setPixmap(app_icon().pixmap(QSize(64, 64)))
        parts = " · ".join(f"{name} {version(name)}" for name in _BUILT_ON)
        texts = (f"Risk Workstation {__version__}", _WORDS, f"Built on {parts}")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 20, 24, 16)
        layout.setSpacing(12)
        layout.addWidget(icon)
        for text in texts:
            label = plain_label(text)
            label.setWordWrap(True)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            layout.addWidget(label)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        layout.addWidget(buttons)
        self.setMinimumWidth(440)
