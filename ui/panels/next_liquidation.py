"""What of the user's own is liquidated next: price, distance, pace, the price of doing nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import Slot
from PySide6.QtGui import QFont, QFontMetrics, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from ui import format as fmt
from ui.names import pool_name, position_name
from ui.panels.base import Panel, PanelContext
from ui.style import caption_font, plain_label, tint
from ui.theme import figure_font
from ui.urgency import distance_token
from workstation.risk.report import NextLiquidation, RiskReport

_EMPTY: Final = "Open a portfolio file (Ctrl+O) to see what would be liquidated first."
_PEACE: Final = "No price liquidates anything of this book."
_HEAD_PX: Final = (20, 17, 14, 12)  # the largest one with which the headline fits
_HEAD_GAP_PX: Final = 10
_MARGIN_PX: Final = 13
_BAR_PX: Final = 4


@dataclass(frozen=True, slots=True)
class Fact:
    """One remark under the headline, its colour token and its meaning."""

    text: str
    token: str
    help: str


def headline(nearest: NextLiquidation) -> tuple[str, str]:
    """Return what is liquidated, and at which price and distance."""
    name = position_name(nearest.symbol, nearest.side, nearest.leverage)
    return (
        f"{pool_name(nearest.venue, nearest.margin_mode)} {name}",
        f"at {fmt.price(nearest.price)} · {fmt.percent(nearest.distance, sign=True)}",
    )


def remarks(nearest: NextLiquidation) -> tuple[Fact, ...]:
    """Return pace, loss, stop and rescue, in this order."""
    return (_pace(nearest), _loss(nearest), _stop(nearest), *_rescue(nearest))


def _pace(nearest: NextLiquidation) -> Fact:
    help_text = (
        "Distance / the last hour's move of the mark, if it went on: a pace, never a forecast."
    )
    if nearest.minutes_at_pace is None:
        return Fact("not approaching in the last hour", "dim", help_text)
    wait = fmt.age(nearest.minutes_at_pace * 60)
    return Fact(f"at the last hour\N{RIGHT SINGLE QUOTATION MARK}s pace {wait}", "text", help_text)


def _loss(nearest: NextLiquidation) -> Fact:
    loss = nearest.loss_of_doing_nothing_usd
    help_text = "What its margin pool is worth now, and loses by this liquidation, in USD."
    if loss is not None and loss <= 0:
        return Fact("nothing left to lose", "dim", help_text)
    cost = fmt.UNKNOWN if loss is None else fmt.usd(-loss)
    return Fact(f"do nothing: {cost}", "dim" if loss is None else "down", help_text)


def _stop(nearest: NextLiquidation) -> Fact:
    help_text = "A stop order of the portfolio that closes it before the liquidation price."
    if nearest.stop_price is None:
        return Fact("no stop set", "text", help_text)
    return Fact(f"stop at {fmt.price(nearest.stop_price)} before it", "text", help_text)


def _rescue(nearest: NextLiquidation) -> tuple[Fact, ...]:
    if nearest.rescue_amount is None or nearest.rescue_asset is None:
        return ()
    decimals = 2 if nearest.rescue_asset.startswith("USD") else 6
    amount = fmt.number(nearest.rescue_amount, decimals, sign=True)
    return (
        Fact(
            f"{amount} {nearest.rescue_asset} saves it",
            "long",
            "The smallest deposit with which it survives the scenario, with the buffer of the "
            "settings; checked against the margin engine after rounding.",
        ),
    )


class NextLiquidationPanel(Panel):
    """A headline that is read in two seconds; in peace one quiet line."""

    def __init__(self, context: PanelContext, parent: QWidget | None = None) -> None:
        super().__init__(context, parent)
        self._token = ""
        self._caption = plain_label()
        self._caption.setFont(caption_font())
        tint(self._caption, self.theme, "dim")
        self._what, self._where = self._make_head(), self._make_head()
        self._remarks = [self._make_remark() for _ in range(4)]
        head, foot = QHBoxLayout(), QGridLayout()
        head.setSpacing(_HEAD_GAP_PX)
        head.addWidget(self._what)
        head.addWidget(self._where)
        head.addStretch(1)
        foot.setHorizontalSpacing(18)
        foot.setVerticalSpacing(2)
        foot.setColumnStretch(1, 1)
        for place, remark in enumerate(self._remarks):
            foot.addWidget(remark, place // 2, place % 2)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(_MARGIN_PX, 8, _MARGIN_PX, 8)
        layout.setSpacing(4)
        layout.addWidget(self._caption)
        layout.addLayout(head)
        layout.addLayout(foot)
        layout.addStretch(1)
        self.bridge.risk_changed.connect(self.show_report)
        self.bridge.portfolio_changed.connect(self.show_portfolio)
        self.show_portfolio(self.bridge.desk.portfolio)

    @Slot(object)
    def show_portfolio(self, portfolio: object) -> None:
        """Say what to do while there is no book, or nothing is known of it yet."""
        report = self.bridge.desk.risk
        if portfolio is not None and report is not None:
            self.show_report(report)
        else:
            self._show_quiet(_EMPTY if portfolio is None else "Working out the book")

    @Slot(object)
    def show_report(self, report: RiskReport) -> None:
        nearest = report.next_liquidation
        if nearest is None:
            unknown = [p for p in report.positions if p.liquidation == "unknown"]
            self._show_quiet(
                f"Not known for {len(unknown)} of {len(report.positions)} positions: see the "
                "tooltips of the table."
                if unknown
                else _PEACE
            )
            return
        self._token = distance_token(nearest.distance)
        calm = not self._token
        self._caption.setText("Nearest liquidation" if calm else "Next liquidation")
        for label, words in zip((self._what, self._where), headline(nearest), strict=True):
            label.setText(words)
            label.setVisible(True)
        tint(self._what, self.theme, self._token or "text")
        tint(self._where, self.theme, "text")
        self._fit()
        facts = remarks(nearest)
        for label, fact in zip(self._remarks, [*facts, None, None][:4], strict=True):
            label.setVisible(fact is not None)
            if fact is not None:
                label.setText(fact.text)
                label.setToolTip(fact.help)
                tint(label, self.theme, fact.token)
        self.setToolTip(f"Account {nearest.account}, {nearest.symbol}; mark price triggers it.")
        self.update()

    def _show_quiet(self, sentence: str) -> None:
        self._token = ""
        self._caption.setText("Next liquidation")
        self._what.hide()
        self._where.hide()
        for label in self._remarks[1:]:
            label.hide()
        self._remarks[0].setText(sentence)
        self._remarks[0].setVisible(True)
        tint(self._remarks[0], self.theme, "dim")
        self.update()

    def _make_head(self) -> QLabel:
        label = plain_label()
        label.setMinimumWidth(1)  # its font gives way, not the window
        label.setFont(_head_font(_HEAD_PX[0]))
        return label

    def _fit(self) -> None:
        room = self.width() - 2 * _MARGIN_PX - _HEAD_GAP_PX
        words = self._what.text() + self._where.text()
        fonts = map(_head_font, _HEAD_PX)
        fitting = (f for f in fonts if QFontMetrics(f).horizontalAdvance(words) <= room)
        font = next(fitting, _head_font(_HEAD_PX[-1]))
        self._what.setFont(font)
        self._where.setFont(font)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _make_remark(self) -> QLabel:
        label = plain_label()
        label.setFont(figure_font())
        return label

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if not self._token:
            return
        painter = QPainter(self)
        painter.fillRect(self.rect(), self.theme.colour(self._token, 0.07))
        painter.fillRect(0, 0, _BAR_PX, self.height(), self.theme.colour(self._token))


def _head_font(px: int) -> QFont:
    font = figure_font(px)
    font.setWeight(QFont.Weight.DemiBold)
    return font
