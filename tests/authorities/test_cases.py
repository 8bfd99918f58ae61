"""Every figure that a venue or its documents print, against the engine.

A figure is *expressible* where a portfolio file can say the case under the venue's rules of today;
*direct* where the engine has the equation but the venue's own rule was another then (maintenance at
entry, or frozen), or has no entry here; *impossible* where there is nothing here to compare, each
with its reason.
"""

from __future__ import annotations

from collections import Counter

import pytest

from tests.authorities.reading import Case, Setting, figure, read_cases, report_of
from tests.workstation.risk.worlds import account, book, cross, world
from workstation.market.instrument import MarketKey
from workstation.risk.engine import evaluate
from workstation.risk.profiles import PROFILES
from workstation.risk.tiers import TierBook

CASES = {case.id: case for case in read_cases()}

ENTRY_RULE = Setting(venue="manual", fixed=True)  # Bybit before 2025-09-02; BitMEX-style margins
AT_ENTRY = Setting(mark_at="entry")  # valued at entry then: the same figure with the mark there
AT_SIZE = Setting(mark_at="size_base")  # Deribit's own size, which has more digits than its mark
FROZEN = Setting(venue="bitget")  # maintenance margin stays as it is at the mark

DIRECT: dict[tuple[str, str], Setting] = {
    ("hl-2023-12pos-eth", "liquidation_price"): FROZEN,
    ("hl-2023-12pos-dydx", "liquidation_price"): FROZEN,
    ("hl-2023-12pos-ape", "liquidation_price"): FROZEN,
    ("kuc-btc-iso-5x", "liquidation_price"): ENTRY_RULE,
    ("kuc-eth-iso-short", "liquidation_price"): ENTRY_RULE,
    ("byb-inv-cross-2020", "liquidation_price"): ENTRY_RULE,
    ("phx-usdtm-iso", "liquidation_price"): Setting(venue="manual", fee_in_rate=True),
    ("bmx-cross-short-100x", "unrealized_pnl"): Setting(),
    ("drv-inv-shock-down", "shock"): Setting(venue="deribit"),
    **{
        (case.id, "liquidation_price"): ENTRY_RULE
        for case in CASES.values()
        if case.exchange == "bybit" and case.inputs.get("mm_basis") == "entry"
    },
    **{
        (case.id, name): AT_ENTRY
        for case in CASES.values()
        for name in {"maintenance_margin", "initial_margin", "notional"} & case.expected.keys()
        if case.inputs.get("value_at") == "entry"
    },
    **{
        (case.id, name): AT_SIZE
        for case in CASES.values()
        for name in {"maintenance_margin", "initial_margin"} & case.expected.keys()
        if "size_base" in case.inputs
    },
}

_SATOSHI = "BitMEX rounds each contract's value to a satoshi; there is no rule for it here"
_FEE_IN_MARGIN = "Bybit's isolated margins hold the fee of closing, which cancels in the price"
_HAND_MADE = "a fixture made by hand: its figures do not fit together"
IMPOSSIBLE: dict[tuple[str, str], str] = {
    **{
        (case.id, name): _HAND_MADE
        for case in CASES.values()
        if not case.reproduced
        for name in case.expected
    },
    **{
        (name, of): _SATOSHI
        for name in ("bmx-short-25x", "bmx-long-1x")
        for of in ("liquidation_price", "bankruptcy_price", "maintenance_margin")
    },
    ("bmx-cross-short-100x", "initial_margin"): _SATOSHI,
    ("byb-token-short-1x", "maintenance_margin"): _FEE_IN_MARGIN,
    ("byb-token-short-1x", "initial_margin"): _FEE_IN_MARGIN,
    (
        "byb-inv-cross-2020",
        "bankruptcy_price",
    ): "the rule of 2020 took the fee off the margin first",
    (
        "kuc-btc-iso-5x",
        "bankruptcy_price",
    ): "KuCoin's bankruptcy price leaves the fee out of margin",
    ("kuc-eth-iso-short", "bankruptcy_price"): "as above",
    ("bncm-faq-300btc", "maintenance_amount"): "the embedded COIN-M table has the first tier only",
    ("hl-doc-funding", "funding_rate"): "funding rates are read from the venue, never computed",
}

# Cases about a table or about a pair of contracts have tests of their own below.
OWN_TEST = {"maintenance_amount", "other_liquidation_price"}

FIGURES = [
    (case, name)
    for case in CASES.values()
    for name in case.expected
    if name not in OWN_TEST and (case.id, name) not in IMPOSSIBLE
]


@pytest.mark.parametrize(
    ("case", "name"), FIGURES, ids=[f"{case.id}-{name}" for case, name in FIGURES]
)
def test_the_engine_prints_what_the_venue_printed(case: Case, name: str):
    got = figure(name, case, report_of(case, DIRECT.get((case.id, name), Setting())))
    if case.expected[name] is None:
        assert got is None, case.source
    else:
        assert got == pytest.approx(case.expected[name], abs=case.tolerance(name)), case.source


TABLES = [
    ("bnum-cum-btc-l6", "binanceusdm", "BTC/USDT:USDT", 70_000_000.0),
    ("bnum-cum-doge-l6", "binanceusdm", "DOGE/USDT:USDT", 4_000_000.0),
]


@pytest.mark.parametrize(("name", "venue", "symbol", "size"), TABLES, ids=[t[0] for t in TABLES])
def test_the_embedded_table_has_the_venues_deduction(name, venue, symbol, size):
    case, tiers = CASES[name], TierBook.embedded().find(MarketKey(venue, symbol))
    row = tiers.row(size)
    assert tiers.rate[row] == case.inputs["mmr_n"]
    assert tiers.amount[row] == pytest.approx(
        case.expected["maintenance_amount"], abs=case.tolerance("maintenance_amount")
    )


def test_two_contracts_of_a_deribit_account_die_at_one_ratio():
    """The wallet is chosen so that the first dies where Deribit said; the second must follow."""
    case = CASES["drb-common-shock-2025"]
    known, mark, other = (
        case.inputs[key] for key in ("known_liquidation_price", "known_mark", "other_mark")
    )
    ratio, face, rate = known / mark, 100.0, 0.01
    legs = [
        cross("BTC/USD:BTC", -face, mark, maintenance_rate=rate),
        cross("BTC/USD:BTC-250926", -face, other, maintenance_rate=rate),
    ]
    values = face / mark + face / other
    backing = values - values / ratio + rate * values / ratio
    owner = account(*legs, venue="deribit", balances={"BTC": backing})
    rows = evaluate(book(owner), world()).positions
    assert rows[0].liquidation_price == pytest.approx(known)
    want = case.expected["other_liquidation_price"]
    assert rows[1].liquidation_price == pytest.approx(
        want, abs=case.tolerance("other_liquidation_price")
    )


def test_every_exception_names_a_figure_that_exists():
    asked = {(case.id, name) for case in CASES.values() for name in case.expected}
    assert set(IMPOSSIBLE) | set(DIRECT) <= asked
    assert all(IMPOSSIBLE.values())


def tally() -> dict[str, Counter[str]]:
    """Return per venue how many figures are expressible, direct and impossible."""
    found: dict[str, Counter[str]] = {}
    for case in CASES.values():
        for name in case.expected:
            key = (case.id, name)
            grade = "impossible" if key in IMPOSSIBLE else "expressible"
            if grade == "expressible" and (
                key in DIRECT or name in OWN_TEST or case.exchange not in PROFILES
                or any("tiers" in leg for leg in case.legs)
            ):  # fmt: skip
                grade = "direct"
            found.setdefault(case.exchange, Counter())[grade] += 1
    return found


def test_most_figures_of_every_venue_with_rules_are_compared():
    for venue, counts in tally().items():
        if venue in PROFILES:
            assert counts["expressible"] + counts["direct"] > counts["impossible"], venue
