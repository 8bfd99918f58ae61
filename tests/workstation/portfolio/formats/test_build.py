"""What a checked document becomes: quantities, margins, the book's time."""

from __future__ import annotations

import datetime as dt
import os

import pytest

from tests.workstation.portfolio.books import CATALOGUE, account, json_file, order, position
from workstation.portfolio.formats import registry
from workstation.portfolio.model import MarginMode, Position


def read_position(tmp_path, venue="binanceusdm", **changes) -> Position:
    path = json_file(tmp_path, account(position(**changes), venue=venue))
    return registry.read(path, CATALOGUE).accounts[0].positions[0]


def test_a_short_is_negative(tmp_path):
    assert read_position(tmp_path, side="short").quantity == -2.4


def test_contracts_become_base_coins_by_the_market_list(tmp_path):
    # OKX BTC-USDT-SWAP: 0.01 BTC a contract
    assert read_position(tmp_path, "okx", quantity=None, contracts=240).quantity == pytest.approx(
        2.4
    )


def test_contracts_become_usd_face_for_an_inverse_contract(tmp_path):
    # Binance BTCUSD: 100 USD a contract
    held = read_position(
        tmp_path, "binancecoinm", symbol="BTC/USD:BTC", quantity=None, contracts=50, side="short"
    )
    assert held.quantity == -5_000


def test_a_contract_size_in_the_file_beats_the_list(tmp_path):
    held = read_position(tmp_path, "okx", quantity=None, contracts=240, contract_size=0.1)
    assert held.quantity == pytest.approx(24)


def test_an_isolated_linear_position_gets_the_initial_margin_at_entry(tmp_path):
    # 2.4 BTC x 64,390 / 25, as in the specification's example
    held = read_position(tmp_path, margin_mode="isolated", leverage=25)
    assert held.isolated_margin == pytest.approx(6_181.44)


def test_an_isolated_inverse_position_gets_the_initial_margin_at_entry_in_coin(tmp_path):
    # 10,000 USD / (50,000 x 10) = 0.02 BTC
    held = read_position(
        tmp_path, "binancecoinm", symbol="BTC/USD:BTC", quantity=10_000, entry_price=50_000,
        leverage=10, margin_mode="isolated",
    )  # fmt: skip
    assert held.isolated_margin == pytest.approx(0.02)


def test_a_given_isolated_margin_is_kept_and_needs_no_leverage(tmp_path):
    held = read_position(tmp_path, margin_mode="isolated", isolated_margin=0)
    assert (held.isolated_margin, held.leverage) == (0, None)


def test_a_cross_position_has_no_margin_of_its_own(tmp_path):
    held = read_position(tmp_path, leverage=10)
    assert (held.margin_mode, held.isolated_margin) == (MarginMode.CROSS, None)


def test_a_manual_venue_has_lots_of_a_thousandth(tmp_path):
    held = read_position(tmp_path, "manual", maintenance_rate=0.01)
    assert held.contract_size == 0.001
    held = read_position(tmp_path, "manual", maintenance_rate=0.01, contract_size=1)
    assert held.contract_size == 1


def test_a_sell_order_is_negative(tmp_path):
    path = json_file(tmp_path, account(position(), orders=[order(), order(side="buy")]))
    sizes = [item.quantity for item in registry.read(path, CATALOGUE).accounts[0].orders]
    assert sizes == [-2.4, 2.4]


def test_the_book_is_as_old_as_it_says(tmp_path):
    path = json_file(tmp_path, account(position()), as_of="2026-02-05T22:10:00+01:00")
    moment = dt.datetime(2026, 2, 5, 21, 10, tzinfo=dt.UTC)
    assert registry.read(path, CATALOGUE).as_of_ms == moment.timestamp() * 1_000


def test_a_book_that_does_not_say_is_as_old_as_its_file(tmp_path):
    path = json_file(tmp_path, account(position()))
    os.utime(path, (1_770_000_000, 1_770_000_000))
    assert registry.read(path, CATALOGUE).as_of_ms == 1_770_000_000_000
