"""How a reverse stress and a break-even are put into words: in the panel, report and terminal."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from ui import format as fmt
from ui.names import coin_of
from workstation.risk.outlook import BreakEven, ReverseStress, StressKind

_STRESS: Final = (
    "For each margin pool the one move, of one kind at a time and with nothing else moving, that "
    "liquidates it at once"
)
STRESS_HELP: Final = (
    f"{_STRESS}; the most likely first, by its daily standard deviations (sigmas), and the "
    "smallest first, measured by the coin's beta, where those are not known."
)
SIGMAS_HELP: Final = (
    "Daily sigmas: size of the move / standard deviation of a day's move, so that 1 is an ordinary "
    "day and 3 a rare one. From hourly prices, weighted by age, or the volatility given; a "
    "coin without prices has bitcoin's times its beta. Funding: of Binance's, 2019 to 2025. \"No "
    'hourly prices": none are at hand of that coin or of bitcoin. "No law known": nobody knows '
    "how often a stablecoin leaves its peg."
)
BREAK_EVEN_HELP: Final = (
    "Where closing a margin pool's positions pays for the taker fees of opening and closing them "
    "and for the scenario's funding. Assumed: taker fees both ways. Funding that was paid before "
    "now is not known, and not counted."
)


def stress_help(rows: Iterable[ReverseStress]) -> str:
    """Return what the table holds, and in which order these rows stand."""
    priced = [row for row in rows if row.kind in (StressKind.MARKET, StressKind.COIN)]
    if all(row.sigmas is not None for row in priced):
        return f"{_STRESS}; the most likely first, by its daily standard deviations (sigmas)."
    return f"{_STRESS}; the smallest first, measured by the coin's beta."


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


def sigmas_text(row: ReverseStress | BreakEven) -> str:
    """Return the move in daily standard deviations, or in two words why that is not known."""
    if row.sigmas is not None:
        return fmt.number(row.sigmas, 1)
    if isinstance(row, ReverseStress):
        return "no law known" if row.kind is StressKind.DEPEG else "no hourly prices"
    return "" if row.end is None else "no hourly prices"


def stressed_pool(row: ReverseStress | BreakEven) -> str:
    """Return ``binance-main · BTC long iso`` or ``bybit-cross · USD cross``."""
    symbol, _, side = row.pool.removeprefix(f"{row.account} ").partition(" ")
    what = f"{coin_of(symbol)} {side} iso" if side else f"{symbol} cross"
    return f"{row.account} · {what}"


def break_even_text(row: BreakEven) -> str:
    """Return ``BTC 71,020``; a pool that no price brings there says so."""
    return f"{row.coin} {fmt.price(row.end)}" if row.end is not None else "at no price"
