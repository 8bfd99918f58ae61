from __future__ import annotations

import pytest

from workstation.exchanges.accounts.options import option_position, option_symbol
from workstation.market.instrument import is_option


@pytest.mark.parametrize(
    ("name", "quote", "symbol"),
    [
        ("BTC-27NOV26-60000-P", "USD", "BTC/USD:BTC-261127-60000-P"),
        ("BTC-3DEC26-60000-C", "USD", "BTC/USD:BTC-261203-60000-C"),
        ("XRP_USDC-27NOV26-2d5-C", "USD", "XRP/USDC:USDC-261127-2.5-C"),
        ("BTC-USD-261127-60000-P", "USD", "BTC/USD:BTC-261127-60000-P"),
        ("BTC-27NOV26-60000-P-USDT", "USDC", "BTC/USDT:USDT-261127-60000-P"),
        ("ETH-27NOV26-1500-C", "USDC", "ETH/USDC:USDC-261127-1500-C"),
    ],
)
def test_every_venues_name_becomes_ccxts(name, quote, symbol):
    assert option_symbol(name, quote) == symbol
    assert is_option(symbol)


@pytest.mark.parametrize("name", ["BTC-PERPETUAL", "BTC-27NOV26", "BTC-99ABC26-1-C", None])
def test_what_is_no_option_has_no_symbol(name):
    assert option_symbol(name, "USD") is None


def test_an_option_without_its_mark_is_none():
    assert option_position("BTC/USD:BTC-261127-60000-P", 1.0, 0.01, None) is None
