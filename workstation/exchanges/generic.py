"""Any other derivatives venue of ccxt, with what can be trusted of its unified answers.

ccxt does not unify the units of open interest, volume and book sizes, so open interest is shown
only for venues whose unit was looked up, and volume and depth not at all; prices and funding rates
mean the same everywhere.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from workstation.exchanges import numbers
from workstation.exchanges.base import Answer, Capabilities, Market, Poll, Reading
from workstation.exchanges.ccxt_adapter import CcxtAdapter
from workstation.market.facts import CandlePrice, FloatArray

# What ``openInterestAmount`` counts, read in the parsers of ccxt 4.5.90.
_CONTRACTS: Final = frozenset({"kucoinfutures", "htx"})
_BASE: Final = frozenset({"paradex"})
_NOT_AVAILABLE: Final = (
    "history of open interest",
    "candles of the mark",
    "volume",
    "book depth",
    "liquidations",
)
_UNSETTLED: Final = "open interest (its unit at this venue is not settled)"


class Generic(CcxtAdapter):
    """A venue without an adapter of its own."""

    capabilities = Capabilities(
        main=("{coin}/USDT:USDT", "{coin}/USDC:USDC", "{coin}/USD:USD", "{coin}/USD:{coin}"),
        candle_rows=200,  # the smallest page in ccxt's table of limits
        funding_rows=100,
        not_available=(*_NOT_AVAILABLE, _UNSETTLED),
    )

    def polls(self) -> tuple[Poll, ...]:
        prices = Poll(name="prices", read=self.read_prices, one_call_each=True)
        if self.venue not in _CONTRACTS | _BASE:
            return (prices,)
        interest = Poll(
            name="open interest", read=self.read_open_interest, every_s=10, one_call_each=True
        )
        return (prices, interest)

    async def read_prices(self, markets: Sequence[Market]) -> Answer:
        """Ticker and funding of each market: which of them has the mark differs by venue."""
        return [await self._read(market) for market in markets]

    async def _read(self, market: Market) -> Reading:
        ticker, funding = (
            await self._try("fetchTicker", market),
            await self._try("fetchFundingRate", market),
        )
        mark_price = numbers.price(funding.get("markPrice")) or numbers.price(
            ticker.get("markPrice")
        )
        if mark_price is None:
            mark_price = numbers.price((await self._try("fetchMarkPrice", market)).get("markPrice"))
        next_funding = funding.get("fundingTimestamp") or funding.get("nextFundingTimestamp")
        return Reading(
            market=market,
            time_ms=numbers.time_ms(ticker.get("timestamp")),
            mark_price=mark_price,
            index_price=numbers.price(funding.get("indexPrice"))
            or numbers.price(ticker.get("indexPrice")),
            last_price=numbers.price(ticker.get("last")),
            bid_price=numbers.price(ticker.get("bid")),
            ask_price=numbers.price(ticker.get("ask")),
            funding_rate=numbers.funding_rate(funding.get("fundingRate")),
            interval_h=numbers.hours(funding.get("interval")),
            next_funding_ms=numbers.time_ms(next_funding),
        )

    async def _try(self, method: str, market: Market) -> Mapping[str, Any]:
        """Call a unified method where the venue has it; else nothing is known."""
        if not self._client.has.get(method):
            return {}
        answer: Mapping[str, Any] = await getattr(self._client, method)(market.key.symbol)
        return answer

    async def read_open_interest(self, markets: Sequence[Market]) -> Answer:
        readings = []
        for market in markets:
            answer = await self._client.fetch_open_interest(market.key.symbol)
            amount = numbers.amount(answer.get("openInterestAmount"))
            unit = market.instrument.contract_size if self.venue in _CONTRACTS else 1.0
            mark_price = numbers.price(
                (await self._try("fetchFundingRate", market)).get("markPrice")
            )
            readings.append(
                Reading(
                    market=market,
                    time_ms=numbers.time_ms(answer.get("timestamp")),
                    open_interest=market.both(amount and amount * unit, mark_price),
                )
            )
        return readings

    async def candles(
        self, market: Market, interval_s: int, price: CandlePrice, since_ms: int, rows: int
    ) -> FloatArray:
        """Candles without their volume, whose unit differs by venue."""
        table = await super().candles(market, interval_s, price, since_ms, rows)
        table[:, 5] = np.nan
        return table
