"""Binance: USD-margined (``binanceusdm``) and coin-margined (``binancecoinm``) futures.

Open interest of coin-margined contracts counts contracts of 100 USD (BTC) or 10 USD. The funding
interval stands in a table of its own, which lists only what differs from 8 hours.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final

from workstation.exchanges import numbers
from workstation.exchanges.base import Answer, Capabilities, Market, Poll, Reading
from workstation.exchanges.ccxt_adapter import WHOLE_MARKET_FROM, CcxtAdapter, history_rows
from workstation.market.facts import FloatArray

DEFAULT_INTERVAL_H: Final = 8.0  # of every symbol that ``fundingInfo`` does not list
_NOT_AVAILABLE: Final = ("liquidations (a stream only)",)


class BinanceLinear(CcxtAdapter):
    """USD-margined futures."""

    capabilities = Capabilities(
        main=("{coin}/USDT:USDT", "{coin}/USDC:USDC", "1000{coin}/USDT:USDT"),
        candle_rows=1_000,
        mark_candle_rows=1_000,
        funding_rows=1_000,
        open_interest_rows=500,
        open_interest_days=29,  # the venue keeps 30; a request for all of them is refused
        not_available=_NOT_AVAILABLE,
    )
    config: ClassVar[Mapping[str, Any]] = {"options": {"fetchMarkets": {"types": ["linear"]}}}
    api: ClassVar[str] = "fapi"
    volume_field: ClassVar[str] = "volume"  # in base coins

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self._marks: dict[str, float] = {}
        self._intervals_h: dict[str, float] | None = None  # None until the table was read

    def polls(self) -> tuple[Poll, ...]:
        return (
            Poll(name="prices", read=self.read_prices),
            Poll(name="funding intervals", read=self.read_intervals, every_s=3_600),
            Poll(name="quotes", read=self.read_quotes),
            Poll(name="trades", read=self.read_trades, one_call_each=True),
            Poll(name="open interest", read=self.read_open_interest, every_s=5, one_call_each=True),
            Poll(name="book", read=self.read_books, every_s=10, one_call_each=True, coin_only=True),
        )

    async def _rows(self, endpoint: str, markets: Sequence[Market]) -> list[numbers.Row]:
        if len(markets) >= WHOLE_MARKET_FROM:
            return numbers.rows(await self.ask(f"{self.api}PublicGet{endpoint}"))
        answers = await self.ask_each(f"{self.api}PublicGet{endpoint}", markets, "symbol")
        return [row for _, answer in answers for row in numbers.rows(answer)]

    async def read_prices(self, markets: Sequence[Market]) -> Answer:
        """Read mark, index, running rate and next settlement, all from ``premiumIndex``."""
        watched = self.by_id(markets)
        rows = await self._rows("PremiumIndex", markets)
        found = [(watched[row["symbol"]], row) for row in rows if row.get("symbol") in watched]
        return [self._price(market, row) for market, row in found]

    def _price(self, market: Market, row: numbers.Row) -> Reading:
        mark_price = numbers.price(row.get("markPrice"))
        if mark_price is not None:
            self._marks[market.id] = mark_price
        return Reading(
            market=market,
            time_ms=numbers.time_ms(row.get("time")),
            mark_price=mark_price,
            index_price=numbers.price(row.get("indexPrice")),
            funding_rate=numbers.funding_rate(row.get("lastFundingRate")),
            interval_h=self.funding_interval_h(market),
            next_funding_ms=numbers.time_ms(row.get("nextFundingTime")),
        )

    async def read_intervals(self, markets: Sequence[Market]) -> Answer:
        """Learn the intervals that differ from 8 hours; gives no reading of its own."""
        del markets
        rows = numbers.rows(await self.ask(f"{self.api}PublicGetFundingInfo"))
        listed = {row.get("symbol"): numbers.hours(row.get("fundingIntervalHours")) for row in rows}
        self._intervals_h = {str(symbol): h for symbol, h in listed.items() if h is not None}
        return []

    def funding_interval_h(self, market: Market) -> float | None:
        if self._intervals_h is None:
            return None
        return self._intervals_h.get(market.id, DEFAULT_INTERVAL_H)

    async def read_quotes(self, markets: Sequence[Market]) -> Answer:
        """Read the best bid and ask."""
        watched = self.by_id(markets)
        return [
            Reading(
                market=watched[row["symbol"]],
                time_ms=numbers.time_ms(row.get("time")),
                bid_price=numbers.price(row.get("bidPrice")),
                ask_price=numbers.price(row.get("askPrice")),
            )
            for row in await self._rows("TickerBookTicker", markets)
            if row.get("symbol") in watched
        ]

    async def read_trades(self, markets: Sequence[Market]) -> Answer:
        """Read the last price and the volume of 24 hours."""
        answers = await self.ask_each(f"{self.api}PublicGetTicker24hr", markets, "symbol")
        return [
            Reading(
                market=market,
                time_ms=numbers.time_ms(row.get("closeTime")),
                last_price=numbers.price(row.get("lastPrice")),
                volume_24h_base=numbers.amount(row.get(self.volume_field)),
            )
            for market, answer in answers
            for row in numbers.rows(answer)[:1]
        ]

    async def read_open_interest(self, markets: Sequence[Market]) -> Answer:
        """Read base coins (linear) or contracts (inverse), counted once."""
        answers = await self.ask_each(f"{self.api}PublicGetOpenInterest", markets, "symbol")
        return [
            Reading(
                market=market,
                time_ms=numbers.time_ms(row.get("time")),
                open_interest=market.both(
                    self._face(market, row.get("openInterest")), self._marks.get(market.id)
                ),
            )
            for market, row in answers
        ]

    @staticmethod
    def _face(market: Market, contracts: object) -> float | None:
        count = numbers.amount(contracts)
        return None if count is None else count * market.instrument.contract_size

    async def read_books(self, markets: Sequence[Market]) -> Answer:
        answers = await self.ask_each(f"{self.api}PublicGetDepth", markets, "symbol", limit=100)
        return [
            Reading(
                market=market,
                time_ms=numbers.time_ms(book.get("T") or book.get("E")),
                book=market.book(
                    book.get("bids"), book.get("asks"), market.instrument.contract_size
                ),
            )
            for market, book in answers
        ]

    async def open_interest_history(
        self, market: Market, since_ms: int, until_ms: int
    ) -> FloatArray:
        rows = await self.ask(
            f"{self.api}DataGetOpenInterestHist",
            **self._history_name(market),
            period="1h",
            limit=self.capabilities.open_interest_rows,
            startTime=since_ms,
            endTime=until_ms,
        )
        return history_rows((self._history_row(market, row) for row in numbers.rows(rows)), 3)

    def _history_name(self, market: Market) -> Mapping[str, str]:
        return {"symbol": market.id}

    def _history_row(
        self, market: Market, row: numbers.Row
    ) -> tuple[float | None, float | None, float | None]:
        """Linear: base coins and their value in USD."""
        del market
        return (
            numbers.time_ms(row.get("timestamp")),
            numbers.amount(row.get("sumOpenInterest")),
            numbers.amount(row.get("sumOpenInterestValue")),
        )


class BinanceInverse(BinanceLinear):
    """Coin-margined futures."""

    capabilities = Capabilities(
        main=("{coin}/USD:{coin}",),
        candle_rows=1_000,
        mark_candle_rows=1_000,
        funding_rows=1_000,
        open_interest_rows=500,
        open_interest_days=29,
        not_available=_NOT_AVAILABLE,
    )
    config: ClassVar[Mapping[str, Any]] = {"options": {"fetchMarkets": {"types": ["inverse"]}}}
    api: ClassVar[str] = "dapi"
    volume_field: ClassVar[str] = "baseVolume"

    def _history_name(self, market: Market) -> Mapping[str, str]:
        return {"pair": str(market.info.get("pair")), "contractType": "PERPETUAL"}

    def _history_row(
        self, market: Market, row: numbers.Row
    ) -> tuple[float | None, float | None, float | None]:
        """Inverse: contracts, and the coins behind them under the name "value"."""
        return (
            numbers.time_ms(row.get("timestamp")),
            numbers.amount(row.get("sumOpenInterestValue")),
            self._face(market, row.get("sumOpenInterest")),
        )
