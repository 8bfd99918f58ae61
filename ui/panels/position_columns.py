"""The columns of the table of positions: what of a row is shown, and how it explains itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from ui import format as fmt
from ui.models.rows import Column
from ui.names import COMMON_MOVE_HELP
from ui.panels.position_rows import PositionRow
from ui.told import is_apart, is_late, is_passed, told_lines, told_ratio
from ui.urgency import LOST, PAST, distance_text, distance_token, profit_token, status_token
from workstation.risk.report import (
    Figure,
    LiquidationKind,
    PositionOutcome,
    PositionReport,
    Status,
)

COPY_HEADING: Final = "In the copy"
DIFFERENCE_HEADING: Final = "Copy − book $"
_TOLD: Final = (Figure.POSITION, Figure.LIQUIDATION, Figure.DISTANCE, Figure.RATIO)
_CHECK: Final = " (!)"  # its tooltip says what looks like a slip
_APART: Final = " \N{NOT EQUAL TO}"  # the venue says another price
_LATE: Final = " late"  # the stop stands behind the liquidation price
_PASSED: Final = " passed"  # by the mark: it should have filled
_WHOLE_FROM_USD: Final = 100  # cents of more funding than that tell nothing
_THEN_TOKENS: Final = {
    PositionOutcome.LIQUIDATED: "alarm",
    PositionOutcome.REDUCED: "warn",
    PositionOutcome.UNKNOWN: "warn",
}


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
    return distance_text(row.position.status, row.position.distance)


def _distance_token(row: PositionRow) -> str:
    if row.position is None:
        return ""
    return distance_token(row.position.distance, row.position.status)


def _liquidation_token(row: PositionRow) -> str:
    if row.position is None:
        return ""
    past = row.position.status in LOST
    return "alarm" if past else "warn" if is_apart(row.position) else ""


def _stop_text(row: PositionRow) -> str:
    position = row.position
    if position is None:
        return ""
    if position.stop_price is None:
        return "none"
    return f"{fmt.price(position.stop_price)}{_stop_note(position)}"


def _stop_note(position: PositionReport) -> str:
    if is_late(position):
        return _LATE
    stop, mark = position.stop_price, position.mark_price
    passed = stop is not None and mark is not None and is_passed(stop, mark, position.side)
    return _PASSED if passed else ""


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
        wheres = {_LATE: "behind liquidation", _PASSED: "passed by the mark: it may have filled"}
        where = wheres.get(_stop_note(position), "before liquidation")
        yield "No stop" if stop is None else f"Stop at {fmt.price(stop)} {where}"
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
        f"It is {'closed by its order' if row.closed_by_order else row.then} then.",
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
    if row.closed_by_order:
        return "closed"
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
        rank=6,
    ),
    Column[PositionRow](
        heading="Entry",
        help="Average entry price, from the portfolio",
        text=lambda row: fmt.price(row.position.entry_price) if row.position else "",
        value=lambda row: _of(row, "entry_price"),
        tip=_explains(Figure.ENTRY),
        rank=7,
    ),
    Column[PositionRow](
        heading="Liq. price",
        help="Price of the position's own instrument at which the venue liquidates it.\n"
        + COMMON_MOVE_HELP,
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
        token=_distance_token,
        tip=_explains(Figure.DISTANCE),
        rank=1,
    ),
    Column[PositionRow](
        heading="Ratio",
        help="Maintenance margin / margin balance of the pool; liquidation at 100 %",
        text=_ratio_text,
        value=lambda row: _of(row, "margin_ratio"),
        tip=_explains(Figure.RATIO),
        rank=4,
    ),
    Column[PositionRow](
        heading="P&L then",
        help="Profit or loss at the scenario, in USD; the column adds up to the card",
        text=lambda row: fmt.number(row.pnl_usd, sign=True),
        value=lambda row: row.pnl_usd,
        token=lambda row: profit_token(row.pnl_usd),
        tip=_then_tip,
        rank=2,
    ),
    Column[PositionRow](
        heading="Then",
        help="What has become of it at the scenario",
        text=_then_text,
        value=_then_text,
        token=lambda row: _THEN_TOKENS.get(row.then, "") if row.then else "",
        tip=_then_tip,
        rank=3,
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
        rank=5,
    ),
    Column[PositionRow](
        heading="Stop",
        help="Where a stop closes the position, and whether that is before its liquidation",
        text=_stop_text,
        value=lambda row: _of(row, "stop_price"),
        token=lambda row: "warn" if row.position and _stop_note(row.position) else "",
        tip=_explains(Figure.LIQUIDATION),
        rank=8,
    ),
)
