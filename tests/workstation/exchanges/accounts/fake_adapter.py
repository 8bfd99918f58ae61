"""An adapter that answers from a table, so that a reader is tested on one answer at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import asynccontextmanager
from typing import Any

from workstation.errors import ExchangeDataError
from workstation.exchanges.accounts.base import AccountReading, AccountSource
from workstation.exchanges.base import Market
from workstation.market.instrument import Contract, Instrument, MarketKey, split_symbol


def market(venue: str, symbol: str, market_id: str, contract_size: float = 1.0) -> Market:
    base, quote, settle = split_symbol(symbol)
    instrument = Instrument(
        key=MarketKey(venue, symbol),
        contract=Contract.INVERSE if settle == base else Contract.LINEAR,
        base=base,
        quote=quote,
        settle=settle,
        contract_size=contract_size,
        tick=0.1,
    )
    return Market(instrument=instrument, id=market_id, info={})


class FakeAdapter:
    """``answers`` goes by ccxt's name of the endpoint; what is missing there is refused."""

    def __init__(self, venue: str, markets: list[Market], answers: Mapping[str, Any]) -> None:
        self.venue = venue
        self.answers = dict(answers)
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self._markets = {market.key.symbol: market for market in markets}

    def instruments(self):
        return tuple(market.instrument for market in self._markets.values())

    def market(self, symbol):
        return self._markets.get(symbol)

    @asynccontextmanager
    async def asking(self, call):
        yield

    async def ask(self, endpoint, **params):
        self.asked.append((endpoint, params))
        answer = self.answers.get(endpoint)
        if answer is None:
            raise ExchangeDataError(self.venue, endpoint, "no", user_message="it is not told")
        return answer(params) if callable(answer) else answer

    async def unified(self, method, *params):
        return await self.ask(method)


def read(reader_class: Any, adapter: FakeAdapter, **source: str) -> AccountReading:
    reader = reader_class(AccountSource(id="mine", venue=adapter.venue, **source), adapter, None)
    return asyncio.run(reader.read())
