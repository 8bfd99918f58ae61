"""Betas of the book's coins, estimated again with every new hour."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from workstation.market.facts import CandlePrice, Candles
from workstation.market.feed import INTERVALS_S
from workstation.market.returns import hourly_table, longest_hourly
from workstation.market.store import MarketStore
from workstation.portfolio.model import Portfolio
from workstation.risk.beta_estimates import BetaEstimate, estimate_betas
from workstation.risk.liquidation import DRIVER
from workstation.units import HOUR_MS


def coin_histories(store: MarketStore, portfolio: Portfolio) -> dict[str, Candles]:
    """Return the longest hourly history of bitcoin and of every coin of the book."""
    found = {
        coin: longest_hourly(_candles(store, coin))
        for coin in dict.fromkeys((DRIVER, *portfolio.coins))
    }
    return {coin: candles for coin, candles in found.items() if candles is not None}


def _candles(store: MarketStore, coin: str) -> Iterable[Candles]:
    for key in store.markets_of(coin):
        for price in (CandlePrice.MARK, CandlePrice.LAST):
            for interval_s in INTERVALS_S.values():
                candles = store.candles(key, interval_s, price)
                if candles is not None:
                    yield candles


class HourlyBetas:
    """Keeps the estimates until a history has another hour, market or coin; for one thread."""

    def __init__(self) -> None:
        self._hours: tuple[object, ...] = ()
        self._estimates: dict[str, BetaEstimate] = {}

    def __call__(self, histories: Mapping[str, Candles]) -> Mapping[str, BetaEstimate]:
        """Return an estimate for every coin but bitcoin; none without bitcoin's own history."""
        hours = tuple(
            (coin, candles.key, candles.interval_s, int(candles.time_ms[-1]) // HOUR_MS)
            for coin, candles in histories.items()
        )
        if hours != self._hours:
            self._hours, self._estimates = hours, _estimated(histories)
        return self._estimates


def _estimated(histories: Mapping[str, Candles]) -> dict[str, BetaEstimate]:
    table = hourly_table(histories)
    driver = table.pop(DRIVER, None)
    return {} if driver is None else estimate_betas(driver, table)
