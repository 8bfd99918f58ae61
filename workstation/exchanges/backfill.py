"""Fills a venue's histories and keeps them growing, one call at a time beside the live polls.

ccxt's limiter is a queue, so the live polls wait for one history call at most. What matters most is
asked for first: candles of the coin on the charts and its last day in hours, whatever the chart's
interval, then candles of the book's markets, funding, open interest, and at last a year of hours of
the coin.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from workstation.errors import (
    ExchangeError,
    ExchangeThrottledError,
    UnsupportedByExchangeError,
)
from workstation.exchanges.backoff import Backoff
from workstation.exchanges.base import ExchangeAdapter, Market
from workstation.exchanges.clock import FeedClock
from workstation.exchanges.series import (
    DAY_HOURS,
    YEAR_HOURS,
    CandleSeries,
    FundingSeries,
    OpenInterestSeries,
    Series,
)
from workstation.market.facts import CandlePrice
from workstation.market.outbox import Outbox
from workstation.units import HOUR_MS, SECOND_MS

log = logging.getLogger(__name__)

BOOK_REFRESH_S: Final = 60.0  # candles of markets that no chart shows
COIN_REFRESH_S: Final = 5.0
YEAR_REFRESH_S: Final = 600.0
PAUSE_S: Final = 0.05  # between two history calls
SHORTEST_FUNDING_H: Final = 1.0
IDLE_S: Final = 0.5
UNSUPPORTED_S: Final = 3_600.0
HOUR_S: Final = HOUR_MS // SECOND_MS
_LONGEST_RETRY_S: Final = 120.0


class Backfill:
    """The histories of one venue; ``choose`` names the markets, ``run`` never returns."""

    def __init__(
        self,
        adapter: ExchangeAdapter,
        clock: FeedClock,
        outbox: Outbox,
        *,
        throttled: Callable[[ExchangeThrottledError], None],
        allowed: Callable[[], Awaitable[None]],
        poll_s: float,
    ) -> None:
        self._adapter = adapter
        self._clock = clock
        self._outbox = outbox
        self._throttled = throttled
        self._allowed = allowed
        self._coin_refresh_s = max(poll_s, COIN_REFRESH_S)
        self._series: list[Series] = []
        self._due_s: dict[Series, float] = {}
        self._backoff: dict[Series, Backoff] = {}

    def choose(self, coin: Sequence[Market], book: Sequence[Market], interval_s: int) -> None:
        """Follow these markets; what is already known of them is kept."""
        known = {series.identity: series for series in self._series}
        wanted = self._wanted(coin, book, interval_s)
        self._series = [known.get(series.identity, series) for series in wanted]

    def _wanted(
        self, coin: Sequence[Market], book: Sequence[Market], interval_s: int
    ) -> list[Series]:
        able = self._adapter.capabilities
        rows = {CandlePrice.LAST: able.candle_rows, CandlePrice.MARK: able.mark_candle_rows}

        def candles(markets: Sequence[Market], refresh_s: float) -> list[Series]:
            return [
                CandleSeries(market, interval_s, price, page, refresh_s)
                for price, page in rows.items()
                if page
                for market in markets
            ]

        def hours(depth: int) -> list[Series]:
            page, last = able.candle_rows, CandlePrice.LAST
            return [
                CandleSeries(market, HOUR_S, last, page, YEAR_REFRESH_S, depth=depth)
                for market in coin[:1]
                if page
            ]

        series = candles(coin, self._coin_refresh_s)
        if interval_s != HOUR_S:  # for the changes over an hour and a day
            series += hours(DAY_HOURS)
        series += candles(book, BOOK_REFRESH_S)
        if able.funding_rows:
            series += [FundingSeries(m, self._step_h, able.funding_rows) for m in coin]
        if able.open_interest_rows:
            days, page = able.open_interest_days, able.open_interest_rows
            series += [OpenInterestSeries(market, days, page) for market in coin]
        series += hours(YEAR_HOURS)  # volatility and touch probabilities need a year
        return series

    def _step_h(self, market: Market) -> float:
        """Return the hours between two rows of funding; the shortest in use where unknown."""
        listed_h = self._adapter.capabilities.funding_step_h
        return listed_h or self._adapter.funding_interval_h(market) or SHORTEST_FUNDING_H

    async def run(self) -> None:
        while True:
            await self._allowed()
            series = self._next_due()
            if series is None:
                await asyncio.sleep(IDLE_S)
                continue
            await self._step(series)
            await asyncio.sleep(PAUSE_S)

    def _next_due(self) -> Series | None:
        now_s = asyncio.get_running_loop().time()
        return next((s for s in self._series if self._due_s.get(s, 0.0) <= now_s), None)

    async def _step(self, series: Series) -> None:
        """Ask for one page of a series that is due."""
        loop = asyncio.get_running_loop()
        backoff = self._backoff.setdefault(series, Backoff(_LONGEST_RETRY_S))
        if series.complete:
            series.refresh(self._clock.now_ms())
        try:
            async with self._adapter.asking(series.kind):
                rows = await series.ask(self._adapter, series.next_page())
        except ExchangeThrottledError as error:
            self._throttled(error)
            return
        except UnsupportedByExchangeError as error:
            log.info("%s", error)
            self._due_s[series] = loop.time() + UNSUPPORTED_S
            return
        except ExchangeError as error:
            wait_s = backoff.failed()
            key = series.market.key
            log.warning(
                "%s gave no history of %s, which is asked for again in %.0f s: %s",
                key.venue,
                key.symbol,
                wait_s,
                error.user_message,
            )
            self._due_s[series] = loop.time() + wait_s
            return
        backoff.succeeded()
        rows = series.take(rows, self._clock.now_ms())
        if len(rows):
            self._outbox.put(**{series.kind: [series.facts(rows)]})
        if series.complete:
            self._due_s[series] = loop.time() + series.refresh_s
