"""How other coins move with bitcoin when no returns are at hand to estimate it from.

Betas to BTC in logarithms: ``P = P0 exp(beta ln(B / B0))``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

# Defaults without data; evidence: 5-6 Feb 2026, day BTC -14.2 %, ETH -15.1 %, SOL -15.1 %,
# XRP -19.8 %; week BTC -20 %, ETH -30 %, BNB -24 %. Small coins fell far more on 2025-10-10.
DEFAULT_BETAS: Final[Mapping[str, float]] = {
    "BTC": 1.0,
    "ETH": 1.25,
    "SOL": 1.35,
    "BNB": 1.15,
    "XRP": 1.4,
    "DOGE": 1.5,
}
OTHER_COIN_BETA: Final = 1.6  # a large alt; a small one may have 2 to 4.5
STABLECOINS: Final = frozenset({"USD", "USDT", "USDC", "USDE", "DAI", "FDUSD", "USD1", "BUSD"})


def beta_of(coin: str, overrides: Mapping[str, float]) -> float:
    """Return the beta of a coin to BTC; a stablecoin does not move unless told so."""
    if coin in overrides:
        return overrides[coin]
    return 0.0 if coin in STABLECOINS else DEFAULT_BETAS.get(coin, OTHER_COIN_BETA)
