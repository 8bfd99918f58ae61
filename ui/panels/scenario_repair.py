"""The cheapest way out in a few lines: what it takes, what it makes worse, and its steps."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QGridLayout, QLabel, QVBoxLayout, QWidget

from ui import format as fmt
from ui.models.rows import plain_tip
from ui.names import coin_of
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
    short_headline,
    step_sentence,
    step_text,
)
from ui.style import ElidedLabel, caption_font, label_font, plain_label, tint
from ui.theme import Theme, figure_font
from workstation.risk.frontier import Hedge
from workstation.risk.report import Reduce
from workstation.risk.rescue_report import RescueReport, RescueRow, Step
from workstation.risk.transfers import SourceKind
from workstation.services.decision_service import Decision

_MOST_ROWS: Final = 8
_MARKET: Final = "market"  # an order that fills at once
_LEAST_PX: Final = 230
_NARROW_PX: Final = 420  # below it pool, step and cost are shown; the tooltip has the rest
_ASSUMED: Final = (
    "Below it what else would do: the smallest cuts alone, or a hedge. F9 shows why.\n"
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
        self._head = ElidedLabel()
        self._head.setFont(caption_font())
        tint(self._head, theme, "dim")
        self._warnings = [ElidedLabel(), ElidedLabel()]
        for label in self._warnings:
            label.setFont(label_font())
            tint(label, theme, "warn")
        self._more = plain_label()
        tint(self._more, theme, "dim")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(1)
        layout.addWidget(self._head)
        for label in self._warnings:
            layout.addWidget(label)
        layout.addLayout(self._make_grid())
        layout.addWidget(self._more)
        self.clear()

    def _make_grid(self) -> QGridLayout:
        grid = QGridLayout()
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(1)
        grid.setColumnStretch(0, 1)
        self._rows: list[tuple[QLabel, ...]] = []
        for row in range(_MOST_ROWS):
            labels = (ElidedLabel(), *(plain_label() for _ in range(4)))
            for column, label in enumerate(labels):
                label.setFont(figure_font(12))
                side = Qt.AlignmentFlag.AlignRight if column else Qt.AlignmentFlag(0)
                grid.addWidget(label, row, column, side)
            self._rows.append(labels)
        return grid

    def clear(self) -> None:
        self._show_rows([])
        for label in (self._head, *self._warnings):
            label.hide()

    def show_decision(self, decision: Decision) -> None:
        """Show the cheapest way out, what it makes worse, and what else would do."""
        rescue = decision.rescue
        self._head.setText(_head_text(rescue))
        words = (headline(rescue), next_text(rescue), RESCUE_HELP, _ASSUMED)
        self._head.setToolTip(plain_tip("\n".join(filter(None, words))))
        self._head.setVisible(bool(rescue.rows))
        drained = [drained_text(item) for item in rescue.drained]
        more = f"; {len(drained) - 1} more" if len(drained) > 1 else ""
        texts = (less_text(rescue), f"{drained[0]}{more}" if drained else "")
        for label, text in zip(self._warnings, texts, strict=True):
            label.setText(text)
            label.setVisible(bool(text))
        self._warnings[0].setToolTip(plain_tip(headline(rescue)))
        self._warnings[1].setToolTip(plain_tip("\n".join(drained)))
        self._show_rows(list(_lines(decision)))

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
        for at, labels in enumerate(self._rows):
            for column, label in enumerate(labels):
                label.setVisible(at < self._shown and not (narrow and column in (2, 3)))

    def minimumSizeHint(self) -> QSize:
        return QSize(_LEAST_PX, super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._show_columns()


def _head_text(rescue: RescueReport) -> str:
    """Return the headline without the price, which stands above: what it takes is in sight."""
    if not rescue.alive or not rescue.rows:
        return short_headline(rescue)
    return f"Cheapest way out: {paid_text(rescue)}"


def _lines(decision: Decision) -> Iterator[_Line]:
    rescue = decision.rescue
    yield from (_step_line(row, step) for row in rescue.rows for step in row.steps)
    yield from (_lost_line(row) for row in rescue.rows if not row.saved)
    cuts = decision.repair.reduce if rescue.rows else ()
    yield from (_cut_line(cut, at) for at, cut in enumerate(cuts))
    if decision.hedge is not None:
        yield _hedge_line(decision.hedge)


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


def _cut_line(cut: Reduce, at: int) -> _Line:
    name = f"{'and' if at else 'instead'}: {cut.account}"
    amount = f"cut {fmt.exact_number(cut.quantity)} {coin_of(cut.symbol)}"
    paid = fmt.usd(cut.cost_usd, decimals=2)
    return _Line(
        name,
        amount,
        _MARKET,
        "at once",
        paid,
        f"{cut.symbol} {cut.side}: cuts alone, and no transfer.",
    )


def _hedge_line(hedge: Hedge) -> _Line:
    name = f"or hedge: {hedge.account}"
    amount = f"{fmt.exact_number(hedge.quantity)} {coin_of(hedge.symbol)} {hedge.side}"
    paid = fmt.usd(hedge.cost_usd, decimals=2)
    tip = f"{hedge.symbol} {hedge.side} at {hedge.account}, of what is liquidated first alone."
    return _Line(name, amount, _MARKET, "at once", paid, tip)
