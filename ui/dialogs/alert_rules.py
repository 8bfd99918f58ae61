"""The rules of the alerts: the built-in ones with a switch, and those that the user types.

A typed rule is read while it is typed: the line below says how it is understood, or what is wrong
and what was meant. The form above it writes the text, for whoever does not know the words.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from ui.fitting import Scrolled, fit
from ui.style import caption_font, plain_label, tint
from ui.theme import Theme, figure_font
from workstation.alerts.facts import Severity
from workstation.alerts.grammar import PARTS, Known, parse
from workstation.alerts.quantities import QUANTITIES, Unit
from workstation.alerts.rules.registry import RULES
from workstation.alerts.typed import Op
from workstation.alerts.typed_rules import read_rules, reading_of
from workstation.errors import AlertRuleError
from workstation.settings import AlertSettings

_WORDS: Final = (
    "Rules are looked at while a book is open, at every new price. Options of a typed rule: "
    "'for 16h', 'again after 0.5%', 'cooldown 15m', 'once', 'until 2026-12-31', 'quiet ok', "
    "'via push,sound', 'note text'."
)
_EXAMPLE: Final = "critical BTC price < 60000 again after 0.5%"
_USUAL_COIN: Final = "BTC"
_OWN_ROWS: Final = 5
_EXAMPLES: Final = {
    Unit.PRICE: "60000",
    Unit.FRACTION: "8%",
    Unit.RATE: "0.05%/8h",
    Unit.RANK: "3",
    Unit.STATE: "60s",
}


class AlertRulesDialog(QDialog):
    """Edits the rules of some settings.

    Signals
    -------
    rules_chosen : AlertSettings, with the rules that were kept
    """

    rules_chosen = Signal(object)

    def __init__(
        self, settings: AlertSettings, known: Known, theme: Theme, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Alert rules")
        fit(self, 760, 640)
        self._settings, self._known, self._theme = settings, known, theme
        words = plain_label(_WORDS)
        words.setWordWrap(True)
        tint(words, theme, "dim")
        self.built_in = self._make_built_in()
        self.own = QListWidget()
        self.own.setFont(figure_font())
        self.own.addItems(list(settings.rules))
        self.own.setMinimumHeight(_OWN_ROWS * self.own.fontMetrics().lineSpacing() + 12)
        self.own.itemDoubleClicked.connect(self.edit)
        layout = QVBoxLayout(self)
        layout.setSpacing(8)
        layout.addWidget(words)
        lists = QVBoxLayout()
        lists.setContentsMargins(0, 0, 0, 0)
        lists.addWidget(self._caption("Built in"))
        lists.addWidget(self.built_in)
        lists.addWidget(self._caption("Your own"))
        lists.addWidget(self.own, 1)
        layout.addWidget(Scrolled(lists), 1)
        layout.addLayout(self._make_form())
        layout.addLayout(self._make_entry())
        layout.addWidget(self._make_reading())
        layout.addWidget(self._make_buttons())
        self.follow_quantity()
        self.follow_text()

    def rules(self) -> tuple[str, ...]:
        """Return the typed rules as they stand in the list."""
        return tuple(self.own.item(row).text() for row in range(self.own.count()))

    def reading(self) -> str:
        """Return how the text is understood, or what is wrong with it."""
        return self._reading.text()

    # --- what it is made of ---------------------------------------------------------------------

    def _caption(self, text: str) -> QWidget:
        label = plain_label(text)
        label.setFont(caption_font())
        tint(label, self._theme, "dim")
        return label

    def _make_built_in(self) -> QListWidget:
        rows = QListWidget()
        for rule in RULES:
            row = QListWidgetItem(f"{rule.id.replace('_', ' ')}: {rule.help}")
            row.setData(Qt.ItemDataRole.UserRole, rule.id)
            row.setToolTip(f"{rule.help}.")
            on = rule.id not in self._settings.off
            row.setCheckState(Qt.CheckState.Checked if on else Qt.CheckState.Unchecked)
            rows.addItem(row)
        rows.setMinimumHeight(len(RULES) * rows.sizeHintForRow(0) + 12)
        return rows

    def _make_form(self) -> QHBoxLayout:
        self.severity = _choice([str(one) for one in Severity], "How urgent")
        self.severity.setCurrentText(Severity.WARN)
        self.quantity = _choice(list(QUANTITIES), "What to watch")
        self.subject = _choice([], "Of what: a coin, or the book or a part of it")
        self.subject.setEditable(True)
        self.op = _choice([str(one) for one in Op], "How it stands to the value")
        self.value = QLineEdit()
        self.value.setToolTip("The value, in the unit of what is watched")
        self.quantity.currentTextChanged.connect(self.follow_quantity)
        line = QHBoxLayout()
        shares = {self.severity: 2, self.subject: 4, self.quantity: 3, self.op: 2, self.value: 3}
        for widget, share in shares.items():
            line.addWidget(widget, share)
        for box in (self.severity, self.subject, self.quantity, self.op):
            box.currentTextChanged.connect(self.write_text)
        self.value.textEdited.connect(self.write_text)
        return line

    def _make_entry(self) -> QHBoxLayout:
        self.entry = QLineEdit()
        self.entry.setFont(figure_font())
        self.entry.setPlaceholderText(_EXAMPLE)
        self.entry.setToolTip("A rule: urgency, of what, what, < or > or crosses, value, options")
        self.entry.textChanged.connect(self.follow_text)
        self.entry.returnPressed.connect(self.add)
        line = QHBoxLayout()
        line.addWidget(self.entry, 1)
        for name, tip, run in (
            ("Add", "Take the typed rule into the list", self.add),
            ("Edit", "Take the chosen rule out of the list and into the line", self.edit),
            ("Remove", "Take the chosen rule out of the list", self.remove),
        ):
            button = QPushButton(name)
            button.setToolTip(tip)
            button.setAutoDefault(False)
            button.clicked.connect(run)
            line.addWidget(button)
        return line

    def _make_reading(self) -> QWidget:
        self._reading = plain_label()
        self._reading.setWordWrap(True)
        self._reading.setAlignment(Qt.AlignmentFlag.AlignTop)
        self._reading.setMinimumHeight(2 * self._reading.fontMetrics().lineSpacing())
        return self._reading

    def _make_buttons(self) -> QDialogButtonBox:
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        keep = buttons.addButton("Keep", QDialogButtonBox.ButtonRole.ActionRole)
        keep.clicked.connect(self.accept)
        buttons.rejected.connect(self.reject)
        for button in buttons.findChildren(QPushButton):
            button.setAutoDefault(False)  # the key Enter adds the typed rule
        return buttons

    # --- what happens ---------------------------------------------------------------------------

    @Slot()
    def follow_quantity(self, *_: object) -> None:
        """Offer the subjects and the unit of the quantity."""
        quantity = QUANTITIES[self.quantity.currentText()]
        known = self._known
        subjects = sorted(known.coins) if quantity.of_coin else [*PARTS, *sorted(known.names)]
        self.subject.blockSignals(True)
        self.subject.clear()
        self.subject.addItems(subjects)
        self.subject.setCurrentIndex(max(0, self.subject.findText(_USUAL_COIN)))
        self.subject.blockSignals(False)
        self.op.setEnabled(quantity.unit is not Unit.STATE)
        self.value.setPlaceholderText(_EXAMPLES[quantity.unit])
        self.value.setToolTip(f"{quantity.help}: {quantity.unit.value}")

    @Slot()
    def write_text(self, *_: object) -> None:
        """Write what the form says into the line."""
        quantity, value = self.quantity.currentText(), self.value.text().strip()
        subject = self.subject.currentText().strip()
        words = [self.severity.currentText(), subject, quantity]
        if QUANTITIES[quantity].unit is Unit.STATE:
            words += ["for", value] if value else []
        else:
            words += [self.op.currentText(), value]
        self.entry.setText(" ".join(words))

    @Slot()
    def follow_text(self, *_: object) -> None:
        """Say how the text is understood."""
        text = self.entry.text()
        if not text.strip():
            self._say(f"Type a rule, such as: {_EXAMPLE}", "dim")
            return
        try:
            self._say(reading_of(parse(text, self._known)), "text")
        except AlertRuleError as error:
            self._say(error.user_message, "warn")

    @Slot()
    def add(self) -> None:
        """Take the typed rule into the list; point at the word if it cannot be read."""
        text = " ".join(self.entry.text().split())
        try:
            parse(text, self._known)
        except AlertRuleError as error:
            self._point_at(error)
            return
        _, problems = read_rules((*self.rules(), text))
        if problems:
            self._say(problems[-1], "warn")
            return
        self.own.addItem(text)
        self.entry.clear()

    @Slot()
    def edit(self, *_: object) -> None:
        """Take the chosen rule out of the list and into the line."""
        row = self.own.currentRow()
        if row >= 0:
            self.entry.setText(self.own.takeItem(row).text())
            self.entry.setFocus()

    @Slot()
    def remove(self) -> None:
        """Take the chosen rule out of the list."""
        if self.own.currentRow() >= 0:
            self.own.takeItem(self.own.currentRow())

    @Slot()
    def accept(self) -> None:
        """Say the rules; a text that still stands in the line is taken in first."""
        if self.entry.text().strip():
            self.add()
            if self.entry.text().strip():
                return
        rows = [self.built_in.item(row) for row in range(self.built_in.count())]
        off = [_rule_of(row) for row in rows if row.checkState() is Qt.CheckState.Unchecked]
        chosen = dataclasses.replace(self._settings, rules=self.rules(), off=tuple(off))
        self.rules_chosen.emit(chosen)
        super().accept()

    def _point_at(self, error: AlertRuleError) -> None:
        self.entry.setText(error.text)
        self.entry.setFocus()
        self.entry.setSelection(error.start, error.end - error.start)
        self._say(error.user_message, "alarm")

    def _say(self, text: str, token: str) -> None:
        self._reading.setText(text)
        tint(self._reading, self._theme, token)


def _choice(names: Sequence[str], tip: str) -> QComboBox:
    box = QComboBox()
    box.addItems(list(names))
    box.setToolTip(tip)
    return box


def _rule_of(row: QListWidgetItem) -> str:
    return str(row.data(Qt.ItemDataRole.UserRole))
