"""A large book is solved by arrays and a small one pool by pool: the answers are the same."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.workstation.risk.test_liquidation import PRICES, accounts
from tests.workstation.risk.walks import mixed_accounts
from tests.workstation.risk.worlds import BTC, account, cross, world
from workstation.portfolio.model import MarginSystem
from workstation.risk import solving
from workstation.risk.pools import pools_of
from workstation.risk.report import LiquidationKind

NAMES = ("first", "other", "common_shock", "bankruptcy")


def near(got: float | None, want: float | None) -> bool:
    if got is None or want is None:
        return got is want
    return got == pytest.approx(want, rel=1e-8)


@given(st.lists(st.one_of(accounts(), mixed_accounts()), min_size=1, max_size=3))
@settings(max_examples=80)
def test_both_ways_give_the_same_prices(drawn):
    owners = [replace(owner, id=f"a{i}") for i, (owner, _) in enumerate(drawn)]
    odd = account(cross(BTC, 1.0, 60_000.0), margin_system=MarginSystem.PORTFOLIO, name="odd")
    tiers = {key: tier for _, found in drawn for key, tier in found.items()}
    inputs = world(prices=PRICES, tiers=tiers)
    pools = [pool for owner in (odd, *owners) for pool in pools_of(owner, inputs)]
    one_by_one = solving.solve(pools, inputs)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(solving, "MANY_LEGS", 0)
        together = solving.solve(pools, inputs)
    for slow, fast in zip(one_by_one, together, strict=True):
        assert (slow.shock is None) == (fast.shock is None)
        if slow.shock is not None and fast.shock is not None:
            assert fast.shock.coin == slow.shock.coin
            assert near(fast.shock.price, slow.shock.price)
        for want, got in zip(slow.prices, fast.prices, strict=True):
            assert got.kind is want.kind
            for name in NAMES:
                assert near(getattr(got, name), getattr(want, name))


def test_what_rounding_leaves_of_zero_is_no_price(monkeypatch):
    """The wallet is the cost to the last digit of a float: no way may print 1e-12 as a price."""
    quantity, entry = 0.0340768039461414, 58_272.66312832219
    held = account(
        cross(BTC, quantity, entry, maintenance_rate=0.01), balances={"USDT": quantity * entry}
    )
    inputs = world(prices=PRICES)
    pools = list(pools_of(held, inputs))
    for many in (solving.MANY_LEGS, 0):
        monkeypatch.setattr(solving, "MANY_LEGS", many)
        (found,) = solving.solve(pools, inputs)
        assert found.prices[0].kind is LiquidationKind.NONE
        assert found.prices[0].bankruptcy is None
