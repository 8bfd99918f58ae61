"""The fates of a book's pools on a walk: where each is liquidated, and what it loses by it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from workstation.market.instrument import split_symbol
from workstation.portfolio.model import Account
from workstation.risk.edits import account_of
from workstation.risk.inputs import RiskInputs
from workstation.risk.pools import pools_of
from workstation.risk.report import ScenarioEvent
from workstation.risk.waterfall import Waterfall


@dataclass(frozen=True, slots=True)
class Fate:
    """A pool's end on a walk: its first event, and the sum of its losses."""

    name: str
    event: ScenarioEvent
    loss_usd: float


def fates_of(walk: Waterfall, inputs: RiskInputs) -> list[Fate]:
    """Return what is liquidated on a walk, in its order, a fate a pool."""
    fates: dict[str, Fate] = {}
    for event in walk.events:
        if not event.kind.liquidates:
            continue
        name = _pool_name(account_of(walk.before, event.account), event, inputs)
        known = fates.get(name)
        if known is None:
            fates[name] = Fate(name, event, event.loss_usd)
        else:
            fates[name] = replace(known, loss_usd=known.loss_usd + event.loss_usd)
    return list(fates.values())


def _pool_name(account: Account, event: ScenarioEvent, inputs: RiskInputs) -> str:
    """Return the name of the pool that an event closed."""
    pools = pools_of(account, inputs)
    for pool in pools:
        held = {(p.symbol, p.side) for p in pool.positions}
        if (event.symbol, event.side) in held or (not held and event.symbol in pool.assets):
            return pool.name
    # a position that an order opened on the way: the pool that it joined
    cross = [pool for pool in pools if not pool.isolated and pool.trades(event.symbol)]
    return cross[0].name if cross else f"{account.id} {split_symbol(event.symbol)[2]}"
