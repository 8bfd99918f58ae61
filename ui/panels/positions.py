"""Positions, the nearest liquidation first, and what the scenario does to each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QVBoxLayout, QWidget

from ui import format as fmt
from ui.models.rows import Column, RowsModel, make_table
from ui.names import pool_name, position_name, size_text
from ui.panels.base import Panel, PanelContext
from ui.style import caption_font, plain_label, tint
from ui.told import is_apart, is_late, told_lines, told_ratio
from ui.trust import WAITING, Trust, left_out_text, mark_note, muted, sight_text, trust_of
from ui.urgency import PAST, distance_token, profit_token, status_token
from workstation.risk.report import (
    Figure,
    LiquidationKind,
    PositionOutcome,
    PositionReport,
    RiskReport,
    ScenarioPosition,
    ScenarioReport,
    Status,
)
from workstation.services.decision_service import WhatIf
from workstation.units import SECOND_MS

_EMPTY: Final = (
    "No position is open. Open a portfolio file (Ctrl+O), drop one here, or add a position "
    "(File menu)."
)
COPY_HEADING: Final = "In the copy"
DIFFERENCE_HEADING: Final = "Copy − book $"
_TOLD: Final = (Figure.POSITION, Figure.LIQUIDATION, Figure.DISTANCE, Figure.RATIO)
_CHECK: Final = " (!)"  # its tooltip says what looks like a slip
_APART: Final = " \N{NOT EQUAL TO}"  # the venue says another price
_LATE: Final = " late"  # the stop stands behind the liquidation price
_WHOLE_FROM_USD: Final = 100  # cents of more funding than that tell nothing
_THEN_TOKENS: Final = {
    PositionOutcome.LIQUIDATED: "alarm",
    PositionOutcome.REDUCED: "warn",
    PositionOutcome.UNKNOWN: "warn",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionRow:
    """One line: a position, a balance whose value moves, or the sum of the last column."""

    key: tuple[str, ...]
    name: str
    size: str = ""
    position: PositionReport | None = None
    pnl_usd: float | None = None
    then: PositionOutcome | None = None
    price_then: float | None = None
    funding_in_s: float | None = None
    is_sum: bool = False
    trust: Trust = Trust.LIVE
    doubt: str = ""  # whose mark it rests on, and how old that is, where it is not the venue's
    in_copy: str = ""  # what the what-if copy has of it, where that differs
    copy_pnl_usd: float | None = None
    only_in_copy: bool = False

    @property
    def difference_usd(self) -> float | None:
        """What the copy gains over the book at the scenario."""
        if self.copy_pnl_usd is None:
            return None
        return self.copy_pnl_usd - (self.pnl_usd or 0.0)


def rows_of(
    risk: RiskReport, scenario: ScenarioReport | None, *, blind: bool = False
) -> list[PositionRow]:
    """Return a row a position and a moving balance, and the sum of the scenario's profits.

    ``blind``: no mark of the book is of now any more.
    """
    return with_scenario(book_rows(risk, blind=blind), risk, scenario, blind=blind)


def book_rows(risk: RiskReport, *, blind: bool = False) -> list[PositionRow]:
    """Return a row a position, the nearest liquidation first: what no scenario changes."""
    rows = []
    for position in sorted(risk.positions, key=_nearness):
        key = (position.account, position.symbol, position.side)
        doubt = mark_note(position, risk)
        wait_ms = (position.next_funding_ms or 0) - risk.as_of_ms
        rows.append(
            PositionRow(
                key=(*key, position.margin_mode),
                name=_name(position) + (f" · {doubt}" if doubt else ""),
                size=size_text(position.quantity, position.contract),
                position=position,
                trust=trust_of((position,), blind=blind),
                doubt=doubt,
                funding_in_s=wait_ms / SECOND_MS if position.next_funding_ms else None,
            )
        )
    return rows


def with_scenario(
    rows: Sequence[PositionRow],
    risk: RiskReport,
    scenario: ScenarioReport | None,
    *,
    blind: bool = False,
) -> list[PositionRow]:
    """Return the rows with what the scenario makes of each, the balances that move, and the sum."""
    whole = trust_of(risk.positions, blind=blind)
    outcomes: dict[tuple[str, ...], ScenarioPosition] = {}
    prices: dict[tuple[str, str], float] = {}
    if scenario is not None:
        prices = {(price.venue, price.symbol): price.price for price in scenario.prices}
        outcomes = {(p.account, p.symbol, p.side): p for p in scenario.positions}
    rows = [_then(row, outcomes.get(row.key[:3]), prices) for row in rows]
    if scenario is not None:
        rows += [
            PositionRow(
                key=(balance.account, balance.asset),
                name=f"{balance.asset} spot · {fmt.venue_name(balance.venue)}",
                size=fmt.quantity(balance.quantity),
                pnl_usd=balance.pnl_usd,
                trust=Trust.OLD if blind else Trust.LIVE,
            )
            for balance in scenario.balances
        ]
        if rows:
            left_out = left_out_text(risk.totals.not_included)
            name = f"Sum · {left_out}" if left_out else "Sum"
            rows.append(
                PositionRow(key=(), name=name, pnl_usd=scenario.pnl_usd, is_sum=True, trust=whole)
            )
    return rows


def _then(
    row: PositionRow, outcome: ScenarioPosition | None, prices: Mapping[tuple[str, str], float]
) -> PositionRow:
    position = row.position
    if outcome is None or position is None:
        return row
    price = prices.get((position.venue, position.symbol))
    return replace(row, pnl_usd=outcome.pnl_usd, then=outcome.status, price_then=price)


def with_copy(rows: Sequence[PositionRow], found: WhatIf) -> list[PositionRow]:
    """Return the rows with what the copy makes of each, and those that only the copy has."""
    outcomes = {(p.account, p.symbol, str(p.side)): p for p in found.scenario.positions}
    sizes = {(p.account, p.symbol, str(p.side)): p for p in found.risk.positions}
    balances = {(b.account, b.asset): b.pnl_usd for b in found.scenario.balances}
    joined = [_joined(row, sizes, outcomes, balances, found) for row in rows]
    known = {row.key[:3] for row in rows}
    added = [
        PositionRow(
            key=key,
            name=_name(position),
            position=position,
            in_copy=size_text(position.quantity, position.contract),
            copy_pnl_usd=outcomes[key].pnl_usd if key in outcomes else None,
            only_in_copy=True,
        )
        for key, position in sizes.items()
        if key not in known
    ]
    end = next((at for at, row in enumerate(joined) if row.is_sum), len(joined))
    return [*joined[:end], *added, *joined[end:]]


def _joined(
    row: PositionRow,
    sizes: Mapping[tuple[str, str, str], PositionReport],
    outcomes: Mapping[tuple[str, str, str], ScenarioPosition],
    balances: Mapping[tuple[str, str], float],
    found: WhatIf,
) -> PositionRow:
    if row.is_sum:
        return replace(row, copy_pnl_usd=found.scenario.pnl_usd)
    if row.position is None:
        return replace(row, copy_pnl_usd=balances.get((row.key[0], row.key[1]), 0.0))
    key = (row.key[0], row.key[1], row.key[2])
    held, outcome = sizes.get(key), outcomes.get(key)
    if held is None:
        return replace(row, in_copy="dropped", copy_pnl_usd=0.0)
    same = (held.quantity, held.liquidation_price) == (
        row.position.quantity,
        row.position.liquidation_price,
    )
    size = size_text(held.quantity, held.contract)
    words = "" if same else f"{size} · liq. {fmt.price(held.liquidation_price)}"
    return replace(row, in_copy=words, copy_pnl_usd=outcome.pnl_usd if outcome else None)


def _nearness(position: PositionReport) -> float:
    if position.status is Status.BELOW_MAINTENANCE:
        return -1.0
    return float("inf") if position.distance is None else abs(position.distance)


def _name(position: PositionReport) -> str:
    pool = pool_name(position.venue, position.margin_mode, position.contract)
    return f"{position_name(position.symbol, position.side, position.leverage)} · {pool}"


def _liquidation_text(row: PositionRow) -> str:
    position = row.position
    if position is None:
        return ""
    if position.status is Status.BELOW_MAINTENANCE:
        return PAST
    if position.liquidation is LiquidationKind.PRICE:
        return f"{fmt.price(position.liquidation_price)}{_APART if is_apart(position) else ''}"
    return "none" if position.liquidation is LiquidationKind.NONE else "not known"


def _distance_text(row: PositionRow) -> str:
    if row.position is None:
        return ""
    past = row.position.status is Status.BELOW_MAINTENANCE
    return "past" if past else fmt.percent(row.position.distance, sign=True)


def _liquidation_token(row: PositionRow) -> str:
    if row.position is None:
        return ""
    past = row.position.status is Status.BELOW_MAINTENANCE
    return "alarm" if past else "warn" if is_apart(row.position) else ""


def _stop_text(row: PositionRow) -> str:
    position = row.position
    if position is None:
        return ""
    if position.stop_price is None:
        return "none"
    return f"{fmt.price(position.stop_price)}{_LATE if is_late(position) else ''}"


def _ratio_text(row: PositionRow) -> str:
    """Return our ratio; the venue's own, said so, where there is no rule for one here."""
    position = row.position
    if position is None:
        return ""
    told = told_ratio(position.told)
    if position.margin_ratio is None and position.status is Status.UNKNOWN and told is not None:
        return f"{fmt.percent(told, 0)} (venue)"
    return fmt.percent(position.margin_ratio, 0)


def _explains(figure: Figure) -> Callable[[PositionRow], str]:
    """Return the tooltip of a column: how the figure came about, and what stands before it."""

    def tip(row: PositionRow) -> str:
        if row.position is None:
            return row.name
        lines = [row.position.explain(figure), *_beside(figure, row.position)]
        lines[:0] = [f"Check it: {doubt}" for doubt in row.position.doubts]
        if row.doubt:
            lines.insert(0, f"Not its venue's mark of now: {row.doubt}.")
        return "\n".join(lines)

    return tip


def _beside(figure: Figure, position: PositionReport) -> Iterator[str]:
    if figure in (Figure.LIQUIDATION, Figure.DISTANCE):
        stop, drift = position.stop_price, position.liquidation_drift_per_day
        where = "behind" if is_late(position) else "before"
        yield "No stop" if stop is None else f"Stop at {fmt.price(stop)} {where} liquidation"
        if drift is not None:
            yield f"Funding at the running rate moves it by {fmt.number(drift, 2, sign=True)} a day"
        if position.days_to_liquidation_by_funding is not None:
            days = fmt.number(position.days_to_liquidation_by_funding, 1)
            yield f"and to the mark, if that stands still, in {days} days"
    if figure is Figure.POSITION and position.adl_rank is not None:
        yield f"Rank in the venue's queue of auto-deleveraging: {position.adl_rank}"
    if figure in _TOLD:
        yield from told_lines(position.venue, position.currency, position.told)


def _then_tip(row: PositionRow) -> str:
    if row.is_sum:
        return "The sum of the column: equity at the scenario less equity now, in USD"
    if row.position is None:
        return f"{row.name}: its value at the scenario less its value now, in USD"
    position = row.position
    lines = [
        "Profit = what the position and its margin are worth at the scenario, less now; fees, "
        "funding and what was forfeited on the way included.",
        f"Mark {fmt.price(position.mark_price)} to {fmt.price(row.price_then)}.",
        f"It is {row.then} then.",
        position.explain(Figure.MAINTENANCE),
    ]
    return "\n".join(lines)


def _of(row: PositionRow, name: str) -> float | None:
    return getattr(row.position, name) if row.position is not None else None


def _funding_text(row: PositionRow) -> str:
    amount = _of(row, "next_funding_usd")
    if amount is None:
        return fmt.UNKNOWN if row.position is not None else ""
    decimals = 2 if abs(amount) < _WHOLE_FROM_USD else 0
    return f"{fmt.number(amount, decimals, sign=True)} · {fmt.hours_left(row.funding_in_s)}"


def _name_text(row: PositionRow) -> str:
    return f"{row.name}{_CHECK}" if row.position and row.position.doubts else row.name


def _name_token(row: PositionRow) -> str:
    if row.only_in_copy:
        return "what_if"
    if row.position is None:
        return ""
    return status_token(row.position.status) or ("warn" if row.position.doubts else "")


def _then_text(row: PositionRow) -> str:
    return row.then or ("held" if row.position is None and not row.is_sum else "")


COLUMNS: Final = (
    Column[PositionRow](
        heading="Position",
        help="Coin, side and leverage, and the margin that backs it; (!) where something looks "
        "like a slip",
        text=_name_text,
        value=lambda row: row.name,
        token=_name_token,
        is_figure=False,
        tip=_explains(Figure.POSITION),
    ),
    Column[PositionRow](
        heading="Size",
        help="Coins of a linear contract, USD of an inverse one",
        text=lambda row: row.size,
        value=lambda row: _of(row, "notional_usd"),
        tip=_explains(Figure.SIZE),
        rank=4,
    ),
    Column[PositionRow](
        heading="Entry",
        help="Average entry price, from the portfolio",
        text=lambda row: fmt.price(row.position.entry_price) if row.position else "",
        value=lambda row: _of(row, "entry_price"),
        tip=_explains(Figure.ENTRY),
        rank=5,
    ),
    Column[PositionRow](
        heading="Liq. price",
        help="Price of the position's own instrument at which the venue liquidates it",
        text=_liquidation_text,
        value=lambda row: _of(row, "liquidation_price"),
        token=_liquidation_token,
        tip=_explains(Figure.LIQUIDATION),
    ),
    Column[PositionRow](
        heading="Distance",
        help="Liquidation price / mark price − 1",
        text=_distance_text,
        value=lambda row: abs(row.position.distance or 9.9) if row.position else None,
        token=lambda row: distance_token(_of(row, "distance")),
        tip=_explains(Figure.DISTANCE),
    ),
    Column[PositionRow](
        heading="Ratio",
        help="Maintenance margin / margin balance of the pool; liquidation at 100 %",
        text=_ratio_text,
        value=lambda row: _of(row, "margin_ratio"),
        tip=_explains(Figure.RATIO),
        rank=2,
    ),
    Column[PositionRow](
        heading="P&L then",
        help="Profit or loss at the scenario, in USD; the column adds up to the card",
        text=lambda row: fmt.number(row.pnl_usd, sign=True),
        value=lambda row: row.pnl_usd,
        token=lambda row: profit_token(row.pnl_usd),
        tip=_then_tip,
    ),
    Column[PositionRow](
        heading="Then",
        help="What has become of it at the scenario",
        text=_then_text,
        value=_then_text,
        token=lambda row: _THEN_TOKENS.get(row.then, "") if row.then else "",
        tip=_then_tip,
        rank=1,
    ),
    Column[PositionRow](
        heading=COPY_HEADING,
        help="Size and liquidation price in the what-if copy, where it differs from the book",
        text=lambda row: row.in_copy,
        value=lambda row: row.in_copy,
        token=lambda row: "what_if" if row.in_copy else "",
        tip=_then_tip,
    ),
    Column[PositionRow](
        heading=DIFFERENCE_HEADING,
        help="Profit or loss at the scenario in the copy − in the book, in USD",
        text=lambda row: fmt.number(row.difference_usd, sign=True),
        value=lambda row: row.difference_usd,
        token=lambda row: "what_if" if round(row.difference_usd or 0.0) else "",
        tip=_then_tip,
    ),
    Column[PositionRow](
        heading="Funding $ · in",
        help="What the next settlement pays (+) or costs (−) in USD at the running rate, and when "
        "(hours and minutes)",
        text=_funding_text,
        value=lambda row: _of(row, "next_funding_usd"),
        tip=_explains(Figure.FUNDING),
        rank=3,
    ),
    Column[PositionRow](
        heading="Stop",
        help="Where a stop closes the position, and whether that is before its liquidation",
        text=_stop_text,
        value=lambda row: _of(row, "stop_price"),
        token=lambda row: "warn" if row.position and is_late(row.position) else "",
        tip=_explains(Figure.LIQUIDATION),
        rank=6,
    ),
)


class PositionsPanel(Panel):
    """The table, under one line of leverage."""

    def __init__(self, context: PanelContext, parent: QWidget | None = None) -> None:
        super().__init__(context, parent)
        self._booked: tuple[RiskReport, bool, list[PositionRow]] | None = None
        self.model = RowsModel[PositionRow](
            COLUMNS,
            self.theme,
            key=lambda row: row.key,
            is_total=lambda row: row.is_sum,
            recolour=lambda row, token: muted(token, row.trust),
        )
        self._head = plain_label()
        self._head.setFont(caption_font())
        tint(self._head, self.theme, "dim")
        self._empty = plain_label(_EMPTY)
        self._empty.setWordWrap(True)
        tint(self._empty, self.theme, "dim")
        self._table = make_table(self.model)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 8, 12, 8)
        layout.setSpacing(4)
        for widget in (self._head, self._empty):
            layout.addWidget(widget)
        layout.addWidget(self._table, 1)
        self.bridge.portfolio_changed.connect(self.show_book)
        self.bridge.book_changed.connect(self.show_book)
        self.show_book()

    @Slot()
    def show_book(self, *_: object) -> None:
        """Show report, scenario and copy as the desk has them; while blind those of earlier."""
        self.when_seen(self._show)

    def _rows(
        self, risk: RiskReport, scenario: ScenarioReport | None, *, blind: bool
    ) -> list[PositionRow]:
        """Return the rows; while the scenario is dragged, those of the book stay as they are."""
        if self._booked is None or self._booked[0] is not risk or self._booked[1] != blind:
            self._booked = risk, blind, book_rows(risk, blind=blind)
        return with_scenario(self._booked[2], risk, scenario, blind=blind)

    def _show(self) -> None:
        desk = self.bridge.desk
        blind = desk.sight.blind
        rows = self._rows(desk.risk, desk.scenario, blind=blind) if desk.risk else []
        found = desk.decision.what_if if desk.decision and desk.copy else None
        if rows and found is not None:
            rows = with_copy(rows, found)
        self._table.withhold((COPY_HEADING, DIFFERENCE_HEADING) if found is None else ())
        self.model.replace_rows(rows)
        waits = desk.risk is None and desk.portfolio is not None
        self._empty.setText(WAITING if waits else _EMPTY)
        self._empty.setVisible(not rows)
        self._table.setVisible(bool(rows))
        totals = desk.risk.totals if desk.risk else None
        if totals is not None:
            left_out = left_out_text(totals.not_included)
            seen = sight_text(desk.sight) if blind else ""
            self._head.setText(
                f"Positions, nearest liquidation first · gross "
                f"{fmt.number(totals.gross_leverage, 1)}× · "
                f"net {fmt.number(totals.net_leverage, 1)}×"
                + "".join(f" · {text}" for text in (seen, left_out) if text)
            )
            self._head.setToolTip(
                "Gross leverage: all notional / equity. Net: notional after longs and shorts of "
                "each coin are set off / equity."
            )
        self._head.setVisible(bool(rows))
