"""How one margin pool stands now: the figures that its account row and position rows share."""

from __future__ import annotations

from dataclasses import dataclass

from workstation.market.instrument import Side
from workstation.risk.inputs import RiskInputs
from workstation.risk.legs import Leg
from workstation.risk.liquidation import PoolShock
from workstation.risk.pools import Pool
from workstation.risk.report import Status
from workstation.risk.surplus import maintenance_now, margin_balance_now


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A pool's balance and maintenance margin in its currency; ``None`` where not known."""

    pool: Pool
    balance: float | None
    maintenance: float | None
    shock: PoolShock | None
    status: Status

    @property
    def counts(self) -> bool:
        """Whether the pool is part of the totals: it has a value, and is not presumed lost."""
        return self.pool.unknown is None and self.status is not Status.PRESUMED_LIQUIDATED

    @property
    def ratio(self) -> float | None:
        """Maintenance margin over margin balance; ``None`` where nothing is backed."""
        if (
            not self.pool.can_die
            or not self.balance
            or self.maintenance is None
            or self.balance < 0
        ):
            return None
        return self.maintenance / self.balance

    @property
    def wallet(self) -> float | None:
        """Collateral at market value, without unrealised profit, in the pool's currency."""
        if self.pool.unknown is not None:
            return None
        return self.pool.wallet + sum(coin.market_value for coin in self.pool.coins)

    @property
    def value_usd(self) -> float | None:
        """Equity at market value, without haircut; zero once presumed lost."""
        if self.status is Status.PRESUMED_LIQUIDATED:
            return 0.0
        wallet, price = self.wallet, self.pool.usd_price
        if wallet is None or price is None:
            return None
        return (wallet + sum(leg.profit_now for leg in self.pool.legs)) * price

    def notional_usd(self, leg: Leg) -> float | None:
        """Return the face of an inverse contract, the value of a linear one."""
        if not leg.linear:
            return abs(leg.position.quantity)
        price = self.pool.usd_price
        return None if price is None else leg.value * price

    def funding_usd(self, leg: Leg, inputs: RiskInputs) -> float | None:
        """Return what the leg receives at the next settlement, at the running rate and the mark."""
        funding = inputs.funding.get(self.pool.account.key(leg.position.symbol))
        notional = self.notional_usd(leg)
        if funding is None or notional is None:
            return None
        return -leg.position.side.sign * funding.funding_rate * notional

    def holds(self, account: str, symbol: str, side: Side) -> bool:
        """Tell whether a position is part of this pool."""
        return self.pool.account.id == account and any(
            position.symbol == symbol and position.side is side for position in self.pool.positions
        )


def standing_of(pool: Pool, shock: PoolShock | None) -> Standing:
    """Return how a pool stands at the present marks; ``shock`` is what liquidates it."""
    balance = None if pool.unknown else margin_balance_now(pool)
    maintenance = maintenance_now(pool) if pool.has_margin else None
    return Standing(
        pool=pool,
        balance=balance,
        maintenance=maintenance,
        shock=shock,
        status=_status(pool, balance, maintenance),
    )


def _status(pool: Pool, balance: float | None, maintenance: float | None) -> Status:
    if balance is None or maintenance is None:
        return Status.UNKNOWN
    return Status.BELOW_MAINTENANCE if pool.can_die and balance <= maintenance else Status.OK
