"""Figures in the messages of alerts: plain, for a phone or a log line."""

from __future__ import annotations

from typing import Final

from workstation.risk.report import MarkSource, PositionReport, RiskReport

_SOURCES = {
    MarkSource.VENUE: "mark of {venue}",
    MarkSource.ESTIMATED: "estimated from the other venues' move, {venue} gives no mark",
    MarkSource.OPTION: "mark given by option",
    MarkSource.FILE: "mark of the file",
    MarkSource.CACHE: "cached mark",
}
_DAYS_FROM_S: Final = 36 * 3_600


def name_of(row: PositionReport) -> str:
    """Return what a position is called in every message."""
    return f"{row.account} {row.symbol} {row.side}"


def price(value: float) -> str:
    return f"{value:.6g}" if value < 1_000 else f"{value:,.2f}".removesuffix(".00")


def percent(fraction: float) -> str:
    shown = 100 * fraction
    if 0 < abs(shown) < 1:  # two digits that count: a spread of 0.03 % is not 0
        return f"{float(f'{shown:.2g}'):.6f}".rstrip("0").rstrip(".") + " %"
    return f"{shown:.1f}".removesuffix(".0") + " %"


def rate(fraction_8h: float) -> str:
    return f"{100 * fraction_8h:.4g} % in 8 h"


def duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 5_400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3_600:.1f} h" if seconds < _DAYS_FROM_S else f"{seconds / 86_400:.1f} d"


def exposure(row: PositionReport) -> str:
    """Return size and worth of a position."""
    if row.notional_usd is None:
        return ""
    coin = row.symbol.partition("/")[0]
    linear = f"{row.quantity:,.10g} {coin}, " if row.contract == "linear" else ""
    return f"At stake: {row.side} {linear}${row.notional_usd:,.0f}."


def mark_source(row: PositionReport) -> str:
    if row.mark_source is None:
        return ""
    return _SOURCES[row.mark_source].format(venue=row.venue)


def standing(report: RiskReport) -> str:
    """Say how many positions there are, and where the nearest liquidation is."""
    coming, count = report.next_liquidation, len(report.positions)
    near = "nothing has a liquidation price"
    if coming is not None:
        near = f"the nearest liquidation, {coming.symbol} at {coming.account}, is "
        near += f"{percent(abs(coming.distance))} away"
    return f"Watching {count} position{'' if count == 1 else 's'}: {near}."
