"""The panel of reverse stress: what it says of each pool, and what it keeps."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.ui.decisions import sample_scenario
from ui.panels.reverse_stress import BREAK_EVENS, STRESSES, ReverseStressPanel
from workstation.risk.outlook import BreakEven, ReverseStress, StressKind

FALL = ReverseStress(
    account="a", pool="a USDT", kind=StressKind.MARKET, coin="BTC",
    start=70_000.0, end=63_000.0, sigmas=3.51,
)  # fmt: skip
FUNDING = replace(FALL, kind=StressKind.FUNDING, coin=None, start=0.0, end=0.0181, sigmas=90.6)
DEPEG = replace(FALL, kind=StressKind.DEPEG, coin="USDE", start=1.0, end=0.8, sigmas=None)
EVEN = BreakEven(
    account="a", pool="a USDT", coin="BTC", start=70_000.0, end=70_700.0, sigmas=0.33,
    profit_usd=-600.0, fees_usd=113.67, funding_usd=12.5,
)  # fmt: skip


@pytest.fixture
def panel(qtbot, context):
    panel = ReverseStressPanel(context)
    qtbot.addWidget(panel)
    return panel


def texts(columns, row):
    return [column.text(row) for column in columns]


def test_a_row_says_what_moves_from_where_to_where_and_how_unlikely_that_is():
    assert texts(STRESSES, FALL) == [
        "a · USDT cross", "BTC, others by beta", "70,000", "63,000", "−10.0 %", "3.5",
    ]  # fmt: skip
    assert texts(STRESSES, FUNDING) == [
        "a · USDT cross", "funding per 8 h, for a day", "", "+1.81 %", "", "90.6",
    ]  # fmt: skip
    long = replace(FALL, pool="a BTC/USDT:USDT long", sigmas=None)
    assert (texts(STRESSES, long)[0], texts(STRESSES, long)[-1]) == (
        "a · BTC long iso", "no hourly prices",
    )  # fmt: skip
    assert texts(STRESSES, DEPEG)[1:] == [
        "USDE off its peg",
        "1.0000",
        "0.80000",
        "−20.0 %",
        "no law known",
    ]


def test_a_pool_breaks_even_at_a_price_or_at_none():
    assert texts(BREAK_EVENS, EVEN) == [
        "a · USDT cross", "BTC 70,700", "+1.00 %", "0.3", "−600", "113.67", "12.50",
    ]  # fmt: skip
    never = replace(EVEN, end=None, sigmas=None)
    assert texts(BREAK_EVENS, never)[1:4] == ["at no price", "–", ""]


def test_what_the_models_said_last_stays_while_they_work_at_another_move(panel):
    answered = replace(sample_scenario(), reverse_stress=(FALL, DEPEG), break_even=(EVEN,))
    panel.show_report(answered)
    panel.show_report(sample_scenario())
    assert panel.model.rows == (FALL, DEPEG)
    assert panel.break_evens.rows == (EVEN,)


def test_another_book_empties_it(panel):
    panel.show_report(replace(sample_scenario(), reverse_stress=(FALL,), break_even=(EVEN,)))
    panel.show_portfolio(None)
    assert panel.model.rows == panel.break_evens.rows == ()


def test_the_page_that_was_chosen_comes_back(panel):
    panel.choose_page(1)
    assert panel.state() == {"page": 1}
    panel.choose_page(0)
    panel.restore({"page": 1})
    assert panel.state() == {"page": 1}
