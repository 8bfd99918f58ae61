"""Accounts at Binance USD-M and COIN-M, by a read-only key.

``crossWalletBalance`` and ``isolatedWallet`` are the cross and the isolated wallet, both without
unrealised profit; ``walletBalance`` holds them together and is not used. COIN-M counts contracts.
Conditional orders stand apart from the others, at ``openAlgoOrders``.
Sources: Binance's documentation of ``fapi/v3/account``, ``fapi/v3/positionRisk``,
``fapi/v1/symbolConfig``, ``dapi/v1/account``, ``dapi/v1/positionRisk``, and
``sapi/v1/account/apiRestrictions``.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar, Final

from workstation.exchanges import numbers
from workstation.exchanges.accounts.base import (
    ORDER_READINGS,
    AccountReader,
    close_or,
    liquidation_price,
    orders_of,
    ratio,
    system_of,
    total,
    trigger_type,
    watched,
)
from workstation.exchanges.api_key import KeyRights
from workstation.exchanges.base import Market
from workstation.exchanges.numbers import Row
from workstation.portfolio.model import (
    Account,
    Collateral,
    MarginMode,
    Order,
    OrderType,
    Position,
    PositionMode,
    Trigger,
    VenueFigures,
)

_TRIGGERS: Final = {"MARK_PRICE": Trigger.MARK, "CONTRACT_PRICE": Trigger.LAST}
_TRADING: Final = (
    "enableFutures", "enableSpotAndMarginTrading", "enableMargin", "enableVanillaOptions",
    "enablePortfolioMarginTrading", "enableFixApiTrade",
)  # fmt: skip
_WITHDRAWING: Final = ("enableWithdrawals", "enableInternalTransfer", "permitsUniversalTransfer")


class _Binance(AccountReader):
    """What both futures markets share."""

    api: ClassVar[str]

    async def _ask(self, endpoint: str, **params: Any) -> Any:
        return await self.adapter.ask(f"{self.api}PrivateGet{endpoint}", **params)

    async def _rights(self) -> KeyRights:
        row = await self.adapter.ask("sapiGetAccountApiRestrictions")
        return KeyRights(may_trade=_any(row, _TRADING), may_withdraw=_any(row, _WITHDRAWING))

    async def _orders(self, positions: Sequence[Position]) -> tuple[Order, ...]:
        rows = await self.once_in(ORDER_READINGS, "orders", self._order_rows)
        return orders_of(self._order(row, positions) for row in rows)

    async def _order_rows(self) -> list[Row]:
        resting = numbers.rows(await self._ask("OpenOrders"))
        waiting = await self.optional("conditional orders", self._ask("OpenAlgoOrders"))
        return resting if waiting is None else [*resting, *numbers.rows(waiting)]

    def _order(self, row: Row, positions: Sequence[Position]) -> Order | None:
        market = self.market_by_id(row.get("symbol"), "resting order")
        kind = str(row.get("orderType") or row.get("type"))
        trigger = numbers.price(row.get("triggerPrice")) or numbers.price(row.get("stopPrice"))
        price = trigger or numbers.price(row.get("price"))
        if market is None or price is None or "TRAILING" in kind:
            return None
        side, symbol = 1 if row["side"] == "BUY" else -1, market.key.symbol
        asked, filled = (
            numbers.amount(row.get("quantity")) or numbers.amount(row.get("origQty")),
            numbers.amount(row.get("executedQty")) or 0.0,
        )
        face = None if asked is None else _face(market, asked - filled)
        return Order(
            symbol=symbol,
            quantity=close_or(face, positions, symbol, side),
            type=trigger_type(kind) if trigger else OrderType.LIMIT,
            price=price,
            trigger=watched(row.get("workingType"), _TRIGGERS) if trigger else Trigger.LAST,
            reduce_only=_true(row.get("reduceOnly")) or _true(row.get("closePosition")),
        )

    async def _fee(self, positions: Iterable[Position]) -> float | None:
        """Ask for the taker fee of one market that is held; the account's tier is that of all."""
        held = next((self.adapter.market(position.symbol) for position in positions), None)
        if held is None:
            return None
        row = await self.seldom(
            "the taker fee", lambda: self._ask("CommissionRate", symbol=held.id)
        )
        return None if row is None else numbers.finite(row.get("takerCommissionRate"))

    def _position(
        self, row: Row, *, isolated: bool, leverage: float | None, maintenance: float | None
    ) -> Position | None:
        market = self.market_by_id(row.get("symbol"))
        if market is None:
            return None
        mark, profit = self.known(row, "markPrice"), self.known(row, "unRealizedProfit")
        wallet = self._isolated_wallet(row, profit) if isolated else None
        face = _face(market, self.known(row, "positionAmt"))
        balance = None if wallet is None else wallet + profit
        value = abs(face) / mark if market.inverse else abs(face) * mark
        initial = value / leverage if leverage else None
        rank = numbers.finite(row.get("adl"))
        return Position(
            symbol=market.key.symbol,
            quantity=face,
            entry_price=self.known(row, "entryPrice"),
            leverage=leverage,
            margin_mode=MarginMode.ISOLATED if isolated else MarginMode.CROSS,
            isolated_margin=wallet,
            mark_price=mark,
            adl_rank=None if rank is None else int(rank),
            figures=VenueFigures(
                mark_price=mark,
                unrealized_pnl=profit,
                margin_balance=balance,
                initial_margin=numbers.finite(row.get("positionInitialMargin")) or initial,
                maintenance_margin=maintenance,
                margin_ratio=ratio(maintenance, balance) if isolated else None,
                liquidation_price=liquidation_price(row.get("liquidationPrice")),
            ),
        )

    def _isolated_wallet(self, row: Row, profit: float) -> float:
        if numbers.finite(row.get("isolatedWallet")) is not None:
            return self.known(row, "isolatedWallet")
        return self.known(row, "isolatedMargin") - profit

    def _pools(
        self, assets: Iterable[Row], positions: Sequence[Position]
    ) -> dict[str, VenueFigures]:
        """Return what is said of each coin's cross pool."""
        return {str(row["asset"]): self._pool(row, positions, str(row["asset"])) for row in assets}

    def _pool(self, row: Row, positions: Sequence[Position], settle: str) -> VenueFigures:
        cross = [
            position
            for position in positions
            if position.margin_mode is MarginMode.CROSS
            and position.symbol.partition(":")[2].partition("-")[0] == settle
        ]
        return self._figures(
            self.known(row, "crossWalletBalance") + self.known(row, "crossUnPnl"),
            cross,
            free=numbers.finite(row.get("availableBalance")),
            withdrawable=numbers.finite(row.get("maxWithdrawAmount")),
        )

    def _figures(
        self,
        balance: float,
        cross: Iterable[Position],
        *,
        free: float | None,
        withdrawable: float | None,
    ) -> VenueFigures:
        maintenance = total(
            position.figures.maintenance_margin if position.figures else None for position in cross
        )
        return VenueFigures(
            margin_balance=balance,
            maintenance_margin=maintenance,
            margin_ratio=ratio(maintenance, balance),
            free_collateral=free,
            withdrawable=withdrawable,
        )


class BinanceLinearReader(_Binance):
    """A USD-M account; in multi-assets mode one pool in USD."""

    api = "fapi"
    reads = frozenset(
        {
            "account", "positionRisk", "accountConfig", "symbolConfig", "openOrders",
            "openAlgoOrders", "commissionRate", "account/apiRestrictions", "leverageBracket",
        }
    )  # fmt: skip

    async def _read(self) -> tuple[Account, dict[str, float]]:
        wallet = await self.adapter.ask("fapiPrivateV3GetAccount")
        risks = numbers.rows(await self.adapter.ask("fapiPrivateV3GetPositionRisk"))
        config = await self._ask("AccountConfig")
        symbols = numbers.rows(await self._ask("SymbolConfig"))
        terms = {row.get("symbol"): row for row in symbols}
        held = [row for row in risks if numbers.finite(row["positionAmt"])]
        found = (self._listed(row, terms) for row in held)
        positions = tuple(position for position in found if position is not None)
        assets = [row for row in numbers.rows(wallet["assets"]) if _moved(row)]
        multi = _true(config.get("multiAssetsMargin"))
        figures = self._pools(assets, positions)
        if multi:
            cross = [p for p in positions if p.margin_mode is MarginMode.CROSS]
            figures["USD"] = self._figures(
                self.known(wallet, "totalCrossWalletBalance")
                + self.known(wallet, "totalCrossUnPnl"),
                cross,
                free=numbers.finite(wallet.get("availableBalance")),
                withdrawable=numbers.finite(wallet.get("maxWithdrawAmount")),
            )
        account = Account(
            id=self.source.id,
            venue=self.source.venue,
            positions=positions,
            balances={str(row["asset"]): self.known(row, "crossWalletBalance") for row in assets},
            orders=await self._orders(positions),
            position_mode=_mode(config.get("dualSidePosition")),
            collateral=Collateral.MULTI_ASSET if multi else Collateral.SINGLE_ASSET,
            margin_system=system_of(positions, held),
            taker_fee=await self._fee(positions),
            withdrawals_open=_told(config.get("canWithdraw")),
            figures=figures,
        )
        return account, {}

    def _listed(self, row: Row, terms: Mapping[Any, Row]) -> Position | None:
        own = terms.get(row.get("symbol"), {})
        return self._position(
            row,
            isolated=str(own.get("marginType")).upper().startswith("ISOLATED"),
            leverage=numbers.amount(own.get("leverage")),
            maintenance=numbers.finite(row.get("maintMargin")),
        )


class BinanceInverseReader(_Binance):
    """A COIN-M account: a pool for each coin."""

    api = "dapi"
    reads = frozenset(
        {
            "account", "positionRisk", "positionSide/dual", "openOrders", "openAlgoOrders",
            "commissionRate", "account/apiRestrictions", "adlQuantile", "leverageBracket",
        }
    )  # fmt: skip

    async def _read(self) -> tuple[Account, dict[str, float]]:
        wallet = await self._ask("Account")
        risks = numbers.rows(await self._ask("PositionRisk"))
        dual = await self._ask("PositionSideDual")
        ranks = await self.optional("the ADL ranks", self._ask("AdlQuantile"))
        told = {
            (row["symbol"], row["positionSide"]): row for row in numbers.rows(wallet["positions"])
        }
        queue = {row["symbol"]: row["adlQuantile"] for row in numbers.rows(ranks or [])}
        held = [row for row in risks if numbers.finite(row["positionAmt"])]
        found = (self._listed(row, told, queue) for row in held)
        positions = tuple(position for position in found if position is not None)
        assets = [row for row in numbers.rows(wallet["assets"]) if _moved(row)]
        account = Account(
            id=self.source.id,
            venue=self.source.venue,
            positions=positions,
            balances={str(row["asset"]): self.known(row, "crossWalletBalance") for row in assets},
            orders=await self._orders(positions),
            position_mode=_mode(dual.get("dualSidePosition")),
            margin_system=system_of(positions, held),
            taker_fee=await self._fee(positions),
            withdrawals_open=_told(wallet.get("canWithdraw")),
            figures=self._pools(assets, positions),
        )
        return account, {}

    def _listed(
        self, row: Row, told: Mapping[tuple[Any, Any], Row], queue: Mapping[Any, Row]
    ) -> Position | None:
        own = told.get((row["symbol"], row["positionSide"]), {})
        rank = queue.get(row["symbol"], {}).get(row["positionSide"])
        return self._position(
            {**row, "adl": rank},
            isolated=row.get("marginType") == "isolated",
            leverage=numbers.amount(row.get("leverage")),
            maintenance=numbers.finite(own.get("maintMargin")),
        )


def _face(market: Market, contracts: float) -> float:
    """Return base coins of a linear contract, USD of an inverse one."""
    return contracts * market.instrument.contract_size


def _moved(row: Row) -> bool:
    """Say whether an asset is held or owed."""
    wallet = numbers.finite(row.get("crossWalletBalance"))
    return wallet is None or not math.isclose(wallet, 0.0, abs_tol=1e-12)


def _mode(dual: object) -> PositionMode:
    return PositionMode.HEDGE if _true(dual) else PositionMode.ONE_WAY


def _true(value: object) -> bool:
    return value is True or str(value).lower() == "true"


def _told(value: object) -> bool | None:
    return None if value is None else _true(value)


def _any(row: Row, names: Iterable[str]) -> bool | None:
    """Say whether any of the permissions is given; ``None`` where none is told."""
    told = [_true(row[name]) for name in names if name in row]
    return any(told) if told else None
