"""The scenario: where the price goes, and what that does to the whole book."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QVBoxLayout, QWidget

from ui.charts.equity_chart import EquityChart
from ui.models.rows import plain_tip
from ui.panels.base import Panel, PanelContext
from ui.panels.scenario_cards import ScenarioCards
from ui.panels.scenario_entry import ScenarioEntry
from ui.panels.scenario_repair import RepairBox
from ui.scenario_texts import (
    first_liquidated,
    funding_note,
    likely,
    lost_already,
    order_note,
    orders_filled,
)
from ui.style import ElidedLabel, plain_label, tint
from ui.theme import figure_font
from ui.trust import WAITING, Trust, left_out_text, marks_text, muted, sight_text, trust_of
from workstation.market.overview import MarketOverview
from workstation.risk.outlook import TOUCH_UNKNOWN
from workstation.risk.report import RiskReport, ScenarioReport
from workstation.services.decision_service import Decision
from workstation.services.desk_news import View
from workstation.services.sight import Sight

_FIRST_HELP: Final = (
    "The first position that a venue liquidates on the way to the scenario, funding on the way "
    "included; all of them, in their order, stand in the panel Waterfall."
)
_NOTHING: Final = "Nothing is liquidated on the way."
_LIKELY_HELP: Final = (
    "The range of the models, in whole fives: filtered historical simulation, a geometric Brownian "
    "motion, and the volatility of the settings.\nAssumed: "
)
_MISSING: Final = (
    TOUCH_UNKNOWN,
    "After a change of market or coin its venues' hourly prices are loaded first, which may take a "
    "minute; a recording that is shorter has none.",
)
_EMPTY: Final = "Open a portfolio file (Ctrl+O) to see what a move does to it."

_NO_BOOK: Final = "Your equity over the price stands here once a book is open (Ctrl+O)."
_NO_PRICES: Final = (
    "The curve waits for prices of your book. The status bar says how each venue does."
)


class ScenarioPanel(Panel):
    """Slider and entry (one with the line on the chart), four cards, the curve, the repair."""

    def __init__(self, context: PanelContext, parent: QWidget | None = None) -> None:
        super().__init__(context, parent)
        self._trust = Trust.LIVE
        self._report: ScenarioReport | None = None
        self._view = self.bridge.desk.view
        self._build()
        self.show_portfolio(self.bridge.desk.portfolio)
        self.bridge.source_changed.connect(self.forget_mark)
        self.bridge.view_changed.connect(self.show_view)
        self.bridge.overview_changed.connect(self.show_overview)
        self.bridge.sight_changed.connect(self.show_sight)
        self.bridge.risk_changed.connect(self.show_risk)
        self.bridge.scenario_changed.connect(self.show_report)
        self.bridge.decision_changed.connect(self.show_decision)
        self.bridge.portfolio_changed.connect(self.show_portfolio)

    @Slot(object)
    def show_view(self, view: View) -> None:
        self._view = view
        self._repair.show_price(view.scenario_price)

    @Slot(object)
    def show_overview(self, overview: MarketOverview) -> None:
        self._curve.show_now(overview.mark_price)

    @Slot(object)
    def forget_mark(self, _: object) -> None:
        """Mark no price of another market on the curve."""
        self._curve.show_now(None)

    @Slot(object)
    def show_portfolio(self, portfolio: object) -> None:
        waits = portfolio is not None and self.bridge.desk.scenario is None
        self._empty.setText(WAITING if waits else _EMPTY)
        self._empty.setVisible(waits or portfolio is None)
        self._curve.say(_NO_BOOK if portfolio is None else _NO_PRICES)
        self._show_doubts()
        if waits or portfolio is None:
            self._report = None
            self.entry.forget_mark()
            self._curve.clear()
            self._cards.clear()
            self._repair.clear()
            for label in (self._first, self._likely, self._problems):
                label.hide()

    @Slot(object)
    def show_sight(self, sight: Sight) -> None:
        """Dim what is of earlier, and say since when; a report of now comes with the sight."""
        if sight.blind:
            self._show_doubts()

    @Slot(object)
    def show_risk(self, _: RiskReport) -> None:
        """Say what the sums leave out, and whose marks they rest on."""
        self._show_doubts()

    @Slot(object)
    def show_report(self, report: ScenarioReport) -> None:
        """Show one answer of the engine."""
        self._report = report
        self._empty.hide()
        self._show_cards(report)
        self._show_first(report)
        if report.ladder is not None:
            self._curve.show_curve(report.ladder, self._view.scenario_price, report.events)
        self._show_likely(report)
        problems = [text for text in report.problems if text != TOUCH_UNKNOWN]  # said above
        self._problems.setText("\n".join(problems))
        self._problems.setVisible(bool(problems))

    @Slot(object)
    def show_decision(self, decision: Decision) -> None:
        """Show the cheapest way out, and what else would do."""
        self._repair.show_decision(decision)

    def _show_cards(self, report: ScenarioReport) -> None:
        """Show the figures at the price that they are of: a scenario that is dragged is ahead."""
        price = report.moves.get(self._view.coin, self._view.scenario_price)
        self._cards.show_report(report, price, self._trust)

    def _show_first(self, report: ScenarioReport) -> None:
        """Say what the venues liquidate first on the way, and which orders fill on it."""
        before = self.bridge.desk.risk
        first, lost = first_liquidated(report, before), lost_already(before)
        nothing = "Nothing more is liquidated on the way" if lost else _NOTHING
        self._first.setText(" · ".join(filter(None, (first or nothing, lost))))
        words = (
            _FIRST_HELP, f"{lost}." if lost else "",
            funding_note(report, before), orders_filled(report), order_note(report),
        )  # fmt: skip
        self._first.setToolTip(plain_tip("\n".join(filter(None, words))))
        self._first.show()
        tint(self._first, self.theme, muted("alarm" if first else "dim", self._trust))

    def _show_likely(self, report: ScenarioReport) -> None:
        """Say how likely the scenario's price is touched: a range, in the panel only."""
        words = likely(report)
        self._likely.setVisible(bool(words))
        self._likely.setText(words)
        known = report.touch is not None
        tint(self._likely, self.theme, "text" if known else "dim")
        assumptions = report.touch.assumptions if report.touch is not None else _MISSING
        self._likely.setToolTip(plain_tip(_LIKELY_HELP + " ".join(assumptions)))

    def _show_doubts(self) -> None:
        """Say what the figures rest on where that is not the market as it is now."""
        desk = self.bridge.desk
        risk, before = desk.risk, self._trust
        self._trust, text = Trust.LIVE, ""
        if risk is not None:
            self._trust = trust_of(risk.positions, blind=desk.sight.blind)
            notes = (sight_text(desk.sight) if desk.sight.blind else marks_text(risk),)
            text = " · ".join(filter(None, (*notes, left_out_text(risk.totals.not_included))))
        self._doubts.setText(text[:1].upper() + text[1:])
        self._doubts.setVisible(bool(text))
        if self._trust is not before and self._report is not None:
            self._show_cards(self._report)

    def _build(self) -> None:
        self.entry = ScenarioEntry(self.context)
        self._cards = ScenarioCards(self.theme)
        self._first, self._likely = ElidedLabel(), ElidedLabel()
        for line in (self._first, self._likely):
            line.setFont(figure_font(12))
            line.hide()
        self._doubts, self._empty, self._problems = (plain_label() for _ in range(3))
        for label, token in (
            (self._doubts, "warn"), (self._empty, "dim"), (self._problems, "dim")
        ):  # fmt: skip
            label.setWordWrap(True)
            label.hide()
            tint(label, self.theme, token)
        self._curve = EquityChart(self.theme)
        self._repair = RepairBox(self.theme)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 3, 12, 3)
        layout.setSpacing(2)
        for widget in (
            self.entry, self._cards, self._first, self._likely, self._doubts,
            self._empty,
        ):  # fmt: skip
            layout.addWidget(widget)
        layout.addWidget(self._curve, 1)
        layout.addWidget(self._repair)
        layout.addWidget(self._problems)
