"""Where collateral can come from: what each wallet can spare, how it travels, when it arrives.

Sources are ranked: the position's own wallet, another account at the same venue, another venue by
fee and minutes. A wallet spares no more than its own pools need in the same scenario, no more than
its venue lets out (its initial margins stay), and nothing when that cannot be told: marks that are
estimated, withdrawals that are suspended, an initial margin that is not known.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from types import MappingProxyType
from typing import Final, NamedTuple

from workstation.portfolio.model import Account, Portfolio
from workstation.risk.edits import step_of
from workstation.risk.inputs import RiskInputs
from workstation.risk.order_margin import Resting, initial_margin, resting
from workstation.risk.path import MarketPath
from workstation.risk.pools import Pool, pools_of
from workstation.risk.repair import AccountPlan, Worst
from workstation.risk.report import MarkSource, Withdrawals
from workstation.risk.surplus import margin_balance_now

ANY_VENUE: Final = "*"
_SLACK_STEPS: Final = 1  # what a spare amount is short of its bound, so that the pool stays above


class SourceKind(IntEnum):
    """Where money comes from, the nearest first."""

    OWN_WALLET = 0
    SAME_VENUE = 1
    OTHER_VENUE = 2


class Route(NamedTuple):
    """How long a transfer takes and what it costs; ``assumed`` unless the user has set it."""

    minutes: float
    fee_usd: float
    assumed: bool


def _no_routes() -> Mapping[tuple[str, str], Route]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferTerms:
    """The user's figures; ``routes`` by (from, to) venue, ``*`` standing for any.

    The defaults are assumed: a withdrawal that a venue checks takes longer than its network.
    """

    minutes: float = 20.0
    fee_usd: float = 2.0
    same_venue_minutes: float = 1.0
    routes: Mapping[tuple[str, str], Route] = field(default_factory=_no_routes)
    slippage_rate: float = 0.0005  # of a market order; the stops of a scenario have the same

    def route(self, origin: str, to: str) -> Route:
        """Return the route that fits two venues best."""
        for key in ((origin, to), (origin, ANY_VENUE), (ANY_VENUE, to), (ANY_VENUE, ANY_VENUE)):
            if key in self.routes:
                return self.routes[key]
        return Route(self.minutes, self.fee_usd, assumed=True)


class Source(NamedTuple):
    """A wallet that has something to spare, and the way from there."""

    kind: SourceKind
    account: str
    venue: str
    route: Route
    spare: float  # of the asset, the fee included
    withdrawals: Withdrawals


class Barred(NamedTuple):
    """A wallet that holds the asset and may not give it, and why: a sentence."""

    account: str
    why: str


@dataclass(frozen=True, slots=True)
class Sources:
    """The wallets of a book under one path, in the order in which they are asked."""

    inputs: RiskInputs
    path: MarketPath
    terms: TransferTerms
    buffer: float
    use_orders: bool

    def of(
        self, book: Portfolio, to: Account, pool: Pool, asset: str
    ) -> tuple[list[Source], list[Barred]]:
        """Return who can give an asset to a pool, the nearest and cheapest first."""
        found: list[Source] = []
        barred: list[Barred] = []
        for account in book.accounts:
            held = account.balances.get(asset, 0.0)
            if held <= 0 or (account.id == to.id and not pool.isolated):
                continue
            kind = _kind(account, to)
            why = self._bar(account, asset, kind)
            if why:
                barred.append(Barred(account.id, why))
                continue
            spare = self.spare(book, account, asset)
            if spare > 0:
                route = self._route(account, to, kind)
                status = withdrawals_of(account, self.inputs)
                found.append(Source(kind, account.id, account.venue, route, spare, status))
        found.sort(key=lambda s: (s.kind, s.route.fee_usd, s.route.minutes, s.account))
        return found, barred

    def _route(self, account: Account, to: Account, kind: SourceKind) -> Route:
        if kind is SourceKind.OWN_WALLET:
            return Route(0.0, 0.0, assumed=False)
        if kind is SourceKind.SAME_VENUE:
            return Route(self.terms.same_venue_minutes, 0.0, assumed=True)
        return self.terms.route(account.venue, to.venue)

    def _bar(self, account: Account, asset: str, kind: SourceKind) -> str:
        """Return why a wallet may not give, in a sentence; empty if it may."""
        inputs = self.inputs
        if kind is SourceKind.OTHER_VENUE:
            if withdrawals_of(account, inputs) is Withdrawals.SUSPENDED:
                return f"Withdrawals of {account.venue} are suspended."
            if any(_is_estimated(pool) for pool in pools_of(account, inputs)):
                return f"The marks of {account.venue} are stale: what it can spare is not known."
        pool = pool_of_asset(account, asset, inputs)
        if pool is not None and pool.legs and not pool.has_margin:
            return f"What {account.id} needs itself is not known."
        orders = resting(pool, inputs) if pool is not None else Resting()
        if pool is not None and initial_margin(pool, orders.margin) is None:
            reason = orders.problem or "a position has no leverage."
            return f"What {account.venue} lets out of {account.id} is not known: {reason}"
        return ""

    def spare(self, book: Portfolio, account: Account, asset: str) -> float:
        """Return what a wallet can give: never below what its pools need on the way."""
        pool = pool_of_asset(account, asset, self.inputs)
        bound = account.balances.get(asset, 0.0)
        if pool is not None and pool.can_die:
            plan = AccountPlan(self.inputs, self.path, self.buffer, self.use_orders, book)
            worst = plan.worst(account).get(pool.name)
            bound = min(bound, _surplus(worst) / self._worth(pool, asset))
        if pool is not None:
            needs = initial_margin(pool, resting(pool, self.inputs).margin) or 0.0
            bound = min(bound, (margin_balance_now(pool) - needs) / self._worth(pool, asset))
        step = step_of(asset)
        return max(0.0, round((math.floor(bound / step + 1e-6) - _SLACK_STEPS) * step, 8))

    def _worth(self, pool: Pool, asset: str) -> float:
        """Return the most that a unit of an asset adds to its pool anywhere on the way."""
        coin = next((coin for coin in pool.coins if coin.coin == asset), None)
        if coin is None:
            return 1.0
        held = pool.account.balances[asset]
        return coin.value / held * max(1.0, math.exp(self.path.rate(asset)))


def withdrawals_of(account: Account, inputs: RiskInputs) -> Withdrawals:
    """Return whether an account lets collateral out: what the user says beats what was read."""
    status = inputs.withdrawals.get(account.venue, Withdrawals.UNKNOWN)
    if status is not Withdrawals.UNKNOWN or account.withdrawals_open is None:
        return status
    return Withdrawals.OPEN if account.withdrawals_open else Withdrawals.SUSPENDED


def _surplus(worst: Worst | None) -> float:
    return math.inf if worst is None else worst.surplus


def _kind(account: Account, to: Account) -> SourceKind:
    if account.id == to.id:
        return SourceKind.OWN_WALLET
    return SourceKind.SAME_VENUE if account.venue == to.venue else SourceKind.OTHER_VENUE


def pool_of_asset(account: Account, asset: str, inputs: RiskInputs) -> Pool | None:
    """Return the pool that an account's balance of an asset backs, if any."""
    pools = pools_of(account, inputs)
    return next((pool for pool in pools if asset in pool.assets), None)


def _is_estimated(pool: Pool) -> bool:
    return any(leg.mark_used.source is MarkSource.ESTIMATED for leg in pool.legs)
