"""Questions that several tests ask of a simulated coin."""

from __future__ import annotations

import numpy as np

from workstation.simulation import publish
from workstation.simulation.state import SLOTS


def coins_of(item, face):
    """Coins a market, from quantities that are USD where the contract is inverse."""
    markets = item.state.markets
    return np.where(markets["inverse"] == 1, face / markets["mark_price"], face)


def open_interest(item):
    """One-sided open interest of a coin over all its markets, in coins."""
    return sum(publish.open_interest_base(item, k) for k in range(len(item.markets)))


def quantities(item):
    """(markets, slots) what every account holds."""
    return item.state.accounts["quantity"].reshape(-1, SLOTS)


def forced_since(item, number):
    """The liquidations from a number on, as rows of the ring."""
    ring = item.state.forced
    return ring[np.arange(number, int(item.state.core["forced"][0])) % len(ring)]
