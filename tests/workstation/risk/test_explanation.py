"""Every figure of a row explains itself: formula, inputs, tier row with its table, source."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.workstation.risk.worlds import (
    BTC,
    BTC_INVERSE,
    MULTI,
    cross,
    funding,
    isolated,
    row_of,
    table,
    world,
)
from workstation.portfolio.model import MarginSystem
from workstation.risk.profiles import PROFILES
from workstation.risk.report import Figure
from workstation.risk.tiers import TierMode

TIERS = table((0, 50_000, 0.004, 0), (50_000, None, 0.005, 50))
ROW = row_of(
    cross(BTC, 1.0, 58_000.0, 60_000.0, maintenance_rate=None, leverage=10.0),
    world(
        tiers={("binanceusdm", BTC): TIERS}, funding=funding("binanceusdm", BTC, 1e-4),
        prices={"BTC": 60_000.0},
    ),
    venue="binanceusdm", balances={"USDT": 12_000.0},
)  # fmt: skip
TIER_ROW = "Tier 2 of 2 now: 0.5000% of the value less 50 (test: a test)."


@pytest.mark.parametrize("figure", list(Figure))
def test_every_figure_names_the_tiers_row_its_table_and_the_venues_rules(figure):
    lines = ROW.explain(figure).splitlines()
    assert lines.count(TIER_ROW) == 1
    assert lines[-1] == "Rules: Binance FAQ b3c689c1f50a44cabb3a84e663b81d93; haircuts of 2021."


@pytest.mark.parametrize(
    ("figure", "formula"),
    [
        (Figure.SIZE, "Notional = quantity x mark = 1 x 60,000 = 60,000 USDT."),
        (Figure.ENTRY, "Average entry price 58,000: from the portfolio."),
        (Figure.PROFIT, "Unrealised profit = 1 x (60,000 − 58,000) = 2,000 USDT."),
        (Figure.INITIAL, "Initial margin = value / leverage = 60,000 / 10 = 6,000 USDT."),
        (Figure.MAINTENANCE, "Maintenance margin now: 250 USDT."),
        (
            Figure.RATIO,
            "Ratio = maintenance margin / margin balance of the pool = 250 / 14,000 = 1.79%; "
            "liquidation at 100%.",
        ),
        (Figure.LIQUIDATION, "Liquidated where margin balance = maintenance margin."),
        # 46,000 / 0.996, in the first tier there
        (
            Figure.DISTANCE,
            "Distance = liquidation price / mark − 1 = 46,184.73896 / 60,000 − 1 = −23.03%.",
        ),
        (
            Figure.COMMON_SHOCK,
            "The price at which its pool is liquidated when everything moves with its beta.",
        ),
        (
            Figure.BANKRUPTCY,
            "Bankruptcy price: margin balance = 0, everything else in the pool stands still.",
        ),
        (Figure.FUNDING, "Next funding = −rate x notional = −0.0100% x 60,000 = −6 USD."),
        (Figure.POSITION, "BTC/USDT:USDT at Binance USD-M: ok."),
    ],
)
def test_the_first_line_is_the_formula_with_its_numbers(figure, formula):
    assert ROW.explain(figure).splitlines()[0] == formula


def test_the_tier_at_the_liquidation_price_stands_beside_the_one_now():
    lines = ROW.explain(Figure.LIQUIDATION).splitlines()
    assert "Tier 1 of 2 at that price: 0.4000% of the value (test: a test)." in lines
    assert lines[-1].startswith("Rules: Binance FAQ")


@pytest.mark.parametrize(
    ("venue", "words"),
    [
        ("binanceusdm", "for a fee that is not known here and not counted (secondary text:"),
        ("deribit", "it is cut in parts first, for a fee of 0.75% of what is closed"),
        ("manual", "it is closed whole, without a fee of its own"),
    ],
)
def test_the_price_says_what_happens_there_and_for_which_fee(venue, words):
    row = row_of(cross(BTC, 1.0, 60_000.0), venue=venue, balances={"USDT": 9_000.0})
    assert words in row.explain(Figure.LIQUIDATION)


def test_the_bankruptcy_price_says_who_takes_what_is_short():
    assert "Beyond it the insurance fund takes it over" in ROW.explain(Figure.BANKRUPTCY)
    held = cross(BTC, 1.0, 60_000.0, maintenance_rate=0.0125)
    row = row_of(held, venue="hyperliquid", balances={"USDT": 6_000.0})
    assert "Once the margin balance is below 500 (67% of maintenance margin)" in row.explain(
        Figure.BANKRUPTCY
    )


def test_an_inverse_position_is_explained_in_coins():
    row = row_of(
        isolated(BTC_INVERSE, -60_000.0, 50_000.0, 0.3, 60_000.0, leverage=4.0),
        world(prices={"BTC": 60_000.0}),
    )
    assert row.explain(Figure.SIZE).splitlines()[0] == (
        "Value = USD face / mark = 60,000 / 60,000 = 1 BTC."
    )
    assert row.explain(Figure.PROFIT).splitlines()[0] == (
        "Unrealised profit = −60,000 x (1 / 50,000 − 1 / 60,000) = −0.2 BTC."
    )


def test_collateral_is_listed_with_what_counts_of_it():
    row = row_of(
        cross(BTC, 1.0, 60_000.0), world(prices={"BTC": 60_000.0}), collateral=MULTI,
        balances={"BTC": 0.5}, haircuts={"BTC": 0.05},
    )  # fmt: skip
    assert "Collateral BTC: 30,000 USD, of which 95.00% counts." in row.explain(Figure.RATIO)


def test_a_deribit_rate_names_its_slope():
    tiers = table(
        (0, None, 0.01, 0), mode=TierMode.LINEAR_IN_SIZE, slope=5e-5, initial=(0.02, 5e-5)
    )
    row = row_of(
        cross(BTC_INVERSE, 60_000.0, 60_000.0, maintenance_rate=None),
        world(tiers={("deribit", BTC_INVERSE): tiers}, prices={"BTC": 60_000.0}),
        venue="deribit", balances={"BTC": 1.0},
    )  # fmt: skip
    assert "Maintenance rate 1.0000% + 0.0050% a coin" in row.explain(Figure.MAINTENANCE)
    assert row.explain(Figure.INITIAL).startswith(
        "Initial margin = value x (2.0000% + 0.0050% a coin) = 0.02005 BTC, value 1 "
    )


def test_bybits_margins_name_the_fee_of_closing():
    # 60,000 x (1 - 1 / 10) x 0.055 % = 29.7
    row = row_of(
        cross(BTC, 1.0, 60_000.0, leverage=10.0), venue="bybit", balances={"USDT": 9_000.0}
    )
    assert row.explain(Figure.INITIAL).splitlines()[0] == (
        "Initial margin = value / leverage + fee of closing = 60,000 / 10 + 29.7 = 6,029.7 USDT."
    )


@pytest.mark.parametrize("figure", list(Figure))
def test_what_is_not_known_is_said_and_never_fails(figure):
    no_mark = row_of(replace(cross(BTC, 1.0, 60_000.0), mark_price=None))
    no_rule = row_of(cross(BTC, 1.0, 60_000.0), margin_system=MarginSystem.PORTFOLIO)
    no_tier = row_of(cross(BTC, 1.0, 60_000.0, maintenance_rate=None))
    assert all(row.explain(figure) for row in (no_mark, no_rule, no_tier))


@pytest.mark.parametrize("venue", sorted(PROFILES))
@pytest.mark.parametrize("figure", list(Figure))
def test_every_figure_of_every_venue_has_words(venue, figure):
    row = row_of(isolated(BTC, 1.0, 60_000.0, 6_000.0, leverage=10.0), venue=venue)
    assert row.explain(figure)
