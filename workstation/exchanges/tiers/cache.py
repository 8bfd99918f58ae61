"""Tables that a venue gave, on disk with the time of each: how they reach whoever computes.

The feed writes them and the risk service reads them, each in its own thread or process; both look
at the same file, so a table outlives the program that asked for it.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from workstation.exchanges.tiers.base import Tables
from workstation.exchanges.venue_cache import VenueCache
from workstation.market.instrument import MarketKey
from workstation.risk.tiers import TierTable, document_of, read_tables
from workstation.units import UnixMs

log = logging.getLogger(__name__)


class TierCache:
    """The tables of one venue, and when each was read."""

    def __init__(self, folder: Path, venue: str, options: Mapping[str, Any]) -> None:
        self._file = VenueCache(folder, "tiers", venue, options)
        self._venue = venue

    @property
    def path(self) -> Path:
        return self._file.path

    def load(self) -> dict[MarketKey, tuple[UnixMs, TierTable]]:
        """Return every table that can be read, with the time at which the venue gave it."""
        found: dict[MarketKey, tuple[UnixMs, TierTable]] = {}
        for row in self._file.load():
            try:
                read_ms = UnixMs(int(row["read_ms"]))
                found |= {key: (read_ms, table) for key, table in read_tables(row, "live")}
            except (AttributeError, KeyError, TypeError, ValueError) as error:
                log.warning("A table in %s is not used: %r", self.path, error)
        return {key: item for key, item in found.items() if key.venue == self._venue}

    def keep(self, tables: Tables, read_ms: UnixMs) -> None:
        """Put tables in the place of older ones; the others stay."""
        known = self.load() | {key: (read_ms, table) for key, table in tables.items()}
        self._file.save(
            [{"read_ms": at_ms, **document_of(key, table)} for key, (at_ms, table) in known.items()]
        )
