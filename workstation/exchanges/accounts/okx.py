"""Accounts at OKX, by a read-only key with its passphrase; sizes are contracts.

``cashBal`` is a currency's cash, without unrealised profit and without isolated margin. The account
level says what backs what: 2 each currency its own positions, 3 all of them together; 4 is
portfolio margin, which has no rule here. OKX prints its ratio as balance over maintenance.
Sources: OKX's documentation of ``account/config``, ``balance``, ``positions``, ``trade-fee``,
``max-withdrawal``, ``trade/orders-pending`` and ``orders-algo-pending``.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar, Final

from workstation.exchanges import numbers
from workstation.exchanges.accounts.base import (
    AccountReader,
    close_or,
    liquidation_price,
    orders_of,
    system_of,
    trigger_type,
    watched,
)
from workstation.exchanges.accounts.options import option_position, option_symbol
from workstation.exchanges.api_key import KeyRights
from workstation.exchanges.base import Market
from workstation.exchanges.numbers import Row
from workstation.market.instrument import Contract
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

PORTFOLIO: Final = "4"
_TOGETHER: Final = ("3", PORTFOLIO)  # levels at which all currencies back all positions
_TRIGGERS: Final = {"mark": Trigger.MARK, "last": Trigger.LAST, "index": Trigger.INDEX}
_ALGO: Final = "conditional,oco"
_FEES: Final = {False: "takerU", True: "taker"}  # by whether the contract is inverse


class OkxReader(AccountReader):
    """A trading account of any level."""

    config: ClassVar[Mapping[str, Any]] = {
        "options": {
            "fetchMarkets": {"types": ["swap", "future"]},
            "adjustForTimeDifference": True,
        }
    }
    reads = frozenset(
        {
            "account/config", "account/balance", "account/positions", "account/trade-fee",
            "account/max-withdrawal", "asset/currencies", "trade/orders-pending",
            "trade/orders-algo-pending",
        }
    )  # fmt: skip

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._taker_fees: dict[bool, float] = {}

    async def _ask(self, endpoint: str, **params: Any) -> list[Row]:
        return numbers.rows((await self.adapter.ask(f"privateGet{endpoint}", **params))["data"])

    async def _rights(self) -> KeyRights:
        told = str((await self._ask("AccountConfig"))[0].get("perm") or "")
        words = {word.strip() for word in told.split(",") if word.strip()}
        if not words:
            return KeyRights()
        return KeyRights(may_trade="trade" in words, may_withdraw="withdraw" in words)

    async def _read(self) -> tuple[Account, dict[str, float]]:
        config = (await self._ask("AccountConfig"))[0]
        balance = (await self._ask("AccountBalance"))[0]
        await self._learn_fees()
        rows = [row for row in await self._ask("AccountPositions") if numbers.finite(row["pos"])]
        positions = tuple(p for row in rows if (p := self._position(row)) is not None)
        coins = numbers.rows(balance["details"])
        level = str(config.get("acctLv"))
        multi = level in _TOGETHER
        limits = await self.seldom(
            "what may be withdrawn", lambda: self._ask("AccountMaxWithdrawal")
        )
        most = {row["ccy"]: numbers.finite(row.get("maxWd")) for row in limits or []}
        account = Account(
            id=self.source.id,
            venue=self.source.venue,
            positions=positions,
            balances={str(row["ccy"]): self.known(row, "cashBal") for row in coins},
            haircuts={} if not multi else _haircuts(coins),
            orders=await self._orders(positions),
            position_mode=(
                PositionMode.HEDGE
                if config.get("posMode") == "long_short_mode"
                else PositionMode.ONE_WAY
            ),
            collateral=Collateral.MULTI_ASSET if multi else Collateral.SINGLE_ASSET,
            margin_system=system_of(positions, rows, has_rule=level != PORTFOLIO),
            taker_fee=self._taker_fees.get(any(p.contract is Contract.INVERSE for p in positions)),
            withdrawals_open=await self._withdrawals(positions),
            figures={"USD": _whole(balance)}
            if multi
            else {str(row["ccy"]): _pool(row, most.get(row["ccy"])) for row in coins},
        )
        return account, _prices(coins)

    def _position(self, row: Row) -> Position | None:
        if row.get("instType") == "OPTION":
            return self._option(row)
        market = self.market_by_id(row.get("instId"))
        if market is None:
            return None
        isolated = row.get("mgnMode") == "isolated"
        mark, profit = self.known(row, "markPx"), self.known(row, "upl")
        wallet = self.known(row, "margin") if isolated else None
        balance = None if wallet is None else wallet + profit
        rank = numbers.finite(row.get("adl"))
        return Position(
            symbol=market.key.symbol,
            quantity=_face(market, self.known(row, "pos"), row.get("posSide")),
            entry_price=self.known(row, "avgPx"),
            leverage=numbers.amount(row.get("lever")),
            margin_mode=MarginMode.ISOLATED if isolated else MarginMode.CROSS,
            isolated_margin=wallet,
            mark_price=mark,
            adl_rank=None if rank is None else int(rank),
            figures=VenueFigures(
                mark_price=mark,
                unrealized_pnl=profit,
                margin_balance=balance,
                initial_margin=numbers.amount(row.get("imr")),
                maintenance_margin=_required(balance, row)
                if isolated
                else self._with_fee(row, market),
                margin_ratio=_inverted(row.get("mgnRatio")),
                liquidation_price=liquidation_price(row.get("liqPx")),
            ),
        )

    def _option(self, row: Row) -> Position | None:
        """Return an option; its coins are its value over its mark, since contracts differ."""
        value, mark = numbers.finite(row.get("optVal")), numbers.price(row.get("markPx"))
        coins = None if value is None or mark is None else abs(value) / mark
        sign = -1 if self.known(row, "pos") < 0 or row.get("posSide") == "short" else 1
        symbol = option_symbol(row.get("instId"), "USD")
        quantity = None if coins is None else sign * coins
        return option_position(symbol, quantity, row.get("avgPx"), mark)

    def _with_fee(self, row: Row, market: Market) -> float | None:
        """Return a cross position's maintenance margin with the fee, which ``mmr`` leaves out."""
        bare, fee = numbers.finite(row.get("mmr")), self._taker_fees.get(market.inverse)
        face, mark = abs(_face(market, self.known(row, "pos"), None)), self.known(row, "markPx")
        if bare is None or fee is None:
            return None
        return bare + fee * (face / mark if market.inverse else face * mark)

    async def _learn_fees(self) -> None:
        """Read the taker fees; OKX writes what one pays as a negative figure."""
        answer = await self.seldom(
            "the taker fee", lambda: self._ask("AccountTradeFee", instType="SWAP")
        )
        told = answer[0] if answer else {}
        rates = {inverse: numbers.finite(told.get(name)) for inverse, name in _FEES.items()}
        self._taker_fees = {k: -rate for k, rate in rates.items() if rate is not None}

    async def _withdrawals(self, positions: Iterable[Position]) -> bool | None:
        held = next((position.symbol for position in positions), "BTC/USDT:USDT")
        coin = held.partition(":")[2].partition("-")[0]
        rows = await self.seldom(
            "the withdrawal status", lambda: self._ask("AssetCurrencies", ccy=coin)
        )
        told = [row["canWd"] for row in rows or [] if "canWd" in row]
        return any(value is True or value == "true" for value in told) if told else None

    async def _orders(self, positions: Sequence[Position]) -> tuple[Order, ...]:
        resting = await self._ask("TradeOrdersPending")
        waiting = await self.optional(
            "conditional orders", self._ask("TradeOrdersAlgoPending", ordType=_ALGO)
        )
        found = [self._resting(row) for row in resting]
        found += [order for row in waiting or [] for order in self._waiting(row, positions)]
        return orders_of(found)

    def _resting(self, row: Row) -> Order | None:
        if row.get("instType") not in ("SWAP", "FUTURES"):
            return None
        market, price = (
            self.market_by_id(row.get("instId"), "resting order"),
            numbers.price(row.get("px")),
        )
        if market is None or price is None:
            return None
        left = self.known(row, "sz") - (numbers.amount(row.get("accFillSz")) or 0.0)
        return Order(
            symbol=market.key.symbol,
            quantity=_sign(row) * left * market.instrument.contract_size,
            type=OrderType.LIMIT,
            price=price,
            trigger=Trigger.LAST,
            reduce_only=_true(row.get("reduceOnly")),
        )

    def _waiting(self, row: Row, positions: Sequence[Position]) -> Iterator[Order]:
        """Yield the stop and the take-profit of one conditional order."""
        market = self.market_by_id(row.get("instId"), "conditional order")
        if market is None:
            return
        size, symbol = numbers.amount(row.get("sz")), market.key.symbol
        face = None if size is None else size * market.instrument.contract_size
        for prefix in ("sl", "tp"):
            price = numbers.price(row.get(f"{prefix}TriggerPx"))
            if price is not None:
                yield Order(
                    symbol=symbol,
                    quantity=close_or(face, positions, symbol, _sign(row)),
                    type=trigger_type(prefix),
                    price=price,
                    trigger=watched(row.get(f"{prefix}TriggerPxType"), _TRIGGERS),
                    reduce_only=_true(row.get("reduceOnly")) or not size,
                )


def _sign(row: Row) -> int:
    return 1 if row["side"] == "buy" else -1


def _true(value: object) -> bool:
    return value is True or value == "true"


def _face(market: Market, contracts: float, side: object) -> float:
    """Return signed base coins or USD; in long/short mode the contracts carry no sign."""
    signed = -abs(contracts) if side == "short" else contracts
    return signed * market.instrument.contract_size


def _inverted(raw: object) -> float | None:
    printed = numbers.amount(raw)
    return None if printed is None else 1.0 / printed


def _required(balance: float | None, row: Row) -> float | None:
    """Return maintenance margin with the fee, from the printed ratio of balance over it."""
    printed = numbers.amount(row.get("mgnRatio"))
    return None if balance is None or printed is None else balance / printed


def _pool(row: Row, withdrawable: float | None) -> VenueFigures:
    """Return what is said of one currency's cross pool."""
    cross_profit = numbers.finite(row.get("upl"))
    own_profit = numbers.finite(row.get("isoUpl")) or 0.0
    cash = numbers.finite(row.get("cashBal"))
    profit = None if cross_profit is None else cross_profit - own_profit
    balance = None if cash is None or profit is None else cash + profit
    return VenueFigures(
        unrealized_pnl=profit,
        margin_balance=balance,
        initial_margin=numbers.finite(row.get("imr")),
        maintenance_margin=_required(balance, row),
        margin_ratio=_inverted(row.get("mgnRatio")),
        free_collateral=numbers.finite(row.get("availEq")),
        withdrawable=withdrawable,
    )


def _whole(balance: Row) -> VenueFigures:
    """Return what is said of a multi-currency account, in USD."""
    return VenueFigures(
        margin_balance=numbers.finite(balance.get("adjEq")),
        initial_margin=numbers.finite(balance.get("imr")),
        maintenance_margin=numbers.finite(balance.get("mmr")),
        margin_ratio=_inverted(balance.get("mgnRatio")),
        free_collateral=numbers.finite(balance.get("availEq")),
    )


def _haircuts(coins: Iterable[Row]) -> dict[str, float]:
    """Return what the venue leaves out of each currency: its discounted equity over its value."""
    cuts = {}
    for row in coins:
        value, counted = numbers.amount(row.get("eqUsd")), numbers.finite(row.get("disEq"))
        if value is not None and counted is not None and 0 <= counted <= value:
            cuts[str(row["ccy"])] = 1.0 - counted / value
    return cuts


def _prices(coins: Iterable[Row]) -> dict[str, float]:
    prices = {}
    for row in coins:
        equity, value = numbers.finite(row.get("eq")), numbers.finite(row.get("eqUsd"))
        if equity and value and math.isfinite(value / equity) and value / equity > 0:
            prices[str(row["ccy"])] = value / equity
    return prices
