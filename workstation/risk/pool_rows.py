"""The rows of a large book's cross pools, out of its columns."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from workstation.market.facts import FloatArray
from workstation.risk.book_arrays import BookArrays
from workstation.risk.engine import withdrawals
from workstation.risk.funding_drift import DAY_H
from workstation.risk.kernels.margin_arrays import BoolArray, IntArray
from workstation.risk.lazy_rows import Columns, known
from workstation.risk.report import AccountReport, Status


class PoolRows:
    """Makes the rows of a compiled book's cross pools, look after look."""

    def __init__(self, arrays: BookArrays) -> None:
        self._arrays = arrays
        self._cross = ~arrays.book.pools.isolated
        self._payer, self._paid = _funded(arrays)

    def __call__(self, columns: Columns, wanted: BoolArray) -> Iterator[AccountReport]:
        """Yield the rows of the (pools,) that are wanted, in their order."""
        found, coins = columns.found, self._arrays.coins
        wallet = (self._arrays.book.pools.wallet + found.pools.collateral).tolist()
        profit, balance, needs = (
            values.tolist()
            for values in (found.profit, found.pools.balance, found.pools.maintenance)
        )
        initial, ratio, free, price, moved, funding = map(
            known,
            (
                found.initial,
                found.pool_ratio,
                found.free_collateral,
                found.driver_price,
                np.expm1(found.pools.clock),
                self._funding_24h_usd(columns),
            ),
        )
        for k in np.flatnonzero(wanted & self._cross).tolist():
            pool, dies = self._arrays.pools[k], price[k] is not None
            account, told = pool.account, pool.account.figures.get(pool.currency)
            yield AccountReport(
                id=account.id,
                venue=account.venue,
                currency=pool.currency,
                wallet_balance=wallet[k],
                unrealized_pnl=profit[k],
                margin_balance=balance[k],
                initial_margin=initial[k],
                maintenance_margin=needs[k],
                margin_ratio=ratio[k],
                free_collateral=free[k],
                withdrawable=told.withdrawable if told else None,
                withdrawals=withdrawals(account, columns.inputs),
                funding_24h_usd=funding[k],
                liquidation_coin=coins[found.pools.driver[k]] if dies else None,
                liquidation_coin_price=price[k],
                liquidation_coin_distance=moved[k] if dies else None,
                status=Status.BELOW_MAINTENANCE if columns.below[k] else Status.OK,
                told=told,
                read_ms=account.as_of_ms,
            )

    def _funding_24h_usd(self, columns: Columns) -> FloatArray:
        """Return what each cross pool's coin receives in 24 h, (pools,); NaN where not known."""
        legs, paid, usd = self._arrays.book.legs, self._paid, columns.coin_price
        per_h = np.array(
            [np.nan if f is None else f.funding_rate / f.interval_h for f in columns.funding]
        )
        pool_usd = usd[self._arrays.book.pools.currency][self._payer]
        worth = columns.found.legs.value[paid] * pool_usd
        value = np.where(legs.linear[paid], worth, legs.size[paid])
        received = -legs.sign[paid] * value * per_h[columns.leg_market[paid]] * DAY_H
        count = len(self._arrays.pools)
        sums: FloatArray = np.bincount(self._payer, received, count).astype(np.float64)
        return sums


def _funded(arrays: BookArrays) -> tuple[IntArray, IntArray]:
    """Return cross pools, and the legs of their accounts that settle in their coin, as pairs.

    An isolated position's funding is its account's too.
    """
    owned: dict[str, list[int]] = {}
    for k, p in enumerate(arrays.leg_pool.tolist()):
        owned.setdefault(arrays.pools[p].account.id, []).append(k)
    pairs = [
        (p, k)
        for p, pool in enumerate(arrays.pools)
        if not pool.isolated
        for k in owned.get(pool.account.id, ())
        if pool.trades(arrays.legs[k].position.symbol)
    ]
    pool, leg = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    return pool.copy(), leg.copy()
