"""Liquidations that the heatmap remembers, because the store keeps only the newest."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from typing import Final

from workstation.market.facts import Liquidation
from workstation.market.instrument import MarketKey

MOST_ORDERS: Final = 50_000  # a market; the oldest go first


class OrderLog:
    """Every market's liquidations in the order of their time, each once."""

    def __init__(self) -> None:
        self._rows: dict[MarketKey, list[Liquidation]] = {}

    def remember(self, key: MarketKey, fresh: Iterable[Liquidation], until_ms: int) -> None:
        """Add what is new; forget what lies after ``until_ms``: a tape that was wound back."""
        rows = self._rows.setdefault(key, [])
        while rows and rows[-1].time_ms >= until_ms:
            rows.pop()
        last_ms = rows[-1].time_ms if rows else -1
        newest = set(itertools.takewhile(lambda row: row.time_ms == last_ms, reversed(rows)))
        rows += sorted(
            (row for row in fresh if row.time_ms >= last_ms and row not in newest),
            key=lambda row: row.time_ms,
        )
        del rows[:-MOST_ORDERS]

    def of(self, key: MarketKey) -> list[Liquidation]:
        """Return a market's liquidations; the list is the log's own."""
        return self._rows.get(key, [])
