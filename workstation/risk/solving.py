"""Where the pools of a book are liquidated: pool by pool, or all at once where there are many."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from workstation.risk.book_arrays import liquidation_prices_of
from workstation.risk.book_compiler import compile_pools
from workstation.risk.inputs import RiskInputs
from workstation.risk.liquidation import (
    LiquidationPrices,
    PoolShock,
    liquidation_prices,
    pool_shock,
    shock_frame,
)
from workstation.risk.pools import Pool

MANY_LEGS: Final = 2_000  # from there on the arrays are faster, what compiles them included


@dataclass(frozen=True, slots=True)
class Solved:
    """The common shock of a pool, and the prices of its legs in their order."""

    shock: PoolShock | None
    prices: tuple[LiquidationPrices, ...]


def solve(pools: Sequence[Pool], inputs: RiskInputs) -> list[Solved]:
    """Return where each pool is liquidated, in their order."""
    if sum(len(pool.legs) for pool in pools) < MANY_LEGS:
        return [_solved(pool, inputs) for pool in pools]
    found = dict(_all_at_once([pool for pool in pools if pool.unknown is None], inputs))
    return [found.get(id(pool)) or _solved(pool, inputs) for pool in pools]


def _solved(pool: Pool, inputs: RiskInputs) -> Solved:
    shock, prices = pool_shock(pool, inputs), []
    for leg in pool.legs:
        inputs.checkpoint()
        prices.append(liquidation_prices(pool, leg, shock, inputs))
    return Solved(shock, tuple(prices))


def _all_at_once(pools: Sequence[Pool], inputs: RiskInputs) -> Iterator[tuple[int, Solved]]:
    """Yield what the array kernels find, by the pool's identity."""
    arrays = compile_pools(pools, inputs)
    prices, clocks = liquidation_prices_of(arrays)
    first = 0
    for pool, clock in zip(pools, clocks, strict=True):
        last = first + len(pool.legs)
        frame = shock_frame(pool, inputs)
        shock = None if frame is None else frame.at(clock)
        yield id(pool), Solved(shock, tuple(prices[first:last]))
        first = last
