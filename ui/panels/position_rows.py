"""The rows of the table of positions: a book, what a scenario and a copy make of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from ui import format as fmt
from ui.names import pool_name, position_name, size_text
from ui.scenario_texts import is_closed_by_order
from ui.trust import Trust, left_out_text, mark_note, trust_of
from ui.urgency import LOST
from workstation.risk.report import (
    PositionOutcome,
    PositionReport,
    RiskReport,
    ScenarioPosition,
    ScenarioReport,
)
from workstation.services.decision_service import WhatIf
from workstation.units import SECOND_MS


class PositionRow(NamedTuple):
    """One line: a position, a balance whose value moves, or the sum of the last column.

    A tuple: two hundred of them are made anew with every answer while a price is dragged.
    """

    key: tuple[str, ...]
    name: str
    size: str = ""
    position: PositionReport | None = None
    pnl_usd: float | None = None
    then: PositionOutcome | None = None
    closed_by_order: bool = False  # whole, on the way: nothing of it is open then
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
    return row._replace(
        pnl_usd=outcome.pnl_usd,
        then=outcome.status,
        closed_by_order=is_closed_by_order(outcome),
        price_then=price,
    )


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
        return row._replace(copy_pnl_usd=found.scenario.pnl_usd)
    if row.position is None:
        return row._replace(copy_pnl_usd=balances.get((row.key[0], row.key[1]), 0.0))
    key = (row.key[0], row.key[1], row.key[2])
    held, outcome = sizes.get(key), outcomes.get(key)
    if held is None:
        return row._replace(in_copy="dropped", copy_pnl_usd=0.0)
    same = (held.quantity, held.liquidation_price) == (
        row.position.quantity,
        row.position.liquidation_price,
    )
    size = size_text(held.quantity, held.contract)
    words = "" if same else f"{size} · liq. {fmt.price(held.liquidation_price)}"
    return row._replace(in_copy=words, copy_pnl_usd=outcome.pnl_usd if outcome else None)


def _nearness(position: PositionReport) -> float:
    if position.status in LOST:
        return -1.0
    return float("inf") if position.distance is None else abs(position.distance)


def _name(position: PositionReport) -> str:
    pool = pool_name(position.venue, position.margin_mode, position.contract)
    return f"{position_name(position.symbol, position.side, position.leverage)} · {pool}"
