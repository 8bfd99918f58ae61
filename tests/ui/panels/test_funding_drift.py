"""The panel of the sloping liquidation price: its words, its rate, and what it draws."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor

from tests.workstation.risk.worlds import (
    BTC,
    ETH,
    account,
    cross,
    funding,
    isolated,
    report_of,
    world,
)
from ui.panels.funding_drift import FundingDriftPanel, words_of

LONG = isolated(BTC, 1.0, 60_000.0, 6_000.0, leverage=10.0)
SHORT = isolated(ETH, -1.0, 3_000.0, 300.0)
INPUTS = world(funding=funding("manual", BTC, 8e-4), prices={"BTC": 60_000.0})


def shown(qtbot, context, *held):
    panel = FundingDriftPanel(context)
    qtbot.addWidget(panel)
    panel.resize(700, 260)
    if held:
        panel.bridge.desk.risk = report_of(account(*held, balances={"USDT": 9e3}), inputs=INPUTS)
    panel.show()
    return panel


def test_the_running_rate_is_drawn_until_the_day_it_meets_the_mark(qtbot, context):
    # 144 a day of 5,700 to spend: 39.6 days after 2026-02-05
    panel = shown(qtbot, context, LONG)
    assert panel.words.text() == (
        "Running rate +0.0800 % per 8 h · moves it +144.72 a day · meets the mark, if that stands "
        "still, in 39.6 days, on 2026-03-17"
    )
    assert panel.rate.value() == pytest.approx(0.08)
    assert not panel.running.isEnabled()
    assert panel.chart.ghost is None


def test_a_chosen_rate_is_drawn_over_the_running_one_until_it_is_followed_again(qtbot, context):
    panel = shown(qtbot, context, LONG)
    panel.rate.setValue(-0.08)
    assert panel.words.text() == (
        "Chosen rate −0.0800 % per 8 h · moves it −144.72 a day · away from the mark, which it "
        "never meets"
    )
    assert panel.chart.path.rate_8h == pytest.approx(-8e-4)
    assert panel.chart.ghost.rate_8h == pytest.approx(8e-4)
    qtbot.mouseClick(panel.running, Qt.MouseButton.LeftButton)
    assert panel.chart.path.is_running
    assert panel.rate.value() == pytest.approx(0.08)


def test_a_market_without_a_rate_asks_for_one(qtbot, context):
    panel = shown(qtbot, context, SHORT)
    assert panel.words.text() == "No rate of this market is running here; choose one."
    assert panel.chart.path is None
    panel.rate.setValue(-0.01)
    assert "meets the mark" in panel.words.text()


def test_the_chosen_position_stays_while_reports_come(qtbot, context):
    panel = shown(qtbot, context, LONG, SHORT, cross("SOL/USDT:USDT", 1.0, 150.0))
    names = [panel.positions.itemText(k) for k in range(panel.positions.count())]
    assert names == ["BTC long 10× · Manual · a", "ETH short · Manual · a"]
    panel.positions.setCurrentIndex(1)
    panel.bridge.desk.risk = report_of(account(SHORT, balances={"USDT": 9e3}), inputs=INPUTS)
    panel.bridge.risk_changed.emit(panel.bridge.desk.risk)
    assert [panel.positions.currentText(), panel.positions.count()] == [names[1], 1]


def test_a_book_of_cross_positions_is_told_why_there_is_nothing_to_draw(qtbot, context):
    panel = shown(qtbot, context, cross(BTC, 1.0, 60_000.0))
    assert panel.words.isHidden()
    assert panel.chart.isHidden()


def test_a_rate_that_was_chosen_is_kept_and_rubbish_is_not(qtbot, context):
    panel = shown(qtbot, context, LONG)
    panel.rate.setValue(0.02)
    other = shown(qtbot, context, LONG)
    for kept in (panel.state(), {"rate_8h": "much"}, {"rate_8h": 9.0}):
        other.restore(kept)
        assert other.state() == {"rate_8h": pytest.approx(2e-4)}


def test_a_position_below_maintenance_is_there_already():
    row = report_of(account(isolated(BTC, 1.0, 60_000.0, 200.0)), inputs=INPUTS).positions[0]
    assert words_of(row.funding_path(None), 0).endswith("already below maintenance margin")


def test_the_line_rises_to_the_mark(qtbot, context):
    panel = shown(qtbot, context, LONG)
    image, warn = panel.chart.grab().toImage(), panel.theme.colour("warn")
    plot = panel.chart._plot()

    def height(x):
        """Return the row in which a column of the picture is most like the line's colour."""
        rows = range(int(plot.top()) - 2, int(plot.bottom()))
        return min(rows, key=lambda y: distance(image.pixelColor(QPoint(x, y)), warn))

    left, right = height(int(plot.left()) + 60), height(int(plot.right()) - 150)
    assert left > right + 20


def distance(one: QColor, other: QColor) -> int:
    return sum(abs(a - b) for a, b in zip(one.getRgb(), other.getRgb(), strict=True))
