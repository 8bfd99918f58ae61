"""The program's icon, read from the packaged resources."""

from __future__ import annotations

from PySide6.QtCore import QByteArray, Qt
from PySide6.QtGui import QIcon, QPixmap

from workstation import paths


def app_icon() -> QIcon:
    """Return the icon in one large size; Qt scales it down."""
    drawing = QByteArray(paths.resource("icons", "risk-workstation.svg").read_bytes())
    pixmap = QPixmap()
    pixmap.loadFromData(drawing, "SVG")
    return QIcon(pixmap.scaled(256, 256, mode=Qt.TransformationMode.SmoothTransformation))
