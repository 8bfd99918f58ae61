"""Liquidation prices of a pool's positions: the venue's convention, and one common shock.

The venue's price moves one symbol (both legs of a hedge, and a balance in that coin) while the rest
stands still; Deribit instead moves everything of a settlement coin by one ratio. Both ends of the
safe interval are kept; the one nearest to the mark comes first.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from workstation.market.instrument import Instrument
from workstation.risk.betas import STABLECOINS, beta_of
from workstation.risk.inputs import RiskInputs
from workstation.risk.legs import Leg
from workstation.risk.path import MarketPath
from workstation.risk.pools import Pool
from workstation.risk.profiles import Others, Rounding
from workstation.risk.report import LiquidationKind
from workstation.risk.surplus import (
    FAR,
    Root,
    equity_line,
    maintenance_now,
    margin_balance_now,
    roots,
)

DRIVER: Final = "BTC"  # the coin that betas refer to
_FALL, _RISE = math.log(1e-3), math.log(1e3)  # how far a common shock is followed


@dataclass(frozen=True, slots=True, kw_only=True)
class LiquidationPrices:
    """Where a position is liquidated; ``other`` is the far end of the safe interval."""

    kind: LiquidationKind
    first: float | None = None
    other: float | None = None
    common_shock: float | None = None
    bankruptcy: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolShock:
    """The driving coin's price at which a pool dies when everything moves by its beta."""

    coin: str
    start: float  # the coin's price now
    clock: float | None  # its log return at the death; None: none within reach
    path: MarketPath

    @property
    def price(self) -> float | None:
        return None if self.clock is None else self.start * math.exp(self.clock)

    def leg_price(self, leg: Leg) -> float | None:
        """Return a leg's price at that moment."""
        if self.clock is None:
            return None
        return leg.price(self.path.leg_factor(leg, self.clock))


def liquidation_prices(
    pool: Pool, leg: Leg, shock: PoolShock | None, inputs: RiskInputs
) -> LiquidationPrices:
    """Return where ``leg`` of ``pool`` is liquidated by the venue's rules."""
    if not pool.has_margin:
        return LiquidationPrices(kind=LiquidationKind.UNKNOWN)
    common = shock.leg_price(leg) if shock else None
    bankruptcy = _bankruptcy(pool, leg, inputs)
    if margin_balance_now(pool) <= maintenance_now(pool):
        return LiquidationPrices(
            kind=LiquidationKind.PRICE, first=leg.mark, common_shock=leg.mark, bankruptcy=bankruptcy
        )
    met = [root for root in _venue_roots(pool, leg) if root.factor is not None]
    met.sort(key=lambda root: abs(math.log(root.factor or 1.0)))
    if met and not met[0].known:
        return LiquidationPrices(kind=LiquidationKind.UNKNOWN, bankruptcy=bankruptcy)
    prices = [_printed(pool, leg, root, inputs) if root.known else None for root in met]
    first, other, *_ = (*prices, None, None)
    return LiquidationPrices(
        kind=LiquidationKind.NONE if first is None else LiquidationKind.PRICE,
        first=first,
        other=other,
        common_shock=common,
        bankruptcy=bankruptcy,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ShockFrame:
    """What leads a pool's common shock: the coin, its price now, and everything's log returns."""

    coin: str
    start: float
    path: MarketPath

    def at(self, clock: float | None) -> PoolShock:
        return PoolShock(coin=self.coin, start=self.start, clock=clock, path=self.path)


def pool_shock(pool: Pool, inputs: RiskInputs) -> PoolShock | None:
    """Return the common shock that liquidates a pool; ``None`` where no driving price is known."""
    frame = shock_frame(pool, inputs)
    if frame is None:
        return None
    ends = [frame.path.first_breach(pool, 0.0, end) for end in (_FALL, _RISE)]
    return frame.at(min((end for end in ends if end is not None), key=abs, default=None))


def shock_frame(pool: Pool, inputs: RiskInputs) -> ShockFrame | None:
    """Return what leads a pool's common shock; ``None`` where its price or beta is not known."""
    coin = DRIVER if inputs.coin_price(DRIVER) is not None else _main_coin(pool)
    start = inputs.coin_price(coin) if coin else None
    unit = beta_of(coin, inputs.betas) if coin else 0.0
    if coin is None or start is None or not unit or not pool.can_die:
        return None
    names = {leg.coin for leg in pool.legs} | {leg.quote for leg in pool.legs}
    names |= {held.coin for held in pool.coins} | {pool.currency}
    path = MarketPath(
        rates={name: beta_of(name, inputs.betas) / unit for name in names} | {coin: 1.0},
        funding={},
    )
    return ShockFrame(coin=coin, start=start, path=path)


def _main_coin(pool: Pool) -> str | None:
    """Return the coin of the largest leg; without legs, of the largest balance that moves."""
    largest = max(pool.legs, key=lambda leg: leg.value, default=None)
    if largest is not None:
        return largest.coin
    moving = (held for held in pool.coins if held.coin not in STABLECOINS)
    backing = max(moving, key=lambda held: abs(held.market_value), default=None)
    return backing.coin if backing else None


def _venue_roots(pool: Pool, leg: Leg) -> tuple[Root, Root]:
    if pool.profile.others is Others.COMMON_SHOCK:
        return roots(pool, lambda _: True, lambda held: held.coin not in STABLECOINS)
    symbol = leg.position.symbol
    return roots(
        pool, lambda other: other.position.symbol == symbol, lambda held: held.coin == leg.coin
    )


def _printed(pool: Pool, leg: Leg, root: Root, inputs: RiskInputs) -> float:
    """Return the price at a root as the venue prints it, where the tick is known."""
    price = leg.price(root.factor or 0.0)
    instrument = inputs.listing(pool.account.key(leg.position.symbol), leg.position)
    return _rounded(price, pool, leg, instrument)


def _rounded(price: float, pool: Pool, leg: Leg, instrument: Instrument | None) -> float:
    tick = instrument.tick if instrument else None
    if tick is None or pool.profile.rounding is Rounding.NONE:
        return price
    if pool.profile.rounding is Rounding.PLUS_SIDE_TICK:
        return price + leg.position.side.sign * tick if pool.isolated else price
    steps = price / tick
    towards_mark = math.ceil(steps - 1e-9) if price < leg.mark else math.floor(steps + 1e-9)
    return round(towards_mark * tick, 12)


def _bankruptcy(pool: Pool, leg: Leg, inputs: RiskInputs) -> float | None:
    """Return this symbol's price at which the pool's equity is zero, the others frozen."""
    symbol = leg.position.symbol
    constant, slope = equity_line(
        pool, lambda other: other.position.symbol == symbol, lambda held: held.coin == leg.coin
    )
    factor = -constant / slope if slope else 0.0
    if factor <= 1 / FAR:
        return None
    instrument = inputs.listing(pool.account.key(symbol), leg.position)
    price = leg.price(factor)
    return (
        price
        if pool.profile.rounding is Rounding.PLUS_SIDE_TICK
        else _rounded(price, pool, leg, instrument)
    )
