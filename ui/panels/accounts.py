"""Accounts: a row a margin pool, and never a ratio over several of them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QVBoxLayout, QWidget

from ui import format as fmt
from ui.models.rows import Column, RowsModel, make_table
from ui.panels.base import Panel, PanelContext
from ui.style import plain_label, tint
from ui.told import told_lines, told_ratio
from ui.urgency import distance_token, status_token
from workstation.portfolio.age import has_age
from workstation.risk.report import AccountReport, RiskReport, Status, Withdrawals
from workstation.units import HOUR_MS, SECOND_MS

_EMPTY: Final = "No account yet. Open a portfolio file (Ctrl+O) or add a position (File menu)."
LIVE_OLD_S: Final = 30.0  # a few readings of a live account
_DOLLARS: Final = ("USD", "USDT", "USDC")


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountRow:
    """A pool, the age of the book in seconds, and the age from which it is called old."""

    pool: AccountReport
    book_age_s: float | None
    old_from_s: float


def _money(amount: float | None, currency: str) -> str:
    if currency in _DOLLARS:
        return fmt.number(amount)
    return fmt.UNKNOWN if amount is None else f"{fmt.number(amount, 4)} {currency}"


def _dies_at(pool: AccountReport) -> str:
    if pool.liquidation_coin_price is None:
        return "not known" if pool.status is Status.UNKNOWN else "none"
    coin = "" if pool.liquidation_coin == "BTC" else f" {pool.liquidation_coin}"
    return f"{fmt.price(pool.liquidation_coin_price)}{coin}"


def _ratio_text(row: AccountRow) -> str:
    """Return our ratio; the venue's own, said so, where there is no rule for one here."""
    pool, told = row.pool, told_ratio(row.pool.told)
    if pool.margin_ratio is None and pool.status is Status.UNKNOWN and told is not None:
        return f"{fmt.percent(told, 0)} (venue)"
    return fmt.percent(pool.margin_ratio, 0)


def _told(row: AccountRow) -> str:
    pool = row.pool
    return "\n".join(
        [f"{pool.id}: {pool.status}", *told_lines(pool.venue, pool.currency, pool.told)]
    )


def _read_token(row: AccountRow) -> str:
    return "warn" if row.book_age_s is not None and row.book_age_s > row.old_from_s else ""


COLUMNS: Final = (
    Column[AccountRow](
        heading="Account",
        help="Account and venue; each settlement coin is a margin pool of its own",
        text=lambda row: f"{row.pool.id} · {fmt.venue_name(row.pool.venue)} {row.pool.currency}",
        value=lambda row: row.pool.id,
        token=lambda row: status_token(row.pool.status),
        tip=_told,
        is_figure=False,
    ),
    Column[AccountRow](
        heading="Equity",
        help="Margin balance: wallet plus unrealised profit, in the pool's currency (USD without)",
        text=lambda row: _money(row.pool.margin_balance, row.pool.currency),
        value=lambda row: row.pool.margin_balance,
    ),
    Column[AccountRow](
        heading="Free",
        help="Collateral that no position needs as initial margin",
        text=lambda row: _money(row.pool.free_collateral, row.pool.currency),
        value=lambda row: row.pool.free_collateral,
        tip=_told,
    ),
    Column[AccountRow](
        heading="Margin ratio",
        help="Maintenance margin / margin balance of this pool; liquidation at 100 %",
        text=_ratio_text,
        value=lambda row: row.pool.margin_ratio,
        tip=_told,
    ),
    Column[AccountRow](
        heading="Liquidates at BTC",
        help="Price of BTC at which the pool is liquidated when every coin moves with its beta",
        text=lambda row: _dies_at(row.pool),
        value=lambda row: row.pool.liquidation_coin_price,
    ),
    Column[AccountRow](
        heading="Distance",
        help="From the coin's price now to that price",
        text=lambda row: fmt.percent(row.pool.liquidation_coin_distance, sign=True),
        value=lambda row: row.pool.liquidation_coin_distance,
        token=lambda row: distance_token(row.pool.liquidation_coin_distance),
    ),
    Column[AccountRow](
        heading="Funding 24h $",
        help="What funding pays (+) or costs (−) in the next 24 hours at the running rates, in USD",
        text=lambda row: fmt.number(row.pool.funding_24h_usd, 2, sign=True),
        value=lambda row: row.pool.funding_24h_usd,
    ),
    Column[AccountRow](
        heading="Read",
        help="Age of the book: how long ago these balances and positions were true",
        text=lambda row: fmt.age(row.book_age_s),
        value=lambda row: row.book_age_s,
        token=_read_token,
    ),
    Column[AccountRow](
        heading="Withdrawals",
        help="Whether the venue lets collateral out; unknown where it does not tell",
        text=lambda row: row.pool.withdrawals.value,
        value=lambda row: row.pool.withdrawals.value,
        token=lambda row: "warn" if row.pool.withdrawals is Withdrawals.SUSPENDED else "",
    ),
)


class AccountsPanel(Panel):
    """The table of pools, and by name what no total includes."""

    def __init__(self, context: PanelContext, parent: QWidget | None = None) -> None:
        super().__init__(context, parent)
        self.model = RowsModel[AccountRow](
            COLUMNS, self.theme, key=lambda row: (row.pool.id, row.pool.currency)
        )
        self._note = plain_label(_EMPTY)
        self._note.setWordWrap(True)
        tint(self._note, self.theme, "dim")
        self._table = make_table(self.model)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 4, 8, 4)
        layout.addWidget(self._table, 1)
        layout.addWidget(self._note)
        self.bridge.risk_changed.connect(self.show_report)
        self.bridge.portfolio_changed.connect(self.show_portfolio)
        self.show_portfolio(None)

    @Slot(object)
    def show_portfolio(self, _: object) -> None:
        """Empty the table of a closed book; an open one comes with its first report."""
        if self.bridge.desk.risk is not None:
            self.show_report(self.bridge.desk.risk)
            return
        self.model.replace_rows(())
        self._table.hide()
        self._note.setText(_EMPTY)
        self._note.show()

    @Slot(object)
    def show_report(self, report: RiskReport) -> None:
        old_from_s = self.bridge.desk.settings.risk.book_age_warning_h * HOUR_MS / SECOND_MS
        desk = self.bridge.desk
        if desk.portfolio is not None and not has_age(desk.portfolio, desk.store.mode):
            old_from_s = math.inf
        self.model.replace_rows([_row(pool, report, old_from_s) for pool in report.accounts])
        self._table.setVisible(bool(report.accounts))
        left_out = ", ".join(report.totals.not_included)
        self._note.setText(f"Not included in any total: {left_out}" if left_out else _EMPTY)
        self._note.setVisible(bool(left_out) or not report.accounts)


def _row(pool: AccountReport, report: RiskReport, old_from_s: float) -> AccountRow:
    """Return a pool with its age: an account that is read has its own, the others the book's."""
    read_ms = report.book_as_of_ms if pool.read_ms is None else pool.read_ms
    age_ms = None if read_ms is None else report.as_of_ms - read_ms
    return AccountRow(
        pool=pool,
        book_age_s=None if age_ms is None or age_ms < 0 else age_ms / SECOND_MS,
        old_from_s=old_from_s if pool.read_ms is None else LIVE_OLD_S,
    )
