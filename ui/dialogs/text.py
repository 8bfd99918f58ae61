"""A text to read and to copy: problems of a file, diagnostics, the description of the program."""

from __future__ import annotations

import re
from typing import Final

from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QPlainTextEdit,
    QTextBrowser,
    QVBoxLayout,
    QWidget,
)

from ui.fitting import fit
from ui.theme import figure_font

_PICTURE: Final = re.compile(r"^!\[.*\]\(.*\)\n?", re.MULTILINE)


class TextDialog(QDialog):
    """Shows plain text; what a file says is never rendered.

    ``markdown`` is for a text of our own: its headings, lists and tables are shown as such, its
    pictures are left out.
    """

    def __init__(
        self, title: str, text: str, parent: QWidget | None = None, *, markdown: bool = False
    ) -> None:
        super().__init__(parent)
        self._source = text
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(title)
        fit(self, 820, 460)
        self._text: QPlainTextEdit | QTextBrowser
        if markdown:
            self._text = QTextBrowser()
            self._text.setOpenExternalLinks(True)
            self._text.setMarkdown(_PICTURE.sub("", text))
        else:
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
        self._source = text
        self._text.setPlainText(text)

    def text(self) -> str:
        return self._source

    @Slot()
    def copy(self) -> None:
        QGuiApplication.clipboard().setText(self.text())
