"""The summary of a written heatmap on a terminal; the same figures as its JSON."""

from __future__ import annotations

from typing import Final

from rich.console import Console
from rich.table import Table

from ui import format as text
from ui import tables
from workstation.risk.heatmap_basis import NODE_LEVERAGES
from workstation.risk.heatmap_scorecard import Grade, Grades
from workstation.services.heatmap_report import HeatmapSummary, VenueSummary

_UNKNOWN: Final = text.UNKNOWN
_SCORES: Final = (
    "Day gain", "Behind by", "Lift", "Hour gain", "Skill", "Log corr. L/S", "Pred./obs. L/S",
)  # fmt: skip


def print_heatmap(summary: HeatmapSummary, *, with_rivals: bool) -> None:
    """Print conservation, each venue's mix, and scores where there are any."""
    console = tables.new_console()
    console.print(
        f"{summary.symbol} · {summary.columns:,} columns · {text.utc_time(summary.first_ms)} to "
        f"{text.utc_time(summary.last_ms)} UTC · "
        f"conservation error {summary.conservation_error:.0e}"
    )
    for venue in summary.venues:
        _print_venue(console, venue, with_rivals=with_rivals)
    for name in summary.missing:
        console.print(f"{text.venue_name(name)} is missing: no open interest is known there.")
    for warning in summary.warnings:
        console.print(warning)


def _print_venue(console: Console, venue: VenueSummary, *, with_rivals: bool) -> None:
    belief = venue.belief
    fitted = (
        f"fitted to {venue.liquidations:,} liquidations, the newest {belief.days} days"
        if belief.fit is not None
        else "the prior: too few liquidations were observed to fit it"
    )
    console.print(
        f"{text.venue_name(venue.venue)} · {venue.bars:,} bars of {venue.interval_s} s · "
        f"{venue.missing_bars} missing, {venue.glitches} readings of open interest bridged · "
        f"mix {fitted}"
    )
    console.print(_mix(venue))
    console.print(
        f"Assumed: {text.percent(belief.reported_share)} of liquidations are published, "
        f"{text.percent(belief.parameters.liquidatable_fraction)} of what price reaches is sold. "
        f"Churn {belief.parameters.churn:g} of volume, fast closings "
        f"{belief.parameters.fast_hazard:g} times as fast."
    )
    if venue.grades is None:
        console.print("No scores: they need observed liquidations and more than twelve days.")
        return
    console.print(_scores(venue.grades, with_rivals=with_rivals))
    hour, day = (
        " and ".join(text.percent(share) for share in shares)
        for shares in (venue.grades.hour_coverage, venue.grades.day_coverage)
    )
    console.print(
        f"The 80 % band held {hour} of hours, {day} of days (longs and shorts). "
        f"Location is {venue.grades.verdict()}."
    )


def _mix(venue: VenueSummary) -> Table:
    table = Table(title="Leverage mix, share of open interest", title_justify="left", box=None)
    table.add_column("")
    for leverage in NODE_LEVERAGES:
        table.add_column(f"{leverage:g}x", justify="right")
    table.add_column("all", justify="right")
    for name, shares in zip(("long", "short"), venue.belief.shares, strict=True):
        table.add_row(name, *(text.percent(share) for share in (*shares, shares.sum())))
    return table


def _scores(grades: Grades, *, with_rivals: bool) -> Table:
    table = Table(title=f"Scores of {grades.days} days", title_justify="left", box=None)
    table.add_column("")
    for name in _SCORES:
        table.add_column(name, justify="right", no_wrap=True)
    for row in grades.table if with_rivals else grades.table[:1]:
        table.add_row(row.name, *_figures(row))
    return table


def _figures(row: Grade) -> tuple[str, ...]:
    return (
        _with_error(row.day_gain),
        _with_error(row.behind),
        _with_error(row.day_lift),
        _with_error(row.hour_gain),
        text.number(row.skill, 3),
        _sides(row.log_correlation),
        _sides(row.ratio),
    )


def _with_error(value: tuple[float, float]) -> str:
    shown = text.number(value[0], 3, sign=True)
    return shown if shown == _UNKNOWN else f"{shown} ± {text.number(value[1], 3)}"


def _sides(values: tuple[float, float]) -> str:
    return " / ".join(text.number(value, 2) for value in values)
