"""How coins follow bitcoin where nothing better is known."""

from __future__ import annotations

import pytest

from workstation.risk.betas import OTHER_COIN_BETA, STABLECOINS, beta_of


def test_bitcoin_follows_itself():
    assert beta_of("BTC", {}) == 1.0


def test_a_coin_that_is_not_listed_is_taken_for_an_alt():
    assert beta_of("PEPE", {}) == OTHER_COIN_BETA > 1


@pytest.mark.parametrize("coin", sorted(STABLECOINS))
def test_a_dollar_stands_still_unless_told_so(coin):
    assert beta_of(coin, {}) == 0.0
    assert beta_of(coin, {coin: 0.1}) == 0.1


def test_zero_is_a_beta():
    assert beta_of("ETH", {"ETH": 0.0}) == 0.0
