"""The settings dialog, generated from the declarations in ``workstation/settings.py``."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from PySide6.QtCore import QSize, Qt, Signal, Slot
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QDoubleSpinBox,
    QFormLayout,
    QLabel,
    QLineEdit,
    QSpinBox,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from ui.fitting import Scrolled, fit
from ui.style import plain_label
from ui.theme import MIN_FONT_PX
from workstation import settings as declarations
from workstation.errors import SettingsError
from workstation.settings import PAGES, Settings

Field = dataclasses.Field[Any]
_DECIMALS: Final = 2
_GAP_PX: Final = 8  # between a setting's help and the next setting


@dataclass(frozen=True, slots=True)
class _Editor:
    """A widget for one setting, and how its value is read and written."""

    widget: QWidget
    read: Callable[[], Any]
    write: Callable[[Any], None]


def _tick_box(_: Field) -> _Editor:
    box = QCheckBox()
    return _Editor(box, box.isChecked, box.setChecked)


def _choice(item: Field) -> _Editor:
    box = QComboBox()
    for choice in item.metadata["choices"]:
        box.addItem(str(choice), choice)
    return _Editor(box, box.currentData, lambda value: box.setCurrentIndex(box.findData(value)))


def _whole_number(item: Field) -> _Editor:
    box = QSpinBox()
    low, high = item.metadata["range"]
    box.setRange(int(low), int(high))
    return _Editor(box, box.value, box.setValue)


def _number(item: Field) -> _Editor:
    box = QDoubleSpinBox()
    low, high = item.metadata["range"]
    share = not item.metadata["unit"]  # people write it in percent
    times, unit = (100, "%") if share else (1, item.metadata["unit"])
    box.setDecimals(1 if share else _DECIMALS)
    box.setRange(low * times, high * times)
    box.setGroupSeparatorShown(True)
    if unit:
        box.setSuffix(f" {unit}")
    box.setSpecialValueText(item.metadata["zero"])  # stands for the least
    return _Editor(box, lambda: box.value() / times, lambda value: box.setValue(value * times))


def _list(_: Field) -> _Editor:
    line = QLineEdit()
    return _Editor(
        line,
        lambda: [part.strip() for part in line.text().split(",") if part.strip()],
        lambda values: line.setText(", ".join(values)),
    )


def _text(_: Field) -> _Editor:
    line = QLineEdit()
    return _Editor(line, line.text, line.setText)


_EDITORS: Final[dict[type, Callable[[Field], _Editor]]] = {
    bool: _tick_box,
    int: _whole_number,
    float: _number,
    tuple: _list,
    str: _text,
}


def _editor(item: Field) -> _Editor:
    make = _choice if item.metadata["choices"] else _EDITORS[type(item.default)]
    return make(item)


def _fields(section: Any) -> list[Field]:
    return [item for item in dataclasses.fields(section) if not item.metadata["own_dialog"]]


def _title(item: Field) -> str:
    stem = item.name.removesuffix("_s")
    return item.metadata["label"] or stem.replace("_", " ").capitalize()


class SettingsDialog(QDialog):
    """One page a section, one line a setting.

    Signals
    -------
    settings_chosen : Settings, checked
    """

    settings_chosen = Signal(object)

    def __init__(self, settings: Settings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Settings")
        fit(self, 640, 520)
        self._settings = settings
        self.editors: dict[tuple[str, str], _Editor] = {}
        pages = QTabWidget()
        for name in PAGES:
            pages.addTab(self._make_page(name), name.capitalize())
        self._problems = plain_label()
        self._problems.setWordWrap(True)
        layout = QVBoxLayout(self)
        layout.addWidget(pages)
        layout.addWidget(self._problems)
        layout.addWidget(self._make_buttons())

    def problems(self) -> str:
        """Return what is wrong with the entries, one sentence a line."""
        return self._problems.text()

    @Slot()
    def accept(self) -> None:
        """Say the settings if all are right; else say what is wrong."""
        problems: list[SettingsError] = []
        pages = {name: self._read_page(name, problems) for name in PAGES}
        self._problems.setText("\n".join(f"{error}." for error in problems))
        if problems:
            return
        self.settings_chosen.emit(dataclasses.replace(self._settings, **pages))
        super().accept()

    @Slot()
    def show_defaults(self) -> None:
        self._fill(Settings())

    def _make_page(self, name: str) -> QWidget:
        form = QFormLayout()
        form.setVerticalSpacing(2)
        section = getattr(self._settings, name)
        for item in _fields(section):
            editor = self.editors[name, item.name] = _editor(item)
            editor.widget.setToolTip(item.metadata["help"])
            editor.write(getattr(section, item.name))
            form.addRow(plain_label(_title(item)), editor.widget)
            form.addRow("", _Help(item.metadata["help"]))
        page = QVBoxLayout()
        page.addLayout(form)
        page.addStretch(1)  # else the lines part where there is room
        return Scrolled(page)

    def _make_buttons(self) -> QDialogButtonBox:
        kinds = QDialogButtonBox.StandardButton
        buttons = QDialogButtonBox(kinds.Ok | kinds.Cancel | kinds.RestoreDefaults)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        buttons.button(kinds.RestoreDefaults).clicked.connect(self.show_defaults)
        return buttons

    def _read_page(self, name: str, problems: list[SettingsError]) -> Any:
        section = getattr(self._settings, name)
        values = {}
        for item in _fields(section):
            try:
                raw = self.editors[name, item.name].read()
                values[item.name] = declarations.check(name, item, raw)
            except SettingsError as error:
                problems.append(error)
        return dataclasses.replace(section, **values)

    def _fill(self, settings: Settings) -> None:
        for (page, name), editor in self.editors.items():
            editor.write(getattr(getattr(settings, page), name))


class _Help(QLabel):
    """What a setting is: as high as its lines need at the width that it has."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.setTextFormat(Qt.TextFormat.PlainText)
        font = self.font()
        font.setPixelSize(MIN_FONT_PX)
        self.setFont(font)
        self.setProperty("role", "help")
        self.setContentsMargins(0, 0, 0, _GAP_PX)
        self.setWordWrap(True)

    def minimumSizeHint(self) -> QSize:
        # Qt reckons with a narrow column, whose many lines would part those that are few
        return QSize(super().minimumSizeHint().width(), self._one_line_px())

    def sizeHint(self) -> QSize:
        return QSize(super().sizeHint().width(), self._one_line_px())

    def _one_line_px(self) -> int:
        return self.fontMetrics().lineSpacing() + _GAP_PX
