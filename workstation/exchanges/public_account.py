"""The positions of a public Hyperliquid address: a book without a file and without any key.

Never give this, or ccxt, a private key: with one, loading the markets alone sends two signed
writes. An address is enough to read.

What the venue's ``clearinghouseState`` means: ``crossMarginSummary.accountValue`` is the USDC of
the cross wallet plus the unrealised PnL of cross positions, isolated ones not counted. An
isolated position is worth ``rawUsd + szi x mark``, which is its ``marginUsed``; less its unrealised
PnL that is its isolated wallet. Checked against the example in Hyperliquid's documentation.
Spot balances and the markets of other builders (HIP-3) are not in it.
"""

from __future__ import annotations

import asyncio
import math
import re
from collections.abc import Mapping
from typing import Any, Final

from workstation.errors import ExchangeDataError, UsageError
from workstation.exchanges import numbers
from workstation.exchanges.hyperliquid import Hyperliquid
from workstation.exchanges.numbers import Row
from workstation.portfolio.model import Account, MarginMode, Position

VENUE: Final = "hyperliquid"
COLLATERAL: Final = "USDC"
_ADDRESS: Final = re.compile(r"0x[0-9a-fA-F]{40}")


def read_hyperliquid_account(address: str, options: Mapping[str, Any], timeout_s: float) -> Account:
    """Ask Hyperliquid for an address's positions and collateral; blocks, for a worker thread.

    Parameters
    ----------
    address : ``0x`` and 40 hexadecimal digits
    options : deep-merged into ccxt's constructor
    timeout_s : how long the venue may take to answer

    Raises
    ------
    UsageError
        The address is not one.
    ExchangeError
        The venue did not answer, or not with an account.
    """
    if not _ADDRESS.fullmatch(address):
        raise UsageError(f"'{address}' is not a Hyperliquid address (0x and 40 hexadecimal digits)")
    return asyncio.run(_read(address, options, timeout_s))


async def _read(address: str, options: Mapping[str, Any], timeout_s: float) -> Account:
    adapter = Hyperliquid(VENUE, options, timeout_s)
    await adapter.open()
    try:
        async with adapter.asking("clearinghouseState"):
            answer = await adapter.ask("publicPostInfo", type="clearinghouseState", user=address)
            return account_of(address, answer)
    finally:
        await adapter.close()


def account_of(address: str, state: Row) -> Account:
    """Translate a ``clearinghouseState``.

    Raises
    ------
    ExchangeDataError
        A figure that everything depends on is missing: half a book is worse than none.
    """
    try:
        legs = [item["position"] for item in state["assetPositions"]]
        cross = [leg for leg in legs if leg["leverage"]["type"] == "cross"]
        positions = tuple(_position(leg) for leg in legs)
        value = _known(state["crossMarginSummary"], "accountValue")
        cross_pnl = sum(_known(leg, "unrealizedPnl") for leg in cross)
    except (KeyError, TypeError, AttributeError, ZeroDivisionError) as error:
        raise _no_account(f"{error!r} in {str(state)[:200]}") from error
    return Account(
        id=f"{VENUE} {address[:6]}…{address[-4:]}",
        venue=VENUE,
        positions=positions,
        balances={COLLATERAL: value - cross_pnl},
    )


def _position(leg: Row) -> Position:
    quantity = _known(leg, "szi")
    value_usd, pnl_usd = _known(leg, "positionValue"), _known(leg, "unrealizedPnl")
    leverage = leg["leverage"]
    isolated = leverage["type"] == "isolated"
    signed_value_usd = math.copysign(value_usd, quantity)
    return Position(
        symbol=f"{leg['coin'].upper()}/{COLLATERAL}:{COLLATERAL}",
        quantity=quantity,
        entry_price=_known(leg, "entryPx"),
        leverage=numbers.amount(leverage.get("value")),
        margin_mode=MarginMode.ISOLATED if isolated else MarginMode.CROSS,
        isolated_margin=(
            _known(leverage, "rawUsd") + signed_value_usd - pnl_usd if isolated else None
        ),
        mark_price=numbers.price(signed_value_usd / quantity),
    )


def _known(row: Row, name: str) -> float:
    value = numbers.finite(row.get(name))
    if value is None:
        raise _no_account(f"{name} was {row.get(name)!r}")
    return value


def _no_account(detail: str) -> ExchangeDataError:
    return ExchangeDataError(
        VENUE,
        "clearinghouseState",
        detail,
        user_message="hyperliquid did not answer with an account; nothing was changed.",
    )
