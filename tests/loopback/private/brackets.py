"""The leverage brackets that both markets of Binance show to a key: those that ship with us."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.loopback.world import Query, View
from workstation.risk.tiers import TierBook


def brackets(floor: str, cap: str) -> Callable[[View, Query], Any]:
    """Return an answer in which a tier's bounds have these names."""

    def answer(view: View, query: Query) -> Any:
        return [
            {"symbol": listing.market_id, "brackets": _rows(table, floor, cap)}
            for listing in view.listings
            if (table := TierBook.embedded().find(listing.key)) is not None
        ]

    return answer


def _rows(table: Any, floor: str, cap: str) -> list[dict[str, Any]]:
    columns = table.floor, table.cap, table.rate, table.amount, table.max_leverage
    return [
        {
            "bracket": n,
            "initialLeverage": int(leverage),
            floor: low,
            cap: high,
            "maintMarginRatio": rate,
            "cum": amount,
        }
        for n, (low, high, rate, amount, leverage) in enumerate(
            zip(*(column.tolist() for column in columns), strict=True), start=1
        )
    ]
