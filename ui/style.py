"""The theme on Qt's own widgets: palette, fonts and style sheet, generated from the tokens."""

from __future__ import annotations

from pathlib import Path
from string import Template
from typing import Final

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QFont, QHelpEvent, QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QApplication, QLabel, QSizePolicy, QToolTip, QWidget

from ui.theme import MIN_FONT_PX, Theme
from workstation import paths

LABEL_PX: Final = 13

_ROLES: Final = {
    QPalette.ColorRole.Window: "panel",
    QPalette.ColorRole.WindowText: "text",
    QPalette.ColorRole.Base: "background",
    QPalette.ColorRole.AlternateBase: "raised",
    QPalette.ColorRole.Text: "text",
    QPalette.ColorRole.Button: "raised",
    QPalette.ColorRole.ButtonText: "text",
    QPalette.ColorRole.BrightText: "text",
    QPalette.ColorRole.PlaceholderText: "faint",
    QPalette.ColorRole.ToolTipBase: "raised",
    QPalette.ColorRole.ToolTipText: "text",
    QPalette.ColorRole.Highlight: "line",
    QPalette.ColorRole.HighlightedText: "text",
    QPalette.ColorRole.Link: "long",
    QPalette.ColorRole.Light: "line",
    QPalette.ColorRole.Mid: "line",
    QPalette.ColorRole.Dark: "line",
}
_WHEN_DISABLED: Final = (
    QPalette.ColorRole.WindowText,
    QPalette.ColorRole.Text,
    QPalette.ColorRole.ButtonText,
)

# QLabel has no colour here: a label takes its token through its palette (``tint``).
_SHEET: Final = Template("""
QMainWindow, QDialog { background: $panel; }
QToolTip { background: $raised; color: $text; border: 1px solid $line; padding: 4px; }

QMenuBar { background: $panel; color: $dim; border-bottom: 1px solid $line; }
QMenuBar::item { padding: 4px 10px; background: transparent; }
QMenuBar::item:selected { background: $raised; color: $text; }
QMenu { background: $raised; color: $text; border: 1px solid $line; padding: 4px 0; }
QMenu::item { padding: 5px 28px 5px 24px; }
QMenu::item:selected { background: $line; }
QMenu::item:disabled { color: $faint; }
QMenu::separator { height: 1px; background: $line; margin: 4px 0; }

QStatusBar { background: $panel; border-top: 1px solid $line; }
QStatusBar::item { border: none; }

QPushButton, QToolButton {
    background: $raised; color: $text; border: 1px solid $line; border-radius: 3px;
    padding: 4px 12px;
}
QToolButton { padding: 2px 6px; }
QPushButton:hover, QToolButton:hover { border-color: $faint; }
QPushButton:pressed, QToolButton:pressed, QToolButton:checked { background: $line; }
QPushButton:default { border-color: $long; }
QPushButton:focus, QToolButton:focus { border-color: $long; }
QPushButton:disabled, QToolButton:disabled { color: $faint; }

QLineEdit, QComboBox, QAbstractSpinBox, QPlainTextEdit, QDateTimeEdit {
    background: $background; color: $text; border: 1px solid $line; border-radius: 3px;
    padding: 3px 6px; selection-background-color: $line; selection-color: $text;
}
QLineEdit:focus, QComboBox:focus, QAbstractSpinBox:focus { border-color: $long; }
QAbstractSpinBox::up-button, QAbstractSpinBox::down-button { width: 0; border: none; }
QLineEdit:disabled, QComboBox:disabled, QAbstractSpinBox:disabled {
    background: transparent; color: $faint; placeholder-text-color: $dim;
    border: 1px dashed $line;
}
QComboBox::drop-down { border: none; width: 18px; }
QComboBox::down-arrow { image: url("$chevron"); width: 10px; height: 10px; }
QCheckBox::indicator, QAbstractItemView::indicator {
    width: 12px; height: 12px; background: $background; border: 1px solid $dim; border-radius: 2px;
}
QCheckBox::indicator:focus { border-color: $long; }
QCheckBox::indicator:checked, QAbstractItemView::indicator:checked {
    background: $long; border-color: $long; image: url("$check");
}
QCheckBox::indicator:disabled, QAbstractItemView::indicator:disabled { border-color: $line; }
QCheckBox::indicator:checked:disabled, QAbstractItemView::indicator:checked:disabled {
    background: $line;
}
QDialogButtonBox { dialogbuttonbox-buttons-have-icons: 0; }
QComboBox QAbstractItemView { background: $raised; border: 1px solid $line; }

QAbstractItemView { background: $panel; border: none; outline: 0; gridline-color: $line; }
QAbstractItemView::item:selected { background: $line; color: $text; }
QHeaderView { background: $panel; border: none; }
QHeaderView::section {
    background: $panel; color: $dim; border: none; border-bottom: 1px solid $line;
    padding: 4px 5px; font-size: 12px;
}
QHeaderView::up-arrow, QHeaderView::down-arrow {
    subcontrol-origin: margin; subcontrol-position: top center; width: 9px; height: 9px;
}
QScrollArea, QAbstractScrollArea { border: none; }
QScrollBar { background: transparent; border: none; }
QScrollBar:vertical { width: 10px; }
QScrollBar:horizontal { height: 10px; }
QScrollBar::handle { background: $line; border-radius: 4px; margin: 1px; }
QScrollBar::handle:vertical { min-height: 24px; }
QScrollBar::handle:horizontal { min-width: 24px; }
QScrollBar::handle:hover { background: $faint; }
QScrollBar::add-line, QScrollBar::sub-line { width: 0; height: 0; }
QScrollBar::add-page, QScrollBar::sub-page { background: transparent; }

QSlider::groove:horizontal { height: 3px; background: $line; border-radius: 1px; }
QSlider::sub-page:horizontal { background: $dim; border-radius: 1px; }
QSlider::handle:horizontal {
    background: $text; width: 12px; height: 12px; margin: -5px 0; border-radius: 6px;
}
QTabWidget::pane { border: none; border-top: 1px solid $line; }
QTabBar::tab { background: transparent; color: $dim; padding: 6px 12px; border: none; }
QTabBar::tab:selected { color: $text; border-bottom: 2px solid $long; }

ads--CDockContainerWidget, ads--CDockAreaWidget, ads--CDockWidget { background: $panel; }
ads--CDockSplitter::handle { background: $line; }
ads--CDockSplitter::handle:horizontal { width: 1px; }
ads--CDockSplitter::handle:vertical { height: 1px; }
ads--CDockAreaTitleBar { background: $panel; border-bottom: 1px solid $line; padding: 0 4px; }
ads--CDockWidgetTab { background: transparent; padding: 5px 4px 3px 4px; }
ads--CDockWidgetTab[activeTab="true"] { border-bottom: 2px solid $long; }
ads--CDockWidgetTab QLabel { color: $dim; }
ads--CDockWidgetTab[activeTab="true"] QLabel { color: $text; font-weight: 600; }
ads--CTitleBarButton { border: none; background: transparent; padding: 2px; }
ads--CTitleBarButton:hover { background: $line; }
ads--CFloatingDockContainer { background: $panel; border: 1px solid $line; }

QLabel[role="badge"] { background: $raised; border-radius: 3px; padding: 2px 7px; }
QLabel[role="help"] { color: $dim; }
QFrame[role="bar"] { background: $raised; border-bottom: 1px solid $line; }
QFrame[role="rule"] { background: $line; }
""")


def sheet(theme: Theme) -> str:
    """Return the style sheet of a theme."""
    names = ("background", "panel", "raised", "line", "text", "dim", "faint", "long")
    tokens = {name: getattr(theme, name) for name in names}
    icons = {
        name: Path(str(paths.resource("icons", file))).as_posix()
        for name, file in (("chevron", "chevron-down.svg"), ("check", "check.svg"))
    }
    return _SHEET.substitute(tokens | icons)


def palette(theme: Theme) -> QPalette:
    """Return the palette of a theme."""
    colours = QPalette()
    for role, token in _ROLES.items():
        colours.setColor(role, theme.colour(token))
    for role in _WHEN_DISABLED:
        colours.setColor(QPalette.ColorGroup.Disabled, role, theme.colour("faint"))
    return colours


def apply(theme: Theme) -> None:
    """Dress the whole application in a theme."""
    application = QApplication.instance()
    assert isinstance(application, QApplication)
    application.setStyle("Fusion")
    application.setPalette(palette(theme))
    font = QFont(application.font())
    font.setPixelSize(LABEL_PX)
    application.setFont(font)
    application.setStyleSheet(sheet(theme))


def tint(widget: QWidget, theme: Theme, token: str) -> None:
    """Give a widget's text the colour of a token; cheap enough for a value that changes."""
    colours = widget.palette()
    colour = theme.colour(token)
    if colours.color(QPalette.ColorRole.WindowText) != colour:
        colours.setColor(QPalette.ColorRole.WindowText, colour)
        widget.setPalette(colours)


def caption_font() -> QFont:
    """Return the face of small labels: capitals a little apart."""
    font = QFont(QApplication.font())
    font.setPixelSize(MIN_FONT_PX)
    font.setCapitalization(QFont.Capitalization.AllUppercase)
    font.setLetterSpacing(QFont.SpacingType.AbsoluteSpacing, 0.4)
    return font


def label_font() -> QFont:
    """Return the face of a sentence that stands among small figures."""
    font = QFont(QApplication.font())
    font.setPixelSize(MIN_FONT_PX)
    return font


def plain_label(text: str = "", parent: QWidget | None = None) -> QLabel:
    """Return a label that shows its text as it is: what a file says is never markup."""
    label = QLabel(text, parent)
    label.setTextFormat(Qt.TextFormat.PlainText)
    return label


class ElidedLabel(QLabel):
    """A label of one line that gives way: what does not fit is cut, and said by the tooltip.

    It takes the room that others leave; one that ``asks`` wants as much as its text needs.
    """

    def __init__(
        self, text: str = "", parent: QWidget | None = None, *, asks: bool = False
    ) -> None:
        super().__init__(text, parent)
        self.setTextFormat(Qt.TextFormat.PlainText)
        policies = QSizePolicy.Policy
        self.setSizePolicy(policies.Preferred if asks else policies.Ignored, policies.Preferred)

    def minimumSizeHint(self) -> QSize:
        return QSize(1, super().minimumSizeHint().height())

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and self._shown() != self.text():
            words = "\n".join(filter(None, (self.text(), self.toolTip())))
            QToolTip.showText(event.globalPos(), words, self)
            return True
        return super().event(event)

    def paintEvent(self, _: QPaintEvent) -> None:
        painter = QPainter(self)
        self.style().drawItemText(
            painter,
            self.contentsRect(),
            int(self.alignment()),
            self.palette(),
            self.isEnabled(),
            self._shown(),
            self.foregroundRole(),
        )

    def _shown(self) -> str:
        room = self.contentsRect().width()
        return self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, room)
