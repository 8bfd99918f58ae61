"""Betas from returns: known ones are found, noise is shrunk, stale coins get the middle."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workstation.risk.beta_estimates import (
    HALF_LIFE_H,
    PRIOR_SPREAD,
    default_estimate,
    estimate_betas,
)

HOURS = 60 * 24


def bitcoin(seed=1, hours=HOURS):
    return 0.006 * np.random.default_rng(seed).standard_t(4, hours)


def alt(driver, beta, noise=0.003, seed=2):
    return beta * driver + noise * np.random.default_rng(seed).standard_normal(len(driver))


def test_known_betas_are_found_within_their_bands():
    driver = bitcoin()
    true = {"ETH": 1.2, "SOL": 1.5, "DOGE": 1.8}
    found = estimate_betas(
        driver, {coin: alt(driver, beta, seed=k) for k, (coin, beta) in enumerate(true.items())}
    )
    for coin, beta in true.items():
        assert found[coin].beta == pytest.approx(beta, abs=0.05)
        assert found[coin].low - 0.03 < beta < found[coin].high + 0.03
        assert found[coin].hours == HOURS


def test_a_noiseless_coin_needs_no_shrinking():
    driver = bitcoin()
    found = estimate_betas(driver, {"ETH": 1.2 * driver, "SOL": 1.7 * driver})
    assert found["ETH"].beta == pytest.approx(1.2, abs=1e-6)
    assert found["SOL"].high - found["SOL"].low < 1e-6


def test_shrinking_by_hand():
    # precision-weighted mean of the own estimate and the middle of the coins, 1/error^2 : 1/.35^2
    driver = bitcoin()
    others = {"A": 1.0 * driver, "B": 2.0 * driver, "C": alt(driver, 4.0, noise=0.2)}
    found = estimate_betas(driver, others)
    middle = 2.0
    weights = 0.5 ** (np.arange(HOURS)[::-1] / HALF_LIFE_H)
    x, y = driver, others["C"]
    own = np.sum(weights * x * y) / np.sum(weights * x * x)
    error2 = np.sum((weights * x * (y - own * x)) ** 2) / np.sum(weights * x * x) ** 2
    precision, prior = 1 / error2, 1 / PRIOR_SPREAD**2
    assert found["C"].beta == pytest.approx(
        (own * precision + middle * prior) / (precision + prior)
    )
    assert middle < found["C"].beta < own


def test_recent_hours_count_more():
    driver = bitcoin(hours=120 * 24)
    changed = np.where(np.arange(len(driver)) < len(driver) // 2, 1.0, 2.0) * driver
    found = estimate_betas(driver, {"ETH": changed})["ETH"]
    # half-lives: 60 days of weight 1 - 1/4 against 1/4 - 1/16, in all 15/16
    assert found.beta == pytest.approx((2 * 0.75 + 0.1875) / 0.9375, abs=0.05)


def test_a_coin_that_falls_harder_than_it_rises_has_a_larger_downside_beta():
    driver = bitcoin()
    skewed = np.where(driver < 0, 2.0, 1.0) * driver
    found = estimate_betas(driver, {"ETH": skewed})["ETH"]
    assert found.downside == pytest.approx(2.0)
    assert found.beta == pytest.approx(1.5, abs=0.1)
    assert found.stressed(2.0) == pytest.approx(2.0)
    assert found.stressed(-5.0) == pytest.approx(2.0 * (1 + 0.03 * 2))


def test_stale_and_short_coins_get_the_middle_of_the_others_and_a_wide_band():
    driver = bitcoin()
    stale = np.where(np.arange(HOURS) % 10 == 0, driver, 0.0)
    young = np.where(np.arange(HOURS) < HOURS - 24, np.nan, driver)
    found = estimate_betas(
        driver, {"A": 1.0 * driver, "B": 2.0 * driver, "C": 3 * driver, "S": stale, "Y": young}
    )
    for coin in ("S", "Y"):
        assert found[coin].beta == pytest.approx(2.0)
        assert found[coin].hours == 0
        assert found[coin].high - found[coin].low == pytest.approx(2 * 1.2816 * PRIOR_SPREAD)


def test_without_any_coin_to_learn_from_the_defaults_stand():
    found = estimate_betas(bitcoin(hours=10), {"ETH": bitcoin(hours=10), "PEPE": bitcoin(hours=10)})
    assert (found["ETH"].beta, found["ETH"].low, found["ETH"].high) == (1.25, 1.05, 1.6)
    assert (found["PEPE"].beta, found["PEPE"].high) == (1.6, 4.5)


def test_a_stablecoin_stays_where_it_is_and_does_not_move_the_middle():
    driver = bitcoin()
    pegged = 1e-5 * np.random.default_rng(5).standard_normal(HOURS)
    found = estimate_betas(driver, {"USDC": pegged, "ETH": 1.4 * driver})
    assert found["USDC"].beta == pytest.approx(0.0, abs=0.01)
    assert found["ETH"].beta == pytest.approx(1.4)
    assert default_estimate("USDT").beta == 0.0


@given(st.floats(0.5, 4.0), st.integers(0, 2**31))
@settings(max_examples=30)
def test_the_estimate_lies_between_its_own_and_the_middle(beta, seed):
    driver = bitcoin(seed)
    noisy = alt(driver, beta, noise=0.05, seed=seed + 1)
    found = estimate_betas(driver, {"A": driver, "B": 1.5 * driver, "C": noisy})
    assert found["C"].low <= found["C"].beta <= found["C"].high
    assert found["C"].high - found["C"].low <= 2 * 1.2816 * PRIOR_SPREAD + 1e-9
