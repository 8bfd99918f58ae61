# ruff: noqa: E501 (a sentence that a person reads stands here in one piece)
"""What is accepted with a warning beside the position, with its exact sentence."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.workstation.risk.worlds import account, cross, isolated, listed, report_of, table, world
from workstation.market.instrument import MarketKey
from workstation.risk.tiers import TierBook, TierUnit

BTC, VENUE = "BTC/USDT:USDT", "binanceusdm"
OWN = {"maintenance_rate": None}  # no tier in the file: the venue's hold


def problems(*positions, inputs=None, balances=None, **more):
    backed = {"USDT": 1e9} if balances is None else balances
    held = account(*positions, venue=VENUE, balances=backed, **more)
    return report_of(held, inputs=inputs).problems


def tiers(*, unit=TierUnit.VALUE):
    made = table((0, 300_000, 0.004, 0), (300_000, None, 0.005, 300), unit=unit)
    made.max_leverage[:] = (150.0, 100.0)
    return world(tiers={(VENUE, BTC): made}, instruments=[listed(VENUE, BTC, contract_size=0.001)])


# --- leverage above the venue's maximum for that size ---------------------------------------------


def test_leverage_above_the_venues_maximum_for_that_size():
    held = isolated(BTC, 10.0, 64_000.0, 5_200.0, leverage=125.0, **OWN)
    assert problems(held, inputs=tiers()) == (
        "a BTC/USDT:USDT: its leverage of 125 is above the 100 that binanceusdm allows for this size (test).",
    )


@pytest.mark.parametrize(("quantity", "leverage"), [(1.0, 125.0), (10.0, 100.0), (1.0, None)])
def test_leverage_that_the_size_allows_is_no_doubt(quantity, leverage):
    held = isolated(BTC, quantity, 64_000.0, 900.0 * quantity, leverage=leverage, **OWN)
    assert problems(held, inputs=tiers()) == ()


def test_the_size_is_counted_as_the_table_counts():
    # 10 BTC are 10,000 contracts of 0.001: the first tier, though they are worth 640,000
    held = isolated(BTC, 10.0, 64_000.0, 5_200.0, leverage=125.0, **OWN)
    assert problems(held, inputs=tiers(unit=TierUnit.CONTRACTS)) == ()


def test_without_a_tier_the_contracts_own_maximum_holds():
    key = MarketKey(VENUE, BTC)
    shipped = world(instruments=[world().catalogue.embedded().find(key)])
    held = isolated(BTC, 0.1, 64_000.0, 40.0, leverage=200.0, maintenance_rate=0.004)
    (doubt,) = problems(held, inputs=shipped)
    assert doubt.startswith("a BTC/USDT:USDT: its leverage of 200 is above the ")
    assert "that binanceusdm allows for this size (embedded 20" in doubt


def test_the_shipped_table_is_named_with_its_day():
    inputs = replace(world(), tiers=TierBook.embedded())
    held = isolated(BTC, 10.0, 64_000.0, 5_200.0, leverage=125.0, **OWN)
    assert problems(held, inputs=inputs) == (
        "a BTC/USDT:USDT: its leverage of 125 is above the 100 that binanceusdm allows for this size (embedded 2026-09-29).",
    )


# --- an entry price more than half away from the mark ---------------------------------------------


@pytest.mark.parametrize(
    ("entry", "doubtful"),
    [(96_001.0, True), (96_000.0, False), (31_999.0, True), (32_000.0, False)],
)
def test_an_entry_more_than_half_away_from_a_live_mark(entry, doubtful):
    live = world(marks={(VENUE, BTC): 64_000.0})
    found = problems(cross(BTC, 0.1, entry), inputs=live)
    sentence = f"a BTC/USDT:USDT: the entry price {entry:,.10g} is more than half away from the mark price 64,000."
    assert found == ((sentence,) if doubtful else ())


# --- already below maintenance, a coin without a price --------------------------------------------


def test_a_position_already_below_its_maintenance_margin():
    assert problems(cross(BTC, 10.0, 64_000.0), balances={"USDT": 1_000.0}) == (
        "a BTC/USDT:USDT is below its maintenance margin: the venue may liquidate it now.",
    )


def test_a_coin_without_a_price():
    assert problems(balances={"XYZ": 5.0}) == (
        "a: XYZ has no price: give one with --mark SYMBOL=PRICE.",
    )


def test_a_symbol_without_a_table_says_so_and_offers_the_files_override():
    held = cross(BTC, 1.0, 64_000.0, leverage=5.0, **OWN)
    assert problems(held) == (
        "a BTC/USDT:USDT: no maintenance tiers are known for it at binanceusdm; give maintenance_rate in the file.",
    )


# --- dollars at par -------------------------------------------------------------------------------


def test_dollars_without_a_price_are_noted_once():
    inputs = replace(world(), coin_prices={"USDC": 0.98})
    held = account(cross(BTC, 0.1, 64_000.0), balances={"USDT": 1e6, "USDC": 5.0, "USD": 1.0})
    assert report_of(held, replace(held, id="b"), inputs=inputs).problems == (
        "USDT: counted as 1 USD, because no price is known.",
    )
