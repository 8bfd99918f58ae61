"""The same seed is the same market, however its time is cut into pieces."""

from __future__ import annotations

import numpy as np
import pytest

from workstation.simulation import story
from workstation.simulation.market import new_market

START_S = story.CROWD_START_S
DAY_S = 86_400


def played(seed, *pieces_s):
    market = new_market(seed, START_S)
    for seconds in pieces_s:
        market.advance(seconds, step_s=10)
    return market


def assert_same(one, other):
    for left, right in zip(one.coins, other.coins, strict=True):
        for name in left.state._fields:
            np.testing.assert_array_equal(
                getattr(left.state, name), getattr(right.state, name), err_msg=name
            )


def test_one_seed_is_one_market():
    assert_same(played(5, DAY_S), played(5, DAY_S))


def test_another_seed_is_another_market():
    one, other = played(5, 3_600), played(6, 3_600)
    for left, right in zip(one.coins, other.coins, strict=True):
        assert left.state.core["log_price"] != right.state.core["log_price"]


def test_a_market_advanced_in_pieces_is_the_one_advanced_at_once():
    assert_same(played(5, DAY_S), played(5, 10, 86_000, 30, 360))


def test_time_advances_by_whole_steps():
    market = played(5, 95)
    assert market.time_s == START_S + 90
    assert {int(item.state.core["time_s"][0]) for item in market.coins} == {START_S + 90}


def test_the_arrays_do_not_grow_with_time():
    market = new_market(5, START_S)
    before = [array.nbytes for item in market.coins for array in item.state]
    market.advance(30 * DAY_S, step_s=60)
    assert [array.nbytes for item in market.coins for array in item.state] == before


def test_other_coins_follow_bitcoin_by_their_betas():
    market = new_market(5, START_S)
    market.advance(150 * DAY_S, step_s=300)
    hours = [item.state.hours[0] for item in market.coins]
    closes = [np.log(np.sort(bars[bars["bar"] > 0], order="bar")["close"]) for bars in hours]
    returns = [np.diff(close[::24]) for close in closes]
    for item, own in zip(market.coins[1:], returns[1:], strict=True):
        beta = np.cov(own, returns[0])[0, 1] / returns[0].var()
        assert beta == pytest.approx(item.coin.beta, abs=0.25)


def test_a_coin_that_is_not_simulated_is_a_key_error():
    with pytest.raises(KeyError, match="DOGE"):
        new_market(5, START_S).coin("DOGE")
