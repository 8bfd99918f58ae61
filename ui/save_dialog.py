"""The question where to write a file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QWidget


def ask_for_target(
    parent: QWidget, title: str, name: str, kinds: str, save: Callable[[str], None]
) -> None:
    """Ask where to save, and call ``save`` with the path that was chosen; returns at once.

    A name that is typed without an ending gets that of ``name``.
    """
    dialog = QFileDialog(parent, title, name, kinds)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    dialog.setDefaultSuffix(Path(name).suffix.removeprefix("."))
    dialog.fileSelected.connect(save)
    dialog.open()
