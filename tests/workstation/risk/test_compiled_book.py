"""A compiled book's report against the scalar engine's, look after look."""

from __future__ import annotations

import math
from copy import copy
from dataclasses import fields, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.workstation.risk.test_liquidation import PRICES, accounts
from tests.workstation.risk.walks import mixed_accounts
from tests.workstation.risk.worlds import (
    BTC,
    BTC_INVERSE,
    ETH,
    NOW_MS,
    SOL,
    account,
    book,
    cross,
    funding,
    isolated,
    order,
    table,
    world,
)
from workstation.market.instrument import MarketKey, Side
from workstation.portfolio.model import OrderType, VenueFigures
from workstation.risk.compiled_book import Evaluator
from workstation.risk.engine import evaluate
from workstation.risk.inputs import MarkRange, PositionKey, Presumption
from workstation.risk.report import Figure, Status

BY_NUMBER = 1e-8


def same(got, want, where=""):
    """Compare two facts field by field; numbers may differ by what rounding leaves."""
    if isinstance(want, float) and isinstance(got, float):
        assert math.isclose(got, want, rel_tol=BY_NUMBER, abs_tol=1e-6), (where, got, want)
    elif isinstance(want, tuple):
        assert len(got) == len(want), (where, got, want)
        for k, (one, other) in enumerate(zip(got, want, strict=True)):
            same(one, other, f"{where}[{k}]")
    elif hasattr(want, "keys"):
        for key in got.keys() | want.keys():
            same(got.get(key, 0.0), want.get(key, 0.0), f"{where}[{key}]")
    elif hasattr(want, "__dataclass_fields__"):
        for field in fields(want):
            if field.name not in ("explain", "funding_path"):
                same(getattr(got, field.name), getattr(want, field.name), f"{where}.{field.name}")
    else:
        assert got == want, (where, got, want)


def same_report(got, want):
    """Compare two reports; sentences and exposures of one size stand in any order."""
    apart = {"problems": (), "exposures": (), "next_liquidation": None}
    same(replace(got, **apart), replace(want, **apart))
    same_next(got.next_liquidation, want.next_liquidation)
    assert sorted(got.problems) == sorted(want.problems)
    held = {row.coin: row for row in got.exposures}
    for row in want.exposures:
        if row.coin in held or row.long_base or row.short_base or row.spot_base:
            same(held[row.coin], row, row.coin)


def same_next(got, want):
    """Compare what is next; two legs of a hedge are liquidated at one price."""
    if got is None or want is None or (got.account, got.symbol) == (want.account, want.symbol):
        same(got, want if want is None or got is None else replace(want, side=got.side))
    else:
        assert got.distance == pytest.approx(want.distance, rel=BY_NUMBER)


def moved(owner, factor):
    """Return live marks of an account's markets, away from those of its file."""
    held = {(owner.venue, p.symbol): p.mark_price * factor for p in owner.positions}
    return world(marks=held).marks


@given(
    st.lists(st.one_of(accounts(), mixed_accounts()), min_size=1, max_size=4),
    st.lists(st.floats(0.8, 1.25), min_size=2, max_size=2),
    st.booleans(),
)
@settings(max_examples=60, deadline=None)
def test_every_look_at_a_compiled_book_is_the_engines(drawn, factors, with_ranges):
    owners = [replace(owner, id=f"a{i}") for i, (owner, _) in enumerate(drawn)]
    tiers = {key: tier for _, found in drawn for key, tier in found.items()}
    portfolio, compiled = book(*owners), Evaluator(many=0)
    for factor in factors:
        marks = {k: used for owner in owners for k, used in moved(owner, factor).items()}
        rates = {k: v for key in marks for k, v in funding(*key, 0.0001).items()}
        ranges = {
            key: MarkRange(low=used.price * 0.9, low_ms=NOW_MS, high=used.price * 1.02,
                           high_ms=NOW_MS, source="a test")
            for key, used in marks.items()
        }  # fmt: skip
        inputs = replace(
            world(prices=PRICES, tiers=tiers),
            marks=marks,
            funding=rates,
            ranges=ranges if with_ranges else {},
        )
        same_report(compiled(portfolio, inputs), evaluate(portfolio, inputs))


def large(*more, **named):
    held = cross(BTC, 1.0, 60_000.0, leverage=10.0), isolated(ETH, -3.0, 3_000.0, 900.0)
    return account(*held, *more, balances={"USDT": 20_000.0}, **named)


def report_of(portfolio, inputs=None, evaluator=None):
    inputs = inputs or world(prices={"BTC": 60_000.0})
    return (evaluator or Evaluator(many=0))(portfolio, inputs)


@pytest.mark.parametrize(
    "odd",
    [
        cross(SOL, 10.0, 150.0, maintenance_rate=None),  # no tiers
        replace(cross(SOL, 10.0, 150.0), mark_price=None),  # no mark
        cross(BTC_INVERSE, 1e4, 60_000.0),  # a pool of its own, with nothing in it
        cross("BTC/USDT:USDT-261225-50000-P", 1.0, 900.0),  # an option
    ],
)
def test_an_account_of_which_something_is_not_known_is_the_scalar_engines(odd):
    portfolio = book(large(), large(odd, name="b"), large(name="c"))
    inputs = world(prices={"BTC": 60_000.0})
    found = report_of(portfolio, inputs)
    same_report(found, evaluate(portfolio, inputs))
    assert [row.account for row in found.positions] == ["a", "a", "b", "b", "b", "c", "c"]


def test_a_size_beyond_its_tiers_a_lost_position_and_doubts_are_told_as_ever():
    tiers = {("manual", SOL): table((0, 2_000, 0.01, 0))}
    plain = cross(SOL, 10.0, 150.0, maintenance_rate=None, leverage=50.0)
    portfolio = book(
        large(plain), large(plain, name="b"), large(cross(SOL, 10.0, 400.0, 150.0), name="c")
    )
    compiled = Evaluator(many=0)
    passed = Presumption(sentence="b: lost.", price=120.0)
    for price in (150.0, 250.0, 150.0):
        inputs = world(prices={"BTC": 6e4}, tiers=tiers, marks={("manual", SOL): price})
        lost = {PositionKey("b", SOL, Side.LONG): passed}
        for presumed in ({}, lost):
            inputs = replace(inputs, presumed=presumed)
            found = compiled(portfolio, inputs)
            same_report(found, evaluate(portfolio, inputs))
    assert {row.status for row in found.positions} == {Status.OK, Status.PRESUMED_LIQUIDATED}
    assert any("more than half away from the mark" in text for text in found.problems)


def test_a_coin_without_a_price_has_that_of_its_largest_position():
    larger = account(cross(BTC, 2.0, 60_000.0, 61_000.0), name="b", balances={"USDT": 2e4})
    portfolio = book(large(), larger)
    inputs = world()
    found = report_of(portfolio, inputs)
    same_report(found, evaluate(portfolio, inputs))
    assert found.exposures[0].net_usd == pytest.approx(3 * 61_000.0)


def test_what_the_venue_tells_and_orders_stand_in_the_rows():
    stops = (
        order(OrderType.STOP, BTC, -1.0, 55_000.0),
        order(OrderType.STOP, BTC, -1.0, 58_000.0),
    )
    told = VenueFigures(withdrawable=5.0, apart="a: apart.")
    held = replace(cross(BTC, 1.0, 60_000.0), figures=told, adl_rank=2)
    owner = account(held, balances={"USDT": 9e3}, orders=stops, figures={"USDT": told})
    found = report_of(book(owner))
    same_report(found, evaluate(book(owner), world(prices={"BTC": 60_000.0})))
    assert (found.positions[0].stop_price, found.accounts[0].withdrawable) == (58_000.0, 5.0)


def test_a_row_of_columns_is_a_report_of_a_position():
    portfolio, inputs = book(large()), world(prices={"BTC": 60_000.0})
    row, want = report_of(portfolio).positions[0], evaluate(portfolio, inputs).positions[0]
    for figure in Figure:
        assert row.explain(figure) == want.explain(figure)
    shorts = report_of(portfolio).positions[1], evaluate(portfolio, inputs).positions[1]
    drawn, path = (one.funding_path(-1e-4) for one in shorts)
    assert drawn.meets_in_days == pytest.approx(path.meets_in_days)
    same(replace(row, status=Status.UNKNOWN), replace(want, status=Status.UNKNOWN))
    same(copy(row), want)
    with pytest.raises(AttributeError, match="no colour"):
        _ = row.colour


def test_a_book_is_compiled_again_only_when_it_must_be(monkeypatch):
    from workstation.risk import compiled_book

    made = []
    whole = compiled_book.compile_pools
    monkeypatch.setattr(
        compiled_book, "compile_pools", lambda *given: made.append(1) or whole(*given)
    )
    compiled, portfolio = Evaluator(many=0), book(large())
    inputs = world(prices={"BTC": 6e4}, marks={("manual", BTC): 6e4})
    report_of(portfolio, inputs, compiled)
    report_of(portfolio, replace(inputs, coin_prices=inputs.coin_prices | {"BTC": 5e4}), compiled)
    assert len(made) == 1
    changed = (
        (portfolio, replace(inputs, betas={"ETH": 2.0})),
        (portfolio, replace(inputs, coin_prices={"USDT": 1.0})),
        (portfolio, replace(inputs, silent=frozenset([MarketKey("manual", ETH)]))),
        (book(large()), inputs),
    )
    for n, (owned, seen) in enumerate(changed, start=2):
        report_of(owned, seen, compiled)
        assert len(made) == n


def test_a_small_book_is_not_compiled():
    row = report_of(book(large()), evaluator=Evaluator()).positions[0]
    assert type(row).__name__ == "PositionReport"
