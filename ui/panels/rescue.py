"""Rescue: what is liquidated next, in order, and the cheapest move that still arrives in time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from ui import format as fmt
from ui.alternative_texts import more_text
from ui.models.rows import Column, RowsModel, plain_tip
from ui.models.rows_view import make_table
from ui.names import assumed
from ui.panels.base import Panel, PanelContext
from ui.rescue_texts import (
    RESCUE_HELP,
    arrival_text,
    frontier_text,
    headline,
    next_text,
    origin_text,
    pool_text,
    short_headline,
    step_text,
    time_left,
    warning_lines,
)
from ui.style import ElidedLabel, label_font, tint
from ui.urgency import distance_token
from workstation.portfolio.what_if import copy_of
from workstation.risk.report import MarkSource
from workstation.risk.rescue_report import RescueReport, RescueRow, Step
from workstation.risk.transfers import SourceKind
from workstation.services.decision_service import Decision

EMPTY: Final = "Open a portfolio file (Ctrl+O) to see what would be liquidated and what saves it."
_ASSUMED: Final = "minutes and fees of the settings, page Transfers, where you have set none"


@dataclass(frozen=True, slots=True, kw_only=True)
class RescueLine:
    """One step, beside the pool that it saves; ``first`` begins a pool."""

    place: int
    row: RescueRow
    step: Step | None
    first: bool


def lines_of(report: RescueReport) -> list[RescueLine]:
    """Return a line a step, and one for a pool without any."""
    return [
        RescueLine(place=place, row=row, step=step, first=at == 0)
        for place, row in enumerate(report.rows, start=1)
        for at, step in enumerate(row.steps or (None,))
    ]


def _of_pool(text: str, line: RescueLine) -> str:
    return text if line.first else ""


def _pool_tip(line: RescueLine) -> str:
    row, parts = line.row, list(line.row.notes)
    if row.mark_source is MarkSource.ESTIMATED:
        parts.append(f"Estimated from the live venues; its last mark is {fmt.age(row.mark_age_s)}"
                     " old.")  # fmt: skip
    if row.needed is not None:
        parts.insert(0, f"The smallest deposit: {fmt.number(row.needed, 2)} {row.asset}.")
    return "\n".join(parts) or pool_text(row)


def _cost_tip(line: RescueLine) -> str:
    words = "Fees of the transfer, or the taker fee and the slippage of the cut, in USD."
    return assumed(words, _ASSUMED) if line.step and line.step.assumed else words


def _arrival_tip(line: RescueLine) -> str:
    step = line.step
    words = "When the last of it is there; a route that comes after the price is never proposed."
    if step is not None and step.kind is SourceKind.OTHER_VENUE:
        words += f"\nWithdrawals of {step.origin_venue}: {step.withdrawals}."
    if step is not None and step.waits_for is not None:
        words += f"\nIt waits for step {step.waits_for}, counted from the top, which frees it."
    return assumed(words, _ASSUMED) if step is not None and step.assumed else words


COLUMNS: Final = (
    Column[RescueLine](
        heading="Margin pool",
        help="Margin pools in the order in which they are liquidated on the way to the scenario",
        text=lambda line: _of_pool(f"{line.place}  {pool_text(line.row)}", line),
        value=lambda line: line.place,
        token=lambda line: distance_token(line.row.distance),
        tip=_pool_tip,
        is_figure=False,
    ),
    Column[RescueLine](
        heading="Liquidated at",
        help="Price of the position's own instrument at which the venue liquidates it",
        text=lambda line: _of_pool(fmt.price(line.row.price), line),
        value=lambda line: line.row.price,
        tip=_pool_tip,
    ),
    Column[RescueLine](
        heading="Coin at",
        help="Price of the coin that moves at that moment, and its distance from now",
        text=lambda line: _of_pool(
            f"{fmt.price(line.row.coin_price)} {fmt.percent(line.row.distance, sign=True)}", line
        ),
        value=lambda line: line.row.distance,
        rank=4,
    ),
    Column[RescueLine](
        heading="At this pace",
        help="Time to that price if the last hour's move went on: a pace, never a forecast",
        text=lambda line: _of_pool(time_left(line.row), line),
        value=lambda line: line.row.minutes_left,
    ),
    Column[RescueLine](
        heading="Do nothing $",
        help="What the pool has lost when it is liquidated, margin forfeited included, in USD",
        text=lambda line: _of_pool(fmt.number(-line.row.loss_usd), line),
        value=lambda line: line.row.loss_usd,
        token=lambda line: "down" if line.first and line.row.loss_usd > 0 else "",
        rank=3,
    ),
    Column[RescueLine](
        heading="Do",
        help="The smallest amount that saves it down to the scenario, with the buffer of the "
        "settings, rounded up and checked against the margin engine",
        text=lambda line: step_text(line.row, line.step),
        value=lambda line: line.step.amount if line.step else None,
        token=lambda line: "" if line.row.saved else "alarm",
    ),
    Column[RescueLine](
        heading="From",
        help="Own wallet, another account of the venue, another venue; none below its own need, "
        "none with withdrawals suspended or stale marks",
        text=lambda line: origin_text(line.step),
        value=lambda line: origin_text(line.step),
        tip=_pool_tip,
    ),
    Column[RescueLine](
        heading="Arrives",
        help="When it is there",
        text=lambda line: arrival_text(line.step),
        value=lambda line: line.step.arrives_min if line.step else None,
        tip=_arrival_tip,
        rank=1,
    ),
    Column[RescueLine](
        heading="Moves $",
        help="Collateral that the step moves, or the face value that it cuts, in USD: moved "
        "money stays yours, and is at risk where it goes",
        text=lambda line: fmt.number(line.step.value_usd) if line.step else "",
        value=lambda line: line.step.value_usd if line.step else None,
        rank=5,
    ),
    Column[RescueLine](
        heading="Pays $",
        help="Fees and slippage in USD: gone in any case",
        text=lambda line: fmt.number(line.step.cost_usd, 2) if line.step else "",
        value=lambda line: line.step.cost_usd if line.step else None,
        tip=_cost_tip,
        rank=2,
    ),
)


class RescuePanel(Panel):
    """A table of what is liquidated and what saves it, and one button that does it in a copy."""

    def __init__(self, context: PanelContext, parent: QWidget | None = None) -> None:
        super().__init__(context, parent)
        self._decision: Decision | None = None
        self._report: RescueReport | None = None
        self.model = RowsModel[RescueLine](
            COLUMNS, self.theme, key=lambda line: (line.row.pool, line.step is None, line.place)
        )
        self._head, self._warnings = ElidedLabel(EMPTY), ElidedLabel()
        self._warnings.setFont(label_font())
        tint(self._warnings, self.theme, "warn")
        self._apply = QPushButton("Apply to a what-if copy")
        self._apply.setToolTip(
            "Do all of this in a copy of the book that stands beside it. Nothing is ever ordered."
        )
        self._apply.clicked.connect(self.apply_to_copy)
        self._between = ElidedLabel()
        self._between.setToolTip(
            "For the margin pool that is liquidated first: cut this share of its positions, and "
            "add so much. Each pair alone saves it down to the scenario, with the buffer."
        )
        tint(self._between, self.theme, "dim")
        self._table = make_table(self.model)
        line = QHBoxLayout()
        line.addWidget(self._head, 1)
        line.addWidget(self._apply)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 4, 8, 4)
        layout.addLayout(line)
        layout.addWidget(self._warnings)
        layout.addWidget(self._table, 1)
        layout.addWidget(self._between)
        self.setFocusProxy(self._table)
        self.bridge.decision_changed.connect(self.show_decision)
        self.bridge.portfolio_changed.connect(self.show_portfolio)
        self.show_portfolio(self.bridge.desk.portfolio)

    @Slot(object)
    def show_portfolio(self, portfolio: object) -> None:
        """Empty the table until the new book's answer is there."""
        self._decision = self._report = None
        self._head.setText(EMPTY if portfolio is None else "Working out what is liquidated next")
        self.when_seen(self._show)

    @Slot(object)
    def show_decision(self, decision: Decision) -> None:
        self._decision, self._report = decision, decision.rescue
        self.when_seen(self._show)

    def _show(self) -> None:
        decision = self._decision
        if decision is None:
            self.model.replace_rows(())
            self._show_parts()
            return
        rescue = decision.rescue
        self._head.setText(short_headline(rescue))
        words = (headline(rescue), more_text(decision), next_text(rescue), RESCUE_HELP)
        warnings = warning_lines(rescue, more_text(decision))
        self._head.setToolTip(plain_tip("\n".join(filter(None, words))))
        self._warnings.setText(" · ".join(warnings))
        self._warnings.setToolTip(plain_tip("\n".join(warnings)))
        bad = bool(rescue.rows) and not rescue.alive
        tint(self._head, self.theme, "alarm" if bad else "text")
        self.model.replace_rows(lines_of(rescue))
        self._between.setText(frontier_text(decision.frontier) if decision.frontier else "")
        self._show_parts()

    @Slot()
    def apply_to_copy(self) -> None:
        """Put a copy beside the book in which all of this is done."""
        if self._report is not None:
            self.bridge.desk.set_copy(copy_of(self._report.rescued))

    def _show_parts(self) -> None:
        rows = self._report.rows if self._report else ()
        self._table.setVisible(bool(rows))
        self._between.setVisible(bool(rows) and bool(self._between.text()))
        self._warnings.setVisible(bool(rows) and bool(self._warnings.text()))
        self._apply.setVisible(any(row.steps for row in rows))
