"""Betas of the book's coins: of which candles, and when they are estimated again."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from tests.workstation.market.facts import btc, candles_of, mark, store_of
from tests.workstation.risk.worlds import ETH, SOL, account, book, cross
from workstation.market.facts import CandlePrice
from workstation.services.hourly_betas import HourlyBetas, coin_histories

HOUR_S, COUNT = 3_600, 400
BITCOIN, ETHER = btc("binanceusdm"), btc("bybit", ETH)
RETURNS = 0.006 * np.random.default_rng(1).standard_t(4, COUNT)
PORTFOLIO = book(account(cross(ETH, 1.0, 2_000.0), cross(SOL, 1.0, 100.0)))


def priced(returns, key, start=60_000.0, **options):
    closes = start * np.exp(np.cumsum(returns))
    return candles_of(closes, key=key, interval_s=HOUR_S, **options)


def known(*candles):
    return store_of(mark(BITCOIN, 60_000.0), mark(ETHER, 2_000.0), candles=candles)


def test_bitcoin_and_the_books_coins_are_followed_by_their_longest_history():
    marks = dataclasses.replace(priced(RETURNS, ETHER), price=CandlePrice.MARK)
    short = priced(RETURNS[:50], ETHER)
    found = coin_histories(known(priced(RETURNS, BITCOIN), short, marks), PORTFOLIO)
    assert set(found) == {"BTC", "ETH"}
    assert found["ETH"].price is CandlePrice.MARK


def test_a_known_beta_is_found():
    histories = {"BTC": priced(RETURNS, BITCOIN), "ETH": priced(1.3 * RETURNS, ETHER, 2_000.0)}
    estimates = HourlyBetas()(histories)
    assert set(estimates) == {"ETH"}
    assert estimates["ETH"].beta == pytest.approx(1.3)


def test_without_bitcoins_history_nothing_is_estimated():
    assert HourlyBetas()({"ETH": priced(RETURNS, ETHER)}) == {}
    assert HourlyBetas()({}) == {}


def test_it_is_estimated_again_when_a_new_hour_is_there_and_not_before():
    betas = HourlyBetas()
    histories = {"BTC": priced(RETURNS, BITCOIN), "ETH": priced(1.3 * RETURNS, ETHER, 2_000.0)}
    first = betas(histories)
    assert betas(dict(histories)) is first
    longer = np.append(RETURNS, 0.01)
    assert betas({**histories, "BTC": priced(longer, BITCOIN)}) is not first
