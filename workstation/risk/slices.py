"""How venues close the crowd's large positions: a part first, the rest when it falls short again.

A position is liquidated where its equity is its maintenance margin, ``m`` of its value. With the
share ``f`` closed there, the rest has the same equity for ``1 - f`` of the requirement, and falls
short again after a further move of ``m f / (1 - f)``. So of the map's coins in large positions a
part is sold that much later, or never. Coins are conserved; nothing is sold earlier.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from workstation.market.facts import FloatArray
from workstation.market.instrument import MarketKey
from workstation.risk.cascade import ForcedBook

_MAINTENANCE: Final = 0.01  # [A] of a large position: between the first tier's 0.4 % and 5 %


@dataclass(frozen=True, slots=True, kw_only=True)
class Slicing:
    """``share`` of the coins stand in positions that are cut; ``first`` of each goes at once."""

    share: float
    first: float

    @property
    def later(self) -> float:
        """The share of all coins that waits for a further move."""
        return self.share * (1.0 - self.first)

    @property
    def spacing(self) -> float:
        """How far that move is, in ln(price)."""
        return _MAINTENANCE * self.first / (1.0 - self.first)


# Shares: of 1.24bn$ in BTC positions that traded on Hyperliquid in the twelve minutes of 10 October
# 2025, 88 % stood in those above 1M$ and 98 % in those above 100k$; for other venues that is [A].
# First parts: a fifth above 100k$ on Hyperliquid (its page on liquidations), elsewhere a half [A].
_USUAL: Final = Slicing(share=0.88, first=0.5)
_BY_VENUE: Final = {"hyperliquid": Slicing(share=0.98, first=0.2)}
SLICES_NOTE: Final = (
    "Large positions of the crowd are closed in two parts, half of those above 1M$ at once (a "
    "fifth of those above 100k$ on Hyperliquid), the rest after a further move; how many are large "
    "is taken from Hyperliquid on 10 October 2025."
)


def venue_weights(
    venues: Collection[str], open_interest_base: Mapping[MarketKey, float]
) -> dict[str, float]:
    """Return each venue's share of the map: by open interest, alike where none is known."""
    held = dict.fromkeys(venues, 0.0)
    for key, coins in open_interest_base.items():
        if key.venue in held:
            held[key.venue] += coins
    total = sum(held.values())
    if not total:
        return dict.fromkeys(held, 1.0 / len(held)) if held else {}
    return {venue: coins / total for venue, coins in held.items()}


def in_slices(book: ForcedBook, weights: Mapping[str, float]) -> ForcedBook:
    """Return the book in which the rest of large positions stands further away.

    Parameters
    ----------
    weights : the venues' shares of the book, which sum to 1; an empty one leaves the book whole
    """
    rules = [(weight, _BY_VENUE.get(venue, _USUAL)) for venue, weight in weights.items()]
    if not rules:
        return book
    bins = len(book.cumulative_base) - 1
    more = math.ceil(max(rule.spacing for _, rule in rules) / book.delta)
    distance: FloatArray = book.delta * np.arange(bins + more + 1, dtype=np.float64)
    later = sum(weight * rule.later for weight, rule in rules)
    standing = (1.0 - later) * _standing(book, distance)
    for weight, rule in rules:
        moved: FloatArray = distance - rule.spacing
        standing += weight * rule.later * _standing(book, moved)
    return ForcedBook(delta=book.delta, cumulative_base=standing, falls=book.falls)


def _standing(book: ForcedBook, distance: FloatArray) -> FloatArray:
    """Return the coins between the price and each distance; none before the price."""
    edges = book.delta * np.arange(len(book.cumulative_base))
    standing: FloatArray = np.interp(distance, edges, book.cumulative_base)
    return standing
