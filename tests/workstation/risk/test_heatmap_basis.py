"""Where the leverage basis puts a position's liquidation, against the formula by hand."""

from __future__ import annotations

import numpy as np
import pytest

from workstation.risk.heatmap_basis import (
    NODE_LEVERAGES,
    lognormal_mix,
    make_basis,
    node_distances,
)
from workstation.risk.kernels.book import LONG, SHORT

RATE, DELTA = 0.004, 0.001


def equal_shares(total=0.13):
    return np.full((2, len(NODE_LEVERAGES)), total / len(NODE_LEVERAGES))


def test_a_node_stands_where_isolated_margin_ends():
    # 8x: 1/8 - 0.4 % = 12.1 % from the entry; 130x would stand nearer than a quarter of a percent
    distances = node_distances(RATE)
    assert distances[4] == pytest.approx(0.121)
    assert distances[0] == pytest.approx(0.496)
    assert distances[-1] == pytest.approx(1 / 130 - 0.004)
    assert node_distances(0.006)[-1] == 0.0025


@pytest.mark.parametrize("leverage", [4, 8, 16, 32])
def test_the_kernel_of_a_hat_peaks_at_its_liquidation_price(leverage):
    hat = NODE_LEVERAGES.index(leverage)
    basis = make_basis(equal_shares(), RATE, DELTA, separate_hats=True)
    distance = 1 / leverage - RATE
    long_offset = basis.kernel.shape[2] - 1 - int(np.argmax(basis.kernel[LONG, hat]))
    short_offset = int(np.argmax(basis.kernel[SHORT, hat]))
    assert long_offset == pytest.approx(-np.log(1 - distance) / DELTA, abs=1)
    assert short_offset == pytest.approx(np.log(1 + distance) / DELTA, abs=1)


def test_every_kernel_places_exactly_one_coin():
    for separate in (False, True):
        basis = make_basis(equal_shares(), RATE, DELTA, separate_hats=separate)
        np.testing.assert_allclose(basis.kernel.sum(axis=2), 1.0, rtol=1e-12)
        np.testing.assert_allclose(basis.weight.sum(axis=1), 0.13, rtol=1e-12)


def test_the_lognormal_mix_has_its_median_at_the_median_leverage():
    mix = lognormal_mix(8.3, 1.25, RATE)
    assert mix.sum() == pytest.approx(1.0)
    assert (mix >= 0).all()
    # cut off at 2x and 130x the normal loses 13 % below and 1 % above: the median moves to about 10
    cumulated = np.interp(0.5, np.cumsum(mix) - mix / 2, np.log(NODE_LEVERAGES))
    assert 8.3 < np.exp(cumulated) < 12.0


def test_more_leverage_moves_the_mix_towards_the_entry():
    distances = node_distances(RATE)
    assert lognormal_mix(20, 1.25, RATE) @ distances < lognormal_mix(5, 1.25, RATE) @ distances


@pytest.mark.parametrize("shares", [equal_shares(1.01), -equal_shares()])
def test_shares_that_are_no_shares_are_refused(shares):
    with pytest.raises(ValueError, match="shares of open interest"):
        make_basis(shares, RATE, DELTA)
