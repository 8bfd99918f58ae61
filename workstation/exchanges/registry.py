"""Every venue that has an adapter of its own; any other name that ccxt knows gets the generic one.

To add a venue: one module beside this one, one line here, and recorded answers for its tests.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from workstation.exchanges.binance import BinanceInverse, BinanceLinear
from workstation.exchanges.bybit import Bybit
from workstation.exchanges.ccxt_adapter import CcxtAdapter
from workstation.exchanges.deribit import Deribit
from workstation.exchanges.generic import Generic
from workstation.exchanges.hyperliquid import Hyperliquid
from workstation.exchanges.okx import Okx
from workstation.units import UnixMs, now_ms

Factory = Callable[[str, Mapping[str, Any], float, Callable[[], UnixMs]], CcxtAdapter]

VENUES: Final[Mapping[str, Factory]] = {
    "binanceusdm": BinanceLinear,
    "binancecoinm": BinanceInverse,
    "bybit": Bybit,
    "okx": Okx,
    "hyperliquid": Hyperliquid,
    "deribit": Deribit,
}


def new_adapter(
    venue: str,
    options: Mapping[str, Any],
    timeout_s: float,
    clock_ms: Callable[[], UnixMs] = now_ms,
    addresses: Sequence[str] = (),
) -> CcxtAdapter:
    """Return the adapter of a venue.

    Parameters
    ----------
    venue : a ccxt exchange id
    options : deep-merged into ccxt's constructor
    timeout_s : how long the venue may take to answer
    addresses : whose positions to look at, where a venue shows them to everybody

    Raises
    ------
    UsageError
        ccxt has no exchange of that name; the message names the nearest.
    """
    from workstation.exchanges.ccxt_client import check_venue  # imports ccxt: late

    check_venue(venue)
    adapter = VENUES.get(venue, Generic)(venue, options, timeout_s, clock_ms)
    adapter.addresses = tuple(dict.fromkeys(address.lower() for address in addresses))
    return adapter
