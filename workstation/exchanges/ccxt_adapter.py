"""What all adapters over ccxt share: markets, histories, and the translation of failures.

A venue's module adds its capability table and the answers that it reads itself. ccxt's "unified"
figures are not unified where it matters (open interest, volume, book sizes), so those are always
read from the venue's own answer.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, ClassVar, Final

import numpy as np

from workstation.errors import ExchangeError
from workstation.exchanges import numbers
from workstation.exchanges.api_key import PrivateAccess
from workstation.exchanges.base import Capabilities, Market, Poll
from workstation.exchanges.numbers import Row
from workstation.market.facts import CandlePrice, FloatArray
from workstation.market.instrument import Contract, Instrument, MarketKey
from workstation.units import UnixMs, now_ms, to_datetime

TIMEFRAMES: Final = {60: "1m", 300: "5m", 900: "15m", 3_600: "1h", 14_400: "4h", 86_400: "1d"}
WHOLE_MARKET_FROM: Final = 5  # markets from which one call for all beats a call for each
_LIMITER_S: Final = 10.0  # what ccxt's own limiter may add to the venue's time to answer


class CcxtAdapter:
    """One venue through ccxt; see ``ExchangeAdapter`` for the contract."""

    capabilities: ClassVar[Capabilities]
    config: ClassVar[Mapping[str, Any]] = {}  # constructor options of the venue
    market_params: ClassVar[Mapping[str, Any]] = {}  # narrows ``load_markets``
    lot_unit_is_contract: ClassVar[bool] = True  # False: ccxt's amount step is base or USD

    def __init__(
        self,
        venue: str,
        options: Mapping[str, Any],
        timeout_s: float,
        now_ms: Callable[[], UnixMs] = now_ms,
    ) -> None:
        self.venue = venue
        self._now_ms = now_ms
        self._options = options
        self._timeout_s = timeout_s
        self._client: Any = None
        self._markets: dict[str, Market] = {}
        self.addresses: tuple[str, ...] = ()  # whose positions are looked at, where they are public

    async def open(self, access: PrivateAccess = PrivateAccess()) -> None:  # noqa: B008 - frozen
        """Make the client; only what ``access`` names may be signed."""
        from workstation.exchanges.ccxt_client import new_client  # half a second: only when used

        self._client = new_client(
            self.venue,
            {"enableRateLimit": True, "timeout_on_exit": 0, "timeout": self._timeout_s * 1_000},
            {"enableLastHttpResponse": False, "has": {"fetchCurrencies": False}},
            self.config,
            access.config,
            self._options,
            key=access.key,
            reads=access.reads,
        )

    async def close(self) -> None:
        if self._client is not None:
            await self._client.close()

    @property
    def latency_ms(self) -> float | None:
        return self._client.latency_ms if self._client is not None else None

    @asynccontextmanager
    async def asking(self, call: str) -> AsyncIterator[None]:
        """Bound the time of what is asked inside, and translate its failures."""
        try:
            # ccxt's limiter runs on the wall clock, so only this bound holds when that jumps.
            async with asyncio.timeout(self._timeout_s + _LIMITER_S):
                yield
        except ExchangeError:
            raise
        except Exception as error:  # ccxt raises anything on bad bodies
            raise self._client.our_error(call, error) from error

    # -- markets --------------------------------------------------------------------------------

    def restore_markets(self, dump: Sequence[Mapping[str, Any]]) -> None:
        self._client.set_markets(list(dump))
        self._read_markets()

    async def load_markets(self) -> Sequence[Mapping[str, Any]]:
        await self._client.load_markets(True, dict(self.market_params))
        self._read_markets()
        return [self._client.markets[symbol] for symbol in self._markets]

    def _read_markets(self) -> None:
        source = f"{self.venue} {to_datetime(self._now_ms()):%Y-%m-%d}"
        rows = self._client.markets.values()
        markets = (market_of(self.venue, row, source, self.lot_unit_is_contract) for row in rows)
        self._markets = {market.key.symbol: market for market in markets if market is not None}

    def instruments(self) -> tuple[Instrument, ...]:
        return tuple(market.instrument for market in self._markets.values())

    def market(self, symbol: str) -> Market | None:
        return self._markets.get(symbol)

    def main_market(self, coin: str) -> Market | None:
        named = (self.market(pattern.format(coin=coin)) for pattern in self.capabilities.main)
        return next((market for market in named if market is not None), None)

    def by_id(self, markets: Sequence[Market]) -> dict[str, Market]:
        return {market.id: market for market in markets}

    # -- questions ------------------------------------------------------------------------------

    def polls(self) -> tuple[Poll, ...]:
        raise NotImplementedError

    async def ask(self, endpoint: str, **params: Any) -> Any:
        """Ask an endpoint by ccxt's name for it; return the venue's own answer."""
        return await getattr(self._client, endpoint)(params)

    async def unified(self, method: str, *params: Any) -> Any:
        """Call one of ccxt's own methods, where the venue has it."""
        return await getattr(self._client, method)(*params)

    async def ask_each(
        self, endpoint: str, markets: Sequence[Market], name: str, **params: Any
    ) -> list[tuple[Market, Any]]:
        """Ask an endpoint once for every market; ``name`` is its parameter for the market."""
        answers = await asyncio.gather(
            *(self.ask(endpoint, **{name: market.id}, **params) for market in markets)
        )
        return list(zip(markets, answers, strict=True))

    def funding_interval_h(self, market: Market) -> float | None:
        """Return the interval of the running rate, as far as it is known."""
        del market
        return None

    # -- histories ------------------------------------------------------------------------------

    async def candles(
        self, market: Market, interval_s: int, price: CandlePrice, since_ms: int, rows: int
    ) -> FloatArray:
        params = {"price": "mark"} if price is CandlePrice.MARK else {}
        raw = await self._client.fetch_ohlcv(
            market.key.symbol, TIMEFRAMES[interval_s], since_ms, rows, params
        )
        table = candle_rows(raw)
        if price is CandlePrice.MARK:
            table[:, 5] = np.nan  # nobody trades at the mark; some venues send a figure
        return table

    async def funding_history(self, market: Market, since_ms: int, until_ms: int) -> FloatArray:
        raw = await self._client.fetch_funding_rate_history(
            market.key.symbol, since_ms, self.capabilities.funding_rows, {"until": until_ms}
        )
        rows = (
            (numbers.time_ms(r["timestamp"]), numbers.funding_rate(r["fundingRate"])) for r in raw
        )
        return history_rows(rows, 2)

    async def open_interest_history(
        self, market: Market, since_ms: int, until_ms: int
    ) -> FloatArray:
        del market, since_ms, until_ms
        return np.empty((0, 3))

    async def valued(self, market: Market, faces: FloatArray) -> FloatArray:
        """Give hourly open interest, rows of (time, face), its base and USD by the mark then.

        A row without a candle of its hour is left out.
        """
        if not len(faces):
            return np.empty((0, 3))
        since_ms, rows = int(faces[:, 0].min()), len(faces) + 1
        candles = await self.candles(market, 3_600, CandlePrice.MARK, since_ms, rows)
        opens = {int(row[0]): float(row[1]) for row in candles}
        values = ((at, market.both(face, opens.get(int(at)))) for at, face in faces.tolist())
        return history_rows(((at, *value) for at, value in values if value is not None), 3)


def market_of(venue: str, row: Row, source: str, lot_unit_is_contract: bool) -> Market | None:
    """Translate ccxt's market; ``None`` for what is no perpetual or dated future, or is closed."""
    if not (row.get("swap") or row.get("future")) or row.get("active") is False:
        return None
    size = numbers.amount(row.get("contractSize"))
    base, quote, settle = row.get("base"), row.get("quote"), row.get("settle")
    if size is None or not (base and quote and settle):
        return None
    precision, limits = row.get("precision") or {}, row.get("limits") or {}
    lot = numbers.amount(precision.get("amount"))
    instrument = Instrument(
        key=MarketKey(venue, str(row["symbol"])),
        contract=Contract.INVERSE if row.get("inverse") else Contract.LINEAR,
        base=base,
        quote=quote,
        settle=settle,
        contract_size=size,
        tick=numbers.price(precision.get("price")),
        lot=lot and (lot * size if lot_unit_is_contract else lot),
        max_leverage=numbers.amount((limits.get("leverage") or {}).get("max")),
        source=source,
    )
    return Market(instrument=instrument, id=str(row["id"]), info=row.get("info") or {})


def candle_rows(raw: Sequence[Sequence[Any]]) -> FloatArray:
    """Return (n, 6) rows of ccxt candles that are whole: a time and four prices that agree."""
    kept = []
    for row in raw:
        at = numbers.time_ms(row[0])
        prices = [numbers.price(value) for value in row[1:5]]
        if at is None or any(value is None for value in prices):
            continue
        volume = numbers.finite(row[5]) if len(row) > 5 else None
        kept.append((at, *prices, np.nan if volume is None else volume))
    table = np.array(kept, dtype=np.float64).reshape(-1, 6)
    opened, high, low, close = table[:, 1:5].T
    agrees = (low <= np.minimum(opened, close)) & (high >= np.maximum(opened, close))
    whole: FloatArray = table[agrees]
    return whole


def history_rows(raw: Iterable[Sequence[float | None]], columns: int) -> FloatArray:
    """Return the rows in which nothing is ``None``, as (n, columns)."""
    kept = [row for row in raw if all(value is not None for value in row)]
    return np.array(kept, dtype=np.float64).reshape(-1, columns)
