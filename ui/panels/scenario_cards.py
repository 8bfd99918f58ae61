"""The four figures of a scenario: equity now, P&L, equity then, what is liquidated."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QSize
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QGridLayout, QVBoxLayout, QWidget

from ui import format as fmt
from ui.style import ElidedLabel, caption_font, tint
from ui.theme import Theme, figure_font
from ui.trust import Trust, muted
from ui.urgency import profit_token
from workstation.risk.report import PositionOutcome, ScenarioReport

_LEAST_PX: Final = 200
_ONE_ROW_PX: Final = 420  # below it the cards stand two by two
_HELPS: Final = {
    "Equity now": "All balances at market value, isolated margins and unrealised profit.",
    "P&L of the move": "Equity after the move − equity now, what is forfeited included.",
    "Equity then": "What is left at the scenario price, if nothing is done.",
    "Liquidated": "What the venues liquidate on the way, and what counts as lost already.",
}


class ScenarioCards(QWidget):
    """A row of figures; a narrow one takes two rows."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._cards = [_Card(name, words, theme) for name, words in _HELPS.items()]
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setVerticalSpacing(2)
        self._grid.setHorizontalSpacing(4)
        self._arrange(len(self._cards))

    def show_report(self, report: ScenarioReport, price: float, trust: Trust) -> None:
        """Show what becomes of the book at a price; figures of earlier are dimmed."""
        statuses = [row.status for row in report.positions]
        dead, unknown = map(statuses.count, (PositionOutcome.LIQUIDATED, PositionOutcome.UNKNOWN))
        count = f"{dead} of {len(statuses)}" + (f", {unknown} not known" if unknown else "")
        now, pnl, after, lost = self._cards
        now.show_value(fmt.usd_short(report.equity_before_usd), muted("", trust))
        token = muted(profit_token(report.pnl_usd), trust)
        pnl.show_value(fmt.usd_short(report.pnl_usd, sign=True), token)
        after.set_caption(f"Equity at {fmt.price(price)}")
        after.show_value(fmt.usd_short(report.equity_after_usd), muted("", trust))
        lost.show_value(count, muted("alarm" if dead else "", trust))

    def clear(self) -> None:
        for card in self._cards:
            card.show_value(fmt.UNKNOWN)

    def minimumSizeHint(self) -> QSize:
        return QSize(_LEAST_PX, super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange(len(self._cards) if self.width() >= _ONE_ROW_PX else 2)

    def _arrange(self, columns: int) -> None:
        for at, card in enumerate(self._cards):
            self._grid.addWidget(card, at // columns, at % columns)
        for column in range(len(self._cards)):
            self._grid.setColumnStretch(column, 1 if column < columns else 0)


class _Card(QFrame):
    """One figure on a raised ground."""

    def __init__(self, caption: str, help_text: str, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.setProperty("role", "card")
        self._caption = ElidedLabel(caption)
        self._caption.setFont(caption_font())
        tint(self._caption, self._theme, "dim")
        self._value = ElidedLabel(fmt.UNKNOWN)
        self._value.setFont(figure_font(16))
        self.setToolTip(help_text)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(2, 2, 0, 2)
        layout.setSpacing(0)
        layout.addWidget(self._caption)
        layout.addWidget(self._value)

    def set_caption(self, caption: str) -> None:
        self._caption.setText(caption)

    def show_value(self, text: str, token: str = "") -> None:
        self._value.setText(text)
        tint(self._value, self._theme, token or "text")
