"""Positions, the nearest liquidation first, and what the scenario does to each."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QVBoxLayout, QWidget

from ui import format as fmt
from ui.models.rows import RowsModel
from ui.models.rows_view import make_table
from ui.panels.base import Panel, PanelContext
from ui.panels.position_columns import COLUMNS, COPY_HEADING, DIFFERENCE_HEADING
from ui.panels.position_rows import PositionRow, book_rows, with_copy, with_scenario
from ui.style import caption_font, plain_label, tint
from ui.trust import WAITING, left_out_text, muted, sight_text
from workstation.risk.report import (
    RiskReport,
    ScenarioReport,
)

_EMPTY: Final = (
    "No position is open. Open a portfolio file (Ctrl+O), drop one here, or add a position "
    "(File menu)."
)


def _times(leverage: float | None) -> str:
    return "not known" if leverage is None else f"{fmt.number(leverage, 1)}×"


class PositionsPanel(Panel):
    """The table, under one line of leverage."""

    def __init__(self, context: PanelContext, parent: QWidget | None = None) -> None:
        super().__init__(context, parent)
        self._booked: tuple[RiskReport, bool, list[PositionRow]] | None = None
        self.model = RowsModel[PositionRow](
            COLUMNS,
            self.theme,
            key=lambda row: row.key,
            is_total=lambda row: row.is_sum,
            recolour=lambda row, token: muted(token, row.trust),
        )
        self._head = plain_label()
        self._head.setFont(caption_font())
        tint(self._head, self.theme, "dim")
        self._empty = plain_label(_EMPTY)
        self._empty.setWordWrap(True)
        tint(self._empty, self.theme, "dim")
        self._table = make_table(self.model)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 8, 12, 8)
        layout.setSpacing(4)
        for widget in (self._head, self._empty):
            layout.addWidget(widget)
        layout.addWidget(self._table, 1)
        self.bridge.portfolio_changed.connect(self.show_book)
        self.bridge.book_changed.connect(self.show_book)
        self.show_book()

    @Slot()
    def show_book(self, *_: object) -> None:
        """Show report, scenario and copy as the desk has them; while blind those of earlier."""
        self.when_seen(self._show)

    def _rows(
        self, risk: RiskReport, scenario: ScenarioReport | None, *, blind: bool
    ) -> list[PositionRow]:
        """Return the rows; while the scenario is dragged, those of the book stay as they are."""
        if self._booked is None or self._booked[0] is not risk or self._booked[1] != blind:
            self._booked = risk, blind, book_rows(risk, blind=blind)
        return with_scenario(self._booked[2], risk, scenario, blind=blind)

    def _show(self) -> None:
        desk = self.bridge.desk
        blind = desk.sight.blind
        rows = self._rows(desk.risk, desk.scenario, blind=blind) if desk.risk else []
        found = desk.decision.what_if if desk.decision and desk.copy else None
        if rows and found is not None:
            rows = with_copy(rows, found)
        self._table.withhold((COPY_HEADING, DIFFERENCE_HEADING) if found is None else ())
        self.model.replace_rows(rows)
        waits = desk.risk is None and desk.portfolio is not None
        self._empty.setText(WAITING if waits else _EMPTY)
        self._empty.setVisible(not rows)
        self._table.setVisible(bool(rows))
        totals = desk.risk.totals if desk.risk else None
        if totals is not None:
            left_out = left_out_text(totals.not_included)
            seen = sight_text(desk.sight) if blind else ""
            self._head.setText(
                f"Positions, nearest liquidation first · gross {_times(totals.gross_leverage)} · "
                f"net {_times(totals.net_leverage)}"
                + "".join(f" · {text}" for text in (seen, left_out) if text)
            )
            self._head.setToolTip(
                "Gross leverage: all notional / equity. Net: notional after longs and shorts of "
                "each coin are set off / equity."
            )
        self._head.setVisible(bool(rows))
