"""Books that are walked, by hand and drawn: for every test of what happens on the way."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st

from tests.workstation.risk.test_liquidation import (
    INVERSE,
    LINEAR,
    PRICES,
    log_floats,
    positions,
)
from tests.workstation.risk.worlds import (
    HEDGE,
    MULTI,
    account,
    book,
    order,
    world,
)
from workstation.portfolio.model import OrderType
from workstation.risk.profiles import PROFILES
from workstation.risk.report import EventKind
from workstation.risk.scenario import Scenario, run

FORCED = (EventKind.PARTIAL, EventKind.LIQUIDATION)
LIMIT, STOP, TAKE_PROFIT = OrderType.LIMIT, OrderType.STOP, OrderType.TAKE_PROFIT


def move(*owners, inputs=None, **scenario):
    moves = scenario.pop("moves", {"BTC": 50_000.0})
    scenario = {"funding_rate_8h": 0.0, **scenario}
    return run(book(*owners), inputs or world(), Scenario(moves=moves, **scenario))


def kinds(report):
    return [(event.kind, event.symbol) for event in report.events]


def parts(report):
    """Return what positions and wallets gained together."""
    return sum(p.pnl_usd or 0.0 for p in report.positions) + sum(b.pnl_usd for b in report.balances)


@st.composite
def orders(draw, owner):
    return tuple(
        order(
            draw(st.sampled_from([LIMIT, STOP, TAKE_PROFIT])),
            position.symbol,
            position.quantity * draw(st.sampled_from([-1.0, -0.4, 0.5, -1.7])),
            position.mark_price * draw(log_floats(0.7, 1.4)),
            reduce_only=draw(st.booleans()),
        )
        for position in owner.positions
        if draw(st.booleans())
    )


@st.composite
def mixed_accounts(draw):
    """An account of many pools: isolated and cross, linear and inverse, in both directions."""
    symbols = (*LINEAR, *INVERSE)
    held = draw(st.lists(positions(symbols), min_size=1, max_size=4))
    alone = draw(st.lists(positions(symbols, isolated_margin=True), max_size=3))
    held = list({(p.symbol, p.side): p for p in [*held, *alone]}.values())
    held = [replace(p, maintenance_rate=p.maintenance_rate or 0.02) for p in held]
    usd = draw(log_floats(1e3, 1e6))
    owner = account(
        *held, venue=draw(st.sampled_from(sorted(PROFILES))), position_mode=HEDGE, taker_fee=0.0005,
        collateral=draw(st.sampled_from([MULTI, account().collateral])),
        balances={"USDT": usd, "BTC": usd / PRICES["BTC"], "ETH": 0.3 * usd / PRICES["ETH"]},
        haircuts={"USDT": 0.0, "USDC": 0.0, "BTC": 0.05, "ETH": 0.1},
    )  # fmt: skip
    return owner, {}
