"""The walk of a scenario: every cent accounted for, whatever the book."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.workstation.risk.oracle import Oracle
from tests.workstation.risk.test_liquidation import (
    PRICES,
    accounts,
    log_floats,
)
from tests.workstation.risk.walks import (
    FORCED,
    mixed_accounts,
    move,
    orders,
    parts,
)
from tests.workstation.risk.worlds import (
    world,
)
from workstation.risk.report import EventKind, PositionOutcome
from workstation.risk.tiers import TierMode


@given(accounts(), log_floats(0.5, 1.8), st.sampled_from([0.0, 0.7, 2.0]))
@settings(max_examples=120)
def test_a_pool_dies_where_a_search_along_the_way_finds_it(drawn, ratio, beta):
    """One pool an account: its first event is where equity meets maintenance on the path."""
    owner, tiers = drawn
    assume(all(t.mode is not TierMode.FLAT for t in tiers.values()))
    assume(abs(math.log(ratio)) > 0.01)
    report = move(
        owner, inputs=world(prices=PRICES, tiers=tiers), moves={"BTC": PRICES["BTC"] * ratio},
        betas={"ETH": beta, "SOL": 1.0},
    )  # fmt: skip
    powers = {"BTC": 1.0, "ETH": beta, "SOL": 1.0, "USDT": 0.0}
    oracle = Oracle.of(owner, owner.positions[0], tiers, PRICES)

    def surplus(clock):
        moved = {coin: ratio ** (power * clock) for coin, power in powers.items()}
        marks = [p.mark_price * moved[p.symbol.partition("/")[0]] for p in owner.positions]
        return oracle.equity(marks, moved) - oracle.maintenance(marks)

    dead = next((i / 400 for i in range(401) if surplus(i / 400) <= 0), None)
    if dead is None:
        assert report.events == ()
        return
    alive = max(0.0, dead - 1 / 400)
    for _ in range(60):
        middle = (alive + dead) / 2
        alive, dead = (alive, middle) if surplus(middle) <= 0 else (middle, dead)
    assert report.events[0].kind in FORCED
    at = math.log(report.events[0].coin_price["BTC"] / PRICES["BTC"]) / math.log(ratio)
    assert at == pytest.approx(dead, abs=1e-7)
    if report.events[-1].kind is EventKind.LIQUIDATION:
        assert report.equity_after_usd == pytest.approx(0.0, abs=1e-6)


@st.composite
def walks(draw):
    """Draw an account with orders, and return what a move with funding does to it."""
    owner, tiers = draw(st.one_of(accounts(), mixed_accounts()))
    owner = replace(owner, orders=draw(orders(owner)))
    return move(
        owner, inputs=world(prices=PRICES, tiers=tiers),
        moves={"BTC": PRICES["BTC"] * draw(log_floats(0.5, 1.8))},
        over_h=draw(st.sampled_from([0.0, 6.0])), funding_rate_8h=0.002,
    )  # fmt: skip


@given(walks())
@settings(max_examples=150)
def test_positions_and_wallets_add_up_to_the_change_of_the_book(report):
    assert report.pnl_usd == pytest.approx(report.equity_after_usd - report.equity_before_usd)
    assert parts(report) == pytest.approx(report.pnl_usd, abs=0.02 + 1e-9 * 1e6)


@given(walks())
@settings(max_examples=100)
def test_what_events_lost_is_what_a_position_lost_that_is_gone(report):
    """A closed part tells of its own loss only; together they are the position's."""
    for row in report.positions:
        own = [e for e in report.events if (e.symbol, e.side) == (row.symbol, row.side)]
        opened = any(e.kind in (EventKind.FILL, EventKind.STOP) for e in own)
        if row.status is PositionOutcome.LIQUIDATED and own and not opened:
            assert sum(e.loss_usd for e in own) == pytest.approx(-row.pnl_usd, abs=0.01)


@given(accounts(), log_floats(0.5, 1.8))
@settings(max_examples=60)
def test_a_pool_that_is_gone_leaves_nothing_behind(drawn, ratio):
    owner, tiers = drawn
    report = move(
        owner, inputs=world(prices=PRICES, tiers=tiers), moves={"BTC": PRICES["BTC"] * ratio}
    )
    dead = {p.symbol for p in report.positions if p.status is PositionOutcome.LIQUIDATED}
    if dead:
        assert len(dead) == len({p.symbol for p in owner.positions})
        assert report.equity_after_usd == pytest.approx(0.0, abs=1e-6)
        assert report.events[-1].equity_after_usd == pytest.approx(0.0, abs=1e-6)


def told(report):
    """Return all that is said of a move, by whose it is."""
    rows = [
        (e.account, e.symbol, e.side, e.kind, e.price, e.quantity, e.loss_usd, e.equity_after_usd)
        for e in report.events
    ]
    ends = ((p.account, p.symbol, p.side, p.status, p.pnl_usd) for p in report.positions)
    rows += sorted(ends, key=lambda row: row[:3])
    return [*(cell for row in rows for cell in row), report.equity_after_usd]


def words(said):
    return [cell for cell in said if isinstance(cell, str)]


def figures(said):
    return [cell for cell in said if isinstance(cell, float)]


@given(st.data(), log_floats(0.5, 1.8), st.sampled_from([0.0, 6.0]))
@settings(max_examples=25, deadline=None)
def test_the_order_of_positions_balances_and_accounts_does_not_matter(data, ratio, over_h):
    owner, tiers = data.draw(st.one_of(accounts(), mixed_accounts()))
    owner = replace(owner, orders=data.draw(orders(owner)))
    second = replace(data.draw(mixed_accounts())[0], id="z")
    turned = [
        replace(
            one,
            positions=one.positions[::-1],
            balances=dict(reversed(one.balances.items())),
        )
        for one in (second, owner)
    ]
    how = {"moves": {"BTC": PRICES["BTC"] * ratio}, "over_h": over_h, "funding_rate_8h": 0.002}
    inputs = world(prices=PRICES, tiers=tiers)
    there = told(move(owner, second, inputs=inputs, **how))
    back = told(move(*turned, inputs=world(prices=PRICES, tiers=tiers), **how))
    assert words(there) == words(back)
    assert figures(there) == pytest.approx(figures(back), rel=1e-6, abs=0.01)
