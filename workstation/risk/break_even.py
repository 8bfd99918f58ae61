"""Break-even: per margin pool the move at which its positions have earned their costs.

Closed there, the profit of a pool's positions just pays the taker fee on opening and on closing and
the funding of the scenario's hours on the value of now: ``e (1 + s f) / (1 - s f)`` for one linear
position without funding. All coins move together, as in a common shock. Fees are those of a taker,
for no portfolio says how a position was opened; funding that was paid before now has left the
wallet already, and no portfolio says how much that was.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

import numpy as np

from workstation.market.facts import FloatArray
from workstation.portfolio.model import Portfolio
from workstation.risk.inputs import RiskInputs
from workstation.risk.legs import taker_fee
from workstation.risk.liquidation import shock_frame
from workstation.risk.outlook import BreakEven
from workstation.risk.path import MarketPath
from workstation.risk.pools import Pool, pools_of
from workstation.risk.reverse_stress import daily_volatility

_REACH = math.log(10.0)  # how far a price is followed, either way
_GRID = 513  # points of the first bracket
_ROUNDS = 40  # halvings: 1e-12 of a cell


def break_even(
    portfolio: Portfolio,
    inputs: RiskInputs,
    path: MarketPath,
    volatility: Mapping[str, float],
) -> tuple[BreakEven, ...]:
    """Return where every pool breaks even, the nearest first and what never does last.

    Parameters
    ----------
    path : the scenario's, whose funding is paid
    volatility : daily, a fraction, by coin; a coin that is missing has bitcoin's times its beta
    """
    inputs = inputs.completed(portfolio)
    found = [
        row
        for account in portfolio.accounts
        for pool in pools_of(account, inputs)
        for row in _of_pool(pool, inputs, path, volatility)
    ]
    return tuple(sorted(found, key=_distance))


def _distance(row: BreakEven) -> tuple[bool, float, str, str]:
    far = math.inf if row.end is None else abs(math.log(row.end / row.start))
    return row.end is None, far, row.account, row.pool


def _of_pool(
    pool: Pool, inputs: RiskInputs, path: MarketPath, volatility: Mapping[str, float]
) -> Iterator[BreakEven]:
    frame = shock_frame(pool, inputs)
    if frame is None or not pool.legs:
        return
    clock = _nearest_root(pool, frame.path, _funding(pool, path))
    sigma = daily_volatility(frame.coin, inputs, volatility)
    opened, closed = _fees(pool)
    usd = pool.usd_price or math.nan
    yield BreakEven(
        account=pool.account.id,
        pool=pool.name,
        coin=frame.coin,
        start=frame.start,
        end=None if clock is None else frame.start * math.exp(clock),
        sigmas=abs(clock) / sigma if clock is not None and sigma else None,
        profit_usd=sum(leg.profit_now for leg in pool.legs) * usd,
        fees_usd=(opened + closed) * usd,
        funding_usd=_funding(pool, path) * usd,
    )


def _fees(pool: Pool) -> tuple[float, float]:
    """Return what opening cost and closing now would, in the pool's currency."""
    rate = taker_fee(pool.account)
    return rate * sum(leg.cost for leg in pool.legs), rate * sum(leg.value for leg in pool.legs)


def _funding(pool: Pool, path: MarketPath) -> float:
    """Return what the pool pays over the scenario's hours on the values of now."""
    paid = path.funding
    return sum(
        leg.position.side.sign * paid.get((pool.account.id, leg.position.symbol), 0.0) * leg.value
        for leg in pool.legs
    )


def _net(pool: Pool, path: MarketPath, funding: float, clock: FloatArray) -> FloatArray:
    """Return profit less costs at (n,) times of a common shock, in the pool's currency."""
    rate, factors = taker_fee(pool.account), path.legs(pool, clock)
    left = np.full(len(clock), -funding - _fees(pool)[0])
    for leg, factor in zip(pool.legs, factors, strict=True):
        left += leg.profit(factor) - rate * leg.value * factor
    return left


def _nearest_root(pool: Pool, path: MarketPath, funding: float) -> float | None:
    """Return the nearest log move, either way, at which profit just pays the costs."""
    found = (
        _first_root(pool, path, funding, np.linspace(0.0, end, _GRID)) for end in (-_REACH, _REACH)
    )
    return min((clock for clock in found if clock is not None), key=abs, default=None)


def _first_root(pool: Pool, path: MarketPath, funding: float, clock: FloatArray) -> float | None:
    signs = np.sign(_net(pool, path, funding, clock))
    changed = np.flatnonzero(signs != signs[0])
    if not len(changed):
        return None
    near, far = float(clock[changed[0] - 1]), float(clock[changed[0]])
    for _ in range(_ROUNDS):
        middle = (near + far) / 2
        same = np.sign(_net(pool, path, funding, np.array([middle])))[0] == signs[0]
        near, far = (middle, far) if same else (near, middle)
    return far
