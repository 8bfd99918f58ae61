"""The waterfall: what happens on the way to the scenario, in order, and what is left after it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QVBoxLayout, QWidget

from ui import format as fmt
from ui.charts.waterfall_chart import WaterfallChart
from ui.models.rows import Column, RowsModel
from ui.models.rows_view import make_table
from ui.names import EVENT_WORDS, coin_of
from ui.panels.base import Panel, PanelContext
from ui.style import plain_label, tint
from workstation.risk.report import EventKind, ScenarioEvent, ScenarioReport

_EMPTY: Final = "Nothing happens on the way to the scenario."
_NO_BOOK: Final = "Open a portfolio file (Ctrl+O) to see what happens on the way to the scenario."
_TOKENS: Final = {EventKind.PARTIAL: "alarm", EventKind.LIQUIDATION: "alarm", EventKind.ADL: "warn"}


@dataclass(frozen=True, slots=True)
class _At:
    """The driving coin's price at an event."""

    coin: str
    price: float


def _coin(event: ScenarioEvent) -> _At:
    return _At(*next(iter(event.coin_price.items()), ("", float("nan"))))


COLUMNS: Final = (
    Column[ScenarioEvent](
        heading="What happens",
        help="In the order in which it happens on the way from the mark to the scenario",
        text=lambda e: f"{e.step}  {e.account} · {coin_of(e.symbol)} {e.side}",
        value=lambda e: e.step,
        token=lambda e: _TOKENS.get(e.kind, ""),
        is_figure=False,
    ),
    Column[ScenarioEvent](
        heading="Event",
        help="Liquidated: the venue closes it. Stopped out: the stop of the portfolio closes it",
        text=lambda e: EVENT_WORDS[e.kind],
        value=lambda e: e.kind.value,
        token=lambda e: _TOKENS.get(e.kind, ""),
        is_figure=False,
    ),
    Column[ScenarioEvent](
        heading="Coin at",
        help="Price of the coin that moves at that moment",
        text=lambda e: fmt.price(_coin(e).price),
        value=lambda e: _coin(e).price,
        rank=2,
    ),
    Column[ScenarioEvent](
        heading="Price",
        help="Price of the position's own instrument at that moment",
        text=lambda e: fmt.price(e.price),
        value=lambda e: e.price,
    ),
    Column[ScenarioEvent](
        heading="Size",
        help="Coins of a linear contract, USD of an inverse one",
        text=lambda e: fmt.quantity(e.quantity),
        value=lambda e: e.quantity,
        rank=3,
    ),
    Column[ScenarioEvent](
        heading="Loss $",
        help="What the closed part has lost since now, margin forfeited and fees included, in USD",
        text=lambda e: fmt.number(-e.loss_usd),
        value=lambda e: e.loss_usd,
        token=lambda e: "down" if e.loss_usd > 0 else "up" if e.loss_usd < 0 else "",
    ),
    Column[ScenarioEvent](
        heading="Account left $",
        help="Equity of the account after it, in USD",
        text=lambda e: fmt.number(e.account_equity_after_usd),
        value=lambda e: e.account_equity_after_usd,
        rank=1,
    ),
    Column[ScenarioEvent](
        heading="Total left $",
        help="Equity of all accounts after it, in USD",
        text=lambda e: fmt.number(e.equity_after_usd),
        value=lambda e: e.equity_after_usd,
    ),
)


class WaterfallPanel(Panel):
    """The steps of equity as bars, and the events as a table."""

    def __init__(self, context: PanelContext, parent: QWidget | None = None) -> None:
        super().__init__(context, parent)
        self._report: ScenarioReport | None = None
        self.model = RowsModel[ScenarioEvent](COLUMNS, self.theme, key=lambda event: event.step)
        self._note = plain_label(_NO_BOOK)
        tint(self._note, self.theme, "dim")
        self._chart = WaterfallChart(self.theme)
        self._table = make_table(self.model)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 4, 8, 4)
        layout.addWidget(self._note)
        layout.addWidget(self._chart)
        layout.addWidget(self._table, 1)
        self.bridge.scenario_changed.connect(self.show_report)
        self.bridge.portfolio_changed.connect(self.show_portfolio)
        self.show_portfolio(None)

    @Slot(object)
    def show_portfolio(self, _: object) -> None:
        self._report = self.bridge.desk.scenario
        self.when_seen(self._show)

    @Slot(object)
    def show_report(self, report: ScenarioReport) -> None:
        self._report = report
        self.when_seen(self._show)

    def _show(self) -> None:
        report = self._report
        self._note.setText(_NO_BOOK if report is None else _EMPTY)
        if report is not None:
            self._chart.show_report(report)
        events = report.events if report is not None else ()
        self.model.replace_rows(events)
        for widget in (self._table, self._chart):
            widget.setVisible(bool(events))
        self._note.setVisible(not events)
