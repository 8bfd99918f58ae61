"""Every venue whose accounts have a reader of their own; any other of ccxt gets the generic one.

To add a venue: one module beside this one, and one line here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from workstation import paths
from workstation.exchanges.accounts.base import AccountReader, AccountSource
from workstation.exchanges.accounts.binance import BinanceInverseReader, BinanceLinearReader
from workstation.exchanges.accounts.bybit import BybitReader
from workstation.exchanges.accounts.deribit import DeribitReader
from workstation.exchanges.accounts.generic import GenericReader
from workstation.exchanges.accounts.hyperliquid import HyperliquidReader
from workstation.exchanges.accounts.okx import OkxReader
from workstation.exchanges.api_key import ApiKey
from workstation.exchanges.clock import FeedClock
from workstation.exchanges.registry import new_adapter
from workstation.exchanges.tiers.cache import TierCache
from workstation.exchanges.tiers.refresh import TierRefresh
from workstation.exchanges.tiers.registry import READERS


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """How a venue's account is read: by which reader, and with what the user gives."""

    reader: type[AccountReader]
    by_address: bool = False
    wants_passphrase: bool = False
    tells_rights: bool = True


ACCESS: Final[Mapping[str, Access]] = {
    "binanceusdm": Access(reader=BinanceLinearReader),
    "binancecoinm": Access(reader=BinanceInverseReader),
    "bybit": Access(reader=BybitReader),
    "okx": Access(reader=OkxReader, wants_passphrase=True),
    "hyperliquid": Access(reader=HyperliquidReader, by_address=True),
    "deribit": Access(reader=DeribitReader),
}
_OTHER: Final = Access(reader=GenericReader, wants_passphrase=True, tells_rights=False)


def access_to(venue: str) -> Access:
    """Return how a venue's account is read."""
    return ACCESS.get(venue, _OTHER)


def new_reader(
    source: AccountSource, key: ApiKey | None, options: Mapping[str, Any], timeout_s: float
) -> AccountReader:
    """Return the reader of an account.

    Parameters
    ----------
    source : which account
    key : what its questions are signed with; ``None`` where an address is enough
    options : deep-merged into ccxt's constructor
    timeout_s : how long the venue may take to answer

    Raises
    ------
    UsageError
        ccxt has no exchange of that name; the message names the nearest.
    """
    access = access_to(source.venue)
    own_key = None if access.by_address else key
    reader = access.reader(source, new_adapter(source.venue, options, timeout_s), own_key)
    tiers = READERS.get(source.venue)
    if own_key is not None and tiers is not None and tiers.private:
        cache = TierCache(paths.cache_dir(), source.venue, options)
        reader.tiers = TierRefresh(reader.adapter, tiers, cache, FeedClock())
    return reader
