from __future__ import annotations

from tests.workstation.exchanges.accounts.fake_adapter import FakeAdapter, market, read
from workstation.exchanges.accounts.generic import GenericReader
from workstation.portfolio.model import MarginMode, OrderType

BTC = market("gate", "BTC/USDT:USDT", "BTC_USDT", 0.0001)
LONG = {
    "symbol": "BTC/USDT:USDT",
    "contracts": 5_000.0,
    "side": "long",
    "entryPrice": 70_000.0,
    "markPrice": 69_000.0,
    "marginMode": "cross",
    "leverage": 10.0,
    "liquidationPrice": 61_000.0,
    "maintenanceMargin": 150.0,
}
STOP = {
    "symbol": "BTC/USDT:USDT",
    "side": "sell",
    "stopLossPrice": 65_000.0,
    "remaining": 5_000.0,
    "reduceOnly": True,
}


def adapter(*rows, orders=(STOP,)):
    answers = {
        "fetch_positions": list(rows) or [LONG],
        "fetch_balance": {"total": {"USDT": 12_000.0, "GT": 0.0}},
        "fetch_open_orders": list(orders) if orders is not None else None,
    }
    return FakeAdapter("gate", [BTC], answers)


def test_contracts_times_their_size_are_coins():
    account = read(GenericReader, adapter()).account
    (held,) = account.positions
    assert held.quantity == 0.5
    assert held.figures.liquidation_price == 61_000.0
    assert account.balances == {"USDT": 12_000.0}
    assert [(o.type, o.price, o.quantity) for o in account.orders] == [
        (OrderType.STOP, 65_000.0, -0.5)
    ]


def test_it_says_what_is_not_known_of_the_wallet():
    assert (
        "whether it holds unrealised profit is not known" in read(GenericReader, adapter()).notes[0]
    )


def test_an_isolated_position_without_its_margin_is_left_out():
    isolated = LONG | {"marginMode": "isolated"}
    assert read(GenericReader, adapter(isolated)).account.positions == ()
    (held,) = read(GenericReader, adapter(isolated | {"collateral": 3_500.0})).account.positions
    assert (held.margin_mode, held.isolated_margin) == (MarginMode.ISOLATED, 3_500.0)


def test_what_a_venue_does_not_tell_stays_unknown():
    silent = dict.fromkeys(LONG) | {
        "symbol": "BTC/USDT:USDT", "contracts": 1.0, "side": "short", "entryPrice": 70_000.0,
    }  # fmt: skip
    (held,) = read(GenericReader, adapter(silent)).account.positions
    assert (held.leverage, held.mark_price, held.adl_rank) == (None, None, None)
    assert held.figures.liquidation_price is None
