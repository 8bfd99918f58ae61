"""The unfavourable end of a scenario: a price that overshoots, and betas at the bad end of bands.

A repair that holds there holds in the scenario itself. Overshoot is the 95th percentile of the
model's furthest price beyond a push of bitcoin from 68,000 to 60,000, by how long it takes: the
faster, the further. It is assumed for any move.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from workstation.market.instrument import Contract, split_symbol
from workstation.portfolio.model import Portfolio
from workstation.risk.beta_estimates import BetaEstimate
from workstation.risk.inputs import RiskInputs
from workstation.risk.liquidation import DRIVER
from workstation.risk.scenario import Scenario

# hours of the move and the 95th percentile of the overshoot, in logarithms: the accepted
# parameters of the cascade's cross-check with February 2026
_OVERSHOOT_H: Final = (1 / 6, 1.0, 6.0)
_OVERSHOOT: Final = (0.049, 0.026, 0.021)
OVERSHOOT_SOURCE: Final = (
    "95th percentile of the model's overshoot for a push from 68,000 to 60,000: 4.9 % in 10 min, "
    "2.6 % in 1 h, 2.1 % in 6 h"
)


def overshoot(over_h: float) -> float:
    """Return how far beyond its end a move goes that takes so many hours, a log return."""
    log_h = math.log(max(over_h, _OVERSHOOT_H[0]))
    return float(np.interp(log_h, np.log(_OVERSHOOT_H), _OVERSHOOT))


def adverse(
    portfolio: Portfolio,
    inputs: RiskInputs,
    scenario: Scenario,
    estimates: Sequence[BetaEstimate],
) -> Scenario:
    """Return the scenario at its unfavourable end.

    ``estimates`` are of the coins that move by beta. A coin of which the book is long in a fall, or
    short in a rise, moves by the high end of its band, another one by the low end.
    """
    inputs = inputs.completed(portfolio)
    beyond, moves = overshoot(scenario.over_h), {}
    for coin, end in scenario.moves.items():
        start = inputs.coin_price(coin) or end
        moves[coin] = end * math.exp(math.copysign(beyond, math.log(end / start)))
    driven = scenario.moves.get(DRIVER)
    falls = driven is not None and driven < (inputs.coin_price(DRIVER) or driven)
    held = _held(portfolio, inputs)
    betas = {
        item.coin: item.high if (held.get(item.coin, 0.0) > 0) == falls else item.low
        for item in estimates
        if item.coin not in scenario.betas and item.coin not in scenario.moves
    }
    return replace(scenario, moves=moves, betas={**scenario.betas, **betas})


def _held(portfolio: Portfolio, inputs: RiskInputs) -> dict[str, float]:
    """Return what the book holds of each coin, in coins; contracts and wallets."""
    held: dict[str, float] = {}
    for account in portfolio.accounts:
        for coin, amount in account.balances.items():
            held[coin] = held.get(coin, 0.0) + amount
        for position in account.positions:
            coin = split_symbol(position.symbol)[0]
            used = inputs.mark(account.key(position.symbol), position)
            mark = used.price if used else position.entry_price
            linear = position.contract is Contract.LINEAR
            held[coin] = held.get(coin, 0.0) + position.quantity / (1.0 if linear else mark)
    return held
