"""How positions and pools are called on the screen."""

from __future__ import annotations

from typing import Final

from ui import format as fmt
from workstation.market.instrument import Contract, Side
from workstation.portfolio.model import MarginMode
from workstation.risk.liquidation import DRIVER
from workstation.risk.report import EventKind

_MODES: Final = {MarginMode.ISOLATED: "iso", MarginMode.CROSS: "cross"}

EVENT_WORDS: Final = {
    EventKind.PARTIAL: "partly liquidated",
    EventKind.LIQUIDATION: "liquidated",
    EventKind.ADL: "deleveraged",
    EventKind.STOP: "stopped out",
    EventKind.FILL: "order filled",
}

RATIO_HELP: Final = (
    "Margin ratio: maintenance margin / margin balance of the margin pool; the venue liquidates it "
    "at 100 %."
)

COMMON_MOVE_HELP: Final = (
    "Two prices of liquidation: a position's is of its own instrument alone, while everything else "
    "stands still; an account's is in a common move, in which every coin moves by its beta to BTC. "
    "They differ where an account holds more than one coin."
)


def coin_of(symbol: str) -> str:
    return symbol.partition("/")[0]


def position_name(symbol: str, side: Side, leverage: float | None = None) -> str:
    """Return ``BTC long 25×``."""
    times = f" {leverage:g}×" if leverage else ""
    return f"{coin_of(symbol)} {side}{times}"


def pool_name(venue: str, margin_mode: MarginMode, contract: Contract = Contract.LINEAR) -> str:
    """Return ``Binance iso`` or ``Deribit inverse``."""
    mode = "inverse" if contract is Contract.INVERSE else _MODES[margin_mode]
    return f"{fmt.venue_name(venue)} {mode}"


def others_text(coin: str, *, use_betas: bool) -> str:
    """Say what the other coins do while one moves: betas are to bitcoin and its move alone."""
    return "others by beta" if use_betas and coin == DRIVER else "other coins stay still"


def assumed(words: str, source: str) -> str:
    """Return the tooltip of a figure that rests on an assumption, with where that comes from."""
    return f"{words}\nAssumed: {source}"


def size_text(quantity: float, contract: Contract) -> str:
    """Return coins of a linear contract, USD of an inverse one."""
    return fmt.usd_short(quantity) if contract is Contract.INVERSE else fmt.quantity(quantity)
