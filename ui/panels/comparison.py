"""Two scenarios side by side: the one that was kept, and the one that is looked at now."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from ui import format as fmt
from ui.models.rows import Column, RowsModel
from ui.models.rows_view import make_table
from ui.names import coin_of
from ui.panels.base import Panel, PanelContext
from ui.scenario_texts import outcome
from ui.style import plain_label, tint
from ui.urgency import profit_token
from workstation.risk.report import PositionOutcome, ScenarioReport

_EMPTY: Final = "Keep a scenario, then look at another: both stand here side by side."
_KEEP_HELP: Final = "Hold the present scenario's answer beside those that follow"
_NO_BOOK: Final = "No book is open, so no scenario has an answer to keep: open one (Ctrl+O)"
_NO_ANSWER: Final = "The scenario has no answer yet: it waits for prices of the book"


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """One figure in both scenarios; ``usd`` tells money from a count."""

    name: str
    kept: float | None
    now: float | None
    state_kept: str = ""
    state_now: str = ""
    usd: bool = True

    @property
    def difference(self) -> float | None:
        return None if self.kept is None or self.now is None else self.now - self.kept


def title(report: ScenarioReport) -> str:
    """Return ``BTC 60,000``."""
    return ", ".join(f"{coin} {fmt.price(price)}" for coin, price in report.moves.items())


def compared(kept: ScenarioReport, now: ScenarioReport) -> list[Compared]:
    """Return totals first, then the profit in both of every position and every balance."""
    return [*_totals(kept, now), *_positions(kept, now), *_balances(kept, now)]


def _totals(kept: ScenarioReport, now: ScenarioReport) -> Iterator[Compared]:
    yield Compared(name="P&L of the move", kept=kept.pnl_usd, now=now.pnl_usd)
    yield Compared(name="Equity then", kept=kept.equity_after_usd, now=now.equity_after_usd)
    yield Compared(name="Liquidated", kept=_dead(kept), now=_dead(now), usd=False)


def _dead(report: ScenarioReport) -> int:
    return sum(row.status is PositionOutcome.LIQUIDATED for row in report.positions)


def _positions(kept: ScenarioReport, now: ScenarioReport) -> Iterator[Compared]:
    rows_kept = {(row.account, row.symbol, row.side): row for row in kept.positions}
    rows_now = {(row.account, row.symbol, row.side): row for row in now.positions}
    for key in dict.fromkeys([*rows_kept, *rows_now]):
        before, after = rows_kept.get(key), rows_now.get(key)
        yield Compared(
            name=f"{key[0]} · {coin_of(key[1])} {key[2]}",
            kept=before.pnl_usd if before else None,
            now=after.pnl_usd if after else None,
            state_kept=outcome(before) if before else "",
            state_now=outcome(after) if after else "",
        )


def _balances(kept: ScenarioReport, now: ScenarioReport) -> Iterator[Compared]:
    pnl_kept = {(row.account, row.asset): row.pnl_usd for row in kept.balances}
    pnl_now = {(row.account, row.asset): row.pnl_usd for row in now.balances}
    for key in dict.fromkeys([*pnl_kept, *pnl_now]):
        name = f"{key[0]} · {key[1]} balance"
        yield Compared(name=name, kept=pnl_kept.get(key), now=pnl_now.get(key))


def _text(row: Compared, value: float | None, state: str) -> str:
    words = fmt.number(value, sign=row.usd)
    return f"{words} · {state}" if state and state != PositionOutcome.OPEN else words


COLUMNS: Final = (
    Column[Compared](
        heading="Figure",
        help="Totals, then the profit or loss of each position and balance at the scenario, which "
        "add up to that of the move",
        text=lambda row: row.name,
        value=lambda row: row.name,
        is_figure=False,
    ),
    Column[Compared](
        heading="Kept $",
        help="The scenario that was kept, in USD",
        text=lambda row: _text(row, row.kept, row.state_kept),
        value=lambda row: row.kept,
    ),
    Column[Compared](
        heading="Now $",
        help="The scenario that is looked at, in USD",
        text=lambda row: _text(row, row.now, row.state_now),
        value=lambda row: row.now,
    ),
    Column[Compared](
        heading="Difference $",
        help="Now − kept",
        text=lambda row: fmt.number(row.difference, sign=True),
        value=lambda row: row.difference,
        token=lambda row: profit_token(row.difference) if row.usd else "",
    ),
)


class ComparisonPanel(Panel):
    """A button that keeps, and one table."""

    def __init__(self, context: PanelContext, parent: QWidget | None = None) -> None:
        super().__init__(context, parent)
        self._kept: ScenarioReport | None = None
        self.model = RowsModel[Compared](COLUMNS, self.theme, key=lambda row: row.name)
        self._head = plain_label(_EMPTY)
        tint(self._head, self.theme, "dim")
        self._keep = QPushButton("Keep this scenario")
        self._keep.clicked.connect(self.keep)
        self._table = make_table(self.model)
        line = QHBoxLayout()
        line.addWidget(self._head, 1)
        line.addWidget(self._keep)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 4, 8, 4)
        layout.addLayout(line)
        layout.addWidget(self._table, 1)
        self.bridge.scenario_changed.connect(self.show_report)
        self.bridge.portfolio_changed.connect(self.show_portfolio)
        self._show()

    @Slot()
    def keep(self) -> None:
        """Keep the scenario that is looked at."""
        self._kept = self.bridge.desk.scenario
        self._show()

    @Slot(object)
    def show_portfolio(self, _: object) -> None:
        self._kept = None
        self.when_seen(self._show)

    @Slot(object)
    def show_report(self, _: ScenarioReport) -> None:
        self.when_seen(self._show)

    def _show(self) -> None:
        now = self.bridge.desk.scenario
        rows = compared(self._kept, now) if self._kept is not None and now is not None else []
        self.model.replace_rows(rows)
        self._table.setVisible(bool(rows))
        self._keep.setEnabled(now is not None)
        lacking = _NO_BOOK if self.bridge.desk.portfolio is None else _NO_ANSWER
        self._keep.setToolTip(_KEEP_HELP if now is not None else lacking)
        if self._kept is not None and now is not None:
            self._head.setText(f"Kept: {title(self._kept)} · now: {title(now)}")
        else:
            self._head.setText(_EMPTY)
