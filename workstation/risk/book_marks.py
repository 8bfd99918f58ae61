"""The marks of a large book: looked up once a market, however many positions it has there."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from workstation.market.facts import FloatArray, FundingRate
from workstation.market.instrument import Contract, MarketKey, is_option, split_symbol
from workstation.portfolio.model import Portfolio, Position
from workstation.risk.betas import STABLECOINS
from workstation.risk.inputs import MarkRange, MarkUsed, RiskInputs
from workstation.risk.kernels.margin_arrays import IntArray


class BookMarks:
    """The markets of a book; where a file gives two marks of one, it counts twice.

    ``keys`` are the markets, ``of_row`` (positions,) is each position's.
    """

    def __init__(self, portfolio: Portfolio) -> None:
        found: dict[tuple[MarketKey, float | None], int] = {}
        self._examples: list[Position] = []
        of_row, held = [], []
        for account in portfolio.accounts:
            for position in account.positions:
                which = (account.key(position.symbol), position.mark_price)
                if which not in found:
                    found[which] = len(found)
                    self._examples.append(position)
                of_row.append(found[which])
                held.append(position)
        self.keys = tuple(key for key, _ in found)
        self.of_row: IntArray = np.array(of_row, dtype=np.int64)
        self._largest = _largest(held, self.of_row, len(found))

    def used(self, inputs: RiskInputs) -> tuple[MarkUsed | None, ...]:
        """Return the mark of every market."""
        return tuple(map(inputs.mark, self.keys, self._examples))

    def funding(self, inputs: RiskInputs) -> tuple[FundingRate | None, ...]:
        return tuple(map(inputs.funding.get, self.keys))

    def ranges(self, inputs: RiskInputs) -> tuple[FloatArray, FloatArray]:
        """Return how low and how high each market's mark has been; NaN where nobody saw it."""
        seen = [inputs.ranges.get(key) for key in self.keys]
        return _ends(seen, "low"), _ends(seen, "high")

    def completed(self, inputs: RiskInputs, used: tuple[MarkUsed | None, ...]) -> RiskInputs:
        """Return what ``inputs.completed`` does: a coin's price by its largest position."""
        sizes: dict[str, float] = {}
        prices = dict(inputs.coin_prices)
        for mark, example, size in zip(used, self._examples, self._largest, strict=True):
            coin, quote, _ = split_symbol(example.symbol)
            skipped = quote not in STABLECOINS or is_option(example.symbol)
            if mark is None or skipped or coin in inputs.coin_prices:
                continue
            worth = size * (mark.price if example.contract is Contract.LINEAR else 1.0)
            if worth > sizes.get(coin, 0.0):
                sizes[coin], prices[coin] = worth, mark.price
        return replace(inputs, coin_prices=prices) if sizes else inputs


def _largest(held: list[Position], of_row: IntArray, count: int) -> list[float]:
    """Return the size of each market's largest position."""
    largest = np.zeros(count)
    np.maximum.at(largest, of_row, [abs(position.quantity) for position in held])
    return list(map(float, largest))


def _ends(seen: list[MarkRange | None], end: str) -> FloatArray:
    return np.array([np.nan if found is None else getattr(found, end) for found in seen])
