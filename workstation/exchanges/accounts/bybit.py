"""Accounts at Bybit, by a read-only key: the unified trading account, linear and inverse.

The margin mode is the account's. With cross margin every coin that is switched on as collateral
backs one pool in USD; in isolated mode each position has a ``positionBalance`` of its own, which
the coins' ``walletBalance`` includes. As an initial margin does, it is taken to hold the fee to
close, which the liquidation price leaves out (assumed: Bybit names it "position margin" and says no
more; a wrong guess shows in the comparison). Portfolio margin has no rule here.
Sources: Bybit's documentation of ``v5/account/info``, ``wallet-balance``, ``collateral-info``,
``v5/position/list``, ``v5/order/realtime`` and ``v5/user/query-api``.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any, Final

from workstation.exchanges import numbers
from workstation.exchanges.accounts.base import (
    ORDER_READINGS,
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
from workstation.exchanges.base import Market
from workstation.exchanges.numbers import Row
from workstation.market.instrument import split_symbol
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
from workstation.risk.profiles import PROFILES

INVERSE_NONE_FROM: Final = 999_999.0  # how Bybit prints "no price" of an inverse contract
_PAGE: Final = 200
_BOOKS: Final = (
    {"category": "linear", "settleCoin": "USDT"},
    {"category": "linear", "settleCoin": "USDC"},
    {"category": "inverse"},
)
_TRIGGERS: Final = {
    "MarkPrice": Trigger.MARK, "LastPrice": Trigger.LAST, "IndexPrice": Trigger.INDEX,
}  # fmt: skip
_WITHDRAWING: Final = frozenset({"Withdraw", "AccountTransfer", "SubMemberTransfer"})


class BybitReader(AccountReader):
    """A unified trading account."""

    reads = frozenset(
        {
            "v5/user/query-api", "v5/account/info", "v5/account/wallet-balance",
            "v5/account/collateral-info", "v5/account/fee-rate", "v5/account/withdrawal",
            "v5/asset/coin/query-info", "v5/position/list", "v5/order/realtime",
        }
    )  # fmt: skip

    async def _ask(self, endpoint: str, **params: Any) -> Row:
        answer = await self.adapter.ask(f"privateGetV5{endpoint}", **params)
        result: Row = answer["result"]
        return result

    async def _rights(self) -> KeyRights:
        told = await self._ask("UserQueryApi")
        wallet = (told.get("permissions") or {}).get("Wallet") or []
        read_only = str(told.get("readOnly"))
        may_trade = None if read_only not in ("0", "1") else read_only == "0"
        return KeyRights(
            may_trade=may_trade,
            may_withdraw=None
            if may_trade is None
            else may_trade and bool(_WITHDRAWING & {*wallet}),
        )

    async def _read(self) -> tuple[Account, dict[str, float]]:
        mode = str((await self._ask("AccountInfo")).get("marginMode"))
        isolated = mode == "ISOLATED_MARGIN"
        wallet = numbers.rows(
            (await self._ask("AccountWalletBalance", accountType="UNIFIED"))["list"]
        )[0]
        rows = await self._pages("PositionList")
        held = [row for row in rows if numbers.amount(row.get("size"))]
        fee = await self._fee(held)
        found = [self._position(row, isolated=isolated, fee=fee) for row in held]
        options = await self.once_in(ORDER_READINGS, "options", self._options_if_told) or []
        found = [*found, *(self._option(row) for row in options)]
        positions = tuple(position for position in found if position is not None)
        has_rule = mode != "PORTFOLIO_MARGIN"
        coins = [
            row for row in numbers.rows(wallet["coin"]) if numbers.finite(row["walletBalance"])
        ]
        account = Account(
            id=self.source.id,
            venue=self.source.venue,
            positions=positions,
            balances={str(r["coin"]): self._cross_wallet(r, positions) for r in coins},
            haircuts={} if isolated else await self._haircuts(coins),
            orders=await self._orders(positions),
            position_mode=_mode(rows),
            collateral=Collateral.SINGLE_ASSET if isolated else Collateral.MULTI_ASSET,
            margin_system=system_of(positions, [*held, *options], has_rule=has_rule),
            taker_fee=fee,
            withdrawals_open=await self._withdrawals(positions),
            figures={} if isolated else {"USD": _pool(wallet)},
        )
        return account, _prices(coins)

    async def _pages(self, endpoint: str, **params: Any) -> list[Row]:
        """Ask for all pages of all kinds of contract."""
        rows: list[Row] = []
        for book in _BOOKS:
            cursor = ""
            while True:
                more = {"cursor": cursor} if cursor else {}
                page = await self._ask(endpoint, **book, **params, limit=_PAGE, **more)
                rows += numbers.rows(page["list"])
                cursor = str(page.get("nextPageCursor") or "")
                if not cursor or not page["list"]:
                    break
        return rows

    async def _options_if_told(self) -> list[Row] | None:
        return await self.optional("option positions", self._options())

    async def _options(self) -> list[Row]:
        page = await self._ask("PositionList", category="option")
        return [row for row in numbers.rows(page["list"]) if numbers.amount(row.get("size"))]

    def _option(self, row: Row) -> Position | None:
        size = self.known(row, "size")
        quantity = size if row["side"] == "Buy" else -size
        symbol = option_symbol(row.get("symbol"), "USDC")
        return option_position(symbol, quantity, row.get("avgPrice"), row.get("markPrice"))

    def _position(self, row: Row, *, isolated: bool, fee: float | None) -> Position | None:
        market = self.market_by_id(row.get("symbol"))
        if market is None:
            return None
        size, mark = self.known(row, "size"), self.known(row, "markPrice")
        profit = self.known(row, "unrealisedPnl")
        maintenance = numbers.finite(row.get("positionMM"))
        margin = self.known(row, "positionBalance") if isolated else None
        balance = None if margin is None else margin + profit
        rank = numbers.finite(row.get("adlRankIndicator"))
        none_from = INVERSE_NONE_FROM if market.inverse else numbers.MAX_PRICE
        return Position(
            symbol=market.key.symbol,
            quantity=size if row["side"] == "Buy" else -size,
            entry_price=self.known(row, "avgPrice"),
            leverage=numbers.amount(row.get("leverage")),
            margin_mode=MarginMode.ISOLATED if isolated else MarginMode.CROSS,
            isolated_margin=None if margin is None else margin - _fee_to_close(row, market, fee),
            mark_price=mark,
            adl_rank=None if rank is None else int(rank),
            figures=VenueFigures(
                mark_price=mark,
                unrealized_pnl=profit,
                margin_balance=balance,
                initial_margin=numbers.finite(row.get("positionIM")),
                maintenance_margin=maintenance,
                margin_ratio=ratio(maintenance, balance),
                liquidation_price=liquidation_price(row.get("liqPrice"), none_from),
            ),
        )

    def _cross_wallet(self, row: Row, positions: Iterable[Position]) -> float:
        """Return a coin's wallet without what isolated positions hold of it."""
        isolated = (
            position.isolated_margin or 0.0
            for position in positions
            if split_symbol(position.symbol)[2] == row["coin"]
        )
        return self.known(row, "walletBalance") - sum(isolated)

    async def _haircuts(self, coins: Iterable[Row]) -> dict[str, float]:
        """Return what is not counted of each coin; all of one that is not switched on."""
        answer = await self.seldom(
            "the collateral ratios", lambda: self._ask("AccountCollateralInfo")
        )
        listed = {} if answer is None else {r["currency"]: r for r in numbers.rows(answer["list"])}
        off = {str(r["coin"]) for r in coins if r.get("collateralSwitch") is False}
        cuts = {
            str(coin): 1.0 - share
            for coin, row in listed.items()
            if (share := numbers.finite(row.get("collateralRatio"))) is not None
        }
        return cuts | dict.fromkeys(off, 1.0)

    async def _fee(self, held: Sequence[Row]) -> float | None:
        """Ask for the taker fee of one market that is held; the account's tier is that of all."""
        market = self._by_id.get(str(held[0].get("symbol"))) if held else None
        if market is None:
            return None
        kind = "inverse" if market.inverse else "linear"
        answer = await self.seldom(
            "the taker fee", lambda: self._ask("AccountFeeRate", category=kind, symbol=market.id)
        )
        rows = [] if answer is None else numbers.rows(answer["list"])
        return numbers.finite(rows[0].get("takerFeeRate")) if rows else None

    async def _withdrawals(self, positions: Iterable[Position]) -> bool | None:
        """Say whether any chain lets the first settlement coin out."""
        coin = next((split_symbol(position.symbol)[2] for position in positions), "USDT")
        answer = await self.seldom(
            "the withdrawal status", lambda: self._ask("AssetCoinQueryInfo", coin=coin)
        )
        rows = [] if answer is None else numbers.rows(answer.get("rows") or [])
        chains = [chain for row in rows for chain in numbers.rows(row.get("chains") or [])]
        return any(str(chain.get("chainWithdraw")) == "1" for chain in chains) if chains else None

    async def _orders(self, positions: Sequence[Position]) -> tuple[Order, ...]:
        return orders_of(self._order(row, positions) for row in await self._pages("OrderRealtime"))

    def _order(self, row: Row, positions: Sequence[Position]) -> Order | None:
        market = self.market_by_id(row.get("symbol"), "resting order")
        trigger = numbers.price(row.get("triggerPrice"))
        price = trigger or numbers.price(row.get("price"))
        kind = str(row.get("stopOrderType"))
        if market is None or price is None or kind == "TrailingStop":
            return None
        side, symbol = 1 if row["side"] == "Buy" else -1, market.key.symbol
        left = numbers.amount(row.get("leavesQty")) or numbers.amount(row.get("qty"))
        return Order(
            symbol=symbol,
            quantity=close_or(left, positions, symbol, side),
            type=trigger_type(kind) if trigger else OrderType.LIMIT,
            price=price,
            trigger=watched(row.get("triggerBy"), _TRIGGERS) if trigger else Trigger.LAST,
            reduce_only=row.get("reduceOnly") is True or row.get("closeOnTrigger") is True,
        )


def _fee_to_close(row: Row, market: Market, fee: float | None) -> float:
    """Return the fee of closing at the bankruptcy price, part of an isolated position's margin.

    Linear ``q e (1 - s / L) t``, inverse ``(Q / e)(1 + s / L) t``. Source: Bybit, "The New Margin
    Calculation" (2025-09-18).
    """
    size, entry = numbers.amount(row.get("size")), numbers.price(row.get("avgPrice"))
    leverage = numbers.amount(row.get("leverage"))
    rate = fee if fee is not None else PROFILES["bybit"].taker_fee
    if size is None or entry is None or leverage is None or rate is None:
        return 0.0
    side = (1 if row["side"] == "Buy" else -1) * (1 if market.inverse else -1)
    cost = size / entry if market.inverse else size * entry
    return cost * (1 + side / leverage) * rate


def _mode(rows: Iterable[Row]) -> PositionMode:
    hedged = any(str(row.get("positionIdx")) in ("1", "2") for row in rows)
    return PositionMode.HEDGE if hedged else PositionMode.ONE_WAY


def _pool(wallet: Row) -> VenueFigures:
    """Return what is said of the whole account, in USD."""
    balance = numbers.finite(wallet.get("totalMarginBalance"))
    maintenance = numbers.finite(wallet.get("totalMaintenanceMargin"))
    told = numbers.finite(wallet.get("accountMMRate"))
    free = numbers.finite(wallet.get("totalAvailableBalance"))
    return VenueFigures(
        unrealized_pnl=numbers.finite(wallet.get("totalPerpUPL")),
        margin_balance=balance,
        initial_margin=numbers.finite(wallet.get("totalInitialMargin")),
        maintenance_margin=maintenance,
        margin_ratio=told if told is not None else ratio(maintenance, balance),
        free_collateral=free,
    )


def _prices(coins: Iterable[Row]) -> dict[str, float]:
    """Return USD per coin, from the value that the venue puts on its equity."""
    prices = {}
    for row in coins:
        equity, value = numbers.finite(row.get("equity")), numbers.finite(row.get("usdValue"))
        if equity and value and math.isfinite(value / equity) and value / equity > 0:
            prices[str(row["coin"])] = value / equity
    return prices
