"""Accounts of the loopback's user at every venue, read by the service through the real clients."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from tests.loopback.private.holding import KEY, PASSPHRASE, SECRET
from tests.loopback.server import LoopbackExchange, ccxt_options
from workstation.exchanges.accounts.base import AccountSource
from workstation.exchanges.api_key import ApiKey
from workstation.services.live_accounts import LiveAccount, LiveAccounts

ADDRESS: Final = "0x" + "ab" * 20
EVERY_S: Final = 0.2
HURRY: Final = {"rateLimit": 2}
API_KEY: Final = ApiKey(key=KEY, secret=SECRET, passphrase=PASSPHRASE)
KEYED: Final = ("binanceusdm", "binancecoinm", "bybit", "okx", "deribit")
SOURCES: Final = (
    *(AccountSource(id=f"my {venue}", venue=venue) for venue in KEYED),
    AccountSource(id="my hyperliquid", venue="hyperliquid", address=ADDRESS),
)


def venue_options(exchange: LoopbackExchange) -> dict[str, dict[str, object]]:
    return {
        source.venue: {"ccxt": ccxt_options(source.venue, exchange.url) | HURRY}
        for source in SOURCES
    }


class Follower:
    """Takes what the service says, and remembers the newest."""

    def __init__(self, service: LiveAccounts) -> None:
        self.service = service
        self.known: dict[str, LiveAccount] = {}
        self.notices: list[str] = []

    def look(self) -> None:
        fresh = self.service.take()
        if fresh is not None:
            self.known = {state.source.venue: state for state in fresh}
        self.notices += self.service.take_notices()

    def wait_for(self, condition: Callable[[], object], timeout_s: float = 20.0) -> bool:
        end = time.monotonic() + timeout_s
        while True:
            self.look()
            if condition():
                return True
            if time.monotonic() > end:
                return False
            time.sleep(0.02)
