"""Bybit: everything of the present in one ticker; open interest counts both sides.

``singleOpenInterest`` is the one-sided figure (in answers since June 2026); where an answer lacks
it, half of ``openInterest`` is taken. Inverse contracts count USD.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final

from workstation.exchanges import numbers
from workstation.exchanges.base import Answer, Capabilities, Market, Poll, Reading
from workstation.exchanges.ccxt_adapter import WHOLE_MARKET_FROM, CcxtAdapter, history_rows
from workstation.market.facts import FloatArray

ONE_SIDED: Final = "Bybit's own one-sided figure"
HALVED: Final = "half of Bybit's figure, which counts both sides of every contract"


class Bybit(CcxtAdapter):
    """Linear and inverse contracts."""

    capabilities = Capabilities(
        main=("{coin}/USDT:USDT", "{coin}/USDC:USDC", "1000{coin}/USDT:USDT"),
        candle_rows=1_000,
        mark_candle_rows=1_000,
        funding_rows=200,
        open_interest_rows=200,
        open_interest_days=30,
        not_available=("liquidations (a stream only)",),
    )
    config: ClassVar[Mapping[str, Any]] = {
        "options": {"fetchMarkets": {"types": ["linear", "inverse"]}}
    }

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self._intervals_h: dict[str, float] = {}

    def polls(self) -> tuple[Poll, ...]:
        return (
            Poll(name="prices", read=self.read_tickers),
            Poll(name="book", read=self.read_books, every_s=10, one_call_each=True, coin_only=True),
        )

    async def read_tickers(self, markets: Sequence[Market]) -> Answer:
        """Read prices, funding and open interest; the only stamp is that of the whole answer."""
        readings: list[Reading] = []
        for category in ("linear", "inverse"):
            wanted = [market for market in markets if category_of(market) == category]
            watched = self.by_id(wanted)
            for answer in await self._tickers(category, wanted):
                stamp_ms = numbers.time_ms(answer.get("time"))
                readings += [
                    self._reading(watched[row["symbol"]], row, stamp_ms)
                    for row in numbers.rows(answer["result"]["list"])
                    if row.get("symbol") in watched
                ]
        return readings

    async def _tickers(self, category: str, markets: Sequence[Market]) -> list[numbers.Row]:
        if len(markets) >= WHOLE_MARKET_FROM:
            return [await self.ask("publicGetV5MarketTickers", category=category)]
        answers = await self.ask_each(
            "publicGetV5MarketTickers", markets, "symbol", category=category
        )
        return [answer for _, answer in answers]

    def _reading(self, market: Market, row: numbers.Row, stamp_ms: int | None) -> Reading:
        mark_price = numbers.price(row.get("markPrice"))
        interval_h = numbers.hours(row.get("fundingIntervalHour"))
        if interval_h is not None:
            self._intervals_h[market.id] = interval_h
        face, note = one_sided(row)
        return Reading(
            market=market,
            time_ms=numbers.time_ms(stamp_ms),
            mark_price=mark_price,
            index_price=numbers.price(row.get("indexPrice")),
            last_price=numbers.price(row.get("lastPrice")),
            bid_price=numbers.price(row.get("bid1Price")),
            ask_price=numbers.price(row.get("ask1Price")),
            # the turnover of an inverse contract is in the coin, its volume in USD
            volume_24h_base=numbers.amount(
                row.get("turnover24h" if market.inverse else "volume24h")
            ),
            funding_rate=numbers.funding_rate(row.get("fundingRate")),
            interval_h=self.funding_interval_h(market),
            next_funding_ms=numbers.time_ms(row.get("nextFundingTime")),
            open_interest=market.both(face, mark_price),
            note=note,
        )

    def funding_interval_h(self, market: Market) -> float | None:
        listed_min = numbers.amount(market.info.get("fundingInterval"))
        return self._intervals_h.get(market.id) or (listed_min and listed_min / 60)

    async def read_books(self, markets: Sequence[Market]) -> Answer:
        readings = []
        for market in markets:
            answer = await self.ask(
                "publicGetV5MarketOrderbook",
                category=category_of(market),
                symbol=market.id,
                limit=200,
            )
            book = answer["result"]
            stamp_ms = numbers.time_ms(book.get("ts"))
            sides = market.book(book.get("b"), book.get("a"))
            readings.append(Reading(market=market, time_ms=stamp_ms, book=sides))
        return readings

    async def open_interest_history(
        self, market: Market, since_ms: int, until_ms: int
    ) -> FloatArray:
        """Read it one-sided; its value in USD needs that hour's price, from the mark's candles."""
        answer = await self.ask(
            "publicGetV5MarketOpenInterest",
            category=category_of(market),
            symbol=market.id,
            intervalTime="1h",
            limit=self.capabilities.open_interest_rows,
            startTime=since_ms,
            endTime=until_ms,
        )
        rows = numbers.rows(answer["result"]["list"])
        faces = ((numbers.time_ms(row.get("timestamp")), one_sided(row)[0]) for row in rows)
        return await self.valued(market, history_rows(faces, 2))


def category_of(market: Market) -> str:
    return "inverse" if market.inverse else "linear"


def one_sided(row: numbers.Row) -> tuple[float | None, str]:
    """Return base coins (linear) or USD (inverse), and where the figure comes from."""
    single = numbers.amount(row.get("singleOpenInterest"))
    if single is not None:
        return single, ONE_SIDED
    both = numbers.amount(row.get("openInterest"))
    return (None, "") if both is None else (both / 2, HALVED)
