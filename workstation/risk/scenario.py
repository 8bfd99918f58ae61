"""What a move of the market does to the book: the instant answer, walked along one path."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Final

import numpy as np

from workstation.errors import RiskInputError
from workstation.market.facts import FloatArray
from workstation.market.instrument import MarketKey, is_option, split_symbol
from workstation.portfolio.model import Account, Portfolio
from workstation.risk.betas import beta_of
from workstation.risk.deleveraging import Deleveraging, with_deleveraging
from workstation.risk.inputs import PositionKey, RiskInputs
from workstation.risk.liquidation import DRIVER
from workstation.risk.path import MarketPath
from workstation.risk.pools import Pool, haircut_of, pools_of, without
from workstation.risk.repair import find_repair
from workstation.risk.repair_report import Repair
from workstation.risk.report import (
    EquityCurve,
    PositionOutcome,
    ScenarioBalance,
    ScenarioPosition,
    ScenarioPrice,
    ScenarioReport,
)
from workstation.risk.waterfall import Stage, Waterfall

_FUNDING_H: Final = 8.0  # the unit of a scenario's funding rate
_CENT: Final = 0.005  # changes of a wallet below half a cent are no news


def _nothing() -> Mapping[Any, Any]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """A move. ``moves`` are end prices by coin, ``betas`` overrides of the defaults.

    ``over_h`` is how long the move takes; ``funding_rate_8h`` applies to every position, ``None``
    means the running rates. ``buffer`` is the share of maintenance margin kept after a repair.
    ``course`` are the shares of the move at equal times, for the cascade alone; empty is straight.
    ``haircuts`` are raised to these, by coin, from the start, in accounts whose collateral has one.
    """

    moves: Mapping[str, float]
    betas: Mapping[str, float] = field(default_factory=_nothing)
    use_betas: bool = True
    over_h: float = 0.0
    funding_rate_8h: float | None = None
    buffer: float = 0.0
    use_orders: bool = True
    course: tuple[float, ...] = ()
    deleveraging: tuple[Deleveraging, ...] = ()
    haircuts: Mapping[str, float] = field(default_factory=_nothing)


def reference_price(coin: str, portfolio: Portfolio, inputs: RiskInputs) -> float | None:
    """Return where a move of a coin starts: its consolidated price, or its largest position's."""
    return inputs.completed(portfolio).coin_price(coin)


def prepared(
    portfolio: Portfolio, inputs: RiskInputs, scenario: Scenario
) -> tuple[Portfolio, RiskInputs, MarketPath]:
    """Return the book without what is lost already, inputs with all prices, and the way.

    Raises
    ------
    RiskInputError
        A coin that moves has no price to start from.
    """
    inputs = inputs.completed(portfolio)
    living = _assumed(portfolio, inputs, scenario)
    return living, inputs, _path(living, inputs, scenario, {**inputs.betas, **scenario.betas})


def run(portfolio: Portfolio, inputs: RiskInputs, scenario: Scenario) -> ScenarioReport:
    """Return what happens on the way to the scenario's prices, and what would prevent it.

    Raises
    ------
    RiskInputError
        A coin that moves has no price to start from.
    """
    return with_repair(walked(portfolio, inputs, scenario), repair_of(portfolio, inputs, scenario))


def repair_of(
    portfolio: Portfolio, inputs: RiskInputs, scenario: Scenario, slippage_rate: float = 0.0
) -> Repair:
    """Return what would keep everything alive; raises what ``run`` raises.

    ``slippage_rate`` is of the orders that cut: without one only the fee is paid.
    """
    living, inputs, path = prepared(portfolio, inputs, scenario)
    living, scenario = deleveraged(living, inputs, scenario)
    return find_repair(
        living,
        inputs,
        path,
        buffer=scenario.buffer,
        use_orders=scenario.use_orders,
        slippage_rate=slippage_rate,
    )


def with_repair(report: ScenarioReport, repair: Repair) -> ScenarioReport:
    """Return the report with a repair, and what is to be said about it."""
    said = dict.fromkeys([*report.problems, *_half_repairs(repair)])
    return replace(report, repair=repair, problems=tuple(said))


def walked(portfolio: Portfolio, inputs: RiskInputs, scenario: Scenario) -> ScenarioReport:
    """Return what happens on the way, without a repair: the part that is there at once.

    Raises what ``run`` raises.
    """
    living, inputs, path = prepared(portfolio, inputs, scenario)
    living, scenario = deleveraged(living, inputs, scenario)
    walk = Waterfall(living, inputs, path, drivers=scenario.moves, use_orders=scenario.use_orders)
    before, after = walk.start_equity_usd, walk.equity_usd(1.0)
    return ScenarioReport(
        moves=dict(scenario.moves),
        betas=_betas_used(path, scenario, {**inputs.betas, **scenario.betas}),
        prices=tuple(_prices(living, inputs, path)),
        equity_before_usd=before,
        equity_after_usd=after,
        pnl_usd=after - before,
        events=tuple(walk.events),
        positions=tuple(_outcomes(portfolio, walk, path)),
        balances=tuple(_balances(walk)),
        problems=tuple(dict.fromkeys([*_problems(walk), *walk.assumptions()])),
        funded=frozenset(path.funding),
    )


def ladder(
    portfolio: Portfolio, inputs: RiskInputs, coin: str, prices: FloatArray, scenario: Scenario
) -> EquityCurve:
    """Return equity over prices of one coin, each reached from the mark.

    Without funding all prices of one side lie on one path, which is walked once.

    Parameters
    ----------
    prices : (n,) quote per coin, ascending

    Raises
    ------
    RiskInputError
        The coin has no price to start from.
    """
    inputs = inputs.completed(portfolio)
    living = _assumed(portfolio, inputs, scenario)
    start = _start_price(coin, inputs)
    rows = np.zeros((4, len(prices)))
    free = scenario.funding_rate_8h == 0.0 or scenario.over_h <= 0
    for side in (prices < start, prices >= start):
        if side.any() and free:
            end = float(prices[side].min() if prices[side].min() < start else prices[side].max())
            walk, path = _walked_to(living, inputs, replace(scenario, moves={coin: end}))
            whole = math.log(end / start)
            clock = np.log(prices[side] / start) / whole if whole else np.zeros(side.sum())
            rows[:, side] = _along(walk, path, clock)
    if not free:
        for k, price in enumerate(prices):
            walk, path = _walked_to(living, inputs, replace(scenario, moves={coin: float(price)}))
            rows[:, k : k + 1] = _along(walk, path, np.ones(1))
    return EquityCurve(
        coin=coin,
        price=prices,
        equity_usd=rows[0],
        pnl_usd=rows[1],
        liquidated=rows[2],
        maintenance_margin_usd=rows[3],
    )


def _walked_to(
    portfolio: Portfolio, inputs: RiskInputs, scenario: Scenario
) -> tuple[Waterfall, MarketPath]:
    path = _path(portfolio, inputs, scenario, {**inputs.betas, **scenario.betas})
    portfolio, scenario = deleveraged(portfolio, inputs, scenario)
    return Waterfall(portfolio, inputs, path, use_orders=scenario.use_orders), path


def _along(walk: Waterfall, path: MarketPath, clock: FloatArray) -> FloatArray:
    """Return equity, profit, positions liquidated and maintenance margin at (n,) times."""
    rows = np.zeros((4, len(clock)))
    for stage in walk.stages:
        here = (clock >= stage.start) & ((clock < stage.end) | (stage.end >= 1.0))
        if here.any():
            rows[:, here] = _in_stage(stage, path, clock[here])
    rows[1] = rows[0] - walk.start_equity_usd
    return rows


def _in_stage(stage: Stage, path: MarketPath, clock: FloatArray) -> FloatArray:
    rows = np.zeros((4, len(clock)))
    rows[2] = stage.liquidated
    for pool, since in zip(stage.pools, stage.since, strict=True):
        if pool.unknown is None:
            rows[0] += path.value_usd(pool, clock, since)
        if pool.has_margin:
            rows[3] += path.maintenance(pool, clock, since) * path.usd_price(pool, clock)
    return rows


def _assumed(portfolio: Portfolio, inputs: RiskInputs, scenario: Scenario) -> Portfolio:
    """Return the book that is walked: what is lost already is not in it, haircuts are raised."""
    living = _without_presumed(portfolio, inputs)
    if not scenario.haircuts:
        return living
    accounts = tuple(_with_haircuts(account, scenario.haircuts) for account in living.accounts)
    return replace(living, accounts=accounts)


def _with_haircuts(account: Account, haircuts: Mapping[str, float]) -> Account:
    raised = {
        coin: max(known, haircut)
        for coin, haircut in haircuts.items()
        if (known := haircut_of(account, coin)) is not None
    }
    return replace(account, haircuts={**account.haircuts, **raised})


def _without_presumed(portfolio: Portfolio, inputs: RiskInputs) -> Portfolio:
    """Return the book without the positions that count as lost already, and what backed them."""
    if not inputs.presumed:
        return portfolio
    accounts = tuple(_living(account, inputs) for account in portfolio.accounts)
    return replace(portfolio, accounts=accounts)


def _living(account: Account, inputs: RiskInputs) -> Account:
    for pool in pools_of(account, inputs):
        keys = (PositionKey(account.id, p.symbol, p.side) for p in pool.positions)
        if not inputs.presumed.keys().isdisjoint(keys):
            account = without(account, pool)
    return account


def deleveraged(
    portfolio: Portfolio, inputs: RiskInputs, scenario: Scenario
) -> tuple[Portfolio, Scenario]:
    """Return the book with venues' closings among its orders, and a scenario that walks them."""
    if not scenario.deleveraging:
        return portfolio, scenario
    book = with_deleveraging(
        portfolio, inputs, scenario.deleveraging, use_orders=scenario.use_orders
    )
    return book, replace(scenario, use_orders=True)


def _start_price(coin: str, inputs: RiskInputs) -> float:
    start = inputs.coin_price(coin)
    if start is None:
        raise RiskInputError(
            coin, f"it has no price to move from; {inputs.remedy}, or hold a position in it"
        )
    return start


def _path(
    portfolio: Portfolio, inputs: RiskInputs, scenario: Scenario, betas: Mapping[str, float]
) -> MarketPath:
    rates = {
        coin: math.log(end / _start_price(coin, inputs)) for coin, end in scenario.moves.items()
    }
    driving = rates.get(DRIVER)
    if driving is not None and scenario.use_betas:
        for coin in portfolio.coins:
            rates.setdefault(coin, beta_of(coin, betas) * driving)
    funding = {
        (account.id, symbol): rate * scenario.over_h / _FUNDING_H
        for account, symbol in portfolio.traded()
        if (rate := _funding_rate(account.key(symbol), inputs, scenario))
    }
    return MarketPath(rates=rates, funding=funding if scenario.over_h > 0 else {})


def _funding_rate(key: MarketKey, inputs: RiskInputs, scenario: Scenario) -> float:
    if scenario.funding_rate_8h is not None:
        return scenario.funding_rate_8h
    running = inputs.funding.get(key)
    return running.rate_8h if running else 0.0


def _betas_used(
    path: MarketPath, scenario: Scenario, betas: Mapping[str, float]
) -> dict[str, float]:
    return {
        coin: beta
        for coin in path.rates
        if coin not in scenario.moves and (beta := beta_of(coin, betas))
    }


def _prices(portfolio: Portfolio, inputs: RiskInputs, path: MarketPath) -> Iterator[ScenarioPrice]:
    for account in portfolio.accounts:
        for position in account.positions:
            used = inputs.mark(account.key(position.symbol), position)
            if used is not None and not is_option(position.symbol):
                base, quote, _ = split_symbol(position.symbol)
                moved = math.exp(path.rate(base) - path.rate(quote))
                yield ScenarioPrice(
                    venue=account.venue, symbol=position.symbol, price=used.price * moved
                )


def _outcomes(
    portfolio: Portfolio, walk: Waterfall, path: MarketPath
) -> Iterator[ScenarioPosition]:
    pnl, liquidated = walk.position_pnl(), walk.liquidated
    start = {
        PositionKey(account.id, position.symbol, position.side): abs(position.quantity)
        for account in portfolio.accounts
        for position in account.positions
    }
    end = {
        PositionKey(pool.account.id, position.symbol, position.side): (pool, position.quantity)
        for pool in walk.end_pools()
        for position in pool.positions
    }
    ratios = {pool.name: _ratio(pool, path) for pool in walk.end_pools()}
    for key in dict.fromkeys([*start, *end, *pnl]):
        pool, quantity = end.get(key, (None, 0.0))
        gone = key in liquidated or (pool is None and key not in pnl)
        reduced = pool is None or abs(quantity) < start.get(key, 0.0)
        status = _outcome(pool, gone=gone, reduced=reduced)
        yield ScenarioPosition(
            account=key.account,
            symbol=key.symbol,
            side=key.side,
            status=status,
            pnl_usd=None if pool is not None and pool.unknown else pnl.get(key, 0.0),
            margin_ratio=ratios[pool.name] if pool is not None else None,
        )


def _outcome(pool: Pool | None, *, gone: bool, reduced: bool) -> PositionOutcome:
    if gone:
        return PositionOutcome.LIQUIDATED
    if pool is not None and not pool.has_margin:
        return PositionOutcome.UNKNOWN
    return PositionOutcome.REDUCED if reduced else PositionOutcome.OPEN


def _ratio(pool: Pool, path: MarketPath) -> float | None:
    if not pool.has_margin:
        return None
    end = np.ones(1)  # where all funding is paid
    required = float(path.maintenance(pool, end, since=1.0)[0])
    balance = required + float(path.surplus(pool, end, since=1.0)[0])
    return required / balance if balance > 0 else None


def _balances(walk: Waterfall) -> Iterator[ScenarioBalance]:
    accounts = {account.id: account for account in walk.before.accounts}
    for (account_id, asset), pnl in walk.wallet_pnl().items():
        if abs(pnl) >= _CENT:
            account = accounts[account_id]
            yield ScenarioBalance(
                account=account_id,
                venue=account.venue,
                asset=asset,
                quantity=account.balances.get(asset, 0.0),
                pnl_usd=pnl,
            )


def _problems(walk: Waterfall) -> Iterator[str]:
    for stage in walk.stages[:1]:
        for pool in stage.pools:
            problem = pool.unknown or pool.unknown_margin
            if problem:
                yield problem


def _half_repairs(repair: Repair) -> Iterator[str]:
    if repair.add_collateral and not repair.reduce:
        yield "No cut of positions keeps everything alive on the way; collateral does."
    if repair.reduce and not repair.add_collateral:
        yield "No deposit keeps everything alive on the way; cutting positions does."
