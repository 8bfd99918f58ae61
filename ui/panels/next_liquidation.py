"""What of the user's own is liquidated next: price, distance, pace, the price of doing nothing."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import Slot
from PySide6.QtGui import QFont, QFontMetrics, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from ui import format as fmt
from ui.models.rows import plain_tip
from ui.names import coin_of, pool_name, position_name
from ui.panels.base import Panel, PanelContext
from ui.style import ElidedLabel, caption_font, plain_label, tint
from ui.theme import figure_font
from ui.told import is_passed
from ui.trust import WAITING, Trust, left_out_text, mark_note, muted, sight_text, trust_of
from ui.urgency import PAST, distance_token
from workstation.portfolio.model import MarginMode
from workstation.risk.report import (
    Figure,
    LiquidationKind,
    NextLiquidation,
    PositionReport,
    RiskReport,
)
from workstation.services.sight import Sight

_EMPTY: Final = "Open a portfolio file (Ctrl+O) to see what would be liquidated first."
_PEACE: Final = "No price liquidates anything of this book."
_HEAD_PX: Final = (20, 17, 14, 12)  # the largest one with which the headline fits
_HEAD_GAP_PX: Final = 10
_MARGIN_PX: Final = 13
_BAR_PX: Final = 4
_NOTE_PX: Final = 48  # for what is said of marks that are not of now


@dataclass(frozen=True, slots=True)
class Fact:
    """One remark under the headline, its colour token and its meaning."""

    text: str
    token: str
    help: str


def headline(nearest: NextLiquidation) -> tuple[str, str]:
    """Return what is liquidated, and at which price and distance."""
    name = position_name(nearest.symbol, nearest.side, nearest.leverage)
    where = f"at {fmt.price(nearest.price)} · {fmt.percent(nearest.distance, sign=True)}"
    return (
        f"{pool_name(nearest.venue, nearest.margin_mode)} {name}",
        PAST if nearest.past else where,
    )


def remarks(nearest: NextLiquidation) -> tuple[Fact, ...]:
    """Return pace, loss, stop and rescue, in this order."""
    return (_pace(nearest), _loss(nearest), _stop(nearest), *_rescue(nearest))


def _pace(nearest: NextLiquidation) -> Fact:
    help_text = (
        "Distance / the last hour's move of the mark, if it went on: a pace, never a forecast."
    )
    if nearest.past:
        return Fact("the venue may liquidate it now", "alarm", "It is below its maintenance margin")
    if nearest.minutes_at_pace is None:
        return Fact("pace not known", "dim", help_text)
    if math.isinf(nearest.minutes_at_pace):
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
        return Fact("no stop on this position", "text", help_text)
    stop = f"stop at {fmt.price(nearest.stop_price)}"
    if _stops_before(nearest):
        return Fact(f"{stop} before it", "text", help_text)
    if _stop_passed(nearest):
        help_text = "The mark stands beyond it: look at the venue, then bring the file up to date."
        return Fact(f"{stop} passed: it may have filled", "warn", help_text)
    return Fact(f"{stop} too late", "warn", help_text)


def _stops_before(nearest: NextLiquidation) -> bool:
    """Tell whether a stop stands between the mark and the liquidation price."""
    if nearest.stop_price is None or nearest.past or _stop_passed(nearest):
        return False
    return (nearest.stop_price - nearest.price) * nearest.distance < 0


def _stop_passed(nearest: NextLiquidation) -> bool:
    mark = nearest.price / (1 + nearest.distance)
    return nearest.stop_price is not None and is_passed(nearest.stop_price, mark, nearest.side)


def _rescue(nearest: NextLiquidation) -> tuple[Fact, ...]:
    if nearest.rescue_amount is None or nearest.rescue_asset is None:
        return ()
    decimals = 2 if nearest.rescue_asset.startswith("USD") else 6
    amount = fmt.number(nearest.rescue_amount, decimals, sign=True)
    own = nearest.margin_mode is MarginMode.ISOLATED
    margin = "its own margin" if own else f"the wallet of {nearest.account}"
    return (
        Fact(
            f"keeps it to {_until(nearest)}: {amount} {nearest.rescue_asset} "
            f"({'into this position' if own else 'into the wallet'})",
            "long",
            f"The smallest deposit into {margin} with which it survives the scenario, and no "
            "further, with the buffer of the settings; checked against the margin engine after "
            "rounding.",
        ),
    )


def _until(nearest: NextLiquidation) -> str:
    """Return the prices of the scenario; a coin that is not the position's own is named."""
    own = coin_of(nearest.symbol)
    return ", ".join(
        fmt.price(price) if coin == own else f"{coin} {fmt.price(price)}"
        for coin, price in nearest.rescue_until.items()
    )


class NextLiquidationPanel(Panel):
    """A headline that is read in two seconds; in peace one quiet line."""

    def __init__(self, context: PanelContext, parent: QWidget | None = None) -> None:
        super().__init__(context, parent)
        self._token = ""
        self._report: RiskReport | None = None
        self._sight = self.bridge.desk.sight
        self._caption = plain_label()
        self._caption.setFont(caption_font())
        tint(self._caption, self.theme, "dim")
        self._note = plain_label()
        self._note.setWordWrap(True)
        tint(self._note, self.theme, "warn")
        self._quiet = plain_label()
        self._quiet.setWordWrap(True)
        tint(self._quiet, self.theme, "dim")
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
        *short, rescue = self._remarks
        for place, remark in enumerate(short):
            foot.addWidget(remark, place // 2, place % 2)
        foot.addWidget(rescue, 2, 0, 1, 2)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(_MARGIN_PX, 8, _MARGIN_PX, 8)
        layout.setSpacing(4)
        layout.addWidget(self._caption)
        layout.addLayout(head)
        layout.addWidget(self._quiet)
        layout.addWidget(self._note)
        layout.addLayout(foot)
        layout.addStretch(1)
        self._note.hide()
        self._keep_height()
        self.bridge.sight_changed.connect(self.show_sight)
        self.bridge.risk_changed.connect(self.show_report)
        self.bridge.portfolio_changed.connect(self.show_portfolio)
        self.show_portfolio(self.bridge.desk.portfolio)

    @Slot(object)
    def show_portfolio(self, portfolio: object) -> None:
        """Say what to do while there is no book, or nothing is known of it yet."""
        self._sight, self._report = self.bridge.desk.sight, self.bridge.desk.risk
        if portfolio is not None and self._report is not None:
            self._show()
        else:
            self._show_quiet(_EMPTY if portfolio is None else WAITING)

    @Slot(object)
    def show_sight(self, sight: Sight) -> None:
        """Dim what is of earlier, and say since when; a report of now comes with the sight."""
        self._sight = sight
        if sight.blind:
            self._show()

    @Slot(object)
    def show_report(self, report: RiskReport) -> None:
        self._report = report
        self._show()

    def _show(self) -> None:
        report = self._report
        if report is None:
            return
        nearest = self._sight.lost or report.next_liquidation
        if nearest is None:
            self._show_quiet(_quiet_words(report))
        else:
            self._show_nearest(nearest, report)
        doubts = (self._doubt(nearest, report), left_out_text(report.totals.not_included))
        text = " · ".join(filter(None, doubts))
        self._note.setText(text[:1].upper() + text[1:])
        self._note.setVisible(bool(text))
        self._keep_height()

    def _show_nearest(self, nearest: NextLiquidation, report: RiskReport) -> None:
        trust = self._trust(nearest, report)
        token = distance_token(nearest.distance)
        self._token = token and ("warn" if trust is Trust.OLD else token)
        caption = "Next liquidation" if token else "Nearest liquidation"
        stops = _stops_before(nearest)
        self._caption.setText(f"{caption}, unless its stop fills before" if stops else caption)
        for label, words in zip((self._what, self._where), headline(nearest), strict=True):
            label.setText(words)
            label.setVisible(True)
        tint(self._what, self.theme, muted(token or "text", trust))
        tint(self._where, self.theme, muted("alarm" if nearest.past else "text", trust))
        self._quiet.hide()
        self._fit()
        facts = remarks(nearest)
        for label, fact in zip(self._remarks, [*facts, None, None][:4], strict=True):
            label.setVisible(fact is not None)
            if fact is not None:
                label.setText(fact.text)
                label.setToolTip(fact.help)
                tint(label, self.theme, muted(fact.token, trust))
        self.setToolTip(f"Account {nearest.account}, {nearest.symbol}; mark price triggers it.")
        row = _row_of(nearest, report)
        explained = (Figure.POSITION, Figure.LIQUIDATION) if row is not None else ()
        for label, figure in zip((self._what, self._where), explained, strict=False):
            label.setToolTip(plain_tip(row.explain(figure)) if row is not None else "")
        self.update()

    def _trust(self, nearest: NextLiquidation, report: RiskReport) -> Trust:
        unseen = self._sight.blind or self._sight.lost is not None
        return trust_of(filter(None, (_row_of(nearest, report),)), blind=unseen)

    def _doubt(self, nearest: NextLiquidation | None, report: RiskReport) -> str:
        """Say why what is shown is not of now; empty if it is."""
        words, row = sight_text(self._sight), _row_of(nearest, report) if nearest else None
        note = mark_note(row, report) if row is not None and not words else ""
        return words or (f"mark: {note}" if note else "")

    def _show_quiet(self, sentence: str) -> None:
        self._token = ""
        self._caption.setText("Next liquidation")
        for hidden in (self._note, self._what, self._where, *self._remarks):
            hidden.hide()
        self._quiet.setText(sentence)
        self._quiet.show()
        self._keep_height()
        self.update()

    def _keep_height(self) -> None:
        """Take room for a note only while there is one; what stands below needs it."""
        height = self._full_height() + (_NOTE_PX if self._note.isVisibleTo(self) else 0)
        if height != self.maximumHeight():
            self.setFixedHeight(height)
            self.height_changed.emit()

    def _full_height(self) -> int:
        """Return the height of caption, headline and three rows of remarks, shown or not."""
        rows = (caption_font(), _head_font(_HEAD_PX[0]), *(figure_font() for _ in range(3)))
        return sum(QFontMetrics(font).height() + 4 for font in rows) + 2 * 8

    def _make_head(self) -> QLabel:
        label = ElidedLabel(asks=True)  # first its font gives way, then its end
        label.setFont(_head_font(_HEAD_PX[0]))
        return label

    def _fit(self) -> None:
        room = self.width() - 2 * _MARGIN_PX - 2 * _HEAD_GAP_PX  # one is before the stretch
        words = self._what.text() + self._where.text()
        fonts = map(_head_font, _HEAD_PX)
        fitting = (f for f in fonts if QFontMetrics(f).horizontalAdvance(words) <= room)
        font = next(fitting, _head_font(_HEAD_PX[-1]))
        self._what.setFont(font)
        self._where.setFont(font)
        wanted = QFontMetrics(font).horizontalAdvance(self._where.text())
        self._where.setMinimumWidth(max(1, min(wanted, room)))  # price and distance are never cut

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _make_remark(self) -> QLabel:
        label = ElidedLabel(asks=True)
        label.setFont(figure_font())
        return label

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if not self._token:
            return
        painter = QPainter(self)
        painter.fillRect(self.rect(), self.theme.colour(self._token, 0.07))
        painter.fillRect(0, 0, _BAR_PX, self.height(), self.theme.colour(self._token))


def _row_of(nearest: NextLiquidation, report: RiskReport) -> PositionReport | None:
    key = nearest.account, nearest.symbol, nearest.side
    rows = (row for row in report.positions if (row.account, row.symbol, row.side) == key)
    return next(rows, None)


def _quiet_words(report: RiskReport) -> str:
    unknown = [row for row in report.positions if row.liquidation is LiquidationKind.UNKNOWN]
    if not unknown:
        return _PEACE
    return (
        f"Not known for {len(unknown)} of {len(report.positions)} positions: see the tooltips of "
        "the table."
    )


def _head_font(px: int) -> QFont:
    font = figure_font(px)
    font.setWeight(QFont.Weight.DemiBold)
    return font
