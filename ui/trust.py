"""How far what is drawn is of now: whose mark it rests on, how old that is, what is left out."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum, auto
from typing import Final

from ui import format as fmt
from workstation.portfolio.model import MarginMode
from workstation.risk.report import AccountReport, MarkSource, PositionReport, RiskReport
from workstation.services.sight import Sight
from workstation.units import SECOND_MS, UnixMs, to_datetime

WAITING: Final = "Waiting for the first prices"
_URGENT: Final = ("warn", "alarm")
_TRUST_WORDS: Final = {
    MarkSource.ESTIMATED: "estimated",
    MarkSource.FILE: "file",
    MarkSource.CACHE: "cache",
}


class Trust(Enum):
    """Whether a figure is of now: of the venue's own mark, estimated from others', or older."""

    LIVE = auto()
    ESTIMATED = auto()
    OLD = auto()


def trust_of(positions: Iterable[PositionReport], *, blind: bool) -> Trust:
    """Return how far figures can be trusted that rest on the marks of some positions."""
    sources = {position.mark_source for position in positions}
    if blind or sources & {MarkSource.FILE, MarkSource.CACHE}:
        return Trust.OLD
    return Trust.ESTIMATED if MarkSource.ESTIMATED in sources else Trust.LIVE


def cross_rows(report: RiskReport, pool: AccountReport) -> list[PositionReport]:
    """Return the positions that a wallet's pool backs; in a pool in USD, all of the account."""
    return [
        row
        for row in report.positions
        if row.account == pool.id
        and row.margin_mode is MarginMode.CROSS
        and pool.currency in (row.currency, "USD")
    ]


def muted(token: str, trust: Trust) -> str:
    """Return a colour token as dim as its figure is doubtful; an estimate may still alarm."""
    urgent = trust is Trust.ESTIMATED and token in _URGENT
    return token if trust is Trust.LIVE or urgent else "dim"


def mark_note(position: PositionReport, report: RiskReport) -> str:
    """Return ``file, 3 d old`` or ``estimated, 12 s``; empty for a venue's own mark."""
    words = _TRUST_WORDS.get(position.mark_source) if position.mark_source else None
    if words is None:
        return ""
    age_s = position.mark_age_s
    if position.mark_source is MarkSource.FILE and report.book_as_of_ms is not None:
        age_s = (report.as_of_ms - report.book_as_of_ms) / SECOND_MS
    return words if age_s is None or age_s < 0 else f"{words}, {fmt.age(age_s)} old"


def marks_text(report: RiskReport) -> str:
    """Say which figures rest on prices that are not their venue's; empty if none do."""
    notes: dict[str, list[str]] = {}
    for row in report.positions:
        if row.mark_source in _TRUST_WORDS:
            note = mark_note(row, report)
            notes.setdefault(note, []).append(f"{row.account} {row.symbol.partition('/')[0]}")
    return "; ".join(f"marks ({note}): {', '.join(rows)}" for note, rows in notes.items())


def sight_text(sight: Sight) -> str:
    """Say since when no mark of the book is of now, or since when a part of it is not seen."""
    if sight.blind_since_ms is not None:
        why = "no price of the book is fresh" if sight.some_venue_answers else "no venue answers"
        return f"blind since {_since(sight, sight.blind_since_ms)}: {why}; this is what was known"
    if sight.lost is not None and sight.lost_since_ms is not None:
        return f"its pool is not seen since {_since(sight, sight.lost_since_ms)}"
    return ""


def left_out_text(accounts: Iterable[str]) -> str:
    """Name the pools that no sum includes; empty if there is none."""
    names = ", ".join(accounts)
    return f"not included: {names}" if names else ""


def _since(sight: Sight, time_ms: UnixMs) -> str:
    age = fmt.age(max(0, sight.now_ms - time_ms) / SECOND_MS)
    return f"{to_datetime(time_ms):%H:%M:%S} ({age})"
