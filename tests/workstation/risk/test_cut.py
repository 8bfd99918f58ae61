"""The greedy cut against a linear program, on a thousand random books."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import linprog

from tests.workstation.risk.test_frontier import plan_of
from tests.workstation.risk.worlds import account, cross
from workstation.risk.scenario import Scenario

BOOKS = 1_000
COINS = ("BTC", "ETH", "SOL", "XRP", "DOGE")
PRICES = {"BTC": 60_000.0, "ETH": 2_000.0, "SOL": 80.0, "XRP": 1.4, "DOGE": 0.1}
FEE = 0.0005
LOT_USD = 0.01


def program(gain, cost, deficit):
    """Return the least cost of shares from 0 to 1 whose gains make up every deficit."""
    found = linprog(cost, A_ub=-np.atleast_2d(gain), b_ub=-np.atleast_1d(deficit), bounds=(0, 1))
    return found.fun if found.success else None


def random_book(random):
    """A cross account that is short of margin somewhere between now and the scenario."""
    count = random.integers(2, 6)
    signs = np.where(random.random(count) < 0.75, 1.0, -1.0)
    sizes = random.uniform(5_000, 100_000, count)
    rates = random.uniform(0.004, 0.03, count)
    entries = random.uniform(0.95, 1.05, count)
    positions = [
        cross(
            f"{coin}/USDT:USDT", sign * size / PRICES[coin], PRICES[coin] * entry, PRICES[coin],
            maintenance_rate=float(rate), contract_size=LOT_USD / PRICES[coin],
        )
        for coin, sign, size, rate, entry in zip(
            COINS[:count], signs, sizes, rates, entries, strict=True
        )
    ]  # fmt: skip
    wallet = random.uniform(0.02, 0.2) * float(sizes.sum())
    return account(*positions, balances={"USDT": wallet}, taker_fee=FEE)


def least_notional(plan, owner, pool, clocks):
    """Return the smallest notional to close, by a linear program over all times at once."""
    factors = plan.path.legs(pool, clocks)
    gains = [
        leg.maintenance(factor) - leg.profit(factor) + leg.profit_now - leg.value * FEE
        for leg, factor in zip(pool.legs, factors, strict=True)
    ]
    worth = np.array([leg.value for leg in pool.legs])
    return program(np.array(gains).T, worth, -plan.path.surplus(pool, clocks))


def test_the_cut_of_a_thousand_random_books_is_as_small_as_a_linear_programs():
    random = np.random.default_rng(20260205)
    clocks = np.linspace(0.0, 1.0, 65)
    compared = 0
    for _ in range(BOOKS):
        owner = random_book(random)
        end = 60_000.0 * random.uniform(0.75, 0.95)
        scenario = Scenario(moves={"BTC": end}, funding_rate_8h=0.0)
        plan, owner, (pool,) = plan_of(owner, scenario, prices=PRICES)
        if plan.path.surplus(pool, clocks[:1]) <= 0:
            continue  # it dies at its first moment: see the docstring of ``cut``
        least = least_notional(plan, owner, pool, clocks)
        if plan.short(owner, pool) > 0:
            assert least == pytest.approx(0.0, abs=1e-6)
            continue
        cuts = plan.cut(owner, pool)
        if least is None:  # a debt is left even where everything is closed
            assert len(cuts) == len(owner.positions)
            continue
        compared += 1
        notional = sum(done.cut.cost_usd for done in cuts) / FEE
        assert least - 0.05 <= notional <= least * (1 + 2e-5) + 2 * LOT_USD
    assert compared > 400
