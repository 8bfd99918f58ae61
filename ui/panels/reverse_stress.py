"""Reverse stress: the one move that liquidates each margin pool, and where it breaks even."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from PySide6.QtCore import Slot
from PySide6.QtWidgets import (
    QButtonGroup,
    QHBoxLayout,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from ui import format as fmt
from ui.models.rows import Column, RowsModel
from ui.models.rows_view import make_table
from ui.panels.base import Panel, PanelContext
from ui.stress_texts import (
    BREAK_EVEN_HELP,
    SIGMAS_HELP,
    STRESS_HELP,
    break_even_text,
    from_text,
    move_text,
    sigmas_text,
    stressed_pool,
    to_text,
)
from ui.style import caption_font, plain_label, tint
from ui.urgency import profit_token
from workstation.risk.outlook import BreakEven, ReverseStress
from workstation.risk.report import ScenarioReport

_NO_BOOK: Final = (
    "Open a portfolio file (Ctrl+O) to see which single move liquidates each margin pool."
)
_WAITS: Final = "Looking for the moves that liquidate each margin pool"
_NONE: Final = "No single move liquidates anything of this book."
_PAGES: Final = {"Liquidated": STRESS_HELP, "Breaks even": BREAK_EVEN_HELP}
_HEADS: Final = (
    "What liquidates each margin pool, by one move: the most likely first",
    "Where each margin pool has earned its costs: the nearest first",
)

STRESSES: Final = (
    Column[ReverseStress](
        heading="Margin pool",
        help=STRESS_HELP,
        text=stressed_pool,
        value=stressed_pool,
        is_figure=False,
    ),
    Column[ReverseStress](
        heading="What moves",
        help="The rest stands still",
        text=move_text,
        value=move_text,
        is_figure=False,
    ),
    Column[ReverseStress](
        heading="Now",
        help="Price of what moves now, in USD",
        text=from_text,
        value=lambda row: row.start,
    ),
    Column[ReverseStress](
        heading="Liquidated at",
        help="Price at which the pool is liquidated; for funding the rate per 8 h that longs pay",
        text=to_text,
        value=lambda row: row.end,
    ),
    Column[ReverseStress](
        heading="Move",
        help="From now to there",
        text=lambda row: "" if row.move_fraction is None
        else fmt.percent(row.move_fraction, sign=True),
        value=lambda row: row.move_fraction,
    ),
    Column[ReverseStress](
        heading="Daily sigmas",
        help=SIGMAS_HELP,
        text=lambda row: sigmas_text(row),
        value=lambda row: row.sigmas,
    ),
)  # fmt: skip

BREAK_EVENS: Final = (
    Column[BreakEven](
        heading="Margin pool",
        help=BREAK_EVEN_HELP,
        text=stressed_pool,
        value=stressed_pool,
        is_figure=False,
    ),
    Column[BreakEven](
        heading="At",
        help="Price of the coin that moves, the others by their betas",
        text=break_even_text,
        value=lambda row: row.end,
    ),
    Column[BreakEven](
        heading="Move",
        help="From now to there",
        text=lambda row: fmt.percent(row.move_fraction, 2, sign=True),
        value=lambda row: row.move_fraction,
    ),
    Column[BreakEven](
        heading="Daily sigmas",
        help=SIGMAS_HELP,
        text=lambda row: sigmas_text(row),
        value=lambda row: row.sigmas,
    ),
    Column[BreakEven](
        heading="Profit now $",
        help="Unrealised profit of its positions now, before these costs, in USD",
        text=lambda row: fmt.number(row.profit_usd, sign=True),
        value=lambda row: row.profit_usd,
        token=lambda row: profit_token(row.profit_usd),
    ),
    Column[BreakEven](
        heading="Fees $",
        help="Taker fees of opening and of closing now, in USD",
        text=lambda row: fmt.number(row.fees_usd, 2),
        value=lambda row: row.fees_usd,
    ),
    Column[BreakEven](
        heading="Funding $",
        help="What the scenario's hours cost at its funding, in USD; minus: received",
        text=lambda row: fmt.number(row.funding_usd, 2),
        value=lambda row: row.funding_usd,
    ),
)


class ReverseStressPanel(Panel):
    """Two tables, one at a time: the panel is low where it stands by default."""

    def __init__(self, context: PanelContext, parent: QWidget | None = None) -> None:
        super().__init__(context, parent)
        self._report: ScenarioReport | None = None
        self.model = RowsModel[ReverseStress](
            STRESSES, self.theme, key=lambda row: (row.account, row.pool, row.kind, row.coin)
        )
        self.break_evens = RowsModel[BreakEven](
            BREAK_EVENS, self.theme, key=lambda row: (row.account, row.pool)
        )
        self._note = plain_label(_NO_BOOK)
        tint(self._note, self.theme, "dim")
        self._head = plain_label(_HEADS[0])
        self._head.setFont(caption_font())
        self._head.setToolTip(STRESS_HELP)
        tint(self._head, self.theme, "dim")
        self._pages = QStackedWidget()
        for model in (self.model, self.break_evens):
            self._pages.addWidget(make_table(model))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 4, 8, 4)
        layout.addWidget(self._note)
        layout.addLayout(self._make_top())
        layout.addWidget(self._pages, 1)
        self.bridge.scenario_changed.connect(self.show_report)
        self.bridge.portfolio_changed.connect(self.show_portfolio)
        self.show_portfolio(None)

    def _make_top(self) -> QHBoxLayout:
        self._choice = QButtonGroup(self)
        line = QHBoxLayout()
        line.addWidget(self._head, 1)
        for page, (name, words) in enumerate(_PAGES.items()):
            button = QToolButton()
            button.setText(name)
            button.setCheckable(True)
            button.setChecked(page == 0)
            button.setToolTip(words)
            self._choice.addButton(button, page)
            line.addWidget(button)
        self._choice.idClicked.connect(self.choose_page)
        return line

    @Slot(int)
    def choose_page(self, page: int) -> None:
        """Show the deadly moves (0) or the break-evens (1)."""
        self._choice.button(page).setChecked(True)
        self._pages.setCurrentIndex(page)
        self._head.setText(_HEADS[page])
        self._head.setToolTip(list(_PAGES.values())[page])

    def state(self) -> dict[str, Any]:
        return super().state() | {"page": self._pages.currentIndex()}

    def restore(self, state: Mapping[str, Any]) -> None:
        super().restore(state)
        page = state.get("page")
        if type(page) is int and 0 <= page < self._pages.count():
            self.choose_page(page)

    @Slot(object)
    def show_portfolio(self, _: object) -> None:
        self._report = self.bridge.desk.scenario
        self.when_seen(self._show)

    @Slot(object)
    def show_report(self, report: ScenarioReport) -> None:
        """Show what the models say; while they work at another move, what they said last stays."""
        if report.touch is not None or report.break_even or self._report is None:
            self._report = report
            self.when_seen(self._show)

    def _show(self) -> None:
        report, book = self._report, self.bridge.desk.portfolio
        stresses = report.reverse_stress if report is not None else ()
        evens = report.break_even if report is not None else ()
        self.model.replace_rows(stresses)
        self.break_evens.replace_rows(evens)
        shown = bool(stresses or evens)
        for widget in (self._pages, self._head, *self._choice.buttons()):
            widget.setVisible(shown)
        answered = report is not None and (report.touch is not None or bool(evens))
        self._note.setText(_NO_BOOK if book is None else _NONE if answered else _WAITS)
        self._note.setVisible(not shown)
