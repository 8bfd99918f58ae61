"""Options in an account: accepted at the venue's mark, so that the pool which holds them is named.

There is no rule for their margin here: the engine leaves such a pool out of every total and says
so. Markets of options are not listed (there are thousands), so a position is made from its own row.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import Final

from workstation.exchanges import numbers
from workstation.portfolio.model import Position

# Deribit BTC-27NOV26-60000-P and SOL_USDC-27NOV26-200-C, Bybit BTC-27NOV26-60000-P-USDT,
# OKX BTC-USD-261127-60000-P
_NAME: Final = re.compile(
    r"(?P<base>[A-Z0-9]+)(?:[_-](?P<quote>USD[CT]?))?-(?P<day>\d{1,2}[A-Z]{3}\d{2}|\d{6})"
    r"-(?P<strike>[\dd.]+)-(?P<kind>[CP])(?:-(?P<settle>USD[CT]))?"
)


def option_symbol(name: object, default_quote: str) -> str | None:
    """Return ccxt's symbol of a venue's option, ``BTC/USD:BTC-261127-60000-P``.

    ``default_quote`` is what a name without one is quoted in; in USD it settles in the coin.
    """
    found = _NAME.fullmatch(str(name))
    if found is None:
        return None
    base, quote = found["base"], found["settle"] or found["quote"] or default_quote
    settle = base if quote == "USD" else quote
    try:
        day = _day(found["day"])
    except ValueError:
        return None
    strike = found["strike"].replace("d", ".")
    return f"{base}/{quote}:{settle}-{day}-{strike}-{found['kind']}"


def option_position(
    symbol: str | None, quantity: float | None, entry: object, mark: object
) -> Position | None:
    """Return an option as a position; ``None`` where something of it is not told."""
    entry_price, mark_price = numbers.price(entry), numbers.price(mark)
    if symbol is None or not quantity or entry_price is None or mark_price is None:
        return None
    return Position(
        symbol=symbol, quantity=quantity, entry_price=entry_price, mark_price=mark_price
    )


def _day(text: str) -> str:
    """Return ``261127`` of that, or of ``27NOV26``."""
    if text.isdigit():
        return text
    return dt.datetime.strptime(text.title(), "%d%b%y").replace(tzinfo=dt.UTC).strftime("%y%m%d")
