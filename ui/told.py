"""What a venue says itself, in words beside our figures."""

from __future__ import annotations

import math

from ui import format as fmt
from workstation.market.instrument import Side
from workstation.portfolio.model import VenueFigures
from workstation.risk.report import PositionReport


def is_apart(position: PositionReport) -> bool:
    """Tell whether the venue puts the liquidation price elsewhere."""
    return position.told is not None and bool(position.told.apart)


def is_passed(stop: float, mark: float, side: Side) -> bool:
    """Tell whether the mark stands beyond a stop, which should have filled then."""
    return mark <= stop if side is Side.LONG else mark >= stop


def is_late(position: PositionReport) -> bool:
    """Tell whether the stop lies beyond the liquidation price, seen from the mark."""
    stop, end, mark = position.stop_price, position.liquidation_price, position.mark_price
    if stop is None or end is None or mark is None:
        return False
    return stop <= end < mark or mark < end <= stop


def told_ratio(told: VenueFigures | None) -> float | None:
    return told.margin_ratio if told is not None else None


def told_lines(venue: str, currency: str, told: VenueFigures | None) -> list[str]:
    """Return the venue's own figures, a line each; empty where it tells none."""
    if told is None:
        return []
    lines = []
    if told.liquidation_price is not None:
        none = math.isnan(told.liquidation_price)
        lines.append(f"liquidation {'none' if none else fmt.price(told.liquidation_price)}")
    for name, amount in (
        ("margin balance", told.margin_balance),
        ("maintenance margin", told.maintenance_margin),
        ("free collateral", told.free_collateral),
        ("withdrawable", told.withdrawable),
    ):
        if amount is not None:
            lines.append(f"{name} {fmt.number(amount, 6 if abs(amount) < 100 else 2)} {currency}")
    if told.margin_ratio is not None:
        lines.append(f"ratio {fmt.percent(told.margin_ratio)}")
    if told.mark_price is not None:
        lines.append(f"at its mark {fmt.price(told.mark_price)}")
    said = [f"{fmt.venue_name(venue)} says: {', '.join(lines)}"] if lines else []
    return [*said, told.apart] if told.apart else said
