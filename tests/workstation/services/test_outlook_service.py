"""What the models are given: of a store, and of a recording's end."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

from tests.workstation.market.facts import (
    btc,
    candles_of,
    interest,
    mark,
    order_book,
    store_of,
    ticker,
)
from tests.workstation.risk.test_cascade_inputs import columns_of
from workstation.errors import RecordingError
from workstation.market.facts import CandlePrice
from workstation.risk.kernels.cascade import fixed_point, sell_one_by_one, simulate
from workstation.risk.kernels.touch import extremes, filter_variance
from workstation.services.outlook_service import outlook_market, warm_up
from workstation.services.recorded_market import recorded_market

BINANCE, BYBIT, OKX = btc("binanceusdm"), btc("bybit"), btc("okx")
HOUR_S, HOUR_MS = 3_600, 3_600_000
MAP = columns_of(np.ones(50))  # of binanceusdm and bybit


def traded(key, volume):
    return dataclasses.replace(ticker(key, 99.0, 101.0), volume_24h_base=volume)


def hours(count, *, key=BINANCE, seed=1, price=CandlePrice.LAST):
    closes = 60_000 * np.exp(np.cumsum(np.random.default_rng(seed).normal(0, 0.005, count)))
    return dataclasses.replace(candles_of(closes, key=key, interval_s=HOUR_S), price=price)


def given(*facts, columns=MAP, candles=()):
    marks = (mark(key, 100.0) for key in (BINANCE, BYBIT, OKX))
    return outlook_market(store_of(*marks, *facts, candles=candles), "BTC", columns)


def test_depth_volume_and_open_interest_are_those_of_the_maps_venues():
    books = [order_book(key, [[99.0, 1.0]], [[101.0, 1.0]]) for key in (BINANCE, OKX)]
    market = given(
        *books, traded(BINANCE, 70.0), traded(BYBIT, 30.0), traded(OKX, 900.0),
        interest(BINANCE, 5.0, 500.0), interest(OKX, 7.0, 700.0),
    )  # fmt: skip
    assert [book.key for book in market.facts.books] == [BINANCE]
    assert market.facts.volume_24h_base == 100.0
    assert market.facts.open_interest_base == {BINANCE: 5.0}


def test_volume_is_not_known_while_a_venue_of_the_map_does_not_say():
    assert given(traded(BINANCE, 70.0)).facts.volume_24h_base is None
    assert given(columns=None).facts.volume_24h_base is None


def test_a_stale_order_book_is_left_out():
    stale = dataclasses.replace(
        order_book(BINANCE, [[99.0, 1.0]], [[101.0, 1.0]]), as_of_ms=-10_000_000
    )
    assert given(stale).facts.books == ()


def test_the_longest_hourly_history_gives_volatility():
    market = given(candles=(hours(100), hours(800, key=BYBIT, seed=2)))
    assert len(market.history.returns) == 798
    assert market.facts.volatility_daily == pytest.approx(0.005 * np.sqrt(24), rel=0.1)
    marks = hours(800, seed=3, price=CandlePrice.MARK)
    chosen = given(candles=(hours(800, key=BYBIT, seed=2), marks)).history
    assert chosen.returns == pytest.approx(np.diff(np.log(marks.close[:-1])))


def test_without_a_day_of_hours_nothing_is_known_of_volatility():
    market = given(candles=(hours(20),))
    assert market.history is None
    assert market.facts.volatility_daily is None


def test_a_price_that_stood_still_has_no_volatility():
    still = candles_of(np.full(100, 60_000.0), key=BINANCE, interval_s=HOUR_S)
    assert given(candles=(still,)).facts.volatility_daily is None


def test_a_recording_gives_the_map_and_the_history_at_its_end(recording):
    store, columns = recorded_market(recording, "BTC")
    assert columns.open_interest_base[-1] == pytest.approx(80_000 + 10 * (40 * 96 - 1), rel=1e-3)
    assert columns.long_base[-1].sum() > 0
    market = outlook_market(store, "BTC", columns)
    assert market.history.days == pytest.approx(40, abs=0.2)
    assert market.facts.volatility_daily == pytest.approx(0.002 * np.sqrt(96), rel=0.1)


def test_a_recording_without_open_interest_has_no_map(recording):
    (recording / "open_interest.parquet").unlink()
    store, columns = recorded_market(recording, "BTC")
    assert columns is None
    assert outlook_market(store, "BTC", columns).history is not None


def test_a_folder_without_a_recording_is_refused(tmp_path):
    pd.DataFrame({"a": [1]}).to_parquet(tmp_path / "other.parquet")
    with pytest.raises(RecordingError):
        recorded_market(tmp_path, "BTC")


def test_warming_up_compiles_every_kernel_of_the_models_and_says_so():
    said = []
    warm_up(said.append)
    assert len(said) == 1
    for kernel in (fixed_point, simulate, sell_one_by_one, extremes, filter_variance):
        assert kernel.signatures
