"""A text to read and to copy: problems of a file, diagnostics, the description of the program."""

from __future__ import annotations

from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QPlainTextEdit, QVBoxLayout, QWidget

from ui.theme import figure_font


class TextDialog(QDialog):
    """Shows plain text; what a file says is never rendered."""

    def __init__(self, title: str, text: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(title)
        self.resize(820, 460)
        self._text = QPlainTextEdit(text)
        self._text.setReadOnly(True)
        self._text.setFont(figure_font())
        kinds = QDialogButtonBox.StandardButton
        buttons = QDialogButtonBox(kinds.Close)
        copy = buttons.addButton("Copy", QDialogButtonBox.ButtonRole.ActionRole)
        copy.clicked.connect(self.copy)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(self._text)
        layout.addWidget(buttons)

    def show_text(self, title: str, text: str) -> None:
        """Show another text in place of this one."""
        self.setWindowTitle(title)
        self._text.setPlainText(text)

    def text(self) -> str:
        return self._text.toPlainText()

    @Slot()
    def copy(self) -> None:
        QGuiApplication.clipboard().setText(self.text())
