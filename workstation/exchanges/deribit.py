"""Deribit: one ticker a market; inverse contracts count USD, linear ones coins.

Funding is paid continuously; ``funding_8h`` is what the last 8 hours cost, and there is no next
settlement. Forced trades are flagged in the public trades: ``T`` the taker was liquidated, ``M``
the maker, ``MT`` both.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final

from workstation.exchanges import numbers
from workstation.exchanges.base import Answer, Capabilities, Market, Poll, Reading
from workstation.exchanges.ccxt_adapter import CcxtAdapter, history_rows
from workstation.market.facts import FloatArray, Liquidation
from workstation.market.instrument import Side

INTERVAL_H: Final = 8.0
_TAKER_CLOSES: Final = {"sell": Side.LONG, "buy": Side.SHORT}
_MAKER_CLOSES: Final = {"sell": Side.SHORT, "buy": Side.LONG}
_LIQUIDATED: Final = {
    "T": (_TAKER_CLOSES,),
    "M": (_MAKER_CLOSES,),
    "MT": (_TAKER_CLOSES, _MAKER_CLOSES),
}


class Deribit(CcxtAdapter):
    """Perpetuals and dated futures."""

    capabilities = Capabilities(
        main=("{coin}/USD:{coin}", "{coin}/USDC:USDC"),
        candle_rows=1_000,
        funding_rows=744,
        funding_step_h=1.0,
        not_available=("history of open interest", "candles of the mark", "next settlement"),
    )
    market_params: ClassVar[Mapping[str, Any]] = {"kind": "future"}  # thousands of options
    lot_unit_is_contract: ClassVar[bool] = False  # ``min_trade_amount`` is USD or coins

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self._last_trades: dict[str, int] = {}  # market -> newest trade number seen

    def polls(self) -> tuple[Poll, ...]:
        return (
            Poll(name="prices", read=self.read_tickers, one_call_each=True),
            Poll(name="book", read=self.read_books, every_s=10, one_call_each=True, coin_only=True),
            Poll(
                name="liquidations",
                read=self.read_liquidations,
                every_s=10,
                one_call_each=True,
                coin_only=True,
            ),
        )

    async def read_tickers(self, markets: Sequence[Market]) -> Answer:
        answers = await self.ask_each("publicGetTicker", markets, "instrument_name")
        return [self._reading(market, answer["result"]) for market, answer in answers]

    def _reading(self, market: Market, row: numbers.Row) -> Reading:
        mark_price = numbers.price(row.get("mark_price"))
        stats = row.get("stats") or {}
        return Reading(
            market=market,
            time_ms=numbers.time_ms(row.get("timestamp")),
            mark_price=mark_price,
            index_price=numbers.price(row.get("index_price")),
            last_price=numbers.price(row.get("last_price")),
            bid_price=numbers.price(row.get("best_bid_price")),
            ask_price=numbers.price(row.get("best_ask_price")),
            volume_24h_base=numbers.amount(stats.get("volume")),
            funding_rate=numbers.funding_rate(row.get("funding_8h")),
            interval_h=INTERVAL_H,
            open_interest=market.both(numbers.amount(row.get("open_interest")), mark_price),
        )

    def funding_interval_h(self, market: Market) -> float | None:
        del market
        return INTERVAL_H

    async def read_books(self, markets: Sequence[Market]) -> Answer:
        answers = await self.ask_each(
            "publicGetGetOrderBook", markets, "instrument_name", depth=100
        )
        return [
            Reading(
                market=market,
                time_ms=numbers.time_ms(answer["result"].get("timestamp")),
                book=market.book(answer["result"].get("bids"), answer["result"].get("asks")),
            )
            for market, answer in answers
        ]

    async def read_liquidations(self, markets: Sequence[Market]) -> Answer:
        """Pick the forced ones of the trades since the last call."""
        found: list[Liquidation] = []
        answers = await self.ask_each(
            "publicGetGetLastTradesByInstrument", markets, "instrument_name", count=1_000
        )
        for market, answer in answers:
            seen = self._last_trades.get(market.id, 0)
            trades = numbers.rows(answer["result"]["trades"])
            fresh = [t for t in trades if (numbers.finite(t.get("trade_seq")) or 0) > seen]
            found += [forced for trade in fresh for forced in forced_orders(market, trade)]
            newest = max((int(t["trade_seq"]) for t in fresh), default=seen)
            self._last_trades[market.id] = newest
        return sorted(found, key=lambda forced: forced.time_ms)

    async def funding_history(self, market: Market, since_ms: int, until_ms: int) -> FloatArray:
        """Return what each hour cost."""
        answer = await self.ask(
            "publicGetGetFundingRateHistory",
            instrument_name=market.id,
            start_timestamp=since_ms,
            end_timestamp=until_ms,
        )
        rows = (
            (numbers.time_ms(row.get("timestamp")), numbers.funding_rate(row.get("interest_1h")))
            for row in numbers.rows(answer["result"])
        )
        return history_rows(rows, 2)


def forced_orders(market: Market, trade: numbers.Row) -> list[Liquidation]:
    """Return the liquidations in one public trade: none, one, or one of each side."""
    at_ms, at = numbers.time_ms(trade.get("timestamp")), numbers.price(trade.get("price"))
    sizes = market.both(numbers.amount(trade.get("amount")), at)
    if at_ms is None or at is None or sizes is None:
        return []
    return [
        Liquidation(
            key=market.key,
            time_ms=at_ms,
            side=closes[trade["direction"]],
            quantity_base=sizes[0],
            price=at,
        )
        for closes in _LIQUIDATED.get(str(trade.get("liquidation")), ())
        if trade.get("direction") in closes
    ]
