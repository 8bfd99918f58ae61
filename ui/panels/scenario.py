"""The scenario: where the price goes, and what that does to the whole book."""

from __future__ import annotations

import dataclasses
import math
from typing import Final

from PySide6.QtCore import QSignalBlocker, Qt, Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QSlider,
    QVBoxLayout,
    QWidget,
)

from ui import format as fmt
from ui.charts.equity_chart import EquityChart
from ui.names import coin_of, others_text
from ui.panels.base import Panel, PanelContext
from ui.price_entry import PriceBox
from ui.rescue_texts import arrival_text, origin_text, pool_text, step_text
from ui.style import ElidedLabel, caption_font, plain_label, tint
from ui.theme import figure_font
from ui.trust import WAITING, Trust, left_out_text, marks_text, muted, sight_text, trust_of
from ui.urgency import profit_token
from workstation.market.overview import MarketOverview
from workstation.risk.adverse import OVERSHOOT_SOURCE
from workstation.risk.frontier import Hedge
from workstation.risk.report import (
    EventKind,
    PositionOutcome,
    Reduce,
    RiskReport,
    ScenarioReport,
)
from workstation.risk.rescue_report import RescueRow, Step
from workstation.risk.transfers import SourceKind
from workstation.services.decision_service import Decision
from workstation.services.desk_news import View
from workstation.services.sight import Sight

_SLIDER_STEPS: Final = 1_000
_RANGE: Final = (0.5, 1.3)  # of the mark: what the slider reaches
_DURATIONS_H: Final = {"10 min": 1 / 6, "1 h": 1.0, "6 h": 6.0, "24 h": 24.0, "7 d": 168.0}
_WIDE_PX: Final = 760  # from here on there is room for a remark beside the move
_ROOMY_PX: Final = 560  # ... and for the words around it
_MAX_REPAIRS: Final = 8
_BETA_HELP: Final = (
    "Other coins move with BTC by their betas, in logarithms.\nAssumed where no hourly returns are "
    "at hand: ETH 1.25, SOL 1.35, BNB 1.15, XRP 1.4, DOGE 1.5, others 1.6, from the day and week "
    "of 5 and 6 February 2026"
)
_EMPTY: Final = "Open a portfolio file (Ctrl+O) to see what a move does to it."


class ScenarioPanel(Panel):
    """Slider and entry (one with the line on the chart), four cards, the curve, the repair."""

    def __init__(self, context: PanelContext, parent: QWidget | None = None) -> None:
        super().__init__(context, parent)
        self._mark: float | None = None
        self._mark_coin = ""
        self._trust = Trust.LIVE
        self._report: ScenarioReport | None = None
        self._view = self.bridge.desk.view
        self._build()
        self.show_view(self._view)
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
        """Follow the scenario wherever it was changed."""
        self._view = view
        with QSignalBlocker(self._price), QSignalBlocker(self._slider):
            self._price.setValue(view.scenario_price)
            self._slider.setValue(self._to_step(view.scenario_price))
        with QSignalBlocker(self._harder):
            self._harder.setChecked(view.unfavourable)
        with QSignalBlocker(self._duration):
            nearest = min(_DURATIONS_H, key=lambda name: abs(_DURATIONS_H[name] - view.over_h))
            self._duration.setCurrentText(nearest)
        self._show_move()

    @Slot(object)
    def show_overview(self, overview: MarketOverview) -> None:
        """Centre the slider's range on the mark, but not while the user holds it."""
        if overview.mark_price is None and overview.coin == self._mark_coin:
            return  # the last known one stays; the strip says how old it is
        self._mark, self._mark_coin = overview.mark_price, overview.coin
        self._price.mark = overview.mark_price
        self._curve.show_now(overview.mark_price)
        self._show_move()
        if not self._slider.isSliderDown():
            with QSignalBlocker(self._slider):
                self._slider.setValue(self._to_step(self._view.scenario_price))

    @Slot(object)
    def forget_mark(self, _: object) -> None:
        """Measure no move from a mark of another market."""
        self._mark, self._mark_coin = None, ""
        self._price.mark = None
        self._curve.show_now(None)
        self._show_move()

    @Slot(object)
    def show_portfolio(self, portfolio: object) -> None:
        waits = portfolio is not None and self.bridge.desk.scenario is None
        self._empty.setText(WAITING if waits else _EMPTY)
        self._empty.setVisible(waits or portfolio is None)
        self._show_doubts()
        if waits or portfolio is None:
            self._report, self._mark = None, None
            self._curve.clear()
            for card in self._cards:
                card.show_value(fmt.UNKNOWN)
            self._first.setText("")
            self._touch.hide()
            self._problems.hide()
            self._show_repairs([])

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
        self._show_touch(report)
        self._problems.setText("\n".join(report.problems))
        self._problems.setVisible(bool(report.problems))

    def _show_first(self, report: ScenarioReport) -> None:
        """Say what the venues liquidate first on the way, and where the coin stands then."""
        first = first_death(report)
        self._first.setText(first or "Nothing is liquidated on the way.")
        tint(self._first, self.theme, muted("alarm" if first else "dim", self._trust))

    def _show_touch(self, report: ScenarioReport) -> None:
        """Say how likely the scenario's price is touched: a range, in the panel only."""
        touch = report.touch.touches[0] if report.touch and report.touch.touches else None
        self._touch.setVisible(touch is not None)
        if touch is None or report.touch is None:
            return
        ranges = " · ".join(
            f"{fmt.whole_fives(band.low, band.high)} in {band.horizon_days:g} d"
            for band in touch.bands
        )
        self._touch.setText(f"Touch of {fmt.price(touch.price)}, by the models: {ranges}")
        self._touch.setToolTip(
            "The range of the models, in whole fives: filtered historical simulation, a geometric "
            "Brownian motion, and the volatility of the settings.\nAssumed: "
            + " ".join(report.touch.assumptions)
        )

    def _show_cards(self, report: ScenarioReport) -> None:
        price = fmt.price(self._view.scenario_price)
        statuses = [row.status for row in report.positions]
        dead, unknown = map(statuses.count, (PositionOutcome.LIQUIDATED, PositionOutcome.UNKNOWN))
        count = f"{dead} of {len(statuses)}" + (f", {unknown} not known" if unknown else "")
        now, pnl, after, lost = self._cards
        self._show_card(now, fmt.usd_short(report.equity_before_usd))
        token = profit_token(report.pnl_usd)
        self._show_card(pnl, fmt.usd_short(report.pnl_usd, sign=True), token)
        after.set_caption(f"Equity at {price}")
        self._show_card(after, fmt.usd_short(report.equity_after_usd))
        self._show_card(lost, count, "alarm" if dead else "")

    def _show_card(self, card: _Card, text: str, token: str = "") -> None:
        card.show_value(text, muted(token, self._trust))

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

    @Slot(object)
    def show_decision(self, decision: Decision) -> None:
        """Show the cheapest way to keep everything alive, and what else would."""
        price = fmt.price(decision.endured.moves.get(self._view.coin))
        share = fmt.percent(decision.terms.buffer, 0)
        steps = [(row, step) for row in decision.rescue.rows for step in row.steps]
        cost = fmt.usd(decision.rescue.cost_usd, decimals=2)
        self._repair_head.setText(
            f"Cheapest way to keep all alive at {price}: {len(steps)} steps, costs {cost} · "
            f"buffer {share}"
            if decision.rescue.alive
            else f"Not all can be kept alive at {price} with what is at hand"
        )
        cuts = decision.repair.reduce if decision.rescue.rows else ()
        self._show_repairs(
            [_step_line(row, step) for row, step in steps]
            + [_lost_line(row) for row in decision.rescue.rows if not row.saved]
            + [_cut_line(cut, at) for at, cut in enumerate(cuts)]
            + ([_hedge_line(decision.hedge)] if decision.hedge else [])
        )

    @Slot(int)
    def choose_step(self, step: int) -> None:
        """Take the slider's place as the scenario price."""
        if self._mark is not None:
            low, high = (math.log(self._mark * share) for share in _RANGE)
            price = math.exp(low + (high - low) * step / _SLIDER_STEPS)
            self._choose(_rounded(price))

    @Slot(float)
    def choose_price(self, price: float) -> None:
        self._choose(price)

    @Slot(str)
    def choose_duration(self, name: str) -> None:
        view = dataclasses.replace(self._view, over_h=_DURATIONS_H[name])
        self.bridge.desk.set_view(view)

    @Slot(bool)
    def choose_end(self, unfavourable: bool) -> None:
        """Let repairs hold at the scenario's unfavourable end, or at the scenario itself."""
        view = dataclasses.replace(self._view, unfavourable=unfavourable)
        self.bridge.desk.set_view(view)

    @Slot(str)
    def show_refusal(self, sentence: str) -> None:
        """Say at the field what is wrong with what was written; empty when nothing is."""
        self._refusal.setText(sentence)
        self._refusal.setVisible(bool(sentence))

    def _choose(self, price: float) -> None:
        if price > 0 and price != self._view.scenario_price:
            view = dataclasses.replace(self._view, scenario_price=price)
            self.bridge.desk.set_view(view)
            self.show_view(view)

    def _to_step(self, price: float) -> int:
        if self._mark is None or price <= 0:
            return self._slider.value()
        low, high = (math.log(self._mark * share) for share in _RANGE)
        return round((math.log(price) - low) / (high - low) * _SLIDER_STEPS)

    def _show_move(self) -> None:
        move = self._view.scenario_price / self._mark - 1 if self._mark else None
        words = fmt.percent(move, sign=True)
        others = others_text(self._view.coin, use_betas=self._view.use_betas)
        wide, roomy = self.width() >= _WIDE_PX, self.width() >= _ROOMY_PX
        self._caption.setText(
            f"Scenario: {self._view.coin} to" if roomy else f"{self._view.coin} to"
        )
        self._move.setText(f"({words}) · {others}" if wide else f"({words})")
        self._within.setVisible(roomy)
        self._move.setToolTip(f"Move from the consolidated mark; {others}")

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._show_move()

    def _show_repairs(self, rows: list[tuple[str, ...]]) -> None:
        for labels, row in zip(self._repairs, [*rows, *([None] * _MAX_REPAIRS)], strict=False):
            for label, words in zip(labels, row or ("",) * len(labels), strict=True):
                label.setText(words)
                label.setVisible(row is not None)
        self._repair_head.setVisible(bool(rows))
        surplus = len(rows) - _MAX_REPAIRS
        self._more.setText(f"and {surplus} more: see Rescue (F9)" if surplus > 0 else "")
        self._more.setVisible(surplus > 0)

    def _build(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 8, 12, 8)
        layout.setSpacing(6)
        layout.addLayout(self._make_entry())
        layout.addWidget(self._refusal)
        layout.addWidget(self._make_slider())
        layout.addLayout(self._make_cards())
        self._doubts = plain_label()
        self._doubts.setWordWrap(True)
        self._doubts.hide()
        tint(self._doubts, self.theme, "warn")
        self._first = plain_label()
        self._first.setToolTip(
            "The first position that a venue liquidates on the way to the scenario, funding on "
            "the way included; all of them, in their order, stand in the panel Waterfall."
        )
        self._touch = plain_label()
        self._touch.hide()
        tint(self._touch, self.theme, "dim")
        for line in (self._first, self._touch):
            line.setFont(figure_font(12))
            line.setWordWrap(True)
            layout.addWidget(line)
        layout.addWidget(self._doubts)
        self._empty = plain_label(_EMPTY)
        self._empty.setWordWrap(True)
        tint(self._empty, self.theme, "dim")
        self._curve = EquityChart(self.theme)
        layout.addWidget(self._empty)
        layout.addWidget(self._curve, 1)
        layout.addLayout(self._make_repairs())
        self._problems = plain_label()
        self._problems.setWordWrap(True)
        self._problems.hide()
        tint(self._problems, self.theme, "dim")
        layout.addWidget(self._problems)

    def _make_entry(self) -> QHBoxLayout:
        self._caption = plain_label()
        self._caption.setFont(caption_font())
        tint(self._caption, self.theme, "dim")
        self._price = PriceBox()
        self._price.setFont(figure_font(14))
        self._price.setToolTip(
            "The price that the scenario ends at; also a line on the chart. Write 62,000, 62k, "
            "or -10% for a move from the mark"
        )
        self._price.valueChanged.connect(self.choose_price)
        self._price.refused.connect(self.show_refusal)
        self._refusal = plain_label()
        self._refusal.setWordWrap(True)
        self._refusal.hide()
        tint(self._refusal, self.theme, "alarm")
        self._duration = QComboBox()
        self._duration.addItems(list(_DURATIONS_H))
        self._duration.setToolTip(
            "How long the move takes: funding is paid meanwhile.\n"
            "Assumed: 6 h, as long as the last 11 % to the low of 6 February 2026 took"
        )
        self._duration.currentTextChanged.connect(self.choose_duration)
        self._harder = QCheckBox("with overshoot")
        self._harder.setToolTip(
            "Repairs hold at the unfavourable end: beyond the price, and with every beta at that "
            "end of its band that hurts.\nAssumed: " + OVERSHOOT_SOURCE
        )
        self._harder.toggled.connect(self.choose_end)
        self._move = plain_label()
        self._move.setToolTip(_BETA_HELP)
        self._move.setFont(figure_font())
        tint(self._move, self.theme, "dim")
        line = QHBoxLayout()
        self._within = plain_label("within")
        tint(self._within, self.theme, "dim")
        self._move.setMinimumWidth(1)  # a narrow column keeps the rest of the line
        for widget, share in ((self._caption, 0), (self._price, 0), (self._move, 1)):
            line.addWidget(widget, share)
        line.addWidget(self._within)
        line.addWidget(self._duration)
        line.addWidget(self._harder)
        return line

    def _make_slider(self) -> QSlider:
        self._slider = QSlider(Qt.Orientation.Horizontal)
        self._slider.setRange(0, _SLIDER_STEPS)
        self._slider.setPageStep(_SLIDER_STEPS // 50)
        self._slider.setToolTip("The scenario price, from half the mark to 1.3 times the mark")
        self._slider.setProperty("role", "scenario")
        self._slider.valueChanged.connect(self.choose_step)
        return self._slider

    def _make_cards(self) -> QHBoxLayout:
        helps = {
            "Equity now": "All balances at market value, isolated margins and unrealised profit.",
            "P&L of the move": "Equity after the move − equity now, what is forfeited included.",
            "Equity then": "What is left at the scenario price.",
            "Liquidated": "Positions that the venues liquidate on the way.",
        }
        self._cards = [_Card(name, words, self) for name, words in helps.items()]
        line = QHBoxLayout()
        for card in self._cards:
            line.addWidget(card, 1)
        return line

    def _make_repairs(self) -> QVBoxLayout:
        self._repair_head = ElidedLabel()
        self._repair_head.setFont(caption_font())
        self._repair_head.setToolTip(
            "Per pool the smallest amount with which nothing is liquidated on the way, from where "
            "it is there in time (F9 shows why); below it what else would do: the smallest cuts "
            "alone, or a hedge. Checked against the margin engine after rounding.\n"
            "Assumed: minutes, fees and slippage of the settings, page Transfers, where you have "
            "set none."
        )
        tint(self._repair_head, self.theme, "dim")
        grid = QGridLayout()
        grid.setHorizontalSpacing(10)
        grid.setVerticalSpacing(2)
        grid.setColumnStretch(0, 1)
        self._repairs: list[tuple[QLabel, ...]] = []
        for row in range(_MAX_REPAIRS):
            labels = (ElidedLabel(), *(plain_label() for _ in range(4)))
            for column, label in enumerate(labels):
                label.setFont(figure_font(12))
                side = Qt.AlignmentFlag.AlignRight if column else Qt.AlignmentFlag(0)
                grid.addWidget(label, row, column, side)
            self._repairs.append(labels)
        self._more = plain_label()
        tint(self._more, self.theme, "dim")
        box = QVBoxLayout()
        box.addWidget(self._repair_head)
        box.addLayout(grid)
        box.addWidget(self._more)
        return box


class _Card(QFrame):
    """One figure on a raised ground."""

    def __init__(self, caption: str, help_text: str, panel: ScenarioPanel) -> None:
        super().__init__()
        self._theme = panel.theme
        self.setProperty("role", "card")
        self._caption = plain_label(caption)
        self._caption.setFont(caption_font())
        tint(self._caption, self._theme, "dim")
        self._value = plain_label(fmt.UNKNOWN)
        self._value.setFont(figure_font(16))
        self.setToolTip(help_text)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(6, 6, 6, 6)
        layout.setSpacing(2)
        layout.addWidget(self._caption)
        layout.addWidget(self._value)

    def set_caption(self, caption: str) -> None:
        self._caption.setText(caption)

    def show_value(self, text: str, token: str = "") -> None:
        self._value.setText(text)
        tint(self._value, self._theme, token or "text")

    def value(self) -> str:
        return self._value.text()


def first_death(report: ScenarioReport) -> str:
    """Return ``Dies first: binance-main · BTC long at 67,123, then 2 more``; empty if none does."""
    deaths = [e for e in report.events if e.kind in (EventKind.PARTIAL, EventKind.LIQUIDATION)]
    if not deaths:
        return ""
    first = deaths[0]
    coin, price = next(iter(first.coin_price.items()), ("", None))
    own = coin_of(first.symbol)
    where = "" if coin == own or not coin else f", with {coin} at {fmt.price(price)}"
    names = {(e.account, e.symbol, e.side) for e in deaths}
    more = f"; then {len(names) - 1} more" if len(names) > 1 else ""
    return (
        f"Dies first: {first.account} · {own} {first.side} at {fmt.price(first.price)}{where}{more}"
    )


def _rounded(price: float) -> float:
    """Return a price that is pleasant to read: four significant digits."""
    digits = 3 - math.floor(math.log10(price))
    return round(price, digits)


def _step_line(row: RescueRow, step: Step) -> tuple[str, ...]:
    cost = fmt.usd(step.cost_usd, decimals=2)
    origin = step.origin or origin_text(step)  # its venue is in Rescue; here is little room
    if step.kind is SourceKind.OWN_WALLET:
        origin = origin_text(step)
    return pool_text(row), step_text(row, step), origin, arrival_text(step), cost


def _lost_line(row: RescueRow) -> tuple[str, ...]:
    return pool_text(row), step_text(row, None), "", "", ""


def _cut_line(cut: Reduce, at: int) -> tuple[str, ...]:
    name = f"{'and' if at else 'instead'}: {cut.account}"
    amount = f"cut {fmt.number(cut.quantity, 3)} {coin_of(cut.symbol)} {cut.side}"
    return name, amount, "market order", "at once", fmt.usd(cut.cost_usd, decimals=2)


def _hedge_line(hedge: Hedge) -> tuple[str, ...]:
    name = f"or hedge: {hedge.account}"
    amount = f"{fmt.number(hedge.quantity, 3)} {coin_of(hedge.symbol)} {hedge.side}"
    return name, amount, "market order", "at once", fmt.usd(hedge.cost_usd, decimals=2)
