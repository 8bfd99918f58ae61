"""Dialogs on a small screen: what is long scrolls, and no button is out of reach."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QEvent, QObject, QSize, Qt
from PySide6.QtWidgets import (
    QAbstractSpinBox,
    QComboBox,
    QDialog,
    QFrame,
    QLayout,
    QScrollArea,
    QSlider,
    QWidget,
)

FRAME: Final = QSize(20, 50)  # px, about as much as any system puts around a window
_LEAST_PX: Final = 60
_TURNED: Final = (QAbstractSpinBox, QComboBox, QSlider)  # by the wheel


class Scrolled(QScrollArea):
    """A layout that is as high as it needs where there is room, and scrolls where there is none.

    The wheel scrolls it: it turns no field that has not been entered first.
    """

    def __init__(self, layout: QLayout) -> None:
        super().__init__()
        self._inside = QWidget()
        self._inside.setLayout(layout)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setWidget(self._inside)
        for kind in _TURNED:
            for field in self._inside.findChildren(kind):
                field.setFocusPolicy(Qt.FocusPolicy.StrongFocus)  # which the wheel does not give
                field.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        wheel = event.type() == QEvent.Type.Wheel
        if wheel and isinstance(watched, _TURNED) and not watched.hasFocus():
            event.ignore()
            return True
        return super().eventFilter(watched, event)

    def sizeHint(self) -> QSize:
        return self._inside.sizeHint()

    def minimumSizeHint(self) -> QSize:
        bar_px = self.verticalScrollBar().sizeHint().width()
        return QSize(self._inside.minimumSizeHint().width() + bar_px, _LEAST_PX)


def fit(dialog: QDialog, width: int, height: int) -> None:
    """Give a dialog a size, or that of the screen where it has less."""
    dialog.resize(QSize(width, height).boundedTo(dialog.screen().availableSize() - FRAME))
