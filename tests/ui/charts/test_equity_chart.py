"""The equity curve: which prices it shows."""

from __future__ import annotations

import numpy as np
import pytest

from ui.charts.equity_chart import EquityChart
from ui.theme import DARK
from workstation.risk.report import EquityCurve

PRICES = np.arange(42_000.0, 88_000.0, 500.0)


@pytest.fixture
def chart(qtbot):
    chart = EquityChart(DARK)
    qtbot.addWidget(chart)
    chart.resize(500, 160)
    return chart


def show(chart, scenario, now=70_000.0, equity=None):
    equity = PRICES if equity is None else equity
    curve = EquityCurve(
        coin="BTC",
        price=PRICES,
        equity_usd=equity,
        pnl_usd=equity - equity[0],
        liquidated=np.zeros(len(PRICES)),
        maintenance_margin_usd=np.zeros(len(PRICES)),
    )
    chart.show_now(now)
    chart.show_curve(curve, scenario)
    chart.grab()
    return chart.frame[:2]


def test_now_and_the_scenario_stand_well_inside_and_the_rest_is_left_out(chart):
    low, high = show(chart, 60_000.0)
    assert PRICES[0] < low < 56_000 and 74_000 < high < PRICES[-1]  # noqa: PT018 - one range


def test_a_scenario_that_is_near_leaves_a_range_to_look_at(chart):
    low, high = show(chart, 69_900.0)
    assert high - low >= 0.12 * 70_000


def test_the_range_never_leaves_the_curve(chart):
    assert show(chart, 20_000.0)[0] == PRICES[0]
    assert show(chart, 60_000.0, now=None) == (PRICES[0], PRICES[-1])


def test_dragging_a_little_moves_no_axis(chart):
    assert show(chart, 60_000.0) == show(chart, 60_400.0)


def test_the_height_is_that_of_the_prices_shown(chart):
    show(chart, 60_000.0, equity=np.where(PRICES > 80_000, 1e6, 1e5))
    assert chart.frame.high < 2e5
