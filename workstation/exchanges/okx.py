"""OKX: sizes are in contracts; mark, index, trades, funding and open interest are five calls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final

from workstation.exchanges import numbers
from workstation.exchanges.base import Answer, Capabilities, Market, Poll, Reading
from workstation.exchanges.ccxt_adapter import WHOLE_MARKET_FROM, CcxtAdapter, history_rows
from workstation.market.facts import FloatArray
from workstation.units import HOUR_MS

SWAPS: Final = {"instType": "SWAP"}


class Okx(CcxtAdapter):
    """Perpetual swaps."""

    capabilities = Capabilities(
        main=("{coin}/USDT:USDT", "{coin}/USD:{coin}"),
        candle_rows=300,
        mark_candle_rows=100,
        funding_rows=100,
        open_interest_rows=100,
        open_interest_days=30,
        not_available=("liquidations (a stream only)",),
    )
    config: ClassVar[Mapping[str, Any]] = {"options": {"fetchMarkets": {"types": ["swap"]}}}

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self._intervals_h: dict[str, float] = {}

    def polls(self) -> tuple[Poll, ...]:
        return (
            Poll(name="prices", read=self.read_marks),
            Poll(name="index", read=self.read_indexes, one_call_each=True),
            Poll(name="quotes", read=self.read_tickers),
            Poll(name="funding", read=self.read_funding, every_s=5, one_call_each=True),
            Poll(name="open interest", read=self.read_open_interest, every_s=5),
            Poll(name="book", read=self.read_books, every_s=10, one_call_each=True, coin_only=True),
        )

    async def _each(
        self, endpoint: str, markets: Sequence[Market], **params: Any
    ) -> list[tuple[Market, numbers.Row]]:
        answers = await self.ask_each(endpoint, markets, "instId", **params)
        return [(m, row) for m, answer in answers for row in numbers.rows(answer["data"])[:1]]

    async def _rows(
        self, endpoint: str, markets: Sequence[Market], of_all: str = ""
    ) -> list[tuple[Market, numbers.Row]]:
        """Ask for each market, or for all swaps at once (``of_all``: another endpoint's name)."""
        if len(markets) < WHOLE_MARKET_FROM:
            return await self._each(endpoint, markets, **({} if of_all else SWAPS))
        watched = self.by_id(markets)
        rows = numbers.rows((await self.ask(of_all or endpoint, **SWAPS))["data"])
        return [(watched[row["instId"]], row) for row in rows if row.get("instId") in watched]

    async def read_marks(self, markets: Sequence[Market]) -> Answer:
        return [
            Reading(
                market=market,
                time_ms=numbers.time_ms(row.get("ts")),
                mark_price=numbers.price(row.get("markPx")),
            )
            for market, row in await self._rows("publicGetPublicMarkPrice", markets)
        ]

    async def read_indexes(self, markets: Sequence[Market]) -> Answer:
        readings = []
        for name in sorted({index_of(market) for market in markets}):
            answer = await self.ask("publicGetMarketIndexTickers", instId=name)
            readings += [
                Reading(
                    market=market,
                    time_ms=numbers.time_ms(row.get("ts")),
                    index_price=numbers.price(row.get("idxPx")),
                )
                for row in numbers.rows(answer["data"])[:1]
                for market in markets
                if index_of(market) == name
            ]
        return readings

    async def read_tickers(self, markets: Sequence[Market]) -> Answer:
        return [
            Reading(
                market=market,
                time_ms=numbers.time_ms(row.get("ts")),
                last_price=numbers.price(row.get("last")),
                bid_price=numbers.price(row.get("bidPx")),
                ask_price=numbers.price(row.get("askPx")),
                volume_24h_base=numbers.amount(row.get("volCcy24h")),
            )
            for market, row in await self._rows(
                "publicGetMarketTicker", markets, of_all="publicGetMarketTickers"
            )
        ]

    async def read_funding(self, markets: Sequence[Market]) -> Answer:
        """Read the running rate; ``fundingTime`` settles it, ``nextFundingTime`` the one after."""
        readings = []
        for market, row in await self._each("publicGetPublicFundingRate", markets):
            settles_ms = numbers.time_ms(row.get("fundingTime"))
            follows_ms = numbers.time_ms(row.get("nextFundingTime"))
            if settles_ms and follows_ms and (hours := (follows_ms - settles_ms) / HOUR_MS) > 0:
                self._intervals_h[market.id] = hours
            readings.append(
                Reading(
                    market=market,
                    time_ms=numbers.time_ms(row.get("ts")),
                    funding_rate=_rate(row),
                    interval_h=self.funding_interval_h(market),
                    next_funding_ms=settles_ms,
                )
            )
        return readings

    def funding_interval_h(self, market: Market) -> float | None:
        return self._intervals_h.get(market.id)

    async def read_open_interest(self, markets: Sequence[Market]) -> Answer:
        return [
            Reading(
                market=market,
                time_ms=numbers.time_ms(row.get("ts")),
                open_interest=_both(row.get("oiCcy"), row.get("oiUsd")),
            )
            for market, row in await self._rows("publicGetPublicOpenInterest", markets)
        ]

    async def read_books(self, markets: Sequence[Market]) -> Answer:
        return [
            Reading(
                market=market,
                time_ms=numbers.time_ms(row.get("ts")),
                book=market.book(row.get("bids"), row.get("asks"), market.instrument.contract_size),
            )
            for market, row in await self._each("publicGetMarketBooks", markets, sz=200)
        ]

    async def funding_history(self, market: Market, since_ms: int, until_ms: int) -> FloatArray:
        """Return settled rates; without ``after`` a far start would give the newest page."""
        raw = await self._client.fetch_funding_rate_history(
            market.key.symbol, since_ms, self.capabilities.funding_rows, {"after": until_ms + 1}
        )
        rows = (
            (numbers.time_ms(r["timestamp"]), numbers.funding_rate(r["fundingRate"])) for r in raw
        )
        return history_rows(rows, 2)

    async def open_interest_history(
        self, market: Market, since_ms: int, until_ms: int
    ) -> FloatArray:
        """Read rows of time, contracts, coins, USD."""
        answer = await self.ask(
            "publicGetRubikStatContractsOpenInterestHistory",
            instId=market.id,
            period="1H",
            limit=self.capabilities.open_interest_rows,
            begin=since_ms,
            end=until_ms,
        )
        rows = (
            (numbers.time_ms(row[0]), numbers.amount(row[2]), numbers.amount(row[3]))
            for row in answer["data"]
        )
        return history_rows(rows, 3)


def index_of(market: Market) -> str:
    """Return the name of the index behind a swap: ``BTC-USDT`` of ``BTC-USDT-SWAP``."""
    return str(market.info.get("instFamily") or market.id.removesuffix("-SWAP"))


def _rate(row: numbers.Row) -> float | None:
    """Return the rate; a zero only beside a cap, which OKX always sends: else the row is empty."""
    rate = numbers.funding_rate(row.get("fundingRate"))
    return rate or (rate if numbers.amount(row.get("maxFundingRate")) else None)


def _both(base: object, usd: object) -> tuple[float, float] | None:
    coins, value = numbers.amount(base), numbers.amount(usd)
    return None if coins is None or value is None else (coins, value)
