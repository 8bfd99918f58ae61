"""Reverse stress: per margin pool the one move, of one kind at a time, that liquidates it.

Moves are bitcoin's with the others following by their betas, each coin's alone, funding paid for a
day, and a stablecoin leaving its peg. Prices move in logarithms; what exists is ranked by daily
standard deviations, so that a likely death stands above an unlikely one. Where no volatility is at
hand none is told, and a stressed market's puts the prices in their places; de-pegs come last.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Final

import numpy as np

from workstation.portfolio.model import Portfolio
from workstation.risk.betas import STABLECOINS, beta_of
from workstation.risk.inputs import RiskInputs
from workstation.risk.liquidation import DRIVER, pool_shock
from workstation.risk.outlook import ReverseStress, StressKind
from workstation.risk.path import MarketPath
from workstation.risk.pools import Pool, pools_of

_FALL, _RISE = math.log(1e-3), math.log(1e3)  # how far a price is followed
_DOLLAR: Final = "USD"  # what everything is measured in
_PER_DAY: Final = 3.0  # funding intervals of 8 h
# Binance BTCUSDT settled funding 2019-09 to 2025-11: standard deviation of the sum of a UTC day
_STRESSED_DAILY: Final = 0.04  # of bitcoin, where no returns are at hand: for the order alone
FUNDING_DAILY_SIGMA: Final = 0.00060
# No law of de-pegs is known: they are ranked behind what is, by how far the coin has to fall.


def reverse_stress(
    portfolio: Portfolio, inputs: RiskInputs, volatility: Mapping[str, float]
) -> tuple[ReverseStress, ...]:
    """Return every pool's deadly moves, the most likely first.

    Parameters
    ----------
    volatility : daily, a fraction, by coin; a coin that is missing has bitcoin's times its beta
    """
    inputs = inputs.completed(portfolio)
    found = [
        stress
        for account in portfolio.accounts
        for pool in pools_of(account, inputs)
        if pool.can_die
        for stress in _of_pool(pool, inputs, volatility)
    ]
    return tuple(sorted(found, key=lambda stress: _likeliness(stress, inputs)))


def _likeliness(stress: ReverseStress, inputs: RiskInputs) -> tuple[bool, float, str, str]:
    size = stress.sigmas
    if size is None and stress.coin is not None:
        usual = _STRESSED_DAILY * (abs(beta_of(stress.coin, inputs.betas)) or 1.0)
        size = abs(math.log(stress.end / stress.start)) / usual
    return stress.kind is StressKind.DEPEG, size or 0.0, stress.account, stress.pool


def _of_pool(
    pool: Pool, inputs: RiskInputs, volatility: Mapping[str, float]
) -> Iterator[ReverseStress]:
    inputs.checkpoint()
    shock = pool_shock(pool, inputs)
    if shock is not None and shock.coin == DRIVER and shock.price is not None:
        yield _priced(pool, StressKind.MARKET, DRIVER, shock.start, shock.clock or 0.0,
                      daily_volatility(DRIVER, inputs, volatility))  # fmt: skip
    for coin in _coins_of(pool):
        start = inputs.coin_price(coin)
        if start is None:
            continue
        stable = coin in STABLECOINS
        clock = _deadly(pool, coin, ends=(_FALL,) if stable else (_FALL, _RISE))
        if clock is not None:
            kind = StressKind.DEPEG if stable else StressKind.COIN
            sigma = None if stable else daily_volatility(coin, inputs, volatility)
            yield _priced(pool, kind, coin, start, clock, sigma)
    funding = _deadly_funding(pool)
    if funding is not None:
        yield ReverseStress(
            account=pool.account.id,
            pool=pool.name,
            kind=StressKind.FUNDING,
            coin=None,
            start=0.0,
            end=funding,
            sigmas=abs(funding) * _PER_DAY / FUNDING_DAILY_SIGMA,
        )


def _priced(
    pool: Pool, kind: StressKind, coin: str, start: float, clock: float, sigma: float | None
) -> ReverseStress:
    return ReverseStress(
        account=pool.account.id,
        pool=pool.name,
        kind=kind,
        coin=coin,
        start=start,
        end=start * math.exp(clock),
        sigmas=abs(clock) / sigma if sigma else None,
    )


def _coins_of(pool: Pool) -> list[str]:
    names = [name for leg in pool.legs for name in (leg.coin, leg.quote)]
    names += [held.coin for held in pool.coins]
    return [coin for coin in dict.fromkeys([*names, pool.currency]) if coin != _DOLLAR]


def _deadly(pool: Pool, coin: str, ends: tuple[float, ...]) -> float | None:
    """Return the nearest log return of one coin alone that liquidates the pool."""
    path = MarketPath(rates={coin: 1.0}, funding={})
    found = (path.first_breach(pool, 0.0, end) for end in ends)
    return min((clock for clock in found if clock is not None), key=abs, default=None)


def _deadly_funding(pool: Pool) -> float | None:
    """Return the rate per 8 h on every leg that eats the surplus in a day, the prices standing.

    The surplus falls linearly with what is paid, so the rate is in closed form.
    """
    standing = np.zeros(1)
    surplus = float(MarketPath(rates={}, funding={}).surplus(pool, standing)[0])
    net = sum(leg.position.side.sign * leg.value for leg in pool.legs)
    if not net:
        return None
    return max(surplus, 0.0) / net / _PER_DAY


def daily_volatility(
    coin: str, inputs: RiskInputs, volatility: Mapping[str, float]
) -> float | None:
    """Return a coin's own volatility a day, or bitcoin's times its beta; ``None``: not known."""
    own, driver = volatility.get(coin), volatility.get(DRIVER)
    if own is not None or driver is None:
        return own
    return abs(beta_of(coin, inputs.betas)) * driver or None
