"""The embedded market lists, and live ones over them."""

from __future__ import annotations

import ccxt
import pytest

from workstation.market.catalogue import Catalogue, nearest
from workstation.market.instrument import Contract, Instrument, MarketKey

CATALOGUE = Catalogue.embedded()
MAJORS = ("BTC", "ETH", "SOL", "XRP", "BNB", "DOGE")


# Sizes: Binance COIN-M rules; OKX and Deribit instrument lists; Hyperliquid and Bybit documentation
@pytest.mark.parametrize(
    ("venue", "symbol", "size"),
    [
        ("binanceusdm", "BTC/USDT:USDT", 1),
        ("binancecoinm", "BTC/USD:BTC", 100),
        ("binancecoinm", "ETH/USD:ETH", 10),
        ("okx", "BTC/USDT:USDT", 0.01),
        ("okx", "ETH/USDT:USDT", 0.1),
        ("okx", "BTC/USD:BTC", 100),
        ("okx", "ETH/USD:ETH", 10),
        ("bybit", "BTC/USDT:USDT", 1),
        ("bybit", "ETH/USDT:USDT", 1),
        ("bybit", "BTC/USD:BTC", 1),
        ("deribit", "BTC/USD:BTC", 10),
        ("deribit", "ETH/USD:ETH", 1),
        ("hyperliquid", "BTC/USDC:USDC", 1),
    ],
)
def test_contract_sizes_are_those_that_the_venues_publish(venue, symbol, size):
    assert CATALOGUE.find(MarketKey(venue, symbol)).contract_size == size


@pytest.mark.parametrize("coin", MAJORS)
def test_the_majors_are_listed_where_most_people_trade_them(coin):
    assert CATALOGUE.find(MarketKey("binanceusdm", f"{coin}/USDT:USDT"))
    assert CATALOGUE.find(MarketKey("hyperliquid", f"{coin}/USDC:USDC"))


def test_every_row_says_where_it_comes_from_and_of_which_day():
    for rows in CATALOGUE.lists.values():
        assert all(
            row.source.startswith("embedded 202") and ": " in row.source for row in rows.values()
        )


def test_steps_are_positive_where_they_are_known():
    for rows in CATALOGUE.lists.values():
        for row in rows.values():
            assert all(step is None or step > 0 for step in (row.tick, row.lot, row.max_leverage))


def test_inverse_and_linear_are_told_apart():
    assert CATALOGUE.find(MarketKey("deribit", "BTC/USD:BTC")).contract is Contract.INVERSE
    assert CATALOGUE.find(MarketKey("deribit", "BTC/USDC:USDC")).contract is Contract.LINEAR


def test_venues_are_exactly_the_derivatives_venues_of_ccxt():
    having = {
        name
        for name in ccxt.exchanges
        if getattr(ccxt, name)().has.get("swap") or getattr(ccxt, name)().has.get("future")
    }
    assert having == CATALOGUE.venues


def test_a_live_row_replaces_the_embedded_one_and_leaves_the_others():
    key = MarketKey("okx", "BTC/USDT:USDT")
    live = Instrument(
        key=key,
        contract=Contract.LINEAR,
        base="BTC",
        quote="USDT",
        settle="USDT",
        contract_size=0.02,
    )
    merged = CATALOGUE.with_instruments([live])
    assert merged.find(key).contract_size == 0.02
    assert CATALOGUE.find(key).contract_size == 0.01
    assert merged.find(MarketKey("okx", "ETH/USDT:USDT")) is CATALOGUE.find(
        MarketKey("okx", "ETH/USDT:USDT")
    )


def test_a_venue_gets_a_list_from_its_live_instruments():
    live = Instrument(
        key=MarketKey("phemex", "BTC/USDT:USDT"),
        contract=Contract.LINEAR,
        base="BTC",
        quote="USDT",
        settle="USDT",
        contract_size=1,
    )
    assert not CATALOGUE.has_list("phemex")
    assert CATALOGUE.with_instruments([live]).symbols("phemex") == ("BTC/USDT:USDT",)


@pytest.mark.parametrize(
    ("venue", "symbol", "may"),
    [
        ("bybit", "WIF/USDT:USDT", True),
        ("deribit", "BTC/USD:BTC-270326", True),
        ("bybit", "NOSUCHCOIN/USDT:USDT", False),
        ("hyperliquid", "WIF/USDT:USDT", False),  # settles in USDC only
        ("binanceusdm", "GATEONLY/USDT:USDT", False),  # its list is complete
        ("phemex", "BTC/USDT:USDT", False),  # no list, so no list that lacks it
    ],
)
def test_a_contract_that_an_incomplete_list_lacks_may_exist_if_its_parts_do(venue, symbol, may):
    assert CATALOGUE.may_exist(MarketKey(venue, symbol)) is may


def test_what_a_complete_live_list_lacks_does_not_exist():
    key = MarketKey("bybit", "WIF/USDT:USDT")
    row = CATALOGUE.find(MarketKey("bybit", "BTC/USDT:USDT"))
    assert CATALOGUE.with_instruments([row]).may_exist(key)
    assert not CATALOGUE.with_instruments([row], complete=True).may_exist(key)


@pytest.mark.parametrize("written", ["BTC/UDST:USDT", "BTC/USDT", "btc/usdt:usdt", "BTCUSDT"])
def test_the_nearest_symbol_is_suggested(written):
    assert CATALOGUE.nearest_symbol(MarketKey("binanceusdm", written)) == "BTC/USDT:USDT"


def test_nothing_is_suggested_when_nothing_is_near():
    assert nearest("elephant", ["long", "short"]) is None
    assert nearest("", ["long", "short"]) is None
    assert nearest("x" * 1_000_000, CATALOGUE.symbols("binanceusdm")) is None
