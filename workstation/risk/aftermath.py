"""What a rescue leaves behind: who paid for it, and what is liquidated next beyond the scenario.

The way is followed on, at the same pace and with the same orders, until the coin that moves is 14 %
below the scenario's price (in a rise 16 % above): with the rescued book, and if somebody paid with
the book as it was. A payer whose liquidation comes nearer is named with both prices.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator
from dataclasses import replace
from typing import Final

from workstation.portfolio.model import Portfolio
from workstation.risk.edits import account_of
from workstation.risk.fates import Fate, fates_of
from workstation.risk.inputs import RiskInputs
from workstation.risk.path import MarketPath
from workstation.risk.pools import pools_of
from workstation.risk.rescue_report import Action, Drained, NextAfter, RescueReport
from workstation.risk.transfers import pool_of_asset
from workstation.risk.waterfall import Waterfall

_BEYOND: Final = 0.15  # ln(price): how far beyond the scenario the way is followed


def after_rescue(
    report: RescueReport, start: Portfolio, inputs: RiskInputs, path: MarketPath
) -> RescueReport:
    """Return the report with the accounts that are drained, and with what follows.

    Parameters
    ----------
    start : the book of which ``report.rescued`` is the rescued copy
    path : the way to the scenario
    """
    coin = next(iter(report.scenario.moves))
    rate = path.rate(coin)
    if not rate:
        return report
    longer = path.scaled(1.0 + _BEYOND / abs(rate))
    after = _fates(report.rescued, inputs, longer, report, coin)
    drained: tuple[Drained, ...] = ()
    payers = {account_id for account_id, _ in _taken(report)}
    if payers:
        before = _fates(_only(start, payers), inputs, longer, report, coin)
        drained = tuple(_drained(report, inputs, before, after, coin, math.copysign(1.0, rate)))
    return replace(report, drained=drained, next_after=_next(report.rescued, inputs, after, coin))


def _only(book: Portfolio, names: Collection[str]) -> Portfolio:
    """Return the book of some accounts: none has a say in another's fate."""
    return replace(book, accounts=tuple(a for a in book.accounts if a.id in names))


def _fates(
    book: Portfolio, inputs: RiskInputs, path: MarketPath, report: RescueReport, coin: str
) -> dict[str, Fate]:
    orders = report.scenario.use_orders
    walk = Waterfall(book, inputs, path, drivers=(coin,), use_orders=orders)
    return {fate.name: fate for fate in fates_of(walk, inputs)}


def _drained(
    report: RescueReport,
    inputs: RiskInputs,
    before: dict[str, Fate],
    after: dict[str, Fate],
    coin: str,
    sign: float,
) -> Iterator[Drained]:
    for (account_id, asset), amount in _taken(report).items():
        pool = pool_of_asset(account_of(report.rescued, account_id), asset, inputs)
        now = after.get(pool.name) if pool is not None else None
        if pool is None or now is None:
            continue
        was = before.get(pool.name)
        price = now.event.coin_price[coin]
        price_before = was.event.coin_price[coin] if was is not None else None
        if price_before is None or sign * math.log(price / price_before) < 0:
            yield Drained(
                account=account_id,
                asset=asset,
                amount=amount,
                coin=coin,
                coin_price=price,
                coin_price_before=price_before,
                beyond=abs(price / report.scenario.moves[coin] - 1),
            )


def _taken(report: RescueReport) -> dict[tuple[str, str], float]:
    """Return what each account gives of each asset."""
    taken: dict[tuple[str, str], float] = {}
    for row in report.rows:
        for step in row.steps:
            if step.action is Action.TRANSFER:
                key = step.origin, step.asset
                taken[key] = taken.get(key, 0.0) + step.amount
    return taken


def _next(
    book: Portfolio, inputs: RiskInputs, after: dict[str, Fate], coin: str
) -> NextAfter | None:
    first = next(iter(after.values()), None)
    if first is None:
        return None
    event = first.event
    pools = pools_of(account_of(book, event.account), inputs)
    return NextAfter(
        account=event.account,
        symbol=event.symbol,
        side=event.side,
        isolated=any(pool.isolated and pool.name == first.name for pool in pools),
        coin=coin,
        coin_price=event.coin_price[coin],
    )
