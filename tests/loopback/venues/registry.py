"""Every venue the loopback can play; to add one, add its file and a line here."""

from __future__ import annotations

from typing import Final

from tests.loopback.venues import binancecoinm, binanceusdm, bybit, deribit, hyperliquid, okx
from tests.loopback.world import Venue

VENUES: Final[dict[str, Venue]] = {
    module.VENUE.name: module.VENUE
    for module in (binanceusdm, binancecoinm, bybit, okx, hyperliquid, deribit)
}
