import dataclasses

import pytest
from PySide6.QtWidgets import QLabel, QWidget

from tests.ui.charts.frozen import heatmap
from tests.workstation.services.test_heatmap_scores import scored
from ui.charts.reliability_chart import ReliabilityChart
from ui.dialogs.map_scores import MapScoresDialog, open_scores
from ui.theme import DARK
from workstation.risk.heatmap_scorecard import Grade


@pytest.fixture
def parent(qtbot):
    parent = QWidget()
    qtbot.addWidget(parent)
    return parent


def test_before_the_first_score_it_says_what_a_score_needs(parent):
    dialog = MapScoresDialog(heatmap(), DARK, parent)
    assert dialog.score is None
    assert dialog.sentences[0].startswith("The map has not been graded yet.")
    assert dialog.findChildren(ReliabilityChart) == []


def test_the_scores_stand_beside_those_of_the_baselines(parent):
    dialog = MapScoresDialog(heatmap(score=scored()), DARK, parent)
    assert dialog.sentences[0] == (
        "Where it places liquidations of BTC is better than distance only, 41 days, until "
        "2026-02-10, held against what Bybit published."
    )
    assert dialog.sentences[2] == (
        "Its 80 % band held 79 % and 81 % of hours, and 70 % and 70 % of days (longs and shorts)."
    )
    assert [row.name for row in dialog.model.rows] == ["this map", "distance only"]
    cells = [dialog.model.index(1, column).data() for column in range(3)]
    assert cells == ["distance only", "–", "+0.050 ± 0.010"]
    (chart,) = dialog.findChildren(ReliabilityChart)
    assert not chart.grab().isNull()


def test_a_baseline_that_wins_is_named(parent):
    grades = scored().grades
    rows = (
        Grade(name="this map", skill=0.4),
        Grade(name="distance only", behind=(-0.2, 0.05)),
        Grade(name="path only", skill=0.5),
    )
    score = dataclasses.replace(scored(), grades=dataclasses.replace(grades, table=rows))
    dialog = MapScoresDialog(heatmap(score=score), DARK, parent)
    assert "is worse than distance only" in dialog.sentences[0]
    assert dialog.sentences[1].endswith("are worse than those of path only.")


def test_with_todays_fit_it_says_which_map_was_scored(parent):
    dialog = MapScoresDialog(heatmap(score=scored(), with_todays_fit=True), DARK, parent)
    assert "only that one is scored" in dialog.sentences[-1]


def test_it_says_by_name_what_each_venues_leverage_rests_on(parent):
    mix = ("binanceusdm: leverage assumed, too few liquidations were observed",)
    dialog = MapScoresDialog(heatmap(mix=mix), DARK, parent)
    texts = [label.text() for label in dialog.findChildren(QLabel)]
    assert "Binance: leverage assumed, too few liquidations were observed" in texts


def test_it_opens_with_the_map_that_is_drawn(parent, bridge, desk, qtbot):
    desk.heatmap = heatmap()
    desk.drawn_map = heatmap(score=scored())
    parent.show()
    dialog = open_scores(parent, bridge, DARK)
    assert dialog.score is desk.drawn_map.score
    dialog.reject()
    qtbot.waitUntil(lambda: not parent.findChildren(MapScoresDialog))
