"""Accounts at Deribit, by a read-only key: one pool a currency, cross margin only.

Deribit settles profit every day at 08:00 UTC, so its ``balance`` is none at our entry price: the
wallet here is the margin balance less the whole profit since entry (``total_profit_loss``), which
is the same equity. Cross-collateral and portfolio accounts (``margin_model``) have no rule here.
Sources: Deribit's documentation of ``private/get_account_summaries``, ``get_positions``,
``get_open_orders`` and ``public/auth`` (its answer names the scope of the key).
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from hashlib import sha256
from hmac import new as hmac
from typing import Any, Final

from workstation.exchanges import numbers
from workstation.exchanges.accounts.base import (
    AccountReader,
    close_or,
    liquidation_price,
    orders_of,
    ratio,
    system_of,
    trigger_type,
    watched,
)
from workstation.exchanges.accounts.options import option_position, option_symbol
from workstation.exchanges.api_key import KeyRights
from workstation.exchanges.numbers import Row
from workstation.market.instrument import split_symbol
from workstation.portfolio.model import (
    Account,
    Order,
    OrderType,
    Position,
    Trigger,
    VenueFigures,
)
from workstation.units import now_ms

SEGREGATED: Final = "segregated_sm"
_TRIGGERS: Final = {
    "mark_price": Trigger.MARK, "last_price": Trigger.LAST, "index_price": Trigger.INDEX,
}  # fmt: skip


class DeribitReader(AccountReader):
    """All currencies of one (sub)account."""

    reads = frozenset({"get_account_summaries", "get_positions", "get_open_orders"})

    async def _ask(self, endpoint: str, **params: Any) -> Any:
        return (await self.adapter.ask(f"privateGet{endpoint}", **params))["result"]

    async def _rights(self) -> KeyRights:
        """Ask for the scope by a signature over a nonce: the secret itself is not sent."""
        key = self._key
        if key is None:
            return KeyRights()
        stamp, nonce = str(now_ms()), secrets.token_hex(8)
        signature = hmac(key.secret.encode(), f"{stamp}\n{nonce}\n".encode(), sha256).hexdigest()
        answer = await self.adapter.ask(
            "publicGetAuth",
            grant_type="client_signature",
            client_id=key.key,
            timestamp=stamp,
            nonce=nonce,
            data="",
            signature=signature,
        )
        scope = set(str(answer["result"].get("scope") or "").split())
        if not scope:
            return KeyRights()
        return KeyRights(
            may_trade=bool(scope & {"trade:read_write", "block_trade:read_write"}),
            may_withdraw=bool(scope & {"wallet:read_write", "account:read_write"}),
        )

    async def _read(self) -> tuple[Account, dict[str, float]]:
        summaries = numbers.rows((await self._ask("GetAccountSummaries"))["summaries"])
        rows = [row for row in numbers.rows(await self._ask("GetPositions")) if row.get("size")]
        found = [self._position(row) for row in rows]
        positions = tuple(position for position in found if position is not None)
        held = [row for row in summaries if numbers.finite(row.get("equity"))]
        models = {str(row.get("margin_model")) for row in held} - {"None", SEGREGATED}
        for model in sorted(models):
            self.note(f"its margin model is {model}, which has no rule here.")
        account = Account(
            id=self.source.id,
            venue=self.source.venue,
            positions=positions,
            balances={str(row["currency"]): self._wallet(row, positions) for row in held},
            orders=await self._orders(positions),
            margin_system=system_of(positions, rows, has_rule=not models),
            figures={str(row["currency"]): _pool(row) for row in held},
        )
        return account, {}

    def _position(self, row: Row) -> Position | None:
        if row.get("kind") == "option":
            symbol = option_symbol(row.get("instrument_name"), "USD")
            size = numbers.finite(row.get("size"))
            return option_position(symbol, size, row.get("average_price"), row.get("mark_price"))
        market = self.market_by_id(row.get("instrument_name"))
        if market is None:
            return None
        mark = self.known(row, "mark_price")
        return Position(
            symbol=market.key.symbol,
            quantity=self.known(row, "size"),
            entry_price=self.known(row, "average_price"),
            leverage=numbers.amount(row.get("leverage")),
            mark_price=mark,
            figures=VenueFigures(
                mark_price=mark,
                unrealized_pnl=self.known(row, "total_profit_loss"),
                initial_margin=numbers.finite(row.get("initial_margin")),
                maintenance_margin=numbers.finite(row.get("maintenance_margin")),
                liquidation_price=liquidation_price(row.get("estimated_liquidation_price")),
            ),
        )

    def _wallet(self, row: Row, positions: Iterable[Position]) -> float:
        profits = (
            position.figures.unrealized_pnl or 0.0
            for position in positions
            if position.figures and split_symbol(position.symbol)[2] == row["currency"]
        )
        return self.known(row, "margin_balance") - sum(profits)

    async def _orders(self, positions: Sequence[Position]) -> tuple[Order, ...]:
        rows = numbers.rows(await self._ask("GetOpenOrders"))
        return orders_of(
            self._order(row, positions)
            for row in rows
            if "option" not in str(row.get("instrument_kind") or row.get("kind"))
        )

    def _order(self, row: Row, positions: Sequence[Position]) -> Order | None:
        market = self.market_by_id(row.get("instrument_name"), "resting order")
        trigger = numbers.price(row.get("trigger_price"))
        price = trigger or numbers.price(row.get("price"))
        kind = str(row.get("order_type"))
        if market is None or price is None or "trailing" in kind:
            return None
        side, symbol = 1 if row["direction"] == "buy" else -1, market.key.symbol
        asked = numbers.amount(row.get("amount"))
        left = None if asked is None else asked - (numbers.amount(row.get("filled_amount")) or 0.0)
        return Order(
            symbol=symbol,
            quantity=close_or(left, positions, symbol, side),
            type=trigger_type(kind.replace("take_", "takeprofit_")) if trigger else OrderType.LIMIT,
            price=price,
            trigger=watched(row.get("trigger"), _TRIGGERS) if trigger else Trigger.LAST,
            reduce_only=row.get("reduce_only") is True,
        )


def _pool(row: Row) -> VenueFigures:
    balance = numbers.finite(row.get("margin_balance"))
    maintenance = numbers.finite(row.get("maintenance_margin"))
    return VenueFigures(
        margin_balance=balance,
        initial_margin=numbers.finite(row.get("initial_margin")),
        maintenance_margin=maintenance,
        margin_ratio=ratio(maintenance, balance),
        free_collateral=numbers.finite(row.get("available_funds")),
        withdrawable=numbers.finite(row.get("available_withdrawal_funds")),
    )
