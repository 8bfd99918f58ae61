"""Accounts: a row a margin pool, and never a ratio over several of them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QVBoxLayout, QWidget

from ui import format as fmt
from ui.models.rows import Column, RowsModel
from ui.models.rows_view import make_table
from ui.names import COMMON_MOVE_HELP, coin_of, position_name
from ui.panels.base import Panel, PanelContext
from ui.style import plain_label, tint
from ui.told import told_lines, told_ratio
from ui.trust import WAITING, Trust, cross_rows, muted, trust_of
from ui.urgency import LOST, PAST, distance_text, distance_token, status_token
from workstation.portfolio.age import has_age
from workstation.portfolio.model import MarginMode, VenueFigures
from workstation.risk.report import (
    AccountReport,
    PositionReport,
    RiskReport,
    Status,
    Withdrawals,
)
from workstation.units import HOUR_MS, SECOND_MS

_EMPTY: Final = "No account yet. Open a portfolio file (Ctrl+O) or add a position (File menu)."
LIVE_OLD_S: Final = 30.0  # a few readings of a live account
_DOLLARS: Final = ("USD", "USDT", "USDC")
_LEAST_PX: Final = 130  # a heading and four rows; the other tabs have as much


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountRow:
    """A margin pool: an account's wallet, or one isolated position with its own margin.

    ``dies_at`` is a price of ``coin``: bitcoin, the pool's main coin, or the position's own. What
    is the account's and not the position's (funding, withdrawals, what is free) is ``None`` in the
    row of a position.
    """

    key: tuple[str, ...]
    name: str
    currency: str
    status: Status
    equity: float | None
    ratio: float | None
    coin: str | None
    dies_at: float | None
    distance: float | None
    told: VenueFigures | None
    trust: Trust
    venue: str
    wallet: AccountReport | None = None
    note: str = ""  # what an isolated position of the account should be looked at for
    book_age_s: float | None = None
    old_from_s: float = 0.0  # the age from which the book is called old


def _money(amount: float | None, currency: str) -> str:
    if currency in _DOLLARS:
        return fmt.number(amount)
    return fmt.UNKNOWN if amount is None else f"{fmt.number(amount, 4)} {currency}"


def _dies_at(row: AccountRow) -> str:
    if row.status is Status.BELOW_MAINTENANCE:
        return PAST
    if row.dies_at is None and row.status is Status.PRESUMED_LIQUIDATED:
        return "passed"
    if row.dies_at is None:
        return "not known" if row.status is Status.UNKNOWN else "none"
    coin = "" if row.coin == "BTC" else f" {row.coin}"
    return f"{fmt.price(row.dies_at)}{coin}"


def _ratio_text(row: AccountRow) -> str:
    """Return our ratio; the venue's own, said so, where there is no rule for one here."""
    told = told_ratio(row.told)
    if row.ratio is None and row.status is Status.UNKNOWN and told is not None:
        return f"{fmt.percent(told, 0)} (venue)"
    return fmt.percent(row.ratio, 0)


def _told(row: AccountRow) -> str:
    stands = f"{row.name}: {row.status.replace('_', ' ')}"
    return "\n".join(
        [stands, *filter(None, (row.note,)), *told_lines(row.venue, row.currency, row.told)]
    )


def _free_text(row: AccountRow) -> str:
    """Return our figure; the venue's own, said so, where there is no rule for one here."""
    if row.wallet is None:
        return ""
    told = row.told.free_collateral if row.told else None
    if row.wallet.free_collateral is None and told is not None:
        return f"{_money(told, row.currency)} (venue)"
    return _money(row.wallet.free_collateral, row.currency)


def _free_tip(row: AccountRow) -> str:
    taken = row.wallet.order_margin if row.wallet is not None else 0.0
    if taken is None:
        return f"What resting orders take is not known here.\n{_told(row)}"
    words = f"Resting orders take {_money(taken, row.currency)} of it.\n" if taken else ""
    return f"{words}{_told(row)}"


def _name_token(row: AccountRow) -> str:
    return status_token(row.status) or ("warn" if row.note else "")


def _of_wallet(name: str, words: Callable[[Any], str]) -> Callable[[AccountRow], str]:
    """Return the text of a figure that only the account's own row has."""
    return lambda row: words(getattr(row.wallet, name)) if row.wallet is not None else ""


def _wallets(name: str) -> Callable[[AccountRow], Any]:
    return lambda row: getattr(row.wallet, name) if row.wallet is not None else None


def _read_token(row: AccountRow) -> str:
    return "warn" if row.book_age_s is not None and row.book_age_s > row.old_from_s else ""


COLUMNS: Final = (
    Column[AccountRow](
        heading="Account",
        help="Account and venue; each settlement coin is a margin pool of its own, and so is each "
        "isolated position. Nearest liquidation first, within an account and among accounts",
        text=lambda row: row.name,
        value=lambda row: row.key,
        token=_name_token,
        tip=_told,
        is_figure=False,
    ),
    Column[AccountRow](
        heading="Equity",
        help="Margin balance: wallet (of an isolated position its margin) plus unrealised profit, "
        "in the pool's currency (USD without)",
        text=lambda row: _money(row.equity, row.currency),
        value=lambda row: row.equity,
    ),
    Column[AccountRow](
        heading="Free",
        help="Collateral that neither a position nor a resting order needs as initial margin",
        text=_free_text,
        value=_wallets("free_collateral"),
        tip=_free_tip,
        rank=1,
    ),
    Column[AccountRow](
        heading="Margin ratio",
        help="Maintenance margin / margin balance of this pool; liquidation at 100 %",
        text=_ratio_text,
        value=lambda row: row.ratio,
        tip=_told,
        rank=2,
    ),
    Column[AccountRow](
        heading="Liquidates at BTC",
        help="Price of BTC at which the pool is liquidated when every coin moves with its beta; "
        "of another coin where it is named, and of its own for an isolated position.\n"
        + COMMON_MOVE_HELP,
        text=_dies_at,
        value=lambda row: row.dies_at,
        token=lambda row: "alarm" if row.status in LOST else "",
    ),
    Column[AccountRow](
        heading="Distance",
        help="From the coin's price now to that price",
        text=lambda row: distance_text(row.status, row.distance),
        value=lambda row: row.distance,
        token=lambda row: distance_token(row.distance, row.status),
    ),
    Column[AccountRow](
        heading="Funding 24h $",
        help="What funding pays (+) or costs (−) the account in the next 24 hours at the running "
        "rates, in USD, isolated positions included",
        text=_of_wallet("funding_24h_usd", lambda usd: fmt.number(usd, 2, sign=True)),
        value=_wallets("funding_24h_usd"),
        rank=3,
    ),
    Column[AccountRow](
        heading="Read",
        help="Age of the book: how long ago these balances and positions were true",
        text=lambda row: fmt.age(row.book_age_s),
        value=lambda row: row.book_age_s,
        token=_read_token,
        rank=4,
    ),
    Column[AccountRow](
        heading="Withdrawals",
        help="Whether the venue lets collateral out; unknown where it does not tell",
        text=_of_wallet("withdrawals", str),
        value=_wallets("withdrawals"),
        token=lambda row: (
            "warn"
            if row.wallet is not None and row.wallet.withdrawals is Withdrawals.SUSPENDED
            else ""
        ),
        rank=5,
    ),
)


def rows_of(report: RiskReport, warning_s: float, *, blind: bool = False) -> list[AccountRow]:
    """Return a row a margin pool: wallets and isolated positions, account by account.

    Within an account, and among accounts by their nearest row, what is liquidated first stands
    first, by the distance that its row shows.

    Parameters
    ----------
    warning_s : the age in seconds from which a book is called old
    blind : no mark of the book is of now any more
    """
    groups: dict[str, list[AccountRow]] = {}
    alone = _by_account(report)
    for pool in report.accounts:
        own = alone.get(pool.id, [])
        wallet = _wallet_row(pool, report, own, blind=blind)
        read_ms = report.book_as_of_ms if pool.read_ms is None else pool.read_ms
        age_ms = None if read_ms is None else report.as_of_ms - read_ms
        aged = replace(
            wallet,
            book_age_s=None if age_ms is None or age_ms < 0 else age_ms / SECOND_MS,
            old_from_s=warning_s if pool.read_ms is None else LIVE_OLD_S,
        )
        groups.setdefault(pool.id, []).append(aged)
    for account, legs in alone.items():
        group = groups.setdefault(account, [])
        wallet_row = group[-1] if group else None
        group += [_leg_row(row, wallet_row, blind=blind) for row in legs]
    ordered = [sorted(group, key=_nearness) for group in groups.values()]
    return [row for group in sorted(ordered, key=lambda g: _nearness(g[0])) for row in group]


def _nearness(row: AccountRow) -> float:
    """Return how far a row is from its liquidation: what is past it first, none last."""
    if row.status in LOST:
        return -1.0
    return math.inf if row.distance is None else abs(row.distance)


def _by_account(report: RiskReport) -> dict[str, list[PositionReport]]:
    found: dict[str, list[PositionReport]] = {}
    for row in report.positions:
        if row.margin_mode is MarginMode.ISOLATED:
            found.setdefault(row.account, []).append(row)
    return found


def _wallet_row(
    pool: AccountReport, report: RiskReport, own: Sequence[PositionReport], *, blind: bool
) -> AccountRow:
    backed = cross_rows(report, pool)
    if pool.status is Status.PRESUMED_LIQUIDATED:  # what counts as lost has no figures of now
        pool = replace(
            pool, margin_balance=None, margin_ratio=None, free_collateral=None, funding_24h_usd=None
        )
    name = f"{pool.id} · {fmt.venue_name(pool.venue)} {pool.currency}"
    if own:
        name += " cross" if backed else " wallet"
    return AccountRow(
        key=(pool.id, pool.currency),
        name=name,
        currency=pool.currency,
        status=pool.status,
        equity=pool.margin_balance,
        ratio=pool.margin_ratio,
        coin=pool.liquidation_coin,
        dies_at=pool.liquidation_coin_price,
        distance=pool.liquidation_coin_distance,
        told=pool.told,
        trust=trust_of(backed, blind=blind),
        venue=pool.venue,
        wallet=pool,
        note="\n".join(filter(None, map(_leg_note, own))),
    )


def _leg_note(row: PositionReport) -> str:
    """Name an isolated position that is in danger on its own; empty for a calm one."""
    name = f"its isolated {position_name(row.symbol, row.side, row.leverage)}"
    if row.status is not Status.OK:
        return f"{name}: {row.status.replace('_', ' ')}"
    if distance_token(row.distance):
        return f"{name} is liquidated at {fmt.percent(row.distance, sign=True)}"
    return ""


def _leg_row(row: PositionReport, wallet: AccountRow | None, *, blind: bool) -> AccountRow:
    lost = row.status is Status.PRESUMED_LIQUIDATED
    return AccountRow(
        key=(row.account, row.currency, row.symbol, row.side),
        name=f"{row.account} · {position_name(row.symbol, row.side, row.leverage)} iso",
        currency=row.currency,
        status=row.status,
        equity=None if lost else row.pool_balance,
        ratio=None if lost else row.margin_ratio,
        coin=coin_of(row.symbol),
        dies_at=row.liquidation_price,
        distance=row.distance,
        told=row.told,
        trust=trust_of((row,), blind=blind),
        venue=row.venue,
        book_age_s=wallet.book_age_s if wallet else None,
        old_from_s=wallet.old_from_s if wallet else 0.0,
    )


class AccountsPanel(Panel):
    """The table of pools, and by name what no total includes."""

    def __init__(self, context: PanelContext, parent: QWidget | None = None) -> None:
        super().__init__(context, parent)
        self._report: RiskReport | None = None
        self.model = RowsModel[AccountRow](
            COLUMNS,
            self.theme,
            key=lambda row: row.key,
            recolour=lambda row, token: muted(token, row.trust),
        )
        self._note = plain_label(_EMPTY)
        self._note.setWordWrap(True)
        tint(self._note, self.theme, "dim")
        self._table = make_table(self.model)
        self.setMinimumHeight(_LEAST_PX)
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
        self._report = self.bridge.desk.risk
        self.when_seen(self._show)

    @Slot(object)
    def show_report(self, report: RiskReport) -> None:
        self._report = report
        self.when_seen(self._show)

    def _show(self) -> None:
        if self._report is not None:
            self._show_pools(self._report)
            return
        self.model.replace_rows(())
        self._table.hide()
        self._note.setText(_EMPTY if self.bridge.desk.portfolio is None else WAITING)
        self._note.show()

    def _show_pools(self, report: RiskReport) -> None:
        old_from_s = self.bridge.desk.settings.risk.book_age_warning_h * HOUR_MS / SECOND_MS
        desk = self.bridge.desk
        if desk.portfolio is not None and not has_age(desk.portfolio, desk.store.mode):
            old_from_s = math.inf
        rows = rows_of(report, old_from_s, blind=desk.sight.blind)
        self.model.replace_rows(rows)
        self._table.setVisible(bool(rows))
        left_out = ", ".join(report.totals.not_included)
        self._note.setText(f"Not included in any total: {left_out}" if left_out else _EMPTY)
        self._note.setVisible(bool(left_out) or not rows)
