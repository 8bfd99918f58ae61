"""The program's icon, read from the packaged resources."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QIcon, QPixmap

from workstation import paths


def app_icon() -> QIcon:
    """Return the icon in one large size; Qt scales it down."""
    pixmap = QPixmap()
    pixmap.loadFromData(paths.resource("icons", "risk-workstation.svg").read_bytes())
    return QIcon(pixmap.scaled(256, 256, mode=Qt.TransformationMode.SmoothTransformation))
