"""The fit of the leverage mix: likelihood, recovery, prior, reported share, ensemble."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workstation.risk.heatmap import DEFAULT_PARAMETERS
from workstation.risk.heatmap_fit import DRAWS, Evidence, draw_mixes, fit_mix, reported_share
from workstation.risk.kernels.mix import expectation_maximisation, log_likelihood

PRIOR = DEFAULT_PARAMETERS.shares(0.004)
NOBODY = np.empty(0, np.int64)


def some_evidence(shares, *, days=20, coins_an_event=0.05, exposure=0.3, seed=1):
    """Rows in which a hat or two are crossed, and amounts drawn as events of one size."""
    rng = np.random.default_rng(seed)
    rows = 288 * days
    crossed = np.zeros((rows, 2, 13))
    for hat in range(13):
        hit = rng.random((rows, 2)) < 0.15
        crossed[:, :, hat][hit] = rng.exponential(200.0, hit.sum())
    mean = exposure * np.einsum("sj,nsj->ns", shares, crossed)
    return Evidence(
        crossed=crossed,
        observed=coins_an_event * rng.poisson(mean / coins_an_event),
        age_days=(rows - 1 - np.arange(rows)) / 288,
        exposure=exposure,
    )


def test_shares_that_made_the_liquidations_are_found_again():
    true = PRIOR * np.linspace(0.3, 2.0, 13)
    fit = fit_mix(some_evidence(true), PRIOR)
    np.testing.assert_allclose(fit.shares, true, rtol=0.15, atol=5e-4)
    assert fit.priced_share == pytest.approx(true.sum(axis=1), rel=0.03)


def test_a_prior_seven_times_too_large_does_not_matter():
    true = PRIOR / 7
    fit = fit_mix(some_evidence(true), PRIOR)
    assert fit.priced_share == pytest.approx(true.sum(axis=1), rel=0.05)


def test_the_dispersion_is_the_size_of_an_event():
    for size in (0.05, 2.0):
        fit = fit_mix(some_evidence(PRIOR, coins_an_event=size), PRIOR)
        assert fit.dispersion == pytest.approx([size, size], rel=0.1)


def test_hats_that_were_never_crossed_keep_the_prior_s_shape_at_the_size_of_the_others():
    evidence = some_evidence(PRIOR / 3)
    evidence.crossed[:, :, :4] = 0.0  # price never came so far
    mean = evidence.exposure * np.einsum("sj,nsj->ns", PRIOR / 3, evidence.crossed)
    evidence.observed[:] = np.random.default_rng(2).poisson(mean / 0.05) * 0.05
    fit = fit_mix(evidence, PRIOR)
    np.testing.assert_allclose(fit.shares[:, :4], PRIOR[:, :4] / 3, rtol=0.05)


def test_old_days_count_less():
    evidence = some_evidence(PRIOR, days=28)
    old = evidence.age_days > 14
    evidence.observed[old] *= 4.0
    fit = fit_mix(evidence, PRIOR)
    young = fit_mix(some_evidence(PRIOR, days=28), PRIOR)
    # weights of the two fortnights are two to one
    factor = fit.priced_share / young.priced_share
    assert factor == pytest.approx([(2 + 4) / 3] * 2, rel=0.1)


@settings(max_examples=40)
@given(seed=st.integers(0, 10_000), passes=st.integers(1, 8))
def test_every_pass_increases_the_posterior(seed, passes):
    rng = np.random.default_rng(seed)
    crossed = rng.exponential(1.0, (30, 5)) * (rng.random((30, 5)) < 0.4)
    observed = rng.exponential(2.0, 30)
    prior, rate = rng.uniform(0.01, 0.3, 5), 10.0

    def posterior(shares):
        expected = crossed @ shares + 1e-3
        data = log_likelihood(observed, expected, np.ones(30))
        return data + np.sum(rate * prior * np.log(shares) - rate * shares)

    before = posterior(prior)
    for count in range(1, passes + 1):
        shares = expectation_maximisation(
            crossed, observed, crossed.sum(axis=0), rate * prior, rate, 1e-3, prior, count
        )
        after = posterior(shares)
        assert after >= before - 1e-9 * abs(before)
        before = after


@settings(max_examples=20)
@given(factor=st.floats(1e-3, 1e3), seed=st.integers(0, 100))
def test_shares_are_never_negative_nor_more_than_there_is(factor, seed):
    evidence = some_evidence(PRIOR, days=2, seed=seed)
    evidence.observed[:] *= factor
    fit = fit_mix(evidence, PRIOR)
    draws = draw_mixes(evidence, PRIOR, fit, np.random.default_rng(seed))
    for shares in (fit.shares, *draws):
        assert (shares >= 0).all()
        assert (shares.sum(axis=1) <= 0.95 + 1e-12).all()


def test_the_unit_of_quantity_does_not_matter():
    evidence = some_evidence(PRIOR)
    small = Evidence(
        crossed=1e6 * evidence.crossed,
        observed=1e6 * evidence.observed,
        age_days=evidence.age_days,
        exposure=evidence.exposure,
    )
    np.testing.assert_allclose(
        fit_mix(evidence, PRIOR).shares, fit_mix(small, PRIOR).shares, rtol=1e-6
    )


def test_the_ensemble_surrounds_the_fit_and_is_wider_with_less_to_see():
    widths = []
    for days, size in ((20, 5.0), (4, 1_000.0)):
        evidence = some_evidence(PRIOR, days=days, coins_an_event=size)
        fit = fit_mix(evidence, PRIOR)
        draws = draw_mixes(evidence, PRIOR, fit, np.random.default_rng(1))
        assert draws.shape == (DRAWS, 2, 13)
        low, high = np.quantile(draws.sum(axis=2)[:, 0], [0.1, 0.9])
        assert low < fit.priced_share[0] < high
        assert np.log(high / low) > 0.4  # nobody knows the reported share better, whatever is seen
        widths.append(np.log(draws[:, 0, 6] / draws.sum(axis=2)[:, 0]).std())
    assert widths[1] > 1.5 * widths[0]


def test_the_reported_share_is_the_venue_s_until_its_feed_shows_two_orders_in_a_second():
    seconds, sides = np.arange(100), np.zeros(100, np.int64)
    assert reported_share("binanceusdm", NOBODY, NOBODY) == 0.36
    assert reported_share("binanceusdm", seconds, sides) == 0.36
    assert reported_share("bybit", NOBODY, NOBODY) == 1.0
    twice = np.repeat(seconds[:50], 2)
    assert reported_share("binanceusdm", twice, sides) == 1.0
    assert reported_share("binanceusdm", twice, np.tile([0, 1], 50)) == 0.36  # one of each side
