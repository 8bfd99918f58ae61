"""A move walked event by event: what is liquidated, stopped out or filled on the way.

Between two events every pool is a smooth function of the path's clock; the walk finds the next
breach of any pool and the next trigger of any order, applies the earliest, and goes on from there.
A pool that has come to its maintenance margin is reduced where its venue does that, as often as it
does (``reduction``); after that it is closed whole, and what is left of its margin is lost. There
are no last and index prices on the path: a trigger on them is taken for one on the mark.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

import numpy as np

from workstation.market.instrument import Side, split_symbol
from workstation.portfolio.model import (
    Account,
    MarginMode,
    Order,
    OrderType,
    Portfolio,
    Position,
)
from workstation.risk.deleveraging import DeleveragingOrder
from workstation.risk.inputs import PositionKey, RiskInputs
from workstation.risk.ledger import Ledger, Purse
from workstation.risk.legs import Leg, taker_fee
from workstation.risk.path import MarketPath
from workstation.risk.pools import Pool, pools_of, without
from workstation.risk.profiles import profile_of
from workstation.risk.reduction import Cut, name_of, next_cuts
from workstation.risk.report import EventKind, ScenarioEvent
from workstation.risk.surplus import equity
from workstation.risk.trades import Trade, execute, paid, retained

_FEE_NOT_KNOWN: Final = ", and its liquidation fee is not counted where it is not known."
STOP_SLIPPAGE: Final = 0.0005  # 5 bp against the trader; headless.md, "Orders"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """The pools between two events; ``liquidated`` counts the positions that are gone before it."""

    start: float
    end: float
    pools: tuple[Pool, ...]
    since: tuple[float, ...]  # per pool: the clock up to which its funding is paid
    liquidated: int


class Waterfall:
    """One walk over a path from clock 0 to 1.

    ``drivers`` are the coins whose price each event states. With ``liquidates=False`` nothing dies
    on the way: the stages then show by how much each pool falls short. Pools without a value or a
    maintenance margin are carried along and never die.
    """

    def __init__(
        self,
        portfolio: Portfolio,
        inputs: RiskInputs,
        path: MarketPath,
        *,
        drivers: Collection[str] = (),
        use_orders: bool = True,
        liquidates: bool = True,
    ) -> None:
        self._inputs = inputs
        self._path = path
        self._drivers = [coin for coin in drivers if inputs.coin_price(coin) is not None]
        self._use_orders = use_orders
        self._liquidates = liquidates
        self._accounts = {account.id: account for account in portfolio.accounts}
        self._since = dict.fromkeys(self._accounts, 0.0)
        self._pools = {account.id: self._pools_of(account) for account in portfolio.accounts}
        self._deaths: dict[str, tuple[float, Pool] | None] = {}
        self._worth: dict[str, tuple[float, float]] = {}  # of accounts: clock and USD
        self._liquidated: dict[PositionKey, None] = {}
        self._rounds: dict[str, int] = {}  # cuts that a pool has had, by its name
        self.before = portfolio
        self.events: list[ScenarioEvent] = []
        self.stages: list[Stage] = []
        self._at_start = tuple(self._all_pools())
        self.start_equity_usd = self.equity_usd(0.0)
        self._walk()

    # What came of it.

    @property
    def accounts(self) -> dict[str, Account]:
        """The accounts at the end of the path."""
        return self._accounts

    @property
    def liquidated(self) -> frozenset[PositionKey]:
        return frozenset(self._liquidated)

    def assumptions(self) -> Iterator[str]:
        """Yield what is assumed of partial liquidations, a sentence an account that has them."""
        cut = dict.fromkeys(e.account for e in self.events if e.kind is EventKind.PARTIAL)
        for account_id in cut:
            profile = profile_of(self._accounts[account_id].venue)
            fee = "." if profile.liquidation.fee_rate is not None else _FEE_NOT_KNOWN
            yield (
                f"{account_id}: {profile.name} cuts large positions step by step; the cuts are "
                f"taken to fill at the mark{fee}"
            )

    def end_pools(self) -> list[Pool]:
        """Return the pools that are left; all funding is paid."""
        return list(self._all_pools())

    def equity_usd(self, clock: float) -> float:
        """Return the value of all pools that have one, at market, at a time of the last stage."""
        return sum(self._account_usd(account_id, clock) for account_id in sorted(self._pools))

    def position_pnl(self) -> dict[PositionKey, float]:
        """Return what each position gained in USD, what was forfeited and paid included."""
        return self._ledger.position_pnl(self._held_usd(self._all_pools(), 1.0))

    def wallet_pnl(self) -> dict[Purse, float]:
        """Return the change of value of each wallet balance that is not a position's doing."""
        return self._ledger.wallet_pnl(self._wallet_changes())

    def _wallet_changes(self) -> Iterator[tuple[Purse, float]]:
        """Yield how the balances changed in value, save those of pools that have no value here."""
        pools = self.stages[0].pools
        unvalued = {(p.account.id, asset) for p in pools if p.unknown for asset in p.assets}
        for account in self.before.accounts:
            after = self._accounts[account.id].balances
            for asset in dict.fromkeys([*account.balances, *after]):
                if (account.id, asset) in unvalued:
                    continue
                start, end = account.balances.get(asset, 0.0), after.get(asset, 0.0)
                change = end * self._usd(asset, 1.0) - start * self._usd(asset, 0.0)
                yield (account.id, asset), change

    # The walk.

    def _walk(self) -> None:
        clock = 0.0
        while True:
            self._inputs.checkpoint()
            death = self._next_death(clock) if self._liquidates else None
            order = self._next_order(clock) if self._use_orders else None
            upcoming = [moment for moment in (death, order) if moment is not None]
            clock_next = min((moment[0] for moment in upcoming), default=1.0)
            self._note_stage(clock, clock_next)
            clock = clock_next
            if death is not None and death[0] <= clock:
                self._liquidate(death[1], clock)
            elif order is not None:
                self._fill(order[1], order[2], clock)
            else:
                break
        for account_id in self._accounts:
            self._settle_funding(account_id, 1.0)

    def _note_stage(self, start: float, end: float) -> None:
        pools = tuple(self._all_pools())
        since = tuple(self._since[pool.account.id] for pool in pools)
        self.stages.append(
            Stage(start=start, end=end, pools=pools, since=since, liquidated=len(self._liquidated))
        )

    def _next_death(self, clock: float) -> tuple[float, Pool] | None:
        """Return the next pool to go; an account that nothing touched keeps its answer."""
        for account_id in self._accounts.keys() - self._deaths.keys():
            self._inputs.checkpoint()
            self._deaths[account_id] = self._death_of(account_id, clock)
        found = [death for death in self._deaths.values() if death is not None]
        return min(found, key=_sequence, default=None)

    def _death_of(self, account_id: str, clock: float) -> tuple[float, Pool] | None:
        since = self._since[account_id]
        found = [
            (when, pool)
            for pool in self._pools[account_id]
            if pool.can_die
            and (when := self._path.first_breach(pool, clock, 1.0, since)) is not None
        ]
        return min(found, key=_sequence, default=None)

    def _next_order(self, clock: float) -> tuple[float, str, Order] | None:
        found = [
            (when, account.id, order)
            for account in self._accounts.values()
            for order in account.orders
            if (when := self._triggered(account, order, clock)) is not None
        ]
        return min(found, key=lambda item: item[:2], default=None)

    def _triggered(self, account: Account, order: Order, clock: float) -> float | None:
        """Return when the mark reaches an order's price; now, if it lies behind it already."""
        start = self._mark(account, order.symbol)
        if start is None:
            return None
        rate = self._rate(order.symbol)
        distance = math.log(order.price / start) - rate * clock  # still to go, in logarithms
        falls = (order.quantity < 0) == (order.type is OrderType.STOP)
        if distance >= 0 if falls else distance <= 0:
            return clock
        when = clock + distance / rate if rate else math.inf
        return when if clock <= when <= 1.0 else None

    def _fill(self, account_id: str, order: Order, clock: float) -> None:
        self._settle_funding(account_id, clock)
        account = self._accounts[account_id]
        rest = tuple(other for other in account.orders if other is not order)
        account = replace(account, orders=rest)
        mark = (self._mark(account, order.symbol) or 0.0) * math.exp(
            self._rate(order.symbol) * clock
        )
        slips = order.type is OrderType.STOP
        forced = isinstance(order, DeleveragingOrder)
        side = 1 if order.quantity > 0 else -1
        price = mark * (1 + side * STOP_SLIPPAGE) if slips else mark
        trade = execute(
            account,
            order.symbol,
            order.quantity,
            price,
            fee_rate=0.0 if forced else taker_fee(account),
            reduce_only=order.reduce_only,
            like=self._model(account, order.symbol),
        )
        self._rebuild(trade.account)
        if not trade.closed and not trade.opened:
            return
        loss = self._note_trade(account_id, order.symbol, trade, clock)
        touched = trade.closed_side if trade.closed else trade.closed_side.opposite
        self._event(
            kind=EventKind.ADL if forced else EventKind.STOP if slips else EventKind.FILL,
            key=PositionKey(account_id, order.symbol, touched),
            price=price,
            clock=clock,
            quantity=trade.closed + trade.opened,
            loss_usd=loss,
        )

    def _note_trade(self, account_id: str, symbol: str, trade: Trade, clock: float) -> float:
        """Note what a trade moved; return what the closed part lost since the start, in USD."""
        in_usd, loss = self._usd(trade.asset, clock), 0.0
        if trade.closed:
            key = PositionKey(account_id, symbol, trade.closed_side)
            loss = self._ledger.close(key, trade.closed_fraction, trade.to_wallet * in_usd)
            self._ledger.move(key, trade.asset, trade.to_wallet * in_usd)
        if trade.opened:
            key = PositionKey(account_id, symbol, trade.closed_side.opposite)
            self._ledger.move(key, trade.asset, -trade.from_wallet * in_usd)
        return loss

    def _liquidate(self, doomed: Pool, clock: float) -> None:
        self._settle_funding(doomed.account.id, clock)
        pool = next(p for p in self._pools[doomed.account.id] if p.name == doomed.name)
        cuts = self._cuts(pool, clock)
        if not cuts:
            self._close(pool, clock)
        self._rounds[pool.name] = self._rounds.get(pool.name, 0) + 1
        for cut in sorted(cuts, key=lambda cut: _leg_order(cut.leg)):
            self._reduce(pool, cut, clock)

    def _cuts(self, pool: Pool, clock: float) -> tuple[Cut, ...]:
        now = np.array([clock])
        balance = equity(pool, self._path.legs(pool, now), self._path.coins(pool, now))
        return next_cuts(
            pool,
            {name_of(leg): self._path.leg_factor(leg, clock) for leg in pool.legs},
            balance=float(balance[0]),
            rounds=self._rounds.get(pool.name, 0),
            usd=float(self._path.usd_price(pool, now)[0]),
        )

    def _reduce(self, pool: Pool, cut: Cut, clock: float) -> None:
        """Close a part at the mark; an isolated position keeps the margin that it freed."""
        position, account = cut.leg.position, self._accounts[pool.account.id]
        quantity, symbol = -position.quantity * cut.fraction, position.symbol
        price = cut.leg.price(self._path.leg_factor(cut.leg, clock))
        fee = taker_fee(account) + pool.profile.liquidation.fee_of(cut.leg.coin)
        trade = execute(account, symbol, quantity, price, fee_rate=fee, reduce_only=True)
        key, in_usd = _key(pool, cut.leg), self._usd(trade.asset, clock)
        loss = self._ledger.close(key, trade.closed_fraction, trade.to_wallet * in_usd)
        if pool.isolated:
            trade = retained(trade, symbol)
        else:
            self._ledger.move(key, trade.asset, trade.to_wallet * in_usd)
        self._rebuild(trade.account)
        self._event(
            kind=EventKind.PARTIAL,
            key=key,
            price=price,
            clock=clock,
            quantity=trade.closed,
            loss_usd=loss,
        )

    def _close(self, pool: Pool, clock: float) -> None:
        account = self._accounts[pool.account.id]
        lost = {asset: account.balances.get(asset, 0.0) for asset in pool.assets}
        keys = [_key(pool, leg) for leg in pool.legs]
        for key, share in zip(keys, _shares(pool, self._path, clock), strict=True):
            for asset, amount in lost.items():
                self._ledger.move(key, asset, -share * amount * self._usd(asset, clock))
        self._liquidated.update(dict.fromkeys(keys))
        self._rebuild(without(account, pool))
        if not pool.legs:
            self._note_loan(pool, clock)
        for leg in sorted(pool.legs, key=_leg_order):
            self._event(
                kind=EventKind.LIQUIDATION,
                key=_key(pool, leg),
                price=leg.price(self._path.leg_factor(leg, clock)),
                clock=clock,
                quantity=abs(leg.position.quantity),
                loss_usd=self._ledger.at_stake(_key(pool, leg)),
            )

    def _note_loan(self, pool: Pool, clock: float) -> None:
        """Note a loan that is called: an event a coin of its collateral, which shares the loss."""
        own = sum(coin.market_value for coin in pool.coins)
        backing = [coin for coin in pool.coins if coin.market_value > 0]
        total = sum(coin.market_value for coin in backing)
        for coin in sorted(backing, key=lambda coin: coin.coin):
            self._event(
                kind=EventKind.LIQUIDATION,
                key=PositionKey(pool.account.id, coin.coin, Side.LONG),
                price=self._usd(coin.coin, clock),
                clock=clock,
                quantity=pool.account.balances[coin.coin],
                loss_usd=own * coin.market_value / total,
            )

    # Bookkeeping.

    def _event(
        self,
        *,
        kind: EventKind,
        key: PositionKey,
        price: float,
        clock: float,
        quantity: float,
        loss_usd: float,
    ) -> None:
        worth = {account_id: self._worth_usd(account_id, clock) for account_id in self._pools}
        self.events.append(
            ScenarioEvent(
                step=len(self.events) + 1,
                account=key.account,
                symbol=key.symbol,
                side=key.side,
                kind=kind,
                price=price,
                coin_price={coin: self._usd(coin, clock) for coin in self._drivers},
                quantity=quantity,
                loss_usd=loss_usd,
                account_equity_after_usd=worth[key.account],
                equity_after_usd=sum(worth[account_id] for account_id in sorted(worth)),
            )
        )

    def _settle_funding(self, account_id: str, clock: float) -> None:
        """Pay the funding accrued since the last settlement; isolated margin pays its own."""
        account, since = self._accounts[account_id], self._since[account_id]
        self._since[account_id] = clock
        if not self._path.funding or clock <= since:
            return
        now = np.array([clock])
        for pool in self._pools[account_id]:
            for leg in pool.legs:
                due = float(self._path.leg_funding(pool, leg, now, since)[0])
                account = self._charge(account, pool, leg, due, clock)
        self._rebuild(account)

    def _charge(self, account: Account, pool: Pool, leg: Leg, due: float, clock: float) -> Account:
        position = leg.position
        if position.margin_mode is MarginMode.ISOLATED:
            margin = (position.isolated_margin or 0.0) - due
            others = tuple(p for p in account.positions if p is not position)
            return replace(account, positions=(*others, replace(position, isolated_margin=margin)))
        asset = split_symbol(position.symbol)[2]
        self._ledger.move(_key(pool, leg), asset, -due * self._usd(asset, clock))
        return paid(account, asset, -due)

    def _rebuild(self, account: Account) -> None:
        self._accounts[account.id] = account
        self._pools[account.id] = self._pools_of(account)
        self._deaths.pop(account.id, None)
        self._worth.pop(account.id, None)

    def _pools_of(self, account: Account) -> list[Pool]:
        return list(pools_of(account, self._inputs))

    def _all_pools(self) -> Iterator[Pool]:
        for account_id in sorted(self._pools):
            yield from self._pools[account_id]

    def _worth_usd(self, account_id: str, clock: float) -> float:
        """Return the same as below; what happens at one time asks for it often."""
        known = self._worth.get(account_id)
        if known is None or known[0] != clock:
            known = self._worth[account_id] = clock, self._account_usd(account_id, clock)
        return known[1]

    def _account_usd(self, account_id: str, clock: float) -> float:
        """Return what the pools of an account that have a value are worth, at market."""
        now, since = np.array([clock]), self._since[account_id]
        valued = (pool for pool in self._pools[account_id] if pool.unknown is None)
        return sum(
            float(self._path.value(pool, now, since)[0]) * self._usd_price(pool, clock)
            for pool in valued
        )

    def _usd_price(self, pool: Pool, clock: float) -> float:
        return (pool.usd_price or 0.0) * self._factor(pool.currency, clock)

    @cached_property
    def _ledger(self) -> Ledger:
        return Ledger(self._held_usd(self._at_start, 0.0))

    def _held_usd(self, pools: Iterable[Pool], clock: float) -> dict[PositionKey, float]:
        """Return what positions hold in USD: their profit, and their margin if isolated."""
        held = {}
        for pool in pools:
            price, margin = self._usd_price(pool, clock), pool.wallet if pool.isolated else 0.0
            for leg in pool.legs:
                value = leg.value * self._path.leg_factor(leg, clock)
                held[_key(pool, leg)] = (leg.direction * (value - leg.cost) + margin) * price
        return held

    def _model(self, account: Account, symbol: str) -> Position | None:
        """Return a position of a symbol: one that is held, or was held at the start."""
        start = (owner for owner in self.before.accounts if owner.id == account.id)
        held = (p for owner in (account, *start) for p in owner.positions if p.symbol == symbol)
        return next(held, None)

    def _mark(self, account: Account, symbol: str) -> float | None:
        position = self._model(account, symbol)
        key = account.key(symbol)
        used = self._inputs.mark(key, position) if position else self._inputs.marks.get(key)
        return used.price if used else None

    def _rate(self, symbol: str) -> float:
        base, quote, _ = split_symbol(symbol)
        return self._path.rate(base) - self._path.rate(quote)

    def _factor(self, coin: str, clock: float) -> float:
        return math.exp(self._path.rate(coin) * clock)

    def _usd(self, asset: str, clock: float) -> float:
        return (self._inputs.coin_price(asset) or 0.0) * self._factor(asset, clock)


def _key(pool: Pool, leg: Leg) -> PositionKey:
    return PositionKey(pool.account.id, leg.position.symbol, leg.position.side)


def _leg_order(leg: Leg) -> tuple[str, bool]:
    return leg.position.symbol, leg.position.side is Side.SHORT


def _sequence(death: tuple[float, Pool]) -> tuple[float, str, Sequence[tuple[str, bool]]]:
    when, pool = death
    return when, pool.account.id, sorted(_leg_order(leg) for leg in pool.legs)


def _shares(pool: Pool, path: MarketPath, clock: float) -> list[float]:
    """Return how the forfeited margin is spread over the legs: as their maintenance margins."""
    required = [
        float(leg.maintenance(np.array([path.leg_factor(leg, clock)]))[0]) for leg in pool.legs
    ]
    total = sum(required)
    return [amount / total if total else 1 / len(required) for amount in required]
