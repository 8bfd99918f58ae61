"""The cheapest way out in a few lines: what it takes, what it makes worse, and its steps."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Final, NamedTuple

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QFont, QResizeEvent
from PySide6.QtWidgets import QGridLayout, QLabel, QVBoxLayout, QWidget

from ui import format as fmt
from ui.alternative_texts import detail_text, instead_text, more_text
from ui.models.rows import plain_tip
from ui.rescue_texts import (
    RESCUE_HELP,
    arrival_text,
    drained_text,
    headline,
    less_text,
    next_text,
    origin_text,
    paid_text,
    pool_text,
    short_drained_text,
    short_headline,
    step_sentence,
    step_text,
)
from ui.style import ElidedLabel, caption_font, label_font, plain_label, tint
from ui.theme import Theme, figure_font
from workstation.risk.alternatives import Means
from workstation.risk.rescue_report import RescueReport, RescueRow, Step
from workstation.risk.transfers import SourceKind
from workstation.services.decision_service import Decision

_MOST_ROWS: Final = 8
_MOST_WARNINGS: Final = 3
_INDENT_PX: Final = 16
_HEADINGS: Final = ("position or account", "step", "from", "arrives", "pays")
_MARKET: Final = "market"  # an order that fills at once
_LEAST_PX: Final = 230
_NARROW_PX: Final = 420  # below it pool, step and cost are shown; the tooltip has the rest
_ASSUMED: Final = (
    "Below its steps stands what would do instead of all of them. F9 shows why.\n"
    "Assumed: minutes, fees and slippage of the settings, page Transfers, where you have set none."
)


class _Line(NamedTuple):
    """One step: pool, what is done, from where, when, paid; and all of it as a sentence."""

    pool: str
    what: str
    origin: str
    arrives: str
    paid: str
    tip: str


class RepairBox(QWidget):
    """A heading with what is paid and moved, warnings, and a line a step."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._decision: Decision | None = None
        self._price: float | None = None  # at which the scenario stands
        self._is_old = False  # the way out is of another price
        self._head = self._make_line("dim", caption_font())
        self._warnings = [self._make_line("warn", label_font()) for _ in range(_MOST_WARNINGS)]
        self._more = plain_label()
        tint(self._more, theme, "dim")
        self._instead = [self._make_line("dim", label_font()) for _ in Means]
        self._how = self._make_line("dim", label_font())
        self._how.setContentsMargins(_INDENT_PX, 0, 0, 0)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(1)
        layout.addWidget(self._head)
        for label in self._warnings:
            layout.addWidget(label)
        layout.addLayout(self._make_grid())
        layout.addWidget(self._more)
        first, *others = self._instead
        for label in (first, self._how, *others):
            layout.addWidget(label)
        self.clear()

    def _make_line(self, token: str, font: QFont) -> ElidedLabel:
        label = ElidedLabel()
        label.setFont(font)
        tint(label, self._theme, token)
        return label

    def _make_grid(self) -> QGridLayout:
        grid = QGridLayout()
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(0)
        grid.setColumnStretch(0, 1)
        self._headings = self._make_row(grid, 0)
        for label, words in zip(self._headings, _HEADINGS, strict=True):
            label.setFont(label_font())
            label.setText(words)
            tint(label, self._theme, "dim")
        self._rows = [self._make_row(grid, 1 + row) for row in range(_MOST_ROWS)]
        return grid

    def _make_row(self, grid: QGridLayout, row: int) -> tuple[QLabel, ...]:
        labels = (ElidedLabel(), *(plain_label() for _ in range(4)))
        for column, label in enumerate(labels):
            label.setFont(figure_font(12))
            side = Qt.AlignmentFlag.AlignRight if column else Qt.AlignmentFlag(0)
            grid.addWidget(label, row, column, side)
        return labels

    def clear(self) -> None:
        self._decision = None
        self._show_rows([])
        for label in (self._head, self._how, *self._warnings, *self._instead):
            label.hide()

    def show_decision(self, decision: Decision) -> None:
        """Show the cheapest way out, what it makes worse, and what else would do."""
        self._decision, rescue = decision, decision.rescue
        words = (headline(rescue), more_text(decision), next_text(rescue), RESCUE_HELP, _ASSUMED)
        self._head.setToolTip(plain_tip("\n".join(filter(None, words))))
        self._head.setVisible(bool(rescue.rows))
        self._show_warnings(decision)
        self._show_rows([*_lines(rescue)])
        self._show_instead(decision)
        self._show_age()

    def show_price(self, scenario_price: float) -> None:
        """Take up where the scenario stands; what is shown may still be of where it stood."""
        self._price = scenario_price
        self._show_age()

    def _show_age(self) -> None:
        """Say of which price the way out is, and dim it once the scenario has moved on."""
        decision = self._decision
        if decision is None:
            return
        old = self._price not in (None, *decision.terms.moves.values())
        self._head.setText(_head_text(decision.rescue, self._price, old=old))
        if old != self._is_old:
            self._is_old = old
            self._dim(old=old)

    def _dim(self, *, old: bool) -> None:
        tint(self._head, self._theme, "warn" if old else "dim")
        for labels, token in (
            (self._warnings, "warn"),
            ([self._more, self._how, *self._instead], "dim"),
            (itertools.chain.from_iterable(self._rows), "text"),
        ):
            for label in labels:
                tint(label, self._theme, "faint" if old else token)

    def _show_warnings(self, decision: Decision) -> None:
        rescue = decision.rescue
        drained = [short_drained_text(item) for item in rescue.drained]
        more = f"; {len(drained) - 1} more" if len(drained) > 1 else ""
        tips = (
            headline(rescue),
            "\n".join(detail_text(other, decision) for other in decision.alternatives),
            "\n".join(map(drained_text, rescue.drained)),
        )
        texts = (
            less_text(rescue), more_text(decision), f"{drained[0]}{more}" if drained else ""
        )  # fmt: skip
        for label, text, tip in zip(self._warnings, texts, tips, strict=True):
            label.setText(text)
            label.setVisible(bool(text))
            label.setToolTip(plain_tip(tip))

    def _show_instead(self, decision: Decision) -> None:
        """Show the other ways, each in a line; how the first of them is done, in one below it."""
        others = decision.alternatives
        details = [detail_text(other, decision) for other in others]
        for at, label in enumerate(self._instead):
            label.setVisible(at < len(others))
            label.setText(instead_text(others[at]) if at < len(others) else "")
            label.setToolTip(plain_tip(details[at]) if at < len(others) else "")
        self._how.setVisible(bool(details))
        self._how.setText(details[0] if details else "")
        self._how.setToolTip(plain_tip("\n".join(details[0].split("; "))) if details else "")

    def bottom_of(self, steps: int) -> int:
        """Return where the row of a step, or the last row, ends: pixels from the top."""
        return self._rows[min(steps, self._shown) - 1][0].geometry().bottom()

    def _show_rows(self, lines: list[_Line]) -> None:
        for labels, line in zip(self._rows, [*lines, *([None] * _MOST_ROWS)], strict=False):
            for label, words in zip(labels, line or ("",) * len(labels), strict=False):
                label.setText(words)
                label.setToolTip(plain_tip(line.tip) if line else "")
        self._shown = min(len(lines), _MOST_ROWS)
        surplus = len(lines) - _MOST_ROWS
        self._more.setText(f"and {surplus} more: see Rescue (F9)" if surplus > 0 else "")
        self._more.setVisible(surplus > 0)
        self._show_columns()

    def _show_columns(self) -> None:
        narrow = self.width() < _NARROW_PX
        for at, labels in enumerate((self._headings, *self._rows)):
            shown = at <= self._shown and self._shown > 0
            for column, label in enumerate(labels):
                label.setVisible(shown and not (narrow and column in (2, 3)))

    def minimumSizeHint(self) -> QSize:
        return QSize(_LEAST_PX, super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._show_columns()


def _head_text(rescue: RescueReport, price: float | None, *, old: bool) -> str:
    """Return the headline, without the price where that stands above: what it takes is in sight."""
    if old:
        return f"{short_headline(rescue)} · the scenario has moved on"
    stands_above = price is None or price in rescue.scenario.moves.values()
    if not rescue.alive or not rescue.rows or not stands_above:
        return short_headline(rescue)
    return f"Cheapest way out: {paid_text(rescue)}"


def _lines(rescue: RescueReport) -> Iterator[_Line]:
    yield from (_step_line(row, step) for row in rescue.rows for step in row.steps)
    yield from (_lost_line(row) for row in rescue.rows if not row.saved)


def _step_line(row: RescueRow, step: Step) -> _Line:
    # venue and side are in the tooltip and in the pool's name; here is little room
    own = step.kind is SourceKind.OWN_WALLET
    origin = origin_text(step) if own else step.origin or _MARKET
    what = step_text(row, step).removesuffix(f" {step.side}")
    paid = fmt.usd(step.cost_usd, decimals=2)
    tip = f"{pool_text(row)}: {step_sentence(row, step)}. {fmt.usd(step.value_usd)} in all."
    return _Line(pool_text(row), what, origin, arrival_text(step), paid, tip)


def _lost_line(row: RescueRow) -> _Line:
    return _Line(pool_text(row), step_text(row, None), "", "", "", "\n".join(row.notes))
