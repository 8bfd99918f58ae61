"""Every figure that a venue or its documents print, against the engine.

``grades`` says how each is put to the engine; the end of the test run reports them per venue.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.authorities.grades import CASES, DIRECT, IMPOSSIBLE, OWN_TEST, tally
from tests.authorities.reading import CASES_FILE, Case, Setting, figure, report_of
from tests.workstation.risk.worlds import account, book, cross, world
from workstation.market.instrument import MarketKey
from workstation.risk.engine import evaluate
from workstation.risk.profiles import PROFILES
from workstation.risk.tiers import TierBook, deductions

FIGURES = [
    (case, name)
    for case in CASES.values()
    for name in case.expected
    if name not in OWN_TEST and (case.id, name) not in IMPOSSIBLE
]


def _name(case: Case, figure: str) -> str:
    """Return a test's name: the case, the figure, and who printed it."""
    return f"{case.id}-{figure}-{re.sub('[^A-Za-z0-9]+', '_', case.source)[:60]}"


@pytest.mark.parametrize(("case", "name"), FIGURES, ids=[_name(*of) for of in FIGURES])
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


def test_the_deductions_follow_from_floors_and_rates():
    """The venue's 300 BTC example: 11.81 BTC at 12.5 %, from the level below it."""
    case = CASES["bncm-faq-300btc"]
    floor, rate, before = (case.inputs[key] for key in ("floor", "mmr_n", "cum_prev"))
    lower = before / case.inputs["mmr_prev"]  # a floor from which the level below has its own
    found = deductions([0.0, lower, floor], [0.0, case.inputs["mmr_prev"], rate])
    assert found == pytest.approx([0.0, before, case.expected["maintenance_amount"]])


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


def test_most_figures_of_every_venue_with_rules_are_compared():
    for venue, counts in tally().items():
        if venue in PROFILES:
            assert counts["expressible"] + counts["direct"] > counts["impossible"], venue


def test_no_case_of_the_shared_file_is_left_out(shared_data: Path):
    """The facts here are a copy, so that the tests need nothing beside the project."""
    shared = shared_data.parent / "reference" / "liquidation-cases.json"
    theirs = json.loads(shared.read_text(encoding="utf-8"))["cases"]
    ours = {c["id"]: c for c in json.loads(CASES_FILE.read_text(encoding="utf-8"))["cases"]}
    assert [case["id"] for case in theirs if ours.get(case["id"]) != case] == []
