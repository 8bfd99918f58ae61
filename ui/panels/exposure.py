"""Exposure by coin: what the book holds long, short and spot, inverse collateral included."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QVBoxLayout, QWidget

from ui import format as fmt
from ui.models.rows import Column, RowsModel
from ui.models.rows_view import make_table
from ui.panels.base import Panel, PanelContext
from ui.style import plain_label, tint
from workstation.risk.report import Exposure, RiskReport

_EMPTY: Final = "No exposure: the book holds nothing that moves."
_NO_BOOK: Final = "Open a portfolio file (Ctrl+O) to see what it holds, coin by coin."


def _venues(row: Exposure) -> str:
    parts = (f"{fmt.venue_name(v)} {fmt.quantity(q)}" for v, q in row.by_venue.items())
    return " · ".join(parts)


COLUMNS: Final = (
    Column[Exposure](
        heading="Coin",
        help="The coin whose price moves this exposure",
        text=lambda row: row.coin,
        value=lambda row: row.coin,
        is_figure=False,
    ),
    Column[Exposure](
        heading="Long",
        help="Long contracts, in coins (an inverse contract's USD face / mark)",
        text=lambda row: fmt.quantity(row.long_base),
        value=lambda row: row.long_base,
    ),
    Column[Exposure](
        heading="Short",
        help="Short contracts, in coins",
        text=lambda row: fmt.quantity(row.short_base),
        value=lambda row: row.short_base,
    ),
    Column[Exposure](
        heading="Spot",
        help="Balances in the coin; collateral of inverse contracts counts here",
        text=lambda row: fmt.quantity(row.spot_base),
        value=lambda row: row.spot_base,
        rank=1,
    ),
    Column[Exposure](
        heading="Net",
        help="Long − short + spot, in coins",
        text=lambda row: fmt.quantity(row.net_base),
        value=lambda row: row.net_base,
    ),
    Column[Exposure](
        heading="Net $",
        help="Net × the coin's mark, in USD",
        text=lambda row: fmt.number(row.net_usd),
        value=lambda row: row.net_usd,
    ),
    Column[Exposure](
        heading="In BTC terms $",
        help="Net in USD × the coin's beta to BTC: the BTC position that would move alike",
        text=lambda row: fmt.number(row.beta_usd),
        value=lambda row: row.beta_usd,
        rank=2,
    ),
    Column[Exposure](
        heading="By venue",
        help="Net in coins at each venue",
        text=_venues,
        value=_venues,
        is_figure=False,
        rank=3,
        stretches=True,
    ),
)


class ExposurePanel(Panel):
    """One table."""

    def __init__(self, context: PanelContext, parent: QWidget | None = None) -> None:
        super().__init__(context, parent)
        self._exposures: tuple[Exposure, ...] = ()
        self.model = RowsModel[Exposure](COLUMNS, self.theme, key=lambda row: row.coin)
        self._empty = plain_label(_EMPTY)
        tint(self._empty, self.theme, "dim")
        self._table = make_table(self.model)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 4, 8, 4)
        layout.addWidget(self._table, 1)
        layout.addWidget(self._empty)
        self.bridge.risk_changed.connect(self.show_report)
        self.bridge.portfolio_changed.connect(self.show_portfolio)
        self.show_portfolio(None)

    @Slot(object)
    def show_portfolio(self, _: object) -> None:
        report = self.bridge.desk.risk
        self._exposures = report.exposures if report is not None else ()
        self.when_seen(self._show)

    @Slot(object)
    def show_report(self, report: RiskReport) -> None:
        self._exposures = report.exposures
        self.when_seen(self._show)

    def _show(self) -> None:
        exposures = self._exposures
        self.model.replace_rows(exposures)
        self._table.setVisible(bool(exposures))
        self._empty.setText(_NO_BOOK if self.bridge.desk.portfolio is None else _EMPTY)
        self._empty.setVisible(not exposures)
