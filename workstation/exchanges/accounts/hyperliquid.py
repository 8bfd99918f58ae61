"""The positions of a public Hyperliquid address: an account without any key.

Never give this, or ccxt, a private key: with one, loading the markets alone sends two signed
writes. An address is enough to read.

What the venue's ``clearinghouseState`` means: ``crossMarginSummary.accountValue`` is the USDC of
the cross wallet plus the unrealised PnL of cross positions, isolated ones not counted. An
isolated position is worth ``rawUsd + szi x mark``, which is its ``marginUsed``; less its unrealised
PnL that is its isolated wallet. Checked against the example in Hyperliquid's documentation.
Spot balances and the markets of other builders (HIP-3) are not in it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from workstation.errors import UsageError
from workstation.exchanges import numbers
from workstation.exchanges.accounts.base import (
    AccountReader,
    close_or,
    liquidation_price,
    orders_of,
    ratio,
    trigger_type,
)
from workstation.exchanges.numbers import Row
from workstation.portfolio.model import (
    Account,
    MarginMode,
    MarginSystem,
    Order,
    OrderType,
    Position,
    Trigger,
    VenueFigures,
)

VENUE: Final = "hyperliquid"
COLLATERAL: Final = "USDC"
_ADDRESS: Final = re.compile(r"0x[0-9a-fA-F]{40}")
_STANDARD: Final = frozenset({"disabled", "default", "dexAbstraction"})


def check_address(address: str) -> None:
    """Refuse what is no address.

    Raises
    ------
    UsageError
        It is not ``0x`` and 40 hexadecimal digits.
    """
    if not _ADDRESS.fullmatch(address):
        raise UsageError(f"'{address}' is not a Hyperliquid address (0x and 40 hexadecimal digits)")


def short_name(address: str) -> str:
    """Return what an address is called on the screen."""
    return f"{VENUE} {address[:6]}\N{HORIZONTAL ELLIPSIS}{address[-4:]}"


class HyperliquidReader(AccountReader):
    """The perpetuals of one address."""

    async def _ask(self, kind: str) -> Any:
        return await self.adapter.ask("publicPostInfo", type=kind, user=self.source.address)

    async def _read(self) -> tuple[Account, dict[str, float]]:
        check_address(self.source.address)
        account = self.account_of(await self._ask("clearinghouseState"))
        orders = await self.optional("open orders", self._ask("frontendOpenOrders"))
        mode = await self.seldom("the account's mode", lambda: self._ask("userAbstraction"))
        fees = await self.seldom("the taker fee", lambda: self._ask("userFees"))
        system = MarginSystem.STANDARD
        if isinstance(mode, str) and mode.strip('"') not in _STANDARD:
            system = MarginSystem.UNIFIED_PORTFOLIO
        account = replace(
            account,
            orders=orders_of(
                self._order(row, account.positions) for row in numbers.rows(orders or [])
            ),
            margin_system=system,
            taker_fee=numbers.finite(fees.get("userCrossRate")) if fees else None,
        )
        return account, {}

    def account_of(self, state: Row) -> Account:
        """Translate a ``clearinghouseState``."""
        legs = [item["position"] for item in state["assetPositions"]]
        positions = tuple(self._position(leg) for leg in legs)
        cross_pnl = sum(
            self.known(leg, "unrealizedPnl") for leg in legs if leg["leverage"]["type"] == "cross"
        )
        value = self.known(state["crossMarginSummary"], "accountValue")
        maintenance = numbers.finite(state.get("crossMaintenanceMarginUsed"))
        withdrawable = numbers.finite(state.get("withdrawable"))
        return Account(
            id=self.source.id,
            venue=self.source.venue,
            positions=positions,
            balances={COLLATERAL: value - cross_pnl},
            figures={
                COLLATERAL: VenueFigures(
                    unrealized_pnl=cross_pnl,
                    margin_balance=value,
                    maintenance_margin=maintenance,
                    margin_ratio=ratio(maintenance, value),
                    free_collateral=withdrawable,
                    withdrawable=withdrawable,
                )
            },
        )

    def _position(self, leg: Row) -> Position:
        quantity = self.known(leg, "szi")
        value_usd, pnl_usd = self.known(leg, "positionValue"), self.known(leg, "unrealizedPnl")
        leverage = leg["leverage"]
        isolated = leverage["type"] == "isolated"
        signed_value_usd = math.copysign(value_usd, quantity)
        balance = self.known(leverage, "rawUsd") + signed_value_usd if isolated else None
        mark = numbers.price(signed_value_usd / quantity)
        return Position(
            symbol=_symbol(leg["coin"]),
            quantity=quantity,
            entry_price=self.known(leg, "entryPx"),
            leverage=numbers.amount(leverage.get("value")),
            margin_mode=MarginMode.ISOLATED if isolated else MarginMode.CROSS,
            isolated_margin=None if balance is None else balance - pnl_usd,
            mark_price=mark,
            figures=VenueFigures(
                mark_price=mark,
                unrealized_pnl=pnl_usd,
                margin_balance=balance,
                initial_margin=None if isolated else numbers.finite(leg.get("marginUsed")),
                liquidation_price=liquidation_price(leg.get("liquidationPx")),
            ),
        )

    def _order(self, row: Row, positions: Sequence[Position]) -> Order | None:
        coin = str(row.get("coin"))
        is_trigger = row.get("isTrigger") is True
        price = numbers.price(row.get("triggerPx" if is_trigger else "limitPx"))
        if price is None or coin.startswith("@") or "/" in coin or ":" in coin:  # spot, builders'
            return None
        side, symbol = 1 if row["side"] == "B" else -1, _symbol(coin)
        return Order(
            symbol=symbol,
            quantity=close_or(numbers.amount(row.get("sz")), positions, symbol, side),
            type=trigger_type(row.get("orderType")) if is_trigger else OrderType.LIMIT,
            price=price,
            trigger=Trigger.MARK,  # Hyperliquid's documentation, trading/take-profit-and-stop-loss
            reduce_only=row.get("reduceOnly") is True,
        )


def _symbol(coin: str) -> str:
    return f"{coin.upper()}/{COLLATERAL}:{COLLATERAL}"
