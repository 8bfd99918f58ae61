"""Accounts at any other venue of ccxt, with what its unified answers hold.

Positions and orders mean the same everywhere once contracts are multiplied by their size. A balance
does not: whether ccxt's total holds unrealised profit differs by venue, and the account says so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from workstation.exchanges import numbers
from workstation.exchanges.accounts.base import (
    AccountReader,
    close_or,
    liquidation_price,
    orders_of,
    system_of,
)
from workstation.exchanges.api_key import ANY_READ
from workstation.exchanges.numbers import Row
from workstation.portfolio.model import (
    Account,
    MarginMode,
    Order,
    OrderType,
    Position,
    PositionMode,
    Trigger,
    VenueFigures,
)

_SWAP: Final = {"type": "swap"}


class GenericReader(AccountReader):
    """What fetchBalance, fetchPositions and fetchOpenOrders say."""

    reads = ANY_READ

    async def _read(self) -> tuple[Account, dict[str, float]]:
        rows = numbers.rows(await self.adapter.unified("fetch_positions"))
        held = [row for row in rows if numbers.amount(row.get("contracts"))]
        found = (self._position(row) for row in held)
        positions = tuple(position for position in found if position is not None)
        balance = await self.adapter.unified("fetch_balance", dict(_SWAP))
        orders = await self.optional("open orders", self.adapter.unified("fetch_open_orders"))
        self.note(
            f"the wallet is what {self.source.venue} calls its total; whether it holds unrealised "
            "profit is not known."
        )
        account = Account(
            id=self.source.id,
            venue=self.source.venue,
            positions=positions,
            balances=_wallets(balance),
            margin_system=system_of(positions, held),
            orders=orders_of(self._order(row, positions) for row in numbers.rows(orders or [])),
            position_mode=(
                PositionMode.HEDGE
                if any(r.get("hedged") is True for r in rows)
                else PositionMode.ONE_WAY
            ),
        )
        return account, {}

    def _position(self, row: Row) -> Position | None:
        market = self.adapter.market(str(row.get("symbol")))
        if market is None:
            self.note(f"a position in {row.get('symbol')} is left out: it is not listed.")
            return None
        size = self.known(row, "contracts") * market.instrument.contract_size
        isolated = row.get("marginMode") == "isolated"
        profit, collateral = (
            numbers.finite(row.get("unrealizedPnl")),
            numbers.finite(row.get("collateral")),
        )
        if isolated and collateral is None:
            self.note(f"{market.key.symbol} is left out: its isolated margin is not told.")
            return None
        mark = numbers.price(row.get("markPrice"))
        told = numbers.price(row.get("liquidationPrice"))
        return Position(
            symbol=market.key.symbol,
            quantity=-size if row.get("side") == "short" else size,
            entry_price=self.known(row, "entryPrice"),
            leverage=numbers.amount(row.get("leverage")),
            margin_mode=MarginMode.ISOLATED if isolated else MarginMode.CROSS,
            isolated_margin=collateral if isolated else None,
            mark_price=mark,
            figures=VenueFigures(
                mark_price=mark,
                unrealized_pnl=profit,
                initial_margin=numbers.finite(row.get("initialMargin")),
                maintenance_margin=numbers.finite(row.get("maintenanceMargin")),
                liquidation_price=None if told is None else liquidation_price(told),
            ),
        )

    def _order(self, row: Row, positions: Sequence[Position]) -> Order | None:
        market = self.adapter.market(str(row.get("symbol")))
        profit_at = numbers.price(row.get("takeProfitPrice"))
        trigger = profit_at or numbers.price(row.get("stopLossPrice") or row.get("triggerPrice"))
        price = trigger or numbers.price(row.get("price"))
        if market is None or price is None:
            return None
        side, symbol = 1 if row.get("side") == "buy" else -1, market.key.symbol
        left = numbers.amount(row.get("remaining")) or numbers.amount(row.get("amount"))
        face = None if left is None else left * market.instrument.contract_size
        kind = OrderType.TAKE_PROFIT if profit_at else OrderType.STOP
        return Order(
            symbol=symbol,
            quantity=close_or(face, positions, symbol, side),
            type=kind if trigger else OrderType.LIMIT,
            price=price,
            trigger=Trigger.LAST,
            reduce_only=row.get("reduceOnly") is True,
        )


def _wallets(balance: Mapping[str, Any]) -> dict[str, float]:
    totals = balance.get("total") or {}
    return {str(coin): n for coin, raw in totals.items() if (n := numbers.finite(raw))}
