"""Hyperliquid: one answer holds mark, oracle, funding and open interest of all perpetuals.

Nothing carries a time but the book. The oracle price is the index. Its "last" and impact prices
are not quotes, so bid and ask come from the book. Funding settles every full hour.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final

from workstation.exchanges import numbers
from workstation.exchanges.base import Answer, Capabilities, Market, Poll, Reading
from workstation.exchanges.ccxt_adapter import CcxtAdapter
from workstation.market.facts import FloatArray
from workstation.units import HOUR_MS, UnixMs

INTERVAL_H: Final = 1.0


class Hyperliquid(CcxtAdapter):
    """Perpetuals margined in USDC."""

    capabilities = Capabilities(
        main=("{coin}/USDC:USDC", "K{coin}/USDC:USDC"),
        candle_rows=5_000,
        funding_rows=500,
        not_available=(
            "last price",
            "history of open interest",
            "candles of the mark",
            "liquidations",
        ),
    )
    config: ClassVar[Mapping[str, Any]] = {"options": {"fetchMarkets": {"types": ["swap"]}}}

    def polls(self) -> tuple[Poll, ...]:
        return (
            # weighs 20 of 1,200 a minute; once a second would leave nothing for candles
            Poll(name="prices", read=self.read_contexts, held_every_s=1.5),
            Poll(name="quotes", read=self.read_books, one_call_each=True, coin_only=True),
        )

    async def read_contexts(self, markets: Sequence[Market]) -> Answer:
        """Read mark, oracle, funding and open interest, matched by the universe's order."""
        watched = {str(market.info.get("name")): market for market in markets}
        meta, contexts = await self.ask("publicPostInfo", type="metaAndAssetCtxs")
        paired = zip(meta["universe"], contexts, strict=True)
        found = [(watched[coin["name"]], row) for coin, row in paired if coin["name"] in watched]
        return [self._reading(market, row) for market, row in found]

    def _reading(self, market: Market, row: numbers.Row) -> Reading:
        mark_price = numbers.price(row.get("markPx"))
        return Reading(
            market=market,
            mark_price=mark_price,
            index_price=numbers.price(row.get("oraclePx")),
            volume_24h_base=numbers.amount(row.get("dayBaseVlm")),
            funding_rate=numbers.funding_rate(row.get("funding")),
            interval_h=INTERVAL_H,
            next_funding_ms=UnixMs((self._now_ms() // HOUR_MS + 1) * HOUR_MS),
            open_interest=market.both(numbers.amount(row.get("openInterest")), mark_price),
        )

    def funding_interval_h(self, market: Market) -> float | None:
        del market
        return INTERVAL_H

    async def read_books(self, markets: Sequence[Market]) -> Answer:
        """Read the book, and from its top the bid and ask."""
        readings = []
        for market in markets:
            answer = await self.ask("publicPostInfo", type="l2Book", coin=market.info.get("name"))
            bids, asks = market.book(*answer["levels"][:2])
            readings.append(
                Reading(
                    market=market,
                    time_ms=numbers.time_ms(answer.get("time")),
                    bid_price=top(bids),
                    ask_price=top(asks),
                    book=(bids, asks),
                )
            )
        return readings


def top(side: FloatArray) -> float | None:
    """Return the best price of one side of a book."""
    return float(side[0, 0]) if len(side) else None
