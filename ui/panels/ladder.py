"""The ladder: equity at a row of prices, each reached from the mark."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from PySide6.QtCore import QTimer, Slot
from PySide6.QtWidgets import QAbstractItemView, QVBoxLayout, QWidget

from ui import format as fmt
from ui.models.rows import Column, RowsModel
from ui.models.rows_view import make_table
from ui.panels.base import Panel, PanelContext
from ui.style import plain_label, tint
from ui.urgency import profit_token
from workstation.market.overview import MarketOverview
from workstation.risk.report import EquityCurve, ScenarioReport

_NO_BOOK: Final = "Open a portfolio file (Ctrl+O) to see what is left of it at other prices."
_RUNGS: Final = 24
_STEPS: Final = (1, 2, 4, 5, 8, 10, 20)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rung:
    """One price of the ladder; ``move`` is from the mark, a fraction."""

    coin: str
    price: float
    move: float | None
    equity_usd: float
    pnl_usd: float
    liquidated: int
    maintenance_usd: float
    is_scenario: bool = False


def rungs_of(curve: EquityCurve, mark: float | None, scenario: float | None) -> list[Rung]:
    """Return about two dozen rows of the curve, the highest price first, at its own prices.

    The row nearest to the scenario is marked.
    """
    if len(curve.price) < 2:
        return []
    between = float(curve.price[1] - curve.price[0])
    step = between * min(_STEPS, key=lambda steps: abs(len(curve.price) / steps - _RUNGS))
    rows = np.flatnonzero(np.isclose(curve.price / step, np.round(curve.price / step)))
    near = None if scenario is None else int(np.argmin(np.abs(curve.price[rows] - scenario)))
    return [
        Rung(
            coin=curve.coin,
            price=float(curve.price[row]),
            move=float(curve.price[row]) / mark - 1 if mark else None,
            equity_usd=float(curve.equity_usd[row]),
            pnl_usd=float(curve.pnl_usd[row]),
            liquidated=int(curve.liquidated[row]),
            maintenance_usd=float(curve.maintenance_margin_usd[row]),
            is_scenario=at == near,
        )
        for at, row in enumerate(rows)
    ][::-1]


COLUMNS: Final = (
    Column[Rung](
        heading="Price",
        help="Price of the coin; the row nearest to the scenario is in its colour",
        text=lambda rung: f"{rung.coin} {fmt.price(rung.price)}",
        value=lambda rung: rung.price,
        token=lambda rung: "accent" if rung.is_scenario else "",
        is_figure=False,
    ),
    Column[Rung](
        heading="Move",
        help="From the mark to that price",
        text=lambda rung: fmt.percent(rung.move, sign=True),
        value=lambda rung: rung.move,
    ),
    Column[Rung](
        heading="Equity $",
        help="Equity of all accounts there, in USD, without funding",
        text=lambda rung: fmt.number(rung.equity_usd),
        value=lambda rung: rung.equity_usd,
    ),
    Column[Rung](
        heading="P&L $",
        help="Equity there − equity now, in USD",
        text=lambda rung: fmt.number(rung.pnl_usd, sign=True),
        value=lambda rung: rung.pnl_usd,
        token=lambda rung: profit_token(rung.pnl_usd),
    ),
    Column[Rung](
        heading="Liquidated",
        help="Positions that are liquidated on the way there",
        text=lambda rung: str(rung.liquidated),
        value=lambda rung: rung.liquidated,
        token=lambda rung: "alarm" if rung.liquidated else "",
    ),
    Column[Rung](
        heading="Maintenance $",
        help="Maintenance margin of what is left, in USD",
        text=lambda rung: fmt.number(rung.maintenance_usd),
        value=lambda rung: rung.maintenance_usd,
    ),
)


class LadderPanel(Panel):
    """One table."""

    def __init__(self, context: PanelContext, parent: QWidget | None = None) -> None:
        super().__init__(context, parent)
        self.model = RowsModel[Rung](COLUMNS, self.theme, key=lambda rung: rung.price)
        self._mark: float | None = None
        self._report: ScenarioReport | None = None
        self._at_mark = False  # whether the rows were brought to the mark; then the user scrolls
        self._empty = plain_label(_NO_BOOK)
        tint(self._empty, self.theme, "dim")
        self._table = make_table(self.model)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 4, 8, 4)
        layout.addWidget(self._empty)
        layout.addWidget(self._table, 1)
        self.bridge.overview_changed.connect(self.show_overview)
        self.bridge.scenario_changed.connect(self.show_report)
        self.bridge.portfolio_changed.connect(self.show_portfolio)
        self.show_portfolio(None)

    @Slot(object)
    def show_overview(self, overview: MarketOverview) -> None:
        self._mark = overview.mark_price

    @Slot(object)
    def show_portfolio(self, _: object) -> None:
        self._report, self._at_mark = self.bridge.desk.scenario, False
        self.when_seen(self._show)

    @Slot(object)
    def show_report(self, report: ScenarioReport) -> None:
        if report.ladder is not None:
            self._report = report
            self.when_seen(self._show)

    def _show(self) -> None:
        curve, rungs = self._report.ladder if self._report else None, []
        if self._report is not None and curve is not None:
            rungs = rungs_of(curve, self._mark, self._report.moves.get(curve.coin))
        self.model.replace_rows(rungs)
        self._table.setVisible(bool(rungs))
        self._empty.setVisible(not rungs)
        if not self._at_mark and any(rung.move is not None for rung in rungs):
            QTimer.singleShot(0, self, self._go_to_mark)  # when the table has its height

    @Slot()
    def _go_to_mark(self) -> None:
        """Bring the row nearest to the mark into the middle: the first rows are far above it."""
        moves = [abs(rung.move) if rung.move is not None else np.inf for rung in self.model.rows]
        if self.isVisible() and moves:
            middle = self.model.index(int(np.argmin(moves)), 0)
            self._table.scrollTo(middle, QAbstractItemView.ScrollHint.PositionAtCenter)
            self._at_mark = True
