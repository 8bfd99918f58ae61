"""The engine: a book and the state of the world give one frozen report."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Final

from workstation.market.facts import FundingRate
from workstation.market.instrument import Contract, is_option, split_symbol
from workstation.portfolio.model import Account, OrderType, Portfolio, Position
from workstation.risk.doubts import at_par, doubts
from workstation.risk.explanation import Explanation
from workstation.risk.exposure import exposures, totals
from workstation.risk.funding_drift import DAY_H, drift_per_day, funding_path, hours_to_mark
from workstation.risk.funding_path import no_path
from workstation.risk.inputs import PositionKey, Presumption, RiskInputs
from workstation.risk.legs import Leg
from workstation.risk.liquidation import LiquidationPrices
from workstation.risk.order_margin import initial_margin, resting
from workstation.risk.pace import minutes_at_pace
from workstation.risk.pools import Pool, pools_of
from workstation.risk.report import (
    AccountReport,
    LiquidationKind,
    NextLiquidation,
    PositionReport,
    RiskReport,
    Status,
    Withdrawals,
)
from workstation.risk.solving import solve
from workstation.risk.standing import Standing, standing_of

ALIVE: Final = (Status.OK, Status.BELOW_MAINTENANCE)  # what can still be liquidated


def evaluate(portfolio: Portfolio, inputs: RiskInputs) -> RiskReport:
    """Return how every pool and position stands now.

    Pools without a rule, a mark or a price have ``None`` for every derived figure and status
    ``unknown``; a sentence in ``problems`` says what is missing.
    """
    inputs = inputs.completed(portfolio)
    pools = [pool for account in portfolio.accounts for pool in pools_of(account, inputs)]
    judged = [
        _presume(standing_of(pool, solved.shock), solved.prices, inputs)
        for pool, solved in zip(pools, solve(pools, inputs), strict=True)
    ]
    standings = [standing for standing, _ in judged]
    rows = {
        PositionKey(row.account, row.symbol, row.side): row for _, found in judged for row in found
    }
    positions = [
        rows[_key(account, position)]
        for account in portfolio.accounts
        for position in account.positions
    ]
    return RiskReport(
        as_of_ms=inputs.now_ms,
        portfolio=portfolio.name,
        accounts=tuple(
            _account_row(standing, inputs) for standing in standings if not standing.pool.isolated
        ),
        positions=tuple(positions),
        exposures=exposures(standings, inputs),
        totals=totals(standings),
        next_liquidation=_next_liquidation(standings, positions, inputs),
        book_as_of_ms=portfolio.as_of_ms,
        problems=tuple(dict.fromkeys(_problems(portfolio, standings, positions, inputs))),
    )


def _presume(
    standing: Standing, solved: Sequence[LiquidationPrices], inputs: RiskInputs
) -> tuple[Standing, list[PositionReport]]:
    """Return a pool and its rows; a position that the mark has passed takes its pool along."""
    pool = standing.pool
    found = list(zip(pool.legs, solved, strict=True))
    passed = standing.status is Status.OK and any(
        _passed(standing, leg, prices, inputs) for leg, prices in found
    )
    latched = any(_key(pool.account, position) in inputs.presumed for position in pool.positions)
    if passed or latched:
        standing = replace(standing, status=Status.PRESUMED_LIQUIDATED)
    known = {id(leg.position): (leg, prices) for leg, prices in found}
    rows = []
    for position in pool.positions:
        inputs.checkpoint()
        leg, prices = known.get(id(position), (None, None))
        lost = inputs.presumed.get(_key(pool.account, position))
        if prices is not None and lost is not None:
            prices = _of_then(prices, lost)
        rows.append(_position_row(standing, position, leg, prices, inputs))
    return standing, rows


def _of_then(prices: LiquidationPrices, lost: Presumption) -> LiquidationPrices:
    """Return the price that was passed: at the mark of now the pool may be dead, and have none."""
    kind = LiquidationKind.UNKNOWN if lost.price is None else LiquidationKind.PRICE
    return replace(prices, kind=kind, first=lost.price, other=None, common_shock=None)


def _key(account: Account, position: Position) -> PositionKey:
    return PositionKey(account.id, position.symbol, position.side)


def _passed(standing: Standing, leg: Leg, prices: LiquidationPrices, inputs: RiskInputs) -> bool:
    """Tell whether the mark's low or high since the book was true lies beyond the price."""
    seen = inputs.ranges.get(standing.pool.account.key(leg.position.symbol))
    if seen is None:
        return False
    ends = [price for price in (prices.first, prices.other) if price is not None]
    return any(seen.low <= end < leg.mark or leg.mark < end <= seen.high for end in ends)


def _position_row(
    standing: Standing,
    position: Position,
    leg: Leg | None,
    prices: LiquidationPrices | None,
    inputs: RiskInputs,
) -> PositionReport:
    pool, key = standing.pool, standing.pool.account.key(position.symbol)
    option = is_option(position.symbol)  # its own value is known, whatever its pool's is
    used, funding = inputs.mark(key, position), inputs.funding.get(key)
    valued = leg if pool.unknown is None else None
    margined = valued if pool.has_margin else None
    found = prices if valued and prices else LiquidationPrices(kind=LiquidationKind.UNKNOWN)
    mark = used.price if used else None
    drift, days = funding_drift(pool, margined, funding)
    return PositionReport(
        account=pool.account.id,
        venue=pool.account.venue,
        symbol=position.symbol,
        side=position.side,
        contract=position.contract,
        quantity=abs(position.quantity),
        notional_usd=standing.notional_usd(leg) if leg else None,
        entry_price=position.entry_price,
        mark_price=mark,
        leverage=position.leverage,
        margin_mode=position.margin_mode,
        currency=split_symbol(position.symbol)[2],
        unrealized_pnl=leg.profit_now if leg and (valued or option) else None,
        initial_margin=valued.initial() if valued else None,
        maintenance_margin=margined.maintenance_now if margined else None,
        margin_ratio=standing.ratio,
        liquidation=found.kind,
        liquidation_price=found.first,
        liquidation_price_other=found.other,
        liquidation_price_common_shock=found.common_shock,
        bankruptcy_price=found.bankruptcy,
        distance=found.first / mark - 1 if found.first is not None and mark else None,
        tier_source=leg.tiers.label if leg and leg.tiers else None,
        mark_source=used.source if used else None,
        mark_age_s=used.age_s if used else None,
        next_funding_usd=standing.funding_usd(leg, inputs) if leg else None,
        next_funding_ms=funding.next_funding_ms if funding else None,
        stop_price=stop_price(pool.account, position, mark),
        adl_rank=position.adl_rank,
        status=standing.status,
        liquidation_drift_per_day=drift,
        days_to_liquidation_by_funding=days,
        explain=Explanation(
            standing=standing, position=position, leg=leg, found=found, inputs=inputs
        ),
        funding_path=partial(funding_path, pool, _per_h(funding))
        if margined and pool.isolated
        else no_path,
        told=position.figures,
        doubts=tuple(doubts(pool.account, leg, inputs)) if leg else (),
    )


def funding_drift(
    pool: Pool, leg: Leg | None, funding: FundingRate | None
) -> tuple[float | None, float | None]:
    """Return what funding does to an isolated position's price in a day, and in how many days."""
    rate_per_h = _per_h(funding)
    if leg is None or rate_per_h is None or not pool.isolated or not pool.has_margin:
        return None, None
    hours = hours_to_mark(pool, rate_per_h)
    return drift_per_day(pool, rate_per_h), None if hours is None else hours / DAY_H


def _per_h(funding: FundingRate | None) -> float | None:
    return None if funding is None else funding.funding_rate / funding.interval_h


def stop_price(account: Account, position: Position, mark: float | None) -> float | None:
    """Return the trigger of the stop that would close the position first, if there is one."""
    stops = [
        order.price
        for order in account.orders
        if order.symbol == position.symbol
        and order.type is OrderType.STOP
        and order.quantity * position.quantity < 0
    ]
    return min(stops, key=lambda price: abs(price - (mark or price)), default=None)


def _account_row(standing: Standing, inputs: RiskInputs) -> AccountReport:
    pool, shock = standing.pool, standing.shock
    valued = pool.unknown is None
    orders = resting(pool, inputs).margin
    initial = initial_margin(pool, orders) if valued else None
    balance = standing.balance
    lost = standing.status is Status.PRESUMED_LIQUIDATED  # its legs say where: the pool has no way
    price = shock.price if shock and not lost else None
    free = None if initial is None or balance is None else max(0.0, balance - initial)
    told = pool.account.figures.get(pool.currency)
    return AccountReport(
        id=pool.account.id,
        venue=pool.account.venue,
        currency=pool.currency,
        wallet_balance=standing.wallet,
        unrealized_pnl=sum(leg.profit_now for leg in pool.legs) if valued else None,
        margin_balance=balance,
        initial_margin=initial,
        order_margin=orders,
        maintenance_margin=standing.maintenance,
        margin_ratio=standing.ratio,
        free_collateral=free,
        withdrawable=told.withdrawable if told else None,
        withdrawals=withdrawals(pool.account, inputs),
        funding_24h_usd=_funding_24h(pool, inputs),
        liquidation_coin=shock.coin if shock and price is not None else None,
        liquidation_coin_price=price,
        liquidation_coin_distance=price / shock.start - 1 if shock and price is not None else None,
        status=standing.status,
        told=told,
        read_ms=pool.account.as_of_ms,
    )


def withdrawals(account: Account, inputs: RiskInputs) -> Withdrawals:
    """Return whether the venue lets collateral out: of this account, where it tells."""
    if account.withdrawals_open is None:
        return inputs.withdrawals.get(account.venue, Withdrawals.UNKNOWN)
    return Withdrawals.OPEN if account.withdrawals_open else Withdrawals.SUSPENDED


def _funding_24h(pool: Pool, inputs: RiskInputs) -> float | None:
    """Return what the account's positions of a cross pool's coin receive in 24 h at running rates.

    Isolated positions count: the figure is the account's. ``None`` where a rate is not known.
    """
    total = 0.0
    for position in pool.account.positions:
        if not pool.trades(position.symbol):
            continue
        key, face = pool.account.key(position.symbol), position.quantity
        funding, used = inputs.funding.get(key), inputs.mark(key, position)
        if funding is None or used is None or pool.usd_price is None:
            return None
        linear = position.contract is Contract.LINEAR
        notional_usd = face * used.price * pool.usd_price if linear else face
        total -= funding.funding_rate * DAY_H / funding.interval_h * notional_usd
    return total


def _next_liquidation(
    standings: Sequence[Standing], rows: Sequence[PositionReport], inputs: RiskInputs
) -> NextLiquidation | None:
    alive = [row for row in rows if row.distance is not None and row.status in ALIVE]
    row = min(alive, key=lambda row: abs(row.distance or 0.0), default=None)
    if row is None:
        return None
    standing = next(s for s in standings if s.holds(row.account, row.symbol, row.side))
    return next_liquidation(row, standing.value_usd, inputs)


def next_liquidation(
    row: PositionReport, value_usd: float | None, inputs: RiskInputs
) -> NextLiquidation | None:
    """Return a position's liquidation, its pool's worth at stake; ``None`` without a price."""
    if row.liquidation_price is None or row.distance is None:
        return None
    return NextLiquidation(
        account=row.account,
        venue=row.venue,
        symbol=row.symbol,
        side=row.side,
        margin_mode=row.margin_mode,
        leverage=row.leverage,
        price=row.liquidation_price,
        distance=row.distance,
        minutes_at_pace=minutes_at_pace(
            1 + row.distance, inputs.pace.get(split_symbol(row.symbol)[0])
        ),
        loss_of_doing_nothing_usd=value_usd,
        stop_price=row.stop_price,
        rescue_amount=None,
        rescue_asset=None,
        past=row.status is Status.BELOW_MAINTENANCE,
    )


def apart(account: Account) -> Iterator[str]:
    """Yield how the venue's liquidation prices differ from ours, where they were compared."""
    for position in account.positions:
        if position.figures is not None and position.figures.apart:
            yield position.figures.apart


def _problems(
    portfolio: Portfolio,
    standings: Sequence[Standing],
    rows: Iterable[PositionReport],
    inputs: RiskInputs,
) -> Iterator[str]:
    for account in portfolio.accounts:
        yield from apart(account)
    yield from portfolio.warnings
    yield from inputs.problems
    for standing in standings:
        pool = standing.pool
        problem = pool.unknown or pool.unknown_margin
        if problem is None and not pool.isolated:
            problem = resting(pool, inputs).problem
        if problem:
            yield problem
    for row in rows:
        yield from row_problems(row, inputs)
    yield from at_par((standing.pool for standing in standings), inputs)


def row_problems(row: PositionReport, inputs: RiskInputs) -> Iterator[str]:
    """Yield what is wrong with a position, or looks so, account and symbol first."""
    where = f"{row.account} {row.symbol}"
    if row.status is Status.PRESUMED_LIQUIDATED:
        key = PositionKey(row.account, row.symbol, row.side)
        lost = inputs.presumed.get(key)
        yield (
            lost.sentence
            if lost
            else (
                f"{where}: the mark has passed the liquidation price since the book was read; it "
                "counts as lost until the account or the file is read again."
            )
        )
    elif row.status is Status.BELOW_MAINTENANCE:
        yield f"{where} is below its maintenance margin: the venue may liquidate it now."
    elif row.liquidation is LiquidationKind.UNKNOWN and row.status is Status.OK:
        yield (
            f"{where}: its liquidation price lies beyond the tiers that are known "
            f"({row.tier_source}); give maintenance_rate in the file."
        )
    yield from (f"{where}: {doubt}" for doubt in row.doubts)
