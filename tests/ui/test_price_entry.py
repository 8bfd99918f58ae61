"""What people write into the field of the scenario's price."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel

from tests.ui.panels.test_strip import OVERVIEW
from ui.panels.scenario import ScenarioPanel
from ui.price_entry import read_price
from workstation.market.feed import FeedMode

MARK = 64_000.0


@pytest.mark.parametrize(
    ("text", "price"),
    [
        ("62000", 62_000.0),
        ("62,000", 62_000.0),
        ("62,000.50", 62_000.5),
        ("62 000", 62_000.0),
        ("$62,000", 62_000.0),
        ("62k", 62_000.0),
        ("62.5K", 62_500.0),
        ("0.1m", 100_000.0),
        ("-10%", 57_600.0),
        ("\N{MINUS SIGN}10 %", 57_600.0),
        ("+2.5%", 65_600.0),
    ],
)
def test_a_price_is_read_as_people_write_it(text, price):
    assert read_price(text, MARK) == pytest.approx(price)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("abc", "not a price"),
        ("-5", "not a price"),
        ("", "not a price"),
        ("k", "not a price"),
        (".", "not a price"),
        ("62,00", "not a price"),
        ("0", "above 0"),
        ("1e5", "not a price"),
        ("10%", "sign"),
        ("-100%", "leaves no price"),
        ("62.000", "two prices: write 62,000"),
    ],
)
def test_what_is_no_price_is_refused_in_a_sentence(text, word):
    with pytest.raises(ValueError, match=word):
        read_price(text, MARK)


def test_a_dot_is_a_decimal_point_for_a_cheap_coin():
    assert read_price("0.125", 0.13) == pytest.approx(0.125)


def test_a_move_needs_a_mark():
    with pytest.raises(ValueError, match="no mark"):
        read_price("-10%", None)


@pytest.fixture
def panel(qtbot, context):
    panel = ScenarioPanel(context)
    qtbot.addWidget(panel)
    panel.resize(640, 500)
    panel.show()
    return panel


def enter(qtbot, panel, text):
    box = panel.entry.price
    box.selectAll()
    qtbot.keyClicks(box, text)
    qtbot.keyClick(box, Qt.Key.Key_Return)


def sentences(panel):
    return [label.text() for label in panel.findChildren(QLabel) if label.isVisibleTo(panel)]


def test_the_field_shows_a_price_as_it_is_entered(qtbot, panel, desk):
    assert panel.entry.price.text() == "60,000"
    enter(qtbot, panel, "62k")
    assert desk.view.scenario_price == pytest.approx(62_000.0)
    assert panel.entry.price.text() == "62,000"


def test_a_refused_text_is_answered_at_the_field_and_changes_nothing(qtbot, panel, desk):
    enter(qtbot, panel, "abc")
    assert desk.view.scenario_price == pytest.approx(60_000.0)
    assert any("'abc' is not a price" in text for text in sentences(panel))
    enter(qtbot, panel, "61k")
    assert not any("is not a price" in text for text in sentences(panel))
    assert desk.view.scenario_price == pytest.approx(61_000.0)


def test_no_move_is_measured_from_the_mark_of_another_market(qtbot, context, bridge):
    panel = ScenarioPanel(context)
    qtbot.addWidget(panel)
    bridge.overview_changed.emit(OVERVIEW)
    assert "%" in panel.entry.distance.text()
    bridge.source_changed.emit(FeedMode.LIVE)
    assert "%" not in panel.entry.distance.text()
