"""How a reverse stress and a break-even are put into words: in the panel, report and terminal."""

from __future__ import annotations

from typing import Final

from ui import format as fmt
from workstation.risk.outlook import BreakEven, ReverseStress, StressKind

STRESS_HELP: Final = (
    "For each margin pool the one move, of one kind at a time and with nothing else moving, that "
    "liquidates it at once; the most likely first, by its daily standard deviations."
)
BREAK_EVEN_HELP: Final = (
    "Where closing a pool's positions pays for the taker fees of opening and closing them and for "
    "the scenario's funding. Assumed: taker fees both ways. Funding that was paid before now is "
    "not known, and not counted."
)


def move_text(stress: ReverseStress) -> str:
    """Return what moves: ``BTC, others by beta`` or ``USDT off its peg``."""
    words = {
        StressKind.MARKET: f"{stress.coin}, others by beta",
        StressKind.COIN: f"{stress.coin} alone",
        StressKind.DEPEG: f"{stress.coin} off its peg",
        StressKind.FUNDING: "funding per 8 h, for a day",
    }
    return words[stress.kind]


def from_text(stress: ReverseStress) -> str:
    """Return where it stands now; funding starts from none."""
    return "" if stress.kind is StressKind.FUNDING else fmt.price(stress.start)


def to_text(stress: ReverseStress) -> str:
    """Return the price, or the rate, at which the pool is liquidated."""
    funding = stress.kind is StressKind.FUNDING
    return fmt.percent(stress.end, 2, sign=True) if funding else fmt.price(stress.end)


def sigmas_text(sigmas: float | None) -> str:
    """Return the move in daily standard deviations; a dash where no law is known."""
    return fmt.number(sigmas, 1)


def break_even_text(row: BreakEven) -> str:
    """Return ``BTC 71,020``; a pool that no price brings there says so."""
    return f"{row.coin} {fmt.price(row.end)}" if row.end is not None else "at no price"
